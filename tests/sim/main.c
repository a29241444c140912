/* loket_sim: many seeds, one worker for each core. See README.md here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

#include "base/text.h"

#define WORKERS_MAX 64
#define VIOLATIONS_SHOWN 10 /* by each worker; then it stops */
#define EVERYTHING_STEPS 1000000 /* in so many steps everything must have been met */

struct options {
    uint64_t seeds, steps, seed, workers;
    const char *json;
    bool verbose;
};

struct worker {
    pid_t pid;
    uint64_t seed, seeds_done, violations;
    uint64_t met[METS_N];
};

static const char *const met_names[] = {
#define MET(name) #name,
    METS(MET)
#undef MET
};

static bool options_read(int argc, char **argv, struct options *o)
{
    struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--seeds", &o->seeds}, {"--steps", &o->steps}, {"--seed", &o->seed}, {"--workers", &o->workers}};
    for (int i = 1; i < argc; i++) {
        bool known = false;
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers && !known; k++) {
            if (strcmp(argv[i], numbers[k].name) == 0) {
                known = true;
                if (i + 1 == argc || text_to_u64(text_of(argv[++i]), numbers[k].value)) {
                    (void)fprintf(stderr, "sim: %s takes a whole number\n", numbers[k].name);
                    return false;
                }
            }
        }
        if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            o->json = argv[++i];
        } else if (strcmp(argv[i], "--verbose") == 0) {
            o->verbose = true;
        } else if (!known) {
            (void)fprintf(stderr, "sim: unknown option %s; tests/sim/run --help names them\n", argv[i]);
            return false;
        }
    }
    o->seeds = o->seeds ? o->seeds : o->seed ? 1 : 10000;
    o->seed = o->seed ? o->seed : 1;
    o->workers = o->verbose ? 1 : o->workers ? o->workers : (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
    o->workers = o->workers > WORKERS_MAX ? WORKERS_MAX : o->workers > o->seeds ? o->seeds : o->workers;
    if (o->steps == 0 || o->steps > 100000000) {
        (void)fputs("sim: --steps takes 1 to 100000000\n", stderr);
        return false;
    }
    return true;
}

static void worker_run(const struct options *o, struct worker *me, uint64_t number)
{
    static struct world w;
    for (uint64_t i = number; i < o->seeds; i += o->workers) {
        me->seed = o->seed + i;
        if (!seed_run(&w, me->seed, (unsigned)o->steps, o->verbose)) {
            me->violations++;
            (void)printf("VIOLATED %s: %s\n  at step %u; again with: tests/sim/run --seed %llu --steps %u --verbose\n", w.violated, w.detail, w.step,
                         (unsigned long long)me->seed, (unsigned)o->steps);
            (void)fflush(stdout);
        }
        me->seeds_done++;
        for (size_t m = 0; m < METS_N; m++) {
            me->met[m] += w.met[m];
        }
        if (me->violations == VIOLATIONS_SHOWN) {
            return;
        }
    }
}

static double seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t seeds_done(const struct options *o, const struct worker *workers)
{
    uint64_t done = 0;
    for (uint64_t i = 0; i < o->workers; i++) {
        done += workers[i].seeds_done;
    }
    return done;
}

/* Waits for all; a line on a terminal meanwhile. A worker that was ended by a signal was ended by a CHECK of the core: that counts, and its seed
 * is named. */
static void workers_wait(const struct options *o, struct worker *workers)
{
    bool terminal = isatty(STDERR_FILENO) && !o->verbose;
    double from = seconds();
    for (uint64_t left = o->workers; left > 0;) {
        int status;
        pid_t pid = waitpid(-1, &status, terminal ? WNOHANG : 0);
        if (pid == 0) {
            uint64_t done = seeds_done(o, workers);
            (void)fprintf(stderr, "\r%llu of %llu seeds, %.0f steps a second ", (unsigned long long)done, (unsigned long long)o->seeds,
                          (double)(done * o->steps) / (seconds() - from + 1e-9));
            (void)nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
            continue;
        }
        if (pid < 0 && errno == EINTR) {
            continue;
        }
        left--;
        for (uint64_t i = 0; i < o->workers; i++) {
            if (workers[i].pid == pid && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
                workers[i].violations++;
                (void)printf("VIOLATED core_checks: the core ended itself\n  again with: tests/sim/run --seed %llu --steps %u --verbose\n",
                             (unsigned long long)workers[i].seed, (unsigned)o->steps);
            }
        }
    }
    if (terminal) {
        (void)fputs("\r\033[K", stderr);
    }
}

/* A long run that never met something proves less than it says. */
static uint64_t mets_report(const struct options *o, const struct worker *workers)
{
    uint64_t missing = 0;
    for (size_t m = 0; m < METS_N; m++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < o->workers; i++) {
            n += workers[i].met[m];
        }
        (void)printf("%s%s %llu", m % 8 ? ", " : m ? ",\n  " : "  ", met_names[m], (unsigned long long)n);
        missing += n == 0;
    }
    (void)printf("\n");
    return o->seeds * o->steps >= EVERYTHING_STEPS ? missing : 0;
}

static bool json_write(const char *path, uint64_t seeds, uint64_t steps, uint64_t violations, double rate)
{
    FILE *f = fopen(path, "w");
    bool ok = f && fprintf(f, "{\"seeds\": %llu, \"steps\": %llu, \"violations\": %llu, \"steps_per_s\": %.0f}\n", (unsigned long long)seeds,
                           (unsigned long long)steps, (unsigned long long)violations, rate) > 0;
    if (f && fclose(f)) {
        ok = false;
    }
    if (!ok) {
        perror(path);
    }
    return ok;
}

static bool workers_start(const struct options *o, struct worker *workers)
{
    for (uint64_t i = 0; i < o->workers; i++) {
        (void)fflush(stdout);
        pid_t pid = fork();
        if (pid < 0) {
            perror("sim: fork");
            return false;
        }
        if (pid == 0) {
            worker_run(o, &workers[i], i);
            (void)fflush(stdout);
            _exit(0);
        }
        workers[i].pid = pid;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.steps = 1000};
    if (!options_read(argc, argv, &o)) {
        return 2;
    }
    struct worker *workers = mmap(NULL, WORKERS_MAX * sizeof *workers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers == MAP_FAILED) {
        perror("sim: mmap");
        return 2;
    }
    double from = seconds();
    if (!workers_start(&o, workers)) {
        return 2;
    }
    workers_wait(&o, workers);
    double took = seconds() - from;
    uint64_t done = seeds_done(&o, workers), violations = 0, missing = mets_report(&o, workers);
    for (uint64_t i = 0; i < o.workers; i++) {
        violations += workers[i].violations;
    }
    if (missing > 0) {
        (void)printf("VIOLATED everything_is_met: %llu of these never happened\n", (unsigned long long)missing);
        violations += missing;
    }
    double rate = (double)(done * o.steps) / took;
    (void)printf("%llu seeds of %llu steps in %.1f s: %.0f steps a second\n", (unsigned long long)done, (unsigned long long)o.steps, took, rate);
    if (o.json && !json_write(o.json, done, done * o.steps, violations, rate)) {
        return 2;
    }
    (void)printf("%llu violations\n", (unsigned long long)violations);
    return violations > 0;
}
