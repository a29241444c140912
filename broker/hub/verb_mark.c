/* `typing` and `read`: signs between the two sides. Typing is never kept; a read mark is, and never goes back. */
#include "hub/hub_internal.h"

/* The resident's page shows signs of the agent who holds the conversation. A colleague who reads along gives none. */
static bool reads_along(const struct follow *f)
{
    const struct member *m = f->member;
    return m->role != RESIDENT && !text_is(text_of(m->colleague->id), f->thread->owner);
}

void verb_typing(struct hub *h, struct member *m, const struct frame *f)
{
    struct follow *follow = follow_find(m, f->typing.conversation);
    if (follow && reads_along(follow)) {
        return;
    }
    if (follow) {
        deliver_typing(h, follow);
    } else {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "conversation");
    }
}

static void read_done(void *ctx, const struct ticket *t, int err)
{
    (void)ctx;
    (void)t;
    (void)err; /* a mark that was not kept is sent again with the next one */
}

void verb_read(struct hub *h, struct member *m, const struct frame *f)
{
    struct follow *follow = follow_find(m, f->read.conversation);
    if (!follow || f->read.seq > follow->head) {
        edge_refuse(h->edge, m->session, follow ? ERR_BAD_FIELD : ERR_NOT_FOUND, f, follow ? "seq" : "conversation");
        return;
    }
    if (reads_along(follow)) {
        return;
    }
    int err = store_read_mark(h->store, f->read.conversation, m->role == RESIDENT ? STORE_RESIDENT : STORE_AGENT, f->read.seq, read_done, h,
                              (struct ticket){0});
    if (err) {
        edge_refuse(h->edge, m->session, err, f, NULL);
        return;
    }
    deliver_read(h, follow, f->read.seq);
}
