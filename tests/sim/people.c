/* What people do: residents write and leave, agents answer, work and walk away, supervisors step in, administrators change settings. */
#include "sim.h"

#define STATE(name) (1u << CONVERSATION_##name)

/* Any conversation in one of @states, or NOBODY. */
static int pick(struct world *w, unsigned states)
{
    unsigned from = roll(w, CONVERSATIONS_MAX);
    for (unsigned i = 0; i < CONVERSATIONS_MAX; i++) {
        int at = (int)((from + i) % CONVERSATIONS_MAX);
        if (w->conversations[at].used && (states >> w->conversations[at].state & 1)) {
            return at;
        }
    }
    return NOBODY;
}

static int pick_agent(struct world *w)
{
    return (int)roll(w, (unsigned)w->agents_n);
}

static struct decision event_on(int conversation, enum conversation_event_kind kind, int agent)
{
    return (struct decision){.conversation = conversation, .kind = kind, .agents = {agent}, .agents_n = agent == NOBODY ? 0 : 1, .sender = NOBODY};
}

static size_t needs_make(struct world *w, struct routing_need *out, unsigned percent)
{
    size_t n = 0;
    while (n < 2 && chance(w, percent)) {
        out[n++] = (struct routing_need){roll(w, SKILLS_MAX), 1 + roll(w, 5)};
    }
    return n;
}

static void arrive(struct world *w)
{
    int at = NOBODY;
    for (int i = 0; i < CONVERSATIONS_MAX && at == NOBODY; i++) {
        at = w->conversations[i].used ? NOBODY : i;
    }
    at = at == NOBODY ? pick(w, STATE(CLOSED)) : at; /* the oldest closed ones are forgotten */
    if (at == NOBODY) {
        return;
    }
    struct sim_conversation *c = &w->conversations[at];
    *c = (struct sim_conversation){.used = true, .state = CONVERSATION_NEW, .version = c->version + 1, .owner = NOBODY, .held = NOBODY,
        .back = NOBODY,
                                   .claim = NOBODY, .sender = NOBODY, .attention = true, .queue = (int)roll(w, (unsigned)w->queues_n),
                                   .channel = (enum routing_channel)roll(w, ROUTING_CHANNELS), .language = chance(w, 40) ? 1 + roll(w, 2) : 0,
                                   .head_start_ms = chance(w, 20) ? 60000 * (int64_t)(1 + roll(w, 10)) : 0};
    c->needs_n = needs_make(w, c->needs, 15);
    c->prefers_n = needs_make(w, c->prefers, 20);
    w->met[MET_arrived]++;
    if (chance(w, 92)) { /* else the broker dies in between: the sweeper finds it */
        (void)act_at_once(w, event_on(at, EVENT_ARRIVED, NOBODY));
    }
}

static void resident_speaks(struct world *w)
{
    int at = pick(w, ~STATE(NEW));
    if (at != NOBODY) {
        const struct sim_conversation *c = &w->conversations[at];
        bool closed = c->state == CONVERSATION_CLOSED, in_time = w->now_ms - c->closed_at_ms <= REOPEN_MS, snoozed = c->state == CONVERSATION_SNOOZED;
        if (act(w, event_on(at, EVENT_RESIDENT_SPOKE, NOBODY)) == 0) {
            w->met[MET_reopened_in_time] += closed && in_time;
            w->met[MET_reopened_late] += closed && !in_time;
            w->met[MET_woken_by_resident] += snoozed;
        }
    }
}

static void offer_answered(struct world *w)
{
    int at = pick(w, STATE(OFFERED));
    if (at != NOBODY) {
        const struct sim_conversation *c = &w->conversations[at];
        int agent = chance(w, 95) ? c->offered[roll(w, (unsigned)c->offered_n)] : pick_agent(w); /* somebody whose page is behind */
        enum conversation_event_kind kind = chance(w, 70) ? EVENT_ACCEPTED : chance(w, 80) ? EVENT_DECLINED : EVENT_PASSED;
        size_t asked = c->offered_n;
        if (act(w, event_on(at, kind, agent)) == 0) {
            w->met[MET_accepted] += kind == EVENT_ACCEPTED;
            w->met[MET_declined] += kind != EVENT_ACCEPTED && asked == 1;
            w->met[MET_passed] += kind != EVENT_ACCEPTED && asked > 1;
        }
    }
}

static void owner_works(struct world *w)
{
    int at = pick(w, STATE(ACTIVE) | STATE(WRAP_UP));
    if (at == NOBODY) {
        return;
    }
    const struct sim_conversation *c = &w->conversations[at];
    struct decision d = event_on(at, EVENT_FINISHED, NOBODY);
    unsigned what = c->state == CONVERSATION_WRAP_UP ? 0 : roll(w, 10);
    if (what == 1 || what == 2) {
        d.kind = EVENT_WRAPPED;
        w->met[MET_wrapped]++;
    } else if (what == 3 || what == 4) {
        d.kind = EVENT_SNOOZED;
        d.snooze_ms = 1000 * (int64_t)roll(w, 600);
        w->met[MET_snoozed]++;
    } else if (what == 5) {
        d.kind = EVENT_REQUEUED;
        w->met[MET_requeued]++;
    } else if (what == 6) {
        d.kind = EVENT_MOVED;
        d.queue = (int)roll(w, (unsigned)w->queues_n);
        d.sender = chance(w, 80) ? c->owner : NOBODY;
        w->met[MET_moved]++;
    }
    (void)act(w, d);
}

/* To one agent, who is asked, or for whom it weighs what it weighs and who need not be. */
static void hand_over(struct world *w)
{
    int at = pick(w, STATE(ACTIVE) | (chance(w, 20) ? STATE(QUEUED) | STATE(OFFERED) : 0)), to = pick_agent(w);
    if (at == NOBODY || w->conversations[at].owner == to) {
        return;
    }
    struct decision d = event_on(at, chance(w, 60) ? EVENT_HANDED_OVER : EVENT_TAKEN, to);
    d.sender = chance(w, 80) ? w->conversations[at].owner : NOBODY;
    d.reassign = d.kind == EVENT_TAKEN;
    if (act(w, d) == 0) {
        w->met[MET_handed_over]++;
    }
}

static void supervisor_steps_in(struct world *w)
{
    unsigned what = roll(w, 6);
    int at = pick(w, what == 0 ? STATE(OFFERED) : ~(STATE(NEW) | STATE(CLOSED)));
    if (at == NOBODY) {
        return;
    }
    struct sim_conversation *c = &w->conversations[at];
    if (what == 0) {
        w->met[MET_rescinded] += act(w, event_on(at, EVENT_RESCINDED, NOBODY)) == 0;
    } else if (what == 1) {
        int who = pick_agent(w);
        w->met[MET_taken] += w->agents[who].here && act(w, event_on(at, EVENT_TAKEN, who)) == 0;
    } else if (what == 2) {
        struct decision d = event_on(at, EVENT_MOVED, NOBODY);
        d.queue = (int)roll(w, (unsigned)w->queues_n);
        (void)act(w, d);
    } else if (what == 3) { /* another priority: the same place, another score */
        c->head_start_ms = 60000 * (int64_t)roll(w, 10);
        c->version++;
        world_say(w, "c%02d has a head start of %lld ms", at, (long long)c->head_start_ms);
    } else {
        (void)act(w, event_on(at, what == 4 ? EVENT_REQUEUED : EVENT_FINISHED, NOBODY));
    }
}

static void resident_leaves(struct world *w)
{
    int at = pick(w, STATE(QUEUED) | STATE(OFFERED));
    if (at != NOBODY) {
        w->met[MET_abandoned] += act(w, event_on(at, EVENT_FINISHED, NOBODY)) == 0;
    }
}

static void agent_comes_or_goes(struct world *w)
{
    int i = pick_agent(w);
    struct sim_agent *a = &w->agents[i];
    if (!a->here) {
        w->met[MET_came_back_in_time] += a->grace_ms != 0;
        a->here = true;
        a->grace_ms = 0;
        a->status = a->status == OFFLINE ? AVAILABLE : a->status;
        a->r.since_ms = (uint64_t)w->now_ms;
        world_say(w, "a%d is here", i);
    } else if (chance(w, 60)) {
        a->here = false;
        a->grace_ms = w->now_ms + GRACE_MS;
        world_say(w, "a%d lost the connection", i);
    } else {
        agent_goes(w, i);
    }
}

static void presence_changes(struct world *w)
{
    int i = pick_agent(w);
    if (w->agents[i].here) {
        static const enum status choices[] = {AVAILABLE, AVAILABLE, AVAILABLE, AVAILABLE, ON_BREAK, BUSY, OWN_FIRST, OWN_SECOND};
        w->agents[i].status = choices[roll(w, sizeof choices / sizeof *choices)];
        w->agents[i].r.since_ms = (uint64_t)w->now_ms;
        world_say(w, "a%d has status %d", i, (int)w->agents[i].status);
    }
}

static void settings_change(struct world *w)
{
    struct sim_agent *a = &w->agents[pick_agent(w)];
    unsigned q = roll(w, (unsigned)w->queues_n), c = roll(w, ROUTING_CHANNELS);
    switch (roll(w, 5)) {
    case 0:
        a->r.capacity = roll(w, 8);
        break;
    case 1:
        a->r.limit[c] = roll(w, 4);
        break;
    case 2:
        a->r.weight[c] = 1 + roll(w, 3);
        break;
    case 3:
        a->r.skills[roll(w, SKILLS_MAX)] = (unsigned char)roll(w, 6);
        break;
    default:
        routing_queues_add(&a->r.queues, q);
        a->r.order[q] = (unsigned char)roll(w, 10);
    }
    world_say(w, "settings of %.2s change", a->r.id.s);
}

void people_step(struct world *w)
{
    unsigned what = roll(w, 100);
    if (what < 18) {
        for (unsigned n = chance(w, 85) ? 1 : 2 + roll(w, 6); n > 0; n--) {
            arrive(w);
        }
    } else if (what < 28) {
        resident_speaks(w);
    } else if (what < 50) {
        offer_answered(w);
    } else if (what < 68) {
        owner_works(w);
    } else if (what < 75) {
        hand_over(w);
    } else if (what < 79) {
        supervisor_steps_in(w);
    } else if (what < 82) {
        resident_leaves(w);
    } else if (what < 90) {
        agent_comes_or_goes(w);
    } else if (what < 98) {
        presence_changes(w);
    } else {
        settings_change(w);
    }
}
