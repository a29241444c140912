/* curl_multi on libuv (libcurl's own recipe: a socket callback and a timer callback), behind transfer.h. */
#include "loop/transfer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "loop/transfer_internal.h"

#define TRANSFER_CONNECT_MS 5000

struct transfers {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    struct list running;
    struct loop_idle *idle; /* ends are told after curl's own callbacks */
    struct list held;       /* every socket that libcurl has open, also those it keeps for the next transfer */
    bool closing, telling;
};

struct socket { /* one socket of curl's that is watched */
    uv_poll_t uv;
    struct transfers *all;
    curl_socket_t fd;
};

struct loop *transfers_loop(const struct transfers *all)
{
    return all->loop;
}

/* libcurl says QUIT when it closes a connection of SMTP, and waits for the answer: on the loop's thread, up to 120 s (measured with 7.88.1). A mail
 * server that has fallen silent must not hold up everybody. So the wait after a refusal is a second at most, and at the end, when libcurl closes
 * what it kept, the sockets are shut down before it. */
#define TRANSFER_QUIT_S 1L

struct held {
    struct list in_held;
    curl_socket_t fd;
};

static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfers *all = ctx;
    struct held *h = malloc(sizeof *h);
    (void)purpose;
    if (!h) {
        return CURL_SOCKET_BAD;
    }
    h->fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    list_add_last(&all->held, &h->in_held);
    if (h->fd < 0) {
        list_remove(&h->in_held);
        free(h);
        return CURL_SOCKET_BAD;
    }
    return h->fd;
}

static int on_close(void *ctx, curl_socket_t fd)
{
    struct transfers *all = ctx;
    LIST_FOR(&all->held, l, next) {
        struct held *h = LIST_OWNER(l, struct held, in_held);
        if (h->fd == fd) {
            list_remove(&h->in_held);
            free(h);
        }
    }
    return close(fd);
}

static void transfer_free(struct transfer *t)
{
    list_remove(&t->in_running);
    if (t->easy) {
        curl_multi_remove_handle(t->all->multi, t->easy);
        curl_easy_cleanup(t->easy);
    }
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->to);
    buf_done(&t->body);
    buf_done(&t->answer);
    if (t->secret) {
        explicit_bzero(t->secret, strlen(t->secret));
        free(t->secret);
    }
    free(t);
}

void transfer_drop(struct transfer *t)
{
    transfer_free(t);
}

static int result_error(CURLcode code, long response)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        return ERR_TOO_LARGE;
    case CURLE_LOGIN_DENIED:
        return ERR_SIGN_IN;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return ERR_IO;
    default:
        return response > 0 ? ERR_REMOTE : ERR_IO;
    }
}

/* A server that repeats the password in its answer must not bring it into our log. */
static void hide_secret(char *why, const char *secret)
{
    for (char *at = secret && *secret ? strstr(why, secret) : NULL; at; at = strstr(at, secret)) {
        memset(at, '*', strlen(secret));
        at += strlen(secret);
    }
}

static const char *result_why(struct transfer *t, CURLcode code, int err, long response)
{
    if (err || code == CURLE_OK) {
        return err ? err_text(err) : "";
    }
    bool refused = t->is_smtp ? response >= 400 : code == CURLE_LOGIN_DENIED;
    char *words = t->is_mail && refused && t->last_line[0] ? t->last_line : t->error;
    hide_secret(words, t->secret);
    return words[0] ? words : curl_easy_strerror(code);
}

static void transfer_end(struct transfer *t, CURLcode code, int err)
{
    struct transfers *all = t->all;
    long response = 0, request_bytes = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &response);
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
    response = t->is_smtp ? t->reply : response; /* libcurl's may be of its own QUIT */
    struct transfer_result r = {.err = err ? err : result_error(code, response), .code = response, .answer = buf_text(&t->answer),
                                .why = result_why(t, code, err, response),
                                .request_sent = t->is_smtp ? t->body.len > 0 && t->sent >= t->body.len : request_bytes > 0};
    /* The callback may start the next transfer: this one is taken out first. */
    list_remove(&t->in_running);
    bool stays = t->stays_open && !r.err;
    all->telling = true;
    t->done(t->ctx, &r);
    all->telling = false;
    if (!stays) {
        transfer_free(t);
    }
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
    int running, what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    what = status < 0 ? CURL_CSELECT_ERR : what;
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
    list_init(&all->held);
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
    CHECK(!all->telling);
    all->closing = true;
    while (!list_is_empty(&all->running)) {
        transfer_end(LIST_OWNER(all->running.next, struct transfer, in_running), CURLE_OK, ERR_CLOSED);
    }
    LIST_FOR(&all->held, l, next) {
        (void)shutdown(LIST_OWNER(l, struct held, in_held)->fd, SHUT_RDWR);
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

/* For SMTP and IMAP these are the server's reply lines. The last reply says why; SMTP's may have several lines ("550-…", RFC 5321, section 4.2.1). */
static size_t on_line(char *data, size_t one, size_t n, void *ctx)
{
    struct transfer *t = ctx;
    if (t->is_smtp && one * n >= 3 && memcmp(data, "221", 3) == 0) {
        return one * n; /* the answer to QUIT, which libcurl sends after a refusal too, says nothing about the mail */
    }
    if (t->is_smtp && one * n >= 3 && strspn(data, "0123456789") >= 3) {
        t->reply = (data[0] - '0') * 100 + (data[1] - '0') * 10 + (data[2] - '0');
        if (t->reply >= 400) {
            curl_easy_setopt(t->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, TRANSFER_QUIT_S);
        }
    }
    size_t bytes = one * n, from = t->is_smtp && t->more_lines ? strlen(t->last_line) : 0;
    size_t skip = from > 0 && bytes > 4 ? 4 : 0, room = sizeof t->last_line - 1 - from;
    size_t keep = bytes - skip;
    while (keep > 0 && (data[skip + keep - 1] == '\r' || data[skip + keep - 1] == '\n')) {
        keep--;
    }
    if (from > 0 && room > 0) {
        t->last_line[from++] = ' ';
        room--;
    }
    keep = keep < room ? keep : room;
    for (size_t i = 0; i < keep; i++) {
        char c = data[skip + i];
        t->last_line[from + i] = (unsigned char)c < 0x20 || (unsigned char)c > 0x7e ? '?' : c;
    }
    t->last_line[from + keep] = '\0';
    t->more_lines = bytes > 3 && data[3] == '-';
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

static bool host_is_loopback(const char *url)
{
    CURLU *u = curl_url();
    char *host = NULL;
    bool loopback = false;
    if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        loopback = strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
                   (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
    }
    curl_free(host);
    curl_url_cleanup(u);
    return loopback;
}

/* RFC 5321, section 4.1.2: what could end the path or the line has no place in one. */
static bool envelope_is_safe(const char *address)
{
    for (const char *c = address; *c; c++) {
        if ((unsigned char)*c <= 0x20 || *c == 0x7f || *c == '<' || *c == '>') {
            return false;
        }
    }
    return true;
}

static int list_append(struct curl_slist **list, const char *line)
{
    struct curl_slist *more = curl_slist_append(*list, line);
    *list = more ? more : *list;
    return more ? 0 : ERR_MEMORY;
}

static int options_smtp(struct transfer *t, const struct transfer_request *r)
{
    int err = r->mail_from && envelope_is_safe(r->mail_from) ? 0 : ERR_BAD_INPUT;
    for (const char *const *to = r->mail_to; !err && to && *to; to++) {
        err = envelope_is_safe(*to) ? list_append(&t->to, *to) : ERR_BAD_INPUT;
    }
    curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, r->mail_from);
    curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->to);
    curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
    return err;
}

static int options_http(struct transfer *t, const struct transfer_request *r)
{
    int err = 0;
    if (r->method) {
        curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, r->method);
    }
    for (const char *const *h = r->headers; !err && h && *h; h++) {
        err = list_append(&t->headers, *h);
    }
    if (t->headers) {
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    }
    if (r->body.s) {
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->body.data ? t->body.data : "");
    }
    /* On a kept connection that turns out dead libcurl sends the request once more by itself: the other side may have had it already. */
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, r->repeatable ? 0L : 1L);
    curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, r->repeatable ? 0L : 1L);
    return err;
}

static int transfer_options(struct transfer *t, const struct transfer_request *r)
{
    CURL *e = t->easy;
    bool imap = strncmp(r->url, "imap", 4) == 0, plain = r->tls == TRANSFER_TLS_NONE && host_is_loopback(r->url);
    t->is_smtp = strncmp(r->url, "smtp", 4) == 0;
    t->is_mail = t->is_smtp || imap;
    curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    curl_easy_setopt(e, CURLOPT_URL, r->url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, t->is_smtp ? "smtp,smtps" : imap ? "imap,imaps" : "http,https");
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->deadline_ms);
    /* For mail "connecting" ends with the sign-in, and Dovecot waits up to 15 s before it says that a password is wrong. */
    int64_t connect_ms = t->is_mail || r->deadline_ms < TRANSFER_CONNECT_MS ? r->deadline_ms : TRANSFER_CONNECT_MS;
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t->all);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t->all);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, plain ? 0L : 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, plain ? 0L : 2L);
    if (t->is_mail) {
        curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_line);
        curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
        curl_easy_setopt(e, CURLOPT_USE_SSL, plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    }
    if (t->stays_open) {
        curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
    }
    if (r->user) {
        curl_easy_setopt(e, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(e, CURLOPT_PASSWORD, r->password ? r->password : "");
    }
    return t->is_smtp ? options_smtp(t, r) : t->is_mail ? 0 : options_http(t, r);
}

static int transfer_begin(struct transfers *all, const struct transfer_request *r, bool stays_open,
                          void (*done)(void *, const struct transfer_result *), void *ctx, struct transfer **out)
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
    t->stays_open = stays_open;
    list_init(&t->in_running);
    buf_init(&t->body, SIZE_MAX / 4);
    buf_init(&t->answer, r->answer_bytes_max);
    t->easy = curl_easy_init();
    t->secret = r->password ? strdup(r->password) : NULL;
    int err = t->easy && (t->secret || !r->password) ? 0 : ERR_MEMORY;
    err = err || !r->body.s ? err : buf_add_text(&t->body, r->body);
    err = err ? err : transfer_options(t, r);
    if (!err) {
        list_add_last(&all->running, &t->in_running);
        err = curl_multi_add_handle(all->multi, t->easy) == CURLM_OK ? 0 : ERR_MEMORY;
    }
    if (err) {
        transfer_free(t);
    } else if (out) {
        *out = t;
    }
    return err;
}

int transfer_start(struct transfers *all, const struct transfer_request *r, void (*done)(void *ctx, const struct transfer_result *result), void *ctx)
{
    CHECK(strncmp(r->url, "imap", 4) != 0); /* line.h */
    return transfer_begin(all, r, false, done, ctx, NULL);
}

int transfer_start_open(struct transfers *all, const struct transfer_request *r, void (*done)(void *ctx, const struct transfer_result *result),
                        void *ctx, struct transfer **out)
{
    return transfer_begin(all, r, true, done, ctx, out);
}
