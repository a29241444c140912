/* Presence, sessions on brokers, and what becomes of those who stay away. */
#include "main.h"

static void an_agent_is_here_while_any_broker_has_a_session(void **state)
{
    (void)state;
    struct bench *second = bench_beside(b, "node2");
    struct got g = do_here(b, "p:1", true, 1000, 30000); /* an id may hold a colon */
    assert_int_equal(g.err, 0);
    assert_string_equal(g.value, "offline"); /* what they were before */
    assert_int_equal(do_staff_put(b, "p:1", "{}", 6, 0, 0, 0).err, 0);
    assert_int_equal(do_presence(b, "p:1", "available", 1100).err, 0);
    assert_string_equal(do_here(second, "p:1", true, 1200, 30000).value, "available");
    assert_string_equal(see_agent(b, "p:1")->here, "node1 node2");
    assert_string_equal(do_here(second, "p:1", true, 1250, 30000).value, "available"); /* said again */
    assert_string_equal(see_agent(b, "p:1")->here, "node1 node2");
    /* the end of the session on one must not sign off who is on the other */
    assert_int_equal(do_here(b, "p:1", false, 1300, 30000).err, 0);
    assert_string_equal(see_agent(b, "p:1")->here, "node2");
    assert_int_equal(do_due(b, 99000, 10).agents_n, 0);
    assert_int_equal(do_here(second, "p:1", false, 1400, 30000).err, 0);
    assert_string_equal(see_agent(b, "p:1")->here, "");
    assert_string_equal(see_agent(b, "p:1")->presence, "available");
    assert_int_equal(do_due(b, 31399, 10).agents_n, 0);
    struct seen_due d = do_due(b, 31400, 10);
    assert_int_equal(d.agents_n, 1);
    assert_string_equal(d.agents[0], "p:1");
    assert_int_equal(do_here(b, "p:1", false, 20000, 30000).err, 0); /* said again: the time does not begin anew */
    assert_int_equal(do_due(b, 31400, 10).agents_n, 1);
    assert_string_equal(do_here(b, "p:1", true, 31000, 30000).value, "available"); /* back in time */
    assert_int_equal(do_due(b, 99000, 10).agents_n, 0);
    bench_close(second);
}

static void who_stays_away_is_due_until_the_work_is_given_on(void **state)
{
    (void)state;
    sign_in(b, "away", 6, 1000);
    open_chat(b, "away", "tax", 1000);
    assign(b, "away", "away", 2000);
    assert_int_equal(do_here(b, "away", false, 3000, 1000).err, 0);
    struct seen_due d = do_due(b, 4000, 10);
    assert_true(due_has(&d, "away"));
    assert_int_equal(do_presence(b, "away", "offline", 4000).err, 0);
    d = do_due(b, 4001, 10);
    assert_false(due_has(&d, "away")); /* somebody is at it */
    d = do_due(b, 9000, 10);
    assert_true(due_has(&d, "away")); /* but died before it was done */
    set_state(b, "away", "queued", 9001);
    assert_int_equal(do_presence(b, "away", "offline", 9002).err, 0);
    d = do_due(b, 99999, 10);
    assert_false(due_has(&d, "away"));
}

static void who_signs_off_with_work_and_comes_back_keeps_it(void **state)
{
    (void)state;
    sign_in(b, "off", 6, 1000);
    open_chat(b, "off", "tax", 1000);
    assign(b, "off", "off", 2000);
    assert_int_equal(do_presence(b, "off", "offline", 3000).err, 0);
    struct seen_due d = do_due(b, 8000, 10);
    assert_true(due_has(&d, "off"));
    assert_int_equal(do_here(b, "off", true, 3100, 1000).err, 0); /* another page of theirs changes nothing */
    d = do_due(b, 8000, 10);
    assert_true(due_has(&d, "off"));
    assert_int_equal(do_presence(b, "off", "available", 3200).err, 0);
    d = do_due(b, 99000, 10);
    assert_false(due_has(&d, "off"));
    set_state(b, "off", "closed", 4000);
}

static void who_is_offline_and_free_is_not_waited_for(void **state)
{
    (void)state;
    sign_in(b, "home", 6, 1000);
    assert_int_equal(do_presence(b, "home", "offline", 2000).err, 0);
    assert_int_equal(do_here(b, "home", false, 2100, 1000).err, 0);
    struct seen_due d = do_due(b, 99000, 10);
    assert_false(due_has(&d, "home"));
}

static void presence_keeps_the_load(void **state)
{
    (void)state;
    open_chat(b, "keeps", "tax", 1000);
    sign_in(b, "p2", 6, 1000);
    assign(b, "keeps", "p2", 1100);
    assert_int_equal(see_agent(b, "p2")->since_ms, 1100); /* idle since: load or presence last changed */
    assert_int_equal(do_presence(b, "p2", "lunch", 1200).err, 0);
    assert_int_equal(see_agent(b, "p2")->since_ms, 1200);
    assert_string_equal(see_agent(b, "p2")->presence, "lunch");
    assert_int_equal(do_staff_put(b, "p2", "{}", 8, 1, 2, 3).err, 0); /* a new capacity counts at once for who is at work */
    struct seen_agent *a = see_agent(b, "p2");
    assert_int_equal(a->load, 2);
    assert_int_equal(a->conversations, 1);
    assert_int_equal(a->capacity, 8);
    assert_int_equal(a->limit[0], 1);
    assert_int_equal(a->limit[1], 2);
    assert_int_equal(a->limit[2], 3);
    assert_int_equal(a->since_ms, 1200);
}

static void a_removed_account_is_kept_while_it_has_work(void **state)
{
    (void)state;
    sign_in(b, "leaver", 6, 1000);
    open_chat(b, "leaver", "tax", 1000);
    assign(b, "leaver", "leaver", 1100);
    assert_int_equal(do_staff_put(b, "leaver", NULL, 0, 0, 0, 0).err, 0);
    assert_int_equal(see_agent(b, "leaver")->load, 2);
    assert_int_equal(do_here(b, "leaver", false, 1200, 0).err, 0);
    struct seen_due d = do_due(b, 1200, 10);
    assert_true(due_has(&d, "leaver"));
    assert_int_equal(do_presence(b, "leaver", "offline", 1300).err, 0);
    assert_int_equal(see_agent(b, "leaver")->load, 2);
    set_state(b, "leaver", "queued", 1400);
    assert_false(agent_is_known(b, "leaver"));
}

static void a_presence_is_one_word(void **state)
{
    (void)state;
    assert_int_equal(do_presence(b, "p2", "two words", 1300).err, ERR_BAD_FIELD);
    assert_int_equal(do_presence(b, "p2", "", 1300).err, ERR_BAD_FIELD);
    assert_string_equal(see_agent(b, "p2")->presence, "lunch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agent_is_here_while_any_broker_has_a_session),
        cmocka_unit_test(who_stays_away_is_due_until_the_work_is_given_on),
        cmocka_unit_test(who_signs_off_with_work_and_comes_back_keeps_it),
        cmocka_unit_test(who_is_offline_and_free_is_not_waited_for),
        cmocka_unit_test(presence_keeps_the_load),
        cmocka_unit_test(a_removed_account_is_kept_while_it_has_work),
        cmocka_unit_test(a_presence_is_one_word),
    };
    return RUN(tests);
}
