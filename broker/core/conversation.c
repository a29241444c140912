#include "core/conversation.h"

#include "base/check.h"

enum effect { EFFECT_MISSING, EFFECT_none, EFFECT_enqueue, EFFECT_replace, EFFECT_assign, EFFECT_release };

static const struct {
    enum conversation_state next;
    enum effect effect;
} conversation_table[CONVERSATION_STATES][EVENT_KINDS] = {
#define TRANSITION(state, event, next, effect) [CONVERSATION_##state][EVENT_##event] = {CONVERSATION_##next, EFFECT_##effect},
#include "core/transitions.def"
#undef TRANSITION
};

static const char *const state_names[CONVERSATION_STATES] = {"new", "queued", "active", "closed"};
static const char *const event_names[EVENT_KINDS] = {"arrived", "resident_spoke", "assigned", "requeued",
                                                     "moved", "agent_left", "finished"};

const char *conversation_state_name(enum conversation_state s)
{
    CHECK(s < CONVERSATION_STATES);
    return state_names[s];
}

int conversation_state_parse(struct text name, enum conversation_state *out)
{
    for (int s = 0; s < CONVERSATION_STATES; s++) {
        if (text_is(name, state_names[s])) {
            *out = (enum conversation_state)s;
            return 0;
        }
    }
    return ERR_STORE_REPLY;
}

const char *conversation_event_name(enum conversation_event_kind e)
{
    CHECK(e < EVENT_KINDS);
    return event_names[e];
}

bool conversation_is_sane(const struct conversation *c)
{
    return c->state < CONVERSATION_STATES && c->queue.n > 0 && (c->state == CONVERSATION_ACTIVE) == (c->owner.n > 0);
}

int conversation_apply(const struct conversation *c, const struct conversation_event *e, struct conversation_change *out)
{
    CHECK(c->state < CONVERSATION_STATES && e->kind < EVENT_KINDS);
    enum effect effect = conversation_table[c->state][e->kind].effect;
    if (effect == EFFECT_MISSING) {
        return ERR_BAD_STATE;
    }
    struct conversation_change change = {
        .state = conversation_table[c->state][e->kind].next,
        .queue = e->kind == EVENT_MOVED ? e->queue : c->queue,
        .owner = effect == EFFECT_assign ? e->agent : effect == EFFECT_none ? c->owner : (struct text){NULL, 0},
        .keep_place = effect == EFFECT_replace,
        .route = effect == EFFECT_enqueue || effect == EFFECT_replace || effect == EFFECT_release,
        .none = effect == EFFECT_none,
    };
    CHECK(conversation_is_sane(&(struct conversation){change.state, change.owner, change.queue}));
    *out = change;
    return 0;
}
