/* Promises, and the numbers: each sum is what happened, by queue, channel, agent and quarter of an hour. */
#include "main.h"

#include <stdio.h>

#define QUARTER 900000u

static uint64_t sum(const char *queue, const char *agent, const char *metric)
{
    return see_sum(b, 0, 400 * (uint64_t)QUARTER, queue, NULL, agent, metric);
}

static void open_promised(const char *id, const char *queue, uint64_t now_ms, uint64_t first_due_ms, uint64_t resolve_due_ms)
{
    char resident[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    struct store_arrive a = {.source = T("chat"), .source_id = text_of(id), .conversation_new = text_of(id), .resident_new = text_of(resident), .queue = text_of(queue),
                             .channel = T("chat"), .client = T("page"), .first_due_ms = first_due_ms, .resolve_due_ms = resolve_due_ms, .now_ms = now_ms};
    a.entry = entry_of("message", "resident", "first");
    assert_true(do_arrive(b, &a).opened);
}

/* An agent's words; @aside: to colleagues. */
static void answer(const char *id, const char *agent, uint64_t counter, bool aside, uint64_t now_ms)
{
    struct store_append a = {.conversation = text_of(id), .client = text_of(agent), .counter = counter, .must_own = text_of(agent), .aside = aside, .now_ms = now_ms};
    a.entry = entry_of(aside ? "note" : "message", "agent", "answer");
    assert_int_equal(do_append(b, &a).err, 0);
}

static struct got give(const char *id, const char *agent, uint64_t answer_ms, uint64_t now_ms)
{
    struct got c = do_get(b, text_of(id), NONE);
    struct store_transition tr = to(id, c.version, "active", agent, c.queue, now_ms);
    tr.answer_ms = answer_ms;
    return do_transition(b, &tr);
}

static void a_promise_stands_until_it_is_kept(void **state)
{
    (void)state;
    sign_in(b, "sanne", 50, 1000);
    open_promised("t1", "t", 1000, 61000, 3601000);
    open_promised("t2", "t", 2000, 32000, 0);
    open_promised("t3", "t", 3000, 0, 0);
    struct got g = do_get(b, T("t1"), NONE);
    assert_int_equal(g.first_due_ms, 61000);
    assert_int_equal(g.resolve_due_ms, 3601000);
    g = do_targets(b, 61000, 10);
    assert_int_equal(g.texts_n, 2);
    assert_string_equal(g.texts[0], "first t2 32000 t chat"); /* the earliest first */
    assert_string_equal(g.texts[1], "first t1 61000 t chat");
    assert_int_equal(do_targets(b, 61000, 1).texts_n, 1);
    assert_int_equal(do_targets(b, 31999, 10).texts_n, 0);
    give("t1", "sanne", 0, 10000);
    assert_int_equal(do_targets(b, 61000, 10).texts_n, 2); /* given to an agent is not yet answered */
    answer("t1", "sanne", 1, true, 20000);
    assert_int_equal(do_targets(b, 61000, 10).texts_n, 2); /* nor is a word to a colleague */
    answer("t1", "sanne", 2, false, 31000);
    g = do_targets(b, 9999999, 10);
    assert_int_equal(g.texts_n, 2);
    assert_string_equal(g.texts[0], "first t2 32000 t chat");
    assert_string_equal(g.texts[1], "resolve t1 3601000 t chat");
    assert_int_equal(do_get(b, T("t1"), NONE).first_due_ms, 0);
    answer("t1", "sanne", 3, false, 40000);
    assert_int_equal(sum("t", "sanne", "first"), 1); /* the first one alone */
    assert_int_equal(sum("t", "sanne", "first_ms"), 30000);
    assert_int_equal(sum("t", "sanne", "first_in"), 1);
    give("t2", "sanne", 0, 50000);
    answer("t2", "sanne", 1, false, 52000);
    assert_int_equal(sum("t", "sanne", "first_late"), 1);
    assert_int_equal(sum("t", "sanne", "first_ms"), 80000);
    set_state(b, "t1", "closed", 3601000);
    assert_int_equal(do_targets(b, 9999999, 10).texts_n, 0);
    assert_int_equal(sum("t", "sanne", "resolved_in"), 1);
    assert_int_equal(sum("t", NULL, "resolved_late"), 0);
    assert_int_equal(sum("t", NULL, "arrived"), 3);
}

static void an_end_ends_the_promise_and_a_new_beginning_makes_another(void **state)
{
    (void)state;
    open_promised("t4", "again", 1000, 61000, 121000);
    set_state(b, "t4", "closed", 200000);
    assert_int_equal(do_targets(b, 9999999, 10).texts_n, 0);
    assert_int_equal(sum("again", "", "resolved_late"), 1);
    struct store_transition tr = to("t4", 2, "queued", NULL, "again", 300000);
    tr.first_due_ms = 360000;
    assert_int_equal(do_transition(b, &tr).err, 0);
    struct got g = do_targets(b, 9999999, 10);
    assert_int_equal(g.texts_n, 1);
    assert_string_equal(g.texts[0], "first t4 360000 again chat");
    assert_int_equal(sum("again", NULL, "reopened"), 1);
    give("t4", "sanne", 0, 310000);
    answer("t4", "sanne", 1, false, 320000);
    assert_int_equal(sum("again", NULL, "first_ms"), 20000); /* since it was opened again */
    set_state(b, "t4", "closed", 330000);
}

static void waiting_ends_with_an_agent_or_without(void **state)
{
    (void)state;
    uint64_t t0 = 10 * (uint64_t)QUARTER;
    open_chat(b, "w1", "w", t0);
    open_chat(b, "w2", "w", t0 + 1000);
    open_chat(b, "w3", "w", t0 + 2000);
    assert_int_equal(give("w1", "sanne", 20000, t0 + 15000).err, 0);
    assert_int_equal(give("w2", "sanne", 20000, t0 + 31000).err, 0);
    set_state(b, "w3", "closed", t0 + 42000);
    assert_int_equal(sum("w", "sanne", "answered"), 2);
    assert_int_equal(sum("w", "sanne", "wait_ms"), 15000 + 30000);
    assert_int_equal(sum("w", "sanne", "in_level"), 1);
    assert_int_equal(sum("w", "sanne", "over_level"), 1);
    assert_int_equal(sum("w", "", "abandoned"), 1);
    assert_int_equal(sum("w", "", "abandoned_ms"), 40000);
    /* what an agent had and gave back is not abandoned when it ends */
    set_state(b, "w2", "queued", t0 + 50000);
    assert_int_equal(sum("w", "sanne", "given_up"), 1);
    assert_int_equal(sum("w", "sanne", "handle_ms"), 19000);
    set_state(b, "w2", "closed", t0 + 60000);
    assert_int_equal(sum("w", NULL, "abandoned"), 1);
    struct got c = do_get(b, T("w1"), NONE);
    assert_int_equal(move(b, "w1", c.version, "wrap_up", "sanne", "w", t0 + 70000).err, 0);
    assert_int_equal(sum("w", NULL, "handled"), 0); /* wrap-up is work */
    set_state(b, "w1", "closed", t0 + 75000);
    assert_int_equal(sum("w", "sanne", "handled"), 1);
    assert_int_equal(sum("w", "sanne", "handle_ms"), 19000 + 60000);
    assert_int_equal(see_sum(b, t0, t0 + QUARTER, "w", "chat", "sanne", "handled"), 1);
    assert_int_equal(see_sum(b, t0, t0 + QUARTER, "w", "email", NULL, "handled"), 0);
    assert_int_equal(see_sum(b, t0 + QUARTER, t0 + 9 * (uint64_t)QUARTER, "w", NULL, NULL, "handled"), 0); /* another quarter's */
}

static void who_takes_it_over_works_on_their_own_time(void **state)
{
    (void)state;
    uint64_t t0 = 20 * (uint64_t)QUARTER;
    sign_in(b, "joost", 50, t0);
    open_chat(b, "o1", "over", t0);
    give("o1", "sanne", 0, t0 + 1000);
    give("o1", "joost", 0, t0 + 5000);
    set_state(b, "o1", "closed", t0 + 7000);
    assert_int_equal(sum("over", "sanne", "handle_ms"), 4000);
    assert_int_equal(sum("over", "joost", "handle_ms"), 2000);
    assert_int_equal(sum("over", "sanne", "given_up"), 1);
    assert_int_equal(sum("over", "joost", "handled"), 1);
    assert_int_equal(sum("over", NULL, "answered"), 1); /* the resident waited once */
}

static void offers_let_pass_and_missed(void **state)
{
    (void)state;
    uint64_t t0 = 21 * (uint64_t)QUARTER;
    struct text missed = T("joost");
    open_chat(b, "m1", "miss", t0);
    struct store_transition tr = to("m1", 1, "queued", NULL, "miss", t0 + 1);
    tr.declined = T("sanne");
    assert_int_equal(do_transition(b, &tr).err, 0);
    tr = to("m1", 2, "queued", NULL, "miss", t0 + 2);
    tr.missed = &missed;
    tr.missed_n = 1;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(sum("miss", "sanne", "declined"), 1);
    assert_int_equal(sum("miss", "joost", "missed"), 1);
    set_state(b, "m1", "closed", t0 + 3);
}

static void time_signed_in_and_time_with_work_go_to_their_quarters(void **state)
{
    (void)state;
    uint64_t t0 = 100 * (uint64_t)QUARTER;
    sign_in(b, "clock", 50, t0 + 600000);
    open_chat(b, "k1", "k", t0);
    give("k1", "clock", 0, t0 + 800000);
    set_state(b, "k1", "closed", t0 + 1000000); /* 100 s of work in each of two quarters */
    assert_int_equal(do_settle(b, t0 + 2 * (uint64_t)QUARTER).err, 0);
    assert_int_equal(do_settle(b, t0 + 2 * (uint64_t)QUARTER).err, 0); /* once more adds nothing */
    assert_int_equal(see_sum(b, t0, t0 + QUARTER, NULL, NULL, "clock", "on_ms"), 300000);
    assert_int_equal(see_sum(b, t0, t0 + QUARTER, NULL, NULL, "clock", "busy_ms"), 100000);
    assert_int_equal(see_sum(b, t0 + QUARTER, t0 + 2 * (uint64_t)QUARTER, NULL, NULL, "clock", "on_ms"), QUARTER);
    assert_int_equal(see_sum(b, t0 + QUARTER, t0 + 2 * (uint64_t)QUARTER, NULL, NULL, "clock", "busy_ms"), 100000);
    assert_int_equal(do_presence(b, "clock", "offline", t0 + 2 * (uint64_t)QUARTER + 5000).err, 0);
    assert_int_equal(do_settle(b, t0 + 4 * (uint64_t)QUARTER).err, 0);
    assert_int_equal(sum(NULL, "clock", "on_ms"), 300000 + QUARTER + 5000); /* signed off: no more */
    /* a broker whose clock is behind does not count again what is counted */
    assert_int_equal(do_presence(b, "clock", "available", t0 + 5 * (uint64_t)QUARTER).err, 0);
    assert_int_equal(do_settle(b, t0 + 5 * (uint64_t)QUARTER + 1000).err, 0);
    assert_int_equal(do_settle(b, t0 + 5 * (uint64_t)QUARTER + 500).err, 0);
    assert_int_equal(do_settle(b, t0 + 5 * (uint64_t)QUARTER + 2000).err, 0);
    assert_int_equal(sum(NULL, "clock", "on_ms"), 300000 + QUARTER + 5000 + 2000);
}

static void how_fast_a_queue_goes(void **state)
{
    (void)state;
    uint64_t t0 = 110 * (uint64_t)QUARTER;
    char id[16];
    sign_in(b, "quick", 1000, t0);
    open_chat(b, "pace", "pace", t0 + 999999);
    assert_int_equal(do_places(b, "pace").texts_n, 0);
    for (uint64_t i = 0; i < 230; i++) {
        (void)snprintf(id, sizeof id, "pace-%d", (int)i);
        open_chat(b, id, "pace", t0 + i);
        assert_int_equal(give(id, "quick", 0, t0 + 1000 + i).err, 0);
        struct got g = do_places(b, "pace");
        assert_int_equal(g.texts_n, i < 100 ? i + 1 : 100);
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)(t0 + 1000 + i));
        assert_string_equal(g.texts[0], id); /* newest first */
    }
    assert_string_equal(do_places(b, "pace").queue, "pace");
}

static void a_long_time_comes_in_pages(void **state)
{
    (void)state;
    uint64_t far = 20000 * (uint64_t)QUARTER; /* 208 days after the others: more quarters than one page looks at */
    open_chat(b, "far", "far", far);
    uint64_t end = see_page(b, 0, far);
    assert_true(end > 0 && end < far);
    assert_int_equal(see_sum(b, 0, far, NULL, NULL, NULL, "arrived"), see_sum(b, 0, 400 * (uint64_t)QUARTER, NULL, NULL, NULL, "arrived"));
    assert_int_equal(see_sum(b, 0, far + 1, "far", NULL, NULL, "arrived"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_promise_stands_until_it_is_kept),
        cmocka_unit_test(an_end_ends_the_promise_and_a_new_beginning_makes_another),
        cmocka_unit_test(waiting_ends_with_an_agent_or_without),
        cmocka_unit_test(who_takes_it_over_works_on_their_own_time),
        cmocka_unit_test(offers_let_pass_and_missed),
        cmocka_unit_test(time_signed_in_and_time_with_work_go_to_their_quarters),
        cmocka_unit_test(how_fast_a_queue_goes),
        cmocka_unit_test(a_long_time_comes_in_pages),
    };
    return RUN(tests);
}
