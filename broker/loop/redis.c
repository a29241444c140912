/* hiredis 0.14 on libuv. Its stock adapter returns silently on an error status, so that a refused connect or a killed server never calls back; this one hands every
 * event to hiredis, which then sees the error itself. Deadlines are ours: replies come in order, so only the oldest pending command is looked at. */
#include "loop/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"
#include "base/list.h"
#include "base/log.h"

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
    struct redis *redis;
    redis_done done;
    void *ctx;
    struct ticket ticket;
    int64_t deadline_ms;
};

struct address {
    char host[108 + 1];
    int port, db;
    bool is_unix;
    char user[64], password[256];
};

/* The poll handle outlives the context by a turn (uv_close is asynchronous), so it is an allocation of its own. */
struct poll {
    uv_poll_t uv;
    struct redisAsyncContext *context; /* NULL once cleaned up */
    int events;
};

struct redis {
    unsigned magic;
    struct loop *loop;
    struct address address;
    redisAsyncContext *context; /* NULL: not connected or connecting */
    enum redis_state state;
    struct list pending;
    size_t pending_n;
    struct call *pool;
    size_t pool_n;
    struct loop_timer *tick, *reconnect;
    int64_t backoff_ms, heard_ms;
    bool closing, dropping, timed_out;
    struct buf out;
    void (*changed)(void *ctx, enum redis_state s);
    void *ctx;
    char *channels[REDIS_CHANNELS_MAX]; /* subscriber only */
    size_t channels_n;
    void (*message)(void *ctx, struct text channel, struct text payload);
};

/* --- replies --------------------------------------------------------------------------------------------------------------------------------- */

static const redisReply *reply_of(const struct redis_reply *r)
{
    return (const redisReply *)(const void *)r;
}

enum redis_type redis_reply_type(const struct redis_reply *r)
{
    if (!r) {
        return REDIS_NIL;
    }
    switch (reply_of(r)->type) {
    case REDIS_REPLY_STRING: return REDIS_TEXT;
    case REDIS_REPLY_ARRAY: return REDIS_LIST;
    case REDIS_REPLY_INTEGER: return REDIS_INTEGER;
    case REDIS_REPLY_STATUS: return REDIS_STATUS;
    case REDIS_REPLY_ERROR: return REDIS_FAULT;
    default: return REDIS_NIL;
    }
}

struct text redis_reply_text(const struct redis_reply *r)
{
    if (!r || (reply_of(r)->type != REDIS_REPLY_STRING && reply_of(r)->type != REDIS_REPLY_STATUS && reply_of(r)->type != REDIS_REPLY_ERROR)) {
        return (struct text){NULL, 0};
    }
    return (struct text){reply_of(r)->str, (size_t)reply_of(r)->len};
}

int64_t redis_reply_integer(const struct redis_reply *r)
{
    uint64_t value;
    if (!r) {
        return 0;
    }
    if (reply_of(r)->type == REDIS_REPLY_INTEGER) {
        return reply_of(r)->integer;
    }
    return text_to_u64(redis_reply_text(r), &value) == 0 && value <= INT64_MAX ? (int64_t)value : 0;
}

size_t redis_reply_count(const struct redis_reply *r)
{
    return r && reply_of(r)->type == REDIS_REPLY_ARRAY ? reply_of(r)->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i)
{
    return i < redis_reply_count(r) ? (const struct redis_reply *)(const void *)reply_of(r)->element[i] : NULL;
}

static int reply_error(const redisReply *r)
{
    static const char *const refused[] = {"OOM", "MISCONF", "READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "NOPERM", "BUSY", "NOREPLICAS", "CLUSTERDOWN"};
    if (r->type != REDIS_REPLY_ERROR) {
        return 0;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strncmp(r->str, refused[i], strlen(refused[i])) == 0) {
            return ERR_STORE_REFUSED;
        }
    }
    /* A function that was refused in the middle tells in its own words: "... script: loket_append ... -OOM command not allowed" */
    return strstr(r->str, "-OOM") || strstr(r->str, "-MISCONF") || strstr(r->str, "-READONLY") ? ERR_STORE_REFUSED : ERR_STORE_REPLY;
}

/* --- the binding to libuv --------------------------------------------------------------------------------------------------------------------- */

static void poll_fired(uv_poll_t *uv, int status, int events)
{
    struct poll *p = uv->data;
    /* On an error status both halves are called: hiredis reads or writes, sees the error, and ends every pending callback. */
    if (p->context && (status < 0 || (events & UV_READABLE))) {
        redisAsyncHandleRead(p->context);
    }
    if (p->context && (status < 0 || (events & UV_WRITABLE))) {
        redisAsyncHandleWrite(p->context);
    }
}

static void poll_set(struct poll *p, int events)
{
    p->events = events;
    if (events == 0) {
        uv_poll_stop(&p->uv);
    } else {
        uv_poll_start(&p->uv, events, poll_fired);
    }
}

static void add_read(void *data)
{
    struct poll *p = data;
    poll_set(p, p->events | UV_READABLE);
}

static void del_read(void *data)
{
    struct poll *p = data;
    poll_set(p, p->events & ~UV_READABLE);
}

static void add_write(void *data)
{
    struct poll *p = data;
    if (!(p->events & UV_WRITABLE)) {
        poll_set(p, p->events | UV_WRITABLE);
    }
}

static void del_write(void *data)
{
    struct poll *p = data;
    if (p->events & UV_WRITABLE) {
        poll_set(p, p->events & ~UV_WRITABLE);
    }
}

static void poll_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void cleanup(void *data)
{
    struct poll *p = data;
    p->context = NULL;
    uv_close((uv_handle_t *)&p->uv, poll_closed);
}

static int poll_attach(struct redis *r)
{
    struct poll *p = calloc(1, sizeof *p);
    if (!p || uv_poll_init(loop_uv(r->loop), &p->uv, r->context->c.fd)) {
        free(p);
        return ERR_MEMORY;
    }
    p->uv.data = p;
    p->context = r->context;
    r->context->ev.data = p;
    r->context->ev.addRead = add_read;
    r->context->ev.delRead = del_read;
    r->context->ev.addWrite = add_write;
    r->context->ev.delWrite = del_write;
    r->context->ev.cleanup = cleanup;
    return 0;
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

static void call_done(redisAsyncContext *context, void *reply_, void *data)
{
    struct call *c = data;
    struct redis *r = c->redis;
    redisReply *reply = reply_;
    (void)context;
    int err = reply ? reply_error(reply) : r->closing ? ERR_CLOSED : r->timed_out && c->deadline_ms <= loop_now_ms(r->loop) ? ERR_TIMEOUT : ERR_STORE_AWAY;
    r->heard_ms = reply ? loop_now_ms(r->loop) : r->heard_ms;
    list_remove(&c->in_pending);
    r->pending_n--;
    redis_done done = c->done;
    void *ctx = c->ctx;
    struct ticket ticket = c->ticket;
    call_give(r, c);
    if (done) {
        done(ctx, &ticket, err, (const struct redis_reply *)(const void *)reply);
    }
}

static int call_write(struct redis *r, size_t argc, const struct text *argv)
{
    buf_clear(&r->out);
    int err = buf_addf(&r->out, "*%zu\r\n", argc);
    for (size_t i = 0; !err && i < argc; i++) {
        char head[32];
        char *at = head + sizeof head;
        *--at = '\n';
        *--at = '\r';
        size_t n = argv[i].n;
        do {
            *--at = (char)('0' + n % 10);
            n /= 10;
        } while (n > 0);
        *--at = '$';
        err = buf_reserve(&r->out, argv[i].n + 40);
        err = err ? err : buf_add(&r->out, at, (size_t)(head + sizeof head - at));
        err = err ? err : buf_add(&r->out, argv[i].s, argv[i].n);
        err = err ? err : buf_add(&r->out, "\r\n", 2);
    }
    return err;
}

int redis_command(struct redis *r, size_t argc, const struct text *argv, int64_t deadline_ms, redis_done done, void *ctx, struct ticket t)
{
    MAGIC_CHECK(r, REDIS_MAGIC);
    if (!r->context || r->state != REDIS_UP || r->dropping) {
        return ERR_STORE_AWAY;
    }
    if (r->pending_n >= REDIS_PENDING_MAX) {
        return ERR_FULL;
    }
    int err = call_write(r, argc, argv);
    if (err) {
        return err;
    }
    struct call *c = call_take(r);
    if (!c) {
        return ERR_MEMORY;
    }
    *c = (struct call){.redis = r, .done = done, .ctx = ctx, .ticket = t, .deadline_ms = loop_now_ms(r->loop) + deadline_ms};
    list_add_last(&r->pending, &c->in_pending);
    r->pending_n++;
    if (redisAsyncFormattedCommand(r->context, call_done, c, r->out.data, r->out.len) != REDIS_OK) {
        list_remove(&c->in_pending);
        r->pending_n--;
        call_give(r, c);
        return ERR_STORE_AWAY;
    }
    return 0;
}

/* --- connecting -------------------------------------------------------------------------------------------------------------------------------- */

static void redis_state_set(struct redis *r, enum redis_state s)
{
    if (r->state != s) {
        r->state = s;
        if (r->changed && !r->closing) {
            r->changed(r->ctx, s);
        }
    }
}

static void redis_again(struct redis *r)
{
    if (r->closing) {
        return;
    }
    uint32_t random;
    random_bytes(&random, sizeof random);
    int64_t wait = r->backoff_ms / 2 + (int64_t)(random % (uint32_t)r->backoff_ms);
    r->backoff_ms = r->backoff_ms * 2 > REDIS_BACKOFF_MAX_MS ? REDIS_BACKOFF_MAX_MS : r->backoff_ms * 2;
    loop_timer_start(r->reconnect, wait, 0);
}

/* The context is gone (hiredis frees it after this returns); every pending callback has been called or will be before it is freed. */
static void redis_lost(struct redis *r)
{
    r->context = NULL;
    r->dropping = false;
    redis_state_set(r, REDIS_AWAY);
    redis_again(r);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;
    (void)status;
    if (r && r->context == context) {
        redis_lost(r);
    }
}

static void on_message(redisAsyncContext *context, void *reply_, void *data)
{
    struct redis *r = data;
    redisReply *reply = reply_;
    (void)context;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && reply->element[0]->type == REDIS_REPLY_STRING &&
        strcmp(reply->element[0]->str, "message") == 0 && reply->element[2]->type == REDIS_REPLY_STRING) {
        r->message(r->ctx, (struct text){reply->element[1]->str, (size_t)reply->element[1]->len},
                   (struct text){reply->element[2]->str, (size_t)reply->element[2]->len});
    }
}

static void on_greeting(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct redis *r = ctx;
    (void)t;
    (void)reply;
    if (err) {
        return; /* AUTH or SELECT refused: the next command says so */
    }
    r->backoff_ms = REDIS_BACKOFF_MIN_MS;
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;
    if (!r || r->context != context) {
        return;
    }
    if (status != REDIS_OK) {
        redis_lost(r); /* hiredis frees the context after this */
        return;
    }
    r->state = REDIS_UP; /* so that the greeting may be sent; told below */
    r->heard_ms = loop_now_ms(r->loop);
    char db[16];
    (void)snprintf(db, sizeof db, "%d", r->address.db);
    struct text auth[3] = {TEXT_LITERAL("AUTH"), text_of(r->address.user[0] ? r->address.user : "default"), text_of(r->address.password)};
    struct text select[2] = {TEXT_LITERAL("SELECT"), text_of(db)}, ping[1] = {TEXT_LITERAL("PING")};
    if (r->address.password[0]) {
        (void)!redis_command(r, 3, auth, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0}); /* refused: PING says so */
    }
    if (r->address.db > 0) {
        (void)!redis_command(r, 2, select, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0});
    }
    (void)!redis_command(r, 1, ping, REDIS_PING_DEADLINE_MS, on_greeting, r, (struct ticket){0});
    for (size_t i = 0; i < r->channels_n; i++) {
        if (redisAsyncCommand(r->context, on_message, r, "SUBSCRIBE %s", r->channels[i]) != REDIS_OK) {
            log_event(LOG_WARN, "subscribe", "next=\"again at the next connect\"");
        }
    }
    if (r->changed && !r->closing) {
        r->changed(r->ctx, REDIS_UP);
    }
}

static void redis_connect(void *ctx)
{
    struct redis *r = ctx;
    CHECK(r->context == NULL);
    r->state = REDIS_CONNECTING;
    r->timed_out = false;
    redisAsyncContext *c = r->address.is_unix ? redisAsyncConnectUnix(r->address.host) : redisAsyncConnect(r->address.host, r->address.port);
    if (!c || c->err) {
        if (c) {
            redisAsyncFree(c);
        }
        redis_state_set(r, REDIS_AWAY);
        redis_again(r);
        return;
    }
    r->context = c;
    c->data = r;
    r->heard_ms = loop_now_ms(r->loop);
    if (poll_attach(r)) {
        r->context = NULL;
        redisAsyncFree(c);
        redis_again(r);
        return;
    }
    redisAsyncSetDisconnectCallback(c, on_disconnect);
    redisAsyncSetConnectCallback(c, on_connect);
}

/* Close what is stuck: every pending callback is called now, with an error. */
static void redis_drop(struct redis *r)
{
    redisAsyncContext *c = r->context;
    if (!c) {
        return;
    }
    r->dropping = true;
    bool connected = (c->c.flags & REDIS_CONNECTED) != 0;
    redisAsyncFree(c);
    if (r->context == c || !connected) {
        redis_lost(r); /* hiredis calls on_disconnect only for a context that was connected */
    }
}

static void redis_ticked(void *ctx)
{
    struct redis *r = ctx;
    int64_t now = loop_now_ms(r->loop);
    if (!r->context || r->dropping) {
        return;
    }
    if (!list_is_empty(&r->pending)) {
        struct call *oldest = LIST_OWNER(r->pending.next, struct call, in_pending);
        if (oldest->deadline_ms <= now) {
            log_event(LOG_WARN, "redis_silent", "pending=%zu next=\"connection dropped and made anew\"", r->pending_n);
            r->timed_out = true;
            redis_drop(r);
        }
    } else if (r->state == REDIS_CONNECTING && now - r->heard_ms > REDIS_PING_DEADLINE_MS) {
        redis_drop(r);
    } else if (r->state == REDIS_UP && r->channels_n == 0 && now - r->heard_ms > REDIS_PING_AFTER_MS) {
        struct text ping[1] = {TEXT_LITERAL("PING")};
        (void)!redis_command(r, 1, ping, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0}); /* refused: the tick sees it */
    }
}

/* redis://[user:password@]host[:port][/db] or unix:///path[?db=n] */
static int address_parse(const char *url, struct address *out)
{
    struct address a = {.port = 6379};
    uint64_t number = 0;
    if (strncmp(url, "unix://", 7) == 0) {
        const char *path = url + 7, *query = strchr(path, '?');
        a.is_unix = true;
        int err = text_copy(query ? (struct text){path, (size_t)(query - path)} : text_of(path), a.host, sizeof a.host);
        if (!err && query && strncmp(query, "?db=", 4) == 0) {
            err = text_to_u64(text_of(query + 4), &number);
        }
        a.db = (int)(number & 0xffff);
        *out = a;
        return err || a.host[0] != '/' ? ERR_BAD_CONFIG : 0;
    }
    if (strncmp(url, "redis://", 8) != 0) {
        return ERR_BAD_CONFIG;
    }
    const char *at = strrchr(url, '@'), *host = at ? at + 1 : url + 8;
    if (at) {
        const char *colon = memchr(url + 8, ':', (size_t)(at - url - 8));
        if (!colon || text_copy((struct text){url + 8, (size_t)(colon - url - 8)}, a.user, sizeof a.user) ||
            text_copy((struct text){colon + 1, (size_t)(at - colon - 1)}, a.password, sizeof a.password)) {
            return ERR_BAD_CONFIG;
        }
    }
    size_t n = strcspn(host, ":/");
    if (n == 0 || text_copy((struct text){host, n}, a.host, sizeof a.host)) {
        return ERR_BAD_CONFIG;
    }
    host += n;
    if (*host == ':') {
        n = strcspn(++host, "/");
        if (text_to_u64((struct text){host, n}, &number) || number > 65535) {
            return ERR_BAD_CONFIG;
        }
        a.port = (int)number;
        host += n;
    }
    if (*host == '/' && host[1] != '\0') {
        if (text_to_u64(text_of(host + 1), &number) || number > 1000) {
            return ERR_BAD_CONFIG;
        }
        a.db = (int)number;
    }
    *out = a;
    return 0;
}

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
    buf_init(&r->out, REDIS_OUT_BYTES_MAX);
    int err = address_parse(url, &r->address);
    err = err ? err : loop_timer_new(l, redis_ticked, r, &r->tick);
    err = err ? err : loop_timer_new(l, redis_connect, r, &r->reconnect);
    if (err) {
        loop_timer_free(&r->tick);
        free(r);
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
    CHECK(n <= REDIS_CHANNELS_MAX);
    int err = redis_open(l, url, NULL, ctx, out);
    if (err) {
        return err;
    }
    (*out)->message = message;
    for (size_t i = 0; i < n; i++) {
        (*out)->channels[i] = strdup(channels[i]);
        (*out)->channels_n += (*out)->channels[i] != NULL;
    }
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
    redis_drop(r);
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
    buf_done(&r->out);
    free(r);
    *redis = NULL;
}

enum redis_state redis_state_now(const struct redis *r)
{
    return r->state;
}
