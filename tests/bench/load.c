/* The load generator: C on epoll, one thread. It sets up its talks once, says so, and then runs what standard input asks for, one line a
 * command, one line of JSON an answer; so tests/bench/run can measure the relay and the broker in turns without setting up again.
 *
 *   throughput SECONDS WINDOW   every talk keeps WINDOW messages under way; a message counts once its ack has reached the resident and
 *                               it has itself reached the agent
 *   fill MESSAGES WINDOW        the same until each talk has said MESSAGES
 *   latency SECONDS RATE        every talk says RATE messages a second by a fixed schedule, whatever comes back; the latency of each runs
 *                               from its scheduled time to its arrival at the agent, so that a stall is counted in full
 *   quit
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "load.h"

#define SECOND 1000000000ull
#define WARM_NS (SECOND / 2)
#define DRAIN_NS (30 * SECOND)

struct load load;

static struct {
    uint32_t window, said_max;   /* said_max: how many more each talk says, 0 without end */
    bool saying;
    uint64_t done;               /* acked and delivered, since the start */
    uint64_t start_ns, interval_ns;
    uint32_t *base;              /* latency: each talk's counter before */
    uint64_t *phase_ns;          /* latency: each talk's place in the interval; else NULL */
    uint32_t *samples;           /* latency in ns, at most 4.2 s */
    size_t samples_n, samples_room;
} run;

void text_make(char out[TEXT_BYTES], unsigned index, uint32_t counter)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 8; i++) {
        out[i] = hex[index >> (28 - 4 * i) & 15];
        out[8 + i] = hex[counter >> (28 - 4 * i) & 15];
    }
    memset(out + 16, 'x', TEXT_BYTES - 16);
}

static uint32_t hex_read(const char *s)
{
    uint32_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 4 | (uint32_t)(s[i] <= '9' ? s[i] - '0' : s[i] - 'a' + 10);
    }
    return value;
}

bool text_read(const char *text, size_t n, unsigned *index, uint32_t *counter)
{
    if (n < 16) {
        return false;
    }
    *index = hex_read(text);
    *counter = hex_read(text + 8);
    return true;
}

void talk_ready(struct talk *t)
{
    load.ready += t->resident_ready && t->agent_ready;
}

static void say(struct talk *t)
{
    unsigned char *at = ws_send_begin(&t->resident, t->frame_n);
    t->sent++;
    memcpy(at, t->frame, t->frame_n);
    text_make((char *)at + t->text_at, t->resident.index, t->sent);
    if (t->counter_at) {
        number_put(at + t->counter_at, t->sent);
    }
    ws_send_end(&t->resident, at, t->frame_n);
}

static uint32_t talk_done(const struct talk *t)
{
    return t->acked < t->delivered ? t->acked : t->delivered;
}

static void pump(struct talk *t)
{
    while (run.saying && run.window > 0 && t->sent - talk_done(t) < run.window && (!run.said_max || t->sent - t->before < run.said_max)) {
        say(t);
    }
}

void talk_acked(struct talk *t, uint32_t counter)
{
    if (counter != t->acked + 1 || counter > t->sent) {
        fail("talk %u: ack of %u where %u was expected", t->resident.index, counter, t->acked + 1);
    }
    t->acked = counter;
    if (t->delivered >= counter) {
        run.done++;
        pump(t);
    }
}

void talk_delivered(struct talk *t, uint32_t counter)
{
    if (counter != t->delivered + 1 || counter > t->sent) {
        fail("talk %u: message %u reached the agent where %u was expected", t->resident.index, counter, t->delivered + 1);
    }
    t->delivered = counter;
    if (run.phase_ns) {
        unsigned i = t->resident.index;
        uint64_t ns = ns_now() - (run.start_ns + run.phase_ns[i] + run.interval_ns * (counter - run.base[i] - 1));
        if (run.samples_n < run.samples_room) {
            run.samples[run.samples_n++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
        }
    }
    if (t->acked >= counter) {
        run.done++;
        pump(t);
    }
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static uint64_t sent_total(void)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < load.n; i++) {
        total += load.talks[i].sent;
    }
    return total;
}

static void drain(uint64_t before)
{
    uint64_t deadline = ns_now() + DRAIN_NS, want = sent_total() - before;
    while (run.done < want) {
        if (ns_now() > deadline) {
            fail("%" PRIu64 " of %" PRIu64 " messages never came through", want - run.done, want);
        }
        ws_turn(deadline + 1, -1);
    }
}

static void throughput(double seconds, uint32_t window, uint32_t messages)
{
    uint64_t before = sent_total(), start = ns_now(), warm = start + (messages ? 0 : WARM_NS), end = warm + (uint64_t)(seconds * 1e9);
    uint64_t done_warm = 0, done_end, at_warm = start, at_end;
    double cpu = cpu_us();
    bool is_warm = messages > 0;
    run.done = 0;
    run.window = window;
    run.said_max = messages;
    run.saying = true;
    for (unsigned i = 0; i < load.n; i++) {
        load.talks[i].before = load.talks[i].sent;
        pump(&load.talks[i]);
    }
    do {
        ws_turn(is_warm ? end : warm, -1);
        at_end = ns_now();
        if (!is_warm && at_end >= warm) {
            is_warm = true;
            at_warm = at_end;
            done_warm = run.done;
        }
    } while (messages ? run.done < (uint64_t)messages * load.n : at_end < end);
    done_end = run.done;
    run.saying = false;
    drain(before);
    printf("{\"messages\":%" PRIu64 ",\"messages_all\":%" PRIu64 ",\"seconds\":%.3f,\"msgs_per_s\":%.0f,\"load_cpu_us_per_msg\":%.2f}\n",
           done_end - done_warm, run.done, (double)(at_end - at_warm) / 1e9, (double)(done_end - done_warm) * 1e9 / (double)(at_end - at_warm),
           (cpu_us() - cpu) / (double)run.done);
}

struct slot {
    uint64_t phase;
    unsigned talk;
};

static int by_phase(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    return x->phase < y->phase ? -1 : x->phase > y->phase;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static double sample_us(double part)
{
    size_t i = (size_t)(part * (double)run.samples_n);
    return (double)run.samples[i < run.samples_n ? i : run.samples_n - 1] / 1000;
}

static void latency(double seconds, double rate)
{
    struct slot *slots = calloc(load.n, sizeof *slots);
    uint64_t rounds = (uint64_t)(seconds * rate), total = rounds * load.n, before = sent_total(), random = 88172645463325252u, late_ns = 0;
    if (total == 0 || !slots) {
        fail("latency: nothing to send");
    }
    run.interval_ns = (uint64_t)(1e9 / rate);
    run.samples_room = total;
    run.samples_n = 0;
    run.samples = calloc(total, sizeof *run.samples);
    run.phase_ns = calloc(load.n, sizeof *run.phase_ns);
    run.base = calloc(load.n, sizeof *run.base);
    run.window = 0;
    run.done = 0;
    for (unsigned i = 0; i < load.n; i++) { /* each talk has its own place in the interval, the same in every run: now and then two meet */
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        slots[i] = (struct slot){random % run.interval_ns, i};
        run.phase_ns[i] = slots[i].phase;
        run.base[i] = load.talks[i].sent;
    }
    qsort(slots, load.n, sizeof *slots, by_phase);
    run.start_ns = ns_now() + SECOND / 100;
    for (uint64_t k = 0; k < total;) {
        uint64_t due = run.start_ns + k / load.n * run.interval_ns + slots[k % load.n].phase, now = ns_now();
        if (due <= now) {
            late_ns = now - due > late_ns ? now - due : late_ns;
            say(&load.talks[slots[k++ % load.n].talk]);
        } else {
            ws_turn(due, -1);
        }
    }
    drain(before);
    qsort(run.samples, run.samples_n, sizeof *run.samples, by_value);
    printf("{\"messages\":%zu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"sent_late_max_us\":%.1f}\n",
           run.samples_n, sample_us(0.5), sample_us(0.9), sample_us(0.99), sample_us(0.999), sample_us(1), (double)late_ns / 1000);
    free(run.samples);
    free(run.phase_ns);
    free(run.base);
    free(slots);
    run.phase_ns = NULL;
}

static bool command(const char *line)
{
    double a = 0, b = 0;
    char name[16];
    int n = sscanf(line, "%15s %lf %lf", name, &a, &b);
    if (n == 3 && strcmp(name, "throughput") == 0 && a > 0 && b >= 1) {
        throughput(a, (uint32_t)b, 0);
    } else if (n == 3 && strcmp(name, "fill") == 0 && a >= 1 && b >= 1) {
        throughput(1, (uint32_t)b, (uint32_t)a);
    } else if (n == 3 && strcmp(name, "latency") == 0 && a > 0 && b > 0) {
        latency(a, b);
    } else if (n >= 1 && strcmp(name, "quit") == 0) {
        return false;
    } else {
        fail("not a command: %s", line);
    }
    fflush(stdout);
    return true;
}

static void cookies_read(const char *path)
{
    char line[512];
    FILE *f = fopen(path, "re");
    if (!f) {
        fail("%s: %s", path, strerror(errno));
    }
    while (load.cookies_n < COOKIES_MAX && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = '\0';
        load.cookies[load.cookies_n++] = strdup(line);
    }
    fclose(f);
}

static const char usage[] =
    "Usage: bench_load --port N --talks N [--relay | --cookies FILE --agents N] [--queue ID]\n"
    "\n"
    "  --port N         of the broker or relay on 127.0.0.1\n"
    "  --talks N        conversations (pairs, over the relay)\n"
    "  --relay          speak to bench_relay; otherwise loket.1.msgpack\n"
    "  --cookies FILE   one line a member of staff: what `loketctl session ID` prints\n"
    "  --agents N       connections of agents in all, a multiple of the staff; 0: residents alone, who wait\n"
    "  --queue ID       default: bench\n"
    "\n"
    "Prints {\"ready\":…} once everybody is connected, then runs the commands of standard input (see load.c).\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},   {"talks", required_argument, NULL, 't'},
                                            {"relay", no_argument, NULL, 'r'},        {"cookies", required_argument, NULL, 'c'},
                                            {"agents", required_argument, NULL, 'a'}, {"queue", required_argument, NULL, 'q'},
                                            {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    bool relay = false;
    load.queue = "bench";
    for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        switch (o) {
        case 'p': load.port = (int)strtol(optarg, NULL, 10); break;
        case 't': load.n = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'r': relay = true; break;
        case 'c': cookies_read(optarg); break;
        case 'a': load.agents_n = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'q': load.queue = optarg; break;
        default: fputs(usage, o == 'h' ? stdout : stderr); return o == 'h' ? 0 : 2;
        }
    }
    if (!load.port || !load.n || (load.agents_n > 0 && (load.agents_n < load.cookies_n || !load.cookies_n))) {
        fputs(usage, stderr);
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    load.talks = calloc(load.n, sizeof *load.talks);
    uint64_t start = ns_now();
    ws_start();
    if (relay) {
        relay_setup();
    } else {
        loket_setup();
    }
    printf("{\"ready\":%u,\"seconds\":%.2f}\n", load.n, (double)(ns_now() - start) / 1e9);
    fflush(stdout);
    char line[256];
    size_t n = 0;
    for (bool go = true; go;) {
        if (!ws_turn(0, STDIN_FILENO)) {
            continue;
        }
        ssize_t got = read(STDIN_FILENO, line + n, sizeof line - 1 - n);
        if (got <= 0) {
            break; /* whoever asked is gone */
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
    return 0;
}
