/* store_arrive: which conversation a message from outside belongs to. The order of store.h: seen before; references; the resident's open one; a new one. */
#include <stdio.h>

#include "main.h"

/* A mail with everything that decides. */
static struct got mail(const char *source, const char *id, const char *address, const char *subject_key, const char *message_id, const char *token,
                       size_t references_n, const struct text *references, uint64_t now_ms)
{
    char resident[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    struct store_arrive a = {.source = T("email"), .source_id = text_of(source), .conversation_new = text_of(id), .resident_new = text_of(resident),
                             .queue = T("tax"), .channel = T("email"), .address = text_of(address), .name = T("Fatima"), .subject = text_of(subject_key),
                             .subject_key = text_of(subject_key), .token_conversation = text_of(token), .references = references,
                             .references_n = references_n, .message_id = text_of(message_id), .now_ms = now_ms};
    a.entry = entry_of("message", "resident", source);
    return do_arrive(b, &a);
}

#define REFS(...) (sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text)), (const struct text[]){__VA_ARGS__}

static void a_stranger_opens_a_conversation(void **state)
{
    (void)state;
    struct got g = mail("m1", "one", "one@example.org", "tax return", "m1@example.org", NULL, 0, NULL, 1000);
    assert_int_equal(g.err, 0);
    assert_true(g.opened);
    assert_string_equal(g.conversation, "one");
    assert_string_equal(g.resident, "r-one");
    assert_string_equal(g.state, "queued");
    assert_string_equal(g.queue, "tax");
    assert_string_equal(g.related, "");
    assert_int_equal(g.seq, 1);
    assert_int_equal(g.version, 1);
    struct got c = do_get(b, T("one"), NONE);
    assert_string_equal(c.name, "Fatima");
    assert_string_equal(c.subject, "tax return");
    assert_string_equal(c.channel, "email");
    assert_int_equal(c.addresses_n, 1);
    assert_string_equal(c.addresses[0], "email one@example.org");
}

static void what_was_seen_before_is_a_duplicate_with_the_first_answer(void **state)
{
    (void)state;
    assert_true(mail("dup", "dup", "dup@example.org", "x", "dup@example.org", NULL, 0, NULL, 1000).opened);
    assert_int_equal(mail("dup-2", "no", "dup@example.org", "x", "dup-2@example.org", NULL, 0, NULL, 1100).seq, 2);
    struct got g = mail("dup", "other", "dup@example.org", "x", "dup@example.org", NULL, 0, NULL, 2000);
    assert_int_equal(g.err, ERR_DUPLICATE);
    assert_string_equal(g.conversation, "dup");
    assert_string_equal(g.resident, "r-dup");
    assert_int_equal(g.seq, 1);
    assert_int_equal(do_log_after(b, T("dup"), 0, 10).texts_n, 2);
    assert_int_equal(do_get(b, T("other"), NONE).err, ERR_NOT_FOUND);
    /* the same id from another source is another message */
    assert_int_equal(arrive_from(b, "sms", "+31600000001", "dup", "by-sms", 3000).err, 0);
}

static void a_reference_finds_its_conversation(void **state)
{
    (void)state;
    assert_true(mail("ref-1", "ref", "ref@example.org", "passport", "ref-1@example.org", NULL, 0, NULL, 1000).opened);
    assert_true(arrive_from(b, "email", "other@example.org", "ref-2", "ref-newer", 1500).opened);
    struct got g = mail("ref-3", "no", "ref@example.org", "passport", "ref-3@example.org", NULL, REFS(T("unknown@x"), T("ref-1@example.org")), 2000);
    assert_int_equal(g.err, 0);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "ref");
    assert_int_equal(g.seq, 2);
    /* its own Message-ID is a reference from now on: the answer to the answer */
    g = mail("ref-4", "no", "ref@example.org", "something else", "ref-4@example.org", NULL, REFS(T("ref-3@example.org")), 3000);
    assert_string_equal(g.conversation, "ref");
    assert_int_equal(g.seq, 3);
}

static void the_newest_reference_wins(void **state)
{
    (void)state;
    assert_true(mail("two-1", "two-a", "two@example.org", "a", "two-a@example.org", NULL, 0, NULL, 1000).opened);
    set_state(b, "two-a", "closed", 1100);
    assert_true(mail("two-2", "two-b", "two@example.org", "b", "two-b@example.org", NULL, 0, NULL, 1200).opened);
    struct got g = mail("two-3", "no", "two@example.org", "a", "two-3@x", NULL, REFS(T("two-a@example.org"), T("two-b@example.org")), 2000);
    assert_string_equal(g.conversation, "two-a");
    assert_string_equal(g.state, "closed");
    g = mail("two-4", "no", "two@example.org", "b", "two-4@x", NULL, REFS(T("two-b@example.org"), T("two-a@example.org")), 2000);
    assert_string_equal(g.conversation, "two-b");
}

static void a_reference_to_somebody_else_is_only_related(void **state)
{
    (void)state;
    assert_true(mail("own-1", "own", "owner@example.org", "secret", "own-1@example.org", NULL, 0, NULL, 1000).opened);
    struct got g = mail("own-2", "thief", "thief@example.org", "secret", "own-2@example.org", NULL, REFS(T("own-1@example.org")), 2000);
    assert_int_equal(g.err, 0);
    assert_true(g.opened);
    assert_string_equal(g.conversation, "thief");
    assert_string_equal(g.related, "own");
    assert_string_equal(do_get(b, T("thief"), NONE).related, "own");
    assert_int_equal(do_log_after(b, T("own"), 0, 10).texts_n, 1);
    /* and a verified token of somebody else proves no more than a reference */
    g = mail("own-3", "thief-2", "thief2@example.org", "secret", "own-3@example.org", "own", 0, NULL, 3000);
    assert_true(g.opened);
    assert_string_equal(g.related, "own");
    g = mail("own-4", "no", "owner@example.org", "secret", "own-4@example.org", "own", 0, NULL, 4000);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "own");
}

static void another_subject_on_a_closed_one_is_a_new_conversation(void **state)
{
    (void)state;
    assert_true(mail("sub-1", "sub", "sub@example.org", "parking", "sub-1@example.org", NULL, 0, NULL, 1000).opened);
    /* while it is open a new subject stays in the thread */
    struct got g = mail("sub-2", "no", "sub@example.org", "dog tax", "sub-2@example.org", NULL, REFS(T("sub-1@example.org")), 1100);
    assert_false(g.opened);
    set_state(b, "sub", "closed", 1200);
    g = mail("sub-3", "sub-new", "sub@example.org", "dog tax", "sub-3@example.org", NULL, REFS(T("sub-1@example.org")), 2000);
    assert_true(g.opened);
    assert_string_equal(g.conversation, "sub-new");
    assert_string_equal(g.related, "sub");
    assert_string_equal(g.resident, "r-sub"); /* the same resident */
    /* with the old subject the closed one wakes */
    g = mail("sub-4", "no", "sub@example.org", "parking", "sub-4@example.org", NULL, REFS(T("sub-1@example.org")), 3000);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "sub");
    assert_string_equal(g.state, "closed");
    struct got list = do_attention(b);
    bool found = false;
    for (size_t i = 0; i < list.texts_n; i++) {
        found |= strcmp(list.texts[i], "sub") == 0;
    }
    assert_true(found);
}

static void without_a_reference_the_newest_open_one_is_meant(void **state)
{
    (void)state;
    struct got g = arrive_from(b, "sms", "+31611111111", "s1", "open-a", 1000);
    assert_true(g.opened);
    g = arrive_from(b, "sms", "+31611111111", "s2", "no", 2000);
    assert_false(g.opened);
    assert_string_equal(g.conversation, "open-a");
    assert_int_equal(g.seq, 2);
    set_state(b, "open-a", "closed", 3000);
    g = arrive_from(b, "sms", "+31611111111", "s3", "open-b", 4000);
    assert_true(g.opened);
    assert_string_equal(g.conversation, "open-b");
    assert_string_equal(g.resident, "r-open-a");
    assert_string_equal(g.related, "");
}

static void addresses_of_two_channels_are_two_residents_until_linked(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31622222222", "l1", "link-a", 1000).opened);
    struct got g = arrive_from(b, "email", "+31622222222", "l2", "link-b", 2000); /* the same characters on another channel */
    assert_true(g.opened);
    assert_string_equal(g.resident, "r-link-b");
}

static void a_chat_is_nobody_we_know(void **state)
{
    (void)state;
    open_chat(b, "chat-a", "tax", 1000);
    open_chat(b, "chat-b", "tax", 1000);
    assert_string_equal(do_get(b, T("chat-b"), T("client-chat-b")).resident, "r-chat-b");
    assert_int_equal(do_get(b, T("chat-b"), T("client-chat-b")).counter, 1);
    assert_int_equal(do_get(b, T("chat-b"), NONE).addresses_n, 0);
}

static void the_head_start_moves_the_place(void **state)
{
    (void)state;
    struct store_arrive a = {.source = T("sms"), .source_id = T("head-1"), .conversation_new = T("head-early"), .resident_new = T("r-head-1"), .queue = T("head"),
                             .channel = T("sms"), .address = T("+31633333333"), .now_ms = 905000};
    a.entry = entry_of("message", "resident", "x");
    assert_true(do_arrive(b, &a).opened);
    a.source_id = T("head-2");
    a.conversation_new = T("head-late");
    a.resident_new = T("r-head-2");
    a.address = T("+31633333334");
    a.now_ms = 910000;
    a.head_start_ms = 6000;
    assert_true(do_arrive(b, &a).opened);
    struct seen v;
    struct text queues[] = {T("head")};
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.waiting_n, 2);
    assert_string_equal(v.waiting[0].conversation, "head-late"); /* 910000 - 6000 is before 905000 */
    assert_int_equal(v.waiting[0].score, 904000);
    assert_int_equal(v.waiting[0].queued_at_ms, 910000);
    assert_int_equal(v.waiting[1].score, 905000);
}

static void who_came_first_is_first_within_one_tick_of_the_clock(void **state)
{
    (void)state;
    static const char *const ids[] = {"tick-z", "tick-m", "tick-a"}; /* whatever the ids' order */
    for (int i = 0; i < 3; i++) {
        open_chat(b, ids[i], "tick", i == 2 ? 911999 : 912000); /* a clock that steps back changes nothing */
    }
    struct seen v;
    struct text queues[] = {T("tick")};
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.waiting_n, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(v.waiting[i].conversation, ids[i]);
    }
}

static void a_message_reaches_the_agent_who_holds_the_thread(void **state)
{
    (void)state;
    assert_true(arrive_from(b, "sms", "+31644444444", "h1", "held", 1000).opened);
    sign_in(b, "sanne", 6, 1000);
    assign(b, "held", "sanne", 2000);
    struct got g = arrive_from(b, "sms", "+31644444444", "h2", "no", 3000);
    assert_string_equal(g.conversation, "held");
    assert_string_equal(g.owner, "sanne");
    assert_string_equal(g.state, "active");
    assert_int_equal(g.version, 2);
    set_state(b, "held", "closed", 4000);
}

static struct got arrive_limited(const char *id, uint64_t most, const char *overflow)
{
    char resident[80], key[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    (void)snprintf(key, sizeof key, "key-%s", id);
    struct store_arrive a = {.source = T("chat"), .source_id = text_of(key), .conversation_new = text_of(id), .resident_new = text_of(resident), .queue = T("small"),
                             .channel = T("chat"), .client = T("page"), .waiting_max = most, .overflow_queue = text_of(overflow), .now_ms = 1000};
    a.entry = entry_of("message", "resident", "first");
    return do_arrive(b, &a);
}

static void a_full_queue_overflows_or_refuses(void **state)
{
    (void)state;
    assert_int_equal(arrive_limited("lim-1", 2, NULL).err, 0);
    assert_int_equal(arrive_limited("lim-2", 2, NULL).err, 0);
    assert_int_equal(arrive_limited("lim-3", 2, NULL).err, ERR_FULL);
    assert_int_equal(do_get(b, T("lim-3"), NONE).err, ERR_NOT_FOUND); /* and may come again */
    struct got g = arrive_limited("lim-3", 2, "large");
    assert_int_equal(g.err, 0);
    assert_string_equal(g.queue, "large");
    assert_string_equal(see_line(b, "lim-3")->queue, "large");
    assert_int_equal(arrive_limited("lim-4", 0, NULL).err, 0); /* no limit */
    set_state(b, "lim-1", "closed", 2000);
    set_state(b, "lim-2", "closed", 2000);
    assert_string_equal(arrive_limited("lim-5", 2, "large").queue, "small");
}

static void what_would_break_a_line_is_refused(void **state)
{
    (void)state;
    struct store_arrive a = {.source = T("chat"), .source_id = T("bad"), .conversation_new = T("bad"), .resident_new = T("r-bad"), .queue = T("tax"),
                             .channel = T("chat"), .now_ms = 1000};
    a.entry = entry_of("message", "resident", "first");
    a.language = T("nl|x");
    assert_int_equal(do_arrive(b, &a).err, ERR_BAD_FIELD);
    a.language = NONE;
    a.needs = T("tax:1 law:2");
    assert_int_equal(do_arrive(b, &a).err, ERR_BAD_FIELD);
    a.needs = NONE;
    a.channel = T("pigeon");
    assert_int_equal(do_arrive(b, &a).err, ERR_BAD_FIELD);
    a.channel = T("chat");
    assert_int_equal(do_arrive(b, &a).err, 0);
    struct store_append say = {.conversation = T("bad"), .channel = T("pigeon"), .from_resident = true};
    say.entry = a.entry;
    assert_int_equal(do_append(b, &say).err, ERR_BAD_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_opens_a_conversation),
        cmocka_unit_test(what_was_seen_before_is_a_duplicate_with_the_first_answer),
        cmocka_unit_test(a_reference_finds_its_conversation),
        cmocka_unit_test(the_newest_reference_wins),
        cmocka_unit_test(a_reference_to_somebody_else_is_only_related),
        cmocka_unit_test(another_subject_on_a_closed_one_is_a_new_conversation),
        cmocka_unit_test(without_a_reference_the_newest_open_one_is_meant),
        cmocka_unit_test(addresses_of_two_channels_are_two_residents_until_linked),
        cmocka_unit_test(a_chat_is_nobody_we_know),
        cmocka_unit_test(the_head_start_moves_the_place),
        cmocka_unit_test(who_came_first_is_first_within_one_tick_of_the_clock),
        cmocka_unit_test(a_message_reaches_the_agent_who_holds_the_thread),
        cmocka_unit_test(a_full_queue_overflows_or_refuses),
        cmocka_unit_test(what_would_break_a_line_is_refused),
    };
    return RUN(tests);
}
