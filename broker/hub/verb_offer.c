/* Offers between the router, agents and each other: `accept`, `decline`, `transfer`. */
#include "hub/hub_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void verb_accept(struct hub *h, struct member *m, const struct frame *f)
{
    struct text me = text_of(m->colleague->id);
    struct change_request r = {.conversation = f->accept.conversation, .event = {.kind = EVENT_ACCEPTED, .agents = {me}, .agents_n = 1}, .by = me};
    work_change(h, m, f, &r);
}

void verb_decline(struct hub *h, struct member *m, const struct frame *f)
{
    struct text me = text_of(m->colleague->id);
    struct change_request r = {.conversation = f->decline.conversation, .event = {.kind = EVENT_DECLINED, .agents = {me}, .agents_n = 1}, .by = me,
                               .reason = f->decline.reason};
    work_change(h, m, f, &r);
}

/* To an agent: who they are and whether they have room is read first; the claim then asks for the same again. Who need not be asked has it at once. */
struct handing {
    struct hub *h;
    edge_id session;
    char conversation[ID_MAX + 1], agent[ID_MAX + 1], owner[ID_MAX + 1];
    char channel[WORD_MAX + 1];
};

static void handing_end(struct handing *g, int err, const char *field)
{
    if (err) {
        struct refusal r = {.session = g->session, .verb = VERB_transfer, .field = field};
        (void)!text_copy(text_of(g->conversation), r.conversation, sizeof r.conversation); /* the same size */
        hub_refuse(g->h, &r, err);
    }
    free(g);
}

static void handing_done(struct hub *h, const struct ticket *t, int err, struct text conversation)
{
    (void)h;
    (void)conversation;
    handing_end(t->p, err == ERR_DUPLICATE ? 0 : err, NULL);
}

static void handing_looked(void *ctx, const struct ticket *t, int err, const struct store_look *l)
{
    struct hub *h = ctx;
    struct handing *g = t->p;
    struct member *m = member_find(h, g->session);
    const struct colleague *to = map_get(&h->colleagues, text_of(g->agent));
    const struct store_agent *row = NULL;
    for (size_t i = 0; !err && i < l->agents_n; i++) {
        row = text_is(l->agents[i].id, g->agent) ? &l->agents[i] : row;
    }
    int channel = policy_channel(text_of(g->channel));
    err = err ? err : !m || !to || !row || channel < 0 ? ERR_CAPACITY : 0;
    if (!err) {
        struct routing_agent a = router_agent(h, row);
        err = routing_has_room(&h->policy->match, &a, (enum routing_channel)channel) ? 0 : ERR_CAPACITY;
    }
    if (!err) {
        bool ask = (to->must_accept & (1u << channel)) != 0;
        struct change_request r = {.conversation = text_of(g->conversation), .by = text_of(m->colleague->id), .presence = {row->presence},
                                   .event = {.kind = ask ? EVENT_HANDED_OVER : EVENT_TAKEN, .agents = {text_of(g->agent)}, .agents_n = 1,
                                             .sender = text_of(g->owner[0] ? g->owner : NULL)},
                                   .must_own = text_of(m->role == AGENT ? m->colleague->id : NULL)};
        err = change_conversation(h, &r, handing_done, (struct ticket){.p = g});
        if (!err) {
            return;
        }
    }
    handing_end(g, m ? err : 0, err == ERR_CAPACITY ? "agent" : NULL);
}

static void handing_read(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct hub *h = ctx;
    struct handing *g = t->p;
    if (!err) {
        err = text_copy(c->channel, g->channel, sizeof g->channel);
        err = err ? err : text_copy(c->owner, g->owner, sizeof g->owner);
        err = err ? err : text_is(c->owner, g->agent) ? ERR_BAD_STATE : 0;
        err = err ? err : store_look_get(h->store, 0, 0, handing_looked, h, (struct ticket){.p = g});
    }
    if (err) {
        handing_end(g, err, NULL);
    }
}

static int transfer_to_agent(struct hub *h, struct member *m, const struct frame_transfer *f)
{
    const struct colleague *to = map_get(&h->colleagues, f->agent);
    if (!to || to->gone || to->role != AGENT) {
        return ERR_NOT_FOUND;
    }
    struct handing *g = calloc(1, sizeof *g);
    if (!g) {
        return ERR_MEMORY;
    }
    g->h = h;
    g->session = m->session;
    int err = text_copy(f->conversation, g->conversation, sizeof g->conversation);
    err = err ? err : text_copy(f->agent, g->agent, sizeof g->agent);
    err = err ? err : store_conversation_get(h->store, f->conversation, (struct text){NULL, 0}, handing_read, h, (struct ticket){.p = g});
    if (err) {
        free(g);
    }
    return err;
}

/* "skill:level,…"; absent when none is asked for, and the former ones stay. */
static struct text needs_write(const struct frame_transfer *f, char out[HUB_NEEDS_BYTES])
{
    size_t at = 0;
    for (size_t i = 0; i < f->skills_n; i++) {
        const struct frame_skill *s = &f->skills[i];
        at += (size_t)snprintf(out + at, HUB_NEEDS_BYTES - at, "%s%.*s:%llu", i > 0 ? "," : "", TEXT_ARG(s->skill), /* fits */
                               (unsigned long long)(s->level > 0 ? s->level : 1));
    }
    return at > 0 ? (struct text){out, at} : (struct text){NULL, 0};
}

static bool skills_are_plain(const struct frame_transfer *f)
{
    for (size_t i = 0; i < f->skills_n; i++) {
        const struct text name = f->skills[i].skill;
        for (size_t k = 0; k < name.n; k++) {
            if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", name.s[k])) {
                return false;
            }
        }
    }
    return true;
}

void verb_transfer(struct hub *h, struct member *m, const struct frame *f)
{
    const struct frame_transfer *to = &f->transfer;
    if ((to->agent.n > 0) == (to->queue.n > 0)) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "agent");
    } else if ((to->agent.n > 0 && to->skills_n > 0) || !skills_are_plain(to)) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "skills");
    } else if (to->queue.n > 0 && staff_queue_index(h, to->queue) < 0) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "queue");
    } else if (to->queue.n > 0) {
        char needs[HUB_NEEDS_BYTES];
        struct text me = text_of(m->colleague->id), own = text_of(m->role == AGENT ? m->colleague->id : NULL);
        struct change_request r = {.conversation = to->conversation, .event = {.kind = EVENT_MOVED, .queue = to->queue, .sender = own}, .must_own = own, .by = me, .needs = needs_write(to, needs)};
        work_change(h, m, f, &r);
    } else {
        int err = transfer_to_agent(h, m, to);
        if (err) {
            edge_refuse(h->edge, m->session, err, f, "agent");
        }
    }
}
