/* What broker/loop/redis.h promises, on a real redis-server that is well: replies, order, sizes, sign-in, addresses, closing. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"
#include "redis_room.h"

static void replies_come_with_their_ticket(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    assert_int_equal(redis_state_now(r->redis), REDIS_UP);
    struct answer a = room_ask(r, "SET a 17");
    assert_int_equal(a.err, 0);
    assert_int_equal(a.type, REDIS_STATUS);
    assert_string_equal(a.text, "OK");
    a = room_ask(r, "GET a");
    assert_int_equal(a.type, REDIS_TEXT);
    assert_int_equal(a.integer, 17); /* decimal text counts as an integer too */
    a = room_ask(r, "INCR a");
    assert_int_equal(a.type, REDIS_INTEGER);
    assert_int_equal(a.integer, 18);
    a = room_ask(r, "GET b");
    assert_int_equal(a.err, 0);
    assert_int_equal(a.type, REDIS_NIL);
    a = room_ask(r, "KEYS *");
    assert_int_equal(a.type, REDIS_LIST);
    a = room_ask(r, "HGET a b");
    assert_int_equal(a.err, ERR_STORE_REPLY);
    assert_int_equal(a.type, REDIS_FAULT);
    assert_non_null(strstr(a.text, "WRONGTYPE"));
}

static void thousands_come_in_order(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    struct calls *c = calls_new(r->redis);
    for (size_t i = 0; i < 50000; i++) {
        assert_int_equal(calls_issue(c, 10000, "INCR n"), 0);
    }
    assert_int_equal(c->called, 0);
    calls_await(r, c, 20000);
    assert_int_equal(c->by_err[0], 50000);
    assert_int_equal(c->last_integer, 50000);
    assert_false(c->out_of_order);
    calls_free(&c);
}

static void large_values_go_whole(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    size_t bytes = 20u << 20;
    char *value = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) {
        value[i] = (char)(i * 7 + i / 1000);
    }
    struct calls *c = calls_new(r->redis);
    for (int i = 0; i < 3; i++) { /* written in many pieces, the next one while the first is on its way */
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        struct text argv[3] = {TEXT_LITERAL("SET"), text_of(key), {value, bytes}};
        assert_int_equal(redis_command(r->redis, 3, argv, 20000, NULL, NULL, (struct ticket){0}), 0);
    }
    assert_int_equal(room_ask(r, "STRLEN k2").integer, bytes);
    assert_int_equal(room_ask(r, "GETRANGE k1 %zu %zu", bytes - 5, bytes - 1).bytes, 5);
    struct answer a = room_ask(r, "GET k0");
    assert_int_equal(a.bytes, bytes);
    assert_memory_equal(a.text, value, strnlen(value, 100));
    calls_free(&c);
    free(value);
}

static void closing_ends_what_is_pending(void **state)
{
    struct room *r = *state;
    room_server(r, NULL);
    room_open(r, NULL);
    struct calls *c = calls_new(r->redis);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(calls_issue(c, 10000, "PING"), 0);
    }
    c->nested = true;
    redis_close(&r->redis);
    assert_null(r->redis);
    calls_check(c);
    assert_int_equal(c->by_err[ERR_CLOSED], 1000);
    assert_int_not_equal(c->nested_err, 0);
    loop_turn(r->loop, 50);
    assert_int_equal(c->called, 1000);
    calls_free(&c);
}

static void signs_in_and_selects(void **state)
{
    struct room *r = *state;
    char url[PATH_BYTES], text[64];
    int port = port_free();
    (void)snprintf(text, sizeof text, "%d", port);
    const char *options[] = {"--port", text, "--bind", "127.0.0.1", "--requirepass", "secret:@/word", NULL};
    room_server(r, options);
    (void)snprintf(url, sizeof url, "redis://default:secret:@/word@127.0.0.1:%d/3", port);
    room_open(r, url);
    assert_int_equal(room_ask(r, "SET here 1").err, 0);
    assert_non_null(strstr(room_ask(r, "CLIENT INFO").text, " db=3 "));
    redis_close(&r->redis);
    r->state = REDIS_CONNECTING;
    (void)snprintf(url, sizeof url, "redis://default:wrong@localhost:%d", port);
    room_open(r, url);
    struct answer a = room_ask(r, "GET here");
    assert_int_equal(a.err, ERR_STORE_REFUSED);
    assert_non_null(strstr(a.text, "NOAUTH"));
}

static void addresses(void **state)
{
    struct room *r = *state;
    static const struct {
        const char *url;
        int err;
    } rows[] = {
        {"redis://127.0.0.1:6379", 0},      {"redis://h", 0},
        {"redis://u:p@h:1/2", 0},           {"redis://:p@h", 0},
        {"unix:///tmp/a.sock", 0},          {"unix:///a?db=4", 0},
        {"redis://[::1]:6379/0", 0},        {"http://h", ERR_BAD_CONFIG},
        {"redis://", ERR_BAD_CONFIG},       {"redis://:70", ERR_BAD_CONFIG},
        {"redis://h:x", ERR_BAD_CONFIG},    {"redis://h:65536", ERR_BAD_CONFIG},
        {"redis://h/a", ERR_BAD_CONFIG},    {"redis://p@h", ERR_BAD_CONFIG},
        {"unix://a", ERR_BAD_CONFIG},       {"", ERR_BAD_CONFIG},
        {"unix:///a?db=x", ERR_BAD_CONFIG}, {"redis://h:1/1001", ERR_BAD_CONFIG},
        {"redis://h:0", ERR_BAD_CONFIG},    {"unix:///a?db=70000", ERR_BAD_CONFIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct redis *redis = NULL;
        int err = redis_open(r->loop, rows[i].url, NULL, NULL, &redis);
        if (err != rows[i].err) {
            fail_msg("%s: %s", rows[i].url, err_name(err));
        }
        redis_close(&redis);
    }
}

struct heard {
    size_t n, listens;
    char channel[64], payload[64];
};

static void message_came(void *ctx, struct text channel, struct text payload)
{
    struct heard *h = ctx;
    if (!channel.s) { /* it listens: nothing is missed from now on */
        assert_null(payload.s);
        h->listens++;
        return;
    }
    h->n++;
    assert_int_equal(text_copy(channel, h->channel, sizeof h->channel), 0);
    assert_int_equal(text_copy(payload, h->payload, sizeof h->payload), 0);
}

struct hearing {
    const struct heard *heard;
    size_t listens, n;
};

static bool heard_so_much(void *ctx)
{
    const struct hearing *h = ctx;
    return h->heard->listens >= h->listens && h->heard->n >= h->n;
}

static void subscriptions_are_made_again(void **state)
{
    struct room *r = *state;
    struct heard h = {0};
    struct redis *subscriber;
    const char *channels[] = {"one", "two"};
    room_server(r, NULL);
    room_open(r, NULL);
    assert_int_equal(redis_subscribe(r->loop, r->url, channels, 2, message_came, &h, &subscriber), 0);
    for (size_t round = 1; round <= 4; round++) {
        struct hearing wanted = {&h, round, round - 1};
        assert_true(loop_until(r->loop, heard_so_much, &wanted, 10000)); /* told once for all channels, each time */
        assert_int_equal(room_ask(r, "PUBLISH one round-%zu", round).integer, 1); /* one is there to hear it, at once */
        wanted.n = round;
        assert_true(loop_until(r->loop, heard_so_much, &wanted, 5000));
        assert_string_equal(h.channel, "one");
        assert_int_equal(h.payload[6], (int)('0' + round));
        assert_int_equal(h.listens, round);
        assert_int_equal(h.n, round);
        part_stop(&r->pid, SIGKILL);
        room_await(r, REDIS_AWAY, 5000);
        room_server(r, NULL);
        room_await(r, REDIS_UP, 10000);
    }
    redis_close(&subscriber);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replies_come_with_their_ticket, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(thousands_come_in_order, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(large_values_go_whole, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(closing_ends_what_is_pending, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(signs_in_and_selects, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(addresses, room_setup, room_teardown),
        cmocka_unit_test_setup_teardown(subscriptions_are_made_again, room_setup, room_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
