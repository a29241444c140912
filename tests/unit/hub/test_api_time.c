/* Times as people write them: RFC 3339, days of the organisation's zone, milliseconds. */
#include "../test.h"

#include "hub/api_time.h"
#include "hub/settings.h"


static struct hours_zone amsterdam;

static int zone_open(void **state)
{
    (void)state;
    return settings_zone("Europe/Amsterdam", 1795576128000, &amsterdam);
}

static void read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* in UTC; NULL: refused */
    } rows[] = {
        {"2026-11-25T09:00:00Z", "2026-11-25T09:00:00.000Z"},
        {"2026-11-25t09:00:00z", "2026-11-25T09:00:00.000Z"},
        {"2026-11-25T09:00:00.5Z", "2026-11-25T09:00:00.500Z"},
        {"2026-11-25T09:00:00.1239Z", "2026-11-25T09:00:00.123Z"},
        {"2026-11-25T09:00:00+01:00", "2026-11-25T08:00:00.000Z"},
        {"2026-11-25T09:00:00 01:00", "2026-11-25T08:00:00.000Z"}, /* a + that was not encoded */
        {"2026-11-25T00:30:00+05:45", "2026-11-24T18:45:00.000Z"},
        {"2026-11-25T23:30:00-03:30", "2026-11-26T03:00:00.000Z"},
        {"2026-11-25", "2026-11-24T23:00:00.000Z"},
        {"2026-07-01", "2026-06-30T22:00:00.000Z"},
        {"2026-10-25", "2026-10-24T22:00:00.000Z"}, /* the day with 25 hours */
        {"2026-10-26", "2026-10-25T23:00:00.000Z"},
        {"0", "1970-01-01T00:00:00.000Z"},
        {"1795576128123", "2026-11-25T03:08:48.123Z"},
        {"2026-11-25T09:00Z", NULL},
        {"2026-11-25T09:00:00", NULL},
        {"2026-11-25T24:00:00Z", NULL},
        {"2026-11-25T09:60:00Z", NULL},
        {"2026-11-25T09:00:61Z", NULL},
        {"2026-11-25T09:00:00.Z", NULL},
        {"2026-11-25T09:00:00+1:00", NULL},
        {"2026-11-25T09:00:00+24:00", NULL},
        {"2026-11-25T09:00:00ZZ", NULL},
        {"2026-11-25 09:00:00Z", NULL},
        {"2026-02-30", NULL},
        {"2026-13-01T00:00:00Z", NULL},
        {"1969-12-31T23:59:59Z", NULL},
        {"1970-01-01T00:00:00+01:00", NULL},
        {"9007199254740992", NULL},
        {"99999999999999999999", NULL},
        {"-1", NULL},
        {"", NULL},
        {"yesterday", NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t ms = -1;
        char out[API_TIME_BYTES];
        int err = api_time_read(text_of(rows[i].in), &amsterdam, &ms);
        if ((err != 0) != (rows[i].out == NULL)) {
            fail_msg("%s: %s", rows[i].in, err ? "refused" : "taken");
        }
        if (!err) {
            api_time_write(ms, out);
            if (strcmp(out, rows[i].out) != 0) {
                fail_msg("%s: %s, not %s", rows[i].in, out, rows[i].out);
            }
        }
    }
}

static void days_and_hours(void **state)
{
    (void)state;
    static const struct {
        const char *at, *hour, *day;
    } rows[] = {
        {"2026-11-25T03:08:48Z", "2026-11-25T03:00:00.000Z", "2026-11-24T23:00:00.000Z"},
        {"2026-11-24T23:00:00Z", "2026-11-24T23:00:00.000Z", "2026-11-24T23:00:00.000Z"},
        {"2026-11-24T22:59:59Z", "2026-11-24T22:00:00.000Z", "2026-11-23T23:00:00.000Z"},
        {"2026-03-29T12:00:00Z", "2026-03-29T12:00:00.000Z", "2026-03-28T23:00:00.000Z"}, /* 23 hours */
        {"2026-10-25T00:30:00Z", "2026-10-25T00:00:00.000Z", "2026-10-24T22:00:00.000Z"}, /* 25 hours, 02:30 for the first time */
        {"2026-10-25T01:30:00Z", "2026-10-25T01:00:00.000Z", "2026-10-24T22:00:00.000Z"}, /* and for the second */
        {"2026-10-25T22:59:00Z", "2026-10-25T22:00:00.000Z", "2026-10-24T22:00:00.000Z"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int64_t ms;
        char out[API_TIME_BYTES];
        assert_int_equal(api_time_read(text_of(rows[i].at), &amsterdam, &ms), 0);
        api_time_write(api_time_hour(&amsterdam, ms), out);
        assert_string_equal(out, rows[i].hour);
        api_time_write(api_time_day(&amsterdam, ms), out);
        assert_string_equal(out, rows[i].day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(read_and_written), cmocka_unit_test(days_and_hours)};
    return cmocka_run_group_tests(tests, zone_open, NULL);
}
