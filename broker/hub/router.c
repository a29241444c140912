/* Routing on this node: look (one atomic read), match (pure, core/routing.h), claim (store_transition checks version and capacity). One pass at a time; whatever
 * happens in between asks for another. So a freed place takes the oldest at once, and two events in one turn cost one pass. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#define ROUTER_WINDOW 64 /* oldest of each queue looked at in one pass; a full window that leaves somebody free is followed by the next */

static void router_end(struct hub *h)
{
    struct router *r = &h->router;
    r->running = false;
    if (r->again || r->claimed > 0) {
        r->offset = 0;
    } else if (r->more) {
        r->offset += ROUTER_WINDOW;
    } else {
        r->offset = 0;
        return;
    }
    router_kick(h);
}

static void router_claimed(struct hub *h, const struct ticket *t, int err, struct text conversation, struct text owner_before)
{
    (void)t;
    (void)conversation;
    (void)owner_before;
    struct router *r = &h->router;
    r->claimed += err == 0 || err == ERR_STALE || err == ERR_CAPACITY;
    if (--r->open == 0) {
        router_end(h);
    }
}

static size_t router_agents(struct hub *h, const struct store_view *v, struct routing_agent *out, bool *free_place)
{
    size_t n = 0;
    for (size_t i = 0; i < v->agents_n; i++) {
        const struct store_agent *a = &v->agents[i];
        struct colleague *c = map_get(&h->colleagues, a->id);
        if (!c || c->gone || list_is_empty(&c->members) || !text_is(a->presence, "available")) {
            continue; /* only who has a session gets work */
        }
        out[n++] = (struct routing_agent){.id = text_of(c->id), .available = true, .load = a->load, .capacity = a->capacity, .since_ms = a->since_ms,
                                          .queues = c->queues};
        *free_place |= a->load < a->capacity;
    }
    return n;
}

static void router_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct hub *h = ctx;
    struct router *r = &h->router;
    (void)t;
    r->open = 1; /* this pass itself, so that claims that fail at once do not end it early */
    r->claimed = 0;
    r->more = false;
    if (err) {
        r->again = false; /* the store is away: its coming back kicks */
        r->open = 0;
        r->running = false;
        return;
    }
    struct routing_agent *agents = calloc(v->agents_n + 1, sizeof *agents);
    struct routing_waiting *waiting = calloc(v->waiting_n + 1, sizeof *waiting);
    struct routing_assignment *found = calloc(v->waiting_n + 1, sizeof *found);
    if (agents && waiting && found) {
        bool free_place = false;
        size_t agents_n = router_agents(h, v, agents, &free_place), waiting_n = 0;
        size_t of_queue[HUB_QUEUES_MAX] = {0};
        for (size_t i = 0; i < v->waiting_n; i++) {
            int queue = staff_queue_index(h, v->waiting[i].queue);
            if (queue >= 0) {
                waiting[waiting_n++] = (struct routing_waiting){.conversation = v->waiting[i].conversation, .queue = (unsigned)queue,
                                                                .score_ms = v->waiting[i].score, .units = v->waiting[i].units,
                                                                .held = v->waiting[i].held};
                r->more |= ++of_queue[queue] >= ROUTER_WINDOW && free_place;
            }
        }
        size_t n = routing_match(agents, agents_n, waiting, waiting_n, found);
        for (size_t i = 0; i < n; i++) {
            const struct routing_waiting *w = &waiting[found[i].waiting];
            for (size_t k = 0; k < v->waiting_n; k++) { /* back to the row that carries the version */
                if (text_equal(v->waiting[k].conversation, w->conversation)) {
                    struct colleague *c = map_get(&h->colleagues, agents[found[i].agent].id);
                    CHECK(c != NULL);
                    r->open++;
                    if (change_claim(h, &v->waiting[k], c, router_claimed, (struct ticket){0})) {
                        r->open--;
                    }
                    break;
                }
            }
        }
    }
    free(agents);
    free(waiting);
    free(found);
    if (--r->open == 0) {
        router_end(h);
    }
}

void router_kick(struct hub *h)
{
    struct router *r = &h->router;
    if (r->running) {
        r->again = true;
        return;
    }
    if (!h->up || h->stopping) {
        return;
    }
    r->again = false;
    r->running = store_view_get(h->store, h->queue_ids, h->config->queues_n, r->offset, ROUTER_WINDOW, router_view, h, (struct ticket){0}) == 0;
}
