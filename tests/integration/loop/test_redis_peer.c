/* What listens at the address of Redis, and is none, or one that has gone mad: whatever it says, every callback comes once, nothing aborts,
 * and when a real Redis is there again everything goes on. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"
#include "redis_room.h"

struct peer {
    const char *name, *says;
    int hears;   /* connections are answered after so many bytes; 0: at once */
    bool hangs;  /* keeps the connection open afterwards */
    int answers; /* then says +OK so often, one each 100 ms */
};

struct seen { /* shared with the peer's process */
    int connections;
    size_t bytes, reads;
};

static void peer_run(int listener, const struct peer *p, struct seen *seen)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char bytes[65536];
        size_t heard = 0;
        seen->connections++;
        while (heard < (size_t)p->hears) {
            ssize_t n = recv(fd, bytes, sizeof bytes, 0);
            if (n <= 0) {
                break;
            }
            seen->reads++;
            seen->bytes += (size_t)n;
            heard += (size_t)n;
        }
        (void)send(fd, p->says, strlen(p->says), MSG_NOSIGNAL);
        for (int i = 0; i < p->answers; i++) {
            usleep(100000); /* how slow it is, is what this peer is for */
            (void)send(fd, "+OK\r\n", 5, MSG_NOSIGNAL);
        }
        while (p->hangs && recv(fd, bytes, sizeof bytes, 0) > 0) {
        }
        close(fd);
    }
}

static pid_t peer_start(const struct peer *p, int *port, struct seen **seen)
{
    int listener = port_listen(port);
    *seen = mmap(NULL, sizeof **seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = part_fork();
    if (pid == 0) {
        peer_run(listener, p, *seen);
    }
    close(listener);
    return pid;
}

#define GREETING "*1\r\n$4\r\nPING\r\n"

static void mad_peers(void **state)
{
    struct room *r = *state;
    static const struct peer peers[] = {
        {"closes at once", "", 0, false, 0},
        {"closes after the greeting", "", 14, false, 0},
        {"answers the greeting and closes", "+PONG\r\n", 14, false, 0},
        {"closes in the middle of a reply", "+PONG\r\n$100\r\nabc", 20, false, 0},
        {"says what is not RESP", "HTTP/1.1 400 Bad Request\r\n\r\n", 20, true, 0},
        {"says nothing but bytes", "\x01\x02\x03\x04\xff\xfe", 1, true, 0},
        {"says more than it was asked",
         "+PONG\r\n+OK\r\n+OK\r\n:1\r\n*1\r\n$1\r\na\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n", 14, true, 0},
        {"greets first, like a mail server", "+OK POP3 ready\r\n+OK again\r\n", 0, true, 0},
        {"has too many clients", "-ERR max number of clients reached\r\n", 0, false, 0},
        {"nests deeper than the reader goes", "+PONG\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", 20, true, 0},
        {"announces a negative length", "+PONG\r\n$-7\r\n", 20, true, 0},
        {"announces more elements than there is memory", "+PONG\r\n*4294967297\r\n", 20, true, 0},
        {"answers with every error", "-NOAUTH first\r\n-OOM a\r\n-READONLY b\r\n-MISCONF c\r\n-LOADING d\r\n-WEIRD e\r\n-\r\n", 20, true, 0},
    };
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct seen *seen;
        char url[PATH_BYTES], text[32];
        int port;
        pid_t pid = peer_start(&peers[i], &port, &seen);
        (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
        (void)snprintf(text, sizeof text, "%d", port);
        struct redis *redis;
        assert_int_equal(redis_open(r->loop, url, NULL, NULL, &redis), 0);
        struct calls *c = calls_new(redis);
        int64_t end = clock_mono_ms() + 5000;
        while (clock_mono_ms() < end && seen->connections < 3 && c->issued < 1000) { /* through several connections, or as long as it keeps one */
            for (int n = 0; n < 7; n++) {
                (void)calls_issue(c, 400, "INCR a");
            }
            loop_turn(r->loop, 5);
        }
        part_stop(&pid, SIGKILL);
        const char *options[] = {"--port", text, "--bind", "127.0.0.1", NULL};
        room_server(r, options);
        struct answer a = {.err = ERR_STORE_AWAY};
        r->redis = redis;
        for (end = clock_mono_ms() + 10000; a.err && clock_mono_ms() < end; loop_turn(r->loop, 10)) {
            a = room_ask(r, "SET a 1");
        }
        if (a.err || c->called != c->issued) {
            fail_msg("a peer that %s: afterwards %s; %zu of %zu callbacks", peers[i].name, err_name(a.err), c->called, c->issued);
        }
        calls_check(c);
        redis_close(&r->redis);
        part_stop(&r->pid, SIGKILL);
        munmap(seen, sizeof *seen);
        calls_free(&c);
    }
}

static void one_turn_is_one_write(void **state)
{
    struct room *r = *state;
    static const struct peer collects = {"collects", "", 1 << 20, false, 0};
    struct seen *seen;
    char url[PATH_BYTES];
    int port;
    pid_t pid = peer_start(&collects, &port, &seen);
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    struct redis *redis;
    assert_int_equal(redis_open(r->loop, url, NULL, NULL, &redis), 0);
    struct calls *c = calls_new(redis);
    for (int64_t end = clock_mono_ms() + 5000; redis_state_now(redis) != REDIS_UP && clock_mono_ms() < end; loop_turn(r->loop, 1)) {
    }
    for (int64_t end = clock_mono_ms() + 5000; seen->bytes < strlen(GREETING) && clock_mono_ms() < end; loop_turn(r->loop, 1)) {
    }
    assert_int_equal(seen->bytes, strlen(GREETING));
    size_t bytes = strlen(GREETING) + 200 * strlen("*3\r\n$3\r\nSET\r\n$6\r\nkey-00\r\n$5\r\nvalue\r\n"), reads = seen->reads;
    for (int n = 0; n < 200; n++) {
        assert_int_equal(calls_issue(c, 60000, "SET key-%02d value", n % 100), 0);
    }
    for (int64_t end = clock_mono_ms() + 5000; seen->bytes < bytes && clock_mono_ms() < end; loop_turn(r->loop, 1)) {
    }
    assert_int_equal(seen->bytes, bytes);
    assert_int_equal(seen->reads, reads + 1); /* 8 kB written at once to a peer on loopback are read at once */
    redis_close(&redis);
    calls_check(c);
    part_stop(&pid, SIGKILL);
    munmap(seen, sizeof *seen);
    calls_free(&c);
}

struct silent {
    struct seen *seen[2];
    struct redis *redis;
};

static bool both_came_twice(void *ctx)
{
    struct silent *s = ctx;
    return s->seen[0]->connections > 1 && s->seen[1]->connections > 1;
}

static void nothing_came(void *ctx, struct text channel, struct text payload)
{
    (void)ctx, (void)channel, (void)payload;
    fail();
}

/* The other side took the connection, answered once, and never again, like a host that lost its power: found within 6 s, for subscriptions too. */
static void silence_is_noticed(void **state)
{
    struct room *r = *state;
    static const struct peer silent = {"falls silent", "+PONG\r\n", 14, true, 0};
    struct silent s;
    struct redis *subscriber;
    char url[2][PATH_BYTES];
    pid_t pid[2];
    for (int i = 0; i < 2; i++) {
        int port;
        pid[i] = peer_start(&silent, &port, &s.seen[i]);
        (void)snprintf(url[i], sizeof url[i], "redis://127.0.0.1:%d", port);
    }
    const char *channels[] = {"c"};
    assert_int_equal(redis_open(r->loop, url[0], NULL, NULL, &s.redis), 0);
    assert_int_equal(redis_subscribe(r->loop, url[1], channels, 1, nothing_came, NULL, &subscriber), 0);
    int64_t from = clock_mono_ms();
    assert_true(loop_until(r->loop, both_came_twice, &s, 10000));
    assert_in_range(clock_mono_ms() - from, 5000, 8000);
    redis_close(&s.redis);
    redis_close(&subscriber);
    for (int i = 0; i < 2; i++) {
        part_stop(&pid[i], SIGKILL);
        munmap(s.seen[i], sizeof *s.seen[i]);
    }
}

/* The time of a command ran while those before it were being answered: under much load a Redis that answered all along was dropped. */
static void slow_is_not_silent(void **state)
{
    struct room *r = *state;
    static const struct peer slow = {"slow", "+PONG\r\n", 14, true, 12};
    struct seen *seen;
    char url[PATH_BYTES];
    int port;
    pid_t pid = peer_start(&slow, &port, &seen);
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    struct redis *redis;
    assert_int_equal(redis_open(r->loop, url, NULL, NULL, &redis), 0);
    for (int64_t end = clock_mono_ms() + 5000; redis_state_now(redis) != REDIS_UP && clock_mono_ms() < end; loop_turn(r->loop, 1)) {
    }
    struct calls *c = calls_new(redis);
    for (int n = 0; n < 12; n++) {
        assert_int_equal(calls_issue(c, 600, "SET key value"), 0); /* half of the time that the last one takes */
    }
    assert_int_equal(calls_issue(c, 600, "SET key value"), 0); /* and one that is never answered */
    calls_await(r, c, 5000);
    assert_int_equal(c->by_err[0], 12);
    assert_int_equal(c->by_err[ERR_TIMEOUT], 1);
    redis_close(&redis);
    part_stop(&pid, SIGKILL);
    munmap(seen, sizeof *seen);
    calls_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mad_peers, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(one_turn_is_one_write, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(slow_is_not_silent, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(silence_is_noticed, room_setup, room_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
