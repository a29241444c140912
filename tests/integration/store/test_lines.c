/* Waiting for the resident, and standing in a line for the router: places, lines by what is asked for, looks in pages. */
#include "main.h"

#include <stdio.h>
#include <stdlib.h>

static struct seen v;

static struct store_arrive chat(const char *id, const char *queue, uint64_t now_ms)
{
    static char resident[80], key[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    (void)snprintf(key, sizeof key, "key-%s", id);
    struct store_arrive a = {.source = T("chat"), .source_id = text_of(key), .conversation_new = text_of(id), .resident_new = text_of(resident),
                             .queue = text_of(queue), .channel = T("chat"), .client = T("page"), .now_ms = now_ms};
    a.entry = entry_of("message", "resident", "first");
    return a;
}

static void back_at_the_old_place_or_at_the_end(void **state)
{
    (void)state;
    struct text queues[] = {T("place"), T("elsewhere")};
    sign_in(b, "a6", 20, 1000);
    open_chat(b, "place-1", "place", 901000);
    open_chat(b, "place-2", "place", 902000);
    assert_int_equal(move(b, "place-1", 1, "active", "a6", "place", 903000).err, 0);
    struct store_transition back = to("place-1", 2, "queued", NULL, "place", 904000);
    back.keep_place = true;
    back.held = T("a6");
    assert_int_equal(do_transition(b, &back).err, 0);
    do_view(b, queues, 2, 10, &v);
    assert_string_equal(v.waiting[0].conversation, "place-1");
    assert_int_equal(v.waiting[0].score, 901000);
    assert_int_equal(v.queues[0].oldest, 901000);
    assert_string_equal(see_line(b, "place-1")->held, "a6"); /* whoever held it is first again */
    assert_int_equal(move(b, "place-1", 3, "active", "a6", "place", 905000).err, 0);
    assert_int_equal(move(b, "place-1", 4, "queued", NULL, "place", 906000).err, 0);
    do_view(b, queues, 2, 10, &v);
    assert_string_equal(v.waiting[1].conversation, "place-1");
    assert_int_equal(v.waiting[1].score, 906000);
    assert_string_equal(see_line(b, "place-1")->held, "");
    /* to another queue: gone from the first, and not to the end: it has waited already */
    assert_int_equal(move(b, "place-1", 5, "queued", NULL, "elsewhere", 907000).err, 0);
    do_view(b, queues, 2, 10, &v);
    assert_int_equal(v.queues[0].waiting, 1);
    assert_int_equal(v.queues[0].chat, 1);
    assert_int_equal(v.queues[1].waiting, 1);
    assert_int_equal(v.queues[1].chat, 1);
    assert_int_equal(v.queues[1].oldest, 906000);
    assert_string_equal(see_line(b, "place-1")->queue, "elsewhere");
}

static void a_place_is_told_and_renewed(void **state)
{
    (void)state;
    open_chat(b, "rank-1", "rank", 1000000);
    open_chat(b, "rank-2", "rank", 1000001);
    open_chat(b, "rank-3", "rank", 1000002);
    assert_int_equal(see_place(b, "rank-1"), 1);
    assert_int_equal(see_place(b, "rank-3"), 3);
    assert_int_equal(move(b, "rank-2", 1, "active", "a6", "rank", 1000100).err, 0);
    assert_int_equal(see_place(b, "rank-2"), 0);
    assert_int_equal(see_place(b, "rank-3"), 2);
    assert_int_equal(move(b, "rank-2", 2, "queued", NULL, "rank", 1000200).err, 0);
    assert_int_equal(see_place(b, "rank-2"), 3);
    assert_int_equal(do_prioritise(b, "rank-2", 5, 600000).err, 0);
    assert_int_equal(see_place(b, "rank-2"), 1);
    assert_int_equal(see_place(b, "rank-1"), 2);
    assert_int_equal(do_places(b, "no-such").seq, 0);
}

static void each_class_has_a_line_of_its_own(void **state)
{
    (void)state;
    static const struct { const char *id, *language, *needs, *prefers; } rows[] = {
        {"class-0", NULL, NULL, NULL}, {"class-1", "tr", NULL, NULL}, {"class-2", NULL, "tax:3", NULL}, {"class-3", NULL, NULL, "tax:3"}, {"class-4", "tr", "tax:3,law:1", "dog:2"}};
    for (size_t i = 0; i < 5; i++) {
        struct store_arrive a = chat(rows[i].id, "class", 1100000 + i);
        a.language = text_of(rows[i].language);
        a.needs = text_of(rows[i].needs);
        a.prefers = text_of(rows[i].prefers);
        assert_true(do_arrive(b, &a).opened);
    }
    do_look(b, 0, 1, &v); /* one of each line */
    for (size_t i = 0; i < 5; i++) {
        const struct seen_row *r = NULL;
        for (size_t k = 0; k < v.waiting_n; k++) {
            r = strcmp(v.waiting[k].conversation, rows[i].id) == 0 ? &v.waiting[k] : r;
        }
        assert_non_null(r);
        assert_string_equal(r->language, rows[i].language ? rows[i].language : "");
        assert_string_equal(r->needs, rows[i].needs ? rows[i].needs : "");
        assert_string_equal(r->prefers, rows[i].prefers ? rows[i].prefers : "");
        assert_string_equal(r->queue, "class");
        assert_string_equal(r->channel, "chat");
        assert_int_equal(r->score, 1100000 + i);
        assert_int_equal(r->queued_at_ms, 1100000 + i);
        assert_int_equal(r->version, 1);
    }
    struct store_transition tr = to("class-0", 1, "queued", NULL, "class", 1100100);
    tr.needs = T("law:5"); /* a person asked for it */
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_string_equal(see_line(b, "class-0")->needs, "law:5");
    assert_string_equal(see_line(b, "class-4")->needs, "tax:3,law:1");
    assert_string_equal(do_get(b, T("class-1"), NONE).language, "tr");
}

static void another_channel_is_another_line(void **state)
{
    (void)state;
    struct text queues[] = {T("change")};
    struct store_arrive in = chat("change-1", "change", 1200000);
    in.source = in.channel = T("sms");
    in.address = T("+31600000088");
    assert_true(do_arrive(b, &in).opened);
    assert_string_equal(see_line(b, "change-1")->channel, "sms");
    struct store_append a = {.conversation = T("change-1"), .client = T("page"), .counter = 2, .channel = T("chat"), .from_resident = true, .now_ms = 1200001};
    a.entry = entry_of("message", "resident", "by chat");
    assert_int_equal(do_append(b, &a).err, 0);
    assert_string_equal(see_line(b, "change-1")->channel, "chat");
    assert_string_equal(do_get(b, T("change-1"), NONE).channel, "chat");
    in.source_id = T("change-again");
    assert_false(do_arrive(b, &in).opened);
    assert_string_equal(see_line(b, "change-1")->channel, "sms");
    /* while it is offered: counted there, and in the right line afterwards */
    assert_int_equal(move(b, "change-1", 1, "offered", NULL, "change", 1200002).err, 0);
    a.counter = 3;
    assert_int_equal(do_append(b, &a).err, 0);
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].chat, 1);
    assert_int_equal(v.queues[0].sms, 0);
    assert_string_equal(v.waiting[0].state, "offered");
    assert_null(see_line(b, "change-1"));
    assert_int_equal(move(b, "change-1", 2, "queued", NULL, "change", 1200003).err, 0);
    assert_string_equal(see_line(b, "change-1")->channel, "chat");
    set_state(b, "change-1", "closed", 1200004);
    assert_null(see_line(b, "change-1"));
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].chat + v.queues[0].sms + v.queues[0].email, 0);
}

static size_t row_of(const char *conversation)
{
    size_t i = 0;
    while (i < v.waiting_n && strcmp(v.waiting[i].conversation, conversation) != 0) {
        i++;
    }
    assert_true(i < v.waiting_n);
    return i;
}

static void the_line_with_the_oldest_head_comes_first(void **state)
{
    (void)state;
    open_chat(b, "head-1", "young", 1300001);
    open_chat(b, "head-2", "old", 1300000);
    do_look(b, 0, 200, &v);
    assert_true(row_of("head-1") < row_of("head-2")); /* their places are 1300001 and 1300002: a place is given once */
    assert_int_equal(do_prioritise(b, "head-2", 1, 1000).err, 0);
    do_look(b, 0, 200, &v);
    assert_true(row_of("head-2") < row_of("head-1"));
}

static void a_line_without_its_head_stands_further_back(void **state)
{
    (void)state;
    open_chat(b, "turn-1", "turn-a", 1400000);
    open_chat(b, "turn-2", "turn-b", 1400010);
    open_chat(b, "turn-3", "turn-a", 1400020);
    do_look(b, 0, 200, &v);
    assert_true(row_of("turn-1") < row_of("turn-2") && row_of("turn-3") < row_of("turn-2")); /* line by line */
    set_state(b, "turn-1", "closed", 1400030);
    do_look(b, 0, 200, &v);
    assert_true(row_of("turn-2") < row_of("turn-3"));
}

static void a_look_goes_on_where_it_ended(void **state)
{
    (void)state;
    enum { LINES = 300, DEEP = 7 };
    char id[24], queue[16];
    static bool found[LINES * 2 + DEEP];
    for (int i = 0; i < LINES; i++) { /* more lines than one look takes */
        (void)snprintf(id, sizeof id, "page-%d", i);
        (void)snprintf(queue, sizeof queue, "line-%d", i);
        open_chat(b, id, queue, 2000000);
    }
    for (int i = 0; i < DEEP; i++) { /* one line is deeper than the window */
        (void)snprintf(id, sizeof id, "page-%d", LINES + i);
        open_chat(b, id, "line-3", 2100000);
    }
    size_t offset = 0, looks = 0, rows = 0;
    do {
        do_look(b, offset, 2, &v);
        assert_int_equal(v.err, 0);
        assert_int_equal(v.more, v.next > 0);
        for (size_t i = 0; i < v.waiting_n; i++) {
            if (strncmp(v.waiting[i].conversation, "page-", 5) == 0) {
                int n = atoi(v.waiting[i].conversation + 5);
                assert_false(found[n]);
                found[n] = true;
                rows++;
            }
        }
        offset = v.next;
        looks++;
    } while (offset > 0);
    assert_int_equal(rows, LINES + DEEP);
    assert_int_equal(looks, 2 * 4); /* two pages of lines, four windows deep */
    for (int i = 0; i < LINES + DEEP; i++) { /* nobody waits any more: no line is left to look at */
        (void)snprintf(id, sizeof id, "page-%d", i);
        set_state(b, id, "closed", 2200000);
    }
    do_look(b, 0, TEXTS_MAX, &v);
    assert_false(v.more);
    assert_true(v.waiting_n < 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(back_at_the_old_place_or_at_the_end),
        cmocka_unit_test(a_place_is_told_and_renewed),
        cmocka_unit_test(each_class_has_a_line_of_its_own),
        cmocka_unit_test(another_channel_is_another_line),
        cmocka_unit_test(the_line_with_the_oldest_head_comes_first),
        cmocka_unit_test(a_line_without_its_head_stands_further_back),
        cmocka_unit_test(a_look_goes_on_where_it_ended),
    };
    return RUN(tests);
}
