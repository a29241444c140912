/* HTTP answers: composed whole, sent in pieces as the client takes them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "edge/edge_internal.h"

#define CONTENT_POLICY \
    "default-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
/* Files that came from residents: whatever they are, they run nothing and belong to no origin. */
#define CONTENT_POLICY_FILE "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
enum { HEADERS_MAX = 8, HEAD_BYTES_MAX = 8192, FILE_CHUNK_BYTES = 32768 };

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "OK"},        {201, "Created"},       {202, "Accepted"},   {204, "No Content"},         {302, "Found"},
                 {303, "See Other"}, {304, "Not Modified"},  {400, "Bad Request"}, {401, "Unauthorized"},      {403, "Forbidden"},
                 {404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"}, {411, "Length Required"},
                 {412, "Precondition Failed"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"},
                 {429, "Too Many Requests"}, {500, "Internal Server Error"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].status == status) {
            return texts[i].text;
        }
    }
    return "Status";
}

static bool header_is_fit(const char *value)
{
    for (; *value; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7f) {
            return false; /* a line end would begin another header */
        }
    }
    return true;
}

static int head_make(struct buf *out, const struct edge *e, int status, const char *type, uint64_t bytes, const char *const *headers,
                     bool sandbox, bool hang_up)
{
    char date[64];
    struct tm utc;
    time_t now_s = (time_t)(loop_wall_ms(e->loop) / 1000);
    size_t date_bytes = strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now_s, &utc)); /* RFC 9110, section 5.6.7 */
    int err = buf_addf(out,
                       "HTTP/1.1 %d %s\r\nDate: %.*s\r\nContent-Security-Policy: %s\r\nX-Content-Type-Options: nosniff\r\n"
                       "Referrer-Policy: no-referrer\r\nCross-Origin-Opener-Policy: same-origin\r\n%s%s",
                       status, status_text(status), (int)date_bytes, date, sandbox ? CONTENT_POLICY_FILE : CONTENT_POLICY,
                       e->tls ? "Strict-Transport-Security: max-age=31536000\r\n" : "", hang_up ? "Connection: close\r\n" : "");
    if (!err && status != 204 && status != 304) {
        err = buf_addf(out, "Content-Length: %" PRIu64 "\r\nContent-Type: %s\r\n", bytes, type);
    }
    bool cache = false;
    for (size_t i = 0; !err && headers && headers[i]; i += 2) {
        if (i >= 2 * HEADERS_MAX || !headers[i + 1] || !header_is_fit(headers[i]) || !header_is_fit(headers[i + 1])) {
            return ERR_BAD_FIELD;
        }
        cache = cache || strcmp(headers[i], "Cache-Control") == 0;
        err = buf_addf(out, "%s: %s\r\n", headers[i], headers[i + 1]);
    }
    return err ? err : buf_add_z(out, cache ? "\r\n" : "Cache-Control: no-store\r\n\r\n");
}

int answer_start(struct request *r, int status, const char *type, const char *const *headers, struct text body, int fd, uint64_t fd_bytes,
                 bool sandbox)
{
    CHECK(r->state != REQUEST_ANSWERING);
    if (!header_is_fit(type)) {
        return ERR_BAD_FIELD;
    }
    r->out.cap = HEAD_BYTES_MAX + body.n;
    int err = head_make(&r->out, r->door.edge, status, type, fd >= 0 ? fd_bytes : body.n, headers, sandbox, r->hang_up);
    if (!err && !r->head && fd < 0) {
        err = buf_add_text(&r->out, body);
    }
    if (err) {
        buf_done(&r->out);
        return err;
    }
    r->state = REQUEST_ANSWERING;
    r->fd = fd;
    r->fd_left = fd >= 0 && !r->head ? fd_bytes : 0;
    buf_done(&r->body);
    lws_set_timeout(r->door.wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_S);
    /* Reading was stopped while the hub was asked. libwebsockets 4.1 calls WRITEABLE for HTTP only on a connection that it reads; what a
     * client has pipelined behind the request ends the connection now, which RFC 9112, section 9.3.2, lets it expect. Fails with the connection. */
    (void)!lws_rx_flow_control(r->door.wsi, 1);
    lws_callback_on_writable(r->door.wsi);
    return 0;
}

void answer_refusal(struct lws *wsi, struct edge *e, int status, const char *text)
{
    struct buf out;
    buf_init(&out, HEAD_BYTES_MAX);
    const char *const retry[] = {"Retry-After", "5", NULL};
    int err = head_make(&out, e, status, "text/plain; charset=utf-8", strlen(text) + 1, status == 503 ? retry : NULL, false, true);
    err = err ? err : buf_addf(&out, "%s\n", text);
    if (!err) {
        (void)!lws_write(wsi, (unsigned char *)out.data, out.len, LWS_WRITE_RAW); /* it is hung up either way */
    }
    buf_done(&out);
}

int edge_http_answer(struct edge *e, edge_id id, int status, const char *type, const char *const *headers, struct text body)
{
    struct request *r = request_find(e, id);
    return r ? answer_start(r, status, type, headers, body, -1, 0, false) : ERR_CLOSED;
}

int edge_http_file(struct edge *e, edge_id id, const char *path, const char *type, const char *disposition)
{
    struct request *r = request_find(e, id);
    if (!r) {
        return ERR_CLOSED;
    }
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &about) || !S_ISREG(about.st_mode)) {
        int err = fd < 0 && errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    const char *const headers[] = {disposition ? "Content-Disposition" : NULL, disposition, NULL};
    int err = answer_start(r, 200, type, headers, (struct text){NULL, 0}, fd, (uint64_t)about.st_size, true);
    if (err) {
        close(fd);
    }
    return err;
}

/* The next piece of the answer to the socket: -1 hang up, 0 more to come, 1 all of it is written. */
static int answer_piece(struct request *r)
{
    if (r->out_at < r->out.len) {
        size_t n = r->out.len - r->out_at < CHUNK_BYTES ? r->out.len - r->out_at : CHUNK_BYTES;
        if (lws_write(r->door.wsi, (unsigned char *)r->out.data + r->out_at, n, LWS_WRITE_RAW) < 0) {
            return -1;
        }
        r->out_at += n;
    } else if (r->fd_left > 0) {
        unsigned char chunk[FILE_CHUNK_BYTES];
        ssize_t n = read(r->fd, chunk, r->fd_left < sizeof chunk ? (size_t)r->fd_left : sizeof chunk);
        if (n <= 0 || lws_write(r->door.wsi, chunk, (size_t)n, LWS_WRITE_RAW) < 0) {
            return -1; /* cut short by somebody: the length was promised, so the connection ends */
        }
        r->fd_left -= (uint64_t)n;
    }
    return r->out_at == r->out.len && r->fd_left == 0;
}

int http_writeable(struct request *r)
{
    if (r->state != REQUEST_ANSWERING) {
        return 0;
    }
    struct lws *wsi = r->door.wsi;
    int done = answer_piece(r);
    if (done < 0) {
        return -1;
    }
    if (done == 0) {
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_S);
        lws_callback_on_writable(wsi);
        return 0;
    }
    bool hang_up = r->hang_up;
    lws_set_opaque_user_data(wsi, NULL);
    request_free(r);
    return lws_http_transaction_completed(wsi) || hang_up ? -1 : 0;
}
