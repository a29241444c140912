/* The expected wait, from what was measured, honest about how little a few measurements say. Pure. */
#ifndef LOKET_CORE_ESTIMATE_H
#define LOKET_CORE_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#define ESTIMATE_ANSWERS_MIN 5 /* fewer in the window say nothing */

struct estimate {
    bool known;
    int64_t from_ms, to_ms; /* about four waits in five end within */
};

/* The queue gave @answered conversations to agents in the last @window_ms; @place is the place in line, 1 is next. Taking from the line is counted as a Poisson process:
 * the wait for the k-th is a sum of k gaps, and the rate itself is known from @answered gaps only. Rounded outward for people: to 10 s below 2 minutes,
 * to a minute below an hour, to 5 minutes above. */
struct estimate estimate_wait(uint64_t place, uint64_t answered, int64_t window_ms);

#endif
