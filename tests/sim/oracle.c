/* The rules of routing once more, as they are told and with no thought of speed; and what a pass must look like. Shares no line with
 * broker/core/routing*.c. */
#include "sim.h"

static bool is_one(struct text a, struct text b)
{
    return a.s == b.s && a.n == b.n; /* names borrow from one table */
}

static bool reaches(const struct routing_agent *a, const struct routing_need *needs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a->skills[needs[i].skill] < needs[i].level) {
            return false;
        }
    }
    return true;
}

bool oracle_has_room(const struct world *w, const struct routing_agent *a, enum routing_channel channel)
{
    int64_t free = (int64_t)a->capacity - (int64_t)a->load;
    if (!(w->policy.interruptible & (1u << channel))) {
        free += (int64_t)a->soft; /* gives way */
    }
    bool below_limit = a->limit[channel] == 0 || a->count[channel] < a->limit[channel];
    return (a->takes & (1u << channel)) && below_limit && (int64_t)a->weight[channel] <= free;
}

/* When did they let it pass last? INT64_MIN: they did not. */
static int64_t passed_ms(const struct routing_agent *a, const struct routing_waiting *c)
{
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < c->declined_n; i++) {
        if (is_one(c->declined[i].agent, a->id) && c->declined[i].at_ms > last) {
            last = c->declined[i].at_ms;
        }
    }
    return last;
}

bool oracle_can_take(const struct world *w, const struct routing_agent *a, const struct routing_waiting *c, int64_t now_ms)
{
    if (!oracle_has_room(w, a, c->channel)) {
        return false;
    }
    int64_t passed = passed_ms(a, c), waited_ms = now_ms - c->queued_ms;
    if (passed != INT64_MIN && now_ms - passed < w->policy.decline_rest_ms) {
        return false;
    }
    if (c->held.n > 0 && is_one(c->held, a->id)) {
        return true;
    }
    const struct routing_queue_rule *rule = &w->rules[c->queue];
    uint64_t of = a->queues.bits[0], own = 1ull << c->queue; /* there are few queues here */
    if (waited_ms >= rule->widen_ms) {
        own |= rule->widen_to.bits[0];
    }
    bool speaks = c->language == 0 || a->languages == 0 || (a->languages & (1ull << (c->language - 1)));
    if (!(of & own) || !reaches(a, c->needs, c->needs_n) || (rule->language_required && !speaks)) {
        return false;
    }
    return waited_ms >= rule->drop_preferred_ms || (speaks && reaches(a, c->prefers, c->prefers_n));
}

/* How much younger than it is does it look to them? */
static int64_t age_to(const struct world *w, const struct routing_agent *a, const struct routing_waiting *c)
{
    int64_t place = a->order[c->queue] < 7 ? a->order[c->queue] : 7;
    if (passed_ms(a, c) != INT64_MIN || (!is_one(c->held, a->id) && !(a->queues.bits[0] >> c->queue & 1))) {
        place = 7;
    } else if (c->held.n > 0 && is_one(c->held, a->id)) {
        place = 0;
    }
    return c->score_ms + place * w->policy.order_step_ms;
}

static bool asks_alike(const struct routing_waiting *a, const struct routing_waiting *b)
{
    bool plain = a->held.n == 0 && b->held.n == 0 && a->declined_n == 0 && b->declined_n == 0;
    return plain && a->queue == b->queue && a->channel == b->channel && a->language == b->language && a->needs_n == b->needs_n &&
        a->prefers_n == b->prefers_n &&
           memcmp(a->needs, b->needs, a->needs_n * sizeof *a->needs) == 0 && memcmp(a->prefers, b->prefers, a->prefers_n * sizeof *a->prefers) == 0;
}

static void check_order(struct world *w, const struct view *after)
{
    for (size_t young = 1; young < after->waiting_n; young++) {
        const struct routing_waiting *y = &after->waiting[young];
        for (size_t old = 0; y->placed && old < young; old++) {
            const struct routing_waiting *o = &after->waiting[old];
            bool alike = !o->placed && asks_alike(o, y) && o->queued_ms <= y->queued_ms; /* priority and the clock apart */
            if (alike) {
                violate(w, "first_in_first_out", "%.3s stays, %.3s is placed", o->conversation.s, y->conversation.s);
            }
        }
    }
}

/* @a got @c; is there an older one in their eyes that stays, though they could have had it? */
static void check_not_overtaken(struct world *w, const struct view *after, const struct routing_agent *a, const struct routing_waiting *c)
{
    int64_t age = age_to(w, a, c);
    for (size_t k = 0; k < after->waiting_n; k++) {
        const struct routing_waiting *o = &after->waiting[k];
        if (!o->placed && age_to(w, a, o) < age && oracle_can_take(w, a, o, w->now_ms)) {
            violate(w, "nobody_starves", "%.3s gets %.3s, which is younger to them than %.3s", a->id.s, c->conversation.s, o->conversation.s);
        }
    }
}

/* Was there somebody less loaded, or idle for longer, who stands for it as well as @a does? */
static void check_best(struct world *w, const struct routing_agent *agents, size_t n, const struct routing_agent *a, const struct routing_waiting *c,
                       const struct routing_assignment *of, size_t of_n)
{
    if (is_one(a->id, c->held) || passed_ms(a, c) != INT64_MIN) {
        return;
    }
    for (size_t k = 0; k < n; k++) {
        const struct routing_agent *b = &agents[k];
        uint64_t left = b->load * a->capacity, right = a->load * b->capacity;
        bool better = left < right || (left == right && b->since_ms < a->since_ms), asked = false;
        for (size_t i = 0; i < of_n; i++) {
            asked = asked || of[i].agent == k;
        }
        if (better && !asked && passed_ms(b, c) == INT64_MIN && age_to(w, b, c) == age_to(w, a, c) && oracle_can_take(w, b, c, w->now_ms)) {
            violate(w, "least_loaded_first", "%.3s goes to %.2s instead of %.2s", c->conversation.s, a->id.s, b->id.s);
        }
    }
}

/* What is left at the end of a pass says whether somebody better was passed over: rooms only shrink. */
static void check_left(struct world *w, const struct view *after, const struct routing_assignment *of, size_t n)
{
    const struct routing_waiting *c = &after->waiting[of[0].waiting];
    uint32_t chosen = 0, before = w->conversations[conversation_of(c->conversation)].asked_last;
    bool any_passed = false;
    int64_t last_ms = INT64_MIN; /* the latest refusal among those of the last offer who are asked once more */
    for (size_t i = 0; i < n; i++) {
        chosen |= 1u << of[i].agent;
        int64_t passed = passed_ms(&after->agents[of[i].agent], c);
        any_passed = any_passed || passed != INT64_MIN;
        last_ms = (before >> of[i].agent & 1) && passed > last_ms ? passed : last_ms;
        w->met[MET_held_first] += is_one(after->agents[of[i].agent].id, c->held);
    }
    w->met[MET_asked_again] += any_passed;
    for (size_t k = 0; k < after->agents_n; k++) {
        const struct routing_agent *b = &after->agents[k];
        if ((chosen >> k & 1) || !oracle_can_take(w, b, c, w->now_ms)) {
            continue;
        }
        bool fresh = passed_ms(b, c) == INT64_MIN;
        if (c->held.n > 0 && is_one(b->id, c->held) && fresh) {
            violate(w, "held_first", "%.3s is not given to %.2s", c->conversation.s, b->id.s);
        }
        if ((chosen & before) && !(before >> k & 1) && passed_ms(b, c) < last_ms) { /* by the clock, which can have gone back in between */
            violate(w, "not_the_same_again", "%.3s is offered once more, though %.2s can take it", c->conversation.s, b->id.s);
        }
        if (any_passed && fresh) {
            violate(w, "passed_means_last", "%.3s is offered to one who let it pass, though %.2s can take it", c->conversation.s, b->id.s);
        }
    }
}

static void count_met(struct world *w, const struct routing_agent *a, const struct routing_waiting *c)
{
    bool own = a->queues.bits[0] >> c->queue & 1, held = is_one(a->id, c->held);
    w->met[MET_widened] += !own && !held;
    w->met[MET_preferred_dropped] += own && !held && !reaches(a, c->prefers, c->prefers_n);
}

void oracle_check(struct world *w, const struct view *before, const struct view *after, const struct routing_assignment *out, size_t n)
{
    struct routing_agent agents[AGENTS_MAX];
    memcpy(agents, before->agents, before->agents_n * sizeof *agents);
    uint32_t given = 0;
    for (size_t i = 0, of_n; i < n; i += of_n) {
        const struct routing_waiting *c = &after->waiting[out[i].waiting];
        if (given >> out[i].waiting & 1) {
            violate(w, "assigned_once", "%.3s", c->conversation.s);
        }
        given |= 1u << out[i].waiting;
        for (of_n = 1; i + of_n < n && out[i + of_n].waiting == out[i].waiting;) {
            of_n++;
        }
        if (of_n > (w->rules[c->queue].broadcast > 1 ? w->rules[c->queue].broadcast : 1)) {
            violate(w, "offered_to_as_many_as_asked", "%.3s to %d", c->conversation.s, (int)of_n);
        }
        for (size_t k = i; k < i + of_n; k++) {
            const struct routing_agent *a = &agents[out[k].agent];
            if (!oracle_can_take(w, a, c, w->now_ms) || out[k].units != a->weight[c->channel] ||
                out[k].soft != (w->policy.interruptible >> c->channel & 1)) {
                violate(w, "only_who_can", "%.3s to %.2s", c->conversation.s, a->id.s);
            }
            check_not_overtaken(w, after, a, c);
            check_best(w, agents, before->agents_n, a, c, &out[i], of_n);
            count_met(w, a, c);
        }
        for (size_t k = i; k < i + of_n; k++) {
            struct routing_agent *a = &agents[out[k].agent];
            a->load += out[k].units;
            a->soft += out[k].soft ? out[k].units : 0;
            a->count[c->channel]++;
        }
        check_left(w, after, &out[i], of_n);
    }
    for (size_t k = 0; k < before->agents_n; k++) {
        if (agents[k].load != after->agents[k].load || agents[k].soft != after->agents[k].soft || memcmp(agents[k].count, after->agents[k].count,
            sizeof agents[k].count)) {
            violate(w, "match_keeps_account", "%.2s", agents[k].id.s);
        }
    }
    check_order(w, after);
}

void oracle_nobody_idles(struct world *w, int64_t at_ms, const char *name)
{
    struct view v;
    view_make(w, &v);
    for (size_t i = 0; i < v.waiting_n; i++) {
        for (size_t k = 0; k < v.agents_n; k++) {
            if (oracle_can_take(w, &v.agents[k], &v.waiting[i], at_ms)) {
                violate(w, name, "%.3s waits, %.2s can take it", v.waiting[i].conversation.s, v.agents[k].id.s);
                return;
            }
        }
    }
}
