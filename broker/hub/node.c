/* This broker among the others: it beats, has the routing lease or not, buries who is silent, and leaves in order.
 *
 *   beat each NODE_BEAT_MS ──▶ store_beat ──▶ fence (who routes), who lives, who was buried
 *   silent for STORE_SILENT_MS: buried by the next beat of any other, which then looks for what is left behind
 *   drain: healthy no more (so that a proxy sends nobody), lease given away, sessions closed with `shutdown` (they come back elsewhere), then the process ends */
#include "hub/hub_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODE_BEAT_MS 400
#define NODE_DUE_MS 200

struct node {
    struct loop_timer *beat, *due;
    uint64_t fence;
    char routes[ID_MAX + 1], all[HUB_NODES_BYTES];
    bool beating, again, greeted; /* greeted: what a former life of ours left behind was buried */
    bool draining, sources;
};

static void node_sources(struct hub *h, bool on)
{
    if (h->node->sources != on) {
        h->node->sources = on;
        hub_sources(h, on);
    }
}

/* true: somebody is there who was not before. */
static bool node_list(struct node *n, const struct store_beat *b)
{
    char before[HUB_NODES_BYTES];
    bool joined = false;
    size_t used = 0;
    memcpy(before, n->all, sizeof before);
    n->all[0] = '\0';
    for (size_t i = 0; i < b->nodes_n && used + b->nodes[i].n + 2 < sizeof n->all; i++) {
        used += (size_t)snprintf(n->all + used, sizeof n->all - used, "%s%.*s", used > 0 ? " " : "", TEXT_ARG(b->nodes[i])); /* fits */
        joined |= !text_has_word(text_of(before), " ", b->nodes[i]);
    }
    return joined;
}

static void node_beaten(void *ctx, const struct ticket *t, int err, const struct store_beat *b)
{
    struct hub *h = ctx;
    struct node *n = h->node;
    (void)t;
    n->beating = false;
    if (err || h->stopping) {
        n->fence = h->stopping ? 0 : n->fence; /* no answer: the lease may be lost; the fence is asked for in each claim */
        return;
    }
    bool had = n->fence != 0;
    n->fence = b->fence;
    (void)!text_copy(b->routes, n->routes, sizeof n->routes); /* a node's id fits */
    if (node_list(n, b)) {
        deliver_shared(h);
    }
    if (!b->known) {
        staff_say_here(h); /* new, or buried while we were busy */
    }
    if (b->buried) {
        log_event(LOG_WARN, "broker_buried", "next=\"what it had is taken over\"");
        outbox_recover(h->outboxes[0]);
        outbox_recover(h->outboxes[1]);
    }
    if (n->fence && !had) {
        log_event(LOG_INFO, "routing_taken", "fence=%llu", (unsigned long long)n->fence);
    }
    if (!n->fence && had) {
        log_event(LOG_INFO, "routing_given_up", "to=%s", n->routes);
    }
    node_sources(h, n->fence != 0);
    if (n->fence && (!had || b->buried)) {
        router_kick(h);
        due_look(h);
    }
    if (n->again) {
        n->again = false;
        node_beat(h);
    }
}

static void node_greeted(void *ctx, const struct ticket *t, int err, const struct store_beat *b)
{
    struct hub *h = ctx;
    (void)t;
    (void)b;
    h->node->beating = false;
    if (!err) {
        h->node->greeted = true;
        node_beat(h);
    }
}

void node_beat(struct hub *h)
{
    struct node *n = h->node;
    if (!h->up || h->stopping || !h->staff_known) {
        return;
    }
    if (n->beating) {
        n->again = true;
        return;
    }
    char about[256];
    (void)snprintf(about, sizeof about, "{\"sessions\":%zu,\"draining\":%s}", h->members.count, n->draining ? "true" : "false"); /* fits */
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    n->beating = store_beat(h->store, !n->draining, !n->greeted, text_of(about), now, staff_grace_ms(h), n->greeted ? node_beaten : node_greeted, h,
                            (struct ticket){0}) == 0;
}

static void node_due(void *ctx)
{
    due_look(ctx);
}

static void node_timer(void *ctx)
{
    node_beat(ctx);
}

static void node_left(void *ctx, const struct ticket *t, int err, const struct store_beat *b)
{
    (void)ctx;
    (void)t;
    (void)b;
    if (err) {
        log_event(LOG_WARN, "broker_leaves", "why=\"%s\" next=\"the others find out by its silence\"", err_text(err));
    }
}

void node_leave(struct hub *h)
{
    struct node *n = h->node;
    n->fence = 0;
    loop_timer_stop(n->beat);
    loop_timer_stop(n->due);
    if (h->up && n->greeted) {
        (void)!store_beat(h->store, false, true, (struct text){NULL, 0}, (uint64_t)loop_wall_ms(h->loop), staff_grace_ms(h), node_left, h,
                          (struct ticket){0}); /* as in node_left */
    }
}

void node_drain(struct hub *h)
{
    if (!h->node->draining) {
        h->node->draining = true;
        log_event(LOG_INFO, "draining", "sessions=%zu next=\"hand over and end\"", h->members.count);
        node_beat(h); /* gives the lease away */
        if (h->config->drain) {
            h->config->drain(h->config->drain_ctx);
        }
    }
}

bool node_is_draining(const struct hub *h)
{
    return h->node->draining;
}

uint64_t node_fence(const struct hub *h)
{
    return h->node->fence;
}

const char *node_all(const struct hub *h)
{
    return h->node->all;
}

const char *node_routes(const struct hub *h)
{
    return h->node->routes;
}

int node_new(struct hub *h)
{
    h->node = calloc(1, sizeof *h->node);
    int err = h->node ? loop_timer_new(h->loop, node_timer, h, &h->node->beat) : ERR_MEMORY;
    err = err ? err : loop_timer_new(h->loop, node_due, h, &h->node->due);
    if (!err) {
        loop_timer_start(h->node->beat, NODE_BEAT_MS, NODE_BEAT_MS);
        loop_timer_start(h->node->due, NODE_DUE_MS, NODE_DUE_MS);
    }
    return err;
}

void node_free(struct hub *h)
{
    if (h->node) {
        loop_timer_free(&h->node->beat);
        loop_timer_free(&h->node->due);
        free(h->node);
        h->node = NULL;
    }
}
