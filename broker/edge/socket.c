/* WebSocket on libwebsockets: the upgrade, what comes in, what goes out. We make the frames' headers ourselves and hand over several frames
 * in one write of raw bytes; libwebsockets keeps what the kernel does not take and sends it before anything else, its own pongs included. */
#include <libwebsockets.h>
#include <string.h>
#include <strings.h>

#include "edge/edge_internal.h"

struct text header_get(struct lws *wsi, int token, char *room, size_t room_bytes)
{
    if (lws_hdr_total_length(wsi, (enum lws_token_indexes)token) <= 0) {
        return (struct text){NULL, 0};
    }
    int n = lws_hdr_copy(wsi, room, (int)room_bytes, (enum lws_token_indexes)token);
    return (struct text){room, n > 0 ? (size_t)n : 0};
}

/* Whoever speaks to us over the loopback is a proxy of our own and says for whom it speaks; it is trusted for limits, nothing else. */
void address_get(struct edge *e, struct lws *wsi, char out[ADDRESS_TEXT_MAX])
{
    (void)e;
    char room[512];
    if (!lws_get_peer_simple(wsi, out, ADDRESS_TEXT_MAX)) {
        out[0] = '\0';
    }
    if (strncmp(out, "127.", 4) == 0 || strcmp(out, "::1") == 0 || strncmp(out, "::ffff:127.", 11) == 0) {
        struct text client = forwarded_last(header_get(wsi, WSI_TOKEN_X_FORWARDED_FOR, room, sizeof room));
        if (client.n > 0) {
            (void)!text_copy(client, out, ADDRESS_TEXT_MAX); /* measured by forwarded_last */
        }
    }
}

int socket_upgrade(struct edge *e, struct lws *wsi)
{
    char upgrade[32], path[64], version[8], key[64], protocols[128], host[256], origin[300], cookie[HEADER_BYTES_MAX];
    /* Read by lws_hdr_copy: what the callback passes is not terminated (CVE-2025-11677). Refuses h2c: CVE-2026-19773. */
    struct text up = header_get(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof upgrade);
    if (up.n != 9 || strncasecmp(up.s, "websocket", 9) != 0) {
        answer_refusal(wsi, e, 400, "only WebSocket is spoken here");
        return -1;
    }
    if (!text_is(header_get(wsi, WSI_TOKEN_GET_URI, path, sizeof path), "/ws")) {
        answer_refusal(wsi, e, 404, "WebSocket lives at /ws");
        return -1;
    }
    enum frame_form form;
    if (!text_is(header_get(wsi, WSI_TOKEN_VERSION, version, sizeof version), "13") ||
        header_get(wsi, WSI_TOKEN_KEY, key, sizeof key).n != 24 ||
        !subprotocol_pick(header_get(wsi, WSI_TOKEN_PROTOCOL, protocols, sizeof protocols), &form)) {
        answer_refusal(wsi, e, 400, "WebSocket version 13 with subprotocol loket.1.json or loket.1.msgpack");
        return -1;
    }
    if (e->stopping || !e->has_secret) {
        answer_refusal(wsi, e, 503, e->stopping ? "stopping; connect again" : "starting; connect again");
        return -1;
    }
    struct text from = header_get(wsi, WSI_TOKEN_ORIGIN, origin, sizeof origin);
    bool ours = from.s && origin_is_ours(from, header_get(wsi, WSI_TOKEN_HOST, host, sizeof host), (const char *const *)e->origins);
    if (from.s && !ours) {
        answer_refusal(wsi, e, 403, "this origin may not connect");
        return -1;
    }
    char address[ADDRESS_TEXT_MAX];
    address_get(e, wsi, address);
    struct session *s;
    int err = session_new(e, wsi, address, &s);
    if (err) {
        log_event(LOG_DEBUG, "session_refused", "error=%s sessions=%u", err_name(err), e->sessions);
        answer_refusal(wsi, e, 503, "too many connections; try again later");
        return -1;
    }
    s->form = form;
    s->peer.role = RESIDENT;
    if (ours) { /* without Origin it is no browser, and a cookie is looked at no more than it would be from another site */
        struct edge_peer staff = edge_peer_of(e, cookie_find(header_get(wsi, WSI_TOKEN_HTTP_COOKIE, cookie, sizeof cookie), TOKEN_COOKIE));
        if (staff.role != ROLE_NONE) {
            s->peer = staff;
        }
    }
    lws_set_opaque_user_data(wsi, s);
    return 0;
}

void socket_established(struct lws *wsi)
{
    struct session *s = lws_get_opaque_user_data(wsi);
    CHECK(s->door.kind == DOOR_SESSION);
    session_set_state(s, SESSION_SILENT);
}

void socket_flush(struct session *s)
{
    if (!s->door.wsi || s->blocked || s->state == SESSION_UPGRADING) {
        return;
    }
    struct text chunk = session_chunk(s);
    if (chunk.n > 0) {
        /* Raw bytes need no room in front of them, and are not written to. */
        if (lws_write(s->door.wsi, (unsigned char *)(uintptr_t)chunk.s, chunk.n, LWS_WRITE_RAW) < 0) {
            socket_kill(s);
            return;
        }
        bool blocked = lws_partial_buffered(s->door.wsi) != 0;
        session_handed(s, chunk.n, blocked);
        if (blocked || session_waiting(s) > 0) {
            lws_callback_on_writable(s->door.wsi);
        }
    }
    if (s->paused && s->state == SESSION_OPEN && session_waiting(s) < s->door.edge->limits.send_bytes_max / 4) {
        s->paused = false;
        socket_pause(s, false);
        s->door.edge->events.drained(s->door.edge->hub, s->door.id);
    }
}

void socket_pause(struct session *s, bool pause)
{
    if (s->door.wsi) {
        (void)!lws_rx_flow_control(s->door.wsi, !pause); /* fails with the connection, which is then heard of */
    }
}

void socket_kill(struct session *s)
{
    if (s->door.wsi) {
        lws_set_timeout(s->door.wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_ASYNC);
    }
}

/* The client closes. When it answers our close frame the connection has done its work; else libwebsockets sends the close frame back. */
static int peer_closes(struct session *s)
{
    bool answers_ours = s->state == SESSION_CLOSING && s->out.len == 0 && !s->blocked;
    session_set_state(s, SESSION_CLOSING);
    buf_done(&s->out);
    s->out_at = 0;
    session_dirty(s); /* the hub hears of it at the end of the turn */
    return answers_ours ? -1 : 0;
}

int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
int socket_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    struct session *s = lws_get_opaque_user_data(wsi);
    if (!s) {
        return 0; /* of the protocol, not of a connection; or after the end */
    }
    CHECK(s->door.kind == DOOR_SESSION);
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        socket_established(wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        session_receive(s, (struct text){in, len}, lws_is_first_fragment(wsi) != 0, lws_is_final_fragment(wsi) != 0,
                        lws_frame_is_binary(wsi) != 0);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        s->heard_ms = loop_now_ms(s->door.edge->loop);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (s->blocked) { /* libwebsockets comes here only after its own rest is gone */
            s->blocked = false;
            s->handed = 0;
            s->heard_ms = loop_now_ms(s->door.edge->loop); /* the client took bytes: alive, though we may not be reading */
        }
        socket_flush(s);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return peer_closes(s);
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        session_gone(s);
        return 0;
    default:
        return 0;
    }
}
