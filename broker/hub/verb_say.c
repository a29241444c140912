/* `say`: one store call, and ack and delivery in the turn of its answer. The hot path: nothing here allocates but a pooled copy of the entry. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#define SAY_POOL_MAX 4096 /* idle copies kept; about 512 bytes each */

struct say { /* one append on its way */
    struct say *next;
    struct refusal refusal;
    char client[ID_MAX + 1];
    bool resident, outbox_email, outbox_sms;
    uint64_t at;
    struct buf blob;
};

static struct say *say_pool;
static size_t say_pool_n;

static struct say *say_take(void)
{
    struct say *s = say_pool;
    if (s) {
        say_pool = s->next;
        say_pool_n--;
        return s;
    }
    s = calloc(1, sizeof *s);
    if (s) {
        buf_init(&s->blob, HUB_ENTRY_BYTES_MAX);
    }
    return s;
}

static void say_give(struct say *s)
{
    if (say_pool_n >= SAY_POOL_MAX || s->blob.room > 8192) {
        buf_done(&s->blob);
        free(s);
        return;
    }
    s->next = say_pool;
    say_pool = s;
    say_pool_n++;
}

static void say_ack(struct hub *h, const struct say *s, uint64_t seq, uint64_t at)
{
    struct frame f = {.verb = VERB_ack,
                      .ack = {.conversation = text_of(s->refusal.conversation), .counter = s->refusal.counter, .seq = seq, .at = at}};
    (void)!edge_send(h->edge, s->refusal.session, &f); /* a session that is gone repeats, and gets it then */
}

/* A repeat: the first ack again. Its number is found in the log, from the newest back; repeats are rare and recent. */
static void say_repeat_page(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct hub *h = t->p;
    struct say *s = ctx;
    for (size_t i = n; !err && i-- > 0;) {
        struct frame f;
        if (entry_decode(h, e[i].entry, text_of(s->refusal.conversation), e[i].seq, &f) == 0 && f.entry.counter == s->refusal.counter &&
            text_is(f.entry.client, s->client)) {
            say_ack(h, s, e[i].seq, f.entry.at);
            /* The answer to the first try may have been lost between the store and us, and with it the news for the others. */
            deliver_entry(h, text_of(s->refusal.conversation), e[i].seq, e[i].entry);
            say_give(s);
            return;
        }
    }
    if (!err && n > 0 && e[0].seq > 1) {
        err = store_log_before(h->store, text_of(s->refusal.conversation), e[0].seq, HUB_PAGE, say_repeat_page, s, *t);
        if (!err) {
            return;
        }
    }
    hub_refuse(h, &s->refusal, err ? err : ERR_NOT_FOUND);
    say_give(s);
}

static void say_done(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct hub *h = ctx;
    struct say *s = t->p;
    if (err == ERR_DUPLICATE) {
        err = store_log_before(h->store, text_of(s->refusal.conversation), UINT32_MAX, HUB_PAGE, say_repeat_page, s, (struct ticket){.p = h});
        if (!err) {
            return;
        }
    }
    if (err) {
        if (err == ERR_COUNTER_GAP && r) {
            s->refusal.counter = r->counter + 1;
        }
        hub_refuse(h, &s->refusal, err);
        say_give(s);
        return;
    }
    struct text conversation = text_of(s->refusal.conversation);
    if (s->refusal.counter > 0) {
        say_ack(h, s, r->seq, s->at);
    }
    deliver_entry(h, conversation, r->seq, buf_text(&s->blob));
    deliver_others(h, conversation, r->seq, buf_text(&s->blob), r->nodes);
    if (s->resident) {
        inbound_settle(h, conversation, r->state, false);
    }
    if (s->outbox_email || s->outbox_sms) {
        outbox_kick(outbox_of(h, s->outbox_email ? "email" : "sms"));
    }
    say_give(s);
}

/* Which channel an agent's words leave by is settled when the conversation is known: @channel as asked, else the one that the resident used last. */
static int say_append(struct hub *h, struct member *m, const struct frame_say *f, struct text channel, struct text address)
{
    struct say *s = say_take();
    if (!s) {
        return ERR_MEMORY;
    }
    bool resident = m->role == RESIDENT;
    bool aside = f->note || f->whisper; /* among colleagues */
    bool email = !aside && text_is(channel, "email"), sms = !aside && text_is(channel, "sms");
    s->refusal = (struct refusal){.session = m->session, .verb = VERB_say, .counter = f->counter};
    s->resident = resident;
    s->outbox_email = email && !resident;
    s->outbox_sms = sms && !resident;
    s->at = (uint64_t)loop_wall_ms(h->loop);
    memcpy(s->client, m->client, sizeof s->client);
    int err = text_copy(f->conversation, s->refusal.conversation, sizeof s->refusal.conversation);
    struct frame_entry e = {.conversation = f->conversation, .kind = f->note ? TEXT_LITERAL("note") : f->whisper ? TEXT_LITERAL("whisper") : TEXT_LITERAL("message"), .at = s->at,
                            .from = resident ? TEXT_LITERAL("resident") : TEXT_LITERAL("agent"),
                            .author = text_of(m->colleague ? m->colleague->id : NULL), .name = text_of(m->colleague ? m->colleague->name : NULL),
                            .client = text_of(m->client), .counter = f->counter, .channel = aside ? (struct text){NULL, 0} : channel,
                            .address = s->outbox_email || s->outbox_sms ? address : (struct text){NULL, 0}, .text = f->text};
    struct text blob;
    err = err ? err : entry_encode(h, &e, &blob);
    buf_clear(&s->blob);
    err = err ? err : buf_add_text(&s->blob, blob);
    struct store_append a = {.conversation = text_of(s->refusal.conversation), .client = text_of(m->client), .counter = f->counter,
                             .must_own = text_of(resident || (aside && m->role == SUPERVISOR) ? NULL : m->colleague->id), .aside = aside,
                             .outbox = s->outbox_email ? TEXT_LITERAL("email") : s->outbox_sms ? TEXT_LITERAL("sms") : (struct text){NULL, 0},
                             .channel = resident ? TEXT_LITERAL("chat") : (struct text){NULL, 0}, .from_resident = resident, .now_ms = s->at};
    a.entry = buf_text(&s->blob);
    err = err ? err : store_append(h->store, &a, say_done, h, (struct ticket){.p = s});
    if (err) {
        say_give(s);
    }
    return err;
}

struct say_waiting { /* an agent's `say` while the conversation is read for its channel and address */
    struct hub *h;
    struct refusal refusal;
    bool note;
    char channel[WORD_MAX + 1];
    size_t text_bytes;
    char text[];
};

static void say_with_conversation(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct say_waiting *w = ctx;
    struct hub *h = w->h;
    struct member *m = member_find(h, w->refusal.session);
    (void)t;
    if (m) {
        struct text channel = w->channel[0] ? text_of(w->channel) : err ? (struct text){NULL, 0} : c->channel;
        struct text address = {NULL, 0};
        for (size_t i = 0; !err && i < c->addresses_n; i++) {
            if (text_equal(c->addresses[i].channel, channel)) {
                address = c->addresses[i].address; /* the newest of the channel stands last */
            }
        }
        if (!err && !text_is(channel, "chat") && address.n == 0) {
            err = ERR_BAD_CHANNEL;
        }
        struct frame_say say = {.conversation = text_of(w->refusal.conversation), .counter = w->refusal.counter,
                                .text = {w->text, w->text_bytes}, .note = w->note};
        err = err ? err : say_append(h, m, &say, channel, address);
        if (err) {
            hub_refuse(h, &w->refusal, err);
        }
    }
    free(w);
}

static int say_look_up(struct hub *h, struct member *m, const struct frame_say *f)
{
    struct say_waiting *w = malloc(sizeof *w + f->text.n);
    if (!w) {
        return ERR_MEMORY;
    }
    *w = (struct say_waiting){.h = h, .refusal = {.session = m->session, .verb = VERB_say, .counter = f->counter}, .note = f->note,
                              .text_bytes = f->text.n};
    memcpy(w->text, f->text.s, f->text.n);
    int err = text_copy(f->conversation, w->refusal.conversation, sizeof w->refusal.conversation);
    err = err ? err : text_copy(f->channel, w->channel, sizeof w->channel);
    err = err ? err : store_conversation_get(h->store, f->conversation, (struct text){NULL, 0}, say_with_conversation, w, (struct ticket){0});
    if (err) {
        free(w);
    }
    return err;
}

void verb_say(struct hub *h, struct member *m, const struct frame *f)
{
    const struct frame_say *say = &f->say;
    struct follow *follow = follow_find(m, say->conversation);
    if (!follow) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "conversation");
    } else if (say->text.n == 0) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "text");
    } else if (say->counter == 0) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "counter");
    } else if (say->channel.n > 0 && (m->role == RESIDENT || !channel_is_known(say->channel))) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "channel");
    } else if (say->note && m->role == RESIDENT) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "note");
    } else if (say->whisper && (m->role != SUPERVISOR || say->note)) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "whisper");
    } else {
        /* Residents, and agents who name chat or write a note, need no look-up: the hot path is one trip. */
        bool direct = m->role == RESIDENT || say->note || say->whisper || text_is(say->channel, "chat");
        int err = direct ? say_append(h, m, say, TEXT_LITERAL("chat"), (struct text){NULL, 0}) : say_look_up(h, m, say);
        if (err) {
            edge_refuse(h->edge, m->session, err, f, NULL);
        }
    }
}
