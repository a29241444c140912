/* The figures: what is added up to what, what is divided by what, and where it ends. */
#include "../test.h"

#include <stdio.h>
#include <stdlib.h>

#include "hub/api_sums.h"

#define NOW 1795576128000 /* 2026-11-25T03:08:48Z, a Wednesday, 04:08 in Amsterdam */
#define QUARTER(n) (uint64_t)(1795575600000 + (n) * SUMS_QUARTER_MS) /* from 03:00Z on */

static void ask(struct sums *s, const char *from, const char *to, const char *by, const char *interval)
{
    struct frame_fault fault;
    assert_int_equal(sums_init(s, "", NOW), 0);
    assert_int_equal(sums_ask(s, "from", text_of(from), &fault), 0);
    assert_int_equal(sums_ask(s, "to", text_of(to), &fault), 0);
    assert_int_equal(sums_ask(s, "by", text_of(by), &fault), 0);
    assert_int_equal(sums_ask(s, "interval", text_of(interval), &fault), 0);
    assert_int_equal(sums_ready(s, &fault), 0);
}

static void add(struct sums *s, uint64_t quarter_ms, const char *queue, const char *channel, const char *agent, const char *metric, uint64_t n)
{
    struct store_sum sum = {quarter_ms, text_of(queue), text_of(channel), text_of(agent), text_of(metric), n};
    assert_int_equal(sums_add(s, &sum), 0);
}

static void is_csv(struct sums *s, const char *wanted)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(sums_close(s), 0);
    assert_int_equal(sums_csv(s, &out), 0);
    const char *rows = strstr(out.data, "\r\n") + 2;
    assert_string_equal(rows, wanted);
    buf_done(&out);
    sums_done(s);
}

static void added_up(void **state)
{
    (void)state;
    struct sums s;
    for (int round = 0; round < 2; round++) {
        ask(&s, "2026-11-25T03:00:00Z", "2026-11-25T04:00:00Z", round ? "interval,queue" : "queue", "hour");
        add(&s, QUARTER(0), "b", "chat", "", "arrived", 3);
        add(&s, QUARTER(1), "b", "email", "", "arrived", 4);
        add(&s, QUARTER(1), "b", "chat", "anna", "answered", 2);
        add(&s, QUARTER(2), "b", "chat", "bert", "answered", 1);
        add(&s, QUARTER(2), "b", "chat", "bert", "wait_ms", 100); /* 100 / 3: 33 */
        add(&s, QUARTER(2), "b", "chat", "bert", "in_level", 2);
        add(&s, QUARTER(2), "b", "chat", "bert", "over_level", 1); /* 66.7 */
        add(&s, QUARTER(2), "", "", "anna", "on_ms", 3000);
        add(&s, QUARTER(2), "", "", "anna", "busy_ms", 2000);
        add(&s, QUARTER(3), "a", "chat", "", "abandoned", 1);
        add(&s, QUARTER(3), "a", "chat", "", "of a later version", 1);
        add(&s, QUARTER(-1), "a", "chat", "", "arrived", 50); /* outside */
        add(&s, QUARTER(4), "a", "chat", "", "arrived", 60);
        is_csv(&s, "2026-11-25T03:00:00.000Z,2026-11-25T04:00:00.000Z,,0,0,,,0,,0,,,0,,,0,0,0,0,3000,2000,66.7\r\n"
                   "2026-11-25T03:00:00.000Z,2026-11-25T04:00:00.000Z,a,0,0,,,1,0,0,,,0,,,0,0,0,0,0,0,\r\n"
                   "2026-11-25T03:00:00.000Z,2026-11-25T04:00:00.000Z,b,7,3,33,66.7,0,,0,,,0,,,0,0,0,0,0,0,\r\n");
    }
}

static void without_keys(void **state)
{
    (void)state;
    struct sums s;
    ask(&s, "2026-11-25", "2026-11-26", "", "hour");
    is_csv(&s, "2026-11-24T23:00:00.000Z,2026-11-25T23:00:00.000Z,0,0,,,0,,0,,,0,,,0,0,0,0,0,0,\r\n");
    ask(&s, "2026-11-25", "2026-11-26", "queue", "hour");
    is_csv(&s, "");
}

/* A day is as long as it is in the organisation's zone. */
static void days(void **state)
{
    (void)state;
    struct sums s;
    ask(&s, "2026-10-24", "2026-10-27", "interval", "day");
    add(&s, 1792882800000, "b", "chat", "", "arrived", 1);  /* 2026-10-24T23:00Z: the 25th, 01:00 */
    add(&s, 1792968300000, "b", "chat", "", "arrived", 2);  /* 2026-10-25T22:45Z: the 25th, 23:45 */
    add(&s, 1792969200000, "b", "chat", "", "arrived", 4);  /* 2026-10-25T23:00Z: the 26th */
    is_csv(&s, "2026-10-24T22:00:00.000Z,2026-10-25T23:00:00.000Z,3,0,,,0,,0,,,0,,,0,0,0,0,0,0,\r\n"
               "2026-10-25T23:00:00.000Z,2026-10-26T23:00:00.000Z,4,0,,,0,,0,,,0,,,0,0,0,0,0,0,\r\n");
}

static void bounds(void **state)
{
    (void)state;
    struct sums s;
    ask(&s, "2026-11-25", "2026-11-26", "agent", "hour");
    for (unsigned i = 0; i <= SUMS_ROWS_MAX; i++) {
        char agent[16];
        (void)snprintf(agent, sizeof agent, "a%u", i);
        struct store_sum sum = {QUARTER(0), text_of("b"), text_of("chat"), text_of(agent), text_of("answered"), 1};
        assert_int_equal(sums_add(&s, &sum), i < SUMS_ROWS_MAX ? 0 : ERR_TOO_LARGE);
    }
    struct buf out;
    buf_init(&out, 16u << 20);
    assert_int_equal(sums_close(&s), 0);
    assert_int_equal(sums_json(&s, &out), 0);
    assert_true(out.len < 8u << 20);
    buf_done(&out);
    sums_done(&s);
}

/* Pages begin small and grow while little comes, so that neither an empty year nor a busy hour holds the others up. */
static void pages(void **state)
{
    (void)state;
    struct sums s;
    ask(&s, "2026-01-01", "2026-11-01", "", "hour");
    int64_t at = s.from_ms;
    unsigned n = 0;
    for (size_t got = 0; at < s.to_ms; n++, got = 10) {
        int64_t next = sums_page(&s, at, got);
        assert_true(next > at && next - at <= 96 * SUMS_QUARTER_MS && next <= s.to_ms);
        at = next;
    }
    assert_in_range(n, 304, 320);
    for (int i = 0; i < 10; i++) {
        at = sums_page(&s, s.from_ms, 20000);
    }
    assert_int_equal(at - s.from_ms, SUMS_QUARTER_MS);
    sums_done(&s);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } rows[] = {{"from", "x"}, {"to", ""}, {"by", "colour"}, {"by", "queue agent"}, {"interval", "week"}, {"interval", ""}};
    struct sums s;
    struct frame_fault fault;
    assert_int_equal(sums_init(&s, "", NOW), 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_int_equal(sums_ask(&s, rows[i].name, text_of(rows[i].value), &fault), ERR_BAD_FIELD);
        assert_string_equal(fault.path, rows[i].name);
    }
    s.from_ms = s.to_ms = QUARTER(0);
    assert_int_equal(sums_ready(&s, &fault), ERR_BAD_FIELD);
    assert_string_equal(fault.path, "to");
    s.from_ms = s.to_ms - SUMS_DAYS_MAX * 86400000ll;
    assert_int_equal(sums_ready(&s, &fault), 0);
    s.from_ms -= 1;
    assert_int_equal(sums_ready(&s, &fault), ERR_BAD_FIELD);
    assert_string_equal(fault.path, "from");
    sums_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(added_up), cmocka_unit_test(without_keys), cmocka_unit_test(days),
                                       cmocka_unit_test(bounds), cmocka_unit_test(pages), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
