#include "redis_room.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"

int room_setup(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    room_make("redis", r->dir);
    (void)snprintf(r->socket, sizeof r->socket, "%.400s/redis.sock", r->dir);
    (void)snprintf(r->url, sizeof r->url, "unix://%.400s", r->socket);
    CHECK(loop_new(&r->loop) == 0);
    *state = r;
    return 0;
}

int room_teardown(void **state)
{
    struct room *r = *state;
    redis_close(&r->redis);
    part_stop(&r->pid, SIGKILL);
    loop_free(&r->loop);
    room_remove(r->dir);
    free(r);
    return 0;
}

int plain_ask(const char *path, const char *line, char *out, size_t out_bytes)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = 2};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t n = -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 && send(fd, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line)) {
        n = recv(fd, out, out_bytes - 1, 0);
    }
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0 ? 0 : -1;
}

void room_server(struct room *r, const char *const *options)
{
    const char *argv[48] = {"redis-server", "--port",     "0",     "--unixsocket", r->socket, "--dir",
                            r->dir,         "--save",     "",      "--daemonize",  "no",      "--enable-debug-command",
                            "yes",          "--loglevel", "notice"};
    char log[PATH_BYTES], answer[256];
    size_t n = 15;
    for (; options && *options; options++) {
        argv[n++] = *options;
    }
    (void)snprintf(log, sizeof log, "%.400s/redis.log", r->dir);
    (void)unlink(r->socket);
    r->pid = part_start(argv, log);
    int64_t end = clock_mono_ms() + 10000;
    while (plain_ask(r->socket, "PING\r\n", answer, sizeof answer) != 0) {
        CHECK(clock_mono_ms() < end);
        usleep(5000);
    }
}

static void room_changed(void *ctx, enum redis_state s)
{
    struct room *r = ctx;
    assert_int_not_equal(r->state, s); /* told of changes alone */
    r->state = s;
    r->changes++;
}

bool room_is_up(void *room)
{
    return ((struct room *)room)->state == REDIS_UP;
}

static bool room_is_away(void *room)
{
    return ((struct room *)room)->state == REDIS_AWAY;
}

void room_await(struct room *r, enum redis_state s, int64_t deadline_ms)
{
    assert_true(loop_until(r->loop, s == REDIS_UP ? room_is_up : room_is_away, r, deadline_ms));
}

void room_open(struct room *r, const char *url)
{
    assert_int_equal(redis_open(r->loop, url ? url : r->url, room_changed, r, &r->redis), 0);
    room_await(r, REDIS_UP, 10000);
}

/* --- calls ------------------------------------------------------------------------------------------------------------------------------------ */

struct calls *calls_new(struct redis *r)
{
    struct calls *c = calloc(1, sizeof *c);
    CHECK(c);
    c->redis = r;
    return c;
}

static void call_came(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct calls *c = ctx;
    assert_false(c->inside);
    assert_true(t->a < CALLS_MAX && t->b == ~t->a && t->p == c);
    assert_int_equal(c->times[t->a], 0);
    c->times[t->a]++;
    c->called++;
    c->by_err[err]++;
    if (!err && redis_reply_type(reply) == REDIS_INTEGER) {
        c->out_of_order = c->out_of_order || redis_reply_integer(reply) != c->last_integer + 1;
        c->last_integer = redis_reply_integer(reply);
    }
    if (err && c->nested) {
        struct text ping[1] = {TEXT_LITERAL("PING")};
        c->nested_err = redis_command(c->redis, 1, ping, 1000, call_came, c, (struct ticket){.p = NULL});
    }
}

static size_t split(char *line, struct text *argv, size_t max)
{
    size_t n = 0;
    char *save;
    for (char *word = strtok_r(line, " ", &save); word && n < max; word = strtok_r(NULL, " ", &save)) {
        argv[n++] = text_of(word);
    }
    return n;
}

int calls_issue(struct calls *c, int64_t deadline_ms, const char *words, ...)
{
    char line[1024];
    struct text argv[32];
    va_list more;
    va_start(more, words);
    (void)vsnprintf(line, sizeof line, words, more);
    va_end(more);
    size_t n = split(line, argv, 32);
    c->inside = true;
    int err = redis_command(c->redis, n, argv, deadline_ms, call_came, c, (struct ticket){.p = c, .a = c->issued, .b = ~(uint64_t)c->issued});
    c->inside = false;
    c->issued += err == 0;
    c->refused += err != 0;
    return err;
}

static bool calls_all_came(void *calls)
{
    struct calls *c = calls;
    return c->called >= c->issued;
}

void calls_check(struct calls *c)
{
    assert_int_equal(c->called, c->issued);
    for (size_t i = 0; i < c->issued; i++) {
        assert_int_equal(c->times[i], 1);
    }
}

void calls_await(struct room *r, struct calls *c, int64_t deadline_ms)
{
    assert_true(loop_until(r->loop, calls_all_came, c, deadline_ms));
    calls_check(c);
}

void calls_free(struct calls **c)
{
    free(*c);
    *c = NULL;
}

static void answer_came(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct answer *a = ctx;
    (void)t;
    assert_false(a->came);
    struct text text = redis_reply_text(reply);
    *a = (struct answer){.came = true, .err = err, .type = redis_reply_type(reply), .integer = redis_reply_integer(reply), .bytes = text.n};
    (void)snprintf(a->text, sizeof a->text, "%.*s", text.n > 200 ? 200 : (int)text.n, text.s ? text.s : "");
}

static bool answer_is_there(void *answer)
{
    return ((struct answer *)answer)->came;
}

struct answer room_ask(struct room *r, const char *words, ...)
{
    char line[1024];
    struct text argv[32];
    struct answer a = {.came = false};
    va_list more;
    va_start(more, words);
    (void)vsnprintf(line, sizeof line, words, more);
    va_end(more);
    size_t n = split(line, argv, 32);
    int err = redis_command(r->redis, n, argv, 10000, answer_came, &a, (struct ticket){0});
    if (err) {
        return (struct answer){.came = false, .err = err};
    }
    assert_true(loop_until(r->loop, answer_is_there, &a, 15000));
    return a;
}
