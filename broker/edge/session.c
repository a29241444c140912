/* Sessions: their place, their limits and what waits to be sent. A frame is encoded straight into the session's buffer behind room for
 * its RFC 6455 header, and everything of one turn leaves in one write: one system call a session and turn, no copy, and no allocation
 * while warm buffers last. An idle session holds no buffer. */
#include <stdlib.h>
#include <string.h>

#include "edge/edge_internal.h"

enum { OPCODE_TEXT = 1, OPCODE_BINARY = 2, OPCODE_CLOSE = 8, FIN = 0x80, HEADER_USUAL = 4 /* 126 to 65,535 bytes */ };

struct address_count {
    unsigned sessions;
};

static int address_take(struct edge *e, const char *address)
{
    struct address_count *count = map_get(&e->addresses, text_of(address));
    if (count && count->sessions >= e->limits.sessions_per_address) {
        return ERR_CAPACITY;
    }
    if (!count) {
        count = calloc(1, sizeof *count);
        if (!count || map_set(&e->addresses, text_of(address), count)) {
            free(count);
            return ERR_MEMORY;
        }
    }
    count->sessions++;
    return 0;
}

static void address_give(struct edge *e, const char *address)
{
    struct address_count *count = map_get(&e->addresses, text_of(address));
    CHECK(count && count->sessions > 0);
    if (--count->sessions == 0) {
        free(map_remove(&e->addresses, text_of(address)));
    }
}

int session_new(struct edge *e, struct lws *wsi, const char *address, struct session **out)
{
    if (e->sessions >= e->limits.sessions_max) {
        return ERR_CAPACITY;
    }
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_MEMORY;
    }
    int err = text_copy(text_of(address), s->address, sizeof s->address);
    err = err ? err : address_take(e, s->address);
    if (err) {
        free(s);
        return err;
    }
    s->door = (struct door){.kind = DOOR_SESSION, .edge = e, .wsi = wsi};
    if (slots_take(&e->slots, &s->door)) {
        address_give(e, s->address);
        free(s);
        return ERR_MEMORY;
    }
    list_init(&s->in_dirty);
    list_init(&s->in_due);
    buf_init(&s->in, FRAME_UP_BYTES_MAX);
    s->heard_ms = s->refilled_ms = s->since_ms = loop_now_ms(e->loop);
    s->tokens_milli = (int64_t)e->limits.frames_burst * 1000;
    e->sessions++;
    pulse_watch(s);
    *out = s;
    return 0;
}

static void out_release(struct session *s)
{
    struct edge *e = s->door.edge;
    if (s->out.data && e->spares < SPARES_MAX && s->out.room <= SPARE_BYTES_MAX) {
        buf_clear(&s->out);
        e->spare[e->spares++] = s->out;
    } else {
        buf_done(&s->out);
    }
    s->out = (struct buf){0};
    s->out_at = 0;
}

static void hub_closed(struct session *s)
{
    if (s->told) {
        s->told = false;
        s->door.edge->events.closed(s->door.edge->hub, s->door.id);
    }
}

void session_gone(struct session *s)
{
    struct edge *e = s->door.edge;
    s->door.wsi = NULL;
    session_set_state(s, SESSION_CLOSING); /* the hub's sends find a closed session from here on */
    hub_closed(s);
    list_remove(&s->in_dirty);
    list_remove(&s->in_due);
    address_give(e, s->address);
    slots_give(&e->slots, s->door.id);
    buf_done(&s->in);
    out_release(s);
    e->sessions--;
    s->door.kind = 0;
    free(s);
}

struct session *session_find(struct edge *e, edge_id id)
{
    struct door *door = slots_find(&e->slots, id);
    return door && door->kind == DOOR_SESSION ? (struct session *)(void *)door : NULL;
}

void session_set_state(struct session *s, enum session_state state)
{
    s->state = state;
    s->since_ms = loop_now_ms(s->door.edge->loop);
}

void session_dirty(struct session *s)
{
    if (list_is_empty(&s->in_dirty)) {
        list_add_last(&s->door.edge->dirty, &s->in_dirty);
        loop_idle_arm(s->door.edge->turn_end);
    }
}

size_t session_waiting(const struct session *s)
{
    return s->out.len - s->out_at + s->handed;
}

/* Room for one more frame. What was handed over is dropped when it is the larger part: each byte is moved at most once on average. */
static void out_prepare(struct session *s)
{
    struct edge *e = s->door.edge;
    if (!s->out.data && e->spares > 0) {
        s->out = e->spare[--e->spares];
    }
    if (s->out_at > s->out.len / 2 && s->out_at > SPARE_BYTES_MAX) {
        buf_eat(&s->out, s->out_at);
        s->out_at = 0;
    }
    /* One frame of the largest kind may always wait alone; else a wallboard larger than the limit could never be sent. */
    size_t alone = FRAME_DOWN_BYTES_MAX + FRAME_HEADER_MAX;
    size_t most = e->limits.send_bytes_max;
    s->out.cap = s->out_at + (session_waiting(s) == 0 && most < alone ? alone : most);
}

/* RFC 6455, section 5.2: the header of a server's frame of @n bytes; returns its length. */
static size_t header_make(unsigned char out[FRAME_HEADER_MAX], unsigned opcode, size_t n)
{
    out[0] = (unsigned char)(FIN | opcode);
    if (n < 126) {
        out[1] = (unsigned char)n;
        return 2;
    }
    size_t length_bytes = n < 65536 ? 2 : 8;
    out[1] = length_bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < length_bytes; i++) {
        out[2 + i] = (unsigned char)(n >> (8 * (length_bytes - 1 - i)));
    }
    return 2 + length_bytes;
}

static int frame_add(struct session *s, const struct frame *f)
{
    struct buf *out = &s->out;
    size_t at = out->len;
    int err = buf_reserve(out, FRAME_HEADER_MAX);
    if (err) {
        return err;
    }
    out->len += HEADER_USUAL;
    err = frame_encode(s->form, f, out);
    size_t n = out->len - at - HEADER_USUAL;
    unsigned char header[FRAME_HEADER_MAX];
    size_t header_bytes = header_make(header, s->form == FRAME_JSON ? OPCODE_TEXT : OPCODE_BINARY, n);
    if (!err && header_bytes > HEADER_USUAL) {
        err = buf_reserve(out, header_bytes - HEADER_USUAL);
    }
    if (err) {
        out->len = at;
        return err;
    }
    if (header_bytes != HEADER_USUAL) {
        memmove(out->data + at + header_bytes, out->data + at + HEADER_USUAL, n);
    }
    memcpy(out->data + at, header, header_bytes);
    out->len = at + header_bytes + n;
    return 0;
}

void session_send(struct session *s, const struct frame *f)
{
    (void)!edge_send(s->door.edge, s->door.id, f); /* a failing session is being closed */
}

int edge_send(struct edge *e, edge_id id, const struct frame *f)
{
    struct session *s = session_find(e, id);
    if (!s || s->state == SESSION_CLOSING) {
        return ERR_CLOSED;
    }
    out_prepare(s);
    int err = frame_add(s, f);
    if (err) {
        session_fail(s, err == ERR_FULL ? ERR_FULL : ERR_MEMORY);
        return err;
    }
    if (!s->paused && session_waiting(s) > e->limits.send_bytes_max / 2) {
        s->paused = true;
        socket_pause(s, true);
    }
    session_dirty(s);
    return 0;
}

size_t edge_waiting_bytes(struct edge *e, edge_id id)
{
    struct session *s = session_find(e, id);
    return s ? session_waiting(s) : 0;
}

bool edge_is_half_full(struct edge *e, edge_id id)
{
    struct session *s = session_find(e, id);
    return s && s->paused;
}

void session_fail(struct session *s, int err)
{
    if (s->state == SESSION_CLOSING) {
        return;
    }
    session_set_state(s, SESSION_CLOSING);
    if (err == ERR_FULL) {
        s->out.len = s->out_at; /* a whole number of frames was handed over */
    }
    int code = err_close_code(err) ? err_close_code(err) : 1000;
    const char *reason = err_name(err);
    size_t n = 2 + strlen(reason);
    unsigned char header[FRAME_HEADER_MAX];
    size_t header_bytes = header_make(header, OPCODE_CLOSE, n);
    s->out.cap = s->out.len + header_bytes + n; /* the last frame always has its place */
    if (buf_add(&s->out, header, header_bytes) || buf_add(&s->out, (char[]){(char)(code >> 8), (char)code}, 2) ||
        buf_add_z(&s->out, reason)) {
        buf_clear(&s->out); /* out of memory: it ends without a word */
        s->out_at = 0;
        socket_kill(s);
    }
    session_dirty(s); /* `in` stays: what the hub was handed may lie in it */
}

void edge_session_close(struct edge *e, edge_id id, int err)
{
    struct session *s = session_find(e, id);
    if (s) {
        session_fail(s, err);
    }
}

void edge_notice(struct edge *e, const char *code)
{
    struct frame f = {.verb = VERB_notice, .notice = {.code = text_of(code)}};
    for (uint32_t i = 0; i < e->slots.used; i++) {
        struct door *door = e->slots.slot[i].door;
        if (door && door->kind == DOOR_SESSION && ((struct session *)(void *)door)->state == SESSION_OPEN) {
            (void)!edge_send(e, door->id, &f); /* a full session is closed and hears it when it is back */
        }
    }
}

struct text session_chunk(const struct session *s)
{
    const unsigned char *data = (const unsigned char *)s->out.data;
    size_t end = s->out_at;
    while (end < s->out.len && end - s->out_at < CHUNK_BYTES) {
        size_t n = data[end + 1] & 127, header_bytes = 2;
        if (n >= 126) {
            size_t length_bytes = n == 126 ? 2 : 8;
            n = 0;
            for (size_t i = 0; i < length_bytes; i++) {
                n = n << 8 | data[end + 2 + i];
            }
            header_bytes += length_bytes;
        }
        end += header_bytes + n;
    }
    CHECK(end <= s->out.len);
    return (struct text){s->out.data ? s->out.data + s->out_at : NULL, end - s->out_at};
}

void session_handed(struct session *s, size_t n, bool blocked)
{
    s->out_at += n;
    s->blocked = blocked;
    s->handed = blocked ? n : 0;
    if (s->out_at == s->out.len) {
        out_release(s);
    }
}

/* The end of the turn: first the hub hears who is closing, then everybody's bytes leave. Sends that this brings about wait for the next
 * firing, so that one long resume cannot keep the loop to itself. */
void session_turn_end(void *edge)
{
    struct edge *e = edge;
    struct list now;
    list_init(&now);
    if (!list_is_empty(&e->dirty)) {
        now = e->dirty;
        now.next->prev = &now;
        now.prev->next = &now;
        list_init(&e->dirty);
    }
    while (!list_is_empty(&now)) {
        /* The last first: a message's receivers stand behind its sender, and their wait is the one that a person feels. */
        struct session *s = LIST_OWNER(now.prev, struct session, in_dirty);
        list_remove(&s->in_dirty);
        if (s->state == SESSION_CLOSING) {
            hub_closed(s);
            if (s->paused) {
                s->paused = false;
                socket_pause(s, false); /* to hear the client's close frame */
            }
        }
        socket_flush(s);
    }
}
