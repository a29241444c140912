#include "hub/api_sums.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/settings.h"

const char sums_too_many[] = "more than 10000 rows would come out; ask for a shorter time, a longer interval or fewer keys";

enum metric {
    ARRIVED, ANSWERED, WAIT_MS, IN_LEVEL, OVER_LEVEL, ABANDONED, ABANDONED_MS, HANDLED, HANDLE_MS, GIVEN_UP, REOPENED, MISSED, DECLINED,
    FIRST, FIRST_MS, FIRST_IN, FIRST_LATE, RESOLVED_IN, RESOLVED_LATE, ON_MS, BUSY_MS, METRICS
};
/* As the store writes them, in the order above. */
static const char *const metrics[] = {"arrived", "answered", "wait_ms", "in_level", "over_level", "abandoned", "abandoned_ms", "handled", "handle_ms",
                                      "given_up", "reopened", "missed", "declined", "first", "first_ms", "first_in", "first_late", "resolved_in",
                                      "resolved_late", "on_ms", "busy_ms"};
_Static_assert(sizeof metrics / sizeof metrics[0] == METRICS && (int)METRICS == (int)SUMS_METRICS, "one name each");

/* What is shown. A share is a part of all in percent, with one decimal: part / (part + rest), or part / rest where rest is the whole. */
enum kind { SUM, MEAN, SHARE, SHARE_OF };
static const struct number {
    const char *name;
    enum kind kind;
    enum metric a, b;
} numbers[] = {
    {"arrived", SUM, ARRIVED, 0},
    {"answered", SUM, ANSWERED, 0},
    {"answer_ms_average", MEAN, WAIT_MS, ANSWERED},
    {"within_level_percent", SHARE, IN_LEVEL, OVER_LEVEL},
    {"abandoned", SUM, ABANDONED, 0},
    {"abandon_ms_average", MEAN, ABANDONED_MS, ABANDONED},
    {"first_responses", SUM, FIRST, 0},
    {"first_response_ms_average", MEAN, FIRST_MS, FIRST},
    {"first_in_time_percent", SHARE, FIRST_IN, FIRST_LATE},
    {"handled", SUM, HANDLED, 0},
    {"handle_ms_average", MEAN, HANDLE_MS, HANDLED},
    {"resolved_in_time_percent", SHARE, RESOLVED_IN, RESOLVED_LATE},
    {"given_up", SUM, GIVEN_UP, 0},
    {"reopened", SUM, REOPENED, 0},
    {"missed", SUM, MISSED, 0},
    {"declined", SUM, DECLINED, 0},
    {"on_ms", SUM, ON_MS, 0},
    {"busy_ms", SUM, BUSY_MS, 0},
    {"occupancy_percent", SHARE_OF, BUSY_MS, ON_MS},
};
#define NUMBERS_N (sizeof numbers / sizeof numbers[0])

/* --- what is asked ------------------------------------------------------------------------------------------------------------------------- */

int sums_init(struct sums *s, const char *zone, int64_t now_ms)
{
    *s = (struct sums){.interval = SUMS_BY_HOUR};
    map_init(&s->by_key, SUMS_ROWS_MAX);
    /* The table of offsets begins a year before the moment it is asked for: from there on it holds for all that is kept. */
    int err = settings_zone(zone[0] ? zone : "Europe/Amsterdam", now_ms - (int64_t)SUMS_DAYS_MAX * 86400000, &s->zone);
    s->from_ms = err ? 0 : api_time_day(&s->zone, now_ms);
    s->to_ms = now_ms;
    return err;
}

void sums_done(struct sums *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->rows[i]);
    }
    free(s->rows);
    map_done(&s->by_key);
    *s = (struct sums){.n = 0};
}

/* The words of a list: bit by bit. */
static int words_read(struct text list, const char *const *words, size_t n, unsigned *out)
{
    unsigned bits = 0;
    size_t at = 0;
    while (at < list.n) {
        size_t end = at, i = 0;
        while (end < list.n && list.s[end] != ',') {
            end++;
        }
        while (i < n && !text_is((struct text){list.s + at, end - at}, words[i])) {
            i++;
        }
        if (i == n) {
            return ERR_BAD_FIELD;
        }
        bits |= 1u << i;
        at = end + 1;
    }
    *out = bits;
    return 0;
}

int sums_ask(struct sums *s, const char *name, struct text value, struct frame_fault *fault)
{
    static const char *const keys[] = {"interval", "queue", "channel", "agent"}, *const intervals[] = {"quarter", "hour", "day"};
    *fault = (struct frame_fault){.remedy = ""};
    if (strcmp(name, "by") == 0) {
        return words_read(value, keys, 4, &s->by)
                   ? frame_fault_at(fault, ERR_BAD_FIELD, "must be one or more of queue, channel, agent and interval, with commas between", "by")
                   : 0;
    }
    if (strcmp(name, "interval") == 0) {
        for (unsigned i = 0; i < 3; i++) {
            if (text_is(value, intervals[i])) {
                s->interval = (enum sums_interval)i;
                return 0;
            }
        }
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be quarter, hour or day", "interval");
    }
    int64_t *at = strcmp(name, "from") == 0 ? &s->from_ms : &s->to_ms;
    return api_time_read(value, &s->zone, at)
               ? frame_fault_at(fault, ERR_BAD_FIELD,
                                "must be a time like 2026-11-25T09:00:00+01:00, a day like 2026-11-25, or milliseconds since 1970", "%s", name)
               : 0;
}

int sums_ready(struct sums *s, struct frame_fault *fault)
{
    s->from_ms -= s->from_ms % SUMS_QUARTER_MS;
    s->to_ms += (SUMS_QUARTER_MS - s->to_ms % SUMS_QUARTER_MS) % SUMS_QUARTER_MS;
    if (s->to_ms <= s->from_ms) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be later than `from`", "to");
    }
    if (s->to_ms - s->from_ms > (int64_t)SUMS_DAYS_MAX * 86400000) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be at most 400 days before `to`", "from");
    }
    return 0;
}

int64_t sums_page(struct sums *s, int64_t at_ms, size_t got)
{
    const int64_t day = 96 * SUMS_QUARTER_MS;
    s->page_ms = s->page_ms == 0 ? SUMS_QUARTER_MS : got > SUMS_PAGE_SUMS ? s->page_ms / 2 : 2 * s->page_ms;
    s->page_ms = s->page_ms > day ? day : s->page_ms - s->page_ms % SUMS_QUARTER_MS;
    s->page_ms = s->page_ms > 0 ? s->page_ms : SUMS_QUARTER_MS;
    return at_ms + s->page_ms < s->to_ms ? at_ms + s->page_ms : s->to_ms;
}

/* --- adding up ----------------------------------------------------------------------------------------------------------------------------- */

static void interval_of(const struct sums *s, int64_t quarter_ms, struct sums_row *row)
{
    const int64_t hour = 3600000;
    if (s->interval == SUMS_BY_QUARTER) {
        row->from_ms = quarter_ms;
        row->to_ms = quarter_ms + SUMS_QUARTER_MS;
    } else if (s->interval == SUMS_BY_HOUR) {
        row->from_ms = api_time_hour(&s->zone, quarter_ms);
        row->to_ms = row->from_ms + hour;
    } else {
        row->from_ms = api_time_day(&s->zone, quarter_ms);
        row->to_ms = api_time_day(&s->zone, row->from_ms + 30 * hour); /* a day has 23 to 25 hours */
    }
}

static int row_of(struct sums *s, const struct store_sum *sum, struct sums_row **out)
{
    struct sums_row row = {.from_ms = s->from_ms, .to_ms = s->to_ms};
    char key[ID_MAX * 2 + WORD_MAX + 64];
    int err = s->by & SUMS_QUEUE ? text_copy(sum->queue, row.queue, sizeof row.queue) : 0;
    err = err || !(s->by & SUMS_CHANNEL) ? err : text_copy(sum->channel, row.channel, sizeof row.channel);
    err = err || !(s->by & SUMS_AGENT) ? err : text_copy(sum->agent, row.agent, sizeof row.agent);
    if (err) {
        return err; /* no id of ours */
    }
    if (s->by & SUMS_INTERVAL) {
        interval_of(s, (int64_t)sum->quarter_ms, &row);
    }
    (void)snprintf(key, sizeof key, "%" PRId64 "|%s|%s|%s", row.from_ms, row.queue, row.channel, row.agent); /* fits */
    *out = map_get(&s->by_key, text_of(key));
    if (*out) {
        return 0;
    }
    if (s->n == SUMS_ROWS_MAX) {
        return ERR_TOO_LARGE;
    }
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct sums_row **rows = realloc(s->rows, room * sizeof *rows);
        if (!rows) {
            return ERR_MEMORY;
        }
        s->rows = rows;
        s->room = room;
    }
    *out = malloc(sizeof **out);
    if (!*out || map_set(&s->by_key, text_of(key), *out)) {
        free(*out);
        return ERR_MEMORY;
    }
    **out = row;
    s->rows[s->n++] = *out;
    return 0;
}

int sums_add(struct sums *s, const struct store_sum *sum)
{
    struct sums_row *row;
    size_t m = 0;
    while (m < METRICS && !text_is(sum->metric, metrics[m])) {
        m++;
    }
    if (m == METRICS || (int64_t)sum->quarter_ms < s->from_ms || (int64_t)sum->quarter_ms >= s->to_ms) {
        return 0; /* of a later version; outside */
    }
    int err = row_of(s, sum, &row);
    if (!err) {
        row->sum[m] += sum->sum;
    }
    return err;
}

static int rows_compare(const void *a, const void *b)
{
    const struct sums_row *x = *(struct sums_row *const *)a, *y = *(struct sums_row *const *)b;
    if (x->from_ms != y->from_ms) {
        return x->from_ms < y->from_ms ? -1 : 1;
    }
    int order = strcmp(x->queue, y->queue);
    order = order ? order : strcmp(x->channel, y->channel);
    return order ? order : strcmp(x->agent, y->agent);
}

int sums_close(struct sums *s)
{
    struct sums_row *row;
    int err = s->n == 0 && s->by == 0 ? row_of(s, &(struct store_sum){.sum = 0}, &row) : 0;
    if (!err && s->n > 0) {
        qsort(s->rows, s->n, sizeof *s->rows, rows_compare);
    }
    return err;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------------- */

/* Nothing to divide by: no number, and @none is written. */
static int number_write(const struct sums_row *r, const struct number *n, const char *none, struct buf *out)
{
    uint64_t a = r->sum[n->a], b = r->sum[n->b], whole = n->kind == SHARE ? a + b : b;
    if (n->kind == SUM) {
        return buf_addf(out, "%" PRIu64, a);
    }
    if (whole == 0) {
        return buf_add_z(out, none);
    }
    if (n->kind == MEAN) {
        return buf_addf(out, "%" PRIu64, (a + whole / 2) / whole);
    }
    uint64_t tenths = (a * 1000 + whole / 2) / whole;
    return buf_addf(out, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
}

static int key_json(struct buf *out, const char *name, const char *value)
{
    return value[0] ? buf_addf(out, "\"%s\":\"%s\",", name, value) : buf_addf(out, "\"%s\":null,", name); /* ids are plain: nothing to escape */
}

static int row_json(const struct sums *s, const struct sums_row *r, struct buf *out)
{
    char from[API_TIME_BYTES], to[API_TIME_BYTES];
    api_time_write(r->from_ms, from);
    api_time_write(r->to_ms, to);
    int err = s->by & SUMS_INTERVAL ? buf_addf(out, "{\"from\":\"%s\",\"to\":\"%s\",", from, to) : buf_add_byte(out, '{');
    err = err || !(s->by & SUMS_QUEUE) ? err : key_json(out, "queue", r->queue);
    err = err || !(s->by & SUMS_CHANNEL) ? err : key_json(out, "channel", r->channel);
    err = err || !(s->by & SUMS_AGENT) ? err : key_json(out, "agent", r->agent);
    for (size_t i = 0; !err && i < NUMBERS_N; i++) {
        err = buf_addf(out, "%s\"%s\":", i > 0 ? "," : "", numbers[i].name);
        err = err ? err : number_write(r, &numbers[i], "null", out);
    }
    return err ? err : buf_add_byte(out, '}');
}

int sums_json(const struct sums *s, struct buf *out)
{
    char from[API_TIME_BYTES], to[API_TIME_BYTES];
    api_time_write(s->from_ms, from);
    api_time_write(s->to_ms, to);
    int err = buf_addf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"count\":%zu,\"results\":[", from, to, s->n);
    for (size_t i = 0; !err && i < s->n; i++) {
        err = i > 0 ? buf_add_byte(out, ',') : 0;
        err = err ? err : row_json(s, s->rows[i], out);
    }
    return err ? err : buf_add_z(out, "]}");
}

static int row_csv(const struct sums *s, const struct sums_row *r, struct buf *out)
{
    char from[API_TIME_BYTES], to[API_TIME_BYTES];
    api_time_write(r->from_ms, from);
    api_time_write(r->to_ms, to);
    int err = buf_addf(out, "%s,%s", from, to);
    err = err || !(s->by & SUMS_QUEUE) ? err : buf_addf(out, ",%s", r->queue);
    err = err || !(s->by & SUMS_CHANNEL) ? err : buf_addf(out, ",%s", r->channel);
    err = err || !(s->by & SUMS_AGENT) ? err : buf_addf(out, ",%s", r->agent);
    for (size_t i = 0; !err && i < NUMBERS_N; i++) {
        err = buf_add_byte(out, ',');
        err = err ? err : number_write(r, &numbers[i], "", out);
    }
    return err ? err : buf_add_z(out, "\r\n");
}

int sums_csv(const struct sums *s, struct buf *out)
{
    int err = buf_addf(out, "from,to%s%s%s", s->by & SUMS_QUEUE ? ",queue" : "", s->by & SUMS_CHANNEL ? ",channel" : "",
                       s->by & SUMS_AGENT ? ",agent" : "");
    for (size_t i = 0; !err && i < NUMBERS_N; i++) {
        err = buf_addf(out, ",%s", numbers[i].name);
    }
    err = err ? err : buf_add_z(out, "\r\n");
    for (size_t i = 0; !err && i < s->n; i++) {
        err = row_csv(s, s->rows[i], out);
    }
    return err;
}
