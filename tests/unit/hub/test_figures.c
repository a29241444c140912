/* Today's numbers, the local midnight over changes of the clock, and a queue's pace. */
#include "../test.h"

#include "hub/figures.h"

#define MINUTE 60000ll
#define HOUR (60 * MINUTE)

static void sums_and_averages(void **state)
{
    (void)state;
    struct figures f = {0}, more = {.answered = 1, .wait_ms = 5000};
    static const struct {
        const char *metric;
        uint64_t sum;
    } sums[] = {{"answered", 2}, {"answered", 1}, {"wait_ms", 10001},  {"in_level", 2}, {"over_level", 1}, {"abandoned", 4},
                {"handled", 2},  {"handle_ms", 9001}, {"arrived", 99}, {"on_ms", 99},   {"", 99}};
    for (size_t i = 0; i < ROWS(sums); i++) {
        figures_add(&f, text_of(sums[i].metric), sums[i].sum);
    }
    struct frame_queue_row row = {.waiting = 7};
    figures_show(&f, &row);
    assert_int_equal(row.answered, 3);
    assert_int_equal(row.in_level, 2);
    assert_int_equal(row.over_level, 1);
    assert_int_equal(row.abandoned, 4);
    assert_int_equal(row.answer_ms, 3333);
    assert_int_equal(row.handle_ms, 4500);
    assert_int_equal(row.waiting, 7);
    figures_join(&f, &more);
    figures_show(&f, &row);
    assert_int_equal(row.answered, 4);
    assert_int_equal(row.answer_ms, 3750);
}

static void nothing_has_no_average(void **state)
{
    (void)state;
    struct figures f = {.wait_ms = 5, .handle_ms = 5};
    struct frame_queue_row row = {.answer_ms = 1, .handle_ms = 1};
    figures_show(&f, &row);
    assert_int_equal(row.answer_ms, 0);
    assert_int_equal(row.handle_ms, 0);
}

/* Amsterdam in 2025: +1 h, from 30 March 01:00 UTC +2 h, from 26 October 01:00 UTC +1 h. */
#define WINTER 1735689600000ll /* 2025-01-01T00:00Z */
#define SPRING 1743296400000ll
#define AUTUMN 1761440400000ll
static const struct hours_zone amsterdam = {.changes = {{WINTER, 3600}, {SPRING, 7200}, {AUTUMN, 3600}}, .n = 3};

static void midnight(void **state)
{
    (void)state;
    static const struct hours_zone utc = {.changes = {{0, 0}}, .n = 1}, west = {.changes = {{0, -5 * 3600}}, .n = 1}, none = {.n = 0};
    static const struct {
        const char *name;
        const struct hours_zone *zone;
        int64_t now, midnight;
    } rows[] = {
        {"no zone", &none, WINTER + 5 * HOUR, WINTER},
        {"UTC, the first millisecond", &utc, WINTER, WINTER},
        {"UTC, the last", &utc, WINTER + 24 * HOUR - 1, WINTER},
        {"west of it is yesterday still", &west, WINTER + 4 * HOUR, WINTER - 19 * HOUR},
        {"winter", &amsterdam, WINTER + 12 * HOUR, WINTER - HOUR},
        {"late in the evening it is tomorrow in UTC's eyes", &amsterdam, WINTER + 23 * HOUR, WINTER + 23 * HOUR},
        {"before the zone's first change", &amsterdam, WINTER - 30 * 24 * HOUR, WINTER - 30 * 24 * HOUR - HOUR},
        {"spring, before the change", &amsterdam, SPRING - 1, SPRING - 2 * HOUR},
        {"spring, after the change: midnight was by the winter's clock", &amsterdam, SPRING + 10 * HOUR, SPRING - 2 * HOUR},
        {"the day after", &amsterdam, SPRING + 22 * HOUR, SPRING + 21 * HOUR},
        {"autumn, after the change: midnight was by the summer's clock", &amsterdam, AUTUMN + 10 * HOUR, AUTUMN - 3 * HOUR},
        {"autumn, the hour that comes twice", &amsterdam, AUTUMN + 30 * MINUTE, AUTUMN - 3 * HOUR},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, figures_midnight(rows[i].zone, rows[i].now) == rows[i].midnight);
    }
}

static void pace(void **state)
{
    (void)state;
    const int64_t now = WINTER;
    /* @n answers, the newest @first ago, each @step before the next */
    static const struct {
        const char *name;
        size_t n;
        int64_t first, step;
        uint64_t answered;
        int64_t window;
    } rows[] = {
        {"none", 0, 0, 0, 0, 0},
        {"one just now", 1, 0, 0, 1, 0},
        {"a few, all of late", 5, MINUTE, 2 * MINUTE, 5, 9 * MINUTE},
        {"the last at half an hour exactly", 2, MINUTE, 29 * MINUTE, 2, 30 * MINUTE},
        {"older ones do not count", 10, MINUTE, 10 * MINUTE, 3, 30 * MINUTE},
        {"all too old", 5, 31 * MINUTE, MINUTE, 0, 30 * MINUTE},
        {"99 over a long time: the last half hour", 99, 0, MINUTE, 31, 30 * MINUTE},
        {"100: all, however long ago", 100, 0, MINUTE, 100, 99 * MINUTE},
        {"100 in a short time", 100, 0, 1000, 100, 99000},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t given[FIGURES_PACE_MAX];
        for (size_t k = 0; k < rows[i].n; k++) {
            given[k] = (uint64_t)(now - rows[i].first - (int64_t)k * rows[i].step);
        }
        struct figures_pace p = figures_pace(given, rows[i].n, now);
        ROW_TRUE(rows[i].name, p.answered == rows[i].answered);
        ROW_TRUE(rows[i].name, p.window_ms == rows[i].window);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_averages),
        cmocka_unit_test(nothing_has_no_average),
        cmocka_unit_test(midnight),
        cmocka_unit_test(pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
