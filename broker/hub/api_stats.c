/* GET /api/stats: read page by page, so that nobody else waits for it; added up on the way. */
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"
#include "hub/api_sums.h"

#define STATS_BYTES_MAX (16u << 20) /* 10,000 rows of at most 1,000 bytes, and room to spare */

struct stats {
    struct sums sums;
    bool csv;
};

static void stats_free(void *state)
{
    struct stats *s = state;
    sums_done(&s->sums);
    free(s);
}

static void stats_end(struct api_call *a)
{
    struct stats *s = a->state;
    struct buf out;
    buf_init(&out, STATS_BYTES_MAX);
    int err = sums_close(&s->sums);
    err = err ? err : s->csv ? sums_csv(&s->sums, &out) : sums_json(&s->sums, &out);
    if (err) {
        api_fail(a, err);
    } else {
        api_answer_text(a, 200, s->csv ? "text/csv; charset=utf-8; header=present" : "application/json", buf_text(&out), NULL);
    }
    buf_done(&out);
}

static void stats_page(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms);

static int stats_read(struct api_call *a, int64_t at_ms, size_t got)
{
    struct stats *s = a->state;
    return store_sums_get(a->h->store, (uint64_t)at_ms, (uint64_t)sums_page(&s->sums, at_ms, got), stats_page, a, (struct ticket){0});
}

static void stats_page(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms)
{
    struct api_call *a = ctx;
    struct stats *s = a->state;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        err = sums_add(&s->sums, &sums[i]);
    }
    if (err == ERR_TOO_LARGE) {
        api_refuse(a, 400, "too_large", "by", "%s", sums_too_many);
    } else if (err) {
        api_fail(a, err);
    } else if ((int64_t)next_ms >= s->sums.to_ms) {
        stats_end(a);
    } else if ((err = stats_read(a, (int64_t)next_ms, n))) {
        api_fail(a, err);
    }
}

/* Everybody's time until now is counted. */
static void stats_settled(void *ctx, const struct ticket *t, int err)
{
    struct api_call *a = ctx;
    struct stats *s = a->state;
    (void)t;
    err = err ? err : stats_read(a, s->sums.from_ms, 0);
    if (err) {
        api_fail(a, err);
    }
}

/* False: refused. */
static bool stats_ask(struct api_call *a, struct stats *s)
{
    static const char *const names[] = {"from", "to", "by", "interval"};
    char value[256];
    struct frame_fault fault = {.remedy = ""};
    int err = 0;
    for (size_t i = 0; !err && i < 4; i++) {
        int got = api_query(a, names[i], value, sizeof value);
        err = got == ERR_NOT_FOUND ? 0 : sums_ask(&s->sums, names[i], got ? TEXT_LITERAL("?") : text_of(value), &fault);
    }
    err = err ? err : sums_ready(&s->sums, &fault);
    if (err) {
        api_refuse_fault(a, err, &fault);
        return false;
    }
    int got = api_query(a, "format", value, sizeof value);
    s->csv = got == 0 && strcmp(value, "csv") == 0;
    if (got != ERR_NOT_FOUND && !s->csv && (got || strcmp(value, "json") != 0)) {
        api_refuse(a, 400, "bad_field", "format", "`format` must be json or csv");
        return false;
    }
    return true;
}

void api_stats(struct api_call *a)
{
    struct hub *h = a->h;
    char zone[LABEL_MAX + 1];
    if (!api_query_only(a, "from to by interval format")) {
        return;
    }
    struct stats *s = calloc(1, sizeof *s);
    a->state = s;
    a->state_free = s ? stats_free : NULL;
    int err = s ? text_copy(h->policy->routing.timezone, zone, sizeof zone) : ERR_MEMORY;
    err = err ? err : sums_init(&s->sums, zone, loop_wall_ms(h->loop));
    if (err) {
        api_fail(a, err);
    } else if (stats_ask(a, s)) {
        err = store_settle(h->store, (uint64_t)loop_wall_ms(h->loop), stats_settled, a, (struct ticket){0});
        if (err) {
            api_fail(a, err);
        }
    }
}
