/* One seed: a day in which everything goes wrong, and its evening, in which everybody helps. */
#include "sim.h"

#define DAY_MS 86400000

static void clock_step(struct world *w)
{
    unsigned what = roll(w, 1000);
    if (what < 100 && w->next_ms > w->now_ms && w->next_ms - w->now_ms < DAY_MS) {
        w->now_ms = w->next_ms; /* the router's timer fires */
    } else if (what < 960) {
        w->now_ms += roll(w, 4000);
    } else if (what < 990) {
        w->now_ms += roll(w, 600000);
    } else if (what < 995) {
        w->now_ms += roll(w, DAY_MS);
    } else {
        w->now_ms -= roll(w, 300000); /* the clock on the wall is set */
        w->met[MET_clock_back]++;
    }
}

static void world_step(struct world *w)
{
    clock_step(w);
    unsigned what = roll(w, 100);
    if (what < 58) {
        people_step(w);
    } else if (what < 66) {
        flights_step(w);
    } else if (what < 74) {
        timers_run(w, chance(w, 30));
    } else if (what < 87) {
        router_step(w);
    } else {
        router_pass(w);
    }
    check_step(w);
}

static void everybody_comes(struct world *w)
{
    memset(w->flying, 0, sizeof w->flying);
    for (int i = 0; i < w->routers_n; i++) {
        w->routers[i].claims_n = w->routers[i].claimed = 0;
    }
    for (int i = 0; i < w->agents_n; i++) {
        struct sim_agent *a = &w->agents[i];
        a->here = true;
        a->grace_ms = 0;
        a->status = AVAILABLE;
        a->r.capacity = 1000;
        memset(a->r.limit, 0, sizeof a->r.limit);
    }
}

static void everybody_works(struct world *w)
{
    for (int i = 0; i < CONVERSATIONS_MAX && !w->violated; i++) {
        const struct sim_conversation *c = &w->conversations[i];
        struct decision d = {.conversation = i, .sender = NOBODY, .kind = EVENT_FINISHED};
        if (!c->used) {
            continue;
        }
        if (c->state == CONVERSATION_OFFERED) {
            d.kind = EVENT_ACCEPTED;
            d.agents[d.agents_n++] = c->offered[0];
            (void)act_at_once(w, d); /* whether it holds is asked at the end */
        } else if (c->state == CONVERSATION_ACTIVE) {
            (void)act_at_once(w, d);
        }
    }
}

/* Everybody is there and free, and the clock is past every step of every rule: whatever still waits is what nobody can ever take. */
static void drain(struct world *w)
{
    everybody_comes(w);
    w->now_ms += DAY_MS;
    if (w->now_ms <= w->last_place) {
        w->now_ms = w->last_place + DAY_MS; /* the clock went back for longer than a day */
    }
    for (int round = 0; round < 6 && !w->violated; round++) {
        w->now_ms += 2 * (int64_t)WRAP_UP_MS + OFFER_MS + 600000;
        timers_run(w, false);
        for (int i = 0; i < w->agents_n; i++) {
            w->agents[i].status = AVAILABLE; /* whoever missed an offer of the day */
        }
        router_pass(w);
        everybody_works(w);
        check_step(w);
    }
    struct view v;
    view_make(w, &v);
    for (int i = 0; i < CONVERSATIONS_MAX && !w->violated; i++) {
        const struct sim_conversation *c = &w->conversations[i];
        if (c->used && c->state != CONVERSATION_QUEUED && c->state != CONVERSATION_CLOSED) {
            violate(w, "everything_is_served", "c%02d stays in state %d", i, (int)c->state);
        }
    }
    oracle_nobody_idles(w, w->now_ms, "everything_is_served");
    for (int i = 0; i < w->agents_n; i++) {
        if (w->agents[i].r.load != 0) {
            violate(w, "load_is_the_sum", "a%d bears %d at the end of the day", i, (int)w->agents[i].r.load);
        }
    }
}

bool seed_run(struct world *w, uint64_t seed, unsigned steps, bool verbose)
{
    world_make(w, seed, verbose);
    for (w->step = 1; w->step <= steps; w->step++) {
        world_step(w);
        if (w->violated) {
            return false;
        }
    }
    drain(w); /* counts as one step more */
    return !w->violated;
}
