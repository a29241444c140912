/* What the store's files share. Nothing outside broker/store includes this. */
#ifndef LOKET_STORE_INTERNAL_H
#define LOKET_STORE_INTERNAL_H

#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "loop/redis.h"
#include "store/store.h"

#define STORE_DEADLINE_MS 5000
#define STORE_ARGS_MAX 128          /* 24 of arrive and 50 references, 24 of transition and 4 for each of 8 shares, 64 places, with room */
#define STORE_PREFIX_BYTES (ID_ROOM + 8)
#define ID_ROOM 65
#define STORE_KEY_BYTES 160

struct store_server; /* server.c: an own redis-server */
struct append_batch; /* append.c: what was said in this turn */

struct store {
    struct loop *loop;
    struct redis *redis, *subscriber;
    struct store_server *server;
    char url[512], prefix[STORE_PREFIX_BYTES], node[ID_ROOM], epoch[32];
    unsigned char secret[32];
    bool known, up, closing;
    bool told;                      /* why it does not start; once until it does */
    int steps;                      /* answers of the start still to come */
    void (*changed)(void *ctx, bool up);
    void *ctx;
    void (*message)(void *ctx, const char *what, struct text payload);
    void *message_ctx;
    struct store_op *pool;
    size_t pool_n;
    struct append_batch *batch;     /* owned */
    struct loop_timer *retry;
};

/* One operation under way: which callback to call with what. */
struct store_op {
    struct store_op *next;
    struct store *store;
    union {
        store_append_done append;
        store_arrive_done arrive;
        store_transition_done transition;
        store_conversation_done conversation;
        store_entries_done entries;
        store_texts_done texts;
        store_view_done view;
        store_plain_done plain;
        store_out_done out;
        store_look_done look;
        store_places_done places;
        store_targets_done targets;
        store_sums_done sums;
        store_text_done text;
        store_due_done due;
        store_beat_done beat;
        store_nodes_done nodes;
    } done;
    void *ctx;
    struct ticket ticket;
    char id[ID_ROOM];
};

struct store_op *store_op_take(struct store *s, void *ctx, struct ticket t); /* NULL: out of memory */
void store_op_give(struct store_op *op);
/* Send; gives @op back on an error. */
int store_send(struct store *s, size_t argc, const struct text *argv, redis_done parse, struct store_op *op) MUST_CHECK;
/* FCALL function with the organisation's prefix as its one key and @argv from index 4 on. */
int store_call(struct store *s, const char *function, size_t argc, struct text *argv, redis_done parse, struct store_op *op) MUST_CHECK;
/* The first element of a function's answer: 0, or the error it names. ERR_STORE_REPLY for any other form. */
int store_answer(int err, const struct redis_reply *reply);

/* --- making arguments, reading answers ------------------------------------------------------------------------------------------------ */

struct number { /* a decimal number as text, on the stack of the caller */
    char s[24];
};

static inline struct text number(uint64_t value, struct number *room)
{
    char *at = room->s + sizeof room->s;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct text){at, (size_t)(room->s + sizeof room->s - at)};
}

static inline struct text flag(bool on)
{
    return on ? TEXT_LITERAL("1") : TEXT_LITERAL("0");
}

static inline struct text at_text(const struct redis_reply *r, size_t i)
{
    return redis_reply_text(redis_reply_at(r, i));
}

static inline uint64_t at_number(const struct redis_reply *r, size_t i)
{
    int64_t n = redis_reply_integer(redis_reply_at(r, i));
    return n > 0 ? (uint64_t)n : 0;
}

/* Lists and lines are texts with separators: what stands in one must not hold any. */
static inline bool free_of(struct text t, const char *separators)
{
    size_t i = 0;
    while (i < t.n && t.s[i] && !strchr(separators, t.s[i])) {
        i++;
    }
    return i == t.n;
}

static inline bool channel_is_known(struct text t)
{
    return text_is(t, "chat") || text_is(t, "email") || text_is(t, "sms");
}

/* Empty means absent in what the functions answer. */
static inline struct text at_maybe(const struct redis_reply *r, size_t i)
{
    struct text t = at_text(r, i);
    return t.n > 0 ? t : (struct text){NULL, 0};
}

/* Functions that answer 'ok' or an error, and no more; and those that append one entry. */
int call_plain(struct store *s, const char *function, size_t argc, struct text *argv, store_plain_done done, void *ctx, struct ticket t) MUST_CHECK;
int call_append(struct store *s, const char *function, size_t argc, struct text *argv, store_append_done done, void *ctx, struct ticket t) MUST_CHECK;
/* What look and view share: the roster (@agents is the caller's to free), and a score. Untouched on failure. */
int roster_read(const struct redis_reply *flat, struct store_agent **agents, size_t *n) MUST_CHECK;
int score_read(struct text t, int64_t *out) MUST_CHECK;
/* Words of @list, separated by spaces, into @out; how many. */
size_t words_split(struct text list, struct text *out, size_t max);

/* append.c */
int append_batch_new(struct store *s) MUST_CHECK;
void append_batch_free(struct store *s); /* what waits ends with ERR_CLOSED */
int append_batch_send(struct store *s) MUST_CHECK; /* on an error it waits on */
void append_batch_turn(void *store);     /* the end of a turn: send, or end what waits with the error */
void append_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r); /* the answer of whatever appends one entry */

int server_start(struct loop *l, const struct store_config *c, struct store_server **out, char url[512]) MUST_CHECK;
void server_stop(struct store_server **server); /* SIGTERM, waits at most 10 s */

#endif
