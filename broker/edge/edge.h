/* The doors for people: WebSocket sessions, HTTP, static pages, on libwebsockets (its types stay in edge's .c files). Decodes and checks frames (form, limits, role, rate), bounds what
 * waits for each session, and knows nothing of conversations: the hub does, through the callbacks handed over at the start. */
#ifndef LOKET_EDGE_EDGE_H
#define LOKET_EDGE_EDGE_H

#include "base/id.h"
#include "loop/loop.h"
#include "proto/frame.h"

struct edge;

/* Slot and generation: a handle of a session or request that is gone is recognised, never followed. 0 is none. */
typedef uint64_t edge_id;

struct edge_limits {
    unsigned frames_per_s, frames_burst; /* a session past it gets too_fast; past 10 times the burst it is closed with 4429 */
    unsigned sessions_max;               /* in all; past it connections are refused with HTTP 503 */
    unsigned sessions_per_address;       /* for each client address */
    size_t send_bytes_max;               /* waiting for one session; past it the session is closed with 4008 and comes back with `resume` */
    int64_t heartbeat_ms;                /* told in welcome; a session silent for two of them is closed with 4408; we ping after one half */
};

/* Who is behind a session, read from the cookie at the upgrade (edge/token.h); a resident has none. */
struct edge_peer {
    enum frame_role role;
    char agent[ID_MAX + 1]; /* agents and supervisors, and so are the next two */
    char sign_in[ID_BYTES]; /* this sign-in, for revoking */
    int64_t expires_ms;     /* wall; the session is closed with 4401 then */
};

struct edge_http {
    const char *method;      /* "GET" "POST" … */
    struct text path;        /* decoded, no query */
    struct text query;       /* as sent */
    struct text body;        /* at most EDGE_BODY_BYTES_MAX */
    struct text type;        /* Content-Type */
    struct text cookie;      /* value of our session cookie; absent: none */
    struct text origin;      /* absent: none */
    struct text if_match, if_none_match; /* as sent; absent: none; empty: longer than anything that we would have said */
    bool origin_is_ours;     /* absent or equal to one of ours */
    const char *address;     /* of the client, numeric; for limits, never for logs */
    struct edge_peer peer;   /* by the cookie; ROLE_NONE without a valid one */
};

struct edge_events {
    /* A session said `hello` (the first frame; edge refuses others before with sign_in). */
    void (*opened)(void *hub, edge_id session, const struct edge_peer *peer, const struct frame_hello *hello);
    /* A frame that passed decoding, role and rate (never hello, ping, pong: edge answers those). Borrowed until return. */
    void (*frame)(void *hub, edge_id session, const struct frame *f);
    /* After opened, once; the handle is dead. */
    void (*closed)(void *hub, edge_id session);
    /* The send queue of a session that was above half is below a quarter again: go on with a long resume. */
    void (*drained)(void *hub, edge_id session);
    /* HTTP that is not static: anything below /api/, /hook/ and /health. Answer now or later with edge_http_answer, exactly once. Borrowed until return. */
    void (*request)(void *hub, edge_id request, const struct edge_http *r);
};
#define EDGE_BODY_BYTES_MAX 65536

struct edge_config {
    const char *host; int port;   /* port 0: any; see edge_port */
    const char *web_dir;          /* static pages; NULL: none */
    const char *const *origins;   /* besides our own http://Host: further allowed Origins, NULL-terminated; may be NULL */
    const char *tls_cert, *tls_key; /* NULL: plain HTTP (behind haproxy or nginx, or loopback) */
    struct edge_limits limits;
};
int edge_open(struct loop *l, const struct edge_config *c, const struct edge_events *events, void *hub, struct edge **out) MUST_CHECK; /* ERR_IO: port taken, logged */
int edge_port(const struct edge *e);
void edge_stop(struct edge *e, int err);  /* no new ones; every session is closed with @err's code */
void edge_close(struct edge **e);
/* The key that cookies and tokens are signed with (store_secret); until it is set, cookies count for nothing and upgrades are refused with 503. */
void edge_set_secret(struct edge *e, const unsigned char secret[32]);
/* A signed-out session id: its cookie counts for nothing until @until_ms, and its open sessions are closed with 4401. */
int edge_revoke(struct edge *e, struct text session, int64_t until_ms) MUST_CHECK;

/* Encode once in the session's form and queue. 0; ERR_CLOSED (gone); ERR_FULL (the session is being closed with 4008). */
int edge_send(struct edge *e, edge_id session, const struct frame *f) MUST_CHECK;
size_t edge_waiting_bytes(struct edge *e, edge_id session);  /* in the send queue */
bool edge_is_half_full(struct edge *e, edge_id session);     /* above half of send_bytes_max: `drained` will be called, unless it closes */
/* Answer a refused frame with an error frame; errors with a close code close the session too. @field may be NULL. */
void edge_refuse(struct edge *e, edge_id session, int err, const struct frame *f, const char *field);
void edge_session_close(struct edge *e, edge_id session, int err);
/* For everyone: a `notice` frame. */
void edge_notice(struct edge *e, const char *code);

/* @headers: pairs name, value, NULL-terminated list of at most 8 pairs; may be NULL. Body copied. ERR_CLOSED when the client is gone. */
int edge_http_answer(struct edge *e, edge_id request, int status, const char *type, const char *const *headers, struct text body) MUST_CHECK;
/* Stream a file; @disposition is the Content-Disposition (RFC 6266) or NULL. */
int edge_http_file(struct edge *e, edge_id request, const char *path, const char *type, const char *disposition) MUST_CHECK;

#endif
