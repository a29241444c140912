#include "hub/api_time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/limits.h"

#define HOUR_MS 3600000
#define DAY_MS (24 * HOUR_MS)

void api_time_write(int64_t ms, char out[API_TIME_BYTES])
{
    struct tm utc;
    time_t s = (time_t)(ms / 1000);
    char whole[API_TIME_BYTES];
    size_t n = strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &utc));
    (void)snprintf(out, API_TIME_BYTES, "%.*s.%03uZ", (int)(n < 25 ? n : 25), whole,
                   (unsigned)(ms % 1000)); /* fits until the year 9999 and far beyond */
}

int64_t api_time_offset_ms(const struct hours_zone *z, int64_t ms)
{
    int64_t offset_s = z->n > 0 ? z->changes[0].offset_s : 0;
    for (size_t i = 1; i < z->n && z->changes[i].from_ms <= ms; i++) {
        offset_s = z->changes[i].offset_s;
    }
    return offset_s * 1000;
}

/* A local time that the clock skips or shows twice: the later offset, tried first, decides; one hour at most is told wrong, and never a moment before
 * it. */
static int64_t local_to_utc(const struct hours_zone *z, int64_t local_ms)
{
    int64_t guess = local_ms - api_time_offset_ms(z, local_ms);
    return local_ms - api_time_offset_ms(z, guess);
}

int64_t api_time_hour(const struct hours_zone *z, int64_t ms)
{
    int64_t into = (ms + api_time_offset_ms(z, ms)) % HOUR_MS;
    return ms - into;
}

int64_t api_time_day(const struct hours_zone *z, int64_t ms)
{
    int64_t local = ms + api_time_offset_ms(z, ms);
    return local_to_utc(z, local - local % DAY_MS);
}

static bool two_digits(const char *s, unsigned max, unsigned *out)
{
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9') {
        return false;
    }
    *out = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
    return *out <= max;
}

/* RFC 3339, section 5.6: time-offset */
static bool offset_read(struct text t, int64_t *out_ms)
{
    unsigned hours, minutes;
    if (t.n == 1 && (t.s[0] == 'Z' || t.s[0] == 'z')) {
        *out_ms = 0;
        return true;
    }
    /* A + that was not encoded in an address arrives as a blank. */
    if (t.n != 6 || (t.s[0] != '+' && t.s[0] != '-' && t.s[0] != ' ') || t.s[3] != ':' || !two_digits(t.s + 1, 23, &hours) ||
        !two_digits(t.s + 4, 59, &minutes)) {
        return false;
    }
    *out_ms = (int64_t)(hours * 60 + minutes) * 60000 * (t.s[0] == '-' ? -1 : 1);
    return true;
}

int api_time_read(struct text t, const struct hours_zone *z, int64_t *out)
{
    uint64_t number;
    int32_t day;
    if (text_to_u64(t, &number) == 0) {
        if (number > (uint64_t)U53_MAX) {
            return ERR_BAD_FIELD;
        }
        *out = (int64_t)number;
        return 0;
    }
    if (t.n < 10 || hours_date_parse((struct text){t.s, 10}, &day) || day < 0) {
        return ERR_BAD_FIELD;
    }
    if (t.n == 10) {
        *out = local_to_utc(z, (int64_t)day * DAY_MS);
        return 0;
    }
    unsigned hour, minute, second, fraction_ms = 0, digits = 0;
    if (t.n < 20 || (t.s[10] != 'T' && t.s[10] != 't') || !two_digits(t.s + 11, 23, &hour) || t.s[13] != ':' || !two_digits(t.s + 14, 59, &minute) ||
        t.s[16] != ':' || !two_digits(t.s + 17, 60, &second)) {
        return ERR_BAD_FIELD;
    }
    size_t at = 19;
    if (t.s[at] == '.') {
        for (at++; at < t.n && t.s[at] >= '0' && t.s[at] <= '9'; at++) {
            fraction_ms = digits < 3 ? fraction_ms * 10 + (unsigned)(t.s[at] - '0') : fraction_ms;
            digits++;
        }
        for (unsigned i = digits; i < 3; i++) {
            fraction_ms *= 10;
        }
    }
    int64_t offset_ms;
    if ((at > 19 && digits == 0) || at >= t.n || !offset_read((struct text){t.s + at, t.n - at}, &offset_ms)) {
        return ERR_BAD_FIELD;
    }
    *out = (int64_t)day * DAY_MS + (int64_t)hour * HOUR_MS + (int64_t)minute * 60000 + (int64_t)second * 1000 + fraction_ms - offset_ms;
    return *out >= 0 ? 0 : ERR_BAD_FIELD;
}
