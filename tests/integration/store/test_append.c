/* store_append: numbering, duplicates, gaps, ownership, the outbox and the attention list, in one step. And reading the log. */
#include "main.h"

static struct store_append say(const char *conversation, const char *client, uint64_t counter, const char *text)
{
    struct store_append a = {.conversation = text_of(conversation), .client = text_of(client), .counter = counter, .channel = T("chat"),
                             .from_resident = true, .now_ms = 2000};
    a.entry = entry_of("message", "resident", text);
    return a;
}

static struct got say_do(const char *conversation, const char *client, uint64_t counter, const char *text)
{
    struct store_append a = say(conversation, client, counter, text);
    return do_append(b, &a);
}

static void numbers_are_dense(void **state)
{
    (void)state;
    open_chat(b, "dense", "tax", 1000);
    for (uint64_t i = 2; i <= 12; i++) {
        struct got g = say_do("dense", "client-dense", i, "more");
        assert_int_equal(g.err, 0);
        assert_int_equal(g.seq, i);
        assert_string_equal(g.state, "queued");
    }
    struct got log = do_log_after(b, T("dense"), 0, 100);
    assert_int_equal(log.texts_n, 12);
    for (size_t i = 0; i < log.texts_n; i++) {
        assert_int_equal(log.seqs[i], i + 1);
    }
    assert_string_equal(log.texts[0], "first");
}

static void a_repeat_is_a_duplicate(void **state)
{
    (void)state;
    open_chat(b, "repeat", "tax", 1000);
    assert_int_equal(say_do("repeat", "client-repeat", 2, "two").err, 0);
    assert_int_equal(say_do("repeat", "client-repeat", 3, "three").err, 0);
    for (uint64_t counter = 1; counter <= 3; counter++) {
        struct got g = say_do("repeat", "client-repeat", counter, "again");
        assert_int_equal(g.err, ERR_DUPLICATE);
        assert_int_equal(g.counter, 3); /* the highest that is stored */
    }
    assert_int_equal(do_log_after(b, T("repeat"), 0, 100).texts_n, 3);
    assert_int_equal(do_get(b, T("repeat"), T("client-repeat")).counter, 3);
}

static void a_gap_is_refused(void **state)
{
    (void)state;
    open_chat(b, "gap", "tax", 1000);
    struct got g = say_do("gap", "client-gap", 3, "three");
    assert_int_equal(g.err, ERR_COUNTER_GAP);
    assert_int_equal(g.counter, 1);
    assert_int_equal(say_do("gap", "client-gap", 2, "two").err, 0);
    assert_int_equal(say_do("gap", "client-gap", 3, "three").err, 0);
}

static void each_client_counts_for_itself(void **state)
{
    (void)state;
    open_chat(b, "clients", "tax", 1000);
    assert_int_equal(say_do("clients", "phone", 1, "a").err, 0);
    assert_int_equal(say_do("clients", "laptop", 1, "b").err, 0);
    assert_int_equal(say_do("clients", "phone", 2, "c").err, 0);
    assert_int_equal(say_do("clients", "laptop", 1, "b").err, ERR_DUPLICATE);
    assert_int_equal(do_get(b, T("clients"), T("laptop")).counter, 1);
    assert_int_equal(do_get(b, T("clients"), T("phone")).counter, 2);
    assert_int_equal(do_get(b, T("clients"), T("nobody")).counter, 0);
}

static void without_a_client_nothing_is_counted(void **state)
{
    (void)state;
    open_chat(b, "system", "tax", 1000);
    struct store_append a = {.conversation = T("system"), .now_ms = 2000};
    a.entry = entry_of("note", "system", "by the system");
    assert_int_equal(do_append(b, &a).seq, 2);
    assert_int_equal(do_append(b, &a).seq, 3);
}

static void who_does_not_hold_it_may_not_write(void **state)
{
    (void)state;
    open_chat(b, "owned", "tax", 1000);
    sign_in(b, "sanne", 6, 1000);
    struct store_append a = say("owned", "console", 1, "by the agent");
    a.from_resident = false;
    a.channel = NONE;
    a.must_own = T("sanne");
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN); /* nobody holds it */
    assign(b, "owned", "sanne", 2000);
    a.must_own = T("joost");
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN);
    a.must_own = T("sanne");
    struct got g = do_append(b, &a);
    assert_int_equal(g.err, 0);
    assert_int_equal(g.seq, 3); /* the refusals took no number */
    set_state(b, "owned", "closed", 3000);
}

static void who_takes_part_may_write_too(void **state)
{
    (void)state;
    open_chat(b, "part", "tax", 1000);
    sign_in(b, "sanne", 6, 1000);
    assign(b, "part", "sanne", 2000);
    struct store_append a = say("part", "console-2", 1, "by a colleague");
    a.from_resident = false;
    a.channel = NONE;
    a.must_own = T("joost");
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN);
    assert_int_equal(do_join(b, "part", "joost-2", true, "sanne").err, 0);
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN); /* a longer name is somebody else */
    assert_int_equal(do_join(b, "part", "joost", true, "sanne").err, 0);
    assert_int_equal(do_append(b, &a).err, 0);
    assert_int_equal(do_join(b, "part", "joost", false, "sanne").err, 0);
    a.counter = 2;
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN);
    set_state(b, "part", "closed", 3000);
}

static void whoever_holds_it_now_may_write(void **state)
{
    (void)state;
    open_chat(b, "turns", "tax", 1000);
    sign_in(b, "sanne", 6, 1000);
    sign_in(b, "joost", 6, 1000);
    struct store_append a = say("turns", "console", 1, "by the agent");
    a.from_resident = false;
    a.channel = NONE;
    a.must_own = T("sanne");
    assign(b, "turns", "sanne", 2000);
    assert_int_equal(do_append(b, &a).err, 0);
    assign(b, "turns", "joost", 2100); /* taken over: the former owner has no access from this step on */
    a.counter = 2;
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN);
    a.must_own = T("joost");
    struct got g = do_append(b, &a);
    assert_int_equal(g.err, 0);
    assert_string_equal(g.state, "active");
    set_state(b, "turns", "snoozed", 3000);
    a.counter = 3;
    assert_int_equal(do_append(b, &a).err, ERR_FORBIDDEN);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(say_do("no-such", "client", 1, "x").err, ERR_NOT_FOUND);
    assert_int_equal(do_get(b, T("no-such"), NONE).err, ERR_NOT_FOUND);
    assert_int_equal(do_log_after(b, T("no-such"), 0, 10).texts_n, 0);
}

static void outbound_work_is_put_out_in_the_same_step(void **state)
{
    (void)state;
    open_chat(b, "out", "tax", 1000);
    struct store_append a = say("out", "console", 1, "by mail");
    a.from_resident = false;
    a.channel = NONE;
    a.outbox = T("email");
    assert_int_equal(do_append(b, &a).seq, 2);
    assert_int_equal(do_append(b, &a).err, ERR_DUPLICATE); /* and no second mail */
    struct got taken = do_take(b, "email", false, 10);
    assert_int_equal(taken.texts_n, 1);
    assert_int_equal(taken.seqs[0], 2);
    assert_int_equal(do_take(b, "sms", false, 10).texts_n, 0);
}

static bool needs_attention(const char *id)
{
    struct got list = do_attention(b);
    for (size_t i = 0; i < list.texts_n; i++) {
        if (strcmp(list.texts[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static void a_closed_conversation_asks_for_attention(void **state)
{
    (void)state;
    open_chat(b, "asleep", "tax", 1000);
    assert_int_equal(say_do("asleep", "client-asleep", 2, "still waiting").err, 0);
    assert_false(needs_attention("asleep"));
    set_state(b, "asleep", "closed", 2000);
    struct store_append a = {.conversation = T("asleep"), .now_ms = 2500};
    a.entry = entry_of("note", "agent", "not by the resident");
    assert_int_equal(do_append(b, &a).err, 0);
    assert_false(needs_attention("asleep"));
    struct got g = say_do("asleep", "client-asleep", 3, "one more thing");
    assert_int_equal(g.err, 0);
    assert_string_equal(g.state, "closed"); /* as it was before any transition */
    assert_true(needs_attention("asleep"));
    set_state(b, "asleep", "queued", 3000);
    assert_false(needs_attention("asleep"));
    static const char *const rest[] = {"offered", "active", "snoozed", "wrap_up"};
    sign_in(b, "sanne", 50, 1000);
    for (uint64_t i = 0; i < 4; i++) { /* whoever waits, or is helped, needs no decision */
        struct got c = do_get(b, T("asleep"), NONE);
        assert_int_equal(move(b, "asleep", c.version, rest[i], i == 1 || i == 3 ? "sanne" : NULL, "tax", 4000 + i).err, 0);
        g = say_do("asleep", "client-asleep", 4 + i, "and another");
        assert_string_equal(g.state, rest[i]);
        assert_int_equal(needs_attention("asleep"), i >= 2);
    }
    set_state(b, "asleep", "closed", 5000);
}

static void a_resident_who_goes_back_to_chat_is_counted_there(void **state)
{
    (void)state;
    struct seen v;
    struct text queues[] = {T("moving")};
    struct store_arrive in = {.source = T("sms"), .source_id = T("moving-1"), .conversation_new = T("moving"), .resident_new = T("r-moving"),
                              .queue = T("moving"), .channel = T("sms"), .address = T("+31600000099"), .now_ms = 1000};
    in.entry = entry_of("message", "resident", "by sms");
    assert_int_equal(do_arrive(b, &in).err, 0);
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].sms, 1);
    assert_int_equal(say_do("moving", "page", 1, "by chat").err, 0);
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].sms, 0);
    assert_int_equal(v.queues[0].chat, 1);
    assert_int_equal(v.queues[0].waiting, 1);
    assert_string_equal(v.waiting[0].channel, "chat");
    set_state(b, "moving", "closed", 2000);
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].chat, 0);
}

static void the_log_is_read_in_pages_from_both_ends(void **state)
{
    (void)state;
    open_chat(b, "pages", "tax", 1000);
    for (uint64_t i = 2; i <= 50; i++) {
        assert_int_equal(say_do("pages", "client-pages", i, "x").err, 0);
    }
    struct got g = do_log_after(b, T("pages"), 47, 100);
    assert_int_equal(g.texts_n, 3);
    assert_int_equal(g.seqs[0], 48);
    g = do_log_after(b, T("pages"), 10, 5);
    assert_int_equal(g.texts_n, 5);
    assert_int_equal(g.seqs[0], 11);
    assert_int_equal(g.seqs[4], 15);
    g = do_log_before(b, T("pages"), 20, 5);
    assert_int_equal(g.texts_n, 5);
    assert_int_equal(g.seqs[0], 15); /* ascending */
    assert_int_equal(g.seqs[4], 19);
    assert_int_equal(do_log_before(b, T("pages"), 1, 5).texts_n, 0);
    assert_int_equal(do_log_before(b, T("pages"), 0, 5).texts_n, 0);
    assert_int_equal(do_log_after(b, T("pages"), 50, 5).texts_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_dense),
        cmocka_unit_test(a_repeat_is_a_duplicate),
        cmocka_unit_test(a_gap_is_refused),
        cmocka_unit_test(each_client_counts_for_itself),
        cmocka_unit_test(without_a_client_nothing_is_counted),
        cmocka_unit_test(who_does_not_hold_it_may_not_write),
        cmocka_unit_test(who_takes_part_may_write_too),
        cmocka_unit_test(whoever_holds_it_now_may_write),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(outbound_work_is_put_out_in_the_same_step),
        cmocka_unit_test(a_closed_conversation_asks_for_attention),
        cmocka_unit_test(a_resident_who_goes_back_to_chat_is_counted_there),
        cmocka_unit_test(the_log_is_read_in_pages_from_both_ends),
    };
    return RUN(tests);
}
