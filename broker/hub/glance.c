/* The `conversation` frame: what a conversation looks like now, to everybody on this broker who has it, follows it, or just lost it. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

struct glance { /* what is kept between the two reads; no larger than need be: each resident who comes makes one, all at once after a restart */
    struct hub *h;
    struct text also;   /* further agents to tell */
    edge_id only;       /* to this session alone; 0: to everybody whom it concerns */
    bool elsewhere;     /* a page of the resident is on another broker */
    struct frame frame;
    struct text offered[OFFERS_MAX], joined[JOINED_MAX];
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

static size_t glance_room(const struct store_conversation *c, struct text also)
{
    size_t n = c->id.n + c->state.n + c->queue.n + c->owner.n + c->resident.n + c->name.n + c->subject.n + c->channel.n + c->back.n + c->language.n + also.n;
    for (size_t i = 0; i < c->addresses_n; i++) {
        n += c->addresses[i].channel.n + c->addresses[i].address.n;
    }
    for (size_t i = 0; i < c->offered_n; i++) {
        n += c->offered[i].n;
    }
    for (size_t i = 0; i < c->joined_n; i++) {
        n += c->joined[i].n;
    }
    return n;
}

#define GLANCE_AGENTS_MAX 48 /* owner, offered, joined, and everybody whom a change touched */

/* The colleagues whom it concerns, each once. */
static size_t glance_agents(const struct glance *g, struct colleague *to[GLANCE_AGENTS_MAX])
{
    const struct frame_conversation *f = &g->frame.conversation;
    struct text names[GLANCE_AGENTS_MAX] = {f->owner};
    size_t names_n = 1, n = 0, at = 0;
    for (size_t i = 0; i < f->offered_n; i++) {
        names[names_n++] = f->offered[i];
    }
    for (size_t i = 0; i < f->joined_n; i++) {
        names[names_n++] = f->joined[i];
    }
    for (struct text agent; names_n < GLANCE_AGENTS_MAX && text_next_word(g->also, " ,", &at, &agent);) {
        names[names_n++] = agent;
    }
    for (size_t i = 0; i < names_n; i++) {
        struct colleague *c = names[i].n > 0 ? map_get(&g->h->colleagues, names[i]) : NULL;
        for (size_t k = 0; c && k < n; k++) {
            c = to[k] == c ? NULL : c;
        }
        if (c) {
            to[n++] = c;
        }
    }
    return n;
}

/* Whoever may not read the conversation any more, or from whom this change took it, stops following it in the same turn: they saw it leave, and see nothing after that unless they
 * ask for it again, as any colleague of its queue may. */
static bool glance_is_over(const struct glance *g, const struct member *m, const struct store_conversation *now)
{
    if (m->role == RESIDENT) {
        return false;
    }
    struct text me = text_of(m->colleague->id);
    bool has = text_equal(now->owner, me);
    for (size_t i = 0; i < now->offered_n + now->joined_n; i++) {
        has |= text_equal(i < now->offered_n ? now->offered[i] : now->joined[i - now->offered_n], me);
    }
    bool taken = m->role == AGENT && !has && text_has_word(g->also, " ,", me) && !text_is(g->frame.conversation.state, "closed");
    return taken || !hub_may_read(g->h, m, now);
}

static void glance_unfollow(const struct glance *g)
{
    struct hub *h = g->h;
    const struct frame_conversation *f = &g->frame.conversation;
    struct store_conversation now = {.owner = f->owner, .queue = f->queue};
    for (size_t i = 0; i < f->offered_n; i++) {
        now.offered[now.offered_n++] = f->offered[i];
    }
    for (size_t i = 0; i < f->joined_n; i++) {
        now.joined[now.joined_n++] = f->joined[i];
    }
    for (struct thread *t = thread_find(h, f->conversation); t;) {
        struct follow *out = NULL;
        LIST_FOR(&t->follows, l, next) {
            struct follow *follow = LIST_OWNER(l, struct follow, in_thread);
            out = glance_is_over(g, follow->member, &now) ? follow : out;
        }
        if (!out) {
            return;
        }
        follow_close(h, out); /* the last one takes the thread along */
        t = thread_find(h, f->conversation);
    }
}

static void glance_send(struct glance *g)
{
    struct hub *h = g->h;
    struct frame *f = &g->frame;
    struct thread *t = thread_find(h, f->conversation.conversation);
    f->conversation.present = g->elsewhere || (t && thread_has_resident(t));
    if (t) {
        (void)!text_copy(f->conversation.owner, t->owner, sizeof t->owner); /* fits, or is absent */
    }
    if (g->only) {
        (void)!edge_send(h->edge, g->only, f); /* as below */
        return;
    }
    struct colleague *to[GLANCE_AGENTS_MAX];
    size_t n = glance_agents(g, to);
    for (size_t i = 0; i < n; i++) {
        LIST_FOR(&to[i]->members, l, next) {
            (void)!edge_send(h->edge, LIST_OWNER(l, struct member, in_colleague)->session, f); /* a full one is closed and starts over */
        }
    }
    if (t) {
        LIST_FOR(&t->follows, l, next) {
            struct member *m = LIST_OWNER(l, struct follow, in_thread)->member;
            bool told = m->role == RESIDENT;
            for (size_t i = 0; i < n; i++) {
                told |= to[i] == m->colleague;
            }
            if (!told) {
                (void)!edge_send(h->edge, m->session, f); /* as above */
            }
        }
    }
    glance_unfollow(g);
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

static void glance_lists(struct glance *g, const struct store_conversation *c, char **at)
{
    struct frame_conversation *f = &g->frame.conversation;
    f->addresses = g->addresses;
    f->offered = g->offered;
    f->joined = g->joined;
    for (size_t i = 0; i < c->addresses_n && i < ADDRESSES_MAX; i++) {
        g->addresses[f->addresses_n++] = (struct frame_address){.channel = keep(c->addresses[i].channel, at), .address = keep(c->addresses[i].address, at)};
    }
    for (size_t i = 0; i < c->offered_n; i++) {
        g->offered[f->offered_n++] = keep(c->offered[i], at);
    }
    for (size_t i = 0; i < c->joined_n; i++) {
        g->joined[f->joined_n++] = keep(c->joined[i], at);
    }
}

/* A page of the resident on another broker that lives. */
static bool page_elsewhere(const struct hub *h, struct text pages)
{
    size_t at = 0;
    for (struct text node; text_next_word(pages, " ", &at, &node);) {
        if (!text_is(node, h->config->node) && text_has_word(text_of(node_all(h)), " ", node)) {
            return true;
        }
    }
    return false;
}

static void glance_conversation(void *ctx, const struct ticket *ticket, int err, const struct store_conversation *c)
{
    char *also = ticket->p;
    struct glance *g = err ? NULL : calloc(1, sizeof *g + glance_room(c, text_of(also)));
    if (!g) {
        free(also);
        return; /* the next change shows it */
    }
    g->h = ctx;
    g->only = ticket->a;
    char *at = g->room;
    g->also = keep(text_of(also), &at);
    free(also);
    g->elsewhere = page_elsewhere(g->h, c->pages);
    struct frame_conversation *f = &g->frame.conversation;
    g->frame.verb = VERB_conversation;
    *f = (struct frame_conversation){
        .conversation = keep(c->id, &at), .version = c->version, .state = keep(c->state, &at), .queue = keep(c->queue, &at),
        .owner = keep(c->owner, &at), .resident = keep(c->resident, &at), .name = keep(c->name, &at), .subject = keep(c->subject, &at),
        .channel = keep(c->channel, &at), .seq = c->seq, .opened_at = c->opened_at_ms, .queued_at = c->queued_at_ms,
        .assigned_at = c->owner.n ? c->assigned_at_ms : 0, .due_at = c->due_ms, .back = keep(c->back, &at), .priority = c->priority,
        .language = keep(c->language, &at), .first_due_at = c->first_due_ms, .resolve_due_at = c->resolve_due_ms};
    glance_lists(g, c, &at);
    if (store_log_before(g->h->store, f->conversation, c->seq + 1, 20, glance_tail, g, (struct ticket){0})) {
        glance_send(g); /* without the preview rather than not at all */
        free(g);
    }
}

void deliver_conversation_to(struct hub *h, struct text conversation, edge_id session)
{
    (void)!store_conversation_get(h->store, conversation, (struct text){NULL, 0}, glance_conversation, h, (struct ticket){.a = session}); /* as below */
}

void deliver_conversation(struct hub *h, struct text conversation, struct text agents)
{
    char *also = strndup(agents.s ? agents.s : "", agents.n);
    /* Refused: the next change shows it. */
    if (!also || store_conversation_get(h->store, conversation, (struct text){NULL, 0}, glance_conversation, h, (struct ticket){.p = also})) {
        free(also);
    }
}
