/* An agent's work: `presence`, `close`, `requeue`, `link`, `unlink`. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#include "channels/email/mail_parse.h"
#include "channels/sms/sms_text.h"

void verb_presence(struct hub *h, struct member *m, const struct frame *f)
{
    static const char *const known[] = {"available", "break", "offline"};
    for (size_t i = 0; i < 3; i++) {
        if (text_is(f->presence.presence, known[i])) {
            colleague_presence(h, m->colleague, known[i], m->session);
            return;
        }
    }
    edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "presence");
}

static void work_changed(struct hub *h, const struct ticket *t, int err, struct text conversation, struct text owner_before)
{
    (void)owner_before;
    if (err) {
        struct refusal r = {.session = t->a, .verb = (enum frame_verb)t->b};
        (void)!text_copy(conversation, r.conversation, sizeof r.conversation); /* the same size */
        hub_refuse(h, &r, err);
    }
}

static void work_change(struct hub *h, struct member *m, const struct frame *f, struct text conversation, const struct conversation_event *e)
{
    /* An agent changes what they hold; a supervisor anything. */
    struct text must_own = text_of(m->role == AGENT ? m->colleague->id : NULL);
    int err = change_conversation(h, conversation, e, must_own, text_of(m->colleague->id), work_changed,
                                  (struct ticket){.a = m->session, .b = (uint64_t)f->verb});
    if (err) {
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

void verb_close(struct hub *h, struct member *m, const struct frame *f)
{
    work_change(h, m, f, f->close.conversation, &(struct conversation_event){.kind = EVENT_FINISHED, .seen = f->close.seq});
}

void verb_requeue(struct hub *h, struct member *m, const struct frame *f)
{
    if (f->requeue.queue.n > 0 && staff_queue_index(h, f->requeue.queue) < 0) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "queue");
        return;
    }
    struct conversation_event e = {.kind = f->requeue.queue.n > 0 ? EVENT_MOVED : EVENT_REQUEUED, .queue = f->requeue.queue};
    work_change(h, m, f, f->requeue.conversation, &e);
}

struct linking {
    struct hub *h;
    struct refusal refusal;
    struct buf blob;
};

static void link_done(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct linking *l = ctx;
    (void)t;
    if (err) {
        hub_refuse(l->h, &l->refusal, err);
    } else {
        deliver_entry(l->h, text_of(l->refusal.conversation), r->seq, buf_text(&l->blob));
        deliver_conversation(l->h, text_of(l->refusal.conversation), NULL);
    }
    buf_done(&l->blob);
    free(l);
}

static void link_change(struct hub *h, struct member *m, const struct frame *f, struct text conversation, struct text channel, struct text address,
                        bool on)
{
    char key[ADDRESS_MAX + 1], number[32];
    struct text normal;
    if (text_is(channel, "email") && email_address_key(address, key) == 0) {
        normal = text_of(key);
    } else if (text_is(channel, "sms") && sms_number_normalise(address, h->config->country, number) == 0 && number[0] == '+') {
        normal = text_of(number);
    } else {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, channel_is_known(channel) ? "address" : "channel");
        return;
    }
    struct linking *l = calloc(1, sizeof *l);
    if (!l) {
        edge_refuse(h->edge, m->session, ERR_MEMORY, f, NULL);
        return;
    }
    l->h = h;
    l->refusal.session = m->session;
    l->refusal.verb = f->verb;
    buf_init(&l->blob, HUB_ENTRY_BYTES_MAX);
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    struct frame_entry e = {.conversation = conversation, .kind = TEXT_LITERAL("link"), .at = now, .from = TEXT_LITERAL("agent"),
                            .author = text_of(m->colleague->id), .name = text_of(m->colleague->name), .channel = channel, .address = normal,
                            .state = on ? TEXT_LITERAL("linked") : TEXT_LITERAL("unlinked")};
    struct text blob;
    int err = text_copy(conversation, l->refusal.conversation, sizeof l->refusal.conversation);
    err = err ? err : entry_encode(h, &e, &blob);
    err = err ? err : buf_add_text(&l->blob, blob);
    err = err ? err : store_link(h->store, conversation, channel, normal, on, text_of(m->colleague->id), buf_text(&l->blob), now, link_done, l,
                                 (struct ticket){0});
    if (err) {
        buf_done(&l->blob);
        free(l);
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

void verb_link(struct hub *h, struct member *m, const struct frame *f)
{
    link_change(h, m, f, f->link.conversation, f->link.channel, f->link.address, true);
}

void verb_unlink(struct hub *h, struct member *m, const struct frame *f)
{
    link_change(h, m, f, f->unlink.conversation, f->unlink.channel, f->unlink.address, false);
}
