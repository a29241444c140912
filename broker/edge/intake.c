/* What a session says: form, decoding, rate, role, in this order; what passes goes to the hub. */
#include <string.h>

#include "edge/edge_internal.h"

/* One token, if there is one. The bucket holds frames_burst tokens and gets frames_per_s a second. */
static bool token_take(struct session *s, int64_t now_ms)
{
    const struct edge_limits *l = &s->door.edge->limits;
    int64_t most = (int64_t)l->frames_burst * 1000;
    s->tokens_milli += (now_ms - s->refilled_ms) * (int64_t)l->frames_per_s;
    s->refilled_ms = now_ms;
    if (s->tokens_milli > most) {
        s->tokens_milli = most;
    }
    if (s->tokens_milli >= most / 2) {
        s->refused = 0;
    }
    if (s->tokens_milli < 1000) {
        s->refused++;
        return false;
    }
    s->tokens_milli -= 1000;
    return true;
}

void intake_error(struct session *s, int err, struct text verb, const char *field, const char *remedy, struct text conversation,
                  uint64_t counter)
{
    struct frame f = {.verb = VERB_error,
                      .error = {.code = text_of(err_name(err)),
                                .text = text_cut(text_of(remedy ? remedy : err_text(err)), TEXT_LINE_MAX),
                                .field = text_of(field),
                                .counter = counter,
                                .retry = err_class(err) != ERR_CLASS_FATAL}};
    /* Borrowed from the client: only what is fit to be sent back. */
    if (verb.n > 0 && verb.n <= WORD_MAX && text_is_utf8(verb)) {
        f.error.refused = verb;
    }
    if (conversation.n > 0 && conversation.n <= ID_MAX && text_is_utf8(conversation)) {
        f.error.conversation = conversation;
    }
    session_send(s, &f);
}

/* Where each verb keeps a field of a name; for the error frame only, so a walk is quick enough. */
static const struct frame_place {
    const char *verb, *field;
    size_t offset;
} text_places[] = {
#define VERB(name, direction, who, doc)
#define RECORD(name, doc)
#define TEXT(owner, field, presence, max, doc) {#owner, #field, offsetof(struct frame_##owner, field)},
#define UINT(owner, field, presence, max, doc)
#define BOOL(owner, field, presence, doc)
#define LIST(owner, field, presence, record, max, doc)
#define WORDS(owner, field, presence, bytes_max, max, doc)
#define END(name)
#include "proto/frames.def"
#undef TEXT
#undef UINT
}, uint_places[] = {
#define TEXT(owner, field, presence, max, doc)
#define UINT(owner, field, presence, max, doc) {#owner, #field, offsetof(struct frame_##owner, field)},
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END
};

static const void *place_find(const struct frame_place *places, size_t n, const struct frame *f, const char *field)
{
    const char *verb = frame_verb_name(f->verb);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(places[i].field, field) == 0 && strcmp(places[i].verb, verb) == 0) {
            return (const char *)&f->hello + places[i].offset; /* all members of the union begin at one address */
        }
    }
    return NULL;
}

void edge_refuse(struct edge *e, edge_id id, int err, const struct frame *f, const char *field)
{
    struct session *s = session_find(e, id);
    if (!s || s->state == SESSION_CLOSING) {
        return;
    }
    const struct text *conversation = NULL;
    const uint64_t *counter = NULL;
    if (f) {
        conversation = place_find(text_places, sizeof text_places / sizeof *text_places, f, "conversation");
        counter = place_find(uint_places, sizeof uint_places / sizeof *uint_places, f, "counter");
    }
    intake_error(s, err, text_of(f ? frame_verb_name(f->verb) : NULL), field, NULL,
                 conversation ? *conversation : (struct text){NULL, 0}, counter ? *counter : 0);
    if (err_close_code(err) && err_class(err) == ERR_CLASS_FATAL && err != ERR_BAD_FRAME) {
        session_fail(s, err);
    }
}

/* A frame that could not be read. A few may be a client's mistake; many are an attack or a client that will never do better. */
static void frame_malformed(struct session *s, int err, const struct frame_fault *fault, int64_t now_ms)
{
    if (now_ms - s->bad_since_ms > BAD_FRAMES_MS) {
        s->bad_since_ms = now_ms;
        s->bad = 0;
    }
    intake_error(s, err, fault->verb, fault->field, fault->remedy, fault->conversation, fault->counter);
    if (err == ERR_TOO_LARGE && !fault->field) { /* the frame; a field that is too long is refused like any other bad one */
        session_fail(s, ERR_TOO_LARGE);
    } else if (++s->bad > BAD_FRAMES_MAX) {
        session_fail(s, ERR_BAD_FRAME);
    }
}

static void frame_hello(struct session *s, const struct frame *f)
{
    session_set_state(s, SESSION_OPEN);
    s->told = true;
    s->door.edge->events.opened(s->door.edge->hub, s->door.id, &s->peer, &f->hello);
}

static void frame_pass(struct session *s, const struct frame *f, bool in_time)
{
    struct edge *e = s->door.edge;
    edge_id id = s->door.id;
    if (s->state != SESSION_OPEN && f->verb != VERB_hello) {
        edge_refuse(e, id, ERR_SIGN_IN, f, NULL);
    } else if (!in_time) {
        edge_refuse(e, id, ERR_TOO_FAST, f, NULL);
    } else if (!frame_may_send(f->verb, s->peer.role)) {
        edge_refuse(e, id, ERR_FORBIDDEN, f, NULL);
    } else if (f->verb == VERB_hello && s->state == SESSION_OPEN) {
        edge_refuse(e, id, ERR_BAD_STATE, f, NULL);
    } else if (f->verb == VERB_hello && f->hello.client.n == 0) {
        edge_refuse(e, id, ERR_BAD_FIELD, f, "client"); /* messages of nobody cannot be told from their repeats */
    } else if (f->verb == VERB_hello) {
        frame_hello(s, f);
    } else if (f->verb == VERB_ping) {
        session_send(s, &(struct frame){.verb = VERB_pong, .pong = {.n = f->ping.n}});
    } else if (f->verb != VERB_pong) {
        e->events.frame(e->hub, id, f);
    }
}

static void message(struct session *s, struct text in, bool binary)
{
    struct edge *e = s->door.edge;
    int64_t now_ms = loop_now_ms(e->loop);
    bool in_time = token_take(s, now_ms);
    if (!in_time && s->refused > 10 * e->limits.frames_burst) {
        session_fail(s, ERR_TOO_FAST);
        return;
    }
    struct frame_fault fault = {0};
    if (binary != (s->form == FRAME_MSGPACK)) {
        fault.remedy = binary ? "loket.1.json travels in text messages" : "loket.1.msgpack travels in binary messages";
        frame_malformed(s, ERR_BAD_FRAME, &fault, now_ms);
        return;
    }
    struct frame f;
    int err = frame_decode(s->form, FRAME_UP, in, e->arena, &f, &fault);
    if (err) {
        frame_malformed(s, err, &fault, now_ms);
    } else {
        frame_pass(s, &f, in_time);
    }
}

void session_receive(struct session *s, struct text piece, bool first, bool last, bool binary)
{
    if (s->state == SESSION_CLOSING) {
        return;
    }
    s->heard_ms = loop_now_ms(s->door.edge->loop);
    if (first) {
        s->binary = binary;
        if (last) {
            message(s, piece, binary); /* the usual case: borrowed from libwebsockets' buffer */
            return;
        }
        buf_clear(&s->in);
    }
    int err = buf_add_text(&s->in, piece);
    if (err) {
        struct frame_fault fault = {.remedy = "one message may have at most 65536 bytes, in one piece or in several"};
        frame_malformed(s, err == ERR_FULL ? ERR_TOO_LARGE : ERR_MEMORY, &fault, s->heard_ms);
        session_fail(s, err == ERR_FULL ? ERR_TOO_LARGE : ERR_MEMORY);
        return;
    }
    if (last) {
        message(s, buf_text(&s->in), s->binary);
        buf_done(&s->in);
    }
}
