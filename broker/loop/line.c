#include "loop/line.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/check.h"
#include "loop/transfer_internal.h"

#define LINE_MAGIC 0x11e11e11u
#define LINE_READ_BYTES 16384
#define LINE_READS_MAX 64 /* 1 MB a turn, then the others have theirs */

struct line {
    unsigned magic;
    /* A curl_multi of its own: in a shared one, libcurl drops an idle connection of more than 118 s (CURLOPT_MAXAGE_CONN) when another
     * transfer looks for one, and does not know that this one is in use. */
    struct transfers *own;
    struct transfer *transfer; /* NULL once it ended with an error */
    struct line_events events;
    void *ctx;
    uv_poll_t *poll; /* NULL until up; an allocation of its own, closed asynchronously */
    struct loop_idle *later;
    struct buf out;
    int err; /* to be told by @later: what ended the line */
    const char *why;
    bool up, down, closed;
};

static void poll_closed(uv_handle_t *handle)
{
    free(handle);
}

static void line_end(struct line *l, int err, const char *why)
{
    if (!l->err && !l->down) {
        l->err = err;
        l->why = why;
        loop_idle_arm(l->later);
    }
    if (l->poll) {
        uv_poll_stop(l->poll);
    }
}

static void line_fired(uv_poll_t *uv, int status, int events);

static void line_watch(struct line *l)
{
    uv_poll_start(l->poll, UV_READABLE | (l->out.len > 0 ? UV_WRITABLE : 0), line_fired);
}

static void line_write(struct line *l)
{
    while (l->out.len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(l->transfer->easy, l->out.data, l->out.len, &n);
        if (code == CURLE_AGAIN) {
            break;
        }
        if (code != CURLE_OK) {
            line_end(l, ERR_IO, curl_easy_strerror(code));
            return;
        }
        buf_eat(&l->out, n);
    }
    line_watch(l);
}

static void line_read(struct line *l)
{
    char bytes[LINE_READ_BYTES];
    for (int i = 0; i < LINE_READS_MAX; i++) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(l->transfer->easy, bytes, sizeof bytes, &n);
        if (code == CURLE_AGAIN) {
            return;
        }
        if (code != CURLE_OK || n == 0) {
            line_end(l, code == CURLE_OK ? ERR_CLOSED : ERR_IO, code == CURLE_OK ? "the other side closed the connection" : curl_easy_strerror(code));
            return;
        }
        l->events.bytes(l->ctx, (struct text){bytes, n});
        if (l->closed || l->err) {
            return;
        }
    }
    loop_idle_arm(l->later); /* TLS may hold more that no poll tells of */
}

static void line_fired(uv_poll_t *uv, int status, int events)
{
    struct line *l = uv->data;
    MAGIC_CHECK(l, LINE_MAGIC);
    if (status < 0) {
        line_end(l, ERR_IO, uv_strerror(status));
        return;
    }
    if (events & UV_WRITABLE) {
        line_write(l);
    }
    if (!l->err && (events & UV_READABLE)) {
        line_read(l);
    }
}

static void line_free(struct line *l)
{
    if (l->poll) {
        uv_close((uv_handle_t *)l->poll, poll_closed);
    }
    if (l->transfer) {
        transfer_drop(l->transfer);
    }
    transfers_free(&l->own);
    loop_idle_free(&l->later);
    buf_done(&l->out);
    free(l);
}

static void line_later(void *ctx)
{
    struct line *l = ctx;
    MAGIC_CHECK(l, LINE_MAGIC);
    if (l->closed) {
        line_free(l);
    } else if (l->err && !l->down) {
        l->down = true;
        l->up = false;
        l->events.down(l->ctx, l->err, l->why);
    } else if (l->up && !l->err) {
        line_read(l);
    }
}

static void line_opened(void *ctx, const struct transfer_result *r)
{
    struct line *l = ctx;
    MAGIC_CHECK(l, LINE_MAGIC);
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (r->err) {
        l->transfer = NULL;
        if (!l->closed) {
            l->down = true;
            l->events.down(l->ctx, r->err, r->why);
        }
        return;
    }
    curl_easy_getinfo(l->transfer->easy, CURLINFO_ACTIVESOCKET, &fd);
    l->poll = fd == CURL_SOCKET_BAD ? NULL : calloc(1, sizeof *l->poll);
    if (!l->poll || uv_poll_init_socket(loop_uv(transfers_loop(l->own)), l->poll, fd)) {
        free(l->poll);
        l->poll = NULL;
        line_end(l, ERR_IO, "the socket cannot be watched");
        return;
    }
    l->poll->data = l;
    l->up = true;
    line_watch(l);
    l->events.up(l->ctx);
}

int line_open(struct transfers *t, const struct transfer_request *r, const struct line_events *events, void *ctx, struct line **out)
{
    struct line *l = calloc(1, sizeof *l);
    if (!l) {
        return ERR_MEMORY;
    }
    l->magic = LINE_MAGIC;
    l->events = *events;
    l->ctx = ctx;
    buf_init(&l->out, LINE_OUT_BYTES_MAX);
    struct transfer_request open = *r;
    open.answer_bytes_max = 1;
    int err = loop_idle_new(transfers_loop(t), line_later, l, &l->later);
    err = err ? err : transfers_new(transfers_loop(t), &l->own);
    err = err ? err : transfer_start_open(l->own, &open, line_opened, l, &l->transfer);
    if (err) {
        line_free(l);
        return err;
    }
    *out = l;
    return 0;
}

int line_send(struct line *l, struct text bytes)
{
    MAGIC_CHECK(l, LINE_MAGIC);
    if (!l->up || l->err || l->closed) {
        return ERR_CLOSED;
    }
    int err = buf_add_text(&l->out, bytes);
    if (!err) {
        line_watch(l); /* writes when the socket says so, soon and not from within the caller */
    }
    return err;
}

void line_close(struct line **line)
{
    struct line *l = *line;
    if (l) {
        MAGIC_CHECK(l, LINE_MAGIC);
        l->closed = true;
        l->up = false;
        if (l->poll) {
            uv_poll_stop(l->poll);
        }
        loop_idle_arm(l->later); /* it may be on the stack: freed at the end of the turn */
        *line = NULL;
    }
}
