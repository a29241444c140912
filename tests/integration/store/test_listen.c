/* What other brokers hear: changes of state, of staff and settings, of presence; and that they may have missed something. */
#include "main.h"

#include <signal.h>
#include <stdio.h>

struct heard {
    char what[32][16], payload[32][300];
    size_t bytes[32];
    int n;
};
static struct bench *second;
static struct heard first_heard, second_heard;

static void on_message(void *ctx, const char *what, struct text payload)
{
    struct heard *h = ctx;
    assert_true(h->n < 32);
    assert_int_equal(text_copy(text_of(what), h->what[h->n], sizeof h->what[0]), 0);
    assert_true(payload.n < sizeof h->payload[0]);
    memcpy(h->payload[h->n], payload.s ? payload.s : "", payload.n);
    h->bytes[h->n] = payload.n;
    h->n++;
    loop_stop(b->loop);
}

/* What began so; NULL when nothing did. */
static const char *heard_of(const struct heard *h, const char *what, const char *begin)
{
    for (int i = 0; i < h->n; i++) {
        if (strcmp(h->what[i], what) == 0 && strncmp(h->payload[i], begin, strlen(begin)) == 0) {
            return h->payload[i];
        }
    }
    return NULL;
}

static const char *await(const struct heard *h, const char *what, const char *begin)
{
    const char *payload;
    while ((payload = heard_of(h, what, begin)) == NULL) {
        bench_run(b);
    }
    return payload;
}

static void whoever_begins_to_listen_is_told(void **state)
{
    (void)state;
    second = bench_beside(b, "node2");
    assert_int_equal(store_listen(b->store, on_message, &first_heard), 0);
    assert_int_equal(store_listen(second->store, on_message, &second_heard), 0);
    await(&first_heard, "back", ""); /* from now on nothing is missed */
    await(&second_heard, "back", "");
    assert_int_equal(first_heard.n, 1);
}

static void what_is_said_to_one_broker_reaches_it_alone(void **state)
{
    (void)state;
    assert_int_equal(store_publish(b->store, T("node2"), T("hello")), 0);
    assert_int_equal(store_publish(b->store, T("node1"), T("to myself")), 0);
    await(&second_heard, "node", "hello");
    await(&first_heard, "node", "to myself");
    assert_null(heard_of(&first_heard, "node", "hello"));
    assert_null(heard_of(&second_heard, "node", "to myself"));
}

static void staff_settings_and_sign_outs(void **state)
{
    (void)state;
    assert_int_equal(do_revoke(b, T("s9"), 9000, 1000).err, 0);
    assert_int_equal(do_staff_put(b, "piet", "{}", 6, 0, 0, 0).err, 0);
    assert_int_equal(do_setting_put(b, "queue:tax", "{}", NULL).err, 0);
    assert_int_equal(do_here(b, "piet", true, 1000, 1000).err, 0);
    assert_int_equal(do_presence(b, "piet", "available", 1000).err, 0);
    for (int i = 0; i < 2; i++) {
        const struct heard *h = i == 0 ? &first_heard : &second_heard;
        await(h, "revoked", "s9");
        await(h, "staff", "piet");
        await(h, "settings", "queue:tax");
        await(h, "presence", "piet available");
    }
}

static void a_change_of_state_with_its_entry(void **state)
{
    (void)state;
    open_chat(b, "heard", "tax", 1000);
    assign(b, "heard", "piet", 2000);
    const char *payload = await(&second_heard, "changed", "node1 heard 2 piet\n");
    size_t head = strlen("node1 heard 2 piet\n"), at = (size_t)(payload - second_heard.payload[0]) / sizeof second_heard.payload[0];
    struct text entry = entry_of("state", "system", "active");
    assert_int_equal(second_heard.bytes[at] - head, entry.n); /* the entry itself follows the line feed */
    assert_memory_equal(payload + head, entry.s, entry.n);
    assert_int_equal(do_join(b, "heard", "joost", true, NULL).err, 0);
    await(&second_heard, "changed", "node1 heard 3 joost,piet\n");
    assert_int_equal(do_prioritise(second, "heard", 3, 1000).err, 0);
    await(&first_heard, "changed", "node2 heard 4 piet,joost\n");
    set_state(b, "heard", "queued", 3000);
    await(&second_heard, "changed", "node1 heard 5 piet,joost\n");
}

static void who_misses_an_offer_is_heard_of(void **state)
{
    (void)state;
    struct got c = do_get(b, T("heard"), NONE);
    struct text missed = T("piet");
    struct store_transition tr = to("heard", c.version, "queued", NULL, "tax", 4000);
    tr.missed = &missed;
    tr.missed_n = 1;
    assert_int_equal(do_transition(b, &tr).err, 0);
    await(&second_heard, "presence", "piet missed");
}

static void a_broker_that_leaves(void **state)
{
    (void)state;
    (void)do_beat(b, false, false, 5000, 1000);
    assert_null(heard_of(&second_heard, "changed", "- "));
    (void)do_beat(b, false, true, 5000, 1000);
    await(&second_heard, "changed", "- - 0 \n");
}

static bool buried(const struct seen_beat *beat)
{
    return beat->buried;
}

static void a_broker_that_is_buried(void **state)
{
    (void)state;
    struct bench *third = bench_beside(b, "node3");
    (void)do_beat(third, false, false, 5000, 1000);
    bench_close(third);
    memset(&first_heard, 0, sizeof first_heard);
    (void)beat_until(second, buried, false, 5000, 1000); /* one finds out, */
    await(&first_heard, "changed", "- - 0 \n");           /* the others hear of it */
}

static void what_was_missed_while_redis_was_away_is_known(void **state)
{
    (void)state;
    memset(&first_heard, 0, sizeof first_heard);
    memset(&second_heard, 0, sizeof second_heard);
    assert_int_equal(kill(bench_redis_pid(b), SIGKILL), 0);
    bench_wait_down(b);
    await(&first_heard, "back", "");
    await(&second_heard, "back", "");
    bench_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_begins_to_listen_is_told),
        cmocka_unit_test(what_is_said_to_one_broker_reaches_it_alone),
        cmocka_unit_test(staff_settings_and_sign_outs),
        cmocka_unit_test(a_change_of_state_with_its_entry),
        cmocka_unit_test(who_misses_an_offer_is_heard_of),
        cmocka_unit_test(a_broker_that_leaves),
        cmocka_unit_test(a_broker_that_is_buried),
        cmocka_unit_test(what_was_missed_while_redis_was_away_is_known),
    };
    return RUN(tests);
}
