/* Today's numbers of each queue, from the time series, while somebody watches. A quarter of an hour in which thousands of agents worked is some
 * 20,000 sums, and a day has 96 of them: so quarters that are over are read once, one at a time (Redis answers messages in between), and kept; each
 * look then reads the last one or two alone.
 *
 *    midnight      kept_ms                    now
 *       |---- base ----|--- read each time ----| */
#include "hub/board.h"

#include <stdlib.h>

#define TODAY_EVERY_MS 5000
#define QUARTER_MS 900000ll
#define LATE_MS 60000 /* so long after its end a quarter may still grow: clocks of other brokers, work under way */
#define TODAY_QUEUES_MAX (4 * HUB_QUEUES_MAX) /* queues come and go within one day */

struct queue_day {
    struct figures base;   /* of the quarters that are over */
    struct figures open;   /* of the look under way, since then */
    struct figures quarter; /* of the quarter that is being read */
    struct figures shown;
};

struct today {
    struct map queues;    /* id → struct queue_day, owned */
    int64_t midnight_ms, kept_ms; /* base holds what lies between */
    int64_t at_ms;        /* the quarter that is being read */
    int64_t looked_ms;    /* loop's clock; 0: never */
    bool reading;
};

static void today_forget(struct today *d)
{
    size_t at = 0;
    void *value;
    while (map_next(&d->queues, &at, NULL, &value)) {
        free(value);
    }
    map_done(&d->queues);
    map_init(&d->queues, TODAY_QUEUES_MAX);
}

static struct queue_day *today_queue(struct today *d, struct text id)
{
    struct queue_day *q = map_get(&d->queues, id);
    if (!q) {
        q = calloc(1, sizeof *q);
        if (q && map_set(&d->queues, id, q)) {
            free(q);
            q = NULL;
        }
    }
    return q;
}

const struct figures *today_of(const struct hub *h, struct text queue)
{
    const struct queue_day *q = map_get(&h->board->today->queues, queue);
    return q ? &q->shown : NULL;
}

static void quarter_end(struct today *d, bool over)
{
    size_t at = 0;
    void *value;
    while (map_next(&d->queues, &at, NULL, &value)) {
        struct queue_day *q = value;
        figures_join(over ? &q->base : &q->open, &q->quarter);
        q->quarter = (struct figures){0};
    }
    d->kept_ms = over ? d->at_ms + QUARTER_MS : d->kept_ms;
    d->at_ms += QUARTER_MS;
}

static void today_show(struct hub *h)
{
    struct today *d = h->board->today;
    size_t at = 0;
    void *value;
    while (map_next(&d->queues, &at, NULL, &value)) {
        struct queue_day *q = value;
        q->shown = q->base;
        figures_join(&q->shown, &q->open);
    }
    d->reading = false;
    board_changed(h);
}

static void today_read(struct hub *h);

static void today_sums(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms)
{
    struct hub *h = ctx;
    struct today *d = h->board->today;
    (void)t;
    (void)next_ms; /* one quarter is one page */
    if (err) {
        d->reading = false; /* the store is away: begun again at the next look */
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct queue_day *q = sums[i].queue.n > 0 && (int64_t)sums[i].quarter_ms == d->at_ms ? today_queue(d, sums[i].queue) : NULL;
        if (q) {
            figures_add(&q->quarter, sums[i].metric, sums[i].sum);
        }
    }
    /* Kept in order: a quarter after one that is still open is open, too. */
    quarter_end(d, d->at_ms == d->kept_ms && d->at_ms + QUARTER_MS + LATE_MS < loop_wall_ms(h->loop));
    today_read(h);
}

static void today_read(struct hub *h)
{
    struct today *d = h->board->today;
    if (d->at_ms > loop_wall_ms(h->loop)) {
        today_show(h);
    } else {
        d->reading = store_sums_get(h->store, (uint64_t)d->at_ms, (uint64_t)(d->at_ms + QUARTER_MS), today_sums, h, (struct ticket){0}) == 0;
    }
}

static void today_begin(struct hub *h)
{
    struct today *d = h->board->today;
    int64_t midnight = figures_midnight(&h->policy->zone, loop_wall_ms(h->loop));
    if (midnight != d->midnight_ms) { /* a new day, or another zone */
        today_forget(d);
        d->midnight_ms = d->kept_ms = midnight;
    }
    size_t at = 0;
    void *value;
    while (map_next(&d->queues, &at, NULL, &value)) {
        struct queue_day *q = value;
        q->open = q->quarter = (struct figures){0};
    }
    d->at_ms = d->kept_ms;
    today_read(h);
}

bool today_is_reading(const struct hub *h)
{
    return h->board->today->reading;
}

void today_look(struct hub *h)
{
    struct today *d = h->board->today;
    int64_t now = loop_now_ms(h->loop);
    if (h->up && !d->reading && board_is_watched(h) && (d->looked_ms == 0 || now - d->looked_ms >= TODAY_EVERY_MS)) {
        d->looked_ms = now;
        today_begin(h);
    }
}

int today_new(struct hub *h)
{
    h->board->today = calloc(1, sizeof *h->board->today);
    if (!h->board->today) {
        return ERR_MEMORY;
    }
    map_init(&h->board->today->queues, TODAY_QUEUES_MAX);
    return 0;
}

void today_free(struct hub *h)
{
    if (h->board->today) {
        today_forget(h->board->today);
        map_done(&h->board->today->queues);
        free(h->board->today);
        h->board->today = NULL;
    }
}
