/* Alarms: known again from round to round, begun once, gone when not raised, the oldest first, and no kind hides another. */
#include "../test.h"

#include <stdlib.h>

#include "hub/alarm_list.h"

struct began {
    size_t n;
    struct alarm last;
};

static void note(void *ctx, const struct alarm *a)
{
    struct began *b = ctx;
    b->n++;
    b->last = *a;
}

static struct alarm about(enum alarm_kind kind, const char *queue, const char *conversation, uint64_t since)
{
    struct alarm a = {.kind = kind, .since_ms = since};
    assert_int_equal(text_copy(text_of(queue), a.queue, sizeof a.queue), 0);
    assert_int_equal(text_copy(text_of(conversation), a.conversation, sizeof a.conversation), 0);
    return a;
}

static struct alarm_list *list_new(void)
{
    struct alarm_list *l = calloc(1, sizeof *l);
    assert_non_null(l);
    return l;
}

static void an_alarm_keeps_its_beginning(void **state)
{
    (void)state;
    struct alarm_list *l = list_new();
    struct began b = {0};
    struct frame_alarm shown[ALARMS_MAX];
    struct alarm a = about(ALARM_NOBODY, "burgerzaken", "", 0);
    for (uint64_t now = 1000; now <= 5000; now += 1000) {
        alarm_list_begin(l);
        alarm_list_raise(l, &a, now);
        alarm_list_end(l, note, &b);
    }
    assert_int_equal(b.n, 1);
    assert_int_equal(b.last.since_ms, 1000);
    assert_int_equal(alarm_list_show(l, shown), 1);
    assert_true(text_is(shown[0].kind, "nobody"));
    assert_true(text_is(shown[0].queue, "burgerzaken"));
    assert_int_equal(shown[0].since, 1000);
    assert_null(shown[0].conversation.s);
    assert_null(shown[0].agent.s);
    assert_null(shown[0].target.s);
    /* it ends, and begins anew */
    alarm_list_begin(l);
    alarm_list_end(l, note, &b);
    assert_int_equal(alarm_list_show(l, shown), 0);
    alarm_list_begin(l);
    alarm_list_raise(l, &a, 9000);
    alarm_list_end(l, note, &b);
    assert_int_equal(b.n, 2);
    assert_int_equal(alarm_list_show(l, shown), 1);
    assert_int_equal(shown[0].since, 9000);
    free(l);
}

static void a_round_that_does_not_end_changes_nothing(void **state)
{
    (void)state;
    struct alarm_list *l = list_new();
    struct frame_alarm shown[ALARMS_MAX];
    struct alarm a = about(ALARM_STUCK, "q", "c", 0), other = about(ALARM_STUCK, "q", "d", 0);
    alarm_list_begin(l);
    alarm_list_raise(l, &a, 1000);
    alarm_list_end(l, NULL, NULL);
    alarm_list_begin(l);
    alarm_list_raise(l, &other, 2000);
    assert_int_equal(alarm_list_show(l, shown), 1);
    assert_true(text_is(shown[0].conversation, "c"));
    alarm_list_begin(l);
    alarm_list_raise(l, &a, 3000);
    alarm_list_end(l, NULL, NULL);
    assert_int_equal(alarm_list_show(l, shown), 1);
    assert_int_equal(shown[0].since, 1000);
    alarm_list_clear(l);
    assert_int_equal(alarm_list_show(l, shown), 0);
    free(l);
}

static void one_conversation_has_several(void **state)
{
    (void)state;
    struct alarm_list *l = list_new();
    struct began b = {0};
    struct frame_alarm shown[ALARMS_MAX];
    struct alarm first = about(ALARM_LEVEL, "q", "c", 300), resolve = first, old = about(ALARM_OLD, "q", "c", 100);
    first.target = "first";
    first.due_ms = 400;
    resolve.target = "resolve";
    resolve.since_ms = 200;
    alarm_list_begin(l);
    alarm_list_raise(l, &first, 1000);
    alarm_list_raise(l, &resolve, 1000);
    alarm_list_raise(l, &old, 1000);
    alarm_list_end(l, note, &b);
    assert_int_equal(b.n, 3);
    assert_int_equal(alarm_list_show(l, shown), 3);
    assert_true(text_is(shown[0].kind, "old"));
    assert_true(text_is(shown[1].kind, "level") && text_is(shown[1].target, "resolve"));
    assert_true(text_is(shown[2].target, "first"));
    assert_int_equal(shown[2].due_at, 400);
    free(l);
}

static void a_flood_of_one_kind_hides_no_other(void **state)
{
    (void)state;
    struct alarm_list *l = list_new();
    struct frame_alarm shown[ALARMS_MAX];
    struct alarm nobody = about(ALARM_NOBODY, "q", "", 0);
    alarm_list_begin(l);
    for (unsigned i = 0; i < 1000; i++) { /* in no order: 7 and 1000 have no divisor in common */
        char id[16];
        (void)snprintf(id, sizeof id, "c%u", i);
        struct alarm a = about(ALARM_OLD, "q", id, 1 + i * 7 % 1000);
        alarm_list_raise(l, &a, 9000);
    }
    alarm_list_raise(l, &nobody, 9000);
    alarm_list_end(l, NULL, NULL);
    size_t n = alarm_list_show(l, shown);
    assert_int_equal(n, ALARM_KIND_MAX + 1);
    for (size_t i = 0; i < ALARM_KIND_MAX; i++) {
        assert_int_equal(shown[i].since, i + 1);
    }
    assert_true(text_is(shown[n - 1].kind, "nobody"));
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alarm_keeps_its_beginning),
        cmocka_unit_test(a_round_that_does_not_end_changes_nothing),
        cmocka_unit_test(one_conversation_has_several),
        cmocka_unit_test(a_flood_of_one_kind_hides_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
