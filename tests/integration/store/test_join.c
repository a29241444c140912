/* Who takes part besides the owner, and how urgent it is. */
#include "main.h"

#include <stdio.h>

static void joining_and_parting(void **state)
{
    (void)state;
    open_chat(b, "j1", "tax", 1000);
    sign_in(b, "sanne", 20, 1000);
    assign(b, "j1", "sanne", 2000);
    assert_int_equal(do_join(b, "j1", "joost", true, "piet").err, ERR_FORBIDDEN); /* only its owner brings somebody in */
    struct got g = do_join(b, "j1", "joost", true, "sanne");
    assert_int_equal(g.err, 0);
    assert_int_equal(g.version, 3);
    assert_int_equal(g.seq, 3);
    assert_string_equal(g.owner, "sanne");
    assert_string_equal(g.agents, "joost sanne");
    assert_int_equal(do_join(b, "j1", "joost", true, "sanne").err, ERR_DUPLICATE);
    assert_int_equal(do_join(b, "j1", "boss", true, NULL).err, 0); /* a supervisor by themselves */
    assert_string_equal(do_get(b, T("j1"), NONE).joined, "joost boss");
    struct got work = do_work(b, T("joost")), borne = do_borne(b, T("joost"));
    assert_true(got_has(&work, "j1"));
    assert_int_equal(borne.texts_n, 0); /* they do not bear it */
    work = do_work(b, T("sanne"));
    assert_int_equal(work.texts_n, 1);
    assert_int_equal(see_agent(b, "sanne")->load, 2);
    assert_int_equal(do_join(b, "j1", "joost", false, "sanne").err, 0);
    assert_int_equal(do_join(b, "j1", "joost", false, "sanne").err, ERR_NOT_FOUND);
    assert_string_equal(do_get(b, T("j1"), NONE).joined, "boss");
    assert_int_equal(do_work(b, T("joost")).texts_n, 0);
    struct got log = do_log_after(b, T("j1"), 2, 10);
    assert_int_equal(log.texts_n, 3);
    assert_string_equal(log.texts[0], "joined");
    assert_string_equal(log.texts[2], "parted");
    /* decided on before somebody joined: decide again */
    assert_int_equal(move(b, "j1", 2, "closed", NULL, "tax", 3000).err, ERR_STALE);
}

static void joining_is_not_always_possible(void **state)
{
    (void)state;
    assert_int_equal(do_join(b, "no-such", "joost", true, NULL).err, ERR_NOT_FOUND);
    open_chat(b, "j2", "tax", 1000);
    struct got g = do_join(b, "j2", "boss", true, NULL); /* nobody owns it yet */
    assert_int_equal(g.err, 0);
    assert_string_equal(g.owner, "");
    assert_string_equal(g.agents, "boss");
    assert_int_equal(see_line(b, "j2")->version, 2); /* the router sees the version that it must claim */
    assign(b, "j2", "sanne", 2000);
    assert_int_equal(do_join(b, "j2", "sanne", true, NULL).err, ERR_BAD_STATE); /* it is theirs */
    for (int i = 1; i < STORE_JOINED_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "many-%d", i);
        assert_int_equal(do_join(b, "j2", id, true, "sanne").err, 0);
    }
    assert_int_equal(do_join(b, "j2", "too-many", true, "sanne").err, ERR_FULL);
    assert_int_equal(do_work(b, T("too-many")).texts_n, 0);
    set_state(b, "j2", "closed", 3000);
    assert_int_equal(do_work(b, T("boss")).texts_n, 1); /* j1; with its end nobody takes part any more */
    assert_string_equal(do_get(b, T("j2"), NONE).joined, "");
    assert_int_equal(do_join(b, "j2", "boss", true, NULL).err, ERR_BAD_STATE);
}

static void who_took_part_and_gets_it_only_owns_it(void **state)
{
    (void)state;
    sign_in(b, "second", 20, 1000);
    open_chat(b, "j3", "tax", 1000);
    assign(b, "j3", "sanne", 2000);
    assert_int_equal(do_join(b, "j3", "second", true, "sanne").err, 0);
    assert_int_equal(do_join(b, "j3", "third", true, "sanne").err, 0);
    struct got g = move(b, "j3", 4, "active", "second", "tax", 3000); /* consulted, then handed over */
    assert_int_equal(g.err, 0);
    struct got c = do_get(b, T("j3"), NONE);
    assert_string_equal(c.owner, "second");
    assert_string_equal(c.joined, "third");
    assert_non_null(strstr(g.agents, "third")); /* who takes part hears of it */
    assign(b, "j3", "sanne", 4000);
    assert_int_equal(do_work(b, T("second")).texts_n, 0); /* and nothing is left when it goes on */
    set_state(b, "j3", "closed", 5000);
}

static void a_head_start_moves_it_forward(void **state)
{
    (void)state;
    open_chat(b, "p1", "prio", 800000);
    open_chat(b, "p2", "prio", 800001);
    assert_int_equal(do_prioritise(b, "no-such", 3, 60000).err, ERR_NOT_FOUND);
    struct got g = do_prioritise(b, "p2", 3, 60000);
    assert_int_equal(g.err, 0);
    assert_int_equal(g.version, 2);
    assert_int_equal(g.seq, 2);
    assert_string_equal(g.agents, ""); /* nobody has it */
    const struct seen_row *row = see_line(b, "p2");
    assert_int_equal(row->score, 740001);
    assert_int_equal(row->version, 2);
    assert_int_equal(row->queued_at_ms, 800001); /* it has not waited longer for that */
    struct seen v;
    struct text queues[] = {T("prio")};
    do_view(b, queues, 1, 10, &v);
    assert_string_equal(v.waiting[0].conversation, "p2");
    assert_int_equal(v.waiting[0].priority, 3);
    assert_int_equal(v.queues[0].oldest, 800001); /* of the first in line */
    /* kept while an agent has it */
    assert_int_equal(move(b, "p2", 2, "active", "sanne", "prio", 900000).err, 0);
    g = do_prioritise(b, "p2", 5, 90000);
    assert_int_equal(g.err, 0);
    assert_string_equal(g.agents, "sanne");
    assert_null(see_line(b, "p2"));
    struct store_transition tr = to("p2", 4, "queued", NULL, "prio", 910000);
    tr.keep_place = true;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(see_line(b, "p2")->score, 710001);
    assert_int_equal(do_get(b, T("p2"), NONE).priority, 5);
    assert_int_equal(do_prioritise(b, "p2", 0, 0).err, 0);
    assert_int_equal(see_line(b, "p2")->score, 800001);
    set_state(b, "p2", "closed", 920000);
    assert_int_equal(do_prioritise(b, "p2", 5, 90000).err, ERR_BAD_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_and_parting),
        cmocka_unit_test(joining_is_not_always_possible),
        cmocka_unit_test(who_took_part_and_gets_it_only_owns_it),
        cmocka_unit_test(a_head_start_moves_it_forward),
    };
    return RUN(tests);
}
