/* HTTP requests: taking them in, bounding them, and finding who answers. Pages are answered here; /api/, /hook/ and /health by the hub. */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "edge/edge_internal.h"

static const struct method {
    enum lws_token_indexes token;
    const char *name;
} methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},       {WSI_TOKEN_HEAD_URI, "HEAD"},   {WSI_TOKEN_POST_URI, "POST"},      {WSI_TOKEN_PUT_URI, "PUT"},
    {WSI_TOKEN_PATCH_URI, "PATCH"}, {WSI_TOKEN_DELETE_URI, "DELETE"}, {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

static const struct method *method_of(struct lws *wsi)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (lws_hdr_total_length(wsi, methods[i].token) > 0) {
            return &methods[i];
        }
    }
    return NULL;
}

static bool begins_with(struct text t, const char *begin)
{
    size_t n = strlen(begin);
    return t.n >= n && memcmp(t.s, begin, n) == 0;
}

struct request *request_find(struct edge *e, edge_id id)
{
    struct door *door = slots_find(&e->slots, id);
    return door && door->kind == DOOR_REQUEST ? (struct request *)(void *)door : NULL;
}

static int request_new(struct edge *e, struct lws *wsi, struct request **out)
{
    struct request *r = e->requests < REQUESTS_MAX ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        return ERR_MEMORY;
    }
    r->door = (struct door){.kind = DOOR_REQUEST, .edge = e, .wsi = wsi};
    r->fd = -1;
    buf_init(&r->body, EDGE_BODY_BYTES_MAX);
    if (slots_take(&e->slots, &r->door)) {
        free(r);
        return ERR_MEMORY;
    }
    e->requests++;
    lws_set_opaque_user_data(wsi, r);
    *out = r;
    return 0;
}

void request_free(struct request *r)
{
    struct edge *e = r->door.edge;
    slots_give(&e->slots, r->door.id);
    buf_done(&r->body);
    buf_done(&r->out);
    if (r->fd >= 0) {
        close(r->fd);
    }
    e->requests--;
    r->door.kind = 0;
    free(r);
}

/* A refusal of our own; below /api/ in the shape of the hub's. */
static int answer_text(struct request *r, struct text path, int status, const char *text)
{
    static const char *const allow[] = {"Allow", "GET, HEAD", NULL};
    int err = status == 403 ? ERR_ORIGIN : status == 404 ? ERR_NOT_FOUND : status == 413 ? ERR_TOO_LARGE : ERR_BAD_INPUT;
    char body[256];
    bool json = begins_with(path, "/api/");
    int n = json ? snprintf(body, sizeof body, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", err_name(err), text)
                 : snprintf(body, sizeof body, "%s\n", text);
    return answer_start(r, status, json ? "application/json" : "text/plain; charset=utf-8", status == 405 ? allow : NULL,
                        (struct text){body, n > 0 && (size_t)n < sizeof body ? (size_t)n : 0}, -1, 0, false)
               ? -1
               : 0;
}

static int page_answer(struct request *r, struct text path, struct text tag)
{
    struct page p;
    char room[HEADER_BYTES_MAX];
    const char *web = r->door.edge->web_dir;
    bool gzip = gzip_accepted(header_get(r->door.wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, room, sizeof room)) && page_open_gzip(web, path, &p) == 0;
    if (!gzip && page_open(web, path, &p)) {
        return answer_text(r, path, 404, "not found");
    }
    const char *const headers[] = {"Cache-Control", p.cache, "ETag", p.tag, "Vary", "Accept-Encoding", gzip ? "Content-Encoding" : NULL, "gzip", NULL};
    if (text_is(tag, p.tag)) {
        close(p.fd);
        return answer_start(r, 304, p.type, headers, (struct text){NULL, 0}, -1, 0, false) ? -1 : 0;
    }
    if (answer_start(r, 200, p.type, headers, (struct text){NULL, 0}, p.fd, p.bytes, false)) {
        close(p.fd);
        return -1;
    }
    return 0;
}

/* As sent: libwebsockets has taken the arguments apart and decoded them, so a '&' inside one is told from one between two. */
static int query_read(struct lws *wsi, struct buf *out)
{
    char argument[HEADER_BYTES_MAX];
    int n, err = 0;
    for (int i = 0; !err && (n = lws_hdr_copy_fragment(wsi, argument, sizeof argument, WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++) {
        err = query_add(out, (struct text){argument, (size_t)n});
    }
    return err;
}

static int ask_hub(struct request *r, const char *method, struct text path)
{
    struct edge *e = r->door.edge;
    struct lws *wsi = r->door.wsi;
    char type[128], origin[300], host[256], address[ADDRESS_TEXT_MAX], cookie[HEADER_BYTES_MAX], if_match[256], if_none_match[256];
    struct buf query;
    buf_init(&query, QUERY_BYTES_MAX);
    if (query_read(wsi, &query)) {
        buf_done(&query);
        return -1;
    }
    address_get(e, wsi, address);
    struct edge_http h = {.method = method,
                          .path = path,
                          .query = buf_text(&query),
                          .body = buf_text(&r->body),
                          .type = header_get(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof type),
                          .origin = header_get(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin),
                          .if_match = header_get(wsi, WSI_TOKEN_HTTP_IF_MATCH, if_match, sizeof if_match),
                          .if_none_match = header_get(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, if_none_match, sizeof if_none_match),
                          .address = address};
    h.origin_is_ours = !h.origin.s || origin_is_ours(h.origin, header_get(wsi, WSI_TOKEN_HOST, host, sizeof host),
                                                     (const char *const *)e->origins);
    h.cookie = cookie_find(header_get(wsi, WSI_TOKEN_HTTP_COOKIE, cookie, sizeof cookie), TOKEN_COOKIE);
    h.peer = edge_peer_of(e, h.cookie);
    r->state = REQUEST_ASKED;
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, ANSWER_S);
    (void)!lws_rx_flow_control(wsi, 0); /* one at a time: what is pipelined waits in the kernel; fails with the connection */
    struct buf body = r->body; /* out of the way of an answer from within the call */
    buf_init(&r->body, 0);
    if (!h.origin_is_ours && begins_with(path, "/api/") && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        (void)!answer_text(r, path, 403, err_text(ERR_ORIGIN)); /* as below: without an answer its time runs out */
    } else {
        e->events.request(e->hub, r->door.id, &h);
    }
    buf_done(&body);
    buf_done(&query);
    return 0;
}

static bool is_for_hub(struct text path)
{
    return begins_with(path, "/api/") || begins_with(path, "/hook/") || text_is(path, "/health") || begins_with(path, "/health/");
}

/* What body will come? 0: none or one that is taken; else the status to refuse with. @hang_up: it is not worth reading on. */
static int body_check(struct lws *wsi, const struct method *m, bool *hang_up)
{
    char room[32];
    bool has_body = strcmp(m->name, "POST") == 0 || strcmp(m->name, "PUT") == 0 || strcmp(m->name, "PATCH") == 0;
    struct text length = header_get(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, room, sizeof room);
    uint64_t n = 0;
    *hang_up = true;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 || (has_body && !length.s)) {
        return 411; /* chunked bodies are nobody's need here, and two ways to say a length are one too many */
    }
    if (length.s && (length_parse(length, &n) || (!has_body && n > 0))) {
        return 400;
    }
    *hang_up = n > DISCARD_BYTES_MAX;
    return n > EDGE_BODY_BYTES_MAX ? 413 : 0;
}

int http_begin(struct edge *e, struct lws *wsi)
{
    const struct method *m = method_of(wsi);
    struct request *r;
    if (!m) {
        return -1;
    }
    if (e->stopping || request_new(e, wsi, &r)) {
        answer_refusal(wsi, e, 503, "too many requests; try again later");
        return -1;
    }
    char path_room[1024], tag[128], connection[32];
    struct text path = header_get(wsi, (int)m->token, path_room, sizeof path_room);
    struct text keep = header_get(wsi, WSI_TOKEN_CONNECTION, connection, sizeof connection);
    r->head = strcmp(m->name, "HEAD") == 0;
    bool hang_up;
    int refused = body_check(wsi, m, &hang_up);
    r->hang_up = (refused && hang_up) || (keep.n == 5 && strncasecmp(keep.s, "close", 5) == 0);
    if (refused) {
        return answer_text(r, path, refused, refused == 413   ? err_text(ERR_TOO_LARGE)
                                             : refused == 411 ? "POST, PUT and PATCH need a Content-Length, be it 0, and no Transfer-Encoding"
                                                              : "a Content-Length that fits the method is needed");
    }
    if (path.n == 0 || memchr(path.s, '\0', path.n) || !text_is_utf8(path)) {
        return answer_text(r, path, 400, "the path is not UTF-8");
    }
    if (strcmp(m->name, "POST") == 0 || strcmp(m->name, "PUT") == 0 || strcmp(m->name, "PATCH") == 0) {
        if (!is_for_hub(path)) {
            return answer_text(r, path, 405, "method not allowed");
        }
        r->state = REQUEST_BODY;
        uint64_t bytes;
        if (length_parse(header_get(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, connection, sizeof connection), &bytes) == 0 && bytes == 0 && strcmp(m->name, "POST") != 0) {
            r->empty = true; /* libwebsockets 4.1 reports the end of a body of no bytes for POST, and never for PUT and PATCH */
            return ask_hub(r, m->name, path);
        }
        return 0;
    }
    if (is_for_hub(path)) {
        return ask_hub(r, m->name, path);
    }
    if (strcmp(m->name, "GET") != 0 && !r->head) {
        return answer_text(r, path, 405, "method not allowed");
    }
    return page_answer(r, path, header_get(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, tag, sizeof tag));
}

int http_body(struct request *r, const void *data, size_t n)
{
    if (r->state != REQUEST_BODY) {
        return 0; /* refused already; the rest is read and forgotten */
    }
    return buf_add(&r->body, data, n) ? -1 : 0; /* the length was checked: more than it said cannot come */
}

int http_body_end(struct request *r)
{
    if (r->state != REQUEST_BODY) {
        return r->state == REQUEST_ASKED && !r->empty ? -1 : 0; /* libwebsockets reports the end twice when more bytes follow it */
    }
    char path_room[1024];
    const struct method *m = method_of(r->door.wsi);
    return m ? ask_hub(r, m->name, header_get(r->door.wsi, (int)m->token, path_room, sizeof path_room)) : -1;
}
