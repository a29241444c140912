/* loketctl nodes, drain: the brokers. */
#include "ctl.h"

#include <string.h>

#define DRAIN_LOOK_MS 200
#define DRAIN_MS 60000 /* two seconds of warning, five of what is in flight, and a Redis that saves */

struct drain {
    int64_t until_ms;
    bool asked;
};

static bool is_alive(const struct store_node *n)
{
    return n->silent_ms < STORE_SILENT_MS;
}

static void nodes_listed(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    if (!err) {
        printf("%-20s %-9s %-7s %9s\n", "node", "state", "routes", "sessions");
    }
    for (size_t i = 0; !err && i < n; i++) {
        json_t *about = nodes[i].about.n > 0 ? json_loadb(nodes[i].about.s, nodes[i].about.n, 0, NULL) : NULL;
        bool draining = json_is_true(json_object_get(about, "draining"));
        const char *state = !is_alive(&nodes[i]) ? "silent" : draining ? "draining" : "alive";
        printf("%-20.*s %-9s %-7s %9lld\n", TEXT_ARG(nodes[i].id), state, nodes[i].routes ? "yes" : "no",
               (long long)json_integer_value(json_object_get(about, "sessions")));
        json_decref(about);
    }
    ctl_done(ctx, t, err);
}

int ctl_nodes(struct ctl *c)
{
    return store_nodes_get(c->store, nodes_listed, c, (struct ticket){0});
}

/* --- drain --------------------------------------------------------------------------------------------------------------------------------- */

static void drain_look(void *ctx);

static void drain_asked(void *ctx, const struct ticket *t, int err)
{
    struct ctl *c = ctx;
    if (err || !c->wait) {
        if (!err) {
            printf("%s was asked to hand over and end\n", c->id);
        }
        ctl_done(c, t, err);
        return;
    }
    err = loop_timer_new(c->loop, drain_look, c, &c->timer);
    if (err) {
        ctl_done(c, NULL, err);
        return;
    }
    printf("%s was asked to hand over and end; waiting\n", c->id);
    loop_timer_start(c->timer, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
}

static void drain_known(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    struct ctl *c = ctx;
    struct drain *d = c->more;
    bool there = false;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        there |= text_is(nodes[i].id, c->id) && is_alive(&nodes[i]);
    }
    if (err) {
        ctl_done(c, NULL, err);
    } else if (!d->asked) {
        struct store_author by = ctl_author();
        d->asked = true;
        if (!there) {
            ctl_say(c, "no broker `%s` lives; see loketctl nodes", c->id);
            return;
        }
        err = store_publish(c->store, text_of(c->id), TEXT_LITERAL("d - 0\n")); /* as hub/others.c reads it */
        err = err ? err : store_audit(c->store, &by, TEXT_LITERAL("drain"), text_of(c->id), drain_asked, c, (struct ticket){0});
        if (err) {
            ctl_done(c, NULL, err);
        }
    } else if (!there) {
        printf("%s has ended\n", c->id);
        ctl_end(c, 0);
    } else if (clock_wall_ms() > d->until_ms) {
        ctl_say(c, "%s still lives after %d s; see its log", c->id, DRAIN_MS / 1000);
    }
}

/* A broker that started the store takes it along: then nobody is left to say that it has gone. */
static void drain_look(void *ctx)
{
    struct ctl *c = ctx;
    ctl_still(c);
    if (!store_is_up(c->store) || store_nodes_get(c->store, drain_known, c, (struct ticket){0})) {
        loop_timer_stop(c->timer);
        printf("%s has ended, and its store with it\n", c->id);
        ctl_end(c, 0);
    }
}

int ctl_drain(struct ctl *c)
{
    static struct drain d;
    if (!c->id) {
        return ERR_NOT_FOUND;
    }
    d.until_ms = clock_wall_ms() + DRAIN_MS;
    c->more = &d;
    return store_nodes_get(c->store, drain_known, c, (struct ticket){0});
}
