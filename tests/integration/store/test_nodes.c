/* Brokers among themselves: the lease, its fencing number, who is silent and what becomes of what they had; who follows a conversation. */
#include "main.h"

#include <stdio.h>

static struct bench *second;

static bool buried(const struct seen_beat *beat)
{
    return beat->buried;
}

static bool routes(const struct seen_beat *beat)
{
    return beat->fence > 0;
}

static void the_first_who_wants_it_routes(void **state)
{
    (void)state;
    second = bench_beside(b, "node2");
    struct seen_beat beat = do_beat(b, false, false, 1000, 30000);
    assert_false(beat.known); /* new */
    assert_int_equal(beat.fence, 0);
    assert_string_equal(beat.routes, "");
    beat = do_beat(b, true, false, 1000, 30000);
    assert_true(beat.known);
    assert_int_equal(beat.fence, 1);
    assert_string_equal(beat.routes, "node1");
    assert_string_equal(beat.nodes, "node1");
    beat = do_beat(second, true, false, 1000, 30000);
    assert_int_equal(beat.fence, 0);
    assert_string_equal(beat.routes, "node1");
    assert_true(strcmp(beat.nodes, "node1 node2") == 0 || strcmp(beat.nodes, "node2 node1") == 0);
    beat = do_beat(b, true, false, 1000, 30000);
    assert_int_equal(beat.fence, 1); /* renewed, and the same */
    struct got g = do_nodes(b);
    assert_int_equal(g.texts_n, 2);
    assert_true(got_has(&g, "node1 {\"i\":\"node1\"} 1"));
    assert_true(got_has(&g, "node2 {\"i\":\"node2\"} 0"));
    assert_true(g.seqs[0] < 10000 && g.seqs[1] < 10000);
}

static void who_wants_it_no_more_gives_it_away(void **state)
{
    (void)state;
    struct seen_beat beat = do_beat(b, false, false, 1000, 30000); /* drains */
    assert_int_equal(beat.fence, 0);
    assert_string_equal(beat.routes, "");
    beat = do_beat(second, true, false, 1000, 30000);
    assert_int_equal(beat.fence, 2); /* each holder has a higher number than the one before */
    assert_int_equal(do_beat(b, true, false, 1000, 30000).fence, 0);
    assert_int_equal(do_beat(second, false, false, 1000, 30000).fence, 0);
    assert_int_equal(do_beat(b, true, false, 1000, 30000).fence, 3);
}

static void say_by(const char *conversation, uint64_t counter)
{
    struct store_append a = {.conversation = text_of(conversation), .client = T("console"), .counter = counter, .outbox = T("sms"), .now_ms = 2000};
    a.entry = entry_of("message", "agent", "answer");
    assert_int_equal(do_append(b, &a).err, 0);
}

static void who_is_silent_is_buried(void **state)
{
    (void)state;
    char id[65];
    sign_in(b, "only", 6, 1000);      /* on the first broker alone */
    sign_in(b, "both", 6, 1000);      /* on both */
    assert_int_equal(do_here(second, "both", true, 1000, 30000).err, 0);
    assert_int_equal(do_here(b, "idle", true, 1000, 30000).err, 0); /* signed in, and offline */
    open_chat(b, "n1", "tax", 1000);
    assign(b, "n1", "only", 1000);
    say_by("n1", 1);
    struct got taken = do_take(b, "sms", false, 10);
    assert_int_equal(taken.texts_n, 1);
    assert_int_equal(sscanf(taken.texts[0], "%64s", id), 1);
    assert_int_equal(do_take(second, "sms", true, 10).texts_n, 0); /* while the first lives it is its own */
    assert_int_equal(do_beat(b, true, false, 1000, 30000).fence, 3);
    struct seen_beat beat = beat_until(second, routes, true, 70000, 30000); /* the lease first … */
    assert_int_equal(beat.fence, 4);
    beat = beat_until(second, buried, true, 70000, 30000);                  /* … then the broker */
    assert_string_equal(beat.nodes, "node2");
    assert_int_equal(beat.fence, 4);
    assert_string_equal(see_agent(b, "only")->here, "");
    assert_string_equal(see_agent(b, "both")->here, "node2");
    assert_string_equal(see_agent(b, "only")->presence, "available");
    struct seen_due d = do_due(second, 99999, 10);
    assert_int_equal(d.agents_n, 0);
    d = do_due(second, 100000, 10); /* 70000 and the grace time */
    assert_int_equal(d.agents_n, 1);
    assert_string_equal(d.agents[0], "only");
    assert_false(agent_is_known(b, "idle"));
    /* what it had taken to send is found, and it may not try any more */
    taken = do_take(second, "sms", true, 10);
    assert_int_equal(taken.texts_n, 1);
    assert_non_null(strstr(taken.texts[0], id));
    assert_int_equal(do_attempt(b, "sms", text_of(id)).err, ERR_STALE);
    assert_int_equal(do_attempt(second, "sms", text_of(id)).err, 0);
    assert_int_equal(do_take(b, "sms", true, 10).texts_n, 0);
    assert_int_equal(do_finish(second, "sms", text_of(id), T("n1"), 3, T("sent"), NONE).err, 0);
}

static void who_was_buried_alive_is_told(void **state)
{
    (void)state;
    open_chat(b, "n2", "tax", 1000);
    struct store_transition tr = to("n2", 1, "closed", NULL, "tax", 2000);
    tr.fence = 3; /* it still thinks that it routes */
    assert_int_equal(do_transition(b, &tr).err, ERR_FENCED);
    struct seen_beat beat = do_beat(b, true, false, 70000, 30000);
    assert_false(beat.known); /* say again who is here */
    assert_int_equal(beat.fence, 0);
    assert_string_equal(beat.routes, "node2");
    assert_int_equal(do_here(b, "only", true, 70000, 30000).err, 0);
    assert_int_equal(do_due(b, 999999, 10).agents_n, 0);
    assert_true(do_beat(b, true, false, 70000, 30000).known);
}

/* One that was buried, let somebody in and died before its next beat left their mark for ever: nobody buried it a second time. */
static void who_was_buried_and_dies_is_buried_again(void **state)
{
    (void)state;
    (void)do_beat(b, false, false, 1000, 30000);
    (void)beat_until(second, buried, true, 70000, 30000);
    assert_int_equal(do_here(b, "late", true, 70000, 30000).err, 0);
    assert_string_equal(see_agent(b, "late")->here, "node1");
    (void)beat_until(second, buried, true, 80000, 30000);
    assert_false(agent_is_known(b, "late")); /* offline, without work, and nowhere: forgotten */
    assert_int_equal(do_here(b, "late", true, 90000, 30000).err, 0);
    assert_false(do_beat(b, false, false, 90000, 30000).known); /* and one that lives on is still told to say who else is here */
    assert_int_equal(do_here(b, "late", false, 90000, 30000).err, 0);
}

static void who_leaves_in_order_is_gone_at_once(void **state)
{
    (void)state;
    struct seen_beat beat = do_beat(second, true, true, 80000, 1000);
    assert_int_equal(beat.fence, 0);
    assert_string_equal(beat.nodes, "node1");
    assert_string_equal(see_agent(b, "both")->here, "");
    struct seen_due d = do_due(b, 81000, 10);
    assert_int_equal(d.agents_n, 1);
    assert_string_equal(d.agents[0], "both");
    beat = do_beat(b, true, false, 80000, 30000);
    assert_int_equal(beat.fence, 5); /* no wait for the lease to run out */
    assert_string_equal(beat.nodes, "node1");
    assert_int_equal(do_nodes(b).texts_n, 1);
}

static struct store_append say(const char *conversation, uint64_t counter)
{
    struct store_append a = {.conversation = text_of(conversation), .client = T("page"), .counter = counter, .channel = T("chat"), .from_resident = true, .now_ms = 2000};
    a.entry = entry_of("message", "resident", "words");
    return a;
}

static void whoever_follows_is_named(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31612340000", "f-1", "f1", 1000).opened);
    struct store_append a = say("f1", 1);
    assert_string_equal(do_append(b, &a).nodes, "");
    assert_int_equal(do_follow(b, "no-such", true, false).err, ERR_NOT_FOUND);
    assert_string_equal(do_follow(b, "f1", true, true).value, "2 node1"); /* the newest entry, and who follows */
    a = say("f1", 2);
    assert_string_equal(do_append(b, &a).nodes, ""); /* nobody else */
    a = say("f1", 3);
    assert_string_equal(do_append(second, &a).nodes, "node1");
    assert_string_equal(do_follow(second, "f1", true, false).value, "4 node1 node2");
    a = say("f1", 4);
    struct got g = do_append(b, &a);
    assert_string_equal(g.nodes, "node1 node2");
    assert_string_equal(g.state, "queued");
    assert_string_equal(arrive_from(b, "sms", "+31612340000", "f-2", "no", 3000).nodes, "node1 node2");
    assert_string_equal(arrive_from(b, "sms", "+31612340000", "f-2", "no", 3000).nodes, "node1 node2"); /* a duplicate's too */
    assert_string_equal(do_receipt(b, T("f1"), 1, T("sent")).nodes, "node1 node2");
    sign_in(b, "sanne", 6, 1000);
    assign(b, "f1", "sanne", 2000);
    assert_string_equal(do_link(b, T("f1"), T("email"), T("f1@example.org"), true, T("sanne")).nodes, "node1 node2");
    g = do_get(b, T("f1"), NONE);
    assert_string_equal(g.nodes, "node1 node2");
    assert_string_equal(g.pages, "node1"); /* where a page of the resident is among them */
    assert_string_equal(do_follow(second, "f1", true, true).value, "9 node1 node2");
    assert_string_equal(do_get(b, T("f1"), NONE).pages, "node1 node2");
    assert_string_equal(do_follow(b, "f1", true, false).value, "9 node2 node1"); /* the page went, an agent stays */
    assert_string_equal(do_get(b, T("f1"), NONE).pages, "node2");
    assert_string_equal(do_follow(second, "f1", false, false).value, "9 node1");
    assert_string_equal(do_get(b, T("f1"), NONE).pages, "");
    assert_string_equal(do_follow(b, "f1", false, false).value, "9 ");
    a = say("f1", 5);
    g = do_append(second, &a);
    assert_string_equal(g.nodes, "");
    assert_string_equal(g.state, "active");
}

static void brokers_that_live_no_more_are_forgotten(void **state)
{
    (void)state;
    open_chat(b, "f2", "tax", 1000);
    assert_int_equal(do_follow(b, "f2", true, false).err, 0); /* lives: it beats */
    for (int i = 0; i < 20; i++) { /* each follows once, and never beats */
        char node[16];
        (void)snprintf(node, sizeof node, "former-%d", i);
        struct bench *former = bench_beside(b, node);
        struct got g = do_follow(former, "f2", true, false);
        bench_close(former);
        if (i == 14) {
            assert_string_equal(g.value, "1 node1 former-0 former-1 former-2 former-3 former-4 former-5 former-6 former-7 former-8 former-9 former-10 former-11 "
                                         "former-12 former-13 former-14");
        } else if (i == 15) {
            assert_string_equal(g.value, "1 node1 former-15");
        }
    }
    assert_non_null(strstr(do_get(b, T("f2"), NONE).nodes, "node1 "));
    bench_close(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_who_wants_it_routes),
        cmocka_unit_test(who_wants_it_no_more_gives_it_away),
        cmocka_unit_test(who_is_silent_is_buried),
        cmocka_unit_test(who_was_buried_alive_is_told),
        cmocka_unit_test(who_was_buried_and_dies_is_buried_again),
        cmocka_unit_test(who_leaves_in_order_is_gone_at_once),
        cmocka_unit_test(whoever_follows_is_named),
        cmocka_unit_test(brokers_that_live_no_more_are_forgotten),
    };
    return RUN(tests);
}
