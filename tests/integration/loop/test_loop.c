/* Timers, the end of the turn, work on other threads, signals, child processes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"
#include "parts.h"

struct bench {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_idle *idle, *other;
    struct loop_child *child;
    int fired, turns, free_at, rearm;
    int64_t status;
    int signum;
    bool exited;
    char order[64];
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    CHECK(loop_new(&b->loop) == 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    loop_timer_free(&b->timer);
    loop_idle_free(&b->idle);
    loop_idle_free(&b->other);
    loop_child_free(&b->child);
    loop_free(&b->loop);
    free(b);
    return 0;
}

static void timer_fired(void *ctx)
{
    struct bench *b = ctx;
    if (++b->fired == b->free_at) {
        loop_timer_free(&b->timer);
    }
}

static bool fired_thrice(void *ctx)
{
    return ((struct bench *)ctx)->fired >= 3;
}

static void timers(void **state)
{
    struct bench *b = *state;
    assert_int_equal(loop_timer_new(b->loop, timer_fired, b, &b->timer), 0);
    loop_timer_start(b->timer, 0, 0);
    assert_int_equal(b->fired, 0); /* never before return */
    loop_turn(b->loop, 50);
    assert_int_equal(b->fired, 1); /* once */
    b->fired = 0;
    int64_t from = clock_mono_ms();
    loop_timer_start(b->timer, 500, 0);
    loop_timer_start(b->timer, 30, 20); /* restarts */
    assert_true(loop_until(b->loop, fired_thrice, b, 2000));
    assert_in_range(clock_mono_ms() - from, 69, 450);
    loop_timer_stop(b->timer);
    b->fired = 0;
    loop_turn(b->loop, 60);
    assert_int_equal(b->fired, 0);
    b->free_at = 2; /* from within its own callback */
    loop_timer_start(b->timer, 1, 1);
    loop_turn(b->loop, 60);
    assert_int_equal(b->fired, 2);
    assert_null(b->timer);
    loop_timer_free(&b->timer);
}

static void idle_fired(void *ctx)
{
    struct bench *b = ctx;
    b->fired++;
    b->order[strlen(b->order)] = 'i';
    if (b->rearm-- > 0) {
        loop_idle_arm(b->idle);
    }
    if (b->fired == b->free_at) {
        loop_idle_free(&b->idle);
    }
}

static void in_a_turn(void *ctx)
{
    struct bench *b = ctx;
    loop_idle_arm(b->idle);
    loop_idle_arm(b->idle);
    b->order[strlen(b->order)] = 't';
}

static void ends_of_turns(void **state)
{
    struct bench *b = *state;
    assert_int_equal(loop_idle_new(b->loop, idle_fired, b, &b->idle), 0);
    assert_int_equal(loop_timer_new(b->loop, in_a_turn, b, &b->timer), 0);
    loop_timer_start(b->timer, 1, 0);
    loop_turn(b->loop, 50);
    assert_string_equal(b->order, "ti"); /* after the callback, and once though armed twice */
    loop_idle_arm(b->idle);
    assert_int_equal(b->fired, 1);
    loop_turn(b->loop, 20);
    assert_int_equal(b->fired, 2);
    b->rearm = 5;
    loop_idle_arm(b->idle); /* armed again from within: again, in a later turn, and other things go on */
    loop_turn(b->loop, 50);
    assert_int_equal(b->fired, 8);
    b->free_at = 9;
    loop_idle_arm(b->idle);
    loop_turn(b->loop, 20);
    assert_null(b->idle);
}

struct works {
    struct bench *b;
    pid_t loop_thread;
    int worked, done, wrong_thread;
    struct works *all;
};

static void work(void *ctx)
{
    struct works *w = ctx;
    w->worked = 1 + (gettid() == w->all->loop_thread);
    usleep(1000);
}

static void work_done(void *ctx)
{
    struct works *w = ctx;
    w->all->wrong_thread += gettid() != w->all->loop_thread || w->worked != 1;
    w->done++;
    w->all->b->fired++;
}

static bool all_done(void *ctx)
{
    return ((struct bench *)ctx)->fired >= ((struct bench *)ctx)->turns;
}

static void works_elsewhere(void **state)
{
    struct bench *b = *state;
    static struct works w[400];
    int err = 0;
    w[0].loop_thread = gettid();
    w[0].b = b;
    for (b->turns = 0; b->turns < 400; b->turns++) {
        w[b->turns].all = &w[0];
        err = loop_work(b->loop, work, work_done, &w[b->turns]);
        if (err) {
            break;
        }
    }
    assert_int_equal(err, ERR_FULL); /* bounded */
    assert_int_equal(b->turns, 256);
    assert_true(loop_until(b->loop, all_done, b, 10000));
    for (int i = 0; i < b->turns; i++) {
        assert_int_equal(w[i].done, 1);
    }
    assert_int_equal(w[0].wrong_thread, 0);
    w[300].all = &w[0];
    assert_int_equal(loop_work(b->loop, work, work_done, &w[300]), 0);
    loop_free(&b->loop); /* ends it first */
    assert_int_equal(w[300].done, 1);
    assert_int_equal(loop_new(&b->loop), 0);
}

static void signalled(void *ctx, int signum)
{
    struct bench *b = ctx;
    b->signum = signum;
    b->fired++;
}

static void signals(void **state)
{
    struct bench *b = *state;
    assert_int_equal(loop_signal(b->loop, SIGUSR1, signalled, b), 0);
    kill(getpid(), SIGUSR1);
    b->turns = 1;
    assert_true(loop_until(b->loop, all_done, b, 2000));
    assert_int_equal(b->signum, SIGUSR1);
}

static void child_exited(void *ctx, int64_t status, int signum)
{
    struct bench *b = ctx;
    assert_false(b->exited);
    b->exited = true;
    b->status = status;
    b->signum = signum;
}

static bool has_exited(void *ctx)
{
    return ((struct bench *)ctx)->exited;
}

static void children(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *argv[5];
        int kill_with;
        int64_t status;
        int signum;
    } rows[] = {
        {{"true"}, 0, 0, 0},
        {{"sh", "-c", "exit 7"}, 0, 7, 0},
        {{"/no/such/program"}, 0, 127, 0},
        {{"sleep", "30"}, SIGTERM, 0, SIGTERM},
        {{"sleep", "30"}, SIGKILL, 0, SIGKILL},
        {{"sh", "-c", "read line && exit 1; exit 3"}, 0, 3, 0},                        /* standard input is empty */
        {{"sh", "-c", "test $(ls /proc/$$/fd | wc -w) -le 4 && exit 4"}, 0, 4, 0},     /* 0, 1, 2, and the folder that ls reads */
        {{"sh", "-c", "test $(ps -o pgid= $$) -eq $$ && exit 5"}, 0, 5, 0},
    };
    int extra = port_listen(&b->turns); /* one of ours that is to stay ours */
    assert_int_equal(dup2(extra, 77), 77);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        b->exited = false;
        assert_int_equal(loop_child_start(b->loop, rows[i].argv, child_exited, b, &b->child), 0);
        assert_true(loop_child_pid(b->child) > 0);
        if (rows[i].kill_with) {
            loop_child_kill(b->child, rows[i].kill_with);
        }
        if (!loop_until(b->loop, has_exited, b, 5000) || b->status != rows[i].status || b->signum != rows[i].signum) {
            fail_msg("%s %s: status %d, signal %d", rows[i].argv[0], rows[i].argv[2] ? rows[i].argv[2] : "", (int)b->status, b->signum);
        }
        loop_child_kill(b->child, SIGKILL); /* nobody is hit */
        loop_child_free(&b->child);
    }
    close(77);
    close(extra);
}

/* kill -9 of the parent: the kernel ends the child. */
static void no_orphans(void **state)
{
    struct bench *b = *state;
    int ends[2], child = 0, status;
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        const char *argv[] = {"sleep", "60", NULL};
        struct loop *l;
        struct loop_child *c;
        if (loop_new(&l) == 0 && loop_child_start(l, argv, child_exited, b, &c) == 0) {
            int pid = loop_child_pid(c);
            usleep(100000); /* it has to have asked the kernel; without, the test would fail */
            (void)!write(ends[1], &pid, sizeof pid);
        }
        pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &child, sizeof child), sizeof child);
    assert_int_equal(kill(child, 0), 0);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    bool gone = false;
    for (int64_t end = clock_mono_ms() + 5000; !gone && clock_mono_ms() < end; usleep(2000)) {
        char path[64];
        struct buf stat;
        buf_init(&stat, 4096);
        (void)snprintf(path, sizeof path, "/proc/%d/stat", child);
        gone = !file_read(path, &stat) || strstr(stat.data, ") Z ") != NULL; /* nobody may be there to reap it */
        buf_done(&stat);
    }
    close(ends[0]);
    close(ends[1]);
    assert_true(gone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers, setup, teardown),          cmocka_unit_test_setup_teardown(ends_of_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(works_elsewhere, setup, teardown), cmocka_unit_test_setup_teardown(signals, setup, teardown),
        cmocka_unit_test_setup_teardown(children, setup, teardown),        cmocka_unit_test_setup_teardown(no_orphans, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
