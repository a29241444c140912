/* One connection to Redis: libuv's stream below, hiredis' reader for what comes, our own writing.
 *
 *     redis_command ── out ──(end of the turn, one write)── link ── Redis ── link ── reader ── the oldest of `pending` ── done
 *
 * hiredis' asynchronous half was here before (0.14.1). It had to go: it keeps what is to be written without a bound and moves all of it after each partial
 * write; it aborts on a reply that nobody asked for; it takes no PING in a subscription; and its adapter costs two epoll_ctl a turn. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"
#include "base/list.h"
#include "base/log.h"
#include "loop/redis_internal.h"

#define REDIS_MAGIC 0x4ed154edu
#define REDIS_TICK_MS 200
#define REDIS_PING_AFTER_MS 1000
#define REDIS_PING_DEADLINE_MS 5000
#define REDIS_BACKOFF_MIN_MS 100
#define REDIS_BACKOFF_MAX_MS 2000
#define REDIS_CHANNELS_MAX 8
#define REDIS_POOL_MAX 1024
#define REDIS_READ_BYTES 65536
#define REDIS_OUT_KEEP_BYTES (1u << 20) /* a larger buffer is given back when it is empty */

struct call {
    struct list in_pending;
    redis_done done; /* NULL: nobody waits for it */
    void *ctx;
    struct ticket ticket;
    int64_t deadline_ms;
};

/* One attempt to connect, and what came of it. It outlives its use by a turn (uv_close is asynchronous), and by the end of a look-up of a name. */
struct link {
    struct redis *redis; /* NULL: given up */
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    uv_write_t write;
    uv_getaddrinfo_t look_up;
    int holders;        /* the handle, the look-up */
    struct buf sending; /* on its way; `out` collects the next */
    redisReader *reader;
    char room[REDIS_READ_BYTES];
};

struct redis {
    unsigned magic;
    struct loop *loop;
    struct redis_address address;
    struct link *link; /* NULL: between two attempts */
    enum redis_state state;
    struct list pending;
    size_t pending_n;
    int64_t earliest_ms; /* no pending deadline is before this */
    struct call *pool;
    size_t pool_n;
    struct loop_timer *tick, *reconnect;
    struct loop_idle *flush;
    int64_t backoff_ms, heard_ms, pinged_ms;
    bool closing, timed_out, ending;
    struct buf out; /* not yet written */
    void (*changed)(void *ctx, enum redis_state s);
    void *ctx;
    char *channels[REDIS_CHANNELS_MAX]; /* subscriber only */
    size_t channels_n;
    void (*message)(void *ctx, struct text channel, struct text payload);
};

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
        call_end(r, c, r->closing ? ERR_CLOSED : r->timed_out && c->deadline_ms <= now ? ERR_TIMEOUT : ERR_STORE_AWAY, NULL);
    }
    r->ending = false;
}

static int add_word(struct buf *b, struct text word)
{
    char head[32];
    char *at = head + sizeof head;
    *--at = '\n';
    *--at = '\r';
    size_t n = word.n;
    do {
        *--at = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *--at = '$';
    int err = buf_reserve(b, word.n + sizeof head + 2);
    err = err ? err : buf_add(b, at, (size_t)(head + sizeof head - at));
    err = err ? err : buf_add(b, word.s, word.n);
    return err ? err : buf_add(b, "\r\n", 2);
}

static int command_add(struct redis *r, size_t argc, const struct text *argv)
{
    size_t before = r->out.len;
    int err = buf_addf(&r->out, "*%zu\r\n", argc);
    for (size_t i = 0; !err && i < argc; i++) {
        err = add_word(&r->out, argv[i]);
    }
    err = err ? err : r->out.len + r->link->sending.len > REDIS_OUT_BYTES_MAX ? ERR_FULL : 0;
    if (err) {
        r->out.len = before;
    } else {
        loop_idle_arm(r->flush);
    }
    return err;
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
    int err = c ? command_add(r, argc, argv) : ERR_MEMORY;
    if (err) {
        if (c) {
            call_give(r, c);
        }
        return err;
    }
    *c = (struct call){.done = done, .ctx = ctx, .ticket = t, .deadline_ms = loop_now_ms(r->loop) + deadline_ms};
    r->earliest_ms = r->pending_n == 0 || c->deadline_ms < r->earliest_ms ? c->deadline_ms : r->earliest_ms;
    list_add_last(&r->pending, &c->in_pending);
    r->pending_n++;
    return 0;
}

/* --- the link ------------------------------------------------------------------------------------------------------------------------------------- */

static void link_release(struct link *k)
{
    if (--k->holders == 0) {
        buf_done(&k->sending);
        if (k->reader) {
            redisReaderFree(k->reader);
        }
        free(k);
    }
}

static void link_closed(uv_handle_t *handle)
{
    link_release(handle->data);
}

static void link_give_up(struct link *k)
{
    k->redis = NULL;
    uv_close(&k->uv.handle, link_closed);
}

/* The connection is gone, or is to go: every pending callback is called now, with an error, and cannot send anything new. */
static void redis_lost(struct redis *r)
{
    bool was_away = r->state == REDIS_AWAY;
    if (r->link) {
        link_give_up(r->link);
        r->link = NULL;
    }
    buf_done(&r->out);
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

/* --- writing -------------------------------------------------------------------------------------------------------------------------------------- */

static void link_written(uv_write_t *write, int status)
{
    struct link *k = write->data;
    struct redis *r = k->redis;
    if (!r) {
        return;
    }
    if (k->sending.room > REDIS_OUT_KEEP_BYTES) {
        buf_done(&k->sending);
    }
    k->sending.len = 0;
    if (status < 0) {
        redis_lost(r);
    } else if (r->out.len > 0) {
        loop_idle_arm(r->flush);
    }
}

/* At the end of the turn: what was collected leaves in one write. What the socket does not take at once is libuv's to finish, and no more is given to it before. */
static void redis_flush(void *ctx)
{
    struct redis *r = ctx;
    struct link *k = r->link;
    if (!k || r->out.len == 0 || k->sending.len > 0) {
        return;
    }
    uv_buf_t bytes = {.base = r->out.data, .len = r->out.len};
    int n = uv_try_write(&k->uv.stream, &bytes, 1);
    if (n < 0 && n != UV_EAGAIN) {
        redis_lost(r);
        return;
    }
    size_t written = n > 0 ? (size_t)n : 0;
    if (written == r->out.len) {
        r->out.len = 0;
        if (r->out.room > REDIS_OUT_KEEP_BYTES) {
            buf_done(&r->out);
        }
        return;
    }
    struct buf empty = k->sending;
    k->sending = r->out;
    r->out = empty;
    bytes = (uv_buf_t){.base = k->sending.data + written, .len = k->sending.len - written};
    k->write.data = k;
    if (uv_write(&k->write, &k->uv.stream, &bytes, 1, link_written)) {
        redis_lost(r);
    }
}

/* --- reading -------------------------------------------------------------------------------------------------------------------------------------- */

/* What comes to a subscription: a list whose first word says what it is. */
static void pushed(struct redis *r, const struct redis_reply *reply)
{
    struct text kind = redis_reply_text(redis_reply_at(reply, 0));
    if (text_is(kind, "message") && redis_reply_count(reply) == 3) {
        r->message(r->ctx, redis_reply_text(redis_reply_at(reply, 1)), redis_reply_text(redis_reply_at(reply, 2)));
    } else if (redis_reply_error(reply)) {
        struct text why = redis_reply_text(reply);
        log_event(LOG_WARN, "subscribe", "why=\"%.*s\" next=\"again with the next connection\"", why.n > 200 ? 200 : (int)why.n, why.s ? why.s : "");
        redis_lost(r);
    }
}

static void arrived(struct redis *r, const struct redis_reply *reply)
{
    if (!list_is_empty(&r->pending)) { /* a subscription's first commands too: they are answered before it begins */
        call_end(r, LIST_OWNER(r->pending.next, struct call, in_pending), redis_reply_error(reply), reply);
    } else if (r->channels_n > 0) {
        pushed(r, reply);
    } else {
        /* "-ERR max number of clients reached", or no Redis at all. */
        struct text why = redis_reply_text(reply);
        log_event(LOG_WARN, "redis_unasked", "why=\"%.*s\" next=\"connection dropped and made anew\"", why.n > 200 ? 200 : (int)why.n, why.s ? why.s : "");
        redis_lost(r);
    }
}

static void link_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct link *k = handle->data;
    (void)wanted;
    *out = (uv_buf_t){.base = k->room, .len = sizeof k->room};
}

static void link_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct link *k = stream->data;
    if (!k->redis || n == 0) {
        return;
    }
    if (n < 0 || redisReaderFeed(k->reader, bytes->base, (size_t)n) != REDIS_OK) {
        redis_lost(k->redis);
        return;
    }
    k->redis->heard_ms = loop_now_ms(k->redis->loop);
    while (k->redis) {
        void *reply = NULL;
        if (redisReaderGetReply(k->reader, &reply) != REDIS_OK) {
            log_event(LOG_WARN, "redis_reply", "why=\"%s\" next=\"connection dropped and made anew\"", k->reader->errstr);
            redis_lost(k->redis);
            return;
        }
        if (!reply) {
            return;
        }
        arrived(k->redis, reply);
        freeReplyObject(reply);
    }
}

/* --- connecting -------------------------------------------------------------------------------------------------------------------------------- */

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
    return err || r->channels_n == 0 ? err : command_add(r, r->channels_n + 1, subscribe);
}

static void link_connected(uv_connect_t *connect, int status)
{
    struct link *k = connect->data;
    struct redis *r = k->redis;
    if (!r) {
        return;
    }
    if (status < 0 || uv_read_start(&k->uv.stream, link_room, link_read)) {
        redis_lost(r);
        return;
    }
    if (!r->address.is_unix) {
        (void)uv_tcp_nodelay(&k->uv.tcp, 1);        /* slower without */
        (void)uv_tcp_keepalive(&k->uv.tcp, 1, 15u); /* the PING finds a dead peer sooner */
    }
    r->heard_ms = loop_now_ms(r->loop);
    r->state = REDIS_UP; /* so that the greeting may be sent; told after it, that it goes first */
    if (redis_greet(r)) {
        redis_lost(r);
    } else if (r->changed) {
        r->changed(r->ctx, REDIS_UP);
    }
}

static void link_looked_up(uv_getaddrinfo_t *look_up, int status, struct addrinfo *found)
{
    struct link *k = look_up->data;
    struct addrinfo *a = found;
    while (a && a->ai_family != AF_INET && a->ai_next) {
        a = a->ai_next; /* the IPv4 address when there is one: where Redis listens unless it is told otherwise */
    }
    k->connect.data = k;
    if (k->redis && (status < 0 || !a || uv_tcp_connect(&k->connect, &k->uv.tcp, a->ai_addr, link_connected))) {
        redis_lost(k->redis);
    }
    uv_freeaddrinfo(found);
    link_release(k);
}

static int link_start(struct redis *r, struct link *k)
{
    const struct redis_address *a = &r->address;
    char port[8];
    k->connect.data = k->look_up.data = k;
    if (a->is_unix) {
        uv_pipe_connect(&k->connect, &k->uv.pipe, a->host, link_connected);
        return 0;
    }
    struct sockaddr_in plain4;
    struct sockaddr_in6 plain6;
    bool is4 = uv_ip4_addr(a->host, a->port, &plain4) == 0;
    if (is4 || uv_ip6_addr(a->host, a->port, &plain6) == 0) { /* no thread is needed for that */
        const struct sockaddr *to = is4 ? (const struct sockaddr *)&plain4 : (const struct sockaddr *)&plain6;
        return uv_tcp_connect(&k->connect, &k->uv.tcp, to, link_connected) ? ERR_IO : 0;
    }
    (void)snprintf(port, sizeof port, "%u", (unsigned)a->port & 0xffffu);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (uv_getaddrinfo(loop_uv(r->loop), &k->look_up, link_looked_up, a->host, port, &hints)) {
        return ERR_IO;
    }
    k->holders++;
    return 0;
}

static void redis_connect(void *ctx)
{
    struct redis *r = ctx;
    CHECK(r->link == NULL);
    struct link *k = calloc(1, sizeof *k);
    redisReader *reader = redisReaderCreate();
    if (!k || !reader || (r->address.is_unix ? uv_pipe_init(loop_uv(r->loop), &k->uv.pipe, 0) : uv_tcp_init(loop_uv(r->loop), &k->uv.tcp))) {
        if (reader) {
            redisReaderFree(reader);
        }
        free(k);
        redis_lost(r);
        return;
    }
    k->redis = r;
    k->uv.handle.data = k;
    k->holders = 1;
    k->reader = reader;
    buf_init(&k->sending, REDIS_OUT_BYTES_MAX);
    buf_init(&r->out, REDIS_OUT_BYTES_MAX);
    r->link = k;
    r->timed_out = false;
    r->heard_ms = loop_now_ms(r->loop);
    if (r->state != REDIS_CONNECTING) {
        r->state = REDIS_CONNECTING;
        if (r->changed) {
            r->changed(r->ctx, REDIS_CONNECTING);
        }
    }
    if (link_start(r, k)) {
        redis_lost(r);
    }
}

/* --- time ----------------------------------------------------------------------------------------------------------------------------------------- */

/* Is a deadline past? Looks at every pending call, and does so only when the earliest that was known is past. */
static bool deadline_is_past(struct redis *r, int64_t now)
{
    if (list_is_empty(&r->pending) || r->earliest_ms > now) {
        return false;
    }
    int64_t earliest = INT64_MAX;
    LIST_FOR(&r->pending, l, next) {
        struct call *c = LIST_OWNER(l, struct call, in_pending);
        earliest = c->deadline_ms < earliest ? c->deadline_ms : earliest;
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
        (void)!(r->channels_n > 0 ? command_add(r, 1, ping) : redis_command(r, 1, ping, REDIS_PING_DEADLINE_MS, NULL, r, (struct ticket){0}));
    }
}

/* --- life ----------------------------------------------------------------------------------------------------------------------------------------- */

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
    err = err ? err : loop_idle_new(l, redis_flush, r, &r->flush);
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
    loop_idle_free(&r->flush);
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
