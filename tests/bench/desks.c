/* The load generator of tests/bench/routing: C on epoll, one thread. Each agent has a connection of their own and room for one conversation; one
 * resident's connection starts new conversations, one for each that is given to an agent, so that as many wait as before. Standard input, one command
 * a line, one line of JSON an answer:
 *
 *   closes COUNT RATE   RATE times a second an agent who holds one closes it; what is measured runs from that `close` to the `conversation` frame that
 *                       gives the agent the next one
 *   churn SECONDS       every agent closes at once what they get, and no new ones come; counts what is given
 *   quit
 *
 * Who waits is named "w" and a number in the order in which they came (seed.c, and start_one here): so it can be told whether the oldest were
 * served. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "frames.h"
#include "ws.h"

#define SECOND 1000000000ull
#define DRAIN_NS (30 * SECOND)
#define WARM_NS SECOND
enum { QUEUES_MAX = 32, ID_ROOM = 65 };

struct desk {
    struct ws ws;
    char held[ID_ROOM];      /* the newest that was given */
    bool up, holds;
    uint64_t closed_ns;      /* when the last `close` left; 0: it was answered with the next conversation */
};

static struct {
    int port;
    unsigned n, up, next;    /* next: whose turn to close */
    struct desk *desks;
    struct ws resident;
    bool resident_up, refills, churns;
    const char *queues[QUEUES_MAX];
    unsigned queues_n, run_id;
    uint64_t given, started, number; /* number: of the next who comes */
    uint64_t given_highest;          /* highest number given, plus 1 */
    double *samples_ms;
    size_t samples_n, samples_room;
} load;

static void send_plain(struct ws *w, const char *verb, const char *key, const char *value)
{
    struct made m;
    made_start(&m, key ? 1 : 0, verb);
    if (key) {
        made_text(&m, key, value, strlen(value));
    }
    ws_send(w, m.data, m.n);
}

static void hello(struct ws *w)
{
    char client[33];
    snprintf(client, sizeof client, "%08x%08x%08x", load.run_id, w->role, w->index);
    send_plain(w, "hello", "client", client);
}

static void refused(const struct ws *w, const struct seen *f)
{
    fail("%s %u got %.*s %.*s: %.*s", w->role ? "agent" : "resident", w->index, (int)f->verb.n, f->verb.s, (int)f->code.n, f->code.s,
         (int)f->text.n, f->text.s);
}

/* --- the resident -------------------------------------------------------------------------------------------------------------------- */

static void start_one(void)
{
    struct made m;
    char key[33], name[16];
    static const char words[] = "Goedemorgen, mijn paspoort is verlopen. Wanneer kan ik langskomen?";
    const char *queue = load.queues[load.number % load.queues_n];
    snprintf(key, sizeof key, "%08x%016" PRIx64, load.run_id, load.number);
    snprintf(name, sizeof name, "w%08" PRIx64, load.number++);
    made_start(&m, 4, "start");
    made_text(&m, "key", key, strlen(key));
    made_text(&m, "queue", queue, strlen(queue));
    made_text(&m, "text", words, sizeof words - 1);
    made_text(&m, "name", name, strlen(name));
    ws_send(&load.resident, m.data, m.n);
}

static void to_resident(struct ws *w, const unsigned char *data, size_t n)
{
    struct seen f;
    if (!frame_see(data, n, &f)) {
        fail("the resident got a frame that cannot be read");
    }
    if (words_are(f.verb, "welcome")) {
        load.resident_up = true;
    } else if (words_are(f.verb, "started")) {
        load.started++;
    } else if (words_are(f.verb, "ping")) {
        send_plain(w, "pong", NULL, NULL);
    } else if (words_are(f.verb, "error") || words_are(f.verb, "notice")) {
        refused(w, &f);
    }
}

/* --- the agents ------------------------------------------------------------------------------------------------------------------------ */

static void close_one(struct desk *d)
{
    d->holds = false;
    d->closed_ns = ns_now();
    send_plain(&d->ws, "close", "conversation", d->held);
}

static void number_note(struct words name)
{
    char digits[16];
    if (name.n < 2 || name.n >= sizeof digits || name.s[0] != 'w') {
        return;
    }
    memcpy(digits, name.s + 1, name.n - 1);
    digits[name.n - 1] = '\0';
    uint64_t number = strtoull(digits, NULL, 16) + 1;
    load.given_highest = number > load.given_highest ? number : load.given_highest;
}

static void given(struct desk *d, const struct seen *f)
{
    uint64_t now = ns_now();
    if (!words_are(f->state, "active") || words_are(f->conversation, d->held)) {
        return; /* another look at what is here or was */
    }
    if (d->holds) {
        fail("agent %u got a second conversation, and has room for one", d->ws.index);
    }
    memcpy(d->held, f->conversation.s, f->conversation.n < ID_ROOM ? f->conversation.n : 0);
    d->held[f->conversation.n < ID_ROOM ? f->conversation.n : 0] = '\0';
    d->holds = true;
    load.given++;
    number_note(f->name);
    if (d->closed_ns > 0 && load.samples_n < load.samples_room) {
        load.samples_ms[load.samples_n++] = (double)(now - d->closed_ns) / 1e6;
    }
    d->closed_ns = 0;
    if (load.churns) {
        close_one(d);
    } else if (load.refills) {
        start_one();
    }
}

static void to_agent(struct ws *w, const unsigned char *data, size_t n)
{
    struct desk *d = &load.desks[w->index];
    struct seen f;
    if (!frame_see(data, n, &f)) {
        fail("an agent got a frame that cannot be read");
    }
    if (words_are(f.verb, "conversation")) {
        given(d, &f);
    } else if (words_are(f.verb, "welcome")) {
        send_plain(w, "presence", "presence", "available");
    } else if (words_are(f.verb, "presence")) {
        load.up += !d->up;
        d->up = true;
    } else if (words_are(f.verb, "ping")) {
        send_plain(w, "pong", NULL, NULL);
    } else if (words_are(f.verb, "error") || words_are(f.verb, "notice")) {
        refused(w, &f);
    }
}

/* --- the commands ------------------------------------------------------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double sample(double part)
{
    size_t i = (size_t)(part * (double)load.samples_n);
    return load.samples_n == 0 ? 0 : load.samples_ms[i < load.samples_n ? i : load.samples_n - 1];
}

static struct desk *who_closes(void)
{
    for (unsigned i = 0; i < load.n; i++) {
        struct desk *d = &load.desks[load.next++ % load.n];
        if (d->holds) {
            return d;
        }
    }
    return NULL;
}

static void closes(uint64_t count, double rate)
{
    uint64_t start = ns_now() + SECOND / 100, late = 0, deadline, before = load.started, want = load.number + count;
    load.samples_ms = calloc(count, sizeof *load.samples_ms);
    load.samples_room = count;
    load.samples_n = 0;
    load.refills = true;
    for (uint64_t k = 0; k < count;) {
        uint64_t due = start + (uint64_t)((double)k * 1e9 / rate), now = ns_now();
        struct desk *d = due <= now ? who_closes() : NULL;
        if (d) { /* nobody holds one: as soon as somebody does */
            late = now - due > late ? now - due : late;
            close_one(d);
            k++;
        } else {
            ws_turn(due > now ? due : now + SECOND / 1000, -1);
        }
    }
    deadline = ns_now() + DRAIN_NS;
    while (load.samples_n < count || load.started < before + count || load.number < want) {
        if (ns_now() > deadline) {
            fail("%zu of %" PRIu64 " places that came free were filled, %" PRIu64 " of as many new conversations were taken in", load.samples_n, count,
                 load.started - before);
        }
        ws_turn(deadline + 1, -1);
    }
    load.refills = false;
    qsort(load.samples_ms, load.samples_n, sizeof *load.samples_ms, by_value);
    printf("{\"closes\":%zu,\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"late_max_ms\":%.3f,", load.samples_n,
           sample(0.5), sample(0.9), sample(0.99), sample(1), (double)late / 1e6);
    printf("\"passed_over\":%" PRIu64 "}\n", load.given_highest - load.given);
    free(load.samples_ms);
    load.samples_ms = NULL;
    load.samples_n = load.samples_room = 0;
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void churn(double seconds)
{
    uint64_t warm = ns_now() + WARM_NS, first = load.given, at;
    double cpu = cpu_us();
    load.churns = true;
    for (unsigned i = 0; i < load.n; i++) {
        if (load.desks[i].holds) {
            close_one(&load.desks[i]);
        }
    }
    while (ns_now() < warm) {
        ws_turn(warm, -1);
    }
    uint64_t start = ns_now(), end = start + (uint64_t)(seconds * 1e9), from = load.given;
    while ((at = ns_now()) < end) {
        ws_turn(end, -1);
    }
    uint64_t count = load.given - from;
    load.churns = false;
    printf("{\"assignments\":%" PRIu64 ",\"assignments_all\":%" PRIu64 ",\"seconds\":%.3f,\"assignments_per_s\":%.0f,\"load_cpu_us\":%.1f}\n", count,
           load.given - first, (double)(at - start) / 1e9, (double)count * 1e9 / (double)(at - start), (cpu_us() - cpu) / (double)(load.given - first));
}

static bool command(const char *line)
{
    double a = 0, b = 0;
    char name[16];
    int n = sscanf(line, "%15s %lf %lf", name, &a, &b);
    if (n == 3 && strcmp(name, "closes") == 0 && a >= 1 && b > 0) {
        closes((uint64_t)a, b);
    } else if (n == 2 && strcmp(name, "churn") == 0 && a > 0) {
        churn(a);
    } else if (n >= 1 && strcmp(name, "quit") == 0) {
        return false;
    } else {
        fail("not a command: %s", line);
    }
    fflush(stdout);
    return true;
}

/* --- the start ------------------------------------------------------------------------------------------------------------------------------ */

static void desks_open(const char *cookies)
{
    static char line[512], headers[1024];
    FILE *f = fopen(cookies, "re");
    if (!f) {
        fail("%s: %s", cookies, strerror(errno));
    }
    load.desks = calloc(load.n, sizeof *load.desks);
    for (unsigned i = 0; i < load.n; i++) {
        if (!fgets(line, sizeof line, f)) {
            fail("%s has fewer than %u lines", cookies, load.n);
        }
        line[strcspn(line, "\r\n")] = '\0';
        snprintf(headers, sizeof headers, "Sec-WebSocket-Protocol: loket.1.msgpack\r\nOrigin: http://127.0.0.1:%d\r\nCookie: %s\r\n", load.port,
                 line);
        load.desks[i].ws = (struct ws){.opened = hello, .message = to_agent, .index = i, .role = 1};
        ws_open(&load.desks[i].ws, load.port, "/ws", headers);
    }
    fclose(f);
    load.resident = (struct ws){.opened = hello, .message = to_resident};
    ws_open(&load.resident, load.port, "/ws", "Sec-WebSocket-Protocol: loket.1.msgpack\r\n");
}

static const char usage[] =
    "Usage: bench_desks --port N --cookies FILE --agents N --queues A,B,… --number N\n"
    "\n"
    "  --cookies FILE   one line an agent: loket_session=…\n"
    "  --agents N       connections, one for each agent; ready when each holds a conversation\n"
    "  --number N       the number of the first conversation that is started here: so many were seeded\n"
    "\n"
    "Prints {\"ready\":…} once every agent holds a conversation, then runs the commands of standard input (see desks.c).\n";

static void queues_read(char *list)
{
    for (char *save = NULL, *q = strtok_r(list, ",", &save); q && load.queues_n < QUEUES_MAX; q = strtok_r(NULL, ",", &save)) {
        load.queues[load.queues_n++] = q;
    }
}

static void commands_run(void)
{
    char line[256];
    size_t n = 0;
    for (bool go = true; go;) {
        if (!ws_turn(0, STDIN_FILENO)) {
            continue;
        }
        ssize_t got = read(STDIN_FILENO, line + n, sizeof line - 1 - n);
        if (got <= 0) {
            return; /* whoever asked is gone */
        }
        n += (size_t)got;
        line[n] = '\0';
        for (char *end; go && (end = strchr(line, '\n'));) {
            *end = '\0';
            go = command(line);
            n -= (size_t)(end + 1 - line);
            memmove(line, end + 1, n + 1);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},   {"cookies", required_argument, NULL, 'c'},
                                            {"agents", required_argument, NULL, 'a'}, {"queues", required_argument, NULL, 'q'},
                                            {"number", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *cookies = NULL;
    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (o) {
        case 'p': load.port = (int)strtol(optarg, NULL, 10); break;
        case 'c': cookies = optarg; break;
        case 'a': load.n = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'q': queues_read(optarg); break;
        case 'n': load.number = strtoull(optarg, NULL, 10); break;
        default: fputs(usage, o == 'h' ? stdout : stderr); return o == 'h' ? 0 : 2;
        }
    }
    if (!load.port || !load.n || !cookies || !load.queues_n) {
        fputs(usage, stderr);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    load.run_id = (unsigned)getpid() ^ (unsigned)ns_now();
    uint64_t start = ns_now(), deadline = start + 4 * DRAIN_NS;
    ws_start();
    desks_open(cookies);
    while (load.up < load.n || !load.resident_up || load.given < load.n) {
        if (ns_now() > deadline) {
            fail("%u of %u agents are available, %" PRIu64 " have a conversation", load.up, load.n, load.given);
        }
        ws_turn(deadline + 1, -1);
    }
    printf("{\"ready\":%u,\"seconds\":%.2f}\n", load.n, (double)(ns_now() - start) / 1e9);
    fflush(stdout);
    commands_run();
    return 0;
}
