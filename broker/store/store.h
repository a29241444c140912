/* The state: everything that must survive lives in Redis and is reached through here. Key names stand in keys.h alone; the functions that
 * Redis runs stand in loket.lua (loaded with FUNCTION LOAD at each connect). Pure accounting there: which transition is right is decided in
 * broker/core; the store refuses stale ones.
 *
 * Every key of an organisation carries the hash tag {o:ORG}: whatever one function touches lies in one slot of a Redis Cluster, so a function may
 * do in one atomic step what belongs together (append + outbox, claim + load). Organisations are what scales over slots.
 *
 * Every operation: returns 0 and calls @done exactly once later (never before return), or returns an error and never calls it.
 * err in done: 0, ERR_STORE_AWAY, ERR_STORE_REFUSED, ERR_STORE_REPLY, ERR_TIMEOUT, ERR_CLOSED, and where named below
 * ERR_STALE, ERR_CAPACITY, ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_DUPLICATE, ERR_COUNTER_GAP, ERR_ADDRESS_TAKEN. Replies are borrowed until done returns.
 */
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

/* A conversation as stored. Texts borrowed. */
struct store_conversation {
    struct text id, state, owner, queue, resident, name, subject, channel; /* channel: the resident's last used; owner absent when nobody */
    uint64_t version, seq, opened_at_ms, queued_at_ms, assigned_at_ms, read_resident, read_agent, units;
    struct text related;      /* the conversation that this one came from (changed subject, sender not a participant); absent: none */
    uint64_t counter;         /* highest counter of the client that was asked for */
    struct { struct text channel, address; } addresses[32]; /* of the resident */
    size_t addresses_n;
};

/* Append one entry; unconditional, atomic. Drops duplicates by (client, counter), takes the next sequence number, XADD SEQ-0, puts outbound work
 * into the outbox. When the state is not `active` or `queued` and @from_resident, the conversation is put on the attention list in the same step,
 * so that the transition which must follow is not lost with this process. */
struct store_append {
    struct text conversation;
    struct text client;      /* absent: no numbering (notes by the system) */
    uint64_t counter;        /* must be stored + 1: equal or lower is ERR_DUPLICATE, higher is ERR_COUNTER_GAP */
    struct text entry;       /* an encoded `entry` frame (msgpack) with seq 0 */
    struct text must_own;    /* agent who must hold it, else ERR_FORBIDDEN; absent: not checked */
    struct text outbox;      /* "email" or "sms": also XADD to that outbox (conversation, seq); absent: none */
    struct text channel;     /* with @from_resident: becomes the channel last used */
    bool from_resident;
    uint64_t now_ms;
};
struct store_appended {
    uint64_t seq;
    struct text state;       /* before any transition */
    uint64_t counter;        /* with ERR_COUNTER_GAP / ERR_DUPLICATE: the highest stored */
};
typedef void (*store_append_done)(void *ctx, const struct ticket *t, int err, const struct store_appended *r);
int store_append(struct store *s, const struct store_append *a, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;

/* A message from outside, or the first of a chat: finds its conversation or opens one, and appends, in one atomic step.
 * Order: (1) @source_id seen before → ERR_DUPLICATE with the first answer. (2) @references in order: the first that names a conversation whose resident owns @address
 * (or @token_conversation, verified by the caller, with the same check) → that conversation; one whose resident does not own it is remembered as `related`. A closed one with
 * another @subject_key → a new conversation, `related`. (3) the newest open conversation of the resident who owns @address. (4) a new one: state `queued` in @queue, score
 * @now_ms - @head_start_ms, for the resident of @address or a new resident.  The outcome is in the reply. Messages take the same attention rule as store_append. */
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
    uint64_t units;                          /* capacity weight of the channel */
    uint64_t now_ms;
};
struct store_arrived {
    bool opened;             /* a new conversation */
    struct text conversation, resident, state, owner, queue, related;
    uint64_t seq, version;
};
typedef void (*store_arrive_done)(void *ctx, const struct ticket *t, int err, const struct store_arrived *r);
int store_arrive(struct store *s, const struct store_arrive *a, store_arrive_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- transitions ------------------------------------------------------------------------------------------------------------------------ */

/* Apply a transition that broker/core decided, if the conversation still has @version. One atomic step keeps everything in step with it: state, owner, queue; the waiting
 * set (leaves the old queue's, enters the new one's when @state is "queued"); the loads and work sets of the old and the new owner; the resident's open set
 * (left when "closed"); queue counters; the attention list (cleared); the log (the entry).
 * With a new owner: presence must be "available" and load + units <= capacity, else ERR_CAPACITY. ERR_STALE, ERR_NOT_FOUND. */
struct store_transition {
    struct text conversation;
    uint64_t version;
    struct text state, owner, queue;  /* the new ones, always given; owner absent: nobody */
    struct text must_own;             /* as in store_append */
    bool forget_held;                 /* without a new owner: the former one has no claim any more (given back, or moved) */
    uint64_t seen;                    /* to "closed": ERR_STALE when the resident has said something after this number; 0: not checked */
    bool keep_place;                  /* to "queued": at the old place and queued_at; else from now */
    int64_t head_start_ms;
    uint64_t units;                   /* what it will weigh on the new owner */
    struct text entry;                /* a `state` entry for the log */
    uint64_t now_ms;
};
typedef void (*store_transition_done)(void *ctx, const struct ticket *t, int err, uint64_t version, uint64_t seq, struct text owner_before);
int store_transition(struct store *s, const struct store_transition *tr, store_transition_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- reading -------------------------------------------------------------------------------------------------------------------------------- */

typedef void (*store_conversation_done)(void *ctx, const struct ticket *t, int err, const struct store_conversation *c);
int store_conversation_get(struct store *s, struct text id, struct text client, store_conversation_done done, void *ctx, struct ticket t) MUST_CHECK;

struct store_entry {
    uint64_t seq;
    struct text entry; /* encoded `entry` frame */
};
typedef void (*store_entries_done)(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n); /* ascending */
int store_log_after(struct store *s, struct text id, uint64_t after, size_t max, store_entries_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_log_before(struct store *s, struct text id, uint64_t before, size_t max, store_entries_done done, void *ctx, struct ticket t) MUST_CHECK;

typedef void (*store_texts_done)(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n);
int store_attention_list(struct store *s, size_t max, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* conversation ids */

/* What the router and the wallboard look at, read in one atomic step. */
struct store_waiting {
    struct text conversation, queue, channel, held; /* held: the agent who held it last; absent: none */
    int64_t score;                                  /* place in line (enqueue time, never the same twice) minus head start, ms */
    uint64_t queued_at_ms, version, units;
};
struct store_agent {
    struct text id, presence, node;
    uint64_t load, conversations, capacity, since_ms; /* since: load or presence last changed (idle since) */
};
struct store_queue {
    struct text id;
    uint64_t waiting, waiting_chat, waiting_email, waiting_sms, active;
    int64_t oldest_queued_at_ms; /* 0: none */
};
struct store_view {
    const struct store_waiting *waiting; /* the lowest scores of each queue, at most @window each, ascending within a queue */
    size_t waiting_n;
    const struct store_agent *agents;
    size_t agents_n;
    const struct store_queue *queues;
    size_t queues_n;
};
typedef void (*store_view_done)(void *ctx, const struct ticket *t, int err, const struct store_view *v);
int store_view_get(struct store *s, const struct text *queues, size_t queues_n, size_t offset, size_t window, store_view_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- agents ----------------------------------------------------------------------------------------------------------------------------------- */

/* Set presence ("available", "break", "offline"), node and capacity. @unless_node: apply only when the stored node is this one (absent: always) —
 * so that the end of an old session does not put an agent offline who has come back elsewhere. */
typedef void (*store_plain_done)(void *ctx, const struct ticket *t, int err);
int store_presence_set(struct store *s, struct text agent, struct text presence, struct text node, struct text only_node, uint64_t capacity, uint64_t now_ms,
                       store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_work_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* conversation ids */

/* Staff: agent id → JSON text (see hub/staff.h). @done gets id, JSON, id, JSON, … */
int store_staff_list(struct store *s, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_staff_put(struct store *s, struct text agent, struct text json, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK; /* publishes "staff" to all nodes */
int store_staff_remove(struct store *s, struct text agent, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- marks, addresses, sessions ------------------------------------------------------------------------------------------------------------- */

enum store_side { STORE_RESIDENT, STORE_AGENT };
int store_read_mark(struct store *s, struct text id, enum store_side side, uint64_t seq, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK; /* never goes back */
/* Link @address to the conversation's resident (agent @must_own must hold the conversation). An address of another resident who has an open conversation is
 * ERR_ADDRESS_TAKEN; otherwise it moves, and the former resident is remembered so that unlink gives it back. The entry is appended in the same step. */
int store_link(struct store *s, struct text id, struct text channel, struct text address, bool on, struct text must_own, struct text entry, uint64_t now_ms,
               store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Signed-out session ids, until they would have expired. */
int store_revoke(struct store *s, struct text session, uint64_t until_ms, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK; /* publishes "revoked" */
int store_revoked_list(struct store *s, uint64_t now_ms, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- outbox --------------------------------------------------------------------------------------------------------------------------------------- */

struct store_out {
    struct text id;            /* of the outbox item */
    struct text conversation;
    uint64_t seq;
    struct text entry;         /* the log entry, read along */
    uint64_t attempts;         /* how often an attempt was begun before */
    struct text name, subject, reference; /* reference: Message-ID of the newest inbound mail of the conversation; absent: none */
    struct text references;    /* up to 20 Message-IDs of the conversation, oldest first, separated by spaces */
};
typedef void (*store_out_done)(void *ctx, const struct ticket *t, int err, const struct store_out *items, size_t n);
/* Take up to @max items for this node: first what this node had taken before and not finished (only when @again), then what dead nodes left (idle for 30 s), then new ones. */
int store_outbox_take(struct store *s, const char *channel, bool again, size_t max, store_out_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Note that an attempt begins; on disk before the request leaves. */
int store_outbox_attempt(struct store *s, const char *channel, struct text id, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Finish: append the receipt entry to the conversation's log and drop the item, in one step. @message_id (absent: none) → conversation is remembered for threading.
 * A second finish of the same item is ERR_NOT_FOUND and appends nothing. */
int store_outbox_finish(struct store *s, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry,
                        struct text message_id, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* A receipt that comes later (delivery report): appended once per (conversation, seq, state); repeats are ERR_DUPLICATE, and one that would go back (delivered → sent) too. */
int store_receipt(struct store *s, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry,
                  store_append_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- between nodes ------------------------------------------------------------------------------------------------------------------------------- */

/* @message(ctx, what, payload): "staff" and "revoked" changes, "node" = payload another node published to this one. Best effort, never needed for correctness. */
int store_listen(struct store *s, void (*message)(void *ctx, const char *what, struct text payload), void *ctx) MUST_CHECK;
int store_publish(struct store *s, struct text node, struct text payload) MUST_CHECK;

#endif
