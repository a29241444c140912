/* `resume`, `leave`, `history`: reading a conversation. Following starts when `resumed` is sent; the log then fills everything after `from`. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#include "edge/token.h"

bool hub_may_read(struct hub *h, const struct member *m, const struct store_conversation *c)
{
    if (m->role == SUPERVISOR) {
        return true;
    }
    for (size_t i = 0; m->colleague && i < c->joined_n + c->offered_n; i++) {
        if (text_is(i < c->joined_n ? c->joined[i] : c->offered[i - c->joined_n], m->colleague->id)) {
            return true;
        }
    }
    int queue = staff_queue_index(h, c->queue);
    return m->role == AGENT && m->colleague && (text_is(c->owner, m->colleague->id) || (queue >= 0 && routing_queues_has(&m->colleague->queues, (unsigned)queue)));
}

struct resume {
    struct hub *h;
    struct refusal refusal;
    uint64_t seq, last;
};

static void resume_done(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct resume *r = ctx;
    struct hub *h = r->h;
    struct member *m = member_find(h, r->refusal.session);
    (void)t;
    if (!m) {
        free(r);
        return;
    }
    if (!err && m->role != RESIDENT && !hub_may_read(h, m, c)) {
        err = ERR_NOT_FOUND; /* not `forbidden`: whether it exists is nobody's business */
    }
    struct follow *f = NULL;
    bool first = m->role == RESIDENT && !follow_find(m, text_of(r->refusal.conversation));
    err = err ? err : follow_open(h, m, text_of(r->refusal.conversation), &f);
    if (err) {
        hub_refuse(h, &r->refusal, err);
        free(r);
        return;
    }
    (void)!text_copy(c->owner, f->thread->owner, sizeof f->thread->owner); /* fits, or is absent */
    if (m->role == SUPERVISOR && !text_is(c->owner, m->colleague->id)) {
        audit_write(h, m->colleague, "monitor", c->id, (struct text){NULL, 0});
    }
    f->sent = r->last > 0 ? (c->seq > r->last ? c->seq - r->last : 0) : r->seq < c->seq ? r->seq : c->seq;
    if (c->seq > f->head) {
        f->head = c->seq;
    }
    f->ready = true;
    struct frame frame = {.verb = VERB_resumed,
                          .resumed = {.conversation = text_of(f->thread->id), .from = f->sent, .seq = c->seq, .counter = c->counter, .state = m->role == RESIDENT ? state_for_resident(c->state) : c->state,
                                      .read_resident = c->read_resident, .read_agent = c->read_agent}};
    if (edge_send(h->edge, m->session, &frame) == 0) {
        if (m->role == RESIDENT) {
            places_resumed(h, f, c->state, c->seq);
        }
        deliver_catch_up(h, f);
        if (m->role == SUPERVISOR) {
            deliver_conversation_to(h, text_of(f->thread->id), m->session); /* they may have named it by its id alone; nobody else hears of it */
        }
        if (first) {
            deliver_conversation(h, text_of(f->thread->id), (struct text){NULL, 0}); /* its agent sees that the page is here */
        }
    }
    free(r);
}

void verb_resume(struct hub *h, struct member *m, const struct frame *f)
{
    const struct frame_resume *resume = &f->resume;
    if (m->role == RESIDENT && !follow_find(m, resume->conversation)) {
        struct token proof;
        if (!store_secret(h->store) || token_read(store_secret(h->store), resume->token, 'r', loop_wall_ms(h->loop), &proof) ||
            !text_is(resume->conversation, proof.subject)) {
            edge_refuse(h->edge, m->session, ERR_BAD_TOKEN, f, "token");
            return;
        }
    }
    struct resume *r = calloc(1, sizeof *r);
    int err = r ? 0 : ERR_MEMORY;
    if (r) {
        r->h = h;
        r->refusal.session = m->session;
        r->refusal.verb = VERB_resume;
        r->seq = resume->seq;
        r->last = resume->last;
        err = text_copy(resume->conversation, r->refusal.conversation, sizeof r->refusal.conversation);
        err = err ? err : store_conversation_get(h->store, resume->conversation, text_of(m->client), resume_done, r, (struct ticket){0});
    }
    if (err) {
        free(r);
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

void verb_leave(struct hub *h, struct member *m, const struct frame *f)
{
    struct follow *follow = follow_find(m, f->leave.conversation);
    if (follow) {
        follow_close(h, follow);
    }
}

static void history_done(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct hub *h = ctx;
    struct member *m = member_find(h, t->a);
    struct follow *f = m ? follow_by_id(m, t->b) : NULL;
    if (!f) {
        return;
    }
    if (err) {
        struct refusal r = {.session = m->session, .verb = VERB_history};
        (void)!text_copy(text_of(f->thread->id), r.conversation, sizeof r.conversation); /* the same size */
        hub_refuse(h, &r, err);
        return;
    }
    /* At most so many, and at most so many bytes: long mails come in more pages rather than in more than a session may have waiting. */
    size_t first = n, bytes = 0;
    while (first > 0 && (first == n || bytes + e[first - 1].entry.n <= HUB_HISTORY_BYTES)) {
        bytes += e[--first].entry.n;
    }
    for (size_t i = first; i < n; i++) {
        struct frame frame;
        if (entry_decode(h, e[i].entry, text_of(f->thread->id), e[i].seq, &frame) || deliver_send_entry(h, m, &frame)) {
            return; /* the session is gone or being closed */
        }
    }
    struct frame end = {.verb = VERB_history_end, .history_end = {.conversation = text_of(f->thread->id), .from = n > 0 ? e[first].seq : 0}};
    (void)!edge_send(h->edge, m->session, &end); /* as above */
}

void verb_history(struct hub *h, struct member *m, const struct frame *f)
{
    struct follow *follow = follow_find(m, f->history.conversation);
    int err = !follow ? ERR_NOT_FOUND
                      : store_log_before(h->store, f->history.conversation, f->history.before, f->history.last ? f->history.last : 1,
                                         history_done, h, (struct ticket){.a = m->session, .b = follow->id});
    if (err) {
        edge_refuse(h->edge, m->session, err, f, "conversation");
    }
}
