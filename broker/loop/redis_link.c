#include "loop/redis_link.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/log.h"

#define LINK_READ_BYTES 65536
#define LINK_KEEP_BYTES (1u << 20) /* a larger buffer is given back when it is empty */
#define LINK_KEEPALIVE_S 15u

/* It outlives its use: uv_close ends in a later turn, the look-up of a name when it ends.
 *
 *     redis_link_add ── out ──(end of the turn)── the socket
 *                        └── what it does not take at once ── sending ── the socket          meanwhile `out` collects the next */
struct redis_link {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    uv_connect_t connect;
    uv_write_t write;
    uv_getaddrinfo_t look_up;
    int holders; /* the handle, the look-up */
    bool closed, down;
    struct loop *loop;
    const struct redis_address *address;
    struct redis_link_events events;
    void *ctx;
    struct loop_idle *flush;
    struct buf out, sending;
    redisReader *reader;
    char room[LINK_READ_BYTES];
};

static void link_release(struct redis_link *k)
{
    if (--k->holders == 0) {
        buf_done(&k->out);
        buf_done(&k->sending);
        redisReaderFree(k->reader);
        free(k);
    }
}

static void link_closed(uv_handle_t *handle)
{
    link_release(handle->data);
}

void redis_link_close(struct redis_link **link)
{
    struct redis_link *k = *link;
    if (k) {
        k->closed = true;
        loop_idle_free(&k->flush);
        uv_close(&k->uv.handle, link_closed);
        *link = NULL;
    }
}

static void link_down(struct redis_link *k)
{
    if (!k->closed && !k->down) {
        k->down = true;
        k->events.down(k->ctx);
    }
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------------------- */

static void buf_empty(struct buf *b)
{
    if (b->room > LINK_KEEP_BYTES) {
        buf_done(b);
    }
    b->len = 0;
}

static void link_written(uv_write_t *write, int status)
{
    struct redis_link *k = write->data;
    if (k->closed) {
        return;
    }
    buf_empty(&k->sending);
    if (status < 0) {
        link_down(k);
    } else if (k->out.len > 0) {
        loop_idle_arm(k->flush);
    }
}

static void link_flush(void *ctx)
{
    struct redis_link *k = ctx;
    if (k->down || k->out.len == 0 || k->sending.len > 0) {
        return;
    }
    uv_buf_t bytes = {.base = k->out.data, .len = k->out.len};
    int n = uv_try_write(&k->uv.stream, &bytes, 1);
    if (n < 0 && n != UV_EAGAIN) {
        link_down(k);
        return;
    }
    size_t written = n > 0 ? (size_t)n : 0;
    if (written == k->out.len) {
        buf_empty(&k->out);
        return;
    }
    struct buf empty = k->sending;
    k->sending = k->out;
    k->out = empty;
    bytes = (uv_buf_t){.base = k->sending.data + written, .len = k->sending.len - written};
    k->write.data = k;
    if (uv_write(&k->write, &k->uv.stream, &bytes, 1, link_written)) {
        link_down(k);
    }
}

#define HEAD_BYTES_MAX 23 /* a sign, the digits of 2^64, CR LF */

/* "$12\r\n" or "*3\r\n". There is room. */
static char *put_head(char *at, char sign, size_t n)
{
    char digits[24];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *at++ = sign;
    memcpy(at, digits + i, sizeof digits - i);
    at += sizeof digits - i;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

int redis_link_add(struct redis_link *k, size_t argc, const struct text *argv)
{
    size_t most = HEAD_BYTES_MAX;
    for (size_t i = 0; i < argc; i++) {
        most += HEAD_BYTES_MAX + argv[i].n + 2;
    }
    int err = k->out.len + k->sending.len + most > REDIS_OUT_BYTES_MAX ? ERR_FULL : buf_reserve(&k->out, most);
    if (err) {
        return err;
    }
    char *at = put_head(k->out.data + k->out.len, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        at = put_head(at, '$', argv[i].n);
        if (argv[i].n > 0) {
            memcpy(at, argv[i].s, argv[i].n);
        }
        at += argv[i].n;
        *at++ = '\r';
        *at++ = '\n';
    }
    k->out.len = (size_t)(at - k->out.data);
    loop_idle_arm(k->flush);
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------------------- */

static void link_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct redis_link *k = handle->data;
    (void)wanted;
    *out = (uv_buf_t){.base = k->room, .len = sizeof k->room};
}

static void link_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct redis_link *k = stream->data;
    if (k->closed || k->down || n == 0) {
        return;
    }
    if (n < 0 || redisReaderFeed(k->reader, bytes->base, (size_t)n) != REDIS_OK) {
        link_down(k);
        return;
    }
    while (!k->closed && !k->down) {
        void *reply = NULL;
        if (redisReaderGetReply(k->reader, &reply) != REDIS_OK) {
            log_event(LOG_WARN, "redis_reply", "why=\"%s\" next=\"connection dropped and made anew\"", k->reader->errstr);
            link_down(k);
            return;
        }
        if (!reply) {
            return;
        }
        k->events.reply(k->ctx, reply);
        freeReplyObject(reply);
    }
}

/* --- connecting ------------------------------------------------------------------------------------------------------------------------------- */

static void link_connected(uv_connect_t *connect, int status)
{
    struct redis_link *k = connect->data;
    if (k->closed) {
        return;
    }
    if (status < 0 || uv_read_start(&k->uv.stream, link_room, link_read)) {
        link_down(k);
        return;
    }
    if (!k->address->is_unix) {
        (void)uv_tcp_nodelay(&k->uv.tcp, 1); /* slower without */
        (void)uv_tcp_keepalive(&k->uv.tcp, 1, LINK_KEEPALIVE_S); /* the PING finds a dead peer sooner */
    }
    k->events.up(k->ctx);
}

static void link_looked_up(uv_getaddrinfo_t *look_up, int status, struct addrinfo *found)
{
    struct redis_link *k = look_up->data;
    struct addrinfo *a = found;
    while (a && a->ai_family != AF_INET && a->ai_next) {
        a = a->ai_next; /* the IPv4 address when there is one: where Redis listens unless it is told otherwise */
    }
    if (!k->closed && (status < 0 || !a || uv_tcp_connect(&k->connect, &k->uv.tcp, a->ai_addr, link_connected))) {
        link_down(k);
    }
    uv_freeaddrinfo(found);
    link_release(k);
}

static int link_start(struct redis_link *k)
{
    const struct redis_address *a = k->address;
    struct sockaddr_in plain4;
    struct sockaddr_in6 plain6;
    char port[8];
    if (a->is_unix) {
        uv_pipe_connect(&k->connect, &k->uv.pipe, a->host, link_connected);
        return 0;
    }
    bool is4 = uv_ip4_addr(a->host, a->port, &plain4) == 0;
    if (is4 || uv_ip6_addr(a->host, a->port, &plain6) == 0) { /* no thread is needed for that */
        const struct sockaddr *to = is4 ? (const struct sockaddr *)&plain4 : (const struct sockaddr *)&plain6;
        return uv_tcp_connect(&k->connect, &k->uv.tcp, to, link_connected) ? ERR_IO : 0;
    }
    (void)snprintf(port, sizeof port, "%u", (unsigned)a->port & 0xffffu);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (uv_getaddrinfo(loop_uv(k->loop), &k->look_up, link_looked_up, a->host, port, &hints)) {
        return ERR_IO;
    }
    k->holders++;
    return 0;
}

int redis_link_open(struct loop *l, const struct redis_address *address, const struct redis_link_events *events, void *ctx, struct redis_link **out)
{
    struct redis_link *k = calloc(1, sizeof *k);
    if (!k) {
        return ERR_MEMORY;
    }
    k->loop = l;
    k->address = address;
    k->events = *events;
    k->ctx = ctx;
    k->holders = 1;
    k->connect.data = k->look_up.data = k;
    buf_init(&k->out, REDIS_OUT_BYTES_MAX);
    buf_init(&k->sending, REDIS_OUT_BYTES_MAX);
    k->reader = redisReaderCreate();
    int err = k->reader ? loop_idle_new(l, link_flush, k, &k->flush) : ERR_MEMORY;
    err = err ? err : (address->is_unix ? uv_pipe_init(loop_uv(l), &k->uv.pipe, 0) : uv_tcp_init(loop_uv(l), &k->uv.tcp)) ? ERR_IO : 0;
    if (err) {
        loop_idle_free(&k->flush);
        if (k->reader) {
            redisReaderFree(k->reader);
        }
        free(k);
        return err;
    }
    k->uv.handle.data = k;
    err = link_start(k);
    if (err) {
        redis_link_close(&k);
        return err;
    }
    *out = k;
    return 0;
}
