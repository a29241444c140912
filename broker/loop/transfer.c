/* curl_multi on libuv (libcurl's own recipe: a socket callback and a timer callback), behind transfer.h. */
#include "loop/transfer.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/check.h"
#include "base/list.h"
#include "base/log.h"

#define TRANSFER_CONNECT_MS 5000
#define TRANSFER_WHY_BYTES 400

struct transfers {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct list running;
    struct loop_idle *idle; /* ends are told after curl's own callbacks */
    bool closing;
};

struct transfer {
    struct list in_running;
    struct transfers *all;
    CURL *easy;
    struct curl_slist *headers, *to;
    struct buf body, answer;
    size_t sent;
    char error[CURL_ERROR_SIZE], last_line[TRANSFER_WHY_BYTES];
    bool is_mail;
    void (*done)(void *ctx, const struct transfer_result *result);
    void *ctx;
};

struct socket { /* one socket of curl's that is watched */
    uv_poll_t uv;
    struct transfers *all;
    curl_socket_t fd;
};

static void transfer_free(struct transfer *t)
{
    list_remove(&t->in_running);
    curl_multi_remove_handle(t->all->multi, t->easy);
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->to);
    buf_done(&t->body);
    buf_done(&t->answer);
    free(t);
}

static int result_error(CURLcode code, const struct transfer *t, long response)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_TOO_LARGE;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return ERR_IO;
    default:
        return t->is_mail && response >= 400 ? ERR_REMOTE : response > 0 ? ERR_REMOTE : ERR_IO;
    }
}

static void transfer_end(struct transfer *t, CURLcode code, int err)
{
    long response = 0, request_bytes = 0;
    curl_off_t uploaded = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &response);
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    const char *why = t->is_mail && t->last_line[0] ? t->last_line : t->error[0] ? t->error : code == CURLE_OK ? "" : curl_easy_strerror(code);
    struct transfer_result r = {.err = err ? err : result_error(code, t, response), .code = response, .answer = buf_text(&t->answer), .why = why,
                                .request_sent = t->is_mail ? t->body.len > 0 && t->sent >= t->body.len : request_bytes > 0};
    /* The callback may start the next transfer: this one is taken out first. */
    list_remove(&t->in_running);
    t->done(t->ctx, &r);
    transfer_free(t);
}

static void transfers_reap(struct transfers *all)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(all->multi, &left))) {
        if (m->msg == CURLMSG_DONE) {
            struct transfer *t;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
            transfer_end(t, code, 0);
        }
    }
}

static void idle_fired(void *ctx)
{
    transfers_reap(ctx);
}

static void timer_fired(void *ctx)
{
    struct transfers *all = ctx;
    int running;
    curl_multi_socket_action(all->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    loop_idle_arm(all->idle);
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
    struct transfers *all = ctx;
    (void)multi;
    if (all->closing || ms < 0) {
        loop_timer_stop(all->timer);
    } else {
        loop_timer_start(all->timer, ms, 0);
    }
    return 0;
}

static void socket_fired(uv_poll_t *uv, int status, int events)
{
    struct socket *s = uv->data;
    struct transfers *all = s->all;
    int running, what = status < 0 ? CURL_CSELECT_ERR : ((events & UV_READABLE) ? CURL_CSELECT_IN : 0) | ((events & UV_WRITABLE) ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(all->multi, s->fd, what, &running);
    loop_idle_arm(all->idle);
}

static void socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_)
{
    struct transfers *all = ctx;
    struct socket *s = socket_;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            uv_poll_stop(&s->uv);
            uv_close((uv_handle_t *)&s->uv, socket_closed);
            curl_multi_assign(all->multi, fd, NULL);
        }
        return 0;
    }
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s || uv_poll_init_socket(loop_uv(all->loop), &s->uv, fd)) {
            free(s);
            return -1;
        }
        s->uv.data = s;
        s->all = all;
        s->fd = fd;
        curl_multi_assign(all->multi, fd, s);
    }
    uv_poll_start(&s->uv, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), socket_fired);
    return 0;
}

int transfers_new(struct loop *l, struct transfers **out)
{
    struct transfers *all = calloc(1, sizeof *all);
    if (!all) {
        return ERR_MEMORY;
    }
    all->loop = l;
    list_init(&all->running);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    all->multi = curl_multi_init();
    if (!all->multi || loop_timer_new(l, timer_fired, all, &all->timer) || loop_idle_new(l, idle_fired, all, &all->idle)) {
        transfers_free(&all);
        return ERR_MEMORY;
    }
    curl_multi_setopt(all->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(all->multi, CURLMOPT_SOCKETDATA, all);
    curl_multi_setopt(all->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(all->multi, CURLMOPT_TIMERDATA, all);
    curl_multi_setopt(all->multi, CURLMOPT_MAXCONNECTS, 64L);
    *out = all;
    return 0;
}

void transfers_free(struct transfers **transfers)
{
    struct transfers *all = *transfers;
    if (!all) {
        return;
    }
    all->closing = true;
    while (!list_is_empty(&all->running)) {
        transfer_end(LIST_OWNER(all->running.next, struct transfer, in_running), CURLE_OK, ERR_CLOSED);
    }
    if (all->multi) {
        curl_multi_cleanup(all->multi);
    }
    loop_timer_free(&all->timer);
    loop_idle_free(&all->idle);
    free(all);
    *transfers = NULL;
}

static size_t on_answer(char *data, size_t one, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    return buf_add(&t->answer, data, one * n) ? 0 : one * n; /* past the cap: curl ends it with CURLE_WRITE_ERROR */
}

/* For SMTP and IMAP these are the server's reply lines; the last one says why. */
static size_t on_line(char *data, size_t one, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t bytes = one * n, keep = bytes < sizeof t->last_line - 1 ? bytes : sizeof t->last_line - 1;
    while (keep > 0 && (data[keep - 1] == '\r' || data[keep - 1] == '\n')) {
        keep--;
    }
    for (size_t i = 0; i < keep; i++) {
        t->last_line[i] = (unsigned char)data[i] < 0x20 || (unsigned char)data[i] > 0x7e ? '?' : data[i];
    }
    t->last_line[keep] = '\0';
    return bytes;
}

static size_t on_body(char *out, size_t one, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    size_t room = one * n, left = t->body.len - t->sent, take = left < room ? left : room;
    if (take > 0) {
        memcpy(out, t->body.data + t->sent, take);
        t->sent += take;
    }
    return take;
}

static int transfer_options(struct transfer *t, const struct transfer_request *r)
{
    CURL *e = t->easy;
    bool smtp = strncmp(r->url, "smtp", 4) == 0, imap = strncmp(r->url, "imap", 4) == 0;
    t->is_mail = smtp;
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_URL, r->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, smtp ? "smtp,smtps" : imap ? "imap,imaps" : "http,https");
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->deadline_ms);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->deadline_ms < TRANSFER_CONNECT_MS ? r->deadline_ms : TRANSFER_CONNECT_MS));
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    if (smtp || imap) {
        curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, smtp ? on_line : NULL);
        curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(e, CURLOPT_USE_SSL, r->tls == TRANSFER_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    }
    if (r->user) {
        curl_easy_setopt(e, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, r->password ? r->password : "");
    }
    if (r->command) {
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->command);
    }
    for (const char *const *h = r->headers; h && *h; h++) {
        struct curl_slist *more = curl_slist_append(t->headers, *h);
        if (!more) {
            return ERR_MEMORY;
        }
        t->headers = more;
    }
    if (t->headers) {
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
    }
    if (smtp) {
        for (const char *const *to = r->mail_to; to && *to; to++) {
            struct curl_slist *more = curl_slist_append(t->to, *to);
            if (!more) {
                return ERR_MEMORY;
            }
            t->to = more;
        }
        curl_easy_setopt(e, CURLOPT_MAIL_FROM, r->mail_from);
        curl_easy_setopt(e, CURLOPT_MAIL_RCPT, t->to);
        curl_easy_setopt(e, CURLOPT_READFUNCTION, on_body);
        curl_easy_setopt(e, CURLOPT_READDATA, t);
        curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
    } else if (r->body.s) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body.data ? t->body.data : "");
    }
    if (!r->keep) {
        curl_easy_setopt(e, CURLOPT_FORBID_REUSE, imap ? 1L : 0L);
    }
    return 0;
}

int transfer_start(struct transfers *all, const struct transfer_request *r, void (*done)(void *ctx, const struct transfer_result *result), void *ctx)
{
    CHECK(r->url && r->deadline_ms > 0 && r->answer_bytes_max > 0);
    if (all->closing) {
        return ERR_CLOSED;
    }
    struct transfer *t = calloc(1, sizeof *t);
    if (!t) {
        return ERR_MEMORY;
    }
    t->all = all;
    t->done = done;
    t->ctx = ctx;
    list_init(&t->in_running);
    buf_init(&t->body, SIZE_MAX / 4);
    buf_init(&t->answer, r->answer_bytes_max);
    t->easy = curl_easy_init();
    int err = t->easy ? 0 : ERR_MEMORY;
    err = err || !r->body.s ? err : buf_add_text(&t->body, r->body);
    err = err ? err : transfer_options(t, r);
    if (!err) {
        list_add_last(&all->running, &t->in_running);
        err = curl_multi_add_handle(all->multi, t->easy) == CURLM_OK ? 0 : ERR_MEMORY;
    }
    if (err) {
        transfer_free(t);
    }
    return err;
}
