/* loketd: wires everything; start and stop order.
 *
 *   config → loop → hub → store (Redis, own child if none is configured) → edge (doors) → channels → run
 *   SIGTERM/SIGINT: channels stop, sessions are told `shutdown`, the other brokers that this one leaves, what is in flight ends (at most 5 s), store closes, exit 0
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/log.h"
#include "config.h"

#define STOP_LOOK_MS 50    /* how often the end of what is in flight is looked for */
#define STOP_GRACE_MS 300  /* close frames go out at least so long */
#define STOP_MS 5000
#define DRAIN_MS 2000      /* asked to drain: so long /health says so before sessions are closed, for a proxy that looks each second */

struct daemon {
    struct loop *loop;
    struct hub *hub;
    struct store *store;
    struct edge *edge;
    struct loop_timer *stop_timer, *drain_timer;
    const struct config *config;
    const char *data;
    int64_t stop_since_ms;
    bool stopping;
};

static const char usage[] =
    "Usage: loketd [--config FILE] [--check] [--version] [--help]\n"
    "\n"
    "The broker: live chat, e-mail and SMS in one conversation queue.\n"
    "\n"
    "  -c, --config FILE  settings (YAML); without it every default, and a redis-server of its own\n"
    "      --check        read the settings, say what is wrong, and end\n"
    "      --version      print the version and end\n"
    "  -h, --help         print this and end\n"
    "\n"
    "Stops at SIGTERM or SIGINT. Logs to standard error. Exit codes: 0 stopped as asked, 1 could not start, 2 wrong settings or options.\n";

static char *absolute(const char *path)
{
    char cwd[4096], out[8192];
    if (path[0] == '/') {
        return strdup(path);
    }
    if (!getcwd(cwd, sizeof cwd) || snprintf(out, sizeof out, "%s/%s", cwd, path) >= (int)sizeof out) {
        return NULL;
    }
    return strdup(out);
}

static int folder_make(const char *path)
{
    char part[4096];
    if (text_copy(text_of(path), part, sizeof part)) {
        return ERR_TOO_LARGE;
    }
    for (char *at = part + 1;; at++) {
        if (*at == '/' || *at == '\0') {
            char end = *at;
            *at = '\0';
            if (mkdir(part, 0700) != 0 && errno != EEXIST) {
                log_event(LOG_ERROR, "data", "folder=\"%s\" why=\"%s\" remedy=\"name another with `data:`\"", part, strerror(errno));
                return ERR_IO;
            }
            *at = end;
            if (end == '\0') {
                return 0;
            }
        }
    }
}

/* DATA/loketd.run: where loketctl finds the running broker. Written beside and renamed, so that it is never half. */
static void run_file_write(const struct daemon *d)
{
    char path[4200], next[4210];
    (void)snprintf(path, sizeof path, "%s/loketd.run", d->data);
    (void)snprintf(next, sizeof next, "%s.next", path);
    FILE *f = fopen(next, "we");
    if (f) {
        fprintf(f, "pid=%ld\nport=%d\nredis=%s\n", (long)getpid(), edge_port(d->edge), store_redis_url(d->store));
        fclose(f);
        (void)rename(next, path); /* loketctl then says that no broker runs */
    }
}

static void store_changed(void *ctx, bool up)
{
    struct daemon *d = ctx;
    if (d->stopping) {
        return;
    }
    if (up) {
        run_file_write(d);
    }
    hub_store_changed(d->hub, up);
}

static void stop_now(void *ctx)
{
    struct daemon *d = ctx;
    if (hub_is_idle(d->hub) || loop_now_ms(d->loop) - d->stop_since_ms >= STOP_MS) {
        loop_stop(d->loop);
    }
}

static void stop_asked(void *ctx, int signum)
{
    struct daemon *d = ctx;
    if (d->stopping) {
        loop_stop(d->loop); /* asked twice: at once */
        return;
    }
    d->stopping = true;
    log_event(LOG_INFO, "stopping", "signal=%d at_most_ms=%d", signum, STOP_MS);
    d->stop_since_ms = loop_now_ms(d->loop);
    hub_stop_channels(d->hub);
    edge_notice(d->edge, "shutdown");
    edge_stop(d->edge, ERR_SHUTDOWN);
    loop_timer_start(d->stop_timer, STOP_GRACE_MS, STOP_LOOK_MS);
}

static void drain_over(void *ctx)
{
    stop_asked(ctx, 0);
}

static void drain_asked(void *ctx)
{
    struct daemon *d = ctx;
    loop_timer_start(d->drain_timer, DRAIN_MS, 0);
}

static int daemon_start(struct daemon *d, const struct hub_config *hc, const char *web)
{
    const struct config *c = d->config;
    struct edge_config ec = {.web_dir = web, .origins = NULL, .tls_cert = c->tls_cert, .tls_key = c->tls_key,
                             .limits = {.frames_per_s = c->limits->frames_per_s, .frames_burst = c->limits->frames_burst,
                                        .sessions_max = c->limits->sessions_max, .sessions_per_address = c->limits->sessions_per_address,
                                        .send_bytes_max = (size_t)c->limits->send_kb_max * 1024, .heartbeat_ms = c->limits->heartbeat_ms}};
    static char host[64];
    const char *origins[65] = {NULL};
    for (unsigned i = 0; i < c->origins_count && i < 64; i++) {
        origins[i] = c->origins[i];
    }
    ec.origins = origins;
    ec.host = host;
    struct store_config sc = {.redis_url = c->redis->url, .redis_fsync = c->redis->fsync, .data_dir = d->data,
                              .organisation = c->organisation->id, .node = c->node};
    int err = config_listen_split(c->listen, host, &ec.port);
    err = err ? err : loop_new(&d->loop);
    err = err ? err : loop_timer_new(d->loop, stop_now, d, &d->stop_timer);
    err = err ? err : loop_timer_new(d->loop, drain_over, d, &d->drain_timer);
    err = err ? err : loop_signal(d->loop, SIGTERM, stop_asked, d);
    err = err ? err : loop_signal(d->loop, SIGINT, stop_asked, d);
    err = err ? err : hub_new(d->loop, hc, &d->hub);
    err = err ? err : edge_open(d->loop, &ec, hub_edge_events(), d->hub, &d->edge);
    err = err ? err : store_open(d->loop, &sc, store_changed, d, &d->store);
    if (!err) {
        hub_attach(d->hub, d->edge, d->store);
    }
    return err;
}

static void hub_config_make(const struct config *c, const char *data, struct hub_config *out)
{
    static struct hub_queue queues[HUB_QUEUES_MAX];
    static struct hub_mailbox mailboxes[HUB_MAILBOXES_MAX];
    static struct hub_number numbers[HUB_NUMBERS_MAX];
    for (unsigned i = 0; i < c->queues_count; i++) {
        queues[i] = (struct hub_queue){c->queues[i].id, c->queues[i].name_nl, c->queues[i].name_en};
    }
    for (unsigned i = 0; i < c->mailboxes_count; i++) {
        const struct config_mailbox *m = &c->mailboxes[i];
        mailboxes[i] = (struct hub_mailbox){m->address, m->queue, m->imap_url, m->smtp_url, m->user, m->password,
                                            strcmp(m->tls, "none") == 0 ? TRANSFER_TLS_NONE : TRANSFER_TLS_REQUIRED};
    }
    for (unsigned i = 0; i < c->sms_count; i++) {
        const struct config_number *n = &c->sms[i];
        numbers[i] = (struct hub_number){n->number, n->queue, n->url, n->user, n->password, n->hook_secret, n->hook_url};
    }
    *out = (struct hub_config){.node = c->node, .organisation_id = c->organisation->id, .organisation_name = c->organisation->name,
                               .country = c->organisation->country, .data_dir = data, .queues = queues, .queues_n = c->queues_count,
                               .mailboxes = mailboxes, .mailboxes_n = c->mailboxes_count, .numbers = numbers, .numbers_n = c->sms_count,
                               .weight_chat = c->weights->chat, .weight_email = c->weights->email, .weight_sms = c->weights->sms,
                               .away_grace_ms = c->limits->away_grace_ms, .heartbeat_ms = c->limits->heartbeat_ms,
                               .secure_cookie = c->secure_cookie || c->tls_cert};
}

/* As many files as the system lets us have: each session is one. */
static void files_raise(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* refused: the old limit stands, and sessions past it are refused */
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *file = NULL;
    bool check = false;
    for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (o == 'c') {
            file = optarg;
        } else if (o == 'k') {
            check = true;
        } else if (o == 'v') {
            puts("loketd " LOKET_VERSION);
            return 0;
        } else {
            fputs(usage, o == 'h' ? stdout : stderr);
            return o == 'h' ? 0 : 2;
        }
    }
    struct config *config = NULL;
    if (config_load(file, &config)) {
        return 2;
    }
    if (check) {
        puts("the settings are good");
        config_free(&config);
        return 0;
    }
    enum log_level level = LOG_INFO;
    (void)!log_level_parse(config->log_level, &level); /* checked by config_load */
    log_set_level(level);
    signal(SIGPIPE, SIG_IGN);
    files_raise();
    char *data = absolute(config->data), *web = absolute(config->web);
    int err = data && web && sodium_init() >= 0 ? folder_make(data) : ERR_MEMORY;
    struct hub_config hc;
    struct daemon d = {.config = config, .data = data};
    if (!err) {
        hub_config_make(config, data, &hc);
        hc.drain = drain_asked;
        hc.drain_ctx = &d;
        err = daemon_start(&d, &hc, web);
    }
    if (err) {
        log_event(LOG_ERROR, "start_failed", "err=%s why=\"%s\"", err_name(err), err_text(err));
    } else {
        log_event(LOG_INFO, "started", "version=%s listen=%s port=%d node=%s organisation=%s data=\"%s\"", LOKET_VERSION, config->listen,
                  edge_port(d.edge), config->node, config->organisation->id, data);
        loop_run(d.loop);
    }
    d.stopping = true;
    if (d.edge) {
        edge_close(&d.edge);
    }
    if (d.store) {
        hub_store_closing(d.hub);
        store_close(&d.store);
    }
    hub_free(&d.hub);
    loop_timer_free(&d.stop_timer);
    loop_timer_free(&d.drain_timer);
    loop_free(&d.loop);
    log_event(LOG_INFO, "stopped", "err=%s", err_name(err));
    free(data);
    free(web);
    config_free(&config);
    return err ? 1 : 0;
}
