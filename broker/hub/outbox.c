/* Outbound mail and SMS: work taken from the store's outbox, an attempt noted on disk before it leaves, its outcome written as a receipt. Messages of one conversation leave in
 * order; different conversations at the same time. What was begun by a process that died: mail is sent again under the same Message-ID, an SMS is shown as unknown and never sent twice. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#include "channels/email/mail_build.h"

#define OUTBOX_OPEN_MAX 16
#define OUTBOX_RETRY_MIN_MS 1000
#define OUTBOX_RETRY_MAX_MS 60000

struct out_item {
    struct list in_items;
    struct outbox *outbox;
    char id[ID_MAX + 1], conversation[ID_MAX + 1];
    uint64_t seq, attempts;
    struct buf room;         /* what the texts below point into */
    struct text entry, name, subject, in_reply_to, references;
    char message_id[MESSAGE_ID_MAX + 1];
    bool running, noted;
    int64_t not_before_ms, retry_ms;
    const char *outcome;     /* static; with receipt */
    struct buf receipt;
};

struct outbox {
    struct hub *hub;
    const char *channel;
    struct list items;       /* taken, not finished; oldest first */
    size_t items_n;
    bool taking, again, recover;
    struct loop_timer *retry;
};

static void outbox_pump(struct outbox *o);

static void item_free(struct out_item *i)
{
    list_remove(&i->in_items);
    i->outbox->items_n--;
    buf_done(&i->room);
    buf_done(&i->receipt);
    free(i);
}

static void item_later(struct out_item *i)
{
    i->running = false;
    i->retry_ms = i->retry_ms ? i->retry_ms * 2 : OUTBOX_RETRY_MIN_MS;
    if (i->retry_ms > OUTBOX_RETRY_MAX_MS) {
        i->retry_ms = OUTBOX_RETRY_MAX_MS;
    }
    i->not_before_ms = loop_now_ms(i->outbox->hub->loop) + i->retry_ms;
    loop_timer_start(i->outbox->retry, i->retry_ms, 0);
}

static void item_finished(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct out_item *i = ctx;
    struct outbox *o = i->outbox;
    struct hub *h = o->hub;
    (void)t;
    if (err && err != ERR_NOT_FOUND && err != ERR_DUPLICATE) {
        /* The outcome is known and must not be forgotten: keep it and write it again. */
        i->not_before_ms = loop_now_ms(h->loop) + OUTBOX_RETRY_MIN_MS;
        i->running = false;
        loop_timer_start(o->retry, OUTBOX_RETRY_MIN_MS, 0);
        return;
    }
    if (!err) {
        deliver_entry(h, text_of(i->conversation), r->seq, buf_text(&i->receipt));
        deliver_others(h, text_of(i->conversation), r->seq, buf_text(&i->receipt), r->nodes);
    }
    item_free(i);
    outbox_pump(o);
}

static int item_write_receipt(struct out_item *i)
{
    struct hub *h = i->outbox->hub;
    return store_outbox_finish(h->store, i->outbox->channel, text_of(i->id), text_of(i->conversation), i->seq, text_of(i->outcome), buf_text(&i->receipt),
                               text_of(i->message_id[0] ? i->message_id : NULL), item_finished, i, (struct ticket){0});
}

static void item_outcome(struct out_item *i, const char *state, const char *reason, const char *provider_id)
{
    struct hub *h = i->outbox->hub;
    struct frame_entry e = {.conversation = text_of(i->conversation), .kind = TEXT_LITERAL("receipt"), .at = (uint64_t)loop_wall_ms(h->loop),
                            .from = TEXT_LITERAL("system"), .channel = text_of(i->outbox->channel), .of = i->seq, .state = text_of(state),
                            .reason = text_cut(text_of(reason[0] ? reason : NULL), TEXT_LINE_MAX),
                            .message_id = text_of(i->message_id[0] ? i->message_id : provider_id[0] ? provider_id : NULL)};
    struct text blob;
    int err = entry_encode(h, &e, &blob);
    i->outcome = state;
    err = err ? err : buf_add_text(&i->receipt, blob);
    log_event(LOG_INFO, "message_out", "conversation=%s seq=%llu channel=%s state=%s", i->conversation, (unsigned long long)i->seq,
              i->outbox->channel, state);
    err = err ? err : item_write_receipt(i);
    if (err) {
        item_later(i);
    }
}

static void item_sent(void *ctx, const struct outbound_result *r)
{
    struct out_item *i = ctx;
    bool email = strcmp(i->outbox->channel, "email") == 0;
    if (!i->outbox->hub->up && i->outbox->hub->stopping) {
        item_later(i); /* cut off by our own end: the attempt is on disk, and the next start decides as after any stop */
        return;
    }
    if (r->fate == OUTBOUND_LATER || (r->fate == OUTBOUND_UNKNOWN && email && i->attempts < 1)) {
        log_event(LOG_WARN, "message_out_later", "conversation=%s seq=%llu channel=%s why=\"%s\" next=\"again in %lld ms at the most\"", i->conversation,
                  (unsigned long long)i->seq, i->outbox->channel, r->reason, (long long)OUTBOX_RETRY_MAX_MS);
        i->attempts += r->fate == OUTBOUND_UNKNOWN;
        item_later(i);
        return;
    }
    item_outcome(i, r->fate == OUTBOUND_SENT ? "sent" : r->fate == OUTBOUND_REFUSED ? "failed" : "unknown", r->reason, r->provider_id);
}

static const struct hub_mailbox *item_mailbox(const struct hub *h, struct text queue)
{
    for (size_t i = 0; i < h->config->mailboxes_n; i++) {
        if (text_is(queue, h->config->mailboxes[i].queue)) {
            return &h->config->mailboxes[i];
        }
    }
    return h->config->mailboxes_n > 0 ? &h->config->mailboxes[0] : NULL;
}

static int item_send_email(struct out_item *i, struct text queue, struct outbound *out)
{
    struct hub *h = i->outbox->hub;
    const struct hub_mailbox *m = item_mailbox(h, queue);
    if (!m) {
        item_outcome(i, "failed", "no mailbox is configured", "");
        return 0;
    }
    const char *at = strrchr(m->address, '@');
    int err = mail_message_id_make(text_of(i->conversation), i->seq, at ? at + 1 : "localhost", i->message_id);
    out->message_id = text_of(i->message_id);
    struct smtp_config c = {.address = m->address, .name = h->config->organisation_name, .url = m->smtp_url, .user = m->user,
                            .password = m->password, .tls = m->tls};
    return err ? err : smtp_send(h->transfers, &c, out, item_sent, i);
}

static int item_send_sms(struct out_item *i, struct text queue, struct outbound *out)
{
    struct hub *h = i->outbox->hub;
    for (int any = 0; any < 2; any++) {
        for (size_t k = 0; k < h->config->numbers_n; k++) {
            if (any || text_is(queue, h->config->numbers[k].queue)) {
                return kannel_send(h->transfers, &h->kannel[k], out, item_sent, i);
            }
        }
    }
    item_outcome(i, "failed", "no number is configured", "");
    return 0;
}

static void item_with_queue(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct out_item *i = ctx;
    struct hub *h = i->outbox->hub;
    struct frame f;
    (void)t;
    err = err ? err : entry_decode(h, i->entry, text_of(i->conversation), i->seq, &f);
    if (err) {
        item_later(i);
        return;
    }
    struct outbound out = {.channel = i->outbox->channel, .conversation = text_of(i->conversation), .seq = i->seq, .address = f.entry.address,
                           .resident_name = i->name, .text = f.entry.text, .agent_name = f.entry.name, .subject = i->subject,
                           .in_reply_to = i->in_reply_to, .references = i->references, .date_ms = (int64_t)f.entry.at};
    err = strcmp(i->outbox->channel, "email") == 0 ? item_send_email(i, c->queue, &out) : item_send_sms(i, c->queue, &out);
    if (err == ERR_BAD_INPUT || err == ERR_TOO_LARGE) {
        item_outcome(i, "failed", err_text(err), "");
    } else if (err) {
        item_later(i);
    }
}

static void item_attempt_noted(void *ctx, const struct ticket *t, int err)
{
    struct out_item *i = ctx;
    (void)t;
    if (err == ERR_STALE) { /* we were thought dead, and another broker has it now */
        struct outbox *o = i->outbox;
        item_free(i);
        outbox_pump(o);
        return;
    }
    if (err || store_conversation_get(i->outbox->hub->store, text_of(i->conversation), (struct text){NULL, 0}, item_with_queue, i, (struct ticket){0})) {
        item_later(i);
        return;
    }
    i->noted = true;
}

static void item_run(struct out_item *i)
{
    struct hub *h = i->outbox->hub;
    int err;
    i->running = true;
    if (i->receipt.len > 0) {
        err = item_write_receipt(i);
    } else if (i->attempts > 0 && !i->noted && strcmp(i->outbox->channel, "sms") == 0) {
        item_outcome(i, "unknown", "the broker stopped while this was being sent", "");
        return;
    } else {
        err = store_outbox_attempt(h->store, i->outbox->channel, text_of(i->id), item_attempt_noted, i, (struct ticket){0});
    }
    if (err) {
        item_later(i);
    }
}

static bool item_is_behind_another(struct outbox *o, const struct out_item *item)
{
    LIST_FOR(&o->items, l, next) {
        const struct out_item *i = LIST_OWNER(l, struct out_item, in_items);
        if (i == item) {
            return false;
        }
        if (strcmp(i->conversation, item->conversation) == 0) {
            return true;
        }
    }
    return false;
}

static int item_keep(struct out_item *i, struct text from, size_t *at)
{
    *at = i->room.len;
    return buf_add_text(&i->room, from);
}

static struct text item_kept(const struct out_item *i, struct text from, size_t at)
{
    return from.s ? (struct text){i->room.data + at, from.n} : from;
}

static int item_new(struct outbox *o, const struct store_out *s)
{
    LIST_FOR(&o->items, l, next) {
        if (text_is(s->id, LIST_OWNER(l, struct out_item, in_items)->id)) {
            return 0; /* already here */
        }
    }
    struct out_item *i = calloc(1, sizeof *i);
    if (!i) {
        return ERR_MEMORY;
    }
    size_t at[5];
    buf_init(&i->room, HUB_ENTRY_BYTES_MAX * 2);
    buf_init(&i->receipt, HUB_ENTRY_BYTES_MAX);
    int err = text_copy(s->id, i->id, sizeof i->id);
    err = err ? err : text_copy(s->conversation, i->conversation, sizeof i->conversation);
    err = err ? err : item_keep(i, s->entry, &at[0]);
    err = err ? err : item_keep(i, s->name, &at[1]);
    err = err ? err : item_keep(i, s->subject, &at[2]);
    err = err ? err : item_keep(i, s->reference, &at[3]);
    err = err ? err : item_keep(i, s->references, &at[4]);
    if (err) {
        buf_done(&i->room);
        free(i);
        return err;
    }
    i->outbox = o;
    i->seq = s->seq;
    i->attempts = s->attempts;
    i->entry = item_kept(i, s->entry, at[0]);
    i->name = item_kept(i, s->name, at[1]);
    i->subject = item_kept(i, s->subject, at[2]);
    i->in_reply_to = item_kept(i, s->reference, at[3]);
    i->references = item_kept(i, s->references, at[4]);
    list_add_last(&o->items, &i->in_items);
    o->items_n++;
    return 0;
}

static void outbox_taken(void *ctx, const struct ticket *t, int err, const struct store_out *items, size_t n)
{
    struct outbox *o = ctx;
    o->taking = false;
    for (size_t k = 0; !err && k < n; k++) {
        if (item_new(o, &items[k])) {
            log_event(LOG_ERROR, "outbox_item", "channel=%s next=\"taken again after a restart\"", o->channel);
        }
    }
    o->again |= !err && n > 0;
    o->recover |= err != 0 && t->a; /* refused without being away: the recovery is still to come */
    outbox_pump(o);
}

static void outbox_pump(struct outbox *o)
{
    struct hub *h = o->hub;
    if (!h->up || h->stopping) {
        return;
    }
    size_t running = 0;
    int64_t now = loop_now_ms(h->loop);
    LIST_FOR(&o->items, l, next) {
        running += LIST_OWNER(l, struct out_item, in_items)->running;
    }
    LIST_FOR(&o->items, l, next) {
        struct out_item *i = LIST_OWNER(l, struct out_item, in_items);
        if (!i->running && running < OUTBOX_OPEN_MAX && i->not_before_ms <= now && !item_is_behind_another(o, i)) {
            running++;
            item_run(i);
        }
    }
    if (o->again && !o->taking && o->items_n < OUTBOX_OPEN_MAX * 2) {
        o->again = false;
        bool recover = o->recover;
        o->taking = store_outbox_take(h->store, o->channel, recover, OUTBOX_OPEN_MAX, outbox_taken, o, (struct ticket){.a = recover}) == 0;
        if (o->taking) {
            o->recover = false;
        }
    }
}

void outbox_kick(struct outbox *o)
{
    o->again = true;
    outbox_pump(o);
}

void outbox_recover(struct outbox *o)
{
    o->recover = true;
    outbox_kick(o);
}

bool outbox_is_idle(const struct outbox *o)
{
    LIST_FOR(&o->items, l, next) {
        if (LIST_OWNER(l, struct out_item, in_items)->running) {
            return false;
        }
    }
    return true;
}

static void outbox_retry(void *ctx)
{
    outbox_kick(ctx);
}

struct outbox *outbox_of(struct hub *h, const char *channel)
{
    return h->outboxes[strcmp(channel, "email") == 0 ? 0 : 1];
}

int outbox_new(struct hub *h, const char *channel, struct outbox **out)
{
    struct outbox *o = calloc(1, sizeof *o);
    if (!o) {
        return ERR_MEMORY;
    }
    o->hub = h;
    o->channel = channel;
    list_init(&o->items);
    int err = loop_timer_new(h->loop, outbox_retry, o, &o->retry);
    if (err) {
        free(o);
        return err;
    }
    *out = o;
    return 0;
}

void outbox_free(struct outbox **o)
{
    if (*o) {
        LIST_FOR(&(*o)->items, l, next) {
            item_free(LIST_OWNER(l, struct out_item, in_items));
        }
        loop_timer_free(&(*o)->retry);
        free(*o);
        *o = NULL;
    }
}
