/* What is to be sent, and brokers among themselves. Part of store.h. */
#ifndef LOKET_STORE_STORE_NODES_H
#define LOKET_STORE_STORE_NODES_H

#include "store/store.h"

/* --- outbox ----------------------------------------------------------------------------------------------------------------------------------- */

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
/* After this node's first beat: what is taken by a node that does not live is the others'. Take up to @max items for this node: with @again first
 * what this node had taken before and not finished, and what nodes left that live no more; then new ones. */
int store_outbox_take(struct store *s, const char *channel, bool again, size_t max, store_out_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Note that an attempt begins; on disk before the request leaves. ERR_STALE: another node has taken it over. */
int store_outbox_attempt(struct store *s, const char *channel, struct text id, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Finish: append the receipt entry to the conversation's log and drop the item, in one step. @message_id (absent: none) → conversation is
 * remembered for threading. A second finish of the same item is ERR_NOT_FOUND and appends nothing. */
int store_outbox_finish(struct store *s, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text receipt_state,
                        struct text entry, struct text message_id, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* A receipt that comes later (delivery report): appended once per (conversation, seq, state); repeats are ERR_DUPLICATE, and one that would go
 * back (delivered → sent) too. */
int store_receipt(struct store *s, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry,
                  store_append_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- between nodes ---------------------------------------------------------------------------------------------------------------------------- */

/* A broker lives: beats at least every STORE_SILENT_MS / 3. Buries those who were silent for STORE_SILENT_MS (by Redis' clock): their agents'
 * sessions count no more, and @grace_ms later their work is given on; what they had taken to send is found by store_outbox_take with @again.
 * Takes the routing lease when it is free and @wants it. */
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
int store_beat(struct store *s, bool wants, bool leaves, struct text about, uint64_t now_ms, int64_t grace_ms, store_beat_done done, void *ctx,
               struct ticket t) MUST_CHECK;
struct store_node {
    struct text id, about;      /* about: what it says of itself, JSON */
    uint64_t silent_ms;
    bool routes;
};
typedef void (*store_nodes_done)(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n);
int store_nodes_get(struct store *s, store_nodes_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Somebody on this node follows a conversation (@on; @page: a page of the resident is among them), or nobody any more: store_append and
 * store_arrive then name this node. @done gets "SEQ NODE NODE …": the newest entry, and who follows. */
int store_follow_set(struct store *s, struct text conversation, bool on, bool page, store_text_done done, void *ctx, struct ticket t) MUST_CHECK;

/* @message(ctx, what, payload): "staff", "settings" (name), "revoked" (session), "presence" ("AGENT PRESENCE"); "node": what another node
 * published to this one; "changed": "NODE CID SEQ AGENT,AGENT\nENTRY", a change of state that NODE wrote ("-": somebody left); "back": the
 * subscription was lost and is there again, something may have been missed. Best effort, never needed for correctness. */
int store_listen(struct store *s, void (*message)(void *ctx, const char *what, struct text payload), void *ctx) MUST_CHECK;
int store_publish(struct store *s, struct text node, struct text payload) MUST_CHECK; /* to one node of this organisation */

#endif
