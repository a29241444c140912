/* What the files of edge share. Callers outside include edge.h. Only edge.c, socket.c, http.c and answer.c see libwebsockets; the rest
 * reaches a socket through the few calls of socket.c at the end of this page.
 *
 *   a session's queue            what is handed to libwebsockets stops at the end of a frame, so that a close frame can follow at any time
 *
 *     out.data       out_at                      out.len
 *       |-- handed ----|-- whole frames, waiting ---|
 */
#ifndef LOKET_EDGE_INTERNAL_H
#define LOKET_EDGE_INTERNAL_H

#include <netinet/in.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "edge/edge.h"
#include "edge/token.h"

struct lws;
struct lws_context;
struct lws_vhost;

enum {
    ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN,
    HEADER_BYTES_MAX = 8192,       /* all headers of one request, decoded: a session cookie and an SMS of ten parts in the query */
    QUERY_BYTES_MAX = 3 * HEADER_BYTES_MAX, /* every byte as %XX */
    RX_BYTES = 2048,               /* read at once from a session: about ten small frames; each idle session holds this buffer */
    CHUNK_BYTES = 65536,           /* handed to libwebsockets at once, rounded up to the end of a frame */
    REQUESTS_MAX = 512,            /* HTTP requests under way at once: with full bodies 512 * 64 KiB = 32 MiB */
    DISCARD_BYTES_MAX = 1 << 20,   /* a refused body up to here is read and forgotten, so that the client sees the answer */
    SPARES_MAX = 256,              /* warm send buffers kept for the next session that has something to send */
    SPARE_BYTES_MAX = 16384,       /* none of them larger: 256 * 16 KiB = 4 MiB */
    HELLO_MS = 10000,              /* from the upgrade to the first frame */
    CLOSE_MS = 5000,               /* from our close frame to the client's */
    ANSWER_S = 60,                 /* from the request to the hub's answer, and for each chunk that the client takes */
    BAD_FRAMES_MAX = 10,           /* malformed frames in a minute; one more closes with 4400 */
    BAD_FRAMES_MS = 60000,
    FRAME_HEADER_MAX = 10          /* RFC 6455, section 5.2: server frames are not masked */
};

/* What stands behind one libwebsockets connection; the first member of sessions and requests. */
enum door_kind { DOOR_SESSION = 0x5e551011, DOOR_REQUEST = 0x4e0e5701 };
struct door {
    enum door_kind kind; /* the magic, too */
    struct edge *edge;
    struct lws *wsi;     /* NULL: the connection is gone */
    edge_id id;
};

enum session_state { SESSION_UPGRADING, SESSION_SILENT /* no hello yet */, SESSION_OPEN, SESSION_CLOSING };

struct session {
    struct door door;
    struct list in_dirty;  /* has something for the end of the turn */
    struct list in_due;    /* ordered by check_at_ms */
    enum session_state state;
    enum frame_form form;
    struct edge_peer peer;
    char address[ADDRESS_TEXT_MAX];
    bool told;       /* the hub heard `opened` and has yet to hear `closed` */
    bool blocked;    /* libwebsockets holds bytes of ours; WRITEABLE comes */
    bool paused;     /* the queue was above half: not reading */
    bool binary;     /* the message being put together */
    struct buf in;   /* fragments of one message; empty otherwise */
    struct buf out;
    size_t out_at;
    size_t handed;   /* bytes given to libwebsockets while blocked */
    int64_t check_at_ms;
    int64_t heard_ms, pinged_ms, since_ms; /* since: of the state */
    int64_t refilled_ms;
    int64_t tokens_milli;
    unsigned refused;    /* for speed, since the bucket was last half full */
    unsigned bad;        /* malformed, since bad_since_ms */
    int64_t bad_since_ms;
};

struct slot {
    struct door *door;
    uint32_t generation;
    uint32_t next_free; /* index + 1; 0: none */
};
struct slots {
    struct slot *slot; /* owned */
    uint32_t room, used, free_first;
};
void slots_done(struct slots *s);
int slots_take(struct slots *s, struct door *door) MUST_CHECK; /* sets door->id; ERR_MEMORY */
void slots_give(struct slots *s, edge_id id);
struct door *slots_find(const struct slots *s, edge_id id);    /* NULL: gone */

struct edge {
    struct loop *loop;
    struct edge_events events;
    void *hub;
    struct edge_limits limits;
    char *web_dir;   /* owned; NULL: none */
    char **origins;  /* owned, NULL-terminated */
    bool tls;
    bool stopping;
    int port;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct loop_timer *tick;
    struct loop_idle *turn_end;
    struct frame_arena *arena;
    struct slots slots;
    struct list dirty, due;
    struct map addresses; /* address → struct address_count, owned */
    struct map revoked;   /* session id → int64_t until_ms, owned */
    unsigned sessions, requests;
    struct buf spare[SPARES_MAX];
    unsigned spares;
    bool has_secret;
    unsigned char secret[32];
};

/* session.c */
int session_new(struct edge *e, struct lws *wsi, const char *address, struct session **out) MUST_CHECK; /* ERR_CAPACITY: limits; ERR_MEMORY */
void session_gone(struct session *s);  /* the connection is closed: tell the hub, free */
struct session *session_find(struct edge *e, edge_id id);
void session_send(struct session *s, const struct frame *f); /* as edge_send; failing closes */
void session_fail(struct session *s, int err); /* begin to close with @err's code; the hub hears of it at the end of the turn */
void session_set_state(struct session *s, enum session_state state);
size_t session_waiting(const struct session *s);
/* The next bytes to hand over: whole frames, about CHUNK_BYTES. session_handed() takes them off. */
struct text session_chunk(const struct session *s);
void session_handed(struct session *s, size_t n, bool blocked);
void session_dirty(struct session *s);
void session_turn_end(void *edge);

/* intake.c: what a session says */
void session_receive(struct session *s, struct text piece, bool first, bool last, bool binary);
void intake_error(struct session *s, int err, struct text verb, const char *field, const char *remedy, struct text conversation,
                  uint64_t counter);

/* pulse.c: heartbeats, deadlines, revocations past their time */
int64_t pulse_period_ms(const struct edge *e);
void pulse_tick(void *edge);
void pulse_watch(struct session *s);

/* headers.c: pure */
struct text cookie_find(struct text header, const char *name); /* RFC 6265, section 5.4; absent when not there */
bool origin_is_ours(struct text origin, struct text host, const char *const *origins);
struct text forwarded_last(struct text header); /* last address in X-Forwarded-For: the one our own proxy wrote */
/* The first of our subprotocols in the client's list; false: none, or one that is not on a browser's side. */
bool subprotocol_pick(struct text header, enum frame_form *out);
/* Append one query argument, percent-encoded (RFC 3986, section 2.1) but for its first '='. */
int query_add(struct buf *out, struct text argument) MUST_CHECK;
/* Accept-Encoding (RFC 9110, section 12.5.3) names gzip, and not with weight 0. */
bool gzip_accepted(struct text header);
int length_parse(struct text header, uint64_t *out) MUST_CHECK; /* Content-Length, RFC 9110, section 8.6 */

/* pages.c */
struct page {
    int fd;             /* open, the caller's; -1 */
    uint64_t bytes;
    const char *type;
    const char *cache;
    char tag[48];       /* ETag with its quotes */
};
/* The file below the web folder that @path names, relative. ERR_NOT_FOUND: no page has that path. */
int page_path(struct text path, char *out, size_t out_bytes) MUST_CHECK;
const char *page_type(const char *file);
int page_open(const char *web_dir, struct text path, struct page *out) MUST_CHECK; /* ERR_NOT_FOUND */
/* The same page as the build compressed it, FILE.gz beside FILE; for clients that take gzip. ERR_NOT_FOUND: there is none. */
int page_open_gzip(const char *web_dir, struct text path, struct page *out) MUST_CHECK;

/* edge.c */
struct edge_peer edge_peer_of(struct edge *e, struct text cookie); /* ROLE_NONE without a valid one */

/* socket.c: the only way from a session to its socket */
void socket_flush(struct session *s);               /* hand over what waits; not from within a callback of the hub */
void socket_pause(struct session *s, bool pause);   /* stop or go on reading */
void socket_kill(struct session *s);                /* close at once, soon after return */

/* A header of the request at hand, copied: absent; or empty when it does not fit, which is never a good value. */
struct text header_get(struct lws *wsi, int token, char *room, size_t room_bytes);
void address_get(struct edge *e, struct lws *wsi, char out[ADDRESS_TEXT_MAX]);
int socket_upgrade(struct edge *e, struct lws *wsi); /* 0: go on; -1: was refused, hang up */
void socket_established(struct lws *wsi);

/* http.c and answer.c */
enum request_state { REQUEST_BODY, REQUEST_ASKED, REQUEST_ANSWERING };
struct request {
    struct door door;
    enum request_state state;
    bool head;       /* HEAD: everything but the body */
    bool hang_up;    /* after the answer */
    bool empty;      /* a PUT or PATCH whose body has no bytes: its end is not waited for */
    struct buf body;
    struct buf out;  /* head, and the body when it is not a file */
    size_t out_at;
    int fd;          /* -1: none */
    uint64_t fd_left;
};
struct request *request_find(struct edge *e, edge_id id);
void request_free(struct request *r);
int http_begin(struct edge *e, struct lws *wsi);                                      /* these four: as lws callbacks return */
int http_body(struct request *r, const void *data, size_t n);
int http_body_end(struct request *r);
int http_writeable(struct request *r);
/* Begin an answer; the file's @fd (or -1) becomes ours. */
int answer_start(struct request *r, int status, const char *type, const char *const *headers, struct text body, int fd, uint64_t fd_bytes,
                 bool sandbox) MUST_CHECK;
void answer_refusal(struct lws *wsi, struct edge *e, int status, const char *text); /* to an upgrade, at once */

#endif
