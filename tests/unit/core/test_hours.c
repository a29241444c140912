/* Opening hours by tables, and against a clock of another make: each minute asked of libc's localtime_r. */
#include "../test.h"

#include <stdlib.h>
#include <time.h>

#include "core/hours.h"

#define MINUTE 60000ll
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NEVER "never"

/* "2026-03-29 01:30" UTC, or with seconds. */
static int64_t utc(const char *when)
{
    struct tm tm = {0};
    if (strcmp(when, NEVER) == 0) {
        return INT64_MAX;
    }
    if (sscanf(when, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) < 5) {
        fail_msg("not a time: %s", when);
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return timegm(&tm) * 1000ll;
}

static const char *said(int64_t ms)
{
    static char lines[2][32];
    static int turn;
    char *line = lines[turn = !turn];
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    if (ms == INT64_MAX) {
        return NEVER;
    }
    (void)gmtime_r(&s, &tm);
    (void)strftime(line, sizeof lines[0], "%Y-%m-%d %H:%M:%S", &tm);
    return line;
}

/* Europe/Amsterdam: +1, in summer +2. */
static struct hours_zone amsterdam(void)
{
    static const char *const changes[] = {"2024-10-27 01:00", "2025-03-30 01:00", "2025-10-26 01:00", "2026-03-29 01:00",
                                          "2026-10-25 01:00", "2027-03-28 01:00", "2027-10-31 01:00"};
    struct hours_zone z = {.n = 0};
    for (size_t i = 0; i < ROWS(changes); i++) {
        z.changes[z.n].from_ms = utc(changes[i]);
        z.changes[z.n++].offset_s = i % 2 ? 7200 : 3600;
    }
    return z;
}

/* As St. John's once had it: at 00:01 back to 23:01, so that the walk comes to a day that it had left. */
static const char st_johns_tz[] = "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01";
static struct hours_zone st_johns(void)
{
    return (struct hours_zone){.n = 5,
                               .changes = {{utc("2025-03-09 03:31"), -9000},
                                           {utc("2025-11-02 02:31"), -12600},
                                           {utc("2026-03-08 03:31"), -9000},
                                           {utc("2026-11-01 02:31"), -12600},
                                           {utc("2027-03-14 03:31"), -9000}}};
}

static const char weekdays[] = "mon tue wed thu fri";

static void rule_add(struct hours *h, const char *days, const char *from, const char *to)
{
    struct hours_rule *r = &h->rules[h->rules_n++];
    for (const char *d = days; *d; d += d[3] ? 4 : 3) {
        unsigned day;
        assert_int_equal(hours_day_parse((struct text){d, 3}, &day), 0);
        r->days |= 1u << day;
    }
    assert_int_equal(hours_minute_parse(text_of(from), &r->from_min), 0);
    assert_int_equal(hours_minute_parse(text_of(to), &r->to_min), 0);
}

static void holiday_add(struct hours *h, const char *date, const char *from, const char *to)
{
    struct hours_holiday *d = &h->holidays[h->holidays_n++];
    assert_int_equal(hours_date_parse(text_of(date), &d->day), 0);
    assert_int_equal(from ? hours_minute_parse(text_of(from), &d->from_min) : 0, 0);
    assert_int_equal(to ? hours_minute_parse(text_of(to), &d->to_min) : 0, 0);
}

/* The town hall: weekdays 9 to 17 in two rules that touch, Thursday evening 18 to 20; King's Day closed, Christmas Eve until noon,
 * and one Sunday open. */
static struct hours town_hall(void)
{
    struct hours h = {0};
    rule_add(&h, weekdays, "12:00", "17:00");
    rule_add(&h, weekdays, "09:00", "12:00");
    rule_add(&h, "thu", "18:00", "20:00");
    holiday_add(&h, "2026-12-25", NULL, NULL);
    holiday_add(&h, "2026-04-27", NULL, NULL);
    holiday_add(&h, "2026-12-24", "09:00", "12:00");
    holiday_add(&h, "2026-11-29", "10:00", "11:00");
    holiday_add(&h, "2026-11-29", "13:00", "14:00");
    return h;
}

static struct hours night_shift(void) /* where the clock changes */
{
    struct hours h = {0};
    rule_add(&h, "sun", "01:30", "03:30");
    return h;
}

static struct hours round_the_clock(void) /* by rules */
{
    struct hours h = {0};
    rule_add(&h, "mon tue wed thu fri sat sun", "00:00", "24:00");
    return h;
}

static struct hours until_midnight(void)
{
    struct hours h = {0};
    rule_add(&h, "thu fri", "20:00", "24:00");
    rule_add(&h, "fri", "00:00", "02:00");
    return h;
}

static struct hours never(void)
{
    struct hours h = {0};
    rule_add(&h, "", "09:00", "17:00");
    return h;
}

static struct hours always(void)
{
    return (struct hours){0};
}

static struct hours always_but_christmas(void)
{
    struct hours h = {0};
    holiday_add(&h, "2026-12-25", NULL, NULL);
    return h;
}

static void parts(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int want;
    } minutes[] = {{"00:00", 0}, {"09:05", 545}, {"23:59", 1439}, {"24:00", 1440}},
      dates[] = {{"1970-01-01", 0}, {"1969-12-31", -1}, {"2000-02-29", 11016}, {"2024-12-31", 20088}, {"2026-12-25", 20812}, {"9999-12-31", 2932896}};
    static const char *const no_minutes[] = {"24:01", "25:00", "09:60", "9:00",  "09:0",  "09.00", "09:00:00",
                                             "",      "0a:00", "09:0a", "-1:00", " 9:00", "+9:00"},
                             *const no_dates[] = {"2100-02-29", "2026-02-29", "2026-13-01",  "2026-00-01", "2026-01-00", "2026-04-31", "26-04-01",
                                                  "2026-4-1",   "2026/04/01", "2026-04-01Z", "0000-01-01", "",           "2026-0a-01"};
    unsigned minute = 77;
    int32_t date = 77;
    for (size_t i = 0; i < ROWS(no_minutes); i++) {
        ROW_TRUE(no_minutes[i], hours_minute_parse(text_of(no_minutes[i]), &minute) == ERR_BAD_FIELD && minute == 77);
    }
    for (size_t i = 0; i < ROWS(no_dates); i++) {
        ROW_TRUE(no_dates[i], hours_date_parse(text_of(no_dates[i]), &date) == ERR_BAD_FIELD && date == 77);
    }
    for (size_t i = 0; i < ROWS(minutes); i++) {
        ROW_TRUE(minutes[i].in, hours_minute_parse(text_of(minutes[i].in), &minute) == 0 && (int)minute == minutes[i].want);
    }
    for (size_t i = 0; i < ROWS(dates); i++) {
        ROW_TRUE(dates[i].in, hours_date_parse(text_of(dates[i].in), &date) == 0 && date == dates[i].want);
    }
    unsigned day = 77;
    assert_int_equal(hours_day_parse(TEXT_LITERAL("sun"), &day), 0);
    assert_int_equal(day, 6);
    assert_int_equal(hours_day_parse(TEXT_LITERAL("Sun"), &day), ERR_BAD_FIELD);
    assert_int_equal(hours_day_parse(TEXT_LITERAL("sund"), &day), ERR_BAD_FIELD);
    assert_int_equal(hours_day_parse((struct text){NULL, 0}, &day), ERR_BAD_FIELD);
    for (time_t s = -40000ll * 86400; s < 40000ll * 86400; s += 86400) { /* every day of two centuries */
        struct tm tm;
        char line[16];
        (void)gmtime_r(&s, &tm);
        (void)strftime(line, sizeof line, "%Y-%m-%d", &tm);
        assert_int_equal(hours_date_parse(text_of(line), &date), 0);
        assert_int_equal(date, s / 86400);
    }
}

/* 2026-11-26 is a Thursday. Times are UTC: one hour behind Amsterdam in winter, two in summer. */
static void open_and_next(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct hours (*hours)(void);
        const char *now;
        bool open;
        const char *next;
    } rows[] = {
        {"before opening", town_hall, "2026-11-26 07:59:59", false, "2026-11-26 08:00"},
        {"opening", town_hall, "2026-11-26 08:00", true, "2026-11-26 08:00"},
        {"where two rules touch", town_hall, "2026-11-26 11:00", true, "2026-11-26 11:00"},
        {"closing", town_hall, "2026-11-26 16:00", false, "2026-11-26 17:00"},
        {"before the evening", town_hall, "2026-11-26 16:59:59", false, "2026-11-26 17:00"},
        {"Thursday evening", town_hall, "2026-11-26 18:59:59", true, "2026-11-26 18:59:59"},
        {"after it", town_hall, "2026-11-26 19:00", false, "2026-11-27 08:00"},
        {"Friday evening, an open Sunday", town_hall, "2026-11-27 16:00", false, "2026-11-29 09:00"},
        {"between that Sunday's hours", town_hall, "2026-11-29 10:30", false, "2026-11-29 12:00"},
        {"an ordinary weekend", town_hall, "2026-11-20 16:00", false, "2026-11-23 08:00"},
        {"Sunday evening, then King's Day", town_hall, "2026-04-26 20:00", false, "2026-04-28 07:00"},
        {"King's Day noon", town_hall, "2026-04-27 10:00", false, "2026-04-28 07:00"},
        {"Christmas Eve, a Thursday: no evening", town_hall, "2026-12-24 11:00", false, "2026-12-28 08:00"},
        {"Christmas Eve, morning", town_hall, "2026-12-24 10:59:59", true, "2026-12-24 10:59:59"},
        {"New Year's Eve to a Friday", town_hall, "2026-12-31 19:00", false, "2027-01-01 08:00"},
        {"summer time", town_hall, "2026-07-01 06:59", false, "2026-07-01 07:00"},
        {"spring: before the gap", night_shift, "2026-03-29 00:29", false, "2026-03-29 00:30"},
        {"spring: the hour before", night_shift, "2026-03-29 00:59:59", true, "2026-03-29 00:59:59"},
        {"spring: 3 o'clock at once", night_shift, "2026-03-29 01:00", true, "2026-03-29 01:00"},
        {"spring: over", night_shift, "2026-03-29 01:30", false, "2026-04-04 23:30"},
        {"autumn: summer's 2:59", night_shift, "2026-10-25 00:59", true, "2026-10-25 00:59"},
        {"autumn: winter's 2:00", night_shift, "2026-10-25 01:00", true, "2026-10-25 01:00"},
        {"autumn: 3:30", night_shift, "2026-10-25 02:30", false, "2026-11-01 00:30"},
        {"24:00 is not the next day", until_midnight, "2026-11-28 00:30", false, "2026-12-03 19:00"},
        {"24:00 touches 00:00", until_midnight, "2026-11-26 23:00", true, "2026-11-26 23:00"},
        {"until Friday 2:00", until_midnight, "2026-11-27 01:00", false, "2026-11-27 19:00"},
        {"round the clock, spring", round_the_clock, "2026-03-29 01:00", true, "2026-03-29 01:00"},
        {"no day at all", never, "2026-11-26 10:00", false, NEVER},
        {"no rules", always, "2026-12-25 03:00", true, "2026-12-25 03:00"},
        {"no rules, a holiday", always_but_christmas, "2026-12-24 23:00", false, "2026-12-25 23:00"},
        {"no rules, before it", always_but_christmas, "2026-12-24 22:59:59", true, "2026-12-24 22:59:59"},
        {"before 1970", round_the_clock, "1969-12-31 12:00", true, "1969-12-31 12:00"},
        {"before 1970, a Wednesday night", town_hall, "1969-12-31 20:00", false, "1970-01-01 08:00"},
    };
    struct hours_zone z = amsterdam();
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hours h = rows[i].hours();
        ROW_TRUE(rows[i].name, hours_is_open(&h, &z, utc(rows[i].now)) == rows[i].open);
        int64_t next = hours_next_open(&h, &z, utc(rows[i].now));
        if (next != utc(rows[i].next)) {
            fail_msg("row %s: opens %s, not %s", rows[i].name, said(next), rows[i].next);
        }
    }
}

static void clocks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct hours (*hours)(void);
        const char *from;
        int64_t open_ms;
        const char *until;
    } rows[] = {
        {"within a day", town_hall, "2026-11-25 08:00", 3 * HOUR, "2026-11-25 11:00"},
        {"over the seam of two rules", town_hall, "2026-11-25 10:30", HOUR, "2026-11-25 11:30"},
        {"to closing time, not to the next morning", town_hall, "2026-11-25 08:00", 8 * HOUR, "2026-11-25 16:00"},
        {"one millisecond more", town_hall, "2026-11-25 08:00", 8 * HOUR + 1000, "2026-11-26 08:00:01"},
        {"asked at night", town_hall, "2026-11-25 20:00", HOUR, "2026-11-26 09:00"},
        {"over a weekend with an open Sunday", town_hall, "2026-11-27 15:00", 3 * HOUR + MINUTE, "2026-11-30 08:01"},
        {"over Christmas", town_hall, "2026-12-24 10:00", 2 * HOUR, "2026-12-28 09:00"},
        {"over the year's end", town_hall, "2026-12-31 18:00", 2 * HOUR, "2027-01-01 09:00"},
        {"over the change to summer time", town_hall, "2026-03-27 15:30", HOUR, "2026-03-30 07:30"},
        {"over the change to winter time", town_hall, "2026-10-23 14:30", HOUR, "2026-10-26 08:30"},
        {"spring's night has one hour", night_shift, "2026-03-28 12:00", HOUR, "2026-03-29 01:30"},
        {"autumn's night has three", night_shift, "2026-10-24 12:00", 3 * HOUR, "2026-10-25 02:30"},
        {"autumn's night, a minute more", night_shift, "2026-10-24 12:00", 3 * HOUR + MINUTE, "2026-11-01 00:31"},
        {"a day of 23 hours", round_the_clock, "2026-03-28 23:00", 24 * HOUR, "2026-03-29 23:00"},
        {"always", always, "2026-03-28 23:00", 30 * DAY, "2026-04-27 23:00"},
        {"always, 400 days", always, "2026-01-01 00:00", 400 * DAY, "2027-02-05 00:00"},
        {"always, past 400 days", always, "2026-01-01 00:00", 400 * DAY + 1, NEVER},
        {"42 h a week: ten weeks", town_hall, "2026-06-01 07:00", 420 * HOUR, "2026-08-07 15:00"},
        {"and a second", town_hall, "2026-06-01 07:00", 420 * HOUR + 1000, "2026-08-10 07:00:01"},
        {"nothing to wait for", town_hall, "2026-11-28 12:00", 0, "2026-11-28 12:00"},
        {"no day at all", never, "2026-11-28 12:00", 1, NEVER},
        {"not within 400 days", night_shift, "2026-01-01 00:00", 120 * HOUR, NEVER},
    };
    struct hours_zone z = amsterdam();
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hours h = rows[i].hours();
        int64_t from = utc(rows[i].from), until = hours_add(&h, &z, from, rows[i].open_ms);
        if (until != utc(rows[i].until)) {
            fail_msg("row %s: until %s, not %s", rows[i].name, said(until), rows[i].until);
        }
        if (until != INT64_MAX) {
            ROW_TRUE(rows[i].name, hours_between(&h, &z, from, until) == rows[i].open_ms);
            ROW_TRUE(rows[i].name, hours_between(&h, &z, until, from) == 0 || rows[i].open_ms == 0);
        }
    }
    struct hours h = town_hall();
    assert_int_equal(hours_between(&h, &z, utc("2026-11-25 08:00"), utc("2026-11-25 08:00")), 0);
    assert_int_equal(hours_between(&h, &z, utc("2026-11-28 08:00"), utc("2026-11-29 08:00")), 0);
}

/* --- against libc ------------------------------------------------------------ */

static uint64_t seed = 20261125;
static unsigned chance(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

static bool open_by_libc(const struct hours *h, int64_t ms)
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    (void)localtime_r(&s, &tm);
    int32_t day = (int32_t)((ms + tm.tm_gmtoff * 1000ll) / DAY);
    unsigned minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
    bool holiday = false, open = h->rules_n == 0;
    for (size_t i = 0; i < h->holidays_n; i++) {
        if (h->holidays[i].day == day) {
            open = (holiday && open) || (minute >= h->holidays[i].from_min && minute < h->holidays[i].to_min);
            holiday = true;
        }
    }
    for (size_t i = 0; !holiday && i < h->rules_n; i++) {
        const struct hours_rule *r = &h->rules[i];
        open |= (r->days >> ((tm.tm_wday + 6) % 7) & 1) && minute >= r->from_min && minute < r->to_min;
    }
    return open;
}

static struct hours any_hours(int32_t first_day)
{
    struct hours h = {.rules_n = chance(6), .holidays_n = chance(4)};
    for (size_t i = 0; i < h.rules_n; i++) {
        unsigned a = chance(1440), b = a + 1 + chance(1440 - a);
        h.rules[i] = (struct hours_rule){chance(127) + 1, a, b};
    }
    for (size_t i = 0; i < h.holidays_n; i++) {
        unsigned a = chance(1440), b = chance(2) ? a : a + 1 + chance(1440 - a);
        h.holidays[i] =
            (struct hours_holiday){first_day + (int32_t)(chance(2) ? chance(40) : 18 + chance(10)), a, b}; /* often where the clock changes */
    }
    return h;
}

/* Random hours, forty days around a change of the clock: each minute is open or not as libc's clock says, and the sums and next openings
 * follow from that. */
static void each_minute_as_libc_says(void **state)
{
    (void)state;
    enum { MINUTES = 40 * 1440 };
    static bool open[MINUTES];
    static const char *const starts[] = {"2026-03-08 00:00", "2026-10-05 00:00", "2026-02-20 00:00", "2025-10-07 00:00"};
    for (int round = 0; round < 80; round++) {
        (void)setenv("TZ", round / 4 % 2 ? st_johns_tz : "Europe/Amsterdam", 1);
        tzset();
        struct hours_zone z = round / 4 % 2 ? st_johns() : amsterdam();
        int64_t start = utc(starts[round % (int)ROWS(starts)]);
        struct hours h = any_hours((int32_t)(start / DAY));
        int64_t sum = 0;
        for (int m = 0; m < MINUTES; m++) {
            open[m] = open_by_libc(&h, start + m * MINUTE);
            if (hours_is_open(&h, &z, start + m * MINUTE + chance(MINUTE)) != open[m]) {
                fail_msg("round %d: %s should be %s", round, said(start + m * MINUTE), open[m] ? "open" : "closed");
            }
            sum += open[m] ? MINUTE : 0;
        }
        assert_int_equal(hours_between(&h, &z, start, start + MINUTES * MINUTE), sum);
        for (int question = 0; question < 50; question++) {
            int at = (int)chance(MINUTES), next = at;
            int64_t within = chance(MINUTE), from = start + at * MINUTE + within;
            int64_t want = 1 + (int64_t)chance(20 * 1440) * MINUTE / (1 + chance(50)), left = want;
            while (next < MINUTES && !open[next]) {
                next++;
            }
            if (next < MINUTES) {
                assert_int_equal(hours_next_open(&h, &z, from), next == at ? from : start + next * MINUTE);
            }
            for (next = at; next < MINUTES; next++) {
                int64_t here = open[next] ? MINUTE - (next == at ? within : 0) : 0;
                if (here >= left) {
                    break;
                }
                left -= here;
            }
            if (next < MINUTES) {
                assert_int_equal(hours_add(&h, &z, from, want), start + next * MINUTE + (next == at ? within : 0) + left);
            }
        }
    }
}

/* Over years, where whole weeks are passed over: sums of days are the sum of all, and a clock that is set ends when that much has passed. */
static void long_times(void **state)
{
    (void)state;
    struct hours_zone z = amsterdam();
    for (int round = 0; round < 100; round++) {
        struct hours h = any_hours((int32_t)(utc("2026-06-01 00:00") / DAY));
        int64_t from = utc("2025-01-01 00:00") + (int64_t)chance(365 * 24) * HOUR + chance(HOUR), at = from, sum = 0;
        for (int day = 0; day < 900; day++, at += DAY) {
            sum += hours_between(&h, &z, at, at + DAY);
        }
        assert_int_equal(hours_between(&h, &z, from, at), sum);
        int64_t open_ms = 1 + (int64_t)chance(365 * 24) * HOUR + chance(HOUR), until = hours_add(&h, &z, from, open_ms);
        if (until == INT64_MAX) {
            assert_true(hours_between(&h, &z, from, from + 400 * DAY) < open_ms);
        } else {
            assert_int_equal(hours_between(&h, &z, from, until), open_ms);
            assert_int_equal(hours_between(&h, &z, from, until - 1), open_ms - 1);
        }
    }
    struct hours h = town_hall(); /* a hundred thousand years answer at once */
    assert_true(hours_between(&h, &z, 0, 100000ll * 365 * DAY) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(parts), cmocka_unit_test(open_and_next), cmocka_unit_test(clocks),
                                       cmocka_unit_test(each_minute_as_libc_says), cmocka_unit_test(long_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
