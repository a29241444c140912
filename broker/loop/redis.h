/* One connection to Redis: hiredis' reader on libuv, behind this door. Reconnects by itself (0.1 s doubling to 2 s, with jitter).
 *
 * The promise: @done of every accepted command is called exactly once, from the loop, never before redis_command returns — with the reply,
 * or with an error when the connection is lost, refused, or the deadline passes. After a lost connection a command is never sent again
 * by this layer: whether it took effect is unknown, and the caller's idempotence decides.
 * All commands of one turn leave in one write, at its end. A PING after a second of silence finds dead peers within 6 s, subscriptions too; a
 * deadline is time without a word from Redis, since the command was sent or since it last answered anything: many commands may be under way, and the
 * last of them is not late while those before it are being answered. One expired (looked at every 200 ms) closes the connection (a later reply could otherwise be taken for another's): the commands whose time
 * was not over yet end with ERR_STORE_AWAY.
 */
#ifndef LOKET_LOOP_REDIS_H
#define LOKET_LOOP_REDIS_H

#include <stdbool.h>

#include "base/text.h"
#include "loop/loop.h"

struct redis;

enum redis_state { REDIS_CONNECTING, REDIS_UP, REDIS_AWAY };

/* A reply, borrowed until the callback returns. Same shape as RESP2: */
enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_INTEGER, REDIS_LIST, REDIS_STATUS, REDIS_FAULT };
struct redis_reply; /* opaque: a redisReply */
enum redis_type redis_reply_type(const struct redis_reply *r);
struct text redis_reply_text(const struct redis_reply *r);   /* TEXT, STATUS, ERROR; else absent */
int64_t redis_reply_integer(const struct redis_reply *r);    /* INTEGER; decimal TEXT too; else 0 */
size_t redis_reply_count(const struct redis_reply *r);       /* LIST; else 0 */
const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i); /* NULL past the end */

/* A ticket travels with the command and comes back by value: no allocation for the caller, and no pointer that can dangle. */
struct ticket {
    void *p;
    uint64_t a, b, c;
};
typedef void (*redis_done)(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply);
/* err: 0 (reply may still not be what you expect), ERR_STORE_AWAY (lost, refused, not connected), ERR_TIMEOUT,
 *      ERR_STORE_REFUSED (OOM, MISCONF, READONLY, LOADING, MASTERDOWN, NOAUTH …: reply is the error), ERR_STORE_REPLY (any other error reply) */

#define REDIS_PENDING_MAX 65536        /* commands in flight; past it ERR_FULL */
#define REDIS_OUT_BYTES_MAX (64 << 20) /* bytes not yet written */

/* @url: redis://[user:password@]host[:port][/db] or unix:///path[?db=n]. @changed is called on every change of state, from the loop. */
int redis_open(struct loop *l, const char *url, void (*changed)(void *ctx, enum redis_state s), void *ctx,
               struct redis **out) MUST_CHECK;
void redis_close(struct redis **r); /* pending callbacks are called with ERR_CLOSED first; never from within one of them, or @changed, or @message */
enum redis_state redis_state_now(const struct redis *r);

/* @argv copied before return. 0, ERR_STORE_AWAY (not connected), ERR_FULL, ERR_MEMORY; on an error @done is not called. */
int redis_command(struct redis *r, size_t argc, const struct text *argv, int64_t deadline_ms, redis_done done, void *ctx,
                  struct ticket t) MUST_CHECK;

/* A connection of its own for SUBSCRIBE: @message for each publication, and with an absent channel each time that it listens (again): what was published before
 * may have been missed. */
int redis_subscribe(struct loop *l, const char *url, const char *const *channels, size_t n,
                    void (*message)(void *ctx, struct text channel, struct text payload), void *ctx, struct redis **out) MUST_CHECK;

#endif
