/* Opening hours, and clocks that run in them. Pure: the zone is a table that the caller reads from the system; local time is UTC plus an offset that changes at known
 * moments. A queue without rules is always open. */
#ifndef LOKET_CORE_HOURS_H
#define LOKET_CORE_HOURS_H

#include "base/text.h"

#define HOURS_CHANGES_MAX 16
#define HOURS_RULES_MAX 21
#define HOURS_HOLIDAYS_MAX 200

/* Ascending by @from_ms; [0] holds for all earlier times as well. */
struct hours_zone {
    struct {
        int64_t from_ms;    /* UTC, ms since 1970 */
        int32_t offset_s;   /* east of UTC */
    } changes[HOURS_CHANGES_MAX];
    size_t n;
};

struct hours_rule {
    unsigned days;              /* bit 1 << day, Monday 0 */
    unsigned from_min, to_min;  /* of the local day, 0 .. 1440, from < to */
};
struct hours_holiday {
    int32_t day;                /* days since 1970-01-01, local */
    unsigned from_min, to_min;  /* equal: closed all day */
};
struct hours {
    struct hours_rule rules[HOURS_RULES_MAX];
    size_t rules_n;             /* 0: open all day, but for holidays */
    struct hours_holiday holidays[HOURS_HOLIDAYS_MAX]; /* a holiday's hours replace its weekday's */
    size_t holidays_n;
};

/* "mon" .. "sun" → 0 .. 6; "HH:MM" → minutes, 24:00 is 1440; "YYYY-MM-DD" (RFC 3339 full-date) → days since 1970. ERR_BAD_FIELD. */
int hours_day_parse(struct text name, unsigned *out) MUST_CHECK;
int hours_minute_parse(struct text hh_mm, unsigned *out) MUST_CHECK;
int hours_date_parse(struct text date, int32_t *out) MUST_CHECK;

bool hours_is_open(const struct hours *h, const struct hours_zone *z, int64_t now_ms);
/* The next moment, now or later, at which it is open; looks 400 days ahead; INT64_MAX: never. */
int64_t hours_next_open(const struct hours *h, const struct hours_zone *z, int64_t now_ms);
/* When have @open_ms of opening time passed from @from_ms on? INT64_MAX: not within 400 days. */
int64_t hours_add(const struct hours *h, const struct hours_zone *z, int64_t from_ms, int64_t open_ms);
/* Opening time between two moments, ms; 0 when @to_ms is not later. */
int64_t hours_between(const struct hours *h, const struct hours_zone *z, int64_t from_ms, int64_t to_ms);

#endif
