/* Entries to those who follow. The log is the truth, the push a hint: a follower is sent entry n+1 only after entry n; whatever does not fit is read from the log
 * until the follower has caught up. So no order of events can lose, double or swap an entry. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

int entry_encode(struct hub *h, const struct frame_entry *e, struct text *out)
{
    struct frame f = {.verb = VERB_entry, .entry = *e};
    f.entry.seq = 0;
    buf_clear(&h->scratch);
    int err = frame_encode(FRAME_MSGPACK, &f, &h->scratch);
    *out = buf_text(&h->scratch);
    return err;
}

int entry_decode(struct hub *h, struct text blob, struct text conversation, uint64_t seq, struct frame *out)
{
    struct frame_fault fault;
    int err = frame_decode(FRAME_MSGPACK, FRAME_DOWN, blob, h->arena, out, &fault);
    if (err || out->verb != VERB_entry) {
        log_event(LOG_ERROR, "entry_unreadable", "conversation=%.*s seq=%llu next=\"shown as hidden\"", TEXT_ARG(conversation),
                  (unsigned long long)seq);
        *out = (struct frame){.verb = VERB_entry, .entry = {.kind = TEXT_LITERAL("hidden")}};
    }
    out->entry.conversation = conversation;
    out->entry.seq = seq;
    return 0;
}

static bool resident_may_see(const struct frame_entry *e)
{
    return text_is(e->kind, "message") || text_is(e->kind, "state");
}

int deliver_send_entry(struct hub *h, struct member *m, const struct frame *entry)
{
    if (m->role != RESIDENT) {
        return edge_send(h->edge, m->session, entry);
    }
    struct frame f = *entry;
    if (!resident_may_see(&entry->entry)) {
        f.entry = (struct frame_entry){.conversation = entry->entry.conversation, .seq = entry->entry.seq, .kind = TEXT_LITERAL("hidden"),
                                       .at = entry->entry.at};
    } else {
        f.entry.address = f.entry.message_id = f.entry.reason = f.entry.author = (struct text){NULL, 0};
    }
    return edge_send(h->edge, m->session, &f);
}

static void follow_page(void *hub, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct hub *h = hub;
    struct member *m = member_find(h, t->a);
    struct follow *f = m ? follow_by_id(m, t->b) : NULL;
    if (!f) {
        return;
    }
    f->reading = false;
    if (err) {
        return; /* the store is away: store_back makes the client resume; entries that come later start the reading again */
    }
    if (f->sent != f->read_from) { /* resumed elsewhere meanwhile: this page answers the resume before */
        deliver_catch_up(h, f);
        return;
    }
    for (size_t i = 0; i < n && !edge_is_half_full(h->edge, m->session); i++) { /* the rest when it has drained */
        struct frame frame;
        if (e[i].seq != f->sent + 1 || entry_decode(h, e[i].entry, text_of(f->thread->id), e[i].seq, &frame)) {
            log_event(LOG_ERROR, "log_gap", "conversation=%s seq=%llu next=\"stops serving this reader\"", f->thread->id,
                      (unsigned long long)f->sent + 1);
            return;
        }
        if (deliver_send_entry(h, m, &frame)) {
            return; /* gone, or too slow and being closed */
        }
        f->sent = e[i].seq;
    }
    if (n > 0 && f->head > f->sent) {
        deliver_catch_up(h, f);
    }
}

void deliver_catch_up(struct hub *h, struct follow *f)
{
    /* A slow reader is served when its queue has drained (edge's `drained`), so that its memory stays bounded. */
    if (f->reading || !f->ready || f->head <= f->sent || edge_is_half_full(h->edge, f->member->session)) {
        return;
    }
    struct ticket t = {.a = f->member->session, .b = f->id};
    f->read_from = f->sent;
    f->reading = store_log_after(h->store, text_of(f->thread->id), f->sent, HUB_PAGE, follow_page, h, t) == 0;
}

void deliver_entry(struct hub *h, struct text conversation, uint64_t seq, struct text blob)
{
    struct thread *t = thread_find(h, conversation);
    if (!t) {
        return;
    }
    struct frame frame = {.verb = VERB_NONE};
    LIST_FOR(&t->follows, l, next) {
        struct follow *f = LIST_OWNER(l, struct follow, in_thread);
        if (seq > f->head) {
            f->head = seq;
        }
        if (!f->ready || f->reading || seq <= f->sent) {
            continue;
        }
        if (seq > f->sent + 1) {
            deliver_catch_up(h, f);
            continue;
        }
        if (frame.verb == VERB_NONE && entry_decode(h, blob, text_of(t->id), seq, &frame)) {
            return;
        }
        if (deliver_send_entry(h, f->member, &frame) == 0) {
            f->sent = seq;
        }
    }
}

void deliver_typing(struct hub *h, struct follow *from)
{
    struct member *m = from->member;
    struct frame f = {.verb = VERB_typing,
                      .typing = {.conversation = text_of(from->thread->id), .from = text_of(frame_role_name(m->role)),
                                 .name = m->colleague ? text_of(m->colleague->name) : (struct text){NULL, 0}}};
    LIST_FOR(&from->thread->follows, l, next) {
        struct member *to = LIST_OWNER(l, struct follow, in_thread)->member;
        if (to != m) {
            (void)!edge_send(h->edge, to->session, &f); /* not kept: a lost one is replaced in 3 s */
        }
    }
}

void deliver_read(struct hub *h, struct follow *from, uint64_t seq)
{
    struct frame f = {.verb = VERB_read,
                      .read = {.conversation = text_of(from->thread->id), .seq = seq,
                               .from = text_of(from->member->role == RESIDENT ? "resident" : "agent")}};
    LIST_FOR(&from->thread->follows, l, next) {
        struct member *to = LIST_OWNER(l, struct follow, in_thread)->member;
        if (to != from->member) {
            (void)!edge_send(h->edge, to->session, &f); /* stored: a lost one comes with `resumed` */
        }
    }
}

/* --- the `conversation` frame -------------------------------------------------------------------------------------------------------------- */

struct glance { /* what is kept between the two reads; no larger than need be: each resident who comes makes one, all at once after a restart */
    struct hub *h;
    struct colleague *also;
    struct frame frame;
    struct frame_address addresses[ADDRESSES_MAX];
    char room[]; /* the texts */
};

static struct text keep(struct text t, char **at)
{
    struct text kept = {t.s ? *at : NULL, t.n};
    if (t.n > 0) {
        memcpy(*at, t.s, t.n);
        *at += t.n;
    }
    return kept;
}

static size_t glance_room(const struct store_conversation *c)
{
    size_t n = c->id.n + c->state.n + c->queue.n + c->owner.n + c->resident.n + c->name.n + c->subject.n + c->channel.n;
    for (size_t i = 0; i < c->addresses_n; i++) {
        n += c->addresses[i].channel.n + c->addresses[i].address.n;
    }
    return n;
}

static void glance_send(struct glance *g)
{
    struct hub *h = g->h;
    struct frame *f = &g->frame;
    struct colleague *owner = map_get(&h->colleagues, f->conversation.owner);
    struct thread *t = thread_find(h, f->conversation.conversation);
    f->conversation.present = t && thread_has_resident(t);
    if (t) {
        (void)!text_copy(f->conversation.owner, t->owner, sizeof t->owner); /* fits, or is absent */
    }
    struct colleague *to[2] = {owner, g->also != owner ? g->also : NULL};
    for (int i = 0; i < 2; i++) {
        if (to[i]) {
            LIST_FOR(&to[i]->members, l, next) {
                (void)!edge_send(h->edge, LIST_OWNER(l, struct member, in_colleague)->session, f); /* a full one is closed and starts over */
            }
        }
    }
    if (t) {
        LIST_FOR(&t->follows, l, next) {
            struct member *m = LIST_OWNER(l, struct follow, in_thread)->member;
            if (m->role != RESIDENT && m->colleague != to[0] && m->colleague != to[1]) {
                (void)!edge_send(h->edge, m->session, f); /* as above */
            }
        }
    }
}

static void glance_tail(void *ctx, const struct ticket *ticket, int err, const struct store_entry *e, size_t n)
{
    struct glance *g = ctx;
    (void)ticket;
    char preview[TEXT_LINE_MAX / 2];
    for (size_t i = n; !err && i-- > 0;) {
        struct frame entry;
        if (entry_decode(g->h, e[i].entry, g->frame.conversation.conversation, e[i].seq, &entry) == 0 &&
            text_is(entry.entry.from, "resident") && text_is(entry.entry.kind, "message")) {
            struct text cut = text_cut(entry.entry.text, sizeof preview - 1);
            if (cut.n > 0) {
                memcpy(preview, cut.s, cut.n);
            }
            g->frame.conversation.preview = (struct text){preview, cut.n};
            break;
        }
    }
    glance_send(g);
    free(g);
}

static void glance_conversation(void *ctx, const struct ticket *ticket, int err, const struct store_conversation *c)
{
    struct glance *g = err ? NULL : calloc(1, sizeof *g + glance_room(c));
    if (!g) {
        return; /* the next change shows it */
    }
    g->h = ctx;
    g->also = ticket->p;
    char *at = g->room;
    struct frame_conversation *f = &g->frame.conversation;
    g->frame.verb = VERB_conversation;
    *f = (struct frame_conversation){
        .conversation = keep(c->id, &at), .version = c->version, .state = keep(c->state, &at), .queue = keep(c->queue, &at),
        .owner = keep(c->owner, &at), .resident = keep(c->resident, &at), .name = keep(c->name, &at), .subject = keep(c->subject, &at),
        .channel = keep(c->channel, &at), .seq = c->seq, .opened_at = c->opened_at_ms, .queued_at = c->queued_at_ms,
        .assigned_at = c->assigned_at_ms, .addresses = g->addresses};
    for (size_t i = 0; i < c->addresses_n && i < ADDRESSES_MAX; i++) {
        g->addresses[f->addresses_n++] =
            (struct frame_address){.channel = keep(c->addresses[i].channel, &at), .address = keep(c->addresses[i].address, &at)};
    }
    if (store_log_before(g->h->store, f->conversation, c->seq + 1, 20, glance_tail, g, (struct ticket){0})) {
        glance_send(g); /* without the preview rather than not at all */
        free(g);
    }
}

void deliver_conversation(struct hub *h, struct text conversation, struct colleague *also)
{
    /* Refused: the next change shows it. */
    (void)!store_conversation_get(h->store, conversation, (struct text){NULL, 0}, glance_conversation, h, (struct ticket){.p = also});
}
