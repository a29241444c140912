/* Figures of a day and of a queue's pace: pure, no clock, no I/O. */
#ifndef LOKET_HUB_FIGURES_H
#define LOKET_HUB_FIGURES_H

#include "core/hours.h"
#include "proto/frame.h"

#define FIGURES_PACE_MAX 100                /* as many answers as the store keeps of each queue */
#define FIGURES_PACE_MS (30 * 60 * 1000ll)  /* fewer answers than that say something of the last half hour alone */

/* What one queue did in a while. */
struct figures {
    uint64_t answered, in_level, over_level, abandoned, wait_ms, handled, handle_ms;
};
/* Add one sum of the time series; a metric that is not shown counts for nothing. */
void figures_add(struct figures *f, struct text metric, uint64_t sum);
void figures_join(struct figures *f, const struct figures *more);
/* The numbers and their averages into @row; nothing else of it is touched. */
void figures_show(const struct figures *f, struct frame_queue_row *row);

/* When the local day of @now_ms began. */
int64_t figures_midnight(const struct hours_zone *z, int64_t now_ms);

/* How fast a queue goes, as core/estimate.h asks for it: so many answers in so long. @given_ms: when the last ones were given to an agent, newest
 * first. */
struct figures_pace {
    uint64_t answered;
    int64_t window_ms;
};
struct figures_pace figures_pace(const uint64_t *given_ms, size_t n, int64_t now_ms);

#endif
