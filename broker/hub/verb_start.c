/* `start`: a resident's first message opens a conversation. The same key gives the same conversation. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#include "edge/token.h"

struct start {
    struct hub *h;
    edge_id session;
    char key[ID_MAX + 1];
    struct buf blob;
    char conversation[ID_BYTES], resident[ID_BYTES];
};

static void start_done(void *ctx, const struct ticket *t, int err, const struct store_arrived *r)
{
    struct start *s = ctx;
    struct hub *h = s->h;
    (void)t;
    struct member *m = member_find(h, s->session);
    char token[TOKEN_MAX + 1];
    int64_t expires = loop_wall_ms(h->loop) + TOKEN_RESIDENT_MS;
    if (err == 0) {
        log_event(LOG_INFO, "conversation_opened", "conversation=%.*s channel=chat queue=%.*s", TEXT_ARG(r->conversation), TEXT_ARG(r->queue));
        inbound_settle(h, r->conversation, r->state, true);
    }
    if ((err == 0 || err == ERR_DUPLICATE) && m) {
        struct token proof = {.kind = 'r', .role = RESIDENT, .expires_ms = expires};
        err = text_copy(r->conversation, proof.subject, sizeof proof.subject);
        err = err ? err : text_copy(r->resident, proof.session, sizeof proof.session);
        err = err ? err : token_make(store_secret(h->store), &proof, token);
        if (!err) {
            struct frame f = {.verb = VERB_started,
                              .started = {.key = text_of(s->key), .conversation = r->conversation, .token = text_of(token),
                                          .expires_at = (uint64_t)expires, .seq = r->seq}};
            (void)!edge_send(h->edge, s->session, &f); /* a session that is gone starts again with the same key */
        }
    }
    if (err && err != ERR_DUPLICATE) {
        hub_refuse(h, &(struct refusal){.session = s->session, .verb = VERB_start}, err);
    }
    buf_done(&s->blob);
    free(s);
}

void verb_start(struct hub *h, struct member *m, const struct frame *f)
{
    const struct frame_start *start = &f->start;
    if (m->role != RESIDENT) {
        edge_refuse(h->edge, m->session, ERR_FORBIDDEN, f, NULL);
        return;
    }
    if (staff_queue_index(h, start->queue) < 0) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "queue");
        return;
    }
    const struct queue_policy *q = policy_queue(h->policy, start->queue);
    if (text_is(q->set.outside, "close") && !hours_is_open(&q->hours, &h->policy->zone, loop_wall_ms(h->loop))) {
        edge_refuse(h->edge, m->session, ERR_QUEUE_CLOSED, f, "queue");
        return;
    }
    if (start->text.n == 0 || start->key.n < 16) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, start->text.n == 0 ? "text" : "key");
        return;
    }
    struct start *s = calloc(1, sizeof *s);
    if (!s) {
        edge_refuse(h->edge, m->session, ERR_MEMORY, f, NULL);
        return;
    }
    s->h = h;
    s->session = m->session;
    buf_init(&s->blob, HUB_ENTRY_BYTES_MAX);
    id_make(s->conversation);
    id_make(s->resident);
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    struct frame_entry e = {.conversation = text_of(s->conversation), .kind = TEXT_LITERAL("message"), .at = now, .from = TEXT_LITERAL("resident"),
                            .name = start->name, .client = text_of(m->client), .counter = 1, .channel = TEXT_LITERAL("chat"), .text = start->text};
    struct text blob;
    int err = text_copy(start->key, s->key, sizeof s->key);
    err = err ? err : entry_encode(h, &e, &blob);
    err = err ? err : buf_add_text(&s->blob, blob);
    struct store_arrive a = {.source = TEXT_LITERAL("chat"), .source_id = start->key, .conversation_new = text_of(s->conversation),
                             .resident_new = text_of(s->resident), .queue = start->queue, .channel = TEXT_LITERAL("chat"), .name = start->name,
                             .client = text_of(m->client), .language = start->language, .now_ms = now};
    inbound_new(h, q, TEXT_LITERAL("chat"), now, &a);
    a.entry = buf_text(&s->blob);
    err = err ? err : store_arrive(h->store, &a, start_done, s, (struct ticket){0});
    if (err) {
        buf_done(&s->blob);
        free(s);
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}
