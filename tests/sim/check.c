/* What must hold after every write and after every step. */
#include "sim.h"

/* --- after a write ------------------------------------------------------------ */

/* Whose claim it is, and to whom it comes back, told once more: by what happened, not by what is stored. */
static void claim_follows(struct world *w, struct sim_conversation *c, const struct sim_conversation *before, const struct decision *d)
{
    bool handed = before->state == CONVERSATION_OFFERED && before->claim != NOBODY && before->claim == before->sender;
    bool in_vain = before->state == CONVERSATION_OFFERED && c->state == CONVERSATION_QUEUED;
    int claim = before->claim, sender = before->sender;
    if (c->owner != NOBODY && c->state == CONVERSATION_ACTIVE) {
        claim = c->owner;
        sender = NOBODY;
    } else if (d->kind == EVENT_HANDED_OVER) {
        claim = sender = d->sender;
    } else if (d->kind == EVENT_MOVED) {
        claim = NOBODY;
        sender = d->sender;
    } else if (d->kind == EVENT_RETURNED) {
        claim = before->sender;
        sender = NOBODY;
    } else if (d->kind == EVENT_REQUEUED) {
        claim = sender = NOBODY;
    } else if (d->kind == EVENT_RESIDENT_SPOKE && before->state == CONVERSATION_CLOSED && d->decided_ms - before->closed_at_ms > REOPEN_MS) {
        claim = sender = NOBODY;
    } else if (c->state == CONVERSATION_CLOSED || c->state == CONVERSATION_SNOOZED || (in_vain && handed)) {
        sender = NOBODY;
    }
    c->claim = claim;
    c->sender = sender;
    if (c->held != claim || c->back != sender) {
        violate(w, "claim_follows", "%s of c%02d: a%d has the claim instead of a%d; back to a%d instead of a%d", conversation_event_name(d->kind),
            d->conversation,
                c->held, claim, c->back, sender);
    }
}

static void queue_follows(struct world *w, const struct sim_conversation *c, const struct sim_conversation *before, const struct decision *d)
{
    int queue = d->kind == EVENT_MOVED ? d->queue : d->kind == EVENT_RETURNED ? before->queue_before : before->queue;
    if (c->queue != queue) {
        violate(w, "queue_follows", "%s of c%02d: q%d instead of q%d", conversation_event_name(d->kind), d->conversation, c->queue, queue);
    }
}

static void place_stays(struct world *w, const struct sim_conversation *c, const struct sim_conversation *before, const struct decision *d)
{
    if (c->state != CONVERSATION_QUEUED && c->state != CONVERSATION_OFFERED) {
        return;
    }
    bool fresh = before->state == CONVERSATION_NEW || before->state == CONVERSATION_CLOSED || before->state == CONVERSATION_SNOOZED ||
                 (before->state == CONVERSATION_ACTIVE && (d->kind == EVENT_MOVED || d->kind == EVENT_HANDED_OVER));
    bool kept = c->place == before->place && c->queued_ms == before->queued_ms && (c->state == CONVERSATION_OFFERED || d->change.keep_place);
    if (fresh ? c->place != w->last_place || c->place <= before->place : !kept) {
        violate(w, "place_stays", "%s of c%02d: place %lld, before %lld", conversation_event_name(d->kind), d->conversation, (long long)c->place,
                (long long)before->place);
    }
}

static bool is_among(int agent, const int *agents, size_t n)
{
    bool is = false;
    for (size_t i = 0; i < n; i++) {
        is = is || agents[i] == agent;
    }
    return is;
}

/* Who let it pass, or missed it, is asked no more, and it is noted. */
static void refusal_is_noted(struct world *w, const struct sim_conversation *c, int agent)
{
    bool noted = false;
    for (size_t i = 0; i < c->declined_n; i++) {
        noted = noted || (c->declined[i].agent == agent && c->declined[i].at_ms == w->now_ms);
    }
    if (!noted || is_among(agent, c->offered, c->offered_n)) {
        violate(w, "refusal_is_noted", "a%d and c%02d", agent, (int)(c - w->conversations));
    }
}

static void refusals_are_noted(struct world *w, const struct sim_conversation *c, const struct sim_conversation *before, const struct decision *d)
{
    if (before->state != CONVERSATION_OFFERED) {
        return;
    }
    if (d->kind == EVENT_DECLINED || d->kind == EVENT_PASSED || d->kind == EVENT_AGENT_LEFT) {
        refusal_is_noted(w, c, d->agents[0]);
        if (c->state == CONVERSATION_OFFERED && c->offered_n != before->offered_n - 1) {
            violate(w, "refusal_is_noted", "c%02d was offered to %d, and is to %d", d->conversation, (int)before->offered_n, (int)c->offered_n);
        }
    }
    for (size_t i = 0; d->kind == EVENT_TIMED_OUT && i < before->offered_n; i++) {
        refusal_is_noted(w, c, before->offered[i]);
        if (w->agents[before->offered[i]].status != MISSED) {
            violate(w, "who_missed_is_away", "a%d and c%02d", before->offered[i], d->conversation);
        }
    }
}

static void offers_follow(struct world *w, struct sim_conversation *c, const struct sim_conversation *before, const struct decision *d)
{
    if (c->state == CONVERSATION_OFFERED && (before->state != CONVERSATION_OFFERED || d->kind == EVENT_HANDED_OVER)) {
        c->asked_last = 0;
        for (size_t i = 0; i < c->offered_n; i++) {
            c->asked_last |= 1u << c->offered[i];
        }
    } else if (c->state != CONVERSATION_OFFERED && d->kind != EVENT_DECLINED && d->kind != EVENT_PASSED && d->kind != EVENT_TIMED_OUT &&
               !(d->kind == EVENT_AGENT_LEFT && before->state == CONVERSATION_OFFERED) && !(d->kind == EVENT_RETURNED)) {
        c->asked_last = 0; /* nobody let it pass */
    }
    if (d->kind == EVENT_ACCEPTED) {
        if (!is_among(c->owner, before->offered, before->offered_n)) {
            violate(w, "only_who_was_asked", "a%d has c%02d", c->owner, d->conversation);
        }
    }
}

void check_write(struct world *w, const struct sim_conversation *before, const struct decision *d)
{
    struct sim_conversation *c = &w->conversations[d->conversation];
    claim_follows(w, c, before, d);
    place_stays(w, c, before, d);
    queue_follows(w, c, before, d);
    offers_follow(w, c, before, d);
    refusals_are_noted(w, c, before, d);
    for (size_t i = 0; i < c->shares_n && !d->force; i++) {
        const struct share *s = &c->shares[i];
        const struct routing_agent *a = &w->agents[s->agent].r;
        bool bore = false;
        for (size_t k = 0; k < before->shares_n; k++) {
            bore = bore || before->shares[k].agent == s->agent;
        }
        if (!bore && (s->soft ? a->load > a->capacity : a->load - a->soft > a->capacity)) {
            violate(w, "within_capacity", "c%02d to a%d, who bears %d of %d", d->conversation, s->agent, (int)a->load, (int)a->capacity);
        }
        if (!bore && a->limit[c->channel] > 0 && a->count[c->channel] > a->limit[c->channel]) {
            violate(w, "within_limit", "c%02d to a%d", d->conversation, s->agent);
        }
    }
}

/* --- after a step ------------------------------------------------------------ */

static void conversation_holds(struct world *w, int i, uint32_t work[AGENTS_MAX], uint64_t load[AGENTS_MAX], uint64_t soft[AGENTS_MAX],
                               unsigned count[AGENTS_MAX][ROUTING_CHANNELS])
{
    const struct sim_conversation *c = &w->conversations[i];
    bool owned = c->state == CONVERSATION_ACTIVE || c->state == CONVERSATION_WRAP_UP, offered = c->state == CONVERSATION_OFFERED;
    bool timed = offered || c->state == CONVERSATION_SNOOZED || c->state == CONVERSATION_WRAP_UP;
    if (owned != (c->owner != NOBODY) || offered != (c->offered_n > 0) || c->state >= CONVERSATION_STATES) {
        violate(w, "owner_rule", "c%02d in state %d is owned by a%d and offered to %d", i, (int)c->state, c->owner, (int)c->offered_n);
    }
    if ((timed && c->due_ms == 0) || (c->state == CONVERSATION_NEW && !c->attention) || (c->state == CONVERSATION_QUEUED && (c->place == 0 ||
        c->queue >= w->queues_n))) {
        violate(w, "has_a_place", "c%02d in state %d: nobody will find it", i, (int)c->state);
    }
    if (c->shares_n != (owned ? 1 : c->offered_n)) {
        violate(w, "borne_by_who_has_it", "c%02d is borne by %d", i, (int)c->shares_n);
    }
    for (size_t k = 0; k < c->shares_n; k++) {
        const struct share *s = &c->shares[k];
        if (s->agent != (owned ? c->owner : c->offered[k]) || (work[s->agent] >> i & 1)) {
            violate(w, "borne_by_who_has_it", "c%02d is borne by a%d", i, s->agent);
        }
        work[s->agent] |= 1u << i;
        load[s->agent] += s->units;
        soft[s->agent] += s->soft ? s->units : 0;
        count[s->agent][c->channel]++;
    }
}

static void agent_holds(struct world *w, int i, uint32_t work, uint64_t load, uint64_t soft, const unsigned *count)
{
    struct sim_agent *a = &w->agents[i];
    if (a->work != work) {
        violate(w, "assigned_once", "a%d has %x, and %x says so", i, a->work, work);
    }
    if (a->r.load != load || a->r.soft != soft || memcmp(a->r.count, count, sizeof a->r.count) != 0) {
        violate(w, "load_is_the_sum", "a%d: load %d, sum %d; soft %d, sum %d", i, (int)a->r.load, (int)load, (int)a->r.soft, (int)soft);
    }
    uint64_t firm = load - soft, firm_before = a->before.load - a->before.soft;
    if ((firm > a->r.capacity && firm > firm_before) || (load > a->r.capacity && firm <= firm_before && soft > a->before.soft)) {
        violate(w, "within_capacity", "a%d bears %d, of which soft %d, of %d", i, (int)load, (int)soft, (int)a->r.capacity);
    }
    for (unsigned c = 0; c < ROUTING_CHANNELS; c++) {
        if (a->r.limit[c] > 0 && count[c] > a->r.limit[c] && count[c] > a->before.count[c] && !(a->forced >> c & 1)) {
            violate(w, "within_limit", "a%d has %u of channel %u, at most %u", i, count[c], c, a->r.limit[c]);
        }
    }
    a->before.load = load;
    a->before.soft = soft;
    memcpy(a->before.count, count, sizeof a->before.count);
    a->forced = 0;
}

static void places_hold(struct world *w)
{
    int waiting[QUEUES_MAX][ROUTING_CHANNELS] = {{0}};
    int64_t places[CONVERSATIONS_MAX];
    size_t n = 0;
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        const struct sim_conversation *c = &w->conversations[i];
        if (c->used && (c->state == CONVERSATION_QUEUED || c->state == CONVERSATION_OFFERED)) {
            waiting[c->queue][c->channel]++;
            for (size_t k = 0; k < n; k++) {
                if (places[k] == c->place) {
                    violate(w, "has_a_place", "c%02d has another's", i);
                }
            }
            places[n++] = c->place;
        }
    }
    if (memcmp(waiting, w->waiting, sizeof waiting) != 0) {
        violate(w, "waiting_is_counted", "by queue and channel");
    }
}

void check_step(struct world *w)
{
    uint32_t work[AGENTS_MAX] = {0};
    uint64_t load[AGENTS_MAX] = {0}, soft[AGENTS_MAX] = {0};
    unsigned count[AGENTS_MAX][ROUTING_CHANNELS] = {{0}};
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        if (w->conversations[i].used) {
            conversation_holds(w, i, work, load, soft, count);
        }
    }
    for (int i = 0; i < w->agents_n; i++) {
        agent_holds(w, i, work[i], load[i], soft[i], count[i]);
    }
    places_hold(w);
}
