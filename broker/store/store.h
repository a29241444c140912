/* The state: everything that must survive lives in Redis and is reached through here. The functions that Redis runs stand in lua/ (loaded with
 * FUNCTION LOAD at each connect), all key names at the head of lua/base.lua. Pure accounting there: which transition is right is decided in
 * broker/core; the store refuses stale ones.
 *
 * Every key of an organisation carries the hash tag {o:ORG}: whatever one function touches lies in one slot of a Redis Cluster, so a function
 * may do in one atomic step what belongs together (append + outbox, claim + load). Organisations are what scales over slots.
 *
 * Every operation: returns 0 and calls @done exactly once later (never before return), or returns an error and never calls it. err in done: 0,
 * ERR_STORE_AWAY, ERR_STORE_REFUSED, ERR_STORE_REPLY, ERR_TIMEOUT, ERR_CLOSED, and where named below ERR_STALE, ERR_CAPACITY, ERR_NOT_FOUND,
 * ERR_FORBIDDEN, ERR_DUPLICATE, ERR_COUNTER_GAP, ERR_ADDRESS_TAKEN. Replies are borrowed until done returns. */
#ifndef LOKET_STORE_STORE_H
#define LOKET_STORE_STORE_H

#include "base/text.h"
#include "loop/loop.h"
#include "loop/redis.h" /* struct ticket */

struct store;

struct store_config {
    const char *redis_url;    /* NULL: a redis-server of our own, a child, in @data_dir/redis (unix socket, 0700, appendonly yes, @fsync) */
    const char *redis_fsync;  /* for the child: "always" (default when NULL), "everysec", "no" */
    const char *data_dir;     /* absolute path; made when missing (0700) */
    const char *organisation; /* [0-9a-z-]{1,64} */
    const char *node;         /* this broker's id, [0-9a-z-]{1,64} */
};
/* @changed(ctx, up): true once connected, functions loaded and epoch and secret known; false when lost. Reconnects by itself; a child that
 * dies is started again (0.1 s doubling to 2 s). */
int store_open(struct loop *l, const struct store_config *c, void (*changed)(void *ctx, bool up), void *ctx, struct store **out) MUST_CHECK;
void store_close(struct store **s); /* pending callbacks first (ERR_CLOSED); an own redis-server gets SIGTERM and is waited for, at most 10 s */
bool store_is_up(const struct store *s);
const char *store_epoch(const struct store *s);        /* 26 characters; "" until the first connect. SET NX once; changes only with the data */
const unsigned char *store_secret(const struct store *s); /* 32 bytes, shared by all nodes, for signing tokens; NULL until the first connect */
const char *store_redis_url(const struct store *s);    /* what it is connected to, for loketctl and logs (no password) */

/* --- messages: the hot path -------------------------------------------------------------------------------------------------------------- */

#define STORE_OFFERS_MAX 8
#define STORE_JOINED_MAX 8

/* A conversation as stored. Texts borrowed. */
struct store_conversation {
    struct text id, state, owner, queue, resident, name, subject, channel; /* channel: the resident's last used; owner absent when nobody */
    uint64_t version, seq, opened_at_ms, queued_at_ms, assigned_at_ms, read_resident, read_agent;
    struct text related;      /* the conversation that this one came from (changed subject, sender not a participant); absent: none */
    uint64_t counter;         /* highest counter of the client that was asked for */
    struct text offered[STORE_OFFERS_MAX], joined[STORE_JOINED_MAX]; /* agents */
    size_t offered_n, joined_n;
    struct text held, back;   /* who gets it first; to whom it returns; absent: nobody */
    struct text language;     /* absent: any */
    struct text shares;       /* who bears it: "AGENT:UNITS:SOFT:CHANNEL …" */
    struct text nodes, pages; /* brokers where somebody follows it, and where a page of the resident does, separated by spaces */
    uint64_t due_ms, priority, closed_at_ms, first_due_ms, resolve_due_ms; /* 0: none */
    struct { struct text channel, address; } addresses[32]; /* of the resident */
    size_t addresses_n;
};

/* Append one entry; unconditional, atomic. Drops duplicates by (client, counter), takes the next sequence number, XADD SEQ-0, puts outbound work
 * into the outbox. When the state is not `active`, `queued` or `offered` and @from_resident, the conversation is put on the attention list in the
 * same step, so that the transition which must follow is not lost with this process. */
struct store_append {
    struct text conversation;
    struct text client;      /* absent: no numbering (notes by the system) */
    uint64_t counter;        /* must be stored + 1: equal or lower is ERR_DUPLICATE, higher is ERR_COUNTER_GAP */
    struct text entry;       /* an encoded `entry` frame (msgpack) with seq 0 */
    struct text must_own;    /* agent who must hold it or have joined, else ERR_FORBIDDEN; absent: not checked. Their first words that are not @aside
                              * answer the resident: the promise of a first response is kept */
    struct text outbox;      /* "email" or "sms": also XADD to that outbox (conversation, seq); absent: none */
    struct text channel;     /* with @from_resident: becomes the channel last used */
    bool from_resident;
    bool aside;              /* to colleagues only (note, whisper) */
    uint64_t now_ms;         /* ERR_BAD_FIELD: @channel is none of chat, email, sms */
};
struct store_appended {
    uint64_t seq;
    struct text state;       /* before any transition */
    uint64_t counter;        /* with ERR_COUNTER_GAP / ERR_DUPLICATE: the highest stored */
    struct text nodes;       /* brokers to tell, this one perhaps among them, separated by spaces; absent: nobody else */
};
typedef void (*store_append_done)(void *ctx, const struct ticket *t, int err, const struct store_appended *r);
int store_append(struct store *s, const struct store_append *a, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;

/* A message from outside, or the first of a chat: finds its conversation or opens one, and appends, in one atomic step. Order: (1) @source_id
 * seen before → ERR_DUPLICATE with the first answer. (2) @references in order: the first that names a conversation whose resident owns @address
 * (or @token_conversation, verified by the caller, with the same check) → that conversation; one whose resident does not own it is remembered
 * as `related`. A closed one with another @subject_key → a new conversation, `related`. (3) the newest open conversation of the resident who
 * owns @address. (4) a new one: state `queued` in @queue, score @now_ms - @head_start_ms, for the resident of @address or a new resident. The
 * outcome is in the reply. Messages take the same attention rule as store_append. */
struct store_arrive {
    struct text source, source_id;           /* "chat" "email" "sms"; remembered for 90 days */
    struct text conversation_new, resident_new; /* ids to use if new ones are made (made by the caller, random) */
    struct text queue, channel, address, name, subject, subject_key;
    struct text token_conversation;          /* absent: none */
    const struct text *references;           /* Message-IDs, newest first, at most 50 */
    size_t references_n;
    struct text message_id;                  /* remembered → conversation for 2 years; absent: none */
    struct text entry;                       /* its conversation field is filled with @conversation_new; readers use the key's id */
    struct text client;                      /* chat: numbering starts with counter 1 */
    int64_t head_start_ms;
    uint64_t priority;
    struct text language;                    /* absent: any */
    struct text needs, prefers;              /* "skill:level,skill:level", besides what the queue asks for; absent: nothing */
    uint64_t first_due_ms, resolve_due_ms;   /* what is promised to a new one; 0: nothing */
    uint64_t waiting_max;                    /* so many wait at most: a new one goes to @overflow_queue, or is ERR_FULL without one; 0: no limit */
    struct text overflow_queue;              /* ERR_BAD_FIELD: a name with a space or a bar in it, or a channel that is none */
    uint64_t now_ms;
};
struct store_arrived {
    bool opened;             /* a new conversation */
    struct text conversation, resident, state, owner, queue, related;
    struct text nodes;       /* as in store_appended */
    uint64_t seq, version;
};
typedef void (*store_arrive_done)(void *ctx, const struct ticket *t, int err, const struct store_arrived *r);
int store_arrive(struct store *s, const struct store_arrive *a, store_arrive_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- transitions ------------------------------------------------------------------------------------------------------------------------ */

/* Who bears a conversation: its owner, or each agent to whom it is offered. */
struct store_share {
    struct text agent;
    struct text presence;             /* as the decider saw it; a newcomer must still have it, and a session somewhere */
    uint64_t units;
    bool soft;                        /* interruptible: gives way to work that is not */
};

/* Apply a transition that broker/core decided, if the conversation still has @version. One atomic step keeps everything in step with it: state,
 * owner, offers, queue; the waiting set and the line (leaves the old queue's, enters the new one's when it waits); loads, counts and work sets of
 * everybody who bears it or did; the resident's open set (left when "closed"); queue counters, promises, time series; the attention list
 * (cleared); the log (the entry); and every broker is told (store_listen, "changed"). For everybody who did not bear it before: presence as seen,
 * a session somewhere, the channel's limit, and (firm) load - soft + units <= capacity or (soft) load + units <= capacity, else ERR_CAPACITY;
 * unless @force: a person decided. Who bore it before keeps what it weighed. ERR_STALE, ERR_NOT_FOUND, ERR_FORBIDDEN; ERR_FENCED: @fence is not
 * the newest lease's. */
struct store_transition {
    struct text conversation;
    uint64_t version;
    struct text state, owner, queue;  /* the new ones, always given; owner absent: nobody */
    const struct store_share *shares; /* of the owner, or of each agent to whom it is offered */
    size_t shares_n;                  /* at most STORE_OFFERS_MAX */
    bool offered;                     /* the shares are offers */
    bool force;
    struct text must_own;             /* the owner so far, else ERR_FORBIDDEN; absent: not checked */
    struct text held, back;           /* from now on; absent: nobody */
    struct text declined;             /* who let it pass: remembered until it is taken; absent: nobody */
    const struct text *missed;        /* who let an offer time out: presence "missed" from now on, unless offline */
    size_t missed_n;
    uint64_t seen;                    /* to "closed": ERR_STALE when the resident has said something after this number; 0: not checked */
    bool keep_place;                  /* to "queued": at the old place and queued_at; else from now. What waits already keeps it anyway */
    uint64_t due_ms;                  /* when the new state ends by itself; 0: it does not */
    uint64_t fence;                   /* of the routing lease that this was decided under; 0: not by the router */
    uint64_t answer_ms;               /* within which the queue wants it given to an agent, for the numbers; 0: no promise */
    uint64_t first_due_ms, resolve_due_ms; /* what is promised when it is opened again; 0: nothing */
    struct text reason;               /* reason code; absent: none */
    struct text needs;                /* "skill:level,…" asked for from now on, besides the queue's; absent: as before */
    struct text entry;                /* a `state` entry for the log */
    uint64_t now_ms;
};
struct store_changed {
    uint64_t version, seq;
    struct text owner_before;         /* absent: nobody */
    struct text agents;               /* everybody whose list it enters, leaves or stays in, separated by spaces */
};
typedef void (*store_transition_done)(void *ctx, const struct ticket *t, int err, const struct store_changed *r);
int store_transition(struct store *s, const struct store_transition *tr, store_transition_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Taking part besides the owner. @must_own: only its owner may change who does (absent: not checked). ERR_DUPLICATE: takes part already;
 * ERR_NOT_FOUND; ERR_FULL; ERR_BAD_STATE. */
int store_join(struct store *s, struct text id, struct text agent, bool on, struct text must_own, struct text entry, store_transition_done done,
               void *ctx, struct ticket t) MUST_CHECK;
int store_prioritise(struct store *s, struct text id, uint64_t priority, int64_t head_start_ms, struct text entry, store_transition_done done,
                     void *ctx, struct ticket t) MUST_CHECK;

/* --- reading -------------------------------------------------------------------------------------------------------------------------------- */

typedef void (*store_conversation_done)(void *ctx, const struct ticket *t, int err, const struct store_conversation *c);
int store_conversation_get(struct store *s, struct text id, struct text client, store_conversation_done done, void *ctx,
                           struct ticket t) MUST_CHECK;

struct store_entry {
    uint64_t seq;
    struct text entry; /* encoded `entry` frame */
};
typedef void (*store_entries_done)(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n); /* ascending */
int store_log_after(struct store *s, struct text id, uint64_t after, size_t max, store_entries_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_log_before(struct store *s, struct text id, uint64_t before, size_t max, store_entries_done done, void *ctx, struct ticket t) MUST_CHECK;

typedef void (*store_texts_done)(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n);
typedef void (*store_text_done)(void *ctx, const struct ticket *t, int err, struct text value);
typedef void (*store_plain_done)(void *ctx, const struct ticket *t, int err);
int store_attention_list(struct store *s, size_t max, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* conversation ids */

#include "store/store_look.h"
#include "store/store_nodes.h"
#include "store/store_people.h"

#endif
