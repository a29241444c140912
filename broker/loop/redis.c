/* One connection to Redis, made again whenever it is lost: what is pending, and time. The connection itself: redis_link.h.
 *
 *     redis_command ── redis_link_add ── Redis ── redis_arrived ── the oldest of `pending` ── done
 *
 * hiredis' asynchronous half was here before (0.14.1). It had to go: it keeps what is to be written without a bound and moves all of it after
 * each partial write; it aborts on a reply that nobody asked for; it takes no PING in a subscription; and it costs two epoll_ctl a turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"
#include "base/list.h"
#include "base/log.h"
#include "loop/redis_internal.h"
#include "loop/redis_link.h"

#define REDIS_MAGIC 0x4ed154edu
#define REDIS_TICK_MS 200
#define REDIS_PING_AFTER_MS 1000
#define REDIS_PING_DEADLINE_MS 5000
#define REDIS_BACKOFF_MIN_MS 100
#define REDIS_BACKOFF_MAX_MS 2000
#define REDIS_CHANNELS_MAX 8
#define REDIS_POOL_MAX 1024

struct call {
    struct list in_pending;
    redis_done done; /* NULL: nobody waits for it */
    void *ctx;
    struct ticket ticket;
    int64_t sent_ms, allowed_ms;
};

struct redis {
    unsigned magic;
    struct loop *loop;
    struct redis_address address;
    struct redis_link *link; /* NULL: between two attempts */
    enum redis_state state;
    struct list pending;
    size_t pending_n;
    int64_t earliest_ms; /* no pending deadline is before this */
    struct call *pool;
    size_t pool_n;
    struct loop_timer *tick, *reconnect;
    int64_t backoff_ms, heard_ms, pinged_ms;
    bool closing, timed_out, ending;
    void (*changed)(void *ctx, enum redis_state s);
    void *ctx;
    char *channels[REDIS_CHANNELS_MAX]; /* subscriber only */
    size_t channels_n;
    void (*message)(void *ctx, struct text channel, struct text payload);
};

/* A call waits behind those before it: as long as Redis answers them it is no worse off than it asked for, so its time runs from the last answer. */
static int64_t call_deadline_ms(const struct redis *r, const struct call *c)
{
    return (c->sent_ms > r->heard_ms ? c->sent_ms : r->heard_ms) + c->allowed_ms;
}

/* --- calls ------------------------------------------------------------------------------------------------------------------------------------ */

static struct call *call_take(struct redis *r)
{
    struct call *c = r->pool;
    if (c) {
        r->pool = (struct call *)(void *)c->in_pending.next;
        r->pool_n--;
    } else {
        c = malloc(sizeof *c);
    }
    return c;
}

static void call_give(struct redis *r, struct call *c)
{
    if (r->pool_n >= REDIS_POOL_MAX) {
        free(c);
        return;
    }
    c->in_pending.next = (struct list *)(void *)r->pool;
    r->pool = c;
    r->pool_n++;
}

/* Once for each call: it is out of the list, and given back, before its owner hears of it. */
static void call_end(struct redis *r, struct call *c, int err, const struct redis_reply *reply)
{
    list_remove(&c->in_pending);
    r->pending_n--;
    redis_done done = c->done;
    void *ctx = c->ctx;
    struct ticket ticket = c->ticket;
    call_give(r, c);
    if (done) {
        done(ctx, &ticket, err, reply);
    }
}

static void calls_end(struct redis *r)
{
    int64_t now = loop_now_ms(r->loop);
    r->ending = true;
    while (!list_is_empty(&r->pending)) {
        struct call *c = LIST_OWNER(r->pending.next, struct call, in_pending);
        call_end(r, c, r->closing ? ERR_CLOSED : r->timed_out && call_deadline_ms(r, c) <= now ? ERR_TIMEOUT : ERR_STORE_AWAY, NULL);
    }
    r->ending = false;
}

int redis_command(struct redis *r, size_t argc, const struct text *argv, int64_t deadline_ms, redis_done done, void *ctx, struct ticket t)
{
    MAGIC_CHECK(r, REDIS_MAGIC);
    if (!r->link || r->state != REDIS_UP || r->ending) {
        return ERR_STORE_AWAY;
    }
    if (r->pending_n >= REDIS_PENDING_MAX) {
        return ERR_FULL;
    }
    struct call *c = call_take(r);
    int err = c ? redis_link_add(r->link, argc, argv) : ERR_MEMORY;
    if (err) {
        if (c) {
            call_give(r, c);
        }
        return err;
    }
    *c = (struct call){.done = done, .ctx = ctx, .ticket = t, .sent_ms = loop_now_ms(r->loop), .allowed_ms = deadline_ms};
    r->earliest_ms = r->pending_n == 0 || c->sent_ms + deadline_ms < r->earliest_ms ? c->sent_ms + deadline_ms : r->earliest_ms;
    list_add_last(&r->pending, &c->in_pending);
    r->pending_n++;
    return 0;
}

/* --- losing it, and again --------------------------------------------------------------------------------------------------------------------- */

/* The connection is gone, or is to go: every pending callback is called now, with an error, and cannot send anything new. */
static void redis_lost(void *ctx)
{
    struct redis *r = ctx;
    bool was_away = r->state == REDIS_AWAY;
    redis_link_close(&r->link);
    r->state = REDIS_AWAY;
    calls_end(r);
    if (r->closing) {
        return;
    }
    uint32_t random;
    random_bytes(&random, sizeof random);
    int64_t wait = r->backoff_ms / 2 + (int64_t)(random % (uint32_t)r->backoff_ms);
    r->backoff_ms = r->backoff_ms * 2 > REDIS_BACKOFF_MAX_MS ? REDIS_BACKOFF_MAX_MS : r->backoff_ms * 2;
    loop_timer_start(r->reconnect, wait, 0);
    if (r->changed && !was_away) {
        r->changed(r->ctx, REDIS_AWAY);
    }
}

/* --- replies ---------------------------------------------------------------------------------------------------------------------------------- */

/* What comes to a subscription: a list whose first word says what it is. */
static void pushed(struct redis *r, const struct redis_reply *reply)
{
    struct text kind = redis_reply_text(redis_reply_at(reply, 0));
    if (text_is(kind, "message") && redis_reply_count(reply) == 3) {
        r->message(r->ctx, redis_reply_text(redis_reply_at(reply, 1)), redis_reply_text(redis_reply_at(reply, 2)));
    } else if (text_is(kind, "subscribe") && redis_reply_integer(redis_reply_at(reply, 2)) == (int64_t)r->channels_n) {
        r->message(r->ctx, (struct text){NULL, 0}, (struct text){NULL, 0}); /* from now on nothing is missed */
    } else if (redis_reply_error(reply)) {
        struct text why = redis_reply_text(reply);
        log_event(LOG_WARN, "subscribe", "why=\"%.*s\" next=\"again with the next connection\"", why.n > 200 ? 200 : (int)why.n, why.s ? why.s : "");
        redis_lost(r);
    }
}

static void redis_arrived(void *ctx, const struct redis_reply *reply)
{
    struct redis *r = ctx;
    r->heard_ms = loop_now_ms(r->loop);
    if (!list_is_empty(&r->pending)) { /* a subscription's first commands too: they are answered before it begins */
        call_end(r, LIST_OWNER(r->pending.next, struct call, in_pending), redis_reply_error(reply), reply);
    } else if (r->channels_n > 0) {
        pushed(r, reply);
    } else {
        /* "-ERR max number of clients reached", or no Redis at all. */
        struct text why = redis_reply_text(reply);
        log_event(LOG_WARN, "redis_unasked", "why=\"%.*s\" next=\"connection dropped and made anew\"", why.n > 200 ? 200 : (int)why.n,
                  why.s ? why.s : "");
        redis_lost(r);
    }
}

/* --- connecting ------------------------------------------------------------------------------------------------------------------------------- */

static void greeted(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct redis *r = ctx;
    (void)t;
    (void)reply;
    if (!err) {
        r->backoff_ms = REDIS_BACKOFF_MIN_MS;
    } /* else AUTH or SELECT was refused, or it still loads: the next command says so */
}

static int redis_greet(struct redis *r)
{
    char db[16];
    (void)snprintf(db, sizeof db, "%d", r->address.db);
    struct text auth[3] = {TEXT_LITERAL("AUTH"), text_of(r->address.user[0] ? r->address.user : "default"), text_of(r->address.password)};
    struct text select[2] = {TEXT_LITERAL("SELECT"), text_of(db)}, ping[1] = {TEXT_LITERAL("PING")};
    int err = r->address.password[0] ? redis_command(r, 3, auth, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0}) : 0;
    err = err || r->address.db == 0 ? err : redis_command(r, 2, select, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0});
    err = err ? err : redis_command(r, 1, ping, REDIS_PING_DEADLINE_MS, greeted, r, (struct ticket){0});
    struct text subscribe[REDIS_CHANNELS_MAX + 1] = {TEXT_LITERAL("SUBSCRIBE")};
    for (size_t i = 0; i < r->channels_n; i++) {
        subscribe[i + 1] = text_of(r->channels[i]);
    }
    return err || r->channels_n == 0 ? err : redis_link_add(r->link, r->channels_n + 1, subscribe);
}

static void redis_up(void *ctx)
{
    struct redis *r = ctx;
    r->heard_ms = loop_now_ms(r->loop);
    r->state = REDIS_UP; /* so that the greeting may be sent; told after it, that it goes first */
    if (redis_greet(r)) {
        redis_lost(r);
    } else if (r->changed) {
        r->changed(r->ctx, REDIS_UP);
    }
}

static void redis_connect(void *ctx)
{
    static const struct redis_link_events events = {.up = redis_up, .reply = redis_arrived, .down = redis_lost};
    struct redis *r = ctx;
    CHECK(r->link == NULL);
    r->timed_out = false;
    r->heard_ms = loop_now_ms(r->loop);
    if (redis_link_open(r->loop, &r->address, &events, r, &r->link)) {
        redis_lost(r);
    } else if (r->state != REDIS_CONNECTING) {
        r->state = REDIS_CONNECTING;
        if (r->changed) {
            r->changed(r->ctx, REDIS_CONNECTING);
        }
    }
}

/* --- time ------------------------------------------------------------------------------------------------------------------------------------- */

/* Is a deadline past? Looks at every pending call, and does so only when the earliest that was known is past. */
static bool deadline_is_past(struct redis *r, int64_t now)
{
    if (list_is_empty(&r->pending) || r->earliest_ms > now) {
        return false;
    }
    int64_t earliest = INT64_MAX;
    LIST_FOR(&r->pending, l, next) {
        struct call *c = LIST_OWNER(l, struct call, in_pending);
        int64_t deadline = call_deadline_ms(r, c);
        earliest = deadline < earliest ? deadline : earliest;
    }
    r->earliest_ms = earliest;
    return earliest <= now;
}

static void redis_ticked(void *ctx)
{
    struct redis *r = ctx;
    int64_t now = loop_now_ms(r->loop), silent = now - r->heard_ms;
    struct text ping[1] = {TEXT_LITERAL("PING")};
    if (!r->link) {
        return;
    }
    bool waits = r->state == REDIS_CONNECTING || (r->channels_n > 0 && r->pending_n == 0);
    if (deadline_is_past(r, now) || (waits && silent > REDIS_PING_AFTER_MS + REDIS_PING_DEADLINE_MS)) {
        log_event(LOG_WARN, "redis_silent", "pending=%zu silent_ms=%lld next=\"connection dropped and made anew\"", r->pending_n, (long long)silent);
        r->timed_out = true;
        redis_lost(r);
    } else if (r->state == REDIS_UP && r->pending_n == 0 && silent > REDIS_PING_AFTER_MS && now - r->pinged_ms > REDIS_PING_AFTER_MS) {
        r->pinged_ms = now;
        /* In a subscription the answer is pushed like a message, not one of the pending (RESP2). Refused: the next tick sees it. */
        (void)!(r->channels_n > 0 ? redis_link_add(r->link, 1, ping)
                                  : redis_command(r, 1, ping, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0}));
    }
}

/* --- life ------------------------------------------------------------------------------------------------------------------------------------- */

int redis_open(struct loop *l, const char *url, void (*changed)(void *ctx, enum redis_state s), void *ctx, struct redis **out)
{
    struct redis *r = calloc(1, sizeof *r);
    if (!r) {
        return ERR_MEMORY;
    }
    r->magic = REDIS_MAGIC;
    r->loop = l;
    r->changed = changed;
    r->ctx = ctx;
    r->backoff_ms = REDIS_BACKOFF_MIN_MS;
    r->state = REDIS_CONNECTING;
    list_init(&r->pending);
    int err = redis_address_parse(url, &r->address);
    err = err ? err : loop_timer_new(l, redis_ticked, r, &r->tick);
    err = err ? err : loop_timer_new(l, redis_connect, r, &r->reconnect);
    if (err) {
        redis_close(&r);
        return err;
    }
    loop_timer_start(r->tick, REDIS_TICK_MS, REDIS_TICK_MS);
    loop_timer_start(r->reconnect, 0, 0);
    *out = r;
    return 0;
}

int redis_subscribe(struct loop *l, const char *url, const char *const *channels, size_t n,
                    void (*message)(void *ctx, struct text channel, struct text payload), void *ctx, struct redis **out)
{
    CHECK(n > 0 && n <= REDIS_CHANNELS_MAX);
    struct redis *r;
    int err = redis_open(l, url, NULL, ctx, &r);
    if (err) {
        return err;
    }
    r->message = message;
    for (size_t i = 0; i < n; i++) {
        r->channels[i] = strdup(channels[i]);
        if (!r->channels[i]) {
            redis_close(&r);
            return ERR_MEMORY;
        }
        r->channels_n++;
    }
    *out = r;
    return 0;
}

void redis_close(struct redis **redis)
{
    struct redis *r = *redis;
    if (!r) {
        return;
    }
    MAGIC_CHECK(r, REDIS_MAGIC);
    r->closing = true;
    redis_lost(r);
    CHECK(list_is_empty(&r->pending));
    loop_timer_free(&r->tick);
    loop_timer_free(&r->reconnect);
    while (r->pool) {
        struct call *c = r->pool;
        r->pool = (struct call *)(void *)c->in_pending.next;
        free(c);
    }
    for (size_t i = 0; i < r->channels_n; i++) {
        free(r->channels[i]);
    }
    r->magic = 0;
    free(r);
    *redis = NULL;
}

enum redis_state redis_state_now(const struct redis *r)
{
    return r->state;
}
