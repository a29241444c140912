/* A zone's offsets from the system's database: TZif files (RFC 8536), read here and not through localtime. libc knows one zone at a time, by the
 * process's environment; to change that while curl's and libuv's threads resolve names is a race, and an unknown name would pass in silence as UTC.
 */
#include "hub/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ZONE_BYTES_MAX 65536 /* the largest today have 4 kB */
#define DAY_S 86400ll
#define BACK_S (365 * DAY_S)
#define AHEAD_S (2 * 366 * DAY_S)

/* --- the list of changes ------------------------------------------------------------ */

struct window {
    int64_t from_s, to_s;
    int32_t offset_s; /* at @from_s */
    struct hours_zone *zone;
};

/* From @at_s on it is @offset_s, in ascending order of time. What lies before the window is its beginning. */
static int window_add(struct window *w, int64_t at_s, int32_t offset_s)
{
    struct hours_zone *z = w->zone;
    if (at_s > w->to_s) {
        return 0;
    }
    if (at_s <= w->from_s || (z->n > 1 && z->changes[z->n - 1].from_ms == at_s * 1000)) {
        z->changes[z->n - 1].offset_s = offset_s;
        return 0;
    }
    if (z->changes[z->n - 1].offset_s == offset_s) {
        return 0; /* another name, or another law, but the same clock */
    }
    if (z->n == HOURS_CHANGES_MAX) {
        return ERR_TOO_LARGE;
    }
    z->changes[z->n].from_ms = at_s * 1000;
    z->changes[z->n++].offset_s = offset_s;
    return 0;
}

/* --- RFC 8536, section 3.3: the footer, a rule as in POSIX's TZ, for all times after the last that is listed ----------------------------- */

struct rule_day {
    char form; /* 'J': 1 .. 365 without 29 February; 'M': month, week (5: the last), weekday; '0': 0 .. 365 */
    int64_t month, week, day;
    int64_t time_s;
};
struct rule {
    int32_t standard_s, summer_s; /* east of UTC */
    bool has_summer;
    struct rule_day begin, end;
};

struct reader {
    const char *at, *end;
};

static bool char_take(struct reader *r, char c)
{
    bool is = r->at < r->end && *r->at == c;
    r->at += is;
    return is;
}

static int number_take(struct reader *r, int64_t max, int64_t *out)
{
    int64_t n = 0;
    const char *from = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && n <= max) {
        n = n * 10 + (*r->at++ - '0');
    }
    *out = n;
    return r->at > from && n <= max ? 0 : ERR_BAD_INPUT;
}

/* "[+-]hh[:mm[:ss]]" in seconds; section 3.3.1 allows up to 167 hours. */
static int time_take(struct reader *r, int64_t *out)
{
    int64_t h, m = 0, s = 0, sign = char_take(r, '-') ? -1 : 1;
    if (sign > 0) {
        (void)char_take(r, '+');
    }
    if (number_take(r, 167, &h) || (char_take(r, ':') && (number_take(r, 59, &m) || (char_take(r, ':') && number_take(r, 59, &s))))) {
        return ERR_BAD_INPUT;
    }
    *out = sign * (h * 3600 + m * 60 + s);
    return 0;
}

static int name_take(struct reader *r)
{
    const char *from = r->at;
    if (char_take(r, '<')) {
        while (r->at < r->end && *r->at != '>') {
            r->at++;
        }
        return char_take(r, '>') ? 0 : ERR_BAD_INPUT;
    }
    while (r->at < r->end && ((*r->at >= 'a' && *r->at <= 'z') || (*r->at >= 'A' && *r->at <= 'Z'))) {
        r->at++;
    }
    return r->at - from >= 3 ? 0 : ERR_BAD_INPUT;
}

static int day_take(struct reader *r, struct rule_day *d)
{
    *d = (struct rule_day){.form = '0', .time_s = 2 * 3600};
    int err = char_take(r, ',') ? 0 : ERR_BAD_INPUT;
    if (!err && char_take(r, 'M')) {
        d->form = 'M';
        err = number_take(r, 12, &d->month) || !char_take(r, '.') || number_take(r, 5, &d->week) || !char_take(r, '.') ||
              number_take(r, 6, &d->day) || d->month < 1 || d->week < 1;
    } else if (!err) {
        d->form = char_take(r, 'J') ? 'J' : '0';
        err = number_take(r, 365, &d->day) || (d->form == 'J' && d->day < 1);
    }
    return err || (char_take(r, '/') && time_take(r, &d->time_s)) ? ERR_BAD_INPUT : 0;
}

static int rule_parse(struct text footer, struct rule *out)
{
    struct reader r = {footer.s, footer.s + footer.n};
    int64_t west = 0;
    *out = (struct rule){.has_summer = false};
    if (name_take(&r) || time_take(&r, &west)) {
        return ERR_BAD_INPUT;
    }
    out->standard_s = (int32_t)-west;
    if (r.at == r.end) {
        return 0;
    }
    out->has_summer = true;
    west -= 3600;
    if (name_take(&r) || (r.at < r.end && *r.at != ',' && time_take(&r, &west)) || day_take(&r, &out->begin) || day_take(&r, &out->end)) {
        return ERR_BAD_INPUT;
    }
    out->summer_s = (int32_t)-west;
    return r.at == r.end ? 0 : ERR_BAD_INPUT;
}

/* The local midnight of a year's day, as if local time were UTC; months and days past their end run on. */
static int64_t date_s(int64_t year, int64_t month, int64_t day)
{
    struct tm tm = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
    return timegm(&tm);
}

static int64_t rule_day_s(const struct rule_day *d, int64_t year)
{
    if (d->form != 'M') {
        bool leap = date_s(year, 3, 1) - date_s(year, 2, 1) == 29 * DAY_S;
        return date_s(year, 1, 1) + (d->form == '0' ? d->day : d->day - 1 + (leap && d->day >= 60)) * DAY_S + d->time_s;
    }
    int64_t first = date_s(year, d->month, 1), next = date_s(year, d->month + 1, 1);
    int64_t weekday = ((first / DAY_S + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; Sunday is 0 */
    int64_t at = first + ((d->day - weekday + 7) % 7 + (d->week - 1) * 7) * DAY_S;
    return (at < next ? at : at - 7 * DAY_S) + d->time_s;
}

static int rule_add(const struct rule *rule, int64_t after_s, struct window *w)
{
    struct tm tm;
    time_t from = (time_t)w->from_s;
    int64_t begin_offset = rule->standard_s, year;
    if (!rule->has_summer) {
        return after_s < w->from_s ? window_add(w, w->from_s, rule->standard_s) : 0; /* else the last that is listed leads to the same */
    }
    if (!gmtime_r(&from, &tm)) {
        return ERR_BAD_INPUT;
    }
    year = tm.tm_year + 1900;
    for (int64_t y = year - 1; y <= year + 4; y++) {
        struct {
            int64_t at_s;
            int32_t offset_s;
        } turns[2] = {{rule_day_s(&rule->begin, y) - begin_offset, rule->summer_s}, {rule_day_s(&rule->end, y) - rule->summer_s, rule->standard_s}};
        bool south = turns[1].at_s < turns[0].at_s; /* summer goes over the year's end */
        for (int i = 0; i < 2; i++) {
            int k = south ? !i : i;
            int err = turns[k].at_s > after_s ? window_add(w, turns[k].at_s, turns[k].offset_s) : 0;
            if (err) {
                return err;
            }
        }
    }
    return 0;
}

/* --- RFC 8536, section 3: the file ------------------------------------------------------------ */

static int64_t big_endian(const unsigned char *p, size_t n)
{
    uint64_t u = p[0] & 0x80 ? ~0ull : 0;
    for (size_t i = 0; i < n; i++) {
        u = u << 8 | p[i];
    }
    return (int64_t)u;
}

enum { UT, STD, LEAP, TIMES, TYPES, CHARS, COUNTS };
#define HEADER_BYTES 44

/* The header at @at, and how long its block is with times of @time_bytes. */
static int header_read(const unsigned char *file, size_t bytes, size_t at, size_t time_bytes, size_t counts[COUNTS], size_t *block)
{
    if (bytes < at + HEADER_BYTES || memcmp(file + at, "TZif", 4) != 0 || file[at + 4] < '2') {
        return ERR_BAD_INPUT;
    }
    for (size_t i = 0; i < COUNTS; i++) {
        int64_t n = big_endian(file + at + 20 + 4 * i, 4);
        if (n < 0 || n > ZONE_BYTES_MAX) {
            return ERR_BAD_INPUT;
        }
        counts[i] = (size_t)n;
    }
    *block = counts[TIMES] * (time_bytes + 1) + counts[TYPES] * 6 + counts[CHARS] + counts[LEAP] * (time_bytes + 4) + counts[STD] + counts[UT];
    return *block <= bytes - at - HEADER_BYTES ? 0 : ERR_BAD_INPUT;
}

int settings_zone_parse(struct text tzif, int64_t now_ms, struct hours_zone *out)
{
    const unsigned char *file = (const unsigned char *)tzif.s;
    size_t counts[COUNTS], block, at = 0;
    int err = header_read(file, tzif.n, at, 4, counts, &block); /* the first block has 32-bit times: passed over */
    at += err ? 0 : HEADER_BYTES + block;
    err = err ? err : header_read(file, tzif.n, at, 8, counts, &block);
    if (err || counts[TYPES] == 0 || counts[LEAP] > 0) { /* leap seconds ("right/…") are not the clock on the wall */
        return ERR_BAD_INPUT;
    }
    const unsigned char *times = file + at + HEADER_BYTES, *kinds = times + counts[TIMES] * 8, *types = kinds + counts[TIMES];
    struct text footer = {tzif.s + at + HEADER_BYTES + block, tzif.n - at - HEADER_BYTES - block};
    struct hours_zone zone = {.n = 1};
    struct window w = {.from_s = now_ms / 1000 - BACK_S, .to_s = now_ms / 1000 + AHEAD_S, .zone = &zone};
    zone.changes[0].from_ms = w.from_s * 1000;
    zone.changes[0].offset_s = (int32_t)big_endian(types, 4);
    int64_t last_s = INT64_MIN;
    for (size_t i = 0; !err && i < counts[TIMES]; i++) {
        int64_t time_s = big_endian(times + 8 * i, 8);
        if (kinds[i] >= counts[TYPES] || time_s < last_s) {
            return ERR_BAD_INPUT;
        }
        last_s = time_s;
        err = window_add(&w, time_s, (int32_t)big_endian(types + 6 * kinds[i], 4));
    }
    if (!err && footer.n > 2 && footer.s[0] == '\n' && footer.s[footer.n - 1] == '\n') {
        struct rule rule;
        err = rule_parse((struct text){footer.s + 1, footer.n - 2}, &rule);
        err = err ? err : rule_add(&rule, last_s, &w);
    }
    if (!err) {
        *out = zone;
    }
    return err;
}

/* "Europe/Amsterdam": letters, digits, "_+-" between slashes; no dots, so that no name leads out of the database. */
static bool name_is_plain(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    return name[0] && name[0] != '/' && strlen(name) <= LABEL_MAX && name[strspn(name, plain)] == '\0';
}

int settings_zone(const char *name, int64_t now_ms, struct hours_zone *out)
{
    const char *folder = getenv("TZDIR");
    char path[1024];
    if (!name_is_plain(name) ||
        snprintf(path, sizeof path, "%s/%s", folder && folder[0] ? folder : "/usr/share/zoneinfo", name) >= (int)sizeof path) {
        return ERR_BAD_FIELD;
    }
    FILE *f = fopen(path, "rb");
    char *bytes = f ? malloc(ZONE_BYTES_MAX) : NULL;
    size_t n = bytes ? fread(bytes, 1, ZONE_BYTES_MAX, f) : 0;
    int err = f && !bytes ? ERR_MEMORY : n > 0 && settings_zone_parse((struct text){bytes, n}, now_ms, out) == 0 ? 0 : ERR_BAD_FIELD;
    free(bytes);
    if (f) {
        (void)fclose(f); /* read only */
    }
    return err;
}
