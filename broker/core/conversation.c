#include "core/conversation.h"

#include "base/check.h"

enum effect { EFFECT_MISSING, EFFECT_none, EFFECT_enqueue, EFFECT_replace, EFFECT_offer, EFFECT_share, EFFECT_assign, EFFECT_keep, EFFECT_release };

static const struct {
    enum conversation_state next;
    enum effect effect;
} conversation_table[CONVERSATION_STATES][EVENT_KINDS] = {
#define TRANSITION(state, event, next, effect) [CONVERSATION_##state][EVENT_##event] = {CONVERSATION_##next, EFFECT_##effect},
#include "core/transitions.def"
#undef TRANSITION
};

static const char *const state_names[CONVERSATION_STATES] = {"new", "queued", "offered", "active", "snoozed", "wrap_up", "closed"};
static const char *const event_names[EVENT_KINDS] = {
    "arrived", "resident_spoke", "assigned", "offered",  "accepted", "passed",  "declined", "timed_out",  "rescinded", "handed_over",
    "taken",   "moved",          "returned", "requeued", "snoozed",  "woken",   "agent_left", "wrapped", "finished"};

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

static size_t offer_find(const struct text *offered, size_t n, struct text agent)
{
    size_t i = 0;
    while (i < n && !text_equal(offered[i], agent)) {
        i++;
    }
    return i;
}

bool conversation_is_sane(const struct conversation *c)
{
    bool owned = c->state == CONVERSATION_ACTIVE || c->state == CONVERSATION_WRAP_UP;
    if (c->state >= CONVERSATION_STATES || c->queue.n == 0 || owned != (c->owner.n > 0) || c->offered_n > CONVERSATION_OFFERS_MAX ||
        (c->state == CONVERSATION_OFFERED) != (c->offered_n > 0)) {
        return false;
    }
    for (size_t i = 0; i < c->offered_n; i++) {
        if (c->offered[i].n == 0 || offer_find(c->offered, i, c->offered[i]) < i) {
            return false;
        }
    }
    return true;
}

/* Who answers an offer must be among those who were asked; while others are left, it stays with them. */
static int event_of_offer(const struct conversation *c, enum conversation_event_kind *kind, struct text agent)
{
    bool answer = *kind == EVENT_ACCEPTED || *kind == EVENT_PASSED || *kind == EVENT_DECLINED || *kind == EVENT_AGENT_LEFT;
    if (c->state != CONVERSATION_OFFERED || !answer) {
        return 0;
    }
    if (offer_find(c->offered, c->offered_n, agent) == c->offered_n) {
        return ERR_STALE;
    }
    if (*kind != EVENT_ACCEPTED) {
        *kind = c->offered_n > 1 ? EVENT_PASSED : *kind == EVENT_PASSED ? EVENT_DECLINED : *kind;
    }
    return 0;
}

static void change_offers(const struct conversation *c, const struct conversation_event *e, enum effect effect, struct conversation_change *change)
{
    if (effect == EFFECT_offer) {
        for (size_t i = 0; i < e->agents_n && i < CONVERSATION_OFFERS_MAX; i++) {
            change->offered[change->offered_n++] = e->agents[i];
        }
    } else if (effect == EFFECT_share) {
        for (size_t i = 0; i < c->offered_n; i++) {
            if (!text_equal(c->offered[i], e->agents[0])) {
                change->offered[change->offered_n++] = c->offered[i];
            }
        }
    }
}

/* Who had it last gets it first, until it is given away on purpose, or closed for too long. What is handed over stays claimed by its sender until
 * somebody has it. */
static struct text change_held(const struct conversation *c, const struct conversation_event *e, enum conversation_event_kind kind, struct text owner)
{
    const struct text nobody = {NULL, 0};
    switch (kind) {
    case EVENT_REQUEUED:
    case EVENT_MOVED:
        return nobody;
    case EVENT_HANDED_OVER:
        return e->sender;
    case EVENT_RETURNED:
        return c->back;
    case EVENT_RESIDENT_SPOKE:
        return c->state == CONVERSATION_CLOSED && e->now_ms - c->closed_at_ms > e->reopen_ms ? nobody : c->held;
    default:
        return owner.n > 0 ? owner : c->held;
    }
}

/* A hand-over comes back as soon as nobody takes it: its sender has the claim then, and nothing more is to come back. What was moved to another
 * queue is offered there, to one after the other, and can come back all the while. */
static struct text change_back(const struct conversation *c, const struct conversation_event *e, enum conversation_event_kind kind)
{
    const struct text nobody = {NULL, 0};
    switch (kind) {
    case EVENT_HANDED_OVER:
    case EVENT_MOVED:
        return e->sender;
    case EVENT_RESIDENT_SPOKE:
        return c->state == CONVERSATION_QUEUED || c->state == CONVERSATION_OFFERED ? c->back : nobody;
    case EVENT_OFFERED:
    case EVENT_PASSED:
        return c->back;
    case EVENT_DECLINED:
    case EVENT_TIMED_OUT:
    case EVENT_RESCINDED:
        return text_equal(c->held, c->back) ? nobody : c->back;
    case EVENT_AGENT_LEFT:
        return c->state != CONVERSATION_OFFERED || text_equal(c->held, c->back) ? nobody : c->back;
    default:
        return nobody;
    }
}

int conversation_apply(const struct conversation *c, const struct conversation_event *e, struct conversation_change *out)
{
    CHECK(c->state < CONVERSATION_STATES && e->kind < EVENT_KINDS && e->agents_n <= CONVERSATION_OFFERS_MAX);
    enum conversation_event_kind kind = e->kind;
    int err = event_of_offer(c, &kind, e->agents[0]);
    enum effect effect = conversation_table[c->state][kind].effect;
    if (err || effect == EFFECT_MISSING) {
        return err ? err : ERR_BAD_STATE;
    }
    const struct text nobody = {NULL, 0};
    struct conversation_change change = {
        .state = conversation_table[c->state][kind].next,
        .queue = kind == EVENT_MOVED || kind == EVENT_RETURNED ? e->queue : c->queue,
        .owner = effect == EFFECT_assign ? e->agents[0] : effect == EFFECT_none || effect == EFFECT_keep ? c->owner : nobody,
        .keep_place = effect == EFFECT_replace,
        .route = effect != EFFECT_none && effect != EFFECT_keep,
        .none = effect == EFFECT_none,
    };
    if (effect == EFFECT_none) {
        for (size_t i = 0; i < c->offered_n; i++) {
            change.offered[change.offered_n++] = c->offered[i];
        }
    }
    change_offers(c, e, effect, &change);
    change.held = change_held(c, e, kind, change.owner);
    change.back = change_back(c, e, kind);
    if (c->state == CONVERSATION_OFFERED && (kind == EVENT_PASSED || kind == EVENT_DECLINED || kind == EVENT_AGENT_LEFT)) {
        change.declined = e->agents[0];
    }
    for (size_t i = 0; kind == EVENT_TIMED_OUT && i < c->offered_n; i++) {
        change.missed[change.missed_n++] = c->offered[i];
    }
    struct conversation after = {.state = change.state, .owner = change.owner, .queue = change.queue, .offered_n = change.offered_n};
    for (size_t i = 0; i < change.offered_n; i++) {
        after.offered[i] = change.offered[i];
    }
    CHECK(conversation_is_sane(&after));
    *out = change;
    return 0;
}
