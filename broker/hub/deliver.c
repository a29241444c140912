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

/* What goes on behind the counter is not the resident's: an offered one waits still, one that is put away is not over, one in wrap-up is. */
struct text state_for_resident(struct text state)
{
    return text_is(state, "offered")   ? TEXT_LITERAL("queued")
           : text_is(state, "snoozed") ? TEXT_LITERAL("active")
           : text_is(state, "wrap_up") ? TEXT_LITERAL("closed")
                                       : state;
}

/* Notes, whispers, receipts and who takes part are for staff; so are the states that change nothing for the resident. */
static bool resident_may_see(const struct frame_entry *e)
{
    return text_is(e->kind, "message") ||
           (text_is(e->kind, "state") && e->state.n > 0 && !text_is(e->state, "offered") && !text_is(e->state, "snoozed"));
}

int deliver_send_entry(struct hub *h, struct member *m, const struct frame *entry)
{
    if (m->role != RESIDENT) {
        return edge_send(h->edge, m->session, entry);
    }
    struct frame f = *entry;
    f.entry.state = state_for_resident(f.entry.state);
    if (!resident_may_see(&entry->entry)) {
        f.entry = (struct frame_entry){.conversation = entry->entry.conversation, .seq = entry->entry.seq, .kind = TEXT_LITERAL("hidden"),
                                       .at = entry->entry.at};
    } else {
        f.entry.address = f.entry.message_id = f.entry.reason = f.entry.author = (struct text){NULL, 0};
    }
    int err = edge_send(h->edge, m->session, &f);
    places_entry(h, &entry->entry);
    return err;
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

void deliver_head(struct hub *h, struct thread *t, uint64_t seq)
{
    LIST_FOR(&t->follows, l, next) {
        struct follow *f = LIST_OWNER(l, struct follow, in_thread);
        f->head = seq > f->head ? seq : f->head;
        deliver_catch_up(h, f);
    }
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
