/* The state machine of a conversation. Pure: what should happen comes back as a change; the hub writes it with store_transition. */
#ifndef LOKET_CORE_CONVERSATION_H
#define LOKET_CORE_CONVERSATION_H

#include "base/text.h"

#define CONVERSATION_OFFERS_MAX 8 /* agents to whom one conversation is offered at once */

enum conversation_state {
    CONVERSATION_NEW,
    CONVERSATION_QUEUED,  /* waits in its queue */
    CONVERSATION_OFFERED, /* waits for the answer of one or more agents; each bears its weight meanwhile */
    CONVERSATION_ACTIVE,  /* its owner works on it */
    CONVERSATION_SNOOZED, /* put away until a time or until the resident writes */
    CONVERSATION_WRAP_UP, /* ended; its owner finishes what is left to do */
    CONVERSATION_CLOSED,
    CONVERSATION_STATES
};

enum conversation_event_kind {
    EVENT_ARRIVED,        /* first message */
    EVENT_RESIDENT_SPOKE, /* any later one */
    EVENT_ASSIGNED,       /* the router chose the agent, who need not be asked */
    EVENT_OFFERED,        /* the router asks the agents */
    EVENT_ACCEPTED,       /* an agent to whom it is offered takes it */
    EVENT_PASSED,         /* one of several lets it pass (conversation_apply makes this of DECLINED and AGENT_LEFT while others are left) */
    EVENT_DECLINED,       /* the last one lets it pass */
    EVENT_TIMED_OUT,      /* nobody answered in time */
    EVENT_RESCINDED,      /* the offer is taken back */
    EVENT_HANDED_OVER,    /* offered by a person to one agent, who is asked */
    EVENT_TAKEN,          /* a person decided who has it: take over, reassign, hand over to somebody who need not be asked */
    EVENT_MOVED,          /* given to another queue */
    EVENT_RETURNED,       /* moved, and nobody took it: back to the sender and their queue */
    EVENT_REQUEUED,       /* given back to its own queue, at its old place */
    EVENT_SNOOZED,
    EVENT_WOKEN,          /* the time has come */
    EVENT_AGENT_LEFT,     /* its agent went offline and did not come back */
    EVENT_WRAPPED,        /* the talk is over, wrap-up begins */
    EVENT_FINISHED,       /* the work is done */
    EVENT_KINDS
};

struct conversation_event {
    enum conversation_event_kind kind;
    struct text agents[CONVERSATION_OFFERS_MAX]; /* [0]: ASSIGNED, ACCEPTED, PASSED, DECLINED, HANDED_OVER, TAKEN, AGENT_LEFT; all: OFFERED */
    size_t agents_n;
    struct text queue;   /* MOVED, RETURNED */
    struct text sender;  /* HANDED_OVER, MOVED: the agent to whom it comes back when nobody takes it; absent: nobody */
    int64_t now_ms, reopen_ms; /* RESIDENT_SPOKE: what was closed longer ago has no claim on its former agent any more */
};

/* As much of a conversation as its rules need. Borrowed. */
struct conversation {
    enum conversation_state state;
    struct text owner;   /* absent: nobody */
    struct text queue;
    struct text offered[CONVERSATION_OFFERS_MAX];
    size_t offered_n;
    struct text held;    /* who had it last and gets it first; absent: nobody */
    struct text back;    /* to whom it comes back when nobody takes it; absent: nobody */
    int64_t closed_at_ms; /* 0: never */
};

struct conversation_change {
    enum conversation_state state;
    struct text owner;  /* absent: nobody */
    struct text queue;
    struct text offered[CONVERSATION_OFFERS_MAX];
    size_t offered_n;
    struct text held, back; /* as they are from now on */
    struct text missed[CONVERSATION_OFFERS_MAX]; /* TIMED_OUT: who did not answer */
    size_t missed_n;
    struct text declined;   /* who let it pass; absent: nobody */
    bool keep_place;    /* QUEUED: at the old place */
    bool route;         /* something to route: a new waiting one, or a freed place */
    bool none;          /* nothing to write */
};

const char *conversation_state_name(enum conversation_state s); /* "new" "queued" "offered" "active" "snoozed" "wrap_up" "closed" */
int conversation_state_parse(struct text name, enum conversation_state *out) MUST_CHECK; /* ERR_STORE_REPLY */
const char *conversation_event_name(enum conversation_event_kind e);

/* ERR_BAD_STATE: the table has no such pair. ERR_STALE: ACCEPTED, DECLINED or AGENT_LEFT by an agent to whom it is not offered (any more).
 * @out borrows from @c and @e; untouched on failure. */
int conversation_apply(const struct conversation *c, const struct conversation_event *e, struct conversation_change *out) MUST_CHECK;

/* A conversation that is sane: a queue always; an owner exactly when active or in wrap-up; offers exactly when offered, nobody twice. */
bool conversation_is_sane(const struct conversation *c);

#endif
