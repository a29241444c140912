/* One resident, several addresses: linking on proof, undoing it, and never taking what is somebody else's. */
#include "main.h"

static void held_by(const char *id, const char *agent)
{
    sign_in(b, agent, 50, 1000);
    assign(b, id, agent, 1500);
}

static void a_linked_address_lands_in_the_thread(void **state)
{
    (void)state;
    open_chat(b, "l1", "tax", 1000);
    held_by("l1", "sanne");
    struct got g = do_link(b, T("l1"), T("sms"), T("+31610000001"), true, T("sanne"));
    assert_int_equal(g.err, 0);
    assert_int_equal(g.seq, 3); /* first words, assigned, linked */
    struct got c = do_get(b, T("l1"), NONE);
    assert_int_equal(c.addresses_n, 1);
    assert_string_equal(c.addresses[0], "sms +31610000001");
    g = arrive_from(b, "sms", "+31610000001", "l1-s1", "no", 2000);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "l1");
    assert_string_equal(g.owner, "sanne");
    assert_string_equal(do_get(b, T("l1"), NONE).channel, "sms");
    assert_int_equal(do_link(b, T("l1"), T("sms"), T("+31610000001"), true, T("sanne")).err, ERR_DUPLICATE);
    struct got log = do_log_after(b, T("l1"), 2, 10);
    assert_string_equal(log.texts[0], "linked");
}

static void the_newest_address_stands_last(void **state)
{
    (void)state;
    open_chat(b, "l2", "tax", 1000);
    held_by("l2", "sanne");
    assert_int_equal(do_link(b, T("l2"), T("email"), T("old@example.org"), true, T("sanne")).err, 0);
    assert_int_equal(do_link(b, T("l2"), T("email"), T("new@example.org"), true, T("sanne")).err, 0);
    assert_int_equal(arrive_from(b, "email", "old@example.org", "l2-m1", "no", 9000).err, 0); /* used last */
    struct got c = do_get(b, T("l2"), NONE);
    assert_int_equal(c.addresses_n, 2);
    assert_string_equal(c.addresses[1], "email old@example.org");
}

static void only_who_holds_the_conversation_links(void **state)
{
    (void)state;
    open_chat(b, "l3", "tax", 1000);
    assert_int_equal(do_link(b, T("l3"), T("sms"), T("+31610000003"), true, T("sanne")).err, ERR_FORBIDDEN);
    held_by("l3", "joost");
    assert_int_equal(do_link(b, T("l3"), T("sms"), T("+31610000003"), true, T("sanne")).err, ERR_FORBIDDEN);
    assert_int_equal(do_link(b, T("l3"), T("sms"), T("+31610000003"), false, T("joost")).err, ERR_NOT_FOUND); /* not linked */
    assert_int_equal(do_link(b, T("no-such"), T("sms"), T("+31610000003"), true, T("joost")).err, ERR_NOT_FOUND);
    assert_int_equal(do_get(b, T("l3"), NONE).addresses_n, 0);
}

static void an_address_in_use_is_not_taken(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31610000004", "l4-s1", "l4-other", 1000).opened);
    open_chat(b, "l4", "tax", 1000);
    held_by("l4", "sanne");
    assert_int_equal(do_link(b, T("l4"), T("sms"), T("+31610000004"), true, T("sanne")).err, ERR_ADDRESS_TAKEN);
    struct got g = arrive_from(b, "sms", "+31610000004", "l4-s2", "no", 2000);
    assert_string_equal(g.conversation, "l4-other");
}

static void unlinking_gives_back_what_was_before(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31610000005", "l5-s1", "l5-former", 1000).opened);
    set_state(b, "l5-former", "closed", 1100); /* nothing open any more: it may move */
    open_chat(b, "l5", "tax", 1200);
    held_by("l5", "sanne");
    assert_int_equal(do_link(b, T("l5"), T("sms"), T("+31610000005"), true, T("sanne")).err, 0);
    assert_string_equal(arrive_from(b, "sms", "+31610000005", "l5-s2", "no", 2000).conversation, "l5");
    assert_int_equal(do_get(b, T("l5-former"), NONE).addresses_n, 0);
    assert_int_equal(do_link(b, T("l5"), T("sms"), T("+31610000005"), false, T("sanne")).err, 0);
    assert_int_equal(do_get(b, T("l5"), NONE).addresses_n, 0);
    struct got g = arrive_from(b, "sms", "+31610000005", "l5-s3", "l5-again", 3000);
    assert_true(g.opened);
    assert_string_equal(g.resident, "r-l5-former"); /* theirs again */
    assert_int_equal(do_get(b, T("l5-former"), NONE).addresses_n, 1);
}

static void unlinking_a_new_address_forgets_it(void **state)
{
    (void)state;
    open_chat(b, "l6", "tax", 1000);
    held_by("l6", "sanne");
    assert_int_equal(do_link(b, T("l6"), T("email"), T("l6@example.org"), true, T("sanne")).err, 0);
    assert_int_equal(do_link(b, T("l6"), T("email"), T("l6@example.org"), false, T("sanne")).err, 0);
    struct got g = arrive_from(b, "email", "l6@example.org", "l6-m1", "l6-new", 2000);
    assert_true(g.opened);
    assert_string_equal(g.resident, "r-l6-new");
    struct got log = do_log_after(b, T("l6"), 2, 10);
    assert_string_equal(log.texts[0], "linked");
    assert_string_equal(log.texts[1], "unlinked");
}

static void an_address_that_moved_twice_goes_back_one_step(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31610000007", "l7-s1", "l7-first", 1000).opened);
    set_state(b, "l7-first", "closed", 1100);
    open_chat(b, "l7-a", "tax", 1200);
    held_by("l7-a", "sanne");
    assert_int_equal(do_link(b, T("l7-a"), T("sms"), T("+31610000007"), true, T("sanne")).err, 0);
    set_state(b, "l7-a", "closed", 1300);
    open_chat(b, "l7-b", "tax", 1400);
    held_by("l7-b", "sanne");
    assert_int_equal(do_link(b, T("l7-b"), T("sms"), T("+31610000007"), true, T("sanne")).err, 0);
    assert_int_equal(do_link(b, T("l7-b"), T("sms"), T("+31610000007"), false, T("sanne")).err, 0);
    /* back to whom it was taken from */
    assert_string_equal(arrive_from(b, "sms", "+31610000007", "l7-s2", "l7-new", 2000).resident, "r-l7-a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_linked_address_lands_in_the_thread),
        cmocka_unit_test(the_newest_address_stands_last),
        cmocka_unit_test(only_who_holds_the_conversation_links),
        cmocka_unit_test(an_address_in_use_is_not_taken),
        cmocka_unit_test(unlinking_gives_back_what_was_before),
        cmocka_unit_test(unlinking_a_new_address_forgets_it),
        cmocka_unit_test(an_address_that_moved_twice_goes_back_one_step),
    };
    return RUN(tests);
}
