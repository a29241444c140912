/* Redis dies with commands in flight, refuses the connection, answers OOM, MISCONF, READONLY, LOADING, MASTERDOWN, stalls: every pending
 * callback comes exactly once, with an error of the right kind, never before redis_command returned; the connection comes back by itself and
 * works. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"
#include "redis_room.h"

static void room_works(struct room *r)
{
    room_await(r, REDIS_UP, 10000);
    struct answer a = room_ask(r, "SET works 1");
    assert_int_equal(a.err, 0);
}

static void refused_connect(void **state)
{
    struct room *r = *state;
    char url[PATH_BYTES], text[64];
    int port = port_free();
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    (void)snprintf(text, sizeof text, "%d", port);
    r->state = REDIS_CONNECTING;
    assert_int_equal(redis_open(r->loop, url, NULL, NULL, &r->redis), 0);
    struct calls *c = calls_new(r->redis);
    assert_int_equal(calls_issue(c, 1000, "PING"), ERR_STORE_AWAY); /* not connected yet */
    loop_turn(r->loop, 100);
    assert_int_equal(redis_state_now(r->redis), REDIS_AWAY);
    assert_int_equal(calls_issue(c, 1000, "PING"), ERR_STORE_AWAY);
    loop_turn(r->loop, 500); /* several tries */
    assert_int_equal(c->called, 0);
    redis_close(&r->redis);
    /* And one that is told of changes, from the socket that is not there to the server that is. */
    const char *options[] = {"--port", text, "--bind", "127.0.0.1", NULL};
    room_server(r, options);
    room_open(r, url);
    room_works(r);
    calls_free(&c);
}

static void missing_socket_then_there(void **state)
{
    struct room *r = *state;
    assert_int_equal(redis_open(r->loop, r->url, NULL, NULL, &r->redis), 0);
    loop_turn(r->loop, 300);
    assert_int_equal(redis_state_now(r->redis), REDIS_AWAY);
    room_server(r, NULL);
    int64_t end = clock_mono_ms() + 5000;
    while (redis_state_now(r->redis) != REDIS_UP && clock_mono_ms() < end) {
        loop_turn(r->loop, 10);
    }
    assert_int_equal(redis_state_now(r->redis), REDIS_UP);
    assert_int_equal(room_ask(r, "PING").err, 0);
}

struct enough {
    struct calls *calls;
    size_t n;
};

static bool enough_came(void *ctx)
{
    struct enough *e = ctx;
    return e->calls->called >= e->n;
}

static void killed_with_thousands_in_flight(void **state)
{
    struct room *r = *state;
    /* Killed before anything was written, when the first answer was there, in the middle, and when it had all but sat idle. */
    static const size_t answered[] = {0, 1, 3000, 15000, 19990};
    room_server(r, NULL);
    room_open(r, NULL);
    for (size_t i = 0; i < sizeof answered / sizeof answered[0]; i++) {
        struct calls *c = calls_new(r->redis);
        c->nested = true;
        c->nested_err = ERR_STORE_AWAY;
        for (size_t n = 0; n < 20000; n++) {
            assert_int_equal(calls_issue(c, 10000, "SET k%zu some-value-of-a-few-bytes", n), 0);
        }
        struct enough e = {c, answered[i]};
        assert_true(answered[i] == 0 || loop_until(r->loop, enough_came, &e, 10000));
        part_stop(&r->pid, SIGKILL);
        calls_await(r, c, 5000);
        assert_int_equal(c->by_err[0] + c->by_err[ERR_STORE_AWAY], 20000);
        assert_true(c->by_err[0] >= answered[i]);
        assert_true(answered[i] > 0 || c->by_err[ERR_STORE_AWAY] == 20000);
        assert_int_equal(c->nested_err, ERR_STORE_AWAY); /* nothing new is taken from within those callbacks */
        room_await(r, REDIS_AWAY, 1000);
        room_server(r, NULL);
        room_works(r);
        calls_check(c);
        calls_free(&c);
    }
}

static void refused_out_of_memory(void **state)
{
    struct room *r = *state;
    const char *options[] = {"--maxmemory", "1mb", "--maxmemory-policy", "noeviction", NULL};
    room_server(r, options);
    room_open(r, NULL);
    struct calls *c = calls_new(r->redis);
    for (size_t n = 0; n < 2000; n++) {
        assert_int_equal(calls_issue(c, 10000, "SET k%zu %0500d", n, 1), 0);
    }
    calls_await(r, c, 10000);
    assert_true(c->by_err[ERR_STORE_REFUSED] > 0);
    assert_int_equal(c->by_err[0] + c->by_err[ERR_STORE_REFUSED], 2000);
    assert_int_equal(room_ask(r, "CONFIG SET maxmemory 1").err, 0); /* no matter what was freed meanwhile */
    assert_int_equal(room_ask(r, "SET k0 x").err, ERR_STORE_REFUSED);
    /* From within a script the word stands in the middle of Redis' own. */
    assert_int_equal(room_ask(r, "EVAL redis.call('SET','script','x') 0").err, ERR_STORE_REFUSED);
    assert_int_equal(room_ask(r, "GET k0").err, 0); /* reading goes on */
    assert_int_equal(room_ask(r, "CONFIG SET maxmemory 100mb").err, 0);
    room_works(r);
    calls_free(&c);
}

static void refused_because_it_cannot_save(void **state)
{
    struct room *r = *state;
    char dir[PATH_BYTES];
    (void)snprintf(dir, sizeof dir, "%.400s/data", r->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    const char *options[] = {"--save", "3600 1", "--dir", dir, NULL};
    room_server(r, options);
    room_open(r, NULL);
    assert_int_equal(rmdir(dir), 0); /* its working folder is gone: no file can be made */
    assert_int_equal(room_ask(r, "SET a 1").err, 0);
    (void)room_ask(r, "BGSAVE");
    struct answer a = {0};
    for (int64_t end = clock_mono_ms() + 10000; clock_mono_ms() < end; loop_turn(r->loop, 20)) {
        a = room_ask(r, "SET a 2");
        if (a.err) {
            break;
        }
    }
    assert_int_equal(a.err, ERR_STORE_REFUSED);
    assert_non_null(strstr(a.text, "MISCONF"));
    assert_int_equal(room_ask(r, "EVAL redis.call('SET','a','x') 0").err, ERR_STORE_REFUSED);
    assert_int_equal(mkdir(dir, 0700), 0); /* another folder by that name does not help; the setting does */
    assert_int_equal(room_ask(r, "CONFIG SET stop-writes-on-bgsave-error no").err, 0);
    room_works(r);
}

static void refused_as_a_replica(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    assert_int_equal(room_ask(r, "REPLICAOF 127.0.0.1 %d", port_free()).err, 0);
    struct answer a = room_ask(r, "SET a 1");
    assert_int_equal(a.err, ERR_STORE_REFUSED);
    assert_non_null(strstr(a.text, "READONLY"));
    assert_int_equal(room_ask(r, "EVAL redis.call('SET','a','x') 0").err, ERR_STORE_REFUSED);
    assert_int_equal(room_ask(r, "CONFIG SET replica-serve-stale-data no").err, 0);
    a = room_ask(r, "GET a");
    assert_int_equal(a.err, ERR_STORE_REFUSED);
    assert_non_null(strstr(a.text, "MASTERDOWN"));
    assert_int_equal(room_ask(r, "REPLICAOF NO ONE").err, 0);
    room_works(r);
}

static void refused_while_loading(void **state)
{
    struct room *r = *state;
    const char *slow[] = {"--key-load-delay", "1500", "--loading-process-events-interval-bytes", "1024", "--dbfilename", "d.rdb", NULL};
    const char *quick[] = {"--dbfilename", "d.rdb", NULL};
    room_server(r, quick);
    room_open(r, NULL);
    assert_int_equal(room_ask(r, "DEBUG POPULATE 1000 key 500").err, 0);
    assert_int_equal(room_ask(r, "SAVE").err, 0);
    part_stop(&r->pid, SIGKILL);
    room_await(r, REDIS_AWAY, 5000);
    room_server(r, slow); /* it listens, and has 1.5 s to load */
    room_await(r, REDIS_UP, 5000);
    struct answer a = room_ask(r, "GET key:1");
    assert_int_equal(a.err, ERR_STORE_REFUSED);
    assert_non_null(strstr(a.text, "LOADING"));
    for (int64_t end = clock_mono_ms() + 15000; a.err && clock_mono_ms() < end; loop_turn(r->loop, 50)) {
        a = room_ask(r, "GET key:1");
    }
    assert_int_equal(a.err, 0);
    assert_int_equal(a.bytes, 500);
    room_works(r);
}

static void stalled_past_the_deadline(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    part_signal(r->pid, SIGSTOP);
    struct calls *c = calls_new(r->redis);
    c->nested = true;
    for (size_t n = 0; n < 5000; n++) {
        assert_int_equal(calls_issue(c, 300, "INCR n"), 0);
    }
    int64_t from = clock_mono_ms();
    calls_await(r, c, 5000);
    int64_t took = clock_mono_ms() - from;
    assert_int_equal(c->by_err[ERR_TIMEOUT], 5000);
    assert_true(took >= 290 && took < 1500);
    assert_int_equal(c->nested_err, ERR_STORE_AWAY);
    loop_turn(r->loop, 500); /* the socket still takes connections; nobody answers */
    part_signal(r->pid, SIGCONT);
    loop_turn(r->loop, 200);
    calls_check(c); /* an answer that came late is nobody's */
    room_works(r);
    struct answer a = room_ask(r, "INCR other");
    assert_int_equal(a.integer, 1);
    calls_free(&c);
}

/* Only the oldest command was looked at once: a short deadline behind a long one came too late. */
static void short_deadline_behind_a_long_one(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    part_signal(r->pid, SIGSTOP);
    struct calls *c = calls_new(r->redis);
    assert_int_equal(calls_issue(c, 60000, "PING"), 0);
    assert_int_equal(calls_issue(c, 300, "PING"), 0);
    assert_int_equal(calls_issue(c, 60000, "PING"), 0);
    calls_await(r, c, 2000);
    assert_int_equal(c->by_err[ERR_TIMEOUT], 1);
    assert_int_equal(c->by_err[ERR_STORE_AWAY], 2); /* the connection is closed: nothing can be known of them either */
    part_signal(r->pid, SIGCONT);
    room_works(r);
    calls_free(&c);
}

static void bounded_while_it_stalls(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    part_signal(r->pid, SIGSTOP);
    struct calls *c = calls_new(r->redis);
    int err = 0;
    for (size_t n = 0; !err && n < CALLS_MAX; n++) {
        err = calls_issue(c, 60000, "PING");
    }
    assert_int_equal(err, ERR_FULL);
    assert_in_range(c->issued, REDIS_PENDING_MAX - 10, REDIS_PENDING_MAX);
    part_stop(&r->pid, SIGKILL);
    calls_await(r, c, 5000);
    assert_int_equal(c->by_err[ERR_STORE_AWAY], c->issued);
    room_server(r, NULL);
    room_works(r);
    /* Bytes too: many turns of a megabyte each, of which nothing is read. */
    part_signal(r->pid, SIGSTOP);
    char *value = calloc(1, 1u << 20);
    size_t taken = 0;
    for (err = 0; !err && taken < 500; taken += err == 0) {
        struct text argv[3] = {TEXT_LITERAL("SET"), TEXT_LITERAL("k"), {value, 1u << 20}};
        err = redis_command(r->redis, 3, argv, 60000, NULL, NULL, (struct ticket){0});
        loop_turn(r->loop, 3);
    }
    assert_int_equal(err, ERR_FULL);
    assert_in_range(taken, 60, 70); /* 64 MB, and what the socket's buffers hold */
    free(value);
    part_signal(r->pid, SIGCONT);
    assert_int_equal(room_ask(r, "STRLEN k").integer, 1u << 20);
    room_works(r);
    calls_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_connect, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(missing_socket_then_there, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(killed_with_thousands_in_flight, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(refused_out_of_memory, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(refused_because_it_cannot_save, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(refused_as_a_replica, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(refused_while_loading, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(stalled_past_the_deadline, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(short_deadline_behind_a_long_one, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(bounded_while_it_stalls, room_setup, room_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
