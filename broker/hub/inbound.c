/* Messages from mail and SMS: one atomic store call finds or opens the conversation and appends; only then the source is told. */
#include "hub/hub_internal.h"

#include <stdlib.h>

struct arrival {
    struct hub *h;
    inbound_done done;
    void *done_ctx;
    char conversation[ID_BYTES], resident[ID_BYTES];
    struct buf blob;
};

bool channel_is_known(struct text channel)
{
    return text_is(channel, "chat") || text_is(channel, "email") || text_is(channel, "sms");
}

void inbound_new(struct hub *h, const struct queue_policy *q, struct text channel, uint64_t now, struct store_arrive *a)
{
    if (!q) {
        return;
    }
    a->priority = q->set.priority;
    a->head_start_ms = (int64_t)(q->set.priority * h->policy->routing.priority_step_s * 1000);
    policy_promise(h->policy, q, channel, (int64_t)now, &a->first_due_ms, &a->resolve_due_ms);
    if (text_is(channel, "chat")) { /* what comes by mail or text is never turned away */
        a->waiting_max = q->set.waiting_max;
        a->overflow_queue = q->set.overflow_to;
    }
}

/* A resident's message is in the log. If the conversation was not waiting or held, core says what follows; the store's attention list keeps it should we die here. */
void inbound_settle(struct hub *h, struct text conversation, struct text state, bool opened)
{
    if (opened) {
        router_kick(h);
    } else if (!text_is(state, "active") && !text_is(state, "queued") && !text_is(state, "offered")) {
        struct change_request r = {.conversation = conversation, .event = {.kind = EVENT_RESIDENT_SPOKE}};
        (void)!change_conversation(h, &r, NULL, (struct ticket){0}); /* else the attention list brings it back */
    }
    board_changed(h);
}

static void arrival_done(void *ctx, const struct ticket *t, int err, const struct store_arrived *r)
{
    struct arrival *a = ctx;
    struct hub *h = a->h;
    (void)t;
    if (!err) {
        log_event(LOG_INFO, r->opened ? "conversation_opened" : "message_arrived", "conversation=%.*s seq=%llu queue=%.*s", TEXT_ARG(r->conversation),
                  (unsigned long long)r->seq, TEXT_ARG(r->queue));
        deliver_entry(h, r->conversation, r->seq, buf_text(&a->blob));
        deliver_others(h, r->conversation, r->seq, buf_text(&a->blob), r->nodes);
        if (!r->opened && r->owner.n > 0) {
            deliver_conversation(h, r->conversation, (struct text){NULL, 0}); /* the channel may be another now */
        }
        inbound_settle(h, r->conversation, r->state, r->opened);
    }
    a->done(a->done_ctx, err);
    buf_done(&a->blob);
    free(a);
}

int inbound_hub_take(void *hub, const struct inbound *m, inbound_done done, void *ctx)
{
    struct hub *h = hub;
    if (!h->up) {
        return ERR_STORE_AWAY;
    }
    struct arrival *a = calloc(1, sizeof *a);
    if (!a) {
        return ERR_MEMORY;
    }
    a->h = h;
    a->done = done;
    a->done_ctx = ctx;
    buf_init(&a->blob, HUB_ENTRY_BYTES_MAX);
    id_make(a->conversation);
    id_make(a->resident);
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    struct frame_entry e = {.conversation = text_of(a->conversation), .kind = TEXT_LITERAL("message"), .at = now, .from = TEXT_LITERAL("resident"),
                            .name = text_cut(m->name, LABEL_MAX), .channel = m->channel, .text = m->text, .subject = text_cut(m->subject, SUBJECT_MAX),
                            .address = m->address, .message_id = text_cut(m->message_id, MESSAGE_ID_MAX), .attachments = m->attachments,
                            .attachments_n = m->attachments_n};
    struct text blob;
    int err = entry_encode(h, &e, &blob);
    err = err ? err : buf_add_text(&a->blob, blob);
    struct store_arrive arrive = {.source = m->channel, .source_id = m->source_id, .conversation_new = text_of(a->conversation),
                                  .resident_new = text_of(a->resident), .queue = m->queue, .channel = m->channel, .address = m->address,
                                  .name = e.name, .subject = e.subject, .subject_key = m->subject_key, .references = m->references,
                                  .references_n = m->references_n, .message_id = m->message_id, .now_ms = now};
    inbound_new(h, policy_queue(h->policy, m->queue), m->channel, now, &arrive);
    arrive.entry = buf_text(&a->blob);
    err = err ? err : store_arrive(h->store, &arrive, arrival_done, a, (struct ticket){0});
    if (err) {
        buf_done(&a->blob);
        free(a);
    }
    return err;
}
