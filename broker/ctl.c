/* loketctl: the command line. Talks to the same store as the running broker, whose address it reads from DATA/loketd.run. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/id.h"
#include "base/log.h"
#include "config.h"
#include "edge/password.h"
#include "edge/token.h"

static const char usage[] =
    "Usage: loketctl [--config FILE] COMMAND\n"
    "\n"
    "  check                      read the settings and say what is wrong\n"
    "  status                     queues and agents of the running broker\n"
    "  staff list                 who may sign in\n"
    "  staff add --id ID --name NAME --role agent|supervisor [--queues A,B] [--capacity N] --password-stdin\n"
    "                             add or replace somebody; the password is one line on standard input\n"
    "  staff remove --id ID       take the right to sign in away\n"
    "  session ID                 print a ready session cookie of a member of staff (for tests and tools)\n"
    "  export CONVERSATION        print a conversation's log, one JSON object a line\n"
    "\n"
    "Exit codes: 0 done, 1 could not be done, 2 wrong options.\n";

struct ctl {
    struct loop *loop;
    struct store *store;
    struct config *config;
    struct loop_timer *deadline;
    int (*command)(struct ctl *c);
    const char *id, *name, *role, *queues;
    int64_t capacity;
    bool password_stdin, started;
    int result;
    struct frame_arena *arena;
    char *json; /* staff add: what is stored; owned */
};

static void ctl_end(struct ctl *c, int result)
{
    c->result = result;
    loop_stop(c->loop);
}

static void ctl_plain(void *ctx, const struct ticket *t, int err)
{
    (void)t;
    if (err) {
        fprintf(stderr, "loketctl: %s\n", err_text(err));
    }
    ctl_end(ctx, err ? 1 : 0);
}

static void ctl_staff(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    (void)t;
    for (size_t i = 0; !err && i + 1 < n; i += 2) {
        json_t *o = json_loadb(texts[i + 1].s, texts[i + 1].n, 0, NULL);
        printf("%-16.*s %-10s %s\n", TEXT_ARG(texts[i]), json_string_value(json_object_get(o, "role")), json_string_value(json_object_get(o, "name")));
        json_decref(o);
    }
    ctl_plain(ctx, t, err);
}

static int staff_list(struct ctl *c)
{
    return store_staff_list(c->store, ctl_staff, c, (struct ticket){0});
}

/* All that needs no store comes first: options are checked, the password is read (somebody may be typing) and hashed (slow on purpose), so
 * that no deadline of the store runs meanwhile. returns 0, or the exit code. */
static int staff_prepare(struct ctl *c)
{
    char password[1026] = "", hash[PASSWORD_HASH_BYTES], list[4096];
    if (!c->id || !c->name || !c->role || !c->password_stdin || (strcmp(c->role, "agent") && strcmp(c->role, "supervisor"))) {
        fputs(usage, stderr);
        return 2;
    }
    if (!config_id_is_plain(c->id)) {
        fprintf(stderr, "loketctl: --id: use 1 to 64 of a-z, 0-9 and -\n");
        return 2;
    }
    json_t *queues = json_array();
    int err = text_copy(text_of(c->queues), list, sizeof list);
    for (char *save = NULL, *q = strtok_r(list, ",", &save); !err && q; q = strtok_r(NULL, ",", &save)) {
        bool known = false;
        for (unsigned i = 0; i < c->config->queues_count; i++) {
            known |= strcmp(c->config->queues[i].id, q) == 0;
        }
        if (!known) {
            fprintf(stderr, "loketctl: --queues: there is no queue `%s` in the settings\n", q);
            err = ERR_NOT_FOUND;
        }
        json_array_append_new(queues, json_string(q));
    }
    if (!err && !fgets(password, sizeof password, stdin)) {
        password[0] = '\0';
    }
    password[strcspn(password, "\r\n")] = '\0';
    if (!err && password_hash(text_of(password), hash)) {
        fprintf(stderr, "loketctl: the password must be 1 to 1024 bytes on standard input\n");
        err = ERR_BAD_INPUT;
    }
    sodium_memzero(password, sizeof password);
    if (err) {
        json_decref(queues);
        return 1;
    }
    json_t *o = json_pack("{s:s,s:s,s:o,s:I,s:s}", "name", c->name, "role", c->role, "queues", queues, "capacity", (json_int_t)c->capacity, "password", hash);
    c->json = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return c->json ? 0 : 1;
}

static int staff_add(struct ctl *c)
{
    return store_staff_put(c->store, text_of(c->id), text_of(c->json), ctl_plain, c, (struct ticket){0});
}

static int staff_remove(struct ctl *c)
{
    return c->id ? store_staff_remove(c->store, text_of(c->id), ctl_plain, c, (struct ticket){0}) : ERR_NOT_FOUND;
}

static void session_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct ctl *c = ctx;
    struct token token = {.kind = 's', .expires_ms = clock_wall_ms() + TOKEN_STAFF_MS};
    char value[TOKEN_MAX + 1], session[ID_BYTES];
    (void)t;
    err = err ? err : ERR_NOT_FOUND;
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (text_is(texts[i], c->id)) {
            json_t *o = json_loadb(texts[i + 1].s, texts[i + 1].n, 0, NULL);
            const char *role = json_string_value(json_object_get(o, "role"));
            token.role = role && strcmp(role, "supervisor") == 0 ? SUPERVISOR : AGENT;
            json_decref(o);
            id_make(session);
            err = text_copy(text_of(c->id), token.subject, sizeof token.subject);
            err = err ? err : text_copy(text_of(session), token.session, sizeof token.session);
            err = err ? err : token_make(store_secret(c->store), &token, value);
        }
    }
    if (!err) {
        printf(TOKEN_COOKIE "=%s\n", value);
    }
    ctl_plain(ctx, t, err);
}

static int session_make(struct ctl *c)
{
    return store_staff_list(c->store, session_listed, c, (struct ticket){0});
}

static void export_page(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct ctl *c = ctx;
    struct buf line;
    buf_init(&line, 1 << 20);
    for (size_t i = 0; !err && i < n; i++) {
        struct frame f;
        struct frame_fault fault;
        err = frame_decode(FRAME_MSGPACK, FRAME_DOWN, e[i].entry, c->arena, &f, &fault);
        buf_clear(&line);
        if (!err) {
            f.entry.conversation = text_of(c->id);
            f.entry.seq = e[i].seq;
            err = frame_encode(FRAME_JSON, &f, &line);
            puts(line.data);
        }
    }
    buf_done(&line);
    if (err || n == 0) {
        ctl_plain(ctx, t, err);
    } else if (store_log_after(c->store, text_of(c->id), e[n - 1].seq, 200, export_page, c, *t)) {
        ctl_plain(ctx, t, ERR_STORE_AWAY);
    }
}

static int export_run(struct ctl *c)
{
    c->arena = frame_arena_new();
    return c->id && c->arena ? store_log_after(c->store, text_of(c->id), 0, 200, export_page, c, (struct ticket){0}) : ERR_NOT_FOUND;
}

static void status_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    if (!err) {
        int64_t now = clock_wall_ms();
        printf("%-20s %8s %6s %6s %6s %8s %10s\n", "queue", "waiting", "chat", "email", "sms", "active", "oldest");
        for (size_t i = 0; i < v->queues_n; i++) {
            const struct store_queue *q = &v->queues[i];
            printf("%-20.*s %8llu %6llu %6llu %6llu %8llu %8llds\n", TEXT_ARG(q->id), (unsigned long long)q->waiting,
                   (unsigned long long)q->waiting_chat, (unsigned long long)q->waiting_email, (unsigned long long)q->waiting_sms,
                   (unsigned long long)q->active, (long long)(q->oldest_queued_at_ms ? (now - q->oldest_queued_at_ms) / 1000 : 0));
        }
        printf("\n%-20s %-10s %6s %8s\n", "agent", "presence", "load", "capacity");
        for (size_t i = 0; i < v->agents_n; i++) {
            const struct store_agent *a = &v->agents[i];
            printf("%-20.*s %-10.*s %6llu %8llu\n", TEXT_ARG(a->id), TEXT_ARG(a->presence), (unsigned long long)a->load, (unsigned long long)a->capacity);
        }
    }
    ctl_plain(ctx, t, err);
}

static int status_show(struct ctl *c)
{
    static struct text ids[HUB_QUEUES_MAX];
    for (unsigned i = 0; i < c->config->queues_count; i++) {
        ids[i] = text_of(c->config->queues[i].id);
    }
    return store_view_get(c->store, ids, c->config->queues_count, 0, 1, status_view, c, (struct ticket){0});
}

static void ctl_store(void *ctx, bool up)
{
    struct ctl *c = ctx;
    if (up && !c->started) {
        c->started = true;
        int err = c->command(c);
        if (err) {
            ctl_plain(c, NULL, err);
        }
    }
}

static void ctl_late(void *ctx)
{
    struct ctl *c = ctx;
    fprintf(stderr, "loketctl: the broker's store did not answer within 10 s; is loketd running with these settings?\n");
    ctl_end(c, 1);
}

/* The address of the store: as configured, else where the running broker says. */
static int ctl_redis_url(const struct config *c, char *out, size_t n)
{
    if (c->redis->url) {
        return text_copy(text_of(c->redis->url), out, n);
    }
    char path[4200], line[512];
    int err = ERR_NOT_FOUND;
    (void)snprintf(path, sizeof path, "%s/loketd.run", c->data);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "redis=", 6) == 0) {
            err = text_copy(text_of(line + 6), out, n);
        }
    }
    if (f) {
        fclose(f);
    }
    if (err) {
        fprintf(stderr, "loketctl: no broker runs in %s; start loketd with the same settings first\n", c->data);
    }
    return err;
}

static int ctl_run(struct ctl *c)
{
    char url[512];
    if (sodium_init() < 0 || ctl_redis_url(c->config, url, sizeof url)) {
        return 1;
    }
    struct store_config sc = {.redis_url = url, .data_dir = c->config->data, .organisation = c->config->organisation->id, .node = "loketctl"};
    int err = loop_new(&c->loop);
    err = err ? err : loop_timer_new(c->loop, ctl_late, c, &c->deadline);
    err = err ? err : store_open(c->loop, &sc, ctl_store, c, &c->store);
    if (!err) {
        loop_timer_start(c->deadline, 10000, 0);
        loop_run(c->loop);
        store_close(&c->store);
    } else {
        fprintf(stderr, "loketctl: %s\n", err_text(err));
        c->result = 1;
    }
    loop_timer_free(&c->deadline);
    loop_free(&c->loop);
    frame_arena_free(&c->arena);
    return c->result;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"id", required_argument, NULL, 'i'},       {"name", required_argument, NULL, 'n'},
        {"role", required_argument, NULL, 'r'},   {"queues", required_argument, NULL, 'q'},   {"capacity", required_argument, NULL, 'p'},
        {"password-stdin", no_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0}};
    struct ctl c = {.capacity = 6};
    const char *file = NULL;
    uint64_t number;
    for (int o; (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (o) {
        case 'c': file = optarg; break;
        case 'i': c.id = optarg; break;
        case 'n': c.name = optarg; break;
        case 'r': c.role = optarg; break;
        case 'q': c.queues = optarg; break;
        case 'p':
            if (text_to_u64(text_of(optarg), &number) || number > 1000000) {
                fprintf(stderr, "loketctl: --capacity takes a whole number of units, at most 1000000\n");
                return 2;
            }
            c.capacity = (int64_t)number;
            break;
        case 's': c.password_stdin = true; break;
        case 'v': puts("loketctl " LOKET_VERSION); return 0;
        default: fputs(usage, o == 'h' ? stdout : stderr); return o == 'h' ? 0 : 2;
        }
    }
    const char *verb = optind < argc ? argv[optind] : "", *what = optind + 1 < argc ? argv[optind + 1] : "";
    log_set_level(LOG_WARN);
    if (config_load(file, &c.config)) {
        return 2;
    }
    int result = 2;
    if (strcmp(verb, "check") == 0) {
        puts("the settings are good");
        result = 0;
    } else {
        c.command = strcmp(verb, "status") == 0                                ? status_show
                    : strcmp(verb, "session") == 0                             ? session_make
                    : strcmp(verb, "export") == 0                              ? export_run
                    : strcmp(verb, "staff") == 0 && strcmp(what, "list") == 0   ? staff_list
                    : strcmp(verb, "staff") == 0 && strcmp(what, "add") == 0    ? staff_add
                    : strcmp(verb, "staff") == 0 && strcmp(what, "remove") == 0 ? staff_remove
                                                                               : NULL;
        if (strcmp(verb, "session") == 0 || strcmp(verb, "export") == 0) {
            c.id = what;
        }
        if (c.command) {
            result = c.command == staff_add ? staff_prepare(&c) : 0;
            result = result ? result : ctl_run(&c);
            free(c.json);
        } else {
            fputs(usage, stderr);
        }
    }
    config_free(&c.config);
    return result;
}
