/* Read, decide in core, write; decide again when somebody else was first, at most twice. Every change of state goes through here. */
#include "hub/hub_internal.h"

#include <stdlib.h>

struct change {
    struct hub *h;
    struct change_request r; /* its texts point below */
    char conversation[ID_MAX + 1], queue[ID_MAX + 1], sender[ID_MAX + 1], must_own[ID_MAX + 1], by[ID_MAX + 1];
    char agents[CONVERSATION_OFFERS_MAX][ID_MAX + 1], presence[CONVERSATION_OFFERS_MAX][WORD_MAX + 1];
    char reason[TEXT_LINE_MAX + 1], needs[HUB_NEEDS_BYTES];
    enum conversation_event_kind kind; /* as decided */
    int tries;
    bool route, one_try;
    char back[ID_MAX + 1]; /* who had handed it over, before this change; "" nobody */
    change_done done;
    struct ticket ticket;
    struct buf entry; /* as written, for the followers */
};

/* What is known of the conversation when it is decided on. */
struct known {
    struct conversation c;
    struct text channel;
    uint64_t version, due_ms, queued_ms;
};

static void change_end(struct change *c, int err)
{
    if (err && err != ERR_STALE && err != ERR_CAPACITY && err != ERR_STORE_AWAY && err != ERR_DUPLICATE && err != ERR_FENCED) {
        log_event(LOG_WARN, "conversation_unchanged", "conversation=%s event=%s err=%s", c->conversation, conversation_event_name(c->kind), err_name(err));
    }
    if (c->done) {
        c->done(c->h, &c->ticket, err, text_of(c->conversation));
    }
    buf_done(&c->entry);
    free(c);
}

static int change_read(struct change *c);

static void change_written(void *ctx, const struct ticket *t, int err, const struct store_changed *r)
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
        log_event(LOG_INFO, "conversation_changed", "conversation=%s event=%s version=%llu agent=%s", c->conversation, conversation_event_name(c->kind),
                  (unsigned long long)r->version, c->agents[0]);
        deliver_entry(h, text_of(c->conversation), r->seq, buf_text(&c->entry));
        deliver_conversation(h, text_of(c->conversation), r->agents);
        if (c->back[0] && !text_has_word(r->agents, " ", text_of(c->back))) {
            deliver_conversation(h, text_of(c->conversation), text_of(c->back)); /* what became of it is news for whoever handed it over */
        }
        board_changed(h);
        if (c->route) {
            router_kick(h);
        }
    }
    change_end(c, err);
}

/* --- which event it is --------------------------------------------------------------------------------------------------------------------- */

static int kind_when_due(const struct known *k, int64_t now, enum conversation_event_kind *out)
{
    static const enum conversation_event_kind events[CONVERSATION_STATES] = {
        [CONVERSATION_OFFERED] = EVENT_TIMED_OUT, [CONVERSATION_WRAP_UP] = EVENT_FINISHED, [CONVERSATION_SNOOZED] = EVENT_WOKEN, [CONVERSATION_QUEUED] = EVENT_RETURNED};
    if (k->due_ms == 0 || (int64_t)k->due_ms > now || !events[k->c.state]) {
        return ERR_DUPLICATE; /* somebody was first */
    }
    *out = events[k->c.state];
    return 0;
}

static int kind_of_close(const struct change *c, const struct known *k, const struct queue_policy *q, enum conversation_event_kind *out)
{
    bool active = k->c.state == CONVERSATION_ACTIVE, wraps = q && q->set.wrap_up_s > 0;
    if (c->r.by_resident) {
        *out = active && wraps ? EVENT_WRAPPED : EVENT_FINISHED;
        return k->c.state == CONVERSATION_WRAP_UP ? ERR_DUPLICATE : 0;
    }
    bool owner = text_equal(k->c.owner, text_of(c->by));
    *out = active && wraps && owner ? EVENT_WRAPPED : EVENT_FINISHED;
    if (*out == EVENT_FINISHED && owner && q && q->set.reasons_n > 0) {
        for (size_t i = 0; i < q->set.reasons_n; i++) {
            if (text_equal(q->set.reasons[i], text_of(c->reason))) {
                return 0;
            }
        }
        return ERR_BAD_FIELD;
    }
    return 0;
}

static int change_kind(struct change *c, const struct known *k, const struct queue_policy *q)
{
    if (c->r.due) {
        return kind_when_due(k, loop_wall_ms(c->h->loop), &c->kind);
    }
    if (c->r.close) {
        return kind_of_close(c, k, q, &c->kind);
    }
    c->kind = c->r.event.kind;
    return 0;
}

/* --- what is written ------------------------------------------------------------------------------------------------------------------------ */

static uint64_t change_due(const struct change *c, const struct known *k, const struct conversation_change *to, const struct queue_policy *q, uint64_t now)
{
    uint64_t wait_s = 0;
    switch (to->state) {
    case CONVERSATION_OFFERED:
        if (c->kind == EVENT_PASSED) {
            return k->due_ms;
        }
        wait_s = q && q->set.offer_s > 0 ? q->set.offer_s : 20;
        break;
    case CONVERSATION_WRAP_UP:
        wait_s = q ? q->set.wrap_up_s : 0;
        break;
    case CONVERSATION_SNOOZED:
        return c->r.until_ms > 0 ? (uint64_t)c->r.until_ms : 0;
    case CONVERSATION_QUEUED: /* handed over, and taken by nobody so far: its time runs from when it began to wait, whoever was asked meanwhile */
        wait_s = to->back.n > 0 && q ? q->set.return_s : 0;
        if (wait_s > 0 && k->c.state == CONVERSATION_OFFERED) {
            uint64_t due = k->queued_ms + wait_s * 1000;
            return due > now ? due : now + 1;
        }
        break;
    default:
        break;
    }
    return wait_s > 0 ? now + wait_s * 1000 : 0;
}

/* What the conversation weighs on @agent: their own weight for the channel; a supervisor who takes over has no capacity to fill. */
static struct store_share change_share(struct hub *h, struct text agent, struct text presence, struct text channel)
{
    struct colleague *c = map_get(&h->colleagues, agent);
    int at = policy_channel(channel);
    bool counts = c && c->role == AGENT && at >= 0;
    return (struct store_share){.agent = agent, .presence = presence, .units = counts ? c->weight[at] : 0,
                                .soft = counts && (h->policy->match.interruptible & (1u << at)) != 0};
}

static size_t change_shares(const struct change *c, const struct known *k, const struct conversation_change *to, struct store_share *out)
{
    size_t n = 0;
    if (to->owner.n > 0) {
        out[n++] = change_share(c->h, to->owner, text_of(c->presence[0]), k->channel);
    }
    for (size_t i = 0; i < to->offered_n; i++) {
        out[n++] = change_share(c->h, to->offered[i], text_of(c->presence[i]), k->channel);
    }
    return n;
}

int change_entry(struct hub *h, struct text conversation, const char *kind, const char *state, const char *reason, const char *from, const struct colleague *by, struct text about, struct text *out)
{
    const struct colleague *who = about.n > 0 ? map_get(&h->colleagues, about) : NULL;
    struct frame_entry entry = {.conversation = conversation, .kind = text_of(kind), .at = (uint64_t)loop_wall_ms(h->loop),
                                .from = text_of(from), .author = about.n ? about : text_of(by ? by->id : NULL),
                                .name = text_of(who ? who->name : by ? by->name : NULL), .state = text_of(state), .reason = text_of(reason)};
    return entry_encode(h, &entry, out);
}

static int change_encode(struct change *c, const struct conversation_change *to)
{
    struct hub *h = c->h;
    struct text about = to->owner.n > 0 ? to->owner : to->offered_n > 0 ? to->offered[0] : to->declined, blob;
    const struct colleague *by = map_get(&h->colleagues, text_of(c->by));
    bool given = c->kind == EVENT_TAKEN && by && !text_equal(to->owner, text_of(by->id)); /* to somebody who need not be asked */
    int err = change_entry(h, text_of(c->conversation), "state", conversation_state_name(to->state), conversation_event_name(given ? EVENT_HANDED_OVER : c->kind),
                           c->r.by_resident ? "resident" : by ? "agent" : "system", by, about, &blob);
    buf_clear(&c->entry);
    return err ? err : buf_add_text(&c->entry, blob);
}

/* Decide on what is known, and write it. */
static int change_write(struct change *c, const struct known *k)
{
    struct hub *h = c->h;
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    const struct queue_policy *q = policy_queue(h->policy, k->c.queue);
    struct conversation_change to;
    int err = conversation_is_sane(&k->c) ? change_kind(c, k, q) : ERR_STORE_REPLY;
    struct conversation_event e = c->r.event;
    e.kind = c->kind;
    e.now_ms = (int64_t)now;
    e.reopen_ms = q ? (int64_t)q->set.reopen_s * 1000 : 0;
    e.queue = c->kind == EVENT_RETURNED ? k->c.queue : e.queue;
    err = err ? err : conversation_apply(&k->c, &e, &to);
    if (err || to.none) {
        return err ? err : ERR_DUPLICATE; /* nothing to write */
    }
    const struct queue_policy *then = policy_queue(h->policy, to.queue);
    const struct frame_level *level = then ? policy_level(then, k->channel) : NULL;
    struct store_share shares[CONVERSATION_OFFERS_MAX];
    struct store_transition tr = {.conversation = text_of(c->conversation), .version = k->version, .state = text_of(conversation_state_name(to.state)),
                                  .owner = to.owner, .queue = to.queue, .shares = shares, .shares_n = change_shares(c, k, &to, shares),
                                  .offered = to.offered_n > 0, .force = c->r.force, .must_own = c->r.must_own, .held = to.held, .back = to.back,
                                  .declined = to.declined, .missed = to.missed, .missed_n = to.missed_n, .keep_place = to.keep_place, .fence = c->r.fence,
                                  .seen = to.state == CONVERSATION_CLOSED || to.state == CONVERSATION_WRAP_UP ? c->r.seen : 0,
                                  .due_ms = change_due(c, k, &to, then, now), .answer_ms = level ? level->answer_s * 1000 : 0,
                                  .reason = c->r.close ? c->r.reason : (struct text){NULL, 0}, .needs = c->r.needs, .now_ms = now};
    if (k->c.state == CONVERSATION_CLOSED && then) {
        policy_promise(h->policy, then, k->channel, (int64_t)now, &tr.first_due_ms, &tr.resolve_due_ms);
    }
    err = change_encode(c, &to);
    err = err ? err : text_copy(k->c.back, c->back, sizeof c->back);
    tr.entry = buf_text(&c->entry);
    c->route = to.route;
    return err ? err : store_transition(h->store, &tr, change_written, c, (struct ticket){0});
}

static void change_decide(void *ctx, const struct ticket *t, int err, const struct store_conversation *s)
{
    struct change *c = ctx;
    struct known k = {0};
    (void)t;
    if (!err) {
        k = (struct known){.c = {.owner = s->owner, .queue = s->queue, .offered_n = s->offered_n, .held = s->held, .back = s->back,
                                 .closed_at_ms = (int64_t)s->closed_at_ms},
                           .channel = s->channel, .version = s->version, .due_ms = s->due_ms, .queued_ms = s->queued_at_ms};
        for (size_t i = 0; i < s->offered_n; i++) {
            k.c.offered[i] = s->offered[i];
        }
        err = conversation_state_parse(s->state, &k.c.state);
    }
    err = err ? err : change_write(c, &k);
    if (err) {
        change_end(c, err);
    }
}

static int change_read(struct change *c)
{
    return store_conversation_get(c->h->store, text_of(c->conversation), (struct text){NULL, 0}, change_decide, c, (struct ticket){0});
}

/* --- the request, copied --------------------------------------------------------------------------------------------------------------------- */

static int copied(struct text from, char *room, size_t n, struct text *out)
{
    int err = text_copy(from, room, n);
    *out = from.n > 0 ? text_of(room) : (struct text){NULL, 0};
    return err;
}

static int change_new(struct hub *h, const struct change_request *r, change_done done, struct ticket t, struct change **out)
{
    struct change *c = calloc(1, sizeof *c);
    if (!c) {
        return ERR_MEMORY;
    }
    c->h = h;
    c->r = *r;
    c->kind = r->event.kind;
    c->done = done;
    c->ticket = t;
    buf_init(&c->entry, HUB_ENTRY_BYTES_MAX);
    int err = copied(r->conversation, c->conversation, sizeof c->conversation, &c->r.conversation);
    err = err ? err : copied(r->event.queue, c->queue, sizeof c->queue, &c->r.event.queue);
    err = err ? err : copied(r->event.sender, c->sender, sizeof c->sender, &c->r.event.sender);
    err = err ? err : copied(r->must_own, c->must_own, sizeof c->must_own, &c->r.must_own);
    err = err ? err : copied(r->by, c->by, sizeof c->by, &c->r.by);
    err = err ? err : copied(text_cut(r->reason, TEXT_LINE_MAX), c->reason, sizeof c->reason, &c->r.reason);
    err = err ? err : copied(r->needs, c->needs, sizeof c->needs, &c->r.needs);
    for (size_t i = 0; !err && i < r->event.agents_n; i++) {
        err = copied(r->event.agents[i], c->agents[i], sizeof c->agents[i], &c->r.event.agents[i]);
        err = err ? err : copied(r->presence[i], c->presence[i], sizeof c->presence[i], &c->r.presence[i]);
    }
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

int change_conversation(struct hub *h, const struct change_request *r, change_done done, struct ticket t)
{
    struct change *c;
    int err = change_new(h, r, done, t, &c);
    return err ? err : change_begin(c, change_read(c));
}

int change_claim(struct hub *h, const struct change_request *r, const struct store_waiting *w, change_done done, struct ticket t)
{
    struct change *c;
    int err = change_new(h, r, done, t, &c);
    if (err) {
        return err;
    }
    c->one_try = true;
    struct known k = {.c = {.state = CONVERSATION_QUEUED, .queue = w->queue, .held = w->held}, .channel = w->channel, .version = w->version};
    return change_begin(c, change_write(c, &k));
}
