/* The store's account, as its transition function keeps it: one atomic step, refused as a whole or done as a whole. */
#include "sim.h"

#include "base/check.h"

static const struct share *share_of(const struct sim_conversation *c, int agent)
{
    for (size_t i = 0; i < c->shares_n; i++) {
        if (c->shares[i].agent == agent) {
            return &c->shares[i];
        }
    }
    return NULL;
}

static bool store_room(const struct sim_agent *a, const struct share *s, enum status seen, enum routing_channel channel)
{
    uint64_t borne = s->soft ? a->r.load : a->r.load - a->r.soft;
    return a->here && a->status == seen && borne + s->units <= a->r.capacity && (a->r.limit[channel] == 0 ||
        a->r.count[channel] < a->r.limit[channel]);
}

static void bear(struct world *w, int conversation, const struct share *s, bool on)
{
    struct sim_agent *a = &w->agents[s->agent];
    a->r.load += on ? s->units : -s->units;
    a->r.soft += s->soft ? (on ? s->units : -s->units) : 0;
    a->r.count[w->conversations[conversation].channel] += on ? 1u : -1u;
    a->r.since_ms = (uint64_t)w->now_ms;
    a->work ^= 1u << conversation;
}

static bool waits(enum conversation_state state)
{
    return state == CONVERSATION_QUEUED || state == CONVERSATION_OFFERED;
}

static void write_shares(struct world *w, const struct decision *d)
{
    struct sim_conversation *c = &w->conversations[d->conversation];
    struct share after[CONVERSATION_OFFERS_MAX];
    for (size_t i = 0; i < d->shares_n; i++) {
        const struct share *kept = share_of(c, d->shares[i].agent);
        after[i] = kept ? *kept : d->shares[i];
        if (!kept) {
            struct sim_agent *a = &w->agents[after[i].agent];
            w->met[MET_gave_way] += !after[i].soft && a->r.load + after[i].units > a->r.capacity &&
                a->r.load - a->r.soft + after[i].units <= a->r.capacity;
            a->forced |= d->force ? 1u << c->channel : 0;
            bear(w, d->conversation, &after[i], true);
        }
    }
    for (size_t i = 0; i < c->shares_n; i++) {
        bool stays = false;
        for (size_t k = 0; k < d->shares_n; k++) {
            stays = stays || after[k].agent == c->shares[i].agent;
        }
        if (!stays) {
            bear(w, d->conversation, &c->shares[i], false);
        }
    }
    memcpy(c->shares, after, d->shares_n * sizeof *after);
    c->shares_n = d->shares_n;
}

static void write_place(struct world *w, struct sim_conversation *c, const struct conversation_change *change, int queue)
{
    bool was = waits(c->state), is = waits(change->state);
    if (was) {
        w->waiting[c->queue][c->channel]--;
    }
    if (is) {
        w->waiting[queue][c->channel]++;
    }
    if (is && !was && !change->keep_place) {
        w->last_place = c->place = w->now_ms > w->last_place ? w->now_ms : w->last_place + 1;
        c->queued_ms = w->now_ms;
    }
}

static void write_passed(struct world *w, struct sim_conversation *c, int agent)
{
    size_t at = 0;
    while (at < c->declined_n && c->declined[at].agent != agent) {
        at++;
    }
    c->declined_n += at == c->declined_n; /* there are fewer agents than places */
    c->declined[at].agent = agent;
    c->declined[at].at_ms = w->now_ms;
}

static void write_answers(struct world *w, struct sim_conversation *c, const struct decision *d)
{
    const struct conversation_change *change = &d->change;
    for (size_t i = 0; i < change->missed_n; i++) {
        struct sim_agent *a = &w->agents[agent_of(change->missed[i])];
        a->status = MISSED;
        a->missed++;
        w->met[MET_missed_three] += a->missed == MISSED_IN_A_ROW;
        write_passed(w, c, agent_of(change->missed[i]));
    }
    if (change->declined.n > 0) {
        write_passed(w, c, agent_of(change->declined));
    }
    if (change->owner.n > 0) {
        c->declined_n = 0;
        if (c->state == CONVERSATION_OFFERED && share_of(c, agent_of(change->owner))) {
            w->agents[agent_of(change->owner)].missed = 0;
        }
    } else if (change->state == CONVERSATION_CLOSED) {
        c->declined_n = 0;
    }
}

int store_write(struct world *w, const struct decision *d)
{
    struct sim_conversation *c = &w->conversations[d->conversation], before = *c;
    if (d->version != c->version) {
        w->met[MET_stale]++;
        return ERR_STALE;
    }
    if (d->claim && d->fence != w->fence) {
        w->met[MET_fenced]++;
        return ERR_STALE;
    }
    for (size_t i = 0; i < d->shares_n && !d->force; i++) {
        if (!share_of(c, d->shares[i].agent) && !store_room(&w->agents[d->shares[i].agent], &d->shares[i], d->seen[i], c->channel)) {
            w->met[MET_no_room]++;
            return ERR_CAPACITY;
        }
    }
    const struct conversation_change *change = &d->change;
    int queue = queue_of(change->queue);
    write_place(w, c, change, queue);
    write_answers(w, c, d);
    write_shares(w, d);
    if (change->state == CONVERSATION_CLOSED) {
        c->closed_at_ms = w->now_ms;
    }
    c->queue_before = d->kind == EVENT_MOVED ? c->queue : c->queue_before;
    c->return_ms = d->kind == EVENT_MOVED ? w->now_ms + RETURN_MS : c->return_ms;
    c->due_ms = change->state == CONVERSATION_QUEUED && change->back.n > 0 ? c->return_ms : d->due_ms;
    c->state = change->state;
    c->queue = queue;
    c->owner = agent_of(change->owner);
    c->held = agent_of(change->held);
    c->back = agent_of(change->back);
    c->offered_n = change->offered_n;
    for (size_t i = 0; i < change->offered_n; i++) {
        c->offered[i] = agent_of(change->offered[i]);
    }
    c->attention = false;
    c->version++;
    check_write(w, &before, d);
    return 0;
}
