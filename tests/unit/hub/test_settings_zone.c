/* Zones from the system's database, against libc, which reads the same files in its own way; and rules for the time after the last change that a
 * file lists, which the short form of these files leaves to them from the beginning. */
#include "../test.h"

#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "hub/settings.h"

#define SECOND 1000ll
#define DAY (86400 * SECOND)

static const char *const nows[] = {"2026-11-25 00:00", "2036-07-01 12:00", "2012-02-29 23:59", "2061-03-27 01:00"};

static int64_t utc(const char *when)
{
    struct tm tm = {0};
    assert_int_equal(sscanf(when, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min), 5);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    return timegm(&tm) * SECOND;
}

static int32_t offset_at(const struct hours_zone *z, int64_t ms)
{
    size_t i = z->n - 1;
    while (i > 0 && z->changes[i].from_ms > ms) {
        i--;
    }
    return z->changes[i].offset_s;
}

static void same_as_libc(const char *name, const struct hours_zone *z, int64_t ms)
{
    time_t s = (time_t)(ms / SECOND);
    struct tm tm;
    (void)localtime_r(&s, &tm);
    if (offset_at(z, ms) != tm.tm_gmtoff) {
        (void)gmtime_r(&s, &tm);
        fail_msg("%s at %d-%02d-%02d %02d:%02d:%02d UTC: %d s", name, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                 offset_at(z, ms));
    }
}

/* Twice a day over the whole window, and the seconds around each change. */
static void window_check(const char *name, const struct hours_zone *z, int64_t now)
{
    for (int64_t ms = now - 365 * DAY; ms <= now + 731 * DAY; ms += DAY / 2) {
        same_as_libc(name, z, ms);
    }
    for (size_t i = 1; i < z->n; i++) {
        ROW_TRUE(name, z->changes[i].from_ms > z->changes[i - 1].from_ms);
        same_as_libc(name, z, z->changes[i].from_ms - SECOND);
        same_as_libc(name, z, z->changes[i].from_ms);
    }
}

static void every_zone(void **state)
{
    (void)state;
    char line[512], name[128];
    size_t zones = 0, changes = 0;
    FILE *list = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
    assert_non_null(list); /* the package tzdata */
    while (fgets(line, sizeof line, list)) {
        if (line[0] == '#' || sscanf(line, "%*s %*s %127s", name) != 1) {
            continue;
        }
        (void)setenv("TZ", name, 1);
        tzset();
        for (size_t i = 0; i < ROWS(nows); i++) {
            struct hours_zone z;
            int err = settings_zone(name, utc(nows[i]), &z);
            if (err) {
                fail_msg("%s: %s", name, err_name(err));
            }
            window_check(name, &z, utc(nows[i]));
            changes = z.n > changes ? z.n : changes;
        }
        zones++;
    }
    (void)fclose(list);
    assert_true(zones > 200);
    assert_true(changes > 8 && changes <= HOURS_CHANGES_MAX); /* Morocco's four a year are in it */
}

static void amsterdam(void **state)
{
    (void)state;
    struct hours_zone z;
    assert_int_equal(settings_zone("Europe/Amsterdam", utc("2026-11-25 00:00"), &z), 0);
    assert_int_equal(z.n, 7); /* a year back, two ahead */
    assert_true(z.changes[0].from_ms == utc("2025-11-25 00:00") && z.changes[0].offset_s == 3600);
    assert_true(z.changes[1].from_ms == utc("2026-03-29 01:00") && z.changes[1].offset_s == 7200);
    assert_true(z.changes[2].from_ms == utc("2026-10-25 01:00") && z.changes[2].offset_s == 3600);
    assert_true(z.changes[6].from_ms == utc("2028-10-29 01:00") && z.changes[6].offset_s == 3600);
    assert_int_equal(settings_zone("UTC", 0, &z), 0);
    assert_true(z.n == 1 && z.changes[0].offset_s == 0);
}

static void no_such_zone(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        "Europe",
                                        "Europe/",
                                        "Europe/Atlantis",
                                        "/usr/share/zoneinfo/UTC",
                                        "../zoneinfo/UTC",
                                        "Europe/../UTC",
                                        "zone1970.tab",
                                        "europe/amsterdam",
                                        "Europe/Amsterdam ",
                                        "Europe Amsterdam",
                                        "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "tzdata.zi",
                                        "right/Europe/Amsterdam"};
    struct hours_zone z = {.n = 7};
    for (size_t i = 0; i < ROWS(names); i++) {
        ROW_TRUE(names[i], settings_zone(names[i], 0, &z) == ERR_BAD_FIELD && z.n == 7);
    }
}

/* A file of one kind of time and a footer, as zic -b slim makes them. */
static void file_make(const char *footer, int32_t offset_s, struct buf *out)
{
    static const char header[20] = "TZif2";
    const char counts[24] = {[19] = 1, [23] = 1}; /* one type, one character */
    const char type[6] = {(char)(offset_s >> 24), (char)(offset_s >> 16), (char)(offset_s >> 8), (char)offset_s};
    buf_clear(out);
    for (int block = 0; block < 2; block++) {
        assert_int_equal(buf_add(out, header, 20) || buf_add(out, counts, 24) || buf_add(out, type, 6) || buf_add_byte(out, '\0'), 0);
    }
    assert_int_equal(buf_addf(out, "\n%s\n", footer), 0);
}

static void rules(void **state)
{
    (void)state;
    static const char *const footers[] = {
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "AEST-10AEDT,M10.1.0,M4.1.0/3",
        "<+0545>-5:45",
        "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
        "IST-1GMT0,M10.5.0,M3.5.0/1",
        "EST5EDT,J60/2,J300/2:30:15",
        "EST5EDT,59/2,299",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "UTC0",
        "CST6CDT,M2.1.1,M11.5.6/167",
        "XXX-14",
    };
    struct buf file;
    buf_init(&file, 4096);
    for (size_t i = 0; i < ROWS(footers); i++) {
        (void)setenv("TZ", footers[i], 1);
        tzset();
        file_make(footers[i], -12345, &file);
        for (size_t k = 0; k < ROWS(nows); k++) {
            struct hours_zone z;
            int err = settings_zone_parse(buf_text(&file), utc(nows[k]), &z);
            if (err) {
                fail_msg("%s: %s", footers[i], err_name(err));
            }
            window_check(footers[i], &z, utc(nows[k]));
        }
    }
    struct hours_zone z; /* summer for ever: the turns of both years' ends fall together (RFC 8536, section 3.3.1) */
    file_make("EST5EDT,0/0,J365/25", 0, &file);
    assert_int_equal(settings_zone_parse(buf_text(&file), utc(nows[0]), &z), 0);
    for (int64_t ms = utc(nows[0]) - 365 * DAY; ms < utc(nows[0]) + 700 * DAY; ms += DAY / 4) {
        assert_int_equal(offset_at(&z, ms), -4 * 3600);
    }
    file_make("", 3600, &file); /* no rule: what was last stays */
    assert_int_equal(settings_zone_parse(buf_text(&file), utc(nows[0]), &z), 0);
    assert_true(z.n == 1 && z.changes[0].offset_s == 3600);
    buf_done(&file);
}

static void bad_files(void **state)
{
    (void)state;
    static const char *const footers[] = {"CE-1",
                                          "CET",
                                          "CET-1CEST",
                                          "CET-1CEST,M3.5.0",
                                          "CET-1CEST,M13.5.0,M10.5.0",
                                          "CET-1CEST,M3.6.0,M10.5.0",
                                          "CET-1CEST,M3.5.7,M10.5.0",
                                          "CET-1CEST,J0,J5",
                                          "CET-1CEST,366,5",
                                          "CET-168",
                                          "CET-1:60",
                                          "<CET-1",
                                          "CET-1CEST,M3.5.0,M10.5.0x",
                                          "CET-1CEST,M3.5.0/168,M10.5.0"};
    struct hours_zone z = {.n = 7};
    struct buf file;
    buf_init(&file, 4096);
    for (size_t i = 0; i < ROWS(footers); i++) {
        file_make(footers[i], 3600, &file);
        ROW_TRUE(footers[i], settings_zone_parse(buf_text(&file), 0, &z) == ERR_BAD_INPUT && z.n == 7);
    }
    file_make("CET-1CEST,M3.5.0,M10.5.0/3", 3600, &file);
    size_t blocks = file.len - strlen("\nCET-1CEST,M3.5.0,M10.5.0/3\n");
    for (size_t n = 0; n < blocks; n++) { /* cut anywhere, and exact on the heap: a byte read too far is seen by the sanitizer */
        char *exact = malloc(n ? n : 1);
        memcpy(exact, file.data, n);
        assert_int_equal(settings_zone_parse((struct text){exact, n}, 0, &z), ERR_BAD_INPUT);
        free(exact);
    }
    static const struct {
        const char *name;
        size_t at;
        char byte;
    } rows[] = {{"magic", 0, 'X'},
                {"version 1", 4, '\0'},
                {"no types", 51 + 39, 0},
                {"a leap second", 51 + 31, 1},
                {"more times than bytes", 51 + 33, 1},
                {"a negative count", 51 + 32, (char)0x80},
                {"second magic", 51, 'X'}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        char was = file.data[rows[i].at];
        file.data[rows[i].at] = rows[i].byte;
        ROW_TRUE(rows[i].name, settings_zone_parse(buf_text(&file), 0, &z) == ERR_BAD_INPUT && z.n == 7);
        file.data[rows[i].at] = was;
    }
    assert_int_equal(settings_zone_parse(buf_text(&file), 0, &z), 0);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_zone), cmocka_unit_test(amsterdam), cmocka_unit_test(no_such_zone),
                                       cmocka_unit_test(rules), cmocka_unit_test(bad_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
