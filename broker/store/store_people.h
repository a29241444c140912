/* Agents, staff, settings, the audit; marks, addresses, sessions. Part of store.h. */
#ifndef LOKET_STORE_STORE_PEOPLE_H
#define LOKET_STORE_STORE_PEOPLE_H

#include "store/store.h"

/* --- agents ----------------------------------------------------------------------------------------------------------------------------------- */

/* ERR_BAD_FIELD: a presence is one word. Who goes offline with work is among the absent (store_due_get) 5 s later if it has not been given on by
 * then. */
int store_presence_set(struct store *s, struct text agent, struct text presence, uint64_t now_ms, store_plain_done done, void *ctx,
                       struct ticket t) MUST_CHECK;
/* The first session of an agent on this node is there (@on), or the last one went. When no node has one, their work is given on after @grace_ms
 * (store_due_get). Answers their presence. */
int store_here_set(struct store *s, struct text agent, bool on, uint64_t now_ms, int64_t grace_ms, store_text_done done, void *ctx,
                   struct ticket t) MUST_CHECK;
/* Conversation ids: borne, and taken part in. */
int store_work_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_borne_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK; /* borne alone */
/* Everybody's time until now goes to the time series. */
int store_settle(struct store *s, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;

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
    /* store_staff_…: the entry that the author changed ("" none), ERR_STALE when it is another by now; absent: whatever it is */
    struct text seen;
};
int store_staff_list(struct store *s, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
int store_staff_put(struct store *s, struct text agent, struct text json, uint64_t capacity, const uint64_t limits[3], const struct store_author *by,
                    store_plain_done done, void *ctx, struct ticket t) MUST_CHECK; /* publishes "staff" to all nodes */
int store_staff_remove(struct store *s, struct text agent, const struct store_author *by, store_plain_done done, void *ctx,
                       struct ticket t) MUST_CHECK;

/* Settings: name ("routing", "queue:ID") → JSON text. @done gets name, JSON, name, JSON, … */
int store_settings_list(struct store *s, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;
/* An empty @json removes: ERR_NOT_FOUND, ERR_BAD_STATE (a queue where somebody waits or is helped, or that a snoozed one comes back to). @seen:
 * the text that the author changed, ERR_STALE when it is another by now; absent: whatever it is. Writes the audit and publishes "settings" to all
 * nodes. */
int store_setting_put(struct store *s, struct text name, struct text json, struct text seen, const struct store_author *by, store_plain_done done,
                      void *ctx, struct ticket t) MUST_CHECK;

/* The audit: append-only. @what: a conversation, an agent, a setting. */
int store_audit(struct store *s, const struct store_author *by, struct text action, struct text what, store_plain_done done, void *ctx,
                struct ticket t) MUST_CHECK;
/* Newest first, at most @max, older than @before_id (absent: from the end). @done gets for each: id, at, actor, action, what, before, after. */
int store_audit_list(struct store *s, struct text before_id, size_t max, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;

/* --- marks, addresses, sessions ------------------------------------------------------------------------------------------------------------- */

enum store_side { STORE_RESIDENT, STORE_AGENT };
/* A mark never goes back. */
int store_read_mark(struct store *s, struct text id, enum store_side side, uint64_t seq, store_plain_done done, void *ctx,
                    struct ticket t) MUST_CHECK;
/* Link @address to the conversation's resident (agent @must_own must hold the conversation). An address of another resident who has an open
 * conversation is ERR_ADDRESS_TAKEN; otherwise it moves, and the former resident is remembered so that unlink gives it back. The entry is
 * appended in the same step. */
int store_link(struct store *s, struct text id, struct text channel, struct text address, bool on, struct text must_own, struct text entry,
               uint64_t now_ms, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* Signed-out session ids, until they would have expired. Publishes "revoked". */
int store_revoke(struct store *s, struct text session, uint64_t until_ms, uint64_t now_ms, store_plain_done done, void *ctx,
                 struct ticket t) MUST_CHECK;
int store_revoked_list(struct store *s, uint64_t now_ms, store_texts_done done, void *ctx, struct ticket t) MUST_CHECK;

#endif
