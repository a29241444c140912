#include "core/routing.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void routing_queues_add(struct routing_queues *q, unsigned index)
{
    CHECK(index < ROUTING_QUEUES_MAX);
    q->bits[index / 64] |= 1ull << (index % 64);
}

bool routing_queues_has(const struct routing_queues *q, unsigned index)
{
    CHECK(index < ROUTING_QUEUES_MAX);
    return (q->bits[index / 64] >> (index % 64)) & 1;
}

static int text_order(struct text a, struct text b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.s, b.s, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int waiting_order(const void *a_, const void *b_)
{
    const struct routing_waiting *a = a_, *b = b_;
    if (a->score_ms != b->score_ms) {
        return a->score_ms < b->score_ms ? -1 : 1;
    }
    return text_order(a->conversation, b->conversation);
}

static bool agent_has_room(const struct routing_agent *a, uint64_t units)
{
    return a->available && a->load <= a->capacity && a->capacity - a->load >= units;
}

/* Is @a the better choice? load_a / capacity_a < load_b / capacity_b without division: cross-multiplied, both at most 2^53. */
static bool agent_is_better(const struct routing_agent *a, const struct routing_agent *b)
{
    __extension__ typedef unsigned __int128 wide;
    wide left = (wide)a->load * b->capacity, right = (wide)b->load * a->capacity;
    if (left != right) {
        return left < right;
    }
    if (a->since_ms != b->since_ms) {
        return a->since_ms < b->since_ms;
    }
    return text_order(a->id, b->id) < 0;
}

static size_t agent_pick(const struct routing_agent *agents, size_t n, const struct routing_waiting *w)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        const struct routing_agent *a = &agents[i];
        if (!agent_has_room(a, w->units)) {
            continue;
        }
        if (w->held.n > 0 && text_equal(a->id, w->held)) {
            return i;
        }
        if (routing_queues_has(&a->queues, w->queue) && (best == n || agent_is_better(a, &agents[best]))) {
            best = i;
        }
    }
    return best;
}

static bool anybody_has_room(const struct routing_agent *agents, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (agent_has_room(&agents[i], 1)) {
            return true;
        }
    }
    return false;
}

size_t routing_match(struct routing_agent *agents, size_t agents_n, struct routing_waiting *waiting, size_t waiting_n,
                     struct routing_assignment *out)
{
    size_t n = 0;
    if (waiting_n > 1) {
        qsort(waiting, waiting_n, sizeof *waiting, waiting_order);
    }
    for (size_t i = 0; i < waiting_n; i++) {
        if ((n == 0 || out[n - 1].waiting + 1 == i) && !anybody_has_room(agents, agents_n)) {
            break;
        }
        size_t chosen = agent_pick(agents, agents_n, &waiting[i]);
        if (chosen < agents_n) {
            agents[chosen].load += waiting[i].units;
            out[n++] = (struct routing_assignment){i, chosen};
        }
    }
    return n;
}
