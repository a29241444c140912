/* One libwebsockets context on the process's libuv loop: opening, closing, and whose cookie it is. */
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include "edge/edge_internal.h"

enum {
    REVOKED_MAX = 65536,     /* signed out within one working day */
    KEEPALIVE_S = 15,        /* an HTTP connection between two requests */
    SLOW_S = 20,             /* headers, or the next part of a body */
    FDS_BESIDE = 1024,       /* connections that are not sessions, files, Redis, adapters */
    CLOSE_TURNS_MAX = 64
};

int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    struct edge *e = lws_context_user(lws_get_context(wsi));
    struct door *door = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (door && door->kind == DOOR_SESSION) {
        return socket_callback(wsi, reason, user, in, len); /* an upgrade that failed, or WSI_DESTROY, which comes to the first protocol */
    }
    struct request *r = (struct request *)(void *)door;
    CHECK(!door || door->kind == DOOR_REQUEST);
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return r ? -1 : socket_upgrade(e, wsi);
    case LWS_CALLBACK_HTTP:
        return r ? -1 : http_begin(e, wsi);
    case LWS_CALLBACK_HTTP_BODY:
        return r && len > 0 ? http_body(r, in, len) : 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return r ? http_body_end(r) : 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return r ? http_writeable(r) : 0;
    case LWS_CALLBACK_ESTABLISHED:
        return -1; /* a WebSocket bound to the protocol of HTTP: not ours */
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        if (r) {
            lws_set_opaque_user_data(wsi, NULL);
            request_free(r);
        }
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = http_callback, .tx_packet_size = CHUNK_BYTES},
    {.name = "loket.1.msgpack", .callback = socket_callback, .rx_buffer_size = RX_BYTES, .tx_packet_size = CHUNK_BYTES},
    {.name = "loket.1.json", .callback = socket_callback, .rx_buffer_size = RX_BYTES, .tx_packet_size = CHUNK_BYTES},
    {0},
};

/* Our own heartbeats tell who lives; libwebsockets' timer for each connection is left out. */
static const lws_retry_bo_t no_keepalive = {0};

static bool opening;

static void log_lws(int level, const char *line)
{
    (void)level;
    size_t n = strcspn(line, "\n");
    /* After the start these are about what strangers send. */
    log_event(opening ? LOG_WARN : LOG_DEBUG, "libwebsockets", "text=\"%.*s\"", (int)n, line);
}

/* Sessions need descriptors; the usual soft limit of 1,024 is far below what the limits allow. */
static void descriptors_raise(const struct edge_limits *limits)
{
    struct rlimit now;
    rlim_t wanted = (rlim_t)limits->sessions_max + FDS_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur == RLIM_INFINITY || now.rlim_cur >= wanted) {
        return;
    }
    struct rlimit next = {.rlim_cur = now.rlim_max == RLIM_INFINITY || now.rlim_max >= wanted ? wanted : now.rlim_max,
                          .rlim_max = now.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &next) || next.rlim_cur < wanted) {
        log_event(LOG_WARN, "descriptors_few", "wanted=%llu got=%llu next=\"fewer sessions than sessions_max\"",
                  (unsigned long long)wanted, (unsigned long long)next.rlim_cur);
    }
}

static int config_copy(struct edge *e, const struct edge_config *c)
{
    size_t n = 0;
    while (c->origins && c->origins[n]) {
        n++;
    }
    e->origins = calloc(n + 1, sizeof *e->origins);
    if (!e->origins || (c->web_dir && !(e->web_dir = strdup(c->web_dir)))) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        if (!(e->origins[i] = strdup(c->origins[i]))) {
            return ERR_MEMORY;
        }
    }
    return 0;
}

static int context_open(struct edge *e, const struct edge_config *c)
{
    void *loops[] = {loop_uv(e->loop)};
    const char *host = strcmp(c->host, "localhost") == 0 ? "127.0.0.1" : c->host;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .foreign_loops = loops,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | (c->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .user = e,
        .max_http_header_data = HEADER_BYTES_MAX,
        .pt_serv_buf_size = HEADER_BYTES_MAX,
        .timeout_secs = SLOW_S,
        .retry_and_idle_policy = &no_keepalive,
    };
    e->context = lws_create_context(&info);
    if (!e->context) {
        log_event(LOG_ERROR, "edge_open", "error=libwebsockets, is libwebsockets-evlib-uv installed?");
        return ERR_IO;
    }
    info.port = c->port;
    info.iface = host;
    info.vhost_name = "loket";
    info.protocols = protocols;
    info.keepalive_timeout = KEEPALIVE_S;
    info.alpn = "http/1.1"; /* no HTTP/2: its header decompression lacks bounds (CVE-2026-19773) */
    info.ssl_cert_filepath = c->tls_cert;
    info.ssl_private_key_filepath = c->tls_key;
    info.options |= LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | (strchr(host, ':') ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6);
    e->vhost = lws_create_vhost(e->context, &info);
    if (!e->vhost) {
        log_event(LOG_ERROR, "edge_open", "error=listen host=%s port=%d, taken by another program or not ours to use", host, c->port);
        return ERR_IO;
    }
    e->port = lws_get_vhost_listen_port(e->vhost);
    return 0;
}

int edge_open(struct loop *l, const struct edge_config *c, const struct edge_events *events, void *hub, struct edge **out)
{
    CHECK(c->limits.frames_burst > 0 && c->limits.heartbeat_ms > 0 && c->limits.send_bytes_max > 0);
    struct edge *e = calloc(1, sizeof *e);
    if (!e) {
        return ERR_MEMORY;
    }
    e->loop = l;
    e->events = *events;
    e->hub = hub;
    e->limits = c->limits;
    e->tls = c->tls_cert != NULL;
    list_init(&e->dirty);
    list_init(&e->due);
    map_init(&e->addresses, c->limits.sessions_max);
    map_init(&e->revoked, REVOKED_MAX);
    opening = true;
    lws_set_log_level(LLL_ERR | LLL_WARN, log_lws);
    descriptors_raise(&e->limits);
    e->arena = frame_arena_new();
    int err = e->arena ? config_copy(e, c) : ERR_MEMORY;
    err = err ? err : loop_idle_new(l, session_turn_end, e, &e->turn_end);
    err = err ? err : loop_timer_new(l, pulse_tick, e, &e->tick);
    err = err ? err : context_open(e, c);
    opening = false;
    if (err) {
        edge_close(&e);
        return err;
    }
    loop_timer_start(e->tick, pulse_period_ms(e), pulse_period_ms(e));
    log_event(LOG_INFO, "edge_open", "port=%d tls=%d", e->port, e->tls);
    *out = e;
    return 0;
}

int edge_port(const struct edge *e)
{
    return e->port;
}

void edge_stop(struct edge *e, int err)
{
    e->stopping = true;
    for (uint32_t i = 0; i < e->slots.used; i++) {
        struct door *door = e->slots.slot[i].door;
        if (door && door->kind == DOOR_SESSION) {
            session_fail((struct session *)(void *)door, err);
        }
    }
}

static void map_free_values(struct map *m)
{
    size_t at = 0;
    struct text key;
    void *value;
    while (map_next(m, &at, &key, &value)) {
        free(value);
    }
    map_done(m);
}

void edge_close(struct edge **edge)
{
    struct edge *e = *edge;
    if (!e) {
        return;
    }
    if (e->context) {
        /* The first call closes every connection and the handles of libuv, whose ends come from the loop; the second frees the context. */
        lws_context_destroy(e->context);
        for (int i = 0; i < CLOSE_TURNS_MAX && uv_run(loop_uv(e->loop), UV_RUN_NOWAIT); i++) {
        }
        lws_context_destroy(e->context);
    }
    CHECK(e->sessions == 0 && e->requests == 0);
    loop_timer_free(&e->tick);
    loop_idle_free(&e->turn_end);
    frame_arena_free(&e->arena);
    slots_done(&e->slots);
    map_free_values(&e->addresses);
    map_free_values(&e->revoked);
    while (e->spares > 0) {
        buf_done(&e->spare[--e->spares]);
    }
    for (size_t i = 0; e->origins && e->origins[i]; i++) {
        free(e->origins[i]);
    }
    free(e->origins);
    free(e->web_dir);
    explicit_bzero(e->secret, sizeof e->secret);
    free(e);
    *edge = NULL;
}

void edge_set_secret(struct edge *e, const unsigned char secret[32])
{
    memcpy(e->secret, secret, sizeof e->secret);
    e->has_secret = true;
}

int edge_revoke(struct edge *e, struct text session, int64_t until_ms)
{
    LIST_FOR(&e->due, l, next) {
        struct session *s = LIST_OWNER(l, struct session, in_due);
        if (s->state != SESSION_CLOSING && session.n > 0 && text_is(session, s->peer.sign_in)) {
            session_fail(s, ERR_SIGN_IN);
        }
    }
    int64_t *until = map_get(&e->revoked, session);
    if (until) {
        *until = until_ms > *until ? until_ms : *until;
        return 0;
    }
    until = malloc(sizeof *until);
    if (!until) {
        return ERR_MEMORY;
    }
    *until = until_ms;
    int err = map_set(&e->revoked, session, until);
    if (err) {
        free(until);
    }
    return err;
}

struct edge_peer edge_peer_of(struct edge *e, struct text cookie)
{
    struct edge_peer peer = {.role = ROLE_NONE};
    struct token t;
    if (!e->has_secret || !cookie.s || token_read(e->secret, cookie, 's', loop_wall_ms(e->loop), &t) ||
        (t.role != AGENT && t.role != SUPERVISOR)) {
        return peer;
    }
    const int64_t *until = map_get(&e->revoked, text_of(t.session));
    if (until && *until > loop_wall_ms(e->loop)) {
        return peer;
    }
    if (text_copy(text_of(t.session), peer.sign_in, sizeof peer.sign_in)) {
        return peer; /* signed by us with a longer id: of another version */
    }
    peer.role = t.role;
    peer.expires_ms = t.expires_ms;
    (void)!text_copy(text_of(t.subject), peer.agent, sizeof peer.agent); /* of one size */
    return peer;
}
