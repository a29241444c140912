#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "core/routing_internal.h"

#define NOBODY SIZE_MAX
#define LEVEL_LAST (ROUTING_ORDER_MAX - 1)

struct pass {
    const struct routing_policy *policy;
    struct routing_agent *agents;
    struct routing_waiting *waiting;
    size_t waiting_n;
    int64_t now_ms;
    size_t free;                     /* first of the agents who have any room, linked by @next; NOBODY: none */
    size_t rooms[ROUTING_CHANNELS];  /* how many have room for the channel */
    struct routing_queues reach[ROUTING_ORDER_MAX]; /* by level: queues that somebody with room has there */
    struct routing_queues reach_any;
    struct routing_assignment *out;
    size_t out_n, out_max;
};

/* Whom to ask, best first. */
struct choice {
    size_t agents[ROUTING_OFFERS_MAX], n;
    int64_t passed_ms[ROUTING_OFFERS_MAX];
};

static void agent_count_room(struct pass *p, struct routing_agent *a)
{
    unsigned room = 0;
    for (unsigned c = 0; c < ROUTING_CHANNELS; c++) {
        room |= (unsigned)routing_has_room(p->policy, a, (enum routing_channel)c) << c;
        p->rooms[c] += (room >> c & 1u);
        p->rooms[c] -= (a->room >> c & 1u);
    }
    a->room = room;
}

static void pass_reach(struct pass *p, const struct routing_agent *a)
{
    for (size_t i = 0; i < ROUTING_QUEUES_MAX / 64; i++) {
        p->reach_any.bits[i] |= a->queues.bits[i];
        for (uint64_t bits = a->queues.bits[i]; bits != 0 && p->policy->order_step_ms > 0; bits &= bits - 1) {
            unsigned queue = (unsigned)i * 64 + (unsigned)__builtin_ctzll(bits);
            routing_queues_add(&p->reach[a->order[queue] < LEVEL_LAST ? a->order[queue] : LEVEL_LAST], queue);
        }
    }
}

static void pass_begin(struct pass *p, size_t agents_n)
{
    p->free = NOBODY;
    for (size_t i = 0; i < agents_n; i++) {
        struct routing_agent *a = &p->agents[i];
        a->room = 0;
        agent_count_room(p, a);
        if (a->room) {
            a->next = p->free;
            p->free = i;
            pass_reach(p, a);
        }
    }
}

/* Is it worth a look at the agents, for @w at @level? Most rows that stay are of queues whose agents are all busy or away, however many
 * others are free. */
static bool pass_may_reach(const struct pass *p, const struct routing_waiting *w, unsigned level)
{
    bool ordered = p->policy->order_step_ms > 0, last = !ordered || level == LEVEL_LAST;
    if (p->rooms[w->channel] == 0 || w->placed) {
        return false;
    }
    if ((level == 0 && w->held.n > 0) || (ordered && routing_queues_has(&p->reach[level], w->queue))) {
        return true;
    }
    bool again = w->declined_n > 0 && (w->held.n > 0 || routing_queues_has(&p->reach_any, w->queue));
    if (last && (again || (!ordered && routing_queues_has(&p->reach_any, w->queue)))) {
        return true;
    }
    return last && routing_widened(p->policy, w, p->now_ms) && routing_queues_meet(&p->policy->queues[w->queue].widen_to, &p->reach_any);
}

/* The next agent with room from *@link on; whoever has none left is taken out on the way. */
static struct routing_agent *pass_next_free(struct pass *p, size_t **link)
{
    while (**link != NOBODY) {
        struct routing_agent *a = &p->agents[**link];
        if (a->room) {
            return a;
        }
        **link = a->next;
    }
    return NULL;
}

static void choice_add(const struct pass *p, const struct routing_waiting *w, size_t agent, int64_t passed_ms, size_t most, struct choice *c)
{
    size_t at = c->n;
    while (at > 0 && (passed_ms != c->passed_ms[at - 1] ? passed_ms < c->passed_ms[at - 1]
                                                        : routing_agent_is_better(&p->agents[agent], &p->agents[c->agents[at - 1]], w))) {
        at--;
    }
    if (at < most) {
        c->n += c->n < most;
        memmove(&c->agents[at + 1], &c->agents[at], (c->n - at - 1) * sizeof *c->agents);
        memmove(&c->passed_ms[at + 1], &c->passed_ms[at], (c->n - at - 1) * sizeof *c->passed_ms);
        c->agents[at] = agent;
        c->passed_ms[at] = passed_ms;
    }
}

/* The best of those who have @w at @level of their list. Who let it pass has it at the last, when all others have had their look, and is chosen
 * only when nobody else has it there: whoever could take it at a level above would have it by now. */
static struct choice pass_choose(struct pass *p, const struct routing_waiting *w, unsigned level)
{
    unsigned asked = p->policy->queues[w->queue].broadcast;
    size_t most = asked < 1 ? 1 : asked < ROUTING_OFFERS_MAX ? asked : ROUTING_OFFERS_MAX;
    struct choice fresh = {.n = 0}, again = {.n = 0};
    unsigned last = p->policy->order_step_ms > 0 ? LEVEL_LAST : 0;
    size_t *link = &p->free;
    for (struct routing_agent *a; (a = pass_next_free(p, &link)) != NULL; link = &a->next) {
        int64_t passed_ms;
        if (!(a->room >> w->channel & 1) || routing_agent_ready(p->policy, a, w, &passed_ms) > p->now_ms) {
            continue;
        }
        bool passed = passed_ms != ROUTING_NEVER;
        if ((passed ? last : routing_agent_level(p->policy, a, w)) == level) {
            choice_add(p, w, *link, passed_ms, most, passed ? &again : &fresh);
        }
    }
    return fresh.n > 0 ? fresh : again;
}

static void pass_place(struct pass *p, size_t index, const struct choice *c)
{
    struct routing_waiting *w = &p->waiting[index];
    bool soft = p->policy->interruptible >> w->channel & 1;
    w->placed = true;
    for (size_t i = 0; i < c->n; i++) {
        struct routing_agent *a = &p->agents[c->agents[i]];
        uint64_t units = a->weight[w->channel];
        a->load += units;
        a->soft += soft ? units : 0;
        a->count[w->channel]++;
        agent_count_room(p, a);
        p->out[p->out_n++] = (struct routing_assignment){.waiting = index, .agent = c->agents[i], .units = units, .soft = soft};
    }
}

/* The order of looking: by age in the eyes of those at each level. One list, read at several places at once: merged. With equal age the older
 * one first. */
static bool pass_next_look(const struct pass *p, size_t at[ROUTING_ORDER_MAX], unsigned *level, size_t *index)
{
    int64_t least = 0;
    bool found = false;
    for (unsigned k = 0; k < (p->policy->order_step_ms > 0 ? ROUTING_ORDER_MAX : 1); k++) {
        if (at[k] == p->waiting_n) {
            continue;
        }
        int64_t age = p->waiting[at[k]].score_ms;
        for (unsigned step = 0; step < k; step++) {
            age = routing_time_add(age, p->policy->order_step_ms);
        }
        if (!found || age < least || (age == least && at[k] < at[*level])) {
            found = true;
            least = age;
            *level = k;
        }
    }
    if (found) {
        *index = at[*level]++;
    }
    return found;
}

/* The earliest moment after now at which @w asks for less, or of more, whoever that helps. */
static int64_t waiting_next_step(const struct pass *p, const struct routing_waiting *w)
{
    const struct routing_queue_rule *rule = &p->policy->queues[w->queue];
    int64_t next = ROUTING_NEVER, steps[2 + ROUTING_DECLINES_MAX];
    size_t n = 0;
    if (w->prefers_n > 0 || w->language > 0) {
        steps[n++] = routing_time_add(w->queued_ms, rule->drop_preferred_ms);
    }
    if (routing_queues_meet(&rule->widen_to, &p->reach_any)) {
        steps[n++] = routing_time_add(w->queued_ms, rule->widen_ms);
    }
    for (size_t i = 0; i < w->declined_n; i++) {
        steps[n++] = routing_time_add(w->declined[i].at_ms, p->policy->decline_rest_ms);
    }
    for (size_t i = 0; i < n; i++) {
        next = steps[i] > p->now_ms && steps[i] < next ? steps[i] : next;
    }
    return next;
}

static int64_t pass_next_ms(struct pass *p)
{
    int64_t next = ROUTING_NEVER;
    for (size_t i = 0; i < p->waiting_n && p->free != NOBODY; i++) {
        const struct routing_waiting *w = &p->waiting[i];
        if (w->placed || p->rooms[w->channel] == 0 || waiting_next_step(p, w) >= next) {
            continue;
        }
        size_t *link = &p->free;
        for (struct routing_agent *a; (a = pass_next_free(p, &link)) != NULL; link = &a->next) {
            int64_t passed_ms;
            int64_t from = a->room >> w->channel & 1 ? routing_agent_ready(p->policy, a, w, &passed_ms) : ROUTING_NEVER;
            next = from > p->now_ms && from < next ? from : next;
        }
    }
    return next;
}

static int waiting_order(const void *a_, const void *b_)
{
    const struct routing_waiting *a = a_, *b = b_;
    if (a->score_ms != b->score_ms) {
        return a->score_ms < b->score_ms ? -1 : 1;
    }
    return routing_text_order(a->conversation, b->conversation);
}

static void waiting_sort(struct routing_waiting *waiting, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (waiting_order(&waiting[i - 1], &waiting[i]) > 0) { /* mostly they come sorted */
            qsort(waiting, n, sizeof *waiting, waiting_order);
            return;
        }
    }
}

size_t routing_match(const struct routing_policy *policy, struct routing_agent *agents, size_t agents_n, struct routing_waiting *waiting,
                     size_t waiting_n, int64_t now_ms, struct routing_assignment *out, size_t out_max, int64_t *next_ms)
{
    struct pass p = {.policy = policy, .agents = agents, .waiting = waiting, .waiting_n = waiting_n, .now_ms = now_ms, .out = out,
                     .out_max = out_max};
    waiting_sort(waiting, waiting_n);
    pass_begin(&p, agents_n);
    for (size_t i = 0; i < waiting_n; i++) {
        CHECK(waiting[i].queue < ROUTING_QUEUES_MAX && waiting[i].channel < ROUTING_CHANNELS);
        CHECK(waiting[i].declined_n <= ROUTING_DECLINES_MAX);
        waiting[i].placed = false;
    }
    size_t at[ROUTING_ORDER_MAX] = {0}, index;
    unsigned level = 0;
    while (p.rooms[ROUTING_CHAT] + p.rooms[ROUTING_EMAIL] + p.rooms[ROUTING_SMS] > 0 && pass_next_look(&p, at, &level, &index)) {
        if (!pass_may_reach(&p, &waiting[index], level)) {
            continue;
        }
        struct choice c = pass_choose(&p, &waiting[index], level);
        if (c.n > out_max - p.out_n) { /* a younger one must not go first: the caller claims these and looks again */
            *next_ms = now_ms;
            return p.out_n;
        }
        if (c.n > 0) {
            pass_place(&p, index, &c);
        }
    }
    *next_ms = pass_next_ms(&p);
    return p.out_n;
}
