/* The expected wait: rounding, what is not known, and by simulation, that about four waits in five fall within. */
#include "../test.h"

#include <math.h>

#include "core/estimate.h"

#define MINUTE 60000ll
#define HOUR (60 * MINUTE)

static uint64_t seed = 42;
static double uniform(void) /* above 0, at most 1 */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return ((double)(seed >> 11) + 1) / 9007199254740992.0;
}

static double gap_ms(double per_hour)
{
    return -log(uniform()) / per_hour * (double)HOUR;
}

static void known_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t place, answered;
        int64_t window_ms;
        bool known;
    } rows[] = {
        {"nothing was answered", 1, 0, HOUR, false},
        {"too few", 1, ESTIMATE_ANSWERS_MIN - 1, HOUR, false},
        {"just enough", 1, ESTIMATE_ANSWERS_MIN, HOUR, true},
        {"waits no more", 0, 50, HOUR, false},
        {"no window", 1, 50, 0, false},
        {"a long line", 100000, 100000, HOUR, true},
        {"years", 100000000, 5, HOUR, false},
        {"the largest", UINT64_MAX, UINT64_MAX, INT64_MAX, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct estimate e = estimate_wait(rows[i].place, rows[i].answered, rows[i].window_ms);
        ROW_TRUE(rows[i].name, e.known == rows[i].known);
        ROW_TRUE(rows[i].name, e.from_ms >= 0 && e.from_ms <= e.to_ms && (e.known ? e.to_ms > 0 : e.to_ms == 0));
    }
}

static void rounded_outward(void **state)
{
    (void)state;
    for (uint64_t place = 1; place < 400; place++) {
        for (uint64_t answered = 5; answered < 400; answered += 7) {
            struct estimate e = estimate_wait(place, answered, HOUR);
            const int64_t ends[] = {e.from_ms, e.to_ms};
            double middle = (double)HOUR * (double)place / (double)answered;
            for (size_t i = 0; i < 2; i++) {
                int64_t unit = ends[i] < 2 * MINUTE ? 10000 : ends[i] < HOUR ? MINUTE : 5 * MINUTE;
                assert_int_equal(ends[i] % unit, 0);
            }
            assert_true((double)e.from_ms < middle && middle < (double)e.to_ms);
        }
    }
}

/* Further down is later, a quicker queue is sooner, and more measurements say it more narrowly. */
static void in_order(void **state)
{
    (void)state;
    for (uint64_t i = 5; i < 200; i++) {
        struct estimate e = estimate_wait(i, 30, HOUR), later = estimate_wait(i + 1, 30, HOUR);
        struct estimate quicker = estimate_wait(20, i + 1, HOUR), slower = estimate_wait(20, i, HOUR);
        assert_true(e.from_ms <= later.from_ms && e.to_ms <= later.to_ms);
        assert_true(quicker.from_ms <= slower.from_ms && quicker.to_ms <= slower.to_ms);
    }
    struct estimate few = estimate_wait(10, 6, HOUR), many = estimate_wait(10, 600, 100 * HOUR);
    assert_true(few.from_ms < many.from_ms && few.to_ms > many.to_ms);
}

/* A queue that is answered as a Poisson process is watched for a while, then somebody waits in it. Slow queues, so that rounding widens little. */
static void four_in_five(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double per_hour;
        int64_t window_ms;
        uint64_t place;
        double least, most;
    } rows[] = {
        {"next, few measurements", 1.5, 6 * HOUR, 1, 0.78, 0.86},  {"next, many", 1.5, 100 * HOUR, 1, 0.78, 0.86},
        {"fifth, few measurements", 1.5, 6 * HOUR, 5, 0.76, 0.84}, {"fifth, many", 1.5, 100 * HOUR, 5, 0.78, 0.84},
        {"30th, few measurements", 1.5, 8 * HOUR, 30, 0.76, 0.84}, {"30th, many", 1.5, 100 * HOUR, 30, 0.78, 0.84},
        {"1000th", 60, 4 * HOUR, 1000, 0.78, 0.84},                {"third in a quick queue, rounded", 60, HOUR, 3, 0.78, 0.92},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        unsigned within = 0, told = 0;
        double at;
        for (int trial = 0; trial < 20000; trial++) {
            uint64_t answered = 0;
            for (at = gap_ms(rows[i].per_hour); at < (double)rows[i].window_ms; at += gap_ms(rows[i].per_hour)) {
                answered++;
            }
            double wait = 0;
            for (uint64_t k = 0; k < rows[i].place; k++) {
                wait += gap_ms(rows[i].per_hour);
            }
            struct estimate e = estimate_wait(rows[i].place, answered, rows[i].window_ms);
            told += e.known;
            within += e.known && wait >= (double)e.from_ms && wait <= (double)e.to_ms;
            if (trial > 2000 && rows[i].place > 100) {
                break;
            }
        }
        double share = (double)within / told;
        print_message("%-32s %.3f of %u\n", rows[i].name, share, told);
        ROW_TRUE(rows[i].name, told > 1000 && share >= rows[i].least && share <= rows[i].most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_or_not), cmocka_unit_test(rounded_outward), cmocka_unit_test(in_order),
                                       cmocka_unit_test(four_in_five)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
