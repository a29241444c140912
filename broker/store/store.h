/* The state: everything that must survive lives in Redis and is reached through here. The functions that Redis runs stand
 * in lua/, all key names at the head of lua/base.lua (loaded with FUNCTION LOAD at each connect). Pure accounting there: which transition is right is decided in
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
 * into the outbox. When the state is not `active`, `queued` or `offered` and @from_resident, the conversation is put on the attention list in the same step,
 * so that the transition which must follow is not lost with this process. */
struct store_append {
    struct text conversation;
    struct text client;      /* absent: no numbering (notes by the system) */
    uint64_t counter;        /* must be stored + 1: equal or lower is ERR_DUPLICATE, higher is ERR_COUNTER_GAP */
    struct text entry;       /* an encoded `entry` frame (msgpack) with seq 0 */
    struct text must_own;    /* agent who must hold it or have joined, else ERR_FORBIDDEN; absent: not checked */
    struct text outbox;      /* "email" or "sms": also XADD to that outbox (conversation, seq); absent: none */
    struct text channel;     /* with @from_resident: becomes the channel last used */
    bool from_resident;
    bool aside;              /* to colleagues only (note, whisper): is no answer to the resident */
    uint64_t now_ms;
};
struct store_appended {
    uint64_t seq;
    struct text state;       /* before any transition */
    uint64_t counter;        /* with ERR_COUNTER_GAP / ERR_DUPLICATE: the highest stored */
    struct text nodes;       /* brokers to tell, this one perhaps among them, separated by spaces; absent: nobody else */
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
    uint64_t priority;
    struct text language;                    /* absent: any */
    struct text needs, prefers;              /* "skill:level,skill:level", besides what the queue asks for; absent: nothing */
    uint64_t first_due_ms, resolve_due_ms;   /* what is promised to a new one; 0: nothing */
    uint64_t waiting_max;                    /* a new one goes to @overflow_queue when so many wait already, or is ERR_FULL without one; 0: no limit */
    struct text overflow_queue;
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

/* Apply a transition that broker/core decided, if the conversation still has @version. One atomic step keeps everything in step with it: state, owner, offers, queue; the waiting
 * set and the line (leaves the old queue's, enters the new one's when it waits); loads, counts and work sets of everybody who bears it or did; the resident's open set
 * (left when "closed"); queue counters, promises, time series; the attention list (cleared); the log (the entry); and every broker is told (store_listen, "changed").
 * For everybody who did not bear it before: presence as seen, a session somewhere, the channel's limit, and (firm) load - soft + units <= capacity or (soft)
 * load + units <= capacity, else ERR_CAPACITY; unless @force: a person decided. Who bore it before keeps what it weighed.
 * ERR_STALE, ERR_NOT_FOUND, ERR_FORBIDDEN; ERR_FENCED: @fence is not the newest lease's. */
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
    const struct text *missed;        /* who let an offer time out: presence "missed" from now on */
    size_t missed_n;
    uint64_t seen;                    /* to "closed": ERR_STALE when the resident has said something after this number; 0: not checked */
    bool keep_place;                  /* to "queued": at the old place and queued_at; else from now */
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

/* Taking part besides the owner. @must_own: only its owner may change who does (absent: not checked). ERR_DUPLICATE: takes part already; ERR_NOT_FOUND; ERR_FULL; ERR_BAD_STATE. */
int store_join(struct store *s, struct text id, struct text agent, bool on, struct text must_own, struct text entry, store_transition_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_prioritise(struct store *s, struct text id, uint64_t priority, int64_t head_start_ms, struct text entry, store_transition_done done, void *ctx, struct ticket t) MUST_CHECK;

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

/* What the router looks at, read in one atomic step. */
struct store_agent {
    struct text id, presence, here;             /* here: brokers where a session is open, separated by spaces; absent: none */
    uint64_t load, soft, conversations, capacity, since_ms, missed; /* since: load or presence last changed (idle since) */
    uint64_t count[3], limit[3];                /* chat, email, sms: borne; at most, 0: no limit */
};
struct store_waiting {
    struct text conversation;
    struct text queue, channel, language, needs, prefers, held; /* absent: none */
    int64_t score;                              /* place in line (enqueue time, never the same twice) minus head start, ms */
    uint64_t queued_at_ms, version;
    struct text declined;                       /* "AGENT:MS …" */
};
struct store_look {
    const struct store_waiting *waiting;        /* of each line (same queue, channel, language, needs, prefers, held) the heads, at most @window; the line whose head is
                                                 * the oldest first. Redis ends a look after some 1,000 rows or 250 lines */
    size_t waiting_n;
    const struct store_agent *agents;
    size_t agents_n;
    bool more;                                  /* there are others: */
    size_t next;                                /* the @offset to go on at */
};
typedef void (*store_look_done)(void *ctx, const struct ticket *t, int err, const struct store_look *l);
int store_look_get(struct store *s, size_t offset, size_t window, store_look_done done, void *ctx, struct ticket t) MUST_CHECK;

/* What the wallboard looks at. */
struct store_waiting_row {
    struct text conversation, queue, channel, state;
    int64_t score;
    uint64_t queued_at_ms, priority;
};
struct store_queue {
    struct text id;
    uint64_t waiting, waiting_chat, waiting_email, waiting_sms, active;
    int64_t oldest_queued_at_ms; /* 0: none */
};
struct store_view {
    const struct store_waiting_row *waiting; /* the lowest scores of each queue, at most @window each, ascending within a queue; offered ones too */
    size_t waiting_n;
    const struct store_agent *agents;
    size_t agents_n;
    const struct store_queue *queues;
    size_t queues_n;
};
typedef void (*store_view_done)(void *ctx, const struct ticket *t, int err, const struct store_view *v);
int store_view_get(struct store *s, const struct text *queues, size_t queues_n, size_t window, store_view_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Where waiting conversations stand, and how fast their queues go. */
struct store_place {
    struct text conversation, queue;
    uint64_t place;              /* 1 is next; 0: waits no more */
};
struct store_pace {
    struct text queue;
    uint64_t given_ms[100];      /* when the last ones were given to an agent, newest first */
    size_t n;
};
typedef void (*store_places_done)(void *ctx, const struct ticket *t, int err, const struct store_place *places, size_t n, const struct store_pace *pace, size_t pace_n);
int store_places_get(struct store *s, const struct text *conversations, size_t n, store_places_done done, void *ctx, struct ticket t) MUST_CHECK; /* n at most STORE_PLACES_MAX */
#define STORE_PLACES_MAX 64

/* Promises that end before @until_ms and are not kept yet, the earliest first. */
struct store_target {
    struct text kind, conversation, queue, channel; /* kind: "first" or "resolve" */
    uint64_t due_ms;
};
typedef void (*store_targets_done)(void *ctx, const struct ticket *t, int err, const struct store_target *targets, size_t n);
int store_targets_get(struct store *s, uint64_t until_ms, size_t max, store_targets_done done, void *ctx, struct ticket t) MUST_CHECK;

/* The time series: sums of a quarter of an hour by queue, channel and agent (each may be absent). Metrics: arrived answered wait_ms in_level over_level abandoned abandoned_ms handled handle_ms
 * given_up reopened missed declined first first_ms first_in first_late resolved_in resolved_late on_ms busy_ms. One page; go on at @next_ms while it is lower than @to_ms. */
struct store_sum {
    uint64_t quarter_ms;
    struct text queue, channel, agent, metric;
    uint64_t sum;
};
typedef void (*store_sums_done)(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms);
int store_sums_get(struct store *s, uint64_t from_ms, uint64_t to_ms, store_sums_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- agents ----------------------------------------------------------------------------------------------------------------------------------- */

typedef void (*store_plain_done)(void *ctx, const struct ticket *t, int err);
int store_presence_set(struct store *s, struct text agent, struct text presence, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
/* The first session of an agent on this node is there (@on), or the last one went. When no node has one, their work is given on after @grace_ms (store_due_get). */
typedef void (*store_text_done)(void *ctx, const struct ticket *t, int err, struct text value);
int store_here_set(struct store *s, struct text agent, bool on, uint64_t now_ms, int64_t grace_ms, store_text_done done, void *ctx, struct ticket t) MUST_CHECK; /* value: presence */
int store_work_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* conversation ids: borne, and taken part in */
int store_borne_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* borne alone */
int store_settle(struct store *s, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK; /* everybody's time until now goes to the time series */

/* What time has come for. */
struct store_due {
    const struct text *conversations, *agents; /* agents: without a session for too long */
    size_t conversations_n, agents_n;
    uint64_t next_ms;                          /* of a conversation; 0: none */
};
typedef void (*store_due_done)(void *ctx, const struct ticket *t, int err, const struct store_due *d);
int store_due_get(struct store *s, uint64_t now_ms, size_t max, store_due_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Staff: agent id → JSON text (see hub/settings.h). @done gets id, JSON, id, JSON, … */
struct store_author { /* of a change by a person, for the audit */
    struct text actor;    /* agent id, or "loketctl" */
    uint64_t now_ms;
    struct text before, after; /* as the audit shows it: without secrets */
    struct text seen;     /* store_staff_…: the entry that the author changed ("" none), ERR_STALE when it is another by now; absent: whatever it is */
};
int store_staff_list(struct store *s, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_staff_put(struct store *s, struct text agent, struct text json, uint64_t capacity, const uint64_t limits[3], const struct store_author *by, store_plain_done done, void *ctx,
                    struct ticket t) MUST_CHECK; /* publishes "staff" to all nodes */
int store_staff_remove(struct store *s, struct text agent, const struct store_author *by, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Settings: name ("routing", "queue:ID") → JSON text. @done gets name, JSON, name, JSON, … */
int store_settings_list(struct store *s, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
/* An empty @json removes: ERR_NOT_FOUND, ERR_BAD_STATE (a queue where somebody waits or is helped). @seen: the text that the author changed, ERR_STALE when it is another by now;
 * absent: whatever it is. Writes the audit and publishes "settings" to all nodes. */
int store_setting_put(struct store *s, struct text name, struct text json, struct text seen, const struct store_author *by, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;

/* The audit: append-only. @what: a conversation, an agent, a setting. */
int store_audit(struct store *s, const struct store_author *by, struct text action, struct text what, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Newest first, at most @max, older than @before_id (absent: from the end). @done gets for each: id, at, actor, action, what, before, after. */
int store_audit_list(struct store *s, struct text before_id, size_t max, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;

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
/* Take up to @max items for this node: with @again first what this node had taken before and not finished, and what nodes left that live no more; then new ones. */
int store_outbox_take(struct store *s, const char *channel, bool again, size_t max, store_out_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Note that an attempt begins; on disk before the request leaves. ERR_STALE: another node has taken it over. */
int store_outbox_attempt(struct store *s, const char *channel, struct text id, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Finish: append the receipt entry to the conversation's log and drop the item, in one step. @message_id (absent: none) → conversation is remembered for threading.
 * A second finish of the same item is ERR_NOT_FOUND and appends nothing. */
int store_outbox_finish(struct store *s, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry,
                        struct text message_id, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* A receipt that comes later (delivery report): appended once per (conversation, seq, state); repeats are ERR_DUPLICATE, and one that would go back (delivered → sent) too. */
int store_receipt(struct store *s, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry,
                  store_append_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- between nodes ------------------------------------------------------------------------------------------------------------------------------- */

/* A broker lives: beats at least every STORE_SILENT_MS / 3. Buries those who were silent for STORE_SILENT_MS (by Redis' clock): their agents' sessions count no more, and @grace_ms
 * later their work is given on; what they had taken to send is found by store_outbox_take with @again. Takes the routing lease when it is free and @wants it. */
#define STORE_SILENT_MS 1500
#define STORE_LEASE_MS 1200
struct store_beat {
    uint64_t fence;             /* of the lease, when this node has it; 0: it has not */
    bool known;                 /* was alive in the others' eyes; else it was buried (or is new): say again who is here */
    bool buried;                /* somebody was buried just now */
    struct text routes;         /* the node that has the lease, as far as known; absent: none */
    struct text nodes[64];      /* who lives */
    size_t nodes_n;
};
typedef void (*store_beat_done)(void *ctx, const struct ticket *t, int err, const struct store_beat *b);
int store_beat(struct store *s, bool wants, bool leaves, struct text about, uint64_t now_ms, int64_t grace_ms, store_beat_done done, void *ctx, struct ticket t) MUST_CHECK;
struct store_node {
    struct text id, about;      /* about: what it says of itself, JSON */
    uint64_t silent_ms;
    bool routes;
};
typedef void (*store_nodes_done)(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n);
int store_nodes_get(struct store *s, store_nodes_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Somebody on this node follows a conversation (@on; @page: a page of the resident is among them), or nobody any more: store_append and store_arrive then name this node. @done gets "SEQ NODE NODE …": the newest
 * entry, and who follows. */
int store_follow_set(struct store *s, struct text conversation, bool on, bool page, store_text_done done, void *ctx, struct ticket t) MUST_CHECK;

/* @message(ctx, what, payload): "staff", "settings" (name), "revoked" (session), "presence" ("AGENT PRESENCE"); "node": what another node published to this one; "changed": "NODE CID SEQ AGENT,AGENT\nENTRY", a
 * change of state that NODE wrote ("-": somebody left); "back": the subscription was lost and is there again, something may have been missed. Best effort, never needed for correctness. */
int store_listen(struct store *s, void (*message)(void *ctx, const char *what, struct text payload), void *ctx) MUST_CHECK;
int store_publish(struct store *s, struct text node, struct text payload) MUST_CHECK; /* to one node of this organisation */

#endif
