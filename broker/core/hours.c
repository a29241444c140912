/* Open is what the clock on the wall says: a moment is open when its local day and time lie in a rule. So the hour that spring skips is open
 * for nobody, and the one that autumn repeats counts twice; every function here agrees with hours_is_open to the millisecond.
 *
 * A walk goes from one open span to the next, day by day, inside stretches of one offset. Whole weeks in which nothing is special are passed
 * over at once, so that a target a year away costs a few days' steps around each holiday and each change of the clock. */
#include "core/hours.h"

#include "base/check.h"

#define MINUTE_MS 60000ll
#define DAY_MS 86400000ll
#define DAY_MIN 1440u
#define AHEAD_MS (400 * DAY_MS)

/* --- reading ------------------------------------------------------------ */

int hours_day_parse(struct text name, unsigned *out)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (unsigned i = 0; i < 7; i++) {
        if (text_is(name, names[i])) {
            *out = i;
            return 0;
        }
    }
    return ERR_BAD_FIELD;
}

/* @n digits of @t from @at. */
static int digits_parse(struct text t, size_t at, size_t n, unsigned *out)
{
    unsigned value = 0;
    for (size_t i = at; i < at + n; i++) {
        if (t.s[i] < '0' || t.s[i] > '9') {
            return ERR_BAD_FIELD;
        }
        value = value * 10 + (unsigned)(t.s[i] - '0');
    }
    *out = value;
    return 0;
}

int hours_minute_parse(struct text hh_mm, unsigned *out)
{
    unsigned hour, minute;
    if (hh_mm.n != 5 || hh_mm.s[2] != ':' || digits_parse(hh_mm, 0, 2, &hour) || digits_parse(hh_mm, 3, 2, &minute) || minute > 59 ||
        hour * 60 + minute > DAY_MIN) {
        return ERR_BAD_FIELD;
    }
    *out = hour * 60 + minute;
    return 0;
}

int hours_date_parse(struct text date, int32_t *out)
{
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}; /* days of the year before each month */
    unsigned year, month, day;
    if (date.n != 10 || date.s[4] != '-' || date.s[7] != '-' || digits_parse(date, 0, 4, &year) || digits_parse(date, 5, 2, &month) ||
        digits_parse(date, 8, 2, &day) || month < 1 || month > 12 || year < 1) {
        return ERR_BAD_FIELD;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    unsigned length = before[month] - before[month - 1] + (leap && month == 2);
    if (day < 1 || day > length) {
        return ERR_BAD_FIELD;
    }
    unsigned last = year - 1; /* 719162 days from 0001-01-01 to 1970-01-01 */
    *out = (int32_t)(last * 365 + last / 4 - last / 100 + last / 400 + before[month - 1] + (leap && month > 2) + day - 1) - 719162;
    return 0;
}

/* --- one day ------------------------------------------------------------ */

static unsigned weekday(int32_t day)
{
    return (unsigned)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

struct span {
    unsigned from_min, to_min;
};

/* What counts on one day: the holidays of that date when it has any, else the rules of its weekday; without rules the whole day. */
struct day {
    const struct hours *h;
    int32_t date; /* holidays */
    bool is_holiday;
    unsigned weekday;
};

static bool range_get(const struct day *d, size_t i, struct span *out)
{
    const struct hours *h = d->h;
    if (d->is_holiday) {
        *out = (struct span){h->holidays[i].from_min, h->holidays[i].to_min};
        return h->holidays[i].day == d->date && out->from_min < out->to_min;
    }
    *out = h->rules_n ? (struct span){h->rules[i].from_min, h->rules[i].to_min} : (struct span){0, DAY_MIN};
    return (!h->rules_n || (h->rules[i].days >> d->weekday & 1)) && out->from_min < out->to_min;
}

/* The first span of the day that ends after minute @after; ranges that overlap or touch are one. */
static bool day_span(const struct day *d, unsigned after, struct span *out)
{
    size_t n = d->is_holiday ? d->h->holidays_n : d->h->rules_n ? d->h->rules_n : 1;
    struct span s = {DAY_MIN, DAY_MIN}, r;
    for (size_t i = 0; i < n; i++) {
        if (range_get(d, i, &r) && r.to_min > after && r.from_min < s.from_min) {
            s = r;
        }
    }
    for (bool grew = s.from_min < DAY_MIN; grew;) {
        grew = false;
        for (size_t i = 0; i < n; i++) {
            if (range_get(d, i, &r) && r.from_min <= s.to_min && r.to_min > s.to_min) {
                s.to_min = r.to_min;
                grew = true;
            }
        }
    }
    *out = s;
    return s.from_min < DAY_MIN;
}

static int64_t week_open_ms(const struct hours *h)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < 7; i++) {
        struct span s = {0, 0};
        while (day_span(&(struct day){.h = h, .weekday = i}, s.to_min, &s)) {
            sum += (s.to_min - s.from_min) * MINUTE_MS;
        }
    }
    return sum;
}

/* --- the walk ------------------------------------------------------------ */

struct walk {
    const struct hours *h;
    const struct hours_zone *z;
    int64_t at_ms, end_ms;         /* UTC */
    int64_t offset_ms, stretch_ms; /* of the stretch in which @at_ms lies: its offset, and its end */
    int32_t day;                   /* of @at_ms, local */
    int64_t midnight_ms;           /* at which @day began, UTC, had it begun in this stretch */
    int32_t holiday_from, holiday; /* the first holiday from @holiday_from on; INT32_MAX: none */
};

static void walk_look(struct walk *w)
{
    size_t i = 0;
    while (i + 1 < w->z->n && w->z->changes[i + 1].from_ms <= w->at_ms) {
        i++;
    }
    w->offset_ms = w->z->n ? w->z->changes[i].offset_s * 1000ll : 0;
    w->stretch_ms = i + 1 < w->z->n && w->z->changes[i + 1].from_ms < w->end_ms ? w->z->changes[i + 1].from_ms : w->end_ms;
    int64_t local_ms = w->at_ms + w->offset_ms, day = local_ms / DAY_MS - (local_ms % DAY_MS < 0);
    CHECK(day > INT32_MIN && day < INT32_MAX);
    w->day = (int32_t)day;
    w->midnight_ms = day * DAY_MS - w->offset_ms;
    if (w->day >= w->holiday_from && w->day <= w->holiday) {
        return; /* still the next one */
    }
    w->holiday_from = w->day;
    w->holiday = INT32_MAX;
    for (size_t k = 0; k < w->h->holidays_n; k++) {
        int32_t h = w->h->holidays[k].day;
        w->holiday = h >= w->day && h < w->holiday ? h : w->holiday;
    }
}

static struct walk walk_begin(const struct hours *h, const struct hours_zone *z, int64_t from_ms, int64_t end_ms)
{
    return (struct walk){.h = h, .z = z, .at_ms = from_ms, .end_ms = end_ms, .holiday_from = INT32_MAX, .holiday = INT32_MIN};
}

/* The next open span from @at_ms on, which moves to its end. Spans may touch: at midnight, and where the clock changes. */
static bool walk_next(struct walk *w, int64_t *from_ms, int64_t *to_ms)
{
    while (w->at_ms < w->end_ms) {
        walk_look(w);
        struct span s;
        struct day d = {w->h, w->day, w->day == w->holiday, weekday(w->day)};
        if (!day_span(&d, (unsigned)((w->at_ms - w->midnight_ms) / MINUTE_MS), &s)) {
            w->at_ms = w->midnight_ms + DAY_MS < w->stretch_ms ? w->midnight_ms + DAY_MS : w->stretch_ms;
            continue;
        }
        int64_t from = w->midnight_ms + s.from_min * MINUTE_MS, to = w->midnight_ms + s.to_min * MINUTE_MS;
        from = from > w->at_ms ? from : w->at_ms;
        to = to < w->stretch_ms ? to : w->stretch_ms;
        w->at_ms = to > from ? to : w->stretch_ms;
        if (to > from) {
            *from_ms = from;
            *to_ms = to;
            return true;
        }
    }
    return false;
}

/* Over how many whole weeks from @at_ms on do the rules alone count, with one offset? Each has week_open_ms, whatever the hour at which it
 * begins. */
static int64_t walk_plain_weeks(struct walk *w)
{
    walk_look(w);
    int64_t weeks = (w->stretch_ms - w->at_ms) / (7 * DAY_MS), until = ((int64_t)w->holiday - 1 - w->day) / 7;
    weeks = weeks < until ? weeks : until;
    return weeks > 0 ? weeks : 0;
}

/* --- the questions ------------------------------------------------------------ */

bool hours_is_open(const struct hours *h, const struct hours_zone *z, int64_t now_ms)
{
    struct walk w = walk_begin(h, z, now_ms, now_ms + 1);
    int64_t from, to;
    return walk_next(&w, &from, &to);
}

int64_t hours_next_open(const struct hours *h, const struct hours_zone *z, int64_t now_ms)
{
    struct walk w = walk_begin(h, z, now_ms, now_ms + AHEAD_MS);
    int64_t from, to;
    return walk_next(&w, &from, &to) ? from : INT64_MAX;
}

int64_t hours_add(const struct hours *h, const struct hours_zone *z, int64_t from_ms, int64_t open_ms)
{
    if (open_ms <= 0) {
        return from_ms;
    }
    struct walk w = walk_begin(h, z, from_ms, from_ms + AHEAD_MS);
    int64_t from, to, left = open_ms;
    int64_t week = left > DAY_MS ? week_open_ms(h) : 0; /* what is nearer is reached as fast by steps */
    while (w.at_ms < w.end_ms) {
        if (week > 0 && left > week) {
            int64_t weeks = walk_plain_weeks(&w), most = (left - 1) / week;
            weeks = weeks < most ? weeks : most;
            w.at_ms += weeks * 7 * DAY_MS;
            left -= weeks * week;
        }
        if (!walk_next(&w, &from, &to)) {
            break;
        }
        if (to - from >= left) {
            return from + left;
        }
        left -= to - from;
    }
    return INT64_MAX;
}

int64_t hours_between(const struct hours *h, const struct hours_zone *z, int64_t from_ms, int64_t to_ms)
{
    struct walk w = walk_begin(h, z, from_ms, to_ms);
    int64_t from, to, sum = 0, week = -1;
    while (w.at_ms < w.end_ms) {
        if (w.end_ms - w.at_ms > 14 * DAY_MS) {
            int64_t weeks = walk_plain_weeks(&w);
            week = week < 0 && weeks > 0 ? week_open_ms(h) : week;
            w.at_ms += weeks * 7 * DAY_MS;
            sum += weeks * week;
        }
        if (walk_next(&w, &from, &to)) {
            sum += to - from;
        }
    }
    return sum;
}
