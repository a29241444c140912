/* Routers: look, match, claim. One may do it all in one moment; another is slow, looks at what is old by the time of its claims, is overtaken by
 * the holder of
 * a newer lease, or dies with claims in its hands. */
#include "sim.h"

void view_make(const struct world *w, struct view *v)
{
    v->agents_n = (size_t)w->agents_n;
    for (int i = 0; i < w->agents_n; i++) {
        const struct sim_agent *a = &w->agents[i];
        v->agents[i] = a->r;
        v->agents[i].takes = a->here ? w->takes[a->status] : 0;
        v->seen[i] = a->status;
    }
    v->waiting_n = 0;
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        const struct sim_conversation *c = &w->conversations[i];
        if (!c->used || c->state != CONVERSATION_QUEUED) {
            continue;
        }
        struct routing_waiting *out = &v->waiting[v->waiting_n++];
        out->conversation = conversation_id(i);
        out->queue = (unsigned)c->queue;
        out->channel = c->channel;
        out->score_ms = c->place - c->head_start_ms;
        out->queued_ms = c->queued_ms;
        out->held = agent_id(c->held);
        out->language = c->language;
        out->needs_n = c->needs_n;
        out->prefers_n = c->prefers_n;
        memcpy(out->needs, c->needs, sizeof c->needs);
        memcpy(out->prefers, c->prefers, sizeof c->prefers);
        out->declined_n = c->declined_n;
        for (size_t k = 0; k < c->declined_n; k++) {
            out->declined[k] = (struct routing_decline){agent_id(c->declined[k].agent), c->declined[k].at_ms};
        }
    }
}

/* What is one assignment, or the several of a broadcast, becomes one claim. */
static size_t router_claim(struct world *w, struct sim_router *r, const struct view *v, const struct routing_assignment *out, size_t n)
{
    struct decision *d = &r->claims[r->claims_n];
    const struct routing_waiting *c = &v->waiting[out[0].waiting];
    *d = (struct decision){.conversation = conversation_of(c->conversation), .claim = true, .fence = r->fence, .sender = NOBODY};
    while (d->agents_n < n && out[d->agents_n].waiting == out[0].waiting) {
        const struct routing_assignment *a = &out[d->agents_n];
        d->agents[d->agents_n] = (int)a->agent;
        d->shares[d->agents_n] = (struct share){(int)a->agent, a->units, a->soft};
        d->seen[d->agents_n++] = v->seen[a->agent];
    }
    bool automatic = d->agents_n == 1 && (w->agents[d->agents[0]].automatic >> c->channel & 1);
    d->kind = automatic ? EVENT_ASSIGNED : EVENT_OFFERED;
    if (decide(w, d)) { /* at the moment of the look, from what was looked at */
        violate(w, "match_is_decidable", "%s of c%02d", conversation_event_name(d->kind), d->conversation);
        return d->agents_n;
    }
    r->claims_n++;
    return d->agents_n;
}

static void router_look(struct world *w, struct sim_router *r)
{
    struct view before, after;
    struct routing_assignment out[CONVERSATIONS_MAX * ROUTING_OFFERS_MAX];
    view_make(w, &before);
    memcpy(after.agents, before.agents, before.agents_n * sizeof *before.agents);
    memcpy(after.waiting, before.waiting, before.waiting_n * sizeof *before.waiting);
    memcpy(after.seen, before.seen, sizeof before.seen);
    after.agents_n = before.agents_n;
    after.waiting_n = before.waiting_n;
    size_t n = routing_match(&w->policy, after.agents, after.agents_n, after.waiting, after.waiting_n, w->now_ms, out,
        CONVERSATIONS_MAX * ROUTING_OFFERS_MAX,
                             &w->next_ms);
    oracle_check(w, &before, &after, out, n);
    r->claims_n = r->claimed = 0;
    for (size_t i = 0; i < n && !w->violated;) {
        i += router_claim(w, r, &after, &out[i], n - i);
    }
}

static int router_claim_next(struct world *w, struct sim_router *r)
{
    const struct decision *d = &r->claims[r->claimed++];
    int err = store_write(w, d);
    world_say(w, "router %d: %s c%02d to a%d%s -> %s", (int)(r - w->routers), conversation_event_name(d->kind), d->conversation, d->agents[0],
              d->agents_n > 1 ? " and others" : "", err ? err_text(err) : "ok");
    if (err == 0) {
        w->met[MET_assigned] += d->kind == EVENT_ASSIGNED;
        w->met[MET_offered] += d->kind == EVENT_OFFERED;
        w->met[MET_broadcast] += d->agents_n > 1;
    }
    return err;
}

void router_pass(struct world *w)
{
    struct sim_router *r = &w->routers[roll(w, (unsigned)w->routers_n)];
    if (r->fence != w->fence) {
        r->fence = ++w->fence;
    }
    r->alive = true;
    router_look(w, r);
    while (r->claimed < r->claims_n && !w->violated) {
        const struct decision *d = &r->claims[r->claimed];
        if (router_claim_next(w, r)) {
            violate(w, "match_is_claimable", "c%02d to a%d", d->conversation, d->agents[0]);
        }
    }
    r->claims_n = r->claimed = 0;
    w->met[MET_passes]++;
    if (!w->violated) {
        oracle_nobody_idles(w, w->now_ms, "nobody_idles");
        if (w->next_ms < INT64_MAX && chance(w, 25)) {
            oracle_nobody_idles(w, w->next_ms - 1, "next_look_is_in_time");
        }
    }
}

void router_step(struct world *w)
{
    struct sim_router *r = &w->routers[roll(w, (unsigned)w->routers_n)];
    if (!r->alive) {
        r->alive = true;
        r->fence = w->fence;
    } else if (chance(w, 4)) {
        w->met[MET_router_died] += r->claimed < r->claims_n;
        world_say(w, "router %d dies with %d claims", (int)(r - w->routers), (int)(r->claims_n - r->claimed));
        r->alive = false;
        r->claims_n = r->claimed = 0;
    } else if (w->fence > 0 && chance(w, 5)) {
        r->fence = ++w->fence; /* the others do not know yet */
    } else if (r->claimed < r->claims_n) {
        (void)router_claim_next(w, r);
    } else {
        router_look(w, r);
    }
}
