#include <string.h>

#include "base/check.h"
#include "core/routing_internal.h"

#define ALWAYS INT64_MIN
#define LEVEL_LAST (ROUTING_ORDER_MAX - 1)

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

bool routing_queues_meet(const struct routing_queues *a, const struct routing_queues *b)
{
    uint64_t both = 0;
    for (size_t i = 0; i < ROUTING_QUEUES_MAX / 64; i++) {
        both |= a->bits[i] & b->bits[i];
    }
    return both != 0;
}

int64_t routing_time_add(int64_t time_ms, int64_t more_ms)
{
    int64_t sum;
    return __builtin_add_overflow(time_ms, more_ms, &sum) ? (more_ms > 0 ? INT64_MAX : INT64_MIN) : sum;
}

static int64_t time_later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int routing_text_order(struct text a, struct text b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.s, b.s, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool routing_has_room(const struct routing_policy *policy, const struct routing_agent *a, enum routing_channel channel)
{
    CHECK(channel < ROUTING_CHANNELS);
    if (!(a->takes >> channel & 1) || (a->limit[channel] > 0 && a->count[channel] >= a->limit[channel])) {
        return false;
    }
    CHECK(a->weight[channel] > 0);
    bool soft = policy->interruptible >> channel & 1;
    uint64_t borne = soft ? a->load : a->load - (a->soft < a->load ? a->soft : a->load);
    return borne <= a->capacity && a->capacity - borne >= a->weight[channel];
}

static int64_t widens_from(const struct routing_policy *policy, const struct routing_waiting *w)
{
    return routing_time_add(w->queued_ms, policy->queues[w->queue].widen_ms);
}

bool routing_widened(const struct routing_policy *policy, const struct routing_waiting *w, int64_t now_ms)
{
    return widens_from(policy, w) <= now_ms;
}

bool routing_agent_held(const struct routing_agent *a, const struct routing_waiting *w)
{
    return w->held.n > 0 && text_equal(a->id, w->held);
}

static bool agent_speaks(const struct routing_agent *a, unsigned language)
{
    CHECK(language <= 64);
    return language == 0 || a->languages == 0 || (a->languages >> (language - 1) & 1);
}

static bool agent_reaches(const struct routing_agent *a, const struct routing_need *needs, size_t n)
{
    bool reaches = true;
    for (size_t i = 0; i < n; i++) {
        CHECK(needs[i].skill < ROUTING_SKILLS_MAX);
        reaches = reaches && a->skills[needs[i].skill] >= needs[i].level;
    }
    return reaches;
}

/* When is the last thing dropped that is in the way? */
static int64_t agent_fits_from(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w)
{
    if (routing_agent_held(a, w)) {
        return ALWAYS;
    }
    const struct routing_queue_rule *rule = &policy->queues[w->queue];
    int64_t from = ALWAYS;
    if (!routing_queues_has(&a->queues, w->queue)) {
        if (!routing_queues_meet(&a->queues, &rule->widen_to)) {
            return ROUTING_NEVER;
        }
        from = widens_from(policy, w);
    }
    bool speaks = agent_speaks(a, w->language);
    if (!agent_reaches(a, w->needs, w->needs_n) || (!speaks && rule->language_required)) {
        return ROUTING_NEVER;
    }
    if (!speaks || !agent_reaches(a, w->prefers, w->prefers_n)) {
        from = time_later(from, routing_time_add(w->queued_ms, rule->drop_preferred_ms));
    }
    return from;
}

int64_t routing_agent_ready(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w, int64_t *passed_ms)
{
    int64_t from = agent_fits_from(policy, a, w);
    *passed_ms = ROUTING_NEVER;
    for (size_t i = 0; i < w->declined_n && from != ROUTING_NEVER; i++) {
        if (text_equal(w->declined[i].agent, a->id)) {
            *passed_ms = *passed_ms == ROUTING_NEVER ? w->declined[i].at_ms : time_later(*passed_ms, w->declined[i].at_ms);
            from = time_later(from, routing_time_add(w->declined[i].at_ms, policy->decline_rest_ms));
        }
    }
    return from;
}

bool routing_can_take(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w, int64_t now_ms)
{
    int64_t passed_ms;
    return routing_has_room(policy, a, w->channel) && routing_agent_ready(policy, a, w, &passed_ms) <= now_ms;
}

unsigned routing_agent_level(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w)
{
    if (policy->order_step_ms <= 0 || routing_agent_held(a, w)) {
        return 0;
    }
    bool own = routing_queues_has(&a->queues, w->queue) && a->order[w->queue] < LEVEL_LAST;
    return own ? a->order[w->queue] : LEVEL_LAST;
}

/* load_a / capacity_a < load_b / capacity_b without division: cross-multiplied in 128 bits. */
bool routing_agent_is_better(const struct routing_agent *a, const struct routing_agent *b, const struct routing_waiting *w)
{
    __extension__ typedef unsigned __int128 wide;
    if (routing_agent_held(a, w) != routing_agent_held(b, w)) {
        return routing_agent_held(a, w);
    }
    wide left = (wide)a->load * b->capacity, right = (wide)b->load * a->capacity;
    if (left != right) {
        return left < right;
    }
    if (a->since_ms != b->since_ms) {
        return a->since_ms < b->since_ms;
    }
    return routing_text_order(a->id, b->id) < 0;
}
