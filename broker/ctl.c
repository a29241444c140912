/* loketctl: the command line. Talks to the same store as the running broker, whose address it reads from DATA/loketd.run. Here: options, the way to
 * the store and back. */
#include "ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/log.h"

static const char usage[] =
    "Usage: loketctl [--config FILE] COMMAND\n"
    "       loketctl --version | --help\n"
    "\n"
    "  check                      read the broker's file and say what is wrong\n"
    "  status                     queues and agents of the running brokers\n"
    "  stats [--from TIME] [--to TIME] [--by KEY,…] [--interval quarter|hour|day] [--csv]\n"
    "                             the figures of a period; KEY is queue, channel, agent or interval\n"
    "\n"
    "  queue list                 all queues\n"
    "  queue show ID              how it is set, as JSON\n"
    "  queue set ID [JSON]        add or change it\n"
    "  queue remove ID            remove it\n"
    "  routing show               what holds for the whole organisation\n"
    "  routing set [JSON]         change it\n"
    "  agent show ID              a member of staff\n"
    "  agent set ID [JSON]        change what they serve and can\n"
    "      JSON: the whole, on standard input or with --file FILE; what is left out has its default.\n"
    "      Or --set KEY=VALUE, as often as you like: the rest stays. VALUE is JSON or a text; --set KEY= is the default again.\n"
    "\n"
    "  staff list                 who may sign in\n"
    "  staff add --id ID --name NAME --role agent|supervisor|administrator [--queues A,B] [--capacity N] [--skills A:3,B] [--languages nl,en]\n"
    "            [--must-accept CHANNEL,…] [--limit CHANNEL=N]… [--weight CHANNEL=N]… --password-stdin\n"
    "                             add or replace somebody; the password is one line on standard input\n"
    "  staff password --id ID --password-stdin\n"
    "                             give somebody another password\n"
    "  staff remove --id ID       take the right to sign in away\n"
    "  session ID                 print a ready session cookie of a member of staff (for tests and tools)\n"
    "\n"
    "  nodes                      the brokers\n"
    "  drain NODE [--wait]        ask a broker to hand over and end; --wait until it has\n"
    "  audit [--limit N]          who did what, the newest first (50)\n"
    "  export CONVERSATION        print a conversation's log, one JSON object a line\n"
    "\n"
    "TIME: 2026-11-25T09:00:00+01:00, a day like 2026-11-25, or milliseconds since 1970.\n"
    "Exit codes: 0 done, 1 could not be done, 2 wrong options.\n";

static const struct command {
    const char *verb, *what;
    int (*run)(struct ctl *c);
    int (*prepare)(struct ctl *c); /* before the store, without its deadline; NULL: nothing */
    bool takes_id;                 /* one word more */
} commands[] = {
    {"status", NULL, ctl_status, NULL, false},
    {"stats", NULL, ctl_stats, NULL, false},
    {"queue", "list", ctl_queue_list, NULL, false},
    {"queue", "show", ctl_queue_show, NULL, true},
    {"queue", "set", ctl_queue_set, ctl_json_prepare, true},
    {"queue", "remove", ctl_queue_remove, NULL, true},
    {"routing", "show", ctl_routing_show, NULL, false},
    {"routing", "set", ctl_routing_set, ctl_json_prepare, false},
    {"agent", "show", ctl_agent_show, NULL, true},
    {"agent", "set", ctl_agent_set, ctl_json_prepare, true},
    {"staff", "list", ctl_staff_list, NULL, false},
    {"staff", "add", ctl_staff_add, ctl_staff_prepare, false},
    {"staff", "password", ctl_staff_password, ctl_password_prepare, false},
    {"staff", "remove", ctl_staff_remove, NULL, false},
    {"session", NULL, ctl_session, NULL, true},
    {"nodes", NULL, ctl_nodes, NULL, false},
    {"drain", NULL, ctl_drain, NULL, true},
    {"audit", NULL, ctl_audit, NULL, false},
    {"export", NULL, ctl_export, NULL, true},
};

/* --- how a command ends -------------------------------------------------------------------------------------------------------------------- */

void ctl_end(struct ctl *c, int result)
{
    c->result = result;
    loop_stop(c->loop);
}

void ctl_done(void *ctx, const struct ticket *t, int err)
{
    (void)t;
    if (err) {
        fprintf(stderr, "loketctl: %s\n", err_text(err));
    }
    ctl_end(ctx, err ? 1 : 0);
}

void ctl_say(struct ctl *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("loketctl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    ctl_end(c, 1);
}

int ctl_fault(struct ctl *c, int err, const struct frame_fault *fault)
{
    if (err == ERR_BAD_FRAME) {
        ctl_say(c, "that is not one JSON object%s%s", fault->remedy && fault->remedy[0] ? ": " : "", fault->remedy ? fault->remedy : "");
    } else {
        ctl_say(c, "%s", fault->remedy && fault->remedy[0] ? fault->remedy : err_text(err));
    }
    return 0;
}

void ctl_still(struct ctl *c)
{
    loop_timer_start(c->deadline, CTL_ANSWER_MS, 0);
}

struct store_author ctl_author(void)
{
    return (struct store_author){.actor = TEXT_LITERAL("loketctl"), .now_ms = (uint64_t)clock_wall_ms()};
}

/* --- to the store -------------------------------------------------------------------------------------------------------------------------- */

static void ctl_store(void *ctx, bool up)
{
    struct ctl *c = ctx;
    if (up && !c->started) {
        c->started = true;
        int err = c->command(c);
        if (err) {
            ctl_done(c, NULL, err);
        }
    }
}

static void ctl_late(void *ctx)
{
    struct ctl *c = ctx;
    fprintf(stderr, "loketctl: the broker's store did not answer within %d s; is loketd running with these settings?\n", CTL_ANSWER_MS / 1000);
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
        ctl_still(c);
        loop_run(c->loop);
        store_close(&c->store);
    } else {
        fprintf(stderr, "loketctl: %s\n", err_text(err));
        c->result = 1;
    }
    loop_timer_free(&c->deadline);
    loop_timer_free(&c->timer);
    loop_free(&c->loop);
    frame_arena_free(&c->arena);
    return c->result;
}

/* --- options ------------------------------------------------------------------------------------------------------------------------------- */

static bool several(const char **list, size_t *n, const char *value)
{
    if (*n == CTL_SETS_MAX) {
        fprintf(stderr, "loketctl: at most %d of one option\n", CTL_SETS_MAX);
        return false;
    }
    list[(*n)++] = value;
    return true;
}

static bool number(const char *value, uint64_t min, uint64_t max, const char *what, uint64_t *out)
{
    if (text_to_u64(text_of(value), out) || *out < min || *out > max) {
        fprintf(stderr, "loketctl: %s, %llu to %llu\n", what, (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    return true;
}

/* 0; the exit code + 1: end with it */
static int options_read(struct ctl *c, const char **file, int argc, char **argv)
{
    enum { SKILLS = 256, LANGUAGES, MUST_ACCEPT, LIMIT, WEIGHT, SET, JSON_FILE, FROM, TO, BY, INTERVAL, CSV, WAIT };
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"id", required_argument, NULL, 'i'}, {"name", required_argument, NULL, 'n'},
        {"role", required_argument, NULL, 'r'}, {"queues", required_argument, NULL, 'q'}, {"capacity", required_argument, NULL, 'p'},
        {"password-stdin", no_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'},
        {"skills", required_argument, NULL, SKILLS}, {"languages", required_argument, NULL, LANGUAGES},
        {"must-accept", required_argument, NULL, MUST_ACCEPT}, {"limit", required_argument, NULL, LIMIT},
        {"weight", required_argument, NULL, WEIGHT}, {"set", required_argument, NULL, SET}, {"file", required_argument, NULL, JSON_FILE},
        {"from", required_argument, NULL, FROM}, {"to", required_argument, NULL, TO}, {"by", required_argument, NULL, BY},
        {"interval", required_argument, NULL, INTERVAL}, {"csv", no_argument, NULL, CSV}, {"wait", no_argument, NULL, WAIT}, {NULL, 0, NULL, 0}};
    bool good = true;
    for (int o; good && (o = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        switch (o) {
        case 'c': *file = optarg; break;
        case 'i': c->id = optarg; break;
        case 'n': c->name = optarg; break;
        case 'r': c->role = optarg; break;
        case 'q': c->queues = optarg; break;
        case 'p': good = number(optarg, 0, CAPACITY_MAX, "--capacity takes a whole number of units", &c->capacity); break;
        case 's': c->password_stdin = true; break;
        case 'v': puts("loketctl " LOKET_VERSION); return 1;
        case SKILLS: c->skills = optarg; break;
        case LANGUAGES: c->languages = optarg; break;
        case MUST_ACCEPT: c->must_accept = optarg; break;
        case LIMIT: good = several(c->limits, &c->limits_n, optarg); break;
        case WEIGHT: good = several(c->weights, &c->weights_n, optarg); break;
        case SET: good = several(c->sets, &c->sets_n, optarg); break;
        case JSON_FILE: c->file = optarg; break;
        case FROM: c->from = optarg; break;
        case TO: c->to = optarg; break;
        case BY: c->by = optarg; break;
        case INTERVAL: c->interval = optarg; break;
        case CSV: c->csv = true; break;
        case WAIT: c->wait = true; break;
        default: fputs(usage, o == 'h' ? stdout : stderr); return o == 'h' ? 1 : 3;
        }
    }
    return good ? 0 : 3;
}

static const struct command *command_find(struct ctl *c, int argc, char **argv)
{
    const char *verb = optind < argc ? argv[optind] : "", *what = optind + 1 < argc ? argv[optind + 1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command *k = &commands[i];
        if (strcmp(verb, k->verb) == 0 && (!k->what || strcmp(what, k->what) == 0)) {
            int words = 1 + (k->what ? 1 : 0) + (k->takes_id ? 1 : 0);
            if (k->takes_id && optind + words <= argc) {
                c->id = argv[optind + words - 1];
            }
            return optind + words == argc || (k->takes_id && c->id && optind + words - 1 == argc) ? k : NULL;
        }
    }
    return NULL;
}

static int ctl_command(struct ctl *c, int argc, char **argv)
{
    const struct command *k = command_find(c, argc, argv);
    if (!k) {
        fputs(usage, stderr);
        return 2;
    }
    if (strcmp(k->verb, "audit") == 0 && c->limits_n > 0 &&
        !number(c->limits[c->limits_n - 1], 1, 10000, "--limit takes a whole number of entries", &c->limit)) {
        return 2;
    }
    c->command = k->run;
    int result = k->prepare ? k->prepare(c) : 0;
    return result ? result : ctl_run(c);
}

int main(int argc, char **argv)
{
    static struct ctl c = {.capacity = 6, .limit = 50};
    const char *file = NULL;
    int end = options_read(&c, &file, argc, argv);
    if (end) {
        return end - 1;
    }
    log_set_level(LOG_WARN);
    if (config_load(file, &c.config)) {
        return 2;
    }
    int result;
    if (optind < argc && strcmp(argv[optind], "check") == 0) {
        puts("the settings are good");
        result = 0;
    } else {
        result = ctl_command(&c, argc, argv);
    }
    json_decref(c.json);
    free(c.settings);
    free(c.staff);
    buf_done(&c.settings_room);
    buf_done(&c.staff_room);
    config_free(&c.config);
    return result;
}
