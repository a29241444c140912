/* One line in the log for one trouble with another system, however long it lasts, and one when it is over; and how long to wait until the next
 * try. */
#ifndef LOKET_ADAPTERS_TROUBLE_H
#define LOKET_ADAPTERS_TROUBLE_H

#include "base/text.h"

struct trouble {
    const char *queue; /* whose work is held up; borrowed */
    int told;          /* the last error that was logged; 0: none since it went well */
    int64_t backoff_ms;
};
void trouble_init(struct trouble *t, const char *queue);

/* Logged as @event when @err is another than before; @why is the other system's words, made fit for a log.
 * returns the wait before the next try in ms: doubled from time to time up to a bound, spread at random by half of it either way */
int64_t trouble_tell(struct trouble *t, const char *event, int err, struct text why);
void trouble_over(struct trouble *t, const char *event); /* logged as @event if anything had been told */

#endif
