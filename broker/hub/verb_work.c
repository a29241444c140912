/* Work on what one holds: `presence`, `close`, `requeue`, `snooze`. */
#include "hub/hub_internal.h"

void verb_presence(struct hub *h, struct member *m, const struct frame *f)
{
    if (policy_presence_is_known(h->policy, f->presence.presence)) {
        colleague_presence(h, m->colleague, f->presence.presence, m->session, VERB_presence);
    } else {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "presence");
    }
}

static void work_changed(struct hub *h, const struct ticket *t, int err, struct text conversation)
{
    if (err && err != ERR_DUPLICATE) {
        struct refusal r = {.session = t->a, .verb = (enum frame_verb)t->b, .field = err == ERR_BAD_FIELD ? "reason" : NULL};
        (void)!text_copy(conversation, r.conversation, sizeof r.conversation); /* the same size */
        hub_refuse(h, &r, err);
    }
}

void work_change(struct hub *h, struct member *m, const struct frame *f, const struct change_request *r)
{
    int err = change_conversation(h, r, work_changed, (struct ticket){.a = m->session, .b = (uint64_t)f->verb});
    if (err) {
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

/* An agent changes what they hold; a supervisor anything. */
static struct text must_own(const struct member *m)
{
    return text_of(m->role == AGENT ? m->colleague->id : NULL);
}

void verb_close(struct hub *h, struct member *m, const struct frame *f)
{
    struct change_request r = {.conversation = f->close.conversation, .close = true, .seen = f->close.seq};
    if (m->role == RESIDENT) {
        if (!follow_find(m, f->close.conversation)) {
            edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "conversation");
            return;
        }
        r.by_resident = true;
        r.seen = 0;
    } else {
        r.reason = f->close.reason;
        r.must_own = must_own(m);
        r.by = text_of(m->colleague->id);
    }
    work_change(h, m, f, &r);
}

void verb_requeue(struct hub *h, struct member *m, const struct frame *f)
{
    struct text queue = f->requeue.queue;
    if (queue.n > 0 && staff_queue_index(h, queue) < 0) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "queue");
        return;
    }
    struct change_request r = {.conversation = f->requeue.conversation, .event = {.kind = queue.n > 0 ? EVENT_MOVED : EVENT_REQUEUED, .queue = queue},
                               .must_own = must_own(m), .by = text_of(m->colleague->id)};
    work_change(h, m, f, &r);
}

void verb_snooze(struct hub *h, struct member *m, const struct frame *f)
{
    if (f->snooze.until > 0 && (int64_t)f->snooze.until <= loop_wall_ms(h->loop)) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "until");
        return;
    }
    struct change_request r = {.conversation = f->snooze.conversation, .event = {.kind = EVENT_SNOOZED}, .until_ms = (int64_t)f->snooze.until,
                               .must_own = must_own(m), .by = text_of(m->colleague->id)};
    work_change(h, m, f, &r);
}
