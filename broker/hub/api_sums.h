/* The organisation's numbers: sums of quarters of an hour, added up by the keys that were asked for, written as JSON or CSV. The same for /api/stats
 * and `loketctl stats`. Pure. */
#ifndef LOKET_HUB_API_SUMS_H
#define LOKET_HUB_API_SUMS_H

#include "base/buf.h"
#include "base/map.h"
#include "hub/api_time.h"
#include "proto/frame.h"
#include "store/store.h"

#define SUMS_ROWS_MAX 10000          /* of one answer: 20 queues in 400 days, day by day, are 8,000 */
#define SUMS_DAYS_MAX 400            /* so long they are kept */
#define SUMS_QUARTER_MS 900000
#define SUMS_PAGE_SUMS 5000          /* read from the store at once, about; a busy quarter alone may have 20,000 */

enum sums_key { SUMS_INTERVAL = 1, SUMS_QUEUE = 2, SUMS_CHANNEL = 4, SUMS_AGENT = 8 };
enum sums_interval { SUMS_BY_QUARTER, SUMS_BY_HOUR, SUMS_BY_DAY };
enum { SUMS_METRICS = 21 };

struct sums_row {
    int64_t from_ms, to_ms; /* with SUMS_INTERVAL */
    char queue[ID_MAX + 1], channel[WORD_MAX + 1], agent[ID_MAX + 1]; /* "": not asked for, or belongs to none */
    uint64_t sum[SUMS_METRICS];
};

struct sums {
    int64_t from_ms, to_ms; /* whole quarters */
    int64_t page_ms;        /* so much time is read at once; follows how much there is */
    unsigned by;            /* enum sums_key */
    enum sums_interval interval;
    struct hours_zone zone;
    struct sums_row **rows; /* owned, and what they point to */
    size_t n, room;
    struct map by_key;
};

/* Ready for adding; @zone as the organisation's setting names it ("" the default). */
int sums_init(struct sums *s, const char *zone, int64_t now_ms) MUST_CHECK;
void sums_done(struct sums *s);
/* One parameter: from, to, by, interval. ERR_BAD_FIELD, with @fault. */
int sums_ask(struct sums *s, const char *name, struct text value, struct frame_fault *fault) MUST_CHECK;
/* After the last of them. ERR_BAD_FIELD, with @fault: impossible together. */
int sums_ready(struct sums *s, struct frame_fault *fault) MUST_CHECK;

/* Up to when the next page goes, that begins at @at_ms; @got: sums of the page before, 0 at first. */
int64_t sums_page(struct sums *s, int64_t at_ms, size_t got);
int sums_add(struct sums *s, const struct store_sum *sum) MUST_CHECK; /* ERR_TOO_LARGE: more than SUMS_ROWS_MAX rows; ERR_MEMORY */
int sums_close(struct sums *s) MUST_CHECK; /* sorted by time, queue, channel, agent; without keys there is always one row */

int sums_json(const struct sums *s, struct buf *out) MUST_CHECK;
int sums_csv(const struct sums *s, struct buf *out) MUST_CHECK; /* RFC 4180, with a header */

extern const char sums_too_many[]; /* what to say to ERR_TOO_LARGE */

#endif
