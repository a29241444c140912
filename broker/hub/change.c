/* Read, decide in core, write; decide again when somebody else was first, at most twice. Every change of state goes through here. */
#include "hub/hub_internal.h"

#include <stdlib.h>

struct change {
    struct hub *h;
    char conversation[ID_MAX + 1], agent[ID_MAX + 1], queue[ID_MAX + 1], must_own[ID_MAX + 1], by[ID_MAX + 1];
    enum conversation_event_kind kind;
    uint64_t seen;
    int tries;
    bool route;
    bool one_try; /* the router's claim */
    change_done done;
    struct ticket ticket;
    struct buf entry; /* as written, for the followers */
    char owner_now[ID_MAX + 1], queue_now[ID_MAX + 1]; /* as written */
};

static void change_end(struct change *c, int err, struct text owner_before)
{
    if (err && err != ERR_STALE && err != ERR_CAPACITY && err != ERR_STORE_AWAY && err != ERR_DUPLICATE) {
        log_event(LOG_WARN, "conversation_unchanged", "conversation=%s event=%s err=%s", c->conversation, conversation_event_name(c->kind),
                  err_name(err));
    }
    if (c->done) {
        c->done(c->h, &c->ticket, err, text_of(c->conversation), owner_before);
    }
    buf_done(&c->entry);
    free(c);
}

static int change_read(struct change *c);

/* Whoever may not read the conversation any more stops following it in the same turn: they saw it leave, and see nothing after that. */
static void change_unfollow(struct change *c)
{
    struct store_conversation now = {.owner = text_of(c->owner_now), .queue = text_of(c->queue_now)};
    for (struct thread *t = thread_find(c->h, text_of(c->conversation)); t;) {
        struct follow *out = NULL;
        LIST_FOR(&t->follows, l, next) {
            struct follow *f = LIST_OWNER(l, struct follow, in_thread);
            out = f->member->role != RESIDENT && !hub_may_read(c->h, f->member, &now) ? f : out;
        }
        if (!out) {
            return;
        }
        follow_close(c->h, out); /* the last one takes the thread along */
        t = thread_find(c->h, text_of(c->conversation));
    }
}

static void change_written(void *ctx, const struct ticket *t, int err, uint64_t version, uint64_t seq, struct text owner_before)
{
    struct change *c = ctx;
    struct hub *h = c->h;
    (void)t;
    if (err == ERR_STALE && !c->one_try && ++c->tries < HUB_DECIDE_TRIES) {
        err = change_read(c);
        if (!err) {
            return;
        }
    }
    if (!err) {
        log_event(LOG_INFO, "conversation_changed", "conversation=%s event=%s version=%llu agent=%s", c->conversation,
                  conversation_event_name(c->kind), (unsigned long long)version, c->agent);
        deliver_entry(h, text_of(c->conversation), seq, buf_text(&c->entry));
        deliver_conversation(h, text_of(c->conversation), map_get(&h->colleagues, owner_before));
        change_unfollow(c);
        board_changed(h);
        if (c->route) {
            router_kick(h);
        }
    }
    change_end(c, err, owner_before);
}

/* Decide on what was read, and write it. */
static int change_write(struct change *c, const struct conversation *now, uint64_t version, uint64_t units)
{
    struct hub *h = c->h;
    struct conversation_event e = {c->kind, text_of(c->agent), text_of(c->queue), c->seen};
    struct conversation_change to;
    int err = conversation_is_sane(now) ? conversation_apply(now, &e, &to) : ERR_STORE_REPLY;
    if (err) {
        return err;
    }
    if (to.none) {
        return ERR_DUPLICATE; /* nothing to write */
    }
    struct colleague *by = map_get(&h->colleagues, text_of(c->by));
    struct colleague *owner = map_get(&h->colleagues, to.owner);
    struct frame_entry entry = {.conversation = text_of(c->conversation), .kind = TEXT_LITERAL("state"), .at = (uint64_t)loop_wall_ms(h->loop),
                                .from = by ? TEXT_LITERAL("agent") : TEXT_LITERAL("system"), .author = to.owner.n ? to.owner : text_of(by ? by->id : NULL),
                                .name = text_of(owner ? owner->name : by ? by->name : NULL), .state = text_of(conversation_state_name(to.state)),
                                .reason = text_of(conversation_event_name(c->kind))};
    struct text blob;
    err = entry_encode(h, &entry, &blob);
    buf_clear(&c->entry);
    err = err ? err : buf_add_text(&c->entry, blob);
    err = err ? err : text_copy(to.owner, c->owner_now, sizeof c->owner_now);
    err = err ? err : text_copy(to.queue, c->queue_now, sizeof c->queue_now);
    if (err) {
        return err;
    }
    c->route = to.route;
    struct store_transition tr = {.conversation = text_of(c->conversation), .version = version, .state = text_of(conversation_state_name(to.state)),
                                  .owner = to.owner, .queue = to.queue, .must_own = text_of(c->must_own[0] ? c->must_own : NULL),
                                  .forget_held = c->kind == EVENT_REQUEUED || c->kind == EVENT_MOVED, .seen = to.state == CONVERSATION_CLOSED ? c->seen : 0,
                                  .keep_place = to.keep_place, .units = units, .entry = buf_text(&c->entry),
                                  .now_ms = (uint64_t)loop_wall_ms(h->loop)};
    return store_transition(h->store, &tr, change_written, c, (struct ticket){0});
}

static void change_decide(void *ctx, const struct ticket *t, int err, const struct store_conversation *s)
{
    struct change *c = ctx;
    struct conversation now;
    (void)t;
    if (!err) {
        now.owner = s->owner;
        now.queue = s->queue;
        err = conversation_state_parse(s->state, &now.state);
    }
    err = err ? err : change_write(c, &now, s->version, s->units);
    if (err) {
        change_end(c, err, (struct text){NULL, 0});
    }
}

static int change_read(struct change *c)
{
    return store_conversation_get(c->h->store, text_of(c->conversation), (struct text){NULL, 0}, change_decide, c, (struct ticket){0});
}

static int change_new(struct hub *h, struct text conversation, const struct conversation_event *e, struct text must_own, struct text by,
                      change_done done, struct ticket t, struct change **out)
{
    struct change *c = calloc(1, sizeof *c);
    if (!c) {
        return ERR_MEMORY;
    }
    c->h = h;
    c->kind = e->kind;
    c->seen = e->seen;
    c->done = done;
    c->ticket = t;
    buf_init(&c->entry, HUB_ENTRY_BYTES_MAX);
    int err = text_copy(conversation, c->conversation, sizeof c->conversation);
    err = err ? err : text_copy(e->agent, c->agent, sizeof c->agent);
    err = err ? err : text_copy(e->queue, c->queue, sizeof c->queue);
    err = err ? err : text_copy(must_own, c->must_own, sizeof c->must_own);
    err = err ? err : text_copy(by, c->by, sizeof c->by);
    if (err) {
        free(c);
        return err;
    }
    *out = c;
    return 0;
}

static int change_begin(struct change *c, int err)
{
    if (err) {
        buf_done(&c->entry);
        free(c);
    }
    return err;
}

int change_conversation(struct hub *h, struct text conversation, const struct conversation_event *e, struct text must_own, struct text by,
                        change_done done, struct ticket t)
{
    struct change *c;
    int err = change_new(h, conversation, e, must_own, by, done, t, &c);
    return err ? err : change_begin(c, change_read(c));
}

int change_claim(struct hub *h, const struct store_waiting *w, struct colleague *agent, change_done done, struct ticket t)
{
    struct change *c;
    struct conversation_event e = {.kind = EVENT_ASSIGNED, .agent = text_of(agent->id)};
    int err = change_new(h, w->conversation, &e, (struct text){NULL, 0}, (struct text){NULL, 0}, done, t, &c);
    if (err) {
        return err;
    }
    c->one_try = true;
    struct conversation now = {.state = CONVERSATION_QUEUED, .queue = w->queue};
    return change_begin(c, change_write(c, &now, w->version, w->units));
}
