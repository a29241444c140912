/* Routing on the broker that has the lease: look (one atomic read of the heads of the lines), match (pure, core/routing.h), claim (store_transition checks version, presence,
 * capacity and fence). One pass at a time; whatever happens in between asks for another. So a freed place takes the oldest at once, and two events in one turn cost one pass.
 * The other brokers pass a kick on to the one that routes; should it be gone, the next one looks when it gets the lease. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#define ROUTER_WINDOW 64      /* oldest of each line looked at in one pass; a full window that leaves somebody free is followed by the next */
#define ROUTER_REFUSED_MAX 5  /* passes in a row of which no claim succeeded */
#define ROUTER_DUE_MS 3600000 /* the relax timer looks no further: settings and clocks change */

static void router_end(struct hub *h)
{
    struct router *r = &h->router;
    r->running = false;
    r->refused = r->claimed > 0 && r->given == 0 ? r->refused + 1 : 0;
    if (r->refused >= ROUTER_REFUSED_MAX && !r->again) {
        r->refused = 0;
        r->offset = 0;
        return; /* what is matched is not what can be claimed: not again and again in one turn after another, but with the next event, or the tick */
    }
    if (r->again || r->claimed > 0) {
        r->offset = 0;
    } else if (r->more) {
        r->offset = r->next;
    } else {
        r->offset = 0;
        return;
    }
    router_kick(h);
}

static void router_claimed(struct hub *h, const struct ticket *t, int err, struct text conversation)
{
    (void)t;
    (void)conversation;
    struct router *r = &h->router;
    r->given += err == 0;
    r->claimed += err == 0 || err == ERR_STALE || err == ERR_CAPACITY;
    if (--r->open == 0) {
        router_end(h);
    }
}

struct routing_agent router_agent(struct hub *h, const struct store_agent *a)
{
    const struct colleague *c = map_get(&h->colleagues, a->id);
    struct routing_agent out = {.id = a->id, .load = a->load, .soft = a->soft, .capacity = a->capacity, .since_ms = a->since_ms};
    if (!c || c->gone || c->role != AGENT || a->here.n == 0) {
        return out; /* only who has a session gets work */
    }
    out.takes = policy_takes(h->policy, a->presence);
    out.queues = c->queues;
    out.languages = c->languages;
    memcpy(out.order, c->order, sizeof out.order);
    memcpy(out.skills, c->skills, sizeof out.skills);
    for (size_t i = 0; i < ROUTING_CHANNELS; i++) {
        out.count[i] = (unsigned)a->count[i];
        out.limit[i] = (unsigned)c->limit[i];
        out.weight[i] = c->weight[i];
    }
    return out;
}

/* "AGENT:MS …" */
static void router_declined(struct text list, struct routing_waiting *w)
{
    size_t at = 0;
    for (struct text each; w->declined_n < ROUTING_DECLINES_MAX && text_next_word(list, " ", &at, &each);) {
        const char *colon = memrchr(each.s, ':', each.n);
        uint64_t ms;
        if (colon && text_to_u64((struct text){colon + 1, (size_t)(each.s + each.n - colon - 1)}, &ms) == 0) {
            w->declined[w->declined_n++] = (struct routing_decline){{each.s, (size_t)(colon - each.s)}, (int64_t)ms};
        }
    }
}

static size_t needs_of(struct hub *h, const struct routing_need *queue, size_t queue_n, struct text own, struct routing_need *out)
{
    size_t n = 0;
    while (n < queue_n && n < ROUTING_NEEDS_MAX) {
        out[n] = queue[n];
        n++;
    }
    return n + policy_needs(h->policy, own, out + n, ROUTING_NEEDS_MAX - n);
}

bool router_waiting(struct hub *h, const struct store_waiting *s, struct routing_waiting *out)
{
    const struct queue_policy *q = policy_queue(h->policy, s->queue);
    int channel = policy_channel(s->channel);
    if (!q || channel < 0) {
        return false;
    }
    *out = (struct routing_waiting){.conversation = s->conversation, .queue = q->index, .channel = (enum routing_channel)channel, .score_ms = s->score,
                                    .queued_ms = (int64_t)s->queued_at_ms, .held = s->held, .language = policy_language(h->policy, s->language)};
    out->needs_n = needs_of(h, q->needs, q->set.skills_n, s->needs, out->needs);
    out->prefers_n = needs_of(h, q->prefers, q->set.preferred_n, s->prefers, out->prefers);
    router_declined(s->declined, out);
    return true;
}

/* --- a pass ------------------------------------------------------------------------------------------------------------------------------------ */

struct pass { /* what one look gave */
    struct routing_agent *agents;
    struct routing_waiting *waiting;
    struct routing_assignment *found;
    bool *stays;        /* by row of the look: not placed, although nobody refused it */
    size_t waiting_n, found_n;
};

static const struct store_waiting *row_of(const struct store_look *l, struct text conversation, const struct map *rows)
{
    uintptr_t at = (uintptr_t)map_get(rows, conversation);
    return at > 0 ? &l->waiting[at - 1] : NULL;
}

/* An agent who must accept is asked; a broadcast asks all of them. */
static void router_claim(struct hub *h, const struct store_look *l, const struct pass *p, size_t from, size_t n, const struct store_waiting *row)
{
    const struct routing_waiting *w = &p->waiting[p->found[from].waiting];
    struct change_request r = {.conversation = w->conversation, .event = {.kind = EVENT_OFFERED}, .fence = node_fence(h)};
    const struct colleague *first = map_get(&h->colleagues, p->agents[p->found[from].agent].id);
    bool ask = h->policy->rules[w->queue].broadcast > 1 || (first && (first->must_accept & (1u << w->channel)) != 0);
    r.event.kind = ask ? EVENT_OFFERED : EVENT_ASSIGNED;
    for (size_t i = 0; i < n && i < CONVERSATION_OFFERS_MAX; i++) {
        const struct store_agent *a = &l->agents[p->found[from + i].agent];
        r.event.agents[r.event.agents_n] = a->id;
        r.presence[r.event.agents_n++] = a->presence;
    }
    h->router.open++;
    if (change_claim(h, &r, row, router_claimed, (struct ticket){0})) {
        h->router.open--;
    }
}

static void router_relax(struct hub *h, int64_t next_ms)
{
    int64_t now = loop_wall_ms(h->loop);
    if (next_ms <= now + ROUTER_DUE_MS) {
        loop_timer_start(h->router.relax, next_ms > now ? next_ms - now : 1, 0);
    } else {
        loop_timer_stop(h->router.relax);
    }
}

static bool anybody_free(const struct routing_agent *agents, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (agents[i].takes != 0 && agents[i].load - agents[i].soft < agents[i].capacity) {
            return true;
        }
    }
    return false;
}

/* Is it worth looking behind the window? In one line all ask for the same, and the younger one is, the less its requirements have relaxed: when one stays whom nobody
 * has refused, all behind it stay, too. So only a line of which every row was placed, or stays because of refusals, goes on. Rows of a line stand together in @l. */
static bool line_goes_on(const struct store_look *l, const bool *stays)
{
    for (size_t from = 0, n; from < l->waiting_n; from += n) {
        bool stuck = false;
        for (n = 0; from + n < l->waiting_n && l->waiting[from + n].queue.s == l->waiting[from].queue.s; n++) {
            stuck |= stays[from + n];
        }
        if (n >= ROUTER_WINDOW && !stuck) {
            return true;
        }
    }
    return false;
}

static int router_match(struct hub *h, const struct store_look *l, struct pass *p, struct map *rows)
{
    int64_t next;
    for (size_t i = 0; i < l->agents_n; i++) {
        p->agents[i] = router_agent(h, &l->agents[i]);
    }
    bool free_place = anybody_free(p->agents, l->agents_n);
    for (size_t i = 0; i < l->waiting_n; i++) {
        if (router_waiting(h, &l->waiting[i], &p->waiting[p->waiting_n])) {
            int err = map_set(rows, l->waiting[i].conversation, (void *)(uintptr_t)(i + 1));
            if (err) {
                return err;
            }
            p->waiting_n++;
        }
    }
    p->found_n = routing_match(&h->policy->match, p->agents, l->agents_n, p->waiting, p->waiting_n, loop_wall_ms(h->loop), p->found,
                               l->waiting_n + ROUTING_OFFERS_MAX, &next);
    router_relax(h, next);
    for (size_t i = 0; i < p->waiting_n; i++) {
        const struct routing_waiting *w = &p->waiting[i];
        p->stays[(uintptr_t)map_get(rows, w->conversation) - 1] = !w->placed && w->declined_n == 0;
    }
    h->router.deeper |= line_goes_on(l, p->stays);
    h->router.more = l->more && free_place && (!l->whole || h->router.deeper);
    h->router.deeper &= !l->whole;
    h->router.next = l->next;
    return 0;
}

static void router_pass(struct hub *h, const struct store_look *l)
{
    struct pass p = {.agents = calloc(l->agents_n + 1, sizeof *p.agents), .waiting = calloc(l->waiting_n + 1, sizeof *p.waiting),
                     .found = calloc(l->waiting_n + ROUTING_OFFERS_MAX, sizeof *p.found), .stays = calloc(l->waiting_n + 1, sizeof *p.stays)};
    struct map rows;
    map_init(&rows, l->waiting_n + 1);
    if (p.agents && p.waiting && p.found && p.stays && router_match(h, l, &p, &rows) == 0) {
        for (size_t i = 0, n; i < p.found_n; i += n) {
            n = 1;
            while (i + n < p.found_n && p.found[i + n].waiting == p.found[i].waiting) {
                n++;
            }
            const struct store_waiting *row = row_of(l, p.waiting[p.found[i].waiting].conversation, &rows);
            CHECK(row != NULL);
            router_claim(h, l, &p, i, n, row);
        }
    }
    map_done(&rows);
    free(p.agents);
    free(p.waiting);
    free(p.found);
    free(p.stays);
}

static void router_looked(void *ctx, const struct ticket *t, int err, const struct store_look *l)
{
    struct hub *h = ctx;
    struct router *r = &h->router;
    (void)t;
    r->open = 1; /* this pass itself, so that claims that fail at once do not end it early */
    r->claimed = r->given = 0;
    r->more = false;
    if (err || !node_fence(h)) {
        r->again = false; /* the store is away: its coming back kicks. Or another broker routes by now, and looks for itself */
        r->open = 0;
        r->running = false;
        return;
    }
    router_pass(h, l);
    if (--r->open == 0) {
        router_end(h);
    }
}

void router_kick(struct hub *h)
{
    struct router *r = &h->router;
    if (!h->up || h->stopping || !h->staff_known) {
        return;
    }
    if (!node_fence(h)) {
        others_kick(h);
        return;
    }
    if (r->running) {
        r->again = true;
        return;
    }
    r->again = false;
    r->deeper &= r->offset > 0; /* from the front again: nothing is known yet */
    r->running = store_look_get(h->store, r->offset, ROUTER_WINDOW, router_looked, h, (struct ticket){0}) == 0;
}

static void router_relaxed(void *ctx)
{
    router_kick(ctx);
}

int router_new(struct hub *h)
{
    return loop_timer_new(h->loop, router_relaxed, h, &h->router.relax);
}

void router_free(struct hub *h)
{
    loop_timer_free(&h->router.relax);
}
