/* From what is in the store to the write that an event asks for, as the hub does it. */
#include "sim.h"

static struct conversation conversation_read(const struct sim_conversation *c)
{
    struct conversation out = {.state = c->state, .owner = agent_id(c->owner), .queue = queue_id(c->queue), .offered_n = c->offered_n,
        .held = agent_id(c->held),
                               .back = agent_id(c->back), .closed_at_ms = c->closed_at_ms};
    for (size_t i = 0; i < c->offered_n; i++) {
        out.offered[i] = agent_id(c->offered[i]);
    }
    return out;
}

static int64_t due_of(const struct world *w, enum conversation_state state, int64_t snooze_ms)
{
    switch (state) {
    case CONVERSATION_OFFERED:
        return w->now_ms + OFFER_MS;
    case CONVERSATION_WRAP_UP:
        return w->now_ms + WRAP_UP_MS;
    case CONVERSATION_SNOOZED:
        return w->now_ms + snooze_ms;
    default:
        return 0;
    }
}

/* Who bears it from now on: whoever owns it, or each to whom it is offered. A claim has said already what it weighs. */
static void decide_shares(const struct world *w, struct decision *d, const struct sim_conversation *c)
{
    const struct text *bearers = d->change.owner.n > 0 ? &d->change.owner : d->change.offered;
    d->shares_n = d->change.owner.n > 0 ? 1 : d->change.offered_n;
    for (size_t i = 0; i < d->shares_n && !d->claim; i++) {
        int agent = agent_of(bearers[i]);
        bool weighs = d->kind != EVENT_TAKEN || d->reassign;
        d->shares[i] = (struct share){agent, weighs ? w->agents[agent].r.weight[c->channel] : 0, w->policy.interruptible >> c->channel & 1};
        d->seen[i] = w->agents[agent].status;
    }
    d->force = d->kind == EVENT_TAKEN && !d->reassign;
}

int decide(struct world *w, struct decision *d)
{
    const struct sim_conversation *c = &w->conversations[d->conversation];
    struct conversation now = conversation_read(c);
    struct conversation_event e = {.kind = d->kind, .agents_n = d->agents_n, .queue = queue_id(d->queue), .sender = agent_id(d->sender),
        .now_ms = w->now_ms,
                                   .reopen_ms = REOPEN_MS};
    for (size_t i = 0; i < d->agents_n; i++) {
        e.agents[i] = agent_id(d->agents[i]);
    }
    int err = conversation_apply(&now, &e, &d->change);
    if (err) {
        return err;
    }
    d->version = c->version;
    d->decided_ms = w->now_ms;
    decide_shares(w, d, c);
    d->due_ms = d->change.none ? c->due_ms : due_of(w, d->change.state, d->snooze_ms);
    if (d->change.state == CONVERSATION_OFFERED && c->state == CONVERSATION_OFFERED && d->kind != EVENT_HANDED_OVER) {
        d->due_ms = c->due_ms; /* for those who are left the time goes on */
    }
    return 0;
}

int act_at_once(struct world *w, struct decision d)
{
    int err = decide(w, &d);
    if (err == 0 && !d.change.none) {
        err = store_write(w, &d);
        if (err == ERR_STALE) {
            violate(w, "fresh_is_not_stale", "%s of c%02d", conversation_event_name(d.kind), d.conversation);
        }
    }
    world_say(w, "%s c%02d%s%.*s -> %s", conversation_event_name(d.kind), d.conversation, d.agents_n ? " " : "",
        TEXT_ARG(agent_id(d.agents_n ? d.agents[0] : NOBODY)),
              err ? err_text(err) : conversation_state_name(w->conversations[d.conversation].state));
    return err;
}

int act(struct world *w, struct decision d)
{
    for (size_t i = 0; i < FLIGHTS_MAX && chance(w, 15); i++) {
        if (!w->flying[i] && decide(w, &d) == 0 && !d.change.none) {
            w->flying[i] = true;
            w->flights[i] = d;
            world_say(w, "%s c%02d is on its way", conversation_event_name(d.kind), d.conversation);
            return 0;
        }
    }
    return act_at_once(w, d);
}

/* One of them arrives. What is stale by now is decided again, on what is there. */
void flights_step(struct world *w)
{
    size_t i = roll(w, FLIGHTS_MAX);
    if (w->flying[i]) {
        w->flying[i] = false;
        int err = store_write(w, &w->flights[i]);
        world_say(w, "%s c%02d arrives -> %s", conversation_event_name(w->flights[i].kind), w->flights[i].conversation, err ? err_text(err) : "ok");
        if (err == ERR_STALE && w->conversations[w->flights[i].conversation].used) {
            (void)act_at_once(w, w->flights[i]); /* refused now: whoever asked is told */
        }
    }
}
