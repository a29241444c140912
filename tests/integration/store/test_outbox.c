/* The outbox: taken once, again after a stop, attempts on disk, finished once, receipts that never go back. */
#include "main.h"

#include <stdio.h>

static void say_by(const char *conversation, uint64_t counter, const char *channel)
{
    struct store_append a = {.conversation = text_of(conversation), .client = T("console"), .counter = counter, .outbox = text_of(channel), .now_ms = 2000};
    a.entry = entry_of("message", "agent", "answer");
    assert_int_equal(do_append(b, &a).err, 0);
}

/* The item of @conversation among what was taken; its id. */
static bool item_of(const struct got *taken, const char *conversation, uint64_t seq, char id[65])
{
    for (size_t i = 0; i < taken->texts_n; i++) {
        char in[65];
        assert_int_equal(sscanf(taken->texts[i], "%64s %64s", id, in), 2);
        if (strcmp(in, conversation) == 0 && taken->seqs[i] == seq) {
            return true;
        }
    }
    return false;
}

static void an_item_is_taken_once_and_again_after_a_stop(void **state)
{
    (void)state;
    char id[65], same[65];
    open_chat(b, "o1", "tax", 1000);
    say_by("o1", 1, "email");
    struct got taken = do_take(b, "email", false, 10);
    assert_true(item_of(&taken, "o1", 2, id));
    assert_int_equal(do_take(b, "email", false, 10).texts_n, 0);
    taken = do_take(b, "email", true, 10);
    assert_true(item_of(&taken, "o1", 2, same));
    assert_string_equal(id, same);
    assert_non_null(strstr(taken.texts[0], " o1 0 ")); /* no attempt was begun */
    assert_int_equal(do_attempt(b, "email", text_of(id)).err, 0);
    assert_int_equal(do_attempt(b, "email", text_of(id)).err, 0);
    taken = do_take(b, "email", true, 10);
    assert_non_null(strstr(taken.texts[0], " o1 2 "));
    assert_int_equal(do_finish(b, "email", text_of(id), T("o1"), 2, T("sent"), T("ours-1@gemeente")).err, 0);
    assert_int_equal(do_take(b, "email", true, 10).texts_n, 0);
    assert_int_equal(do_finish(b, "email", text_of(id), T("o1"), 2, T("sent"), NONE).err, ERR_NOT_FOUND);
    assert_int_equal(do_log_after(b, T("o1"), 0, 10).texts_n, 3); /* one receipt */
}

static void what_was_sent_is_known_by_its_message_id(void **state)
{
    (void)state;
    char id[65];
    struct store_arrive in = {.source = T("email"), .source_id = T("thread-1"), .conversation_new = T("thread"), .resident_new = T("r-thread"), .queue = T("tax"),
                              .channel = T("email"), .address = T("thread@example.org"), .name = T("Fatima"), .subject = T("Afval"), .subject_key = T("afval"),
                              .message_id = T("theirs-1@example.org"), .now_ms = 1000};
    in.entry = entry_of("message", "resident", "question");
    assert_int_equal(do_arrive(b, &in).err, 0);
    say_by("thread", 1, "email");
    struct got taken = do_take(b, "email", false, 10);
    assert_true(item_of(&taken, "thread", 2, id));
    assert_non_null(strstr(taken.texts[0], "Fatima|Afval|theirs-1@example.org|theirs-1@example.org"));
    assert_int_equal(do_finish(b, "email", text_of(id), T("thread"), 2, T("sent"), T("ours-2@gemeente")).err, 0);
    /* the answer to our answer */
    struct text refs[] = {T("ours-2@gemeente")};
    in.source_id = T("thread-2");
    in.references = refs;
    in.references_n = 1;
    in.message_id = T("theirs-2@example.org");
    in.subject_key = T("another subject");
    struct got g = do_arrive(b, &in);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "thread");
    say_by("thread", 2, "email");
    taken = do_take(b, "email", false, 10);
    assert_non_null(strstr(taken.texts[0], "|theirs-2@example.org|theirs-1@example.org ours-2@gemeente theirs-2@example.org"));
    assert_true(item_of(&taken, "thread", 5, id));
    assert_int_equal(do_finish(b, "email", text_of(id), T("thread"), 5, T("failed"), NONE).err, 0);
}

static void order_is_kept_and_bounded(void **state)
{
    (void)state;
    char id[65];
    open_chat(b, "o2", "tax", 1000);
    for (uint64_t i = 1; i <= 5; i++) {
        say_by("o2", i, "sms");
    }
    struct got first = do_take(b, "sms", false, 3), rest = do_take(b, "sms", false, 10);
    assert_int_equal(first.texts_n, 3);
    assert_int_equal(rest.texts_n, 2);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(first.seqs[i], i + 2);
    }
    assert_int_equal(rest.seqs[1], 6);
    struct got again = do_take(b, "sms", true, 10);
    assert_int_equal(again.texts_n, 5);
    for (uint64_t i = 2; i <= 6; i++) {
        assert_true(item_of(&again, "o2", i, id));
        assert_int_equal(do_finish(b, "sms", text_of(id), T("o2"), i, T("sent"), NONE).err, 0);
    }
}

static void receipts_never_go_back(void **state)
{
    (void)state;
    open_chat(b, "o3", "tax", 1000);
    say_by("o3", 1, "sms");
    assert_int_equal(do_receipt(b, T("o3"), 2, T("sent")).err, 0);
    assert_int_equal(do_receipt(b, T("o3"), 2, T("sent")).err, ERR_DUPLICATE);
    assert_int_equal(do_receipt(b, T("o3"), 2, T("delivered")).err, 0);
    assert_int_equal(do_receipt(b, T("o3"), 2, T("sent")).err, ERR_DUPLICATE);
    assert_int_equal(do_receipt(b, T("o3"), 2, T("unknown")).err, ERR_DUPLICATE);
    assert_int_equal(do_receipt(b, T("o3"), 2, T("delivered")).err, ERR_DUPLICATE);
    assert_int_equal(do_receipt(b, T("o3"), 9, T("delivered")).err, ERR_NOT_FOUND); /* no such message */
    assert_int_equal(do_receipt(b, T("no-such"), 1, T("delivered")).err, ERR_NOT_FOUND);
    assert_int_equal(do_log_after(b, T("o3"), 2, 10).texts_n, 2);
}

static void a_report_that_overtakes_the_answer_stays(void **state)
{
    (void)state;
    char id[65];
    open_chat(b, "o4", "tax", 1000);
    say_by("o4", 1, "sms");
    struct got taken;
    do {
        taken = do_take(b, "sms", false, 10);
    } while (!item_of(&taken, "o4", 2, id));
    assert_int_equal(do_receipt(b, T("o4"), 2, T("delivered")).err, 0);
    assert_int_equal(do_finish(b, "sms", text_of(id), T("o4"), 2, T("sent"), NONE).err, ERR_DUPLICATE);
    taken = do_take(b, "sms", true, 10);
    assert_false(item_of(&taken, "o4", 2, id)); /* and the work is done nevertheless */
    assert_int_equal(do_log_after(b, T("o4"), 2, 10).texts_n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_is_taken_once_and_again_after_a_stop),
        cmocka_unit_test(what_was_sent_is_known_by_its_message_id),
        cmocka_unit_test(order_is_kept_and_bounded),
        cmocka_unit_test(receipts_never_go_back),
        cmocka_unit_test(a_report_that_overtakes_the_answer_stays),
    };
    return RUN(tests);
}
