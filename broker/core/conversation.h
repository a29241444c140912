/* The state machine of a conversation. Pure: what should happen comes back as a change; the hub writes it with store_transition. */
#ifndef LOKET_CORE_CONVERSATION_H
#define LOKET_CORE_CONVERSATION_H

#include "base/text.h"

enum conversation_state { CONVERSATION_NEW, CONVERSATION_QUEUED, CONVERSATION_ACTIVE, CONVERSATION_CLOSED, CONVERSATION_STATES };

enum conversation_event_kind {
    EVENT_ARRIVED,        /* first message */
    EVENT_RESIDENT_SPOKE, /* any later one */
    EVENT_ASSIGNED,       /* the router chose @agent */
    EVENT_REQUEUED,       /* given back to its own queue, at its old place */
    EVENT_MOVED,          /* given to @queue */
    EVENT_AGENT_LEFT,     /* its agent went offline and did not come back */
    EVENT_FINISHED,       /* the work is done */
    EVENT_KINDS
};

struct conversation_event {
    enum conversation_event_kind kind;
    struct text agent; /* ASSIGNED */
    struct text queue; /* MOVED */
    uint64_t seen;     /* FINISHED: the newest entry that whoever finishes has seen; 0: unknown */
};

/* As much of a conversation as its rules need. Borrowed. */
struct conversation {
    enum conversation_state state;
    struct text owner; /* absent: nobody */
    struct text queue;
};

struct conversation_change {
    enum conversation_state state;
    struct text owner;  /* absent: nobody */
    struct text queue;
    bool keep_place;    /* QUEUED: at the old place */
    bool route;         /* something to route: a new waiting one, or a freed place */
    bool none;          /* nothing to write */
};

const char *conversation_state_name(enum conversation_state s); /* "new" "queued" "active" "closed" */
int conversation_state_parse(struct text name, enum conversation_state *out) MUST_CHECK; /* ERR_STORE_REPLY */
const char *conversation_event_name(enum conversation_event_kind e);

/* ERR_BAD_STATE: the table has no such pair. @out borrows from @c and @e. */
int conversation_apply(const struct conversation *c, const struct conversation_event *e, struct conversation_change *out) MUST_CHECK;

/* A conversation that is sane: an owner exactly when active, and always a queue. */
bool conversation_is_sane(const struct conversation *c);

#endif
