/* Who gets what: pure, no clock, no I/O. Held agent first; then the agents of the queue with free capacity, least loaded (relative to capacity) first, then longest
 * idle, then by id so that the same input gives the same answer. Waiting conversations oldest first (by score: enqueue time minus head start). Whoever cannot be
 * placed stays, and never blocks a younger one that can be. */
#ifndef LOKET_CORE_ROUTING_H
#define LOKET_CORE_ROUTING_H

#include "base/text.h"

#define ROUTING_QUEUES_MAX 256
struct routing_queues { /* a set of queue indices */
    uint64_t bits[ROUTING_QUEUES_MAX / 64];
};
void routing_queues_add(struct routing_queues *q, unsigned index);
bool routing_queues_has(const struct routing_queues *q, unsigned index);

struct routing_agent {
    struct text id;
    bool available;
    uint64_t load, capacity; /* units */
    uint64_t since_ms;       /* idle since */
    struct routing_queues queues;
};
struct routing_waiting {
    struct text conversation;
    unsigned queue;          /* index */
    int64_t score_ms;
    uint64_t units;
    struct text held;        /* absent: none */
};
struct routing_assignment {
    size_t waiting, agent;   /* indices into the inputs */
};

/* Sorts @waiting by score, adds each assignment's units to the agent's load in @agents, writes at most @waiting_n assignments to @out.
 * returns how many. O(waiting × agents) in the worst case; stops when no agent has anything free. */
size_t routing_match(struct routing_agent *agents, size_t agents_n, struct routing_waiting *waiting, size_t waiting_n,
                     struct routing_assignment *out);

#endif
