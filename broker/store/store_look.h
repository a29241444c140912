/* What is looked at: by the router, the wallboard, the resident who waits, and whoever reads the numbers. Part of store.h. */
#ifndef LOKET_STORE_STORE_LOOK_H
#define LOKET_STORE_STORE_LOOK_H

#include "store/store.h"

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
    const struct store_waiting *waiting;        /* of each line (same queue, channel, language, needs, prefers, held) the heads, at most @window;
                                                 * the line with the oldest head first. A look ends after some 1,000 rows or 250 lines */
    size_t waiting_n;
    const struct store_agent *agents;
    size_t agents_n;
    bool more;                                  /* there are others: */
    bool whole;                                 /* every line was looked at as deep as this; @next goes deeper, when there is more */
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
int store_view_get(struct store *s, const struct text *queues, size_t queues_n, size_t window, store_view_done done, void *ctx,
                   struct ticket t) MUST_CHECK;

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
typedef void (*store_places_done)(void *ctx, const struct ticket *t, int err, const struct store_place *places, size_t n,
                                  const struct store_pace *pace, size_t pace_n);
#define STORE_PLACES_MAX 64 /* of one call */
int store_places_get(struct store *s, const struct text *conversations, size_t n, store_places_done done, void *ctx, struct ticket t) MUST_CHECK;

/* Promises that end before @until_ms and are not kept yet, the earliest first. */
struct store_target {
    struct text kind, conversation, queue, channel; /* kind: "first" or "resolve" */
    uint64_t due_ms;
};
typedef void (*store_targets_done)(void *ctx, const struct ticket *t, int err, const struct store_target *targets, size_t n);
int store_targets_get(struct store *s, uint64_t until_ms, size_t max, store_targets_done done, void *ctx, struct ticket t) MUST_CHECK;

/* The time series: sums of a quarter of an hour by queue, channel and agent (each may be absent). Metrics: arrived answered wait_ms in_level
 * over_level abandoned abandoned_ms handled handle_ms given_up reopened missed declined first first_ms first_in first_late resolved_in
 * resolved_late on_ms busy_ms. handled, given_up: whoever had it closed it, or let go of it otherwise (transfer, snooze, back to the queue);
 * handle_ms: how long they had had it, either way. One page; go on at @next_ms while it is lower than @to_ms. */
struct store_sum {
    uint64_t quarter_ms;
    struct text queue, channel, agent, metric;
    uint64_t sum;
};
typedef void (*store_sums_done)(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms);
int store_sums_get(struct store *s, uint64_t from_ms, uint64_t to_ms, store_sums_done done, void *ctx, struct ticket t) MUST_CHECK;

#endif
