/* What becomes due, and what a sweep finds. The node that runs them can die in between; then the next one goes on. */
#include "sim.h"

static struct decision due_event(const struct sim_conversation *c, int at)
{
    struct decision d = {.conversation = at, .sender = NOBODY};
    switch (c->state) {
    case CONVERSATION_OFFERED:
        d.kind = EVENT_TIMED_OUT;
        break;
    case CONVERSATION_SNOOZED:
        d.kind = EVENT_WOKEN;
        break;
    case CONVERSATION_QUEUED:
        d.kind = EVENT_RETURNED;
        d.queue = c->queue_before;
        break;
    default:
        d.kind = EVENT_FINISHED; /* the time for wrap-up is over */
    }
    return d;
}

void agent_goes(struct world *w, int agent)
{
    struct sim_agent *a = &w->agents[agent];
    a->here = false;
    a->grace_ms = 0;
    a->status = OFFLINE;
    world_say(w, "a%d is offline", agent);
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        if (a->work >> i & 1) {
            struct decision d = {.conversation = i, .kind = EVENT_AGENT_LEFT, .agents = {agent}, .agents_n = 1, .sender = NOBODY};
            if (act_at_once(w, d)) {
                violate(w, "work_is_given_on", "a%d left, c%02d stays", agent, i);
            }
            w->met[MET_agent_left]++;
        }
    }
}

void timers_run(struct world *w, bool dies)
{
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        struct sim_conversation *c = &w->conversations[i];
        if (dies && chance(w, 10)) {
            world_say(w, "the timers' node dies");
            return;
        }
        if (c->used && c->attention) {
            (void)act_at_once(w, (struct decision){.conversation = i, .kind = EVENT_ARRIVED, .sender = NOBODY});
        }
        if (c->used && c->due_ms != 0 && c->due_ms <= w->now_ms) {
            struct decision d = due_event(c, i);
            bool handed = c->state == CONVERSATION_OFFERED && c->back != NOBODY && c->held == c->back;
            if (act_at_once(w, d)) {
                violate(w, "due_is_done", "%s of c%02d in state %d", conversation_event_name(d.kind), i, (int)c->state);
            }
            w->met[MET_timed_out] += d.kind == EVENT_TIMED_OUT;
            w->met[MET_handover_failed] += handed;
            w->met[MET_woken_by_time] += d.kind == EVENT_WOKEN;
            w->met[MET_returned] += d.kind == EVENT_RETURNED;
        }
    }
    for (int i = 0; i < w->agents_n; i++) {
        const struct sim_agent *a = &w->agents[i];
        bool over = !a->here && a->grace_ms != 0 && a->grace_ms <= w->now_ms, astray = a->status == OFFLINE &&
            a->work != 0; /* given to them as they left */
        if (over || astray) {
            agent_goes(w, i);
        }
        if (a->status == OFFLINE && a->work != 0) {
            violate(w, "work_is_given_on", "a%d is offline and has %x", i, a->work);
        }
    }
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        const struct sim_conversation *c = &w->conversations[i];
        if (c->used && c->state == CONVERSATION_OFFERED && c->due_ms <= w->now_ms) {
            violate(w, "offer_ends", "c%02d is offered until %lld", i, (long long)c->due_ms);
        }
    }
}
