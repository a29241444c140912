/* What supervisors do with running work: `take`, `prioritise`, `set_presence`, `bulletin`; and `join`, `part`, which bring a colleague in. */
#include "hub/hub_internal.h"

#include <stdlib.h>

void verb_take(struct hub *h, struct member *m, const struct frame *f)
{
    struct text me = text_of(m->colleague->id);
    struct change_request r = {.conversation = f->take.conversation, .event = {.kind = EVENT_TAKEN, .agents = {me}, .agents_n = 1}, .by = me, .force = true};
    work_change(h, m, f, &r);
}

void verb_set_presence(struct hub *h, struct member *m, const struct frame *f)
{
    struct colleague *c = map_get(&h->colleagues, f->set_presence.agent);
    if (!c || c->gone || c->role != AGENT) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "agent");
    } else if (!policy_presence_is_known(h->policy, f->set_presence.presence)) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "presence");
    } else {
        audit_write(h, m->colleague, "set_presence", f->set_presence.agent, f->set_presence.presence);
        colleague_presence(h, c, f->set_presence.presence, m->session, VERB_set_presence);
    }
}

/* --- notices ------------------------------------------------------------------------------------------------------------------------------------ */

void bulletin_deliver(struct hub *h, const struct frame *f)
{
    size_t at = 0;
    void *value;
    while (map_next(&h->members, &at, NULL, &value)) {
        struct member *m = value;
        bool to = m->role == AGENT && f->bulletin.queues_n == 0;
        for (size_t i = 0; m->role == AGENT && i < f->bulletin.queues_n; i++) {
            int queue = staff_queue_index(h, f->bulletin.queues[i]);
            to |= queue >= 0 && routing_queues_has(&m->colleague->queues, (unsigned)queue);
        }
        if (to || m->role == SUPERVISOR) {
            (void)!edge_send(h->edge, m->session, f); /* not kept */
        }
    }
}

void verb_bulletin(struct hub *h, struct member *m, const struct frame *f)
{
    if (m->role != SUPERVISOR) {
        edge_refuse(h->edge, m->session, ERR_FORBIDDEN, f, NULL);
        return;
    }
    if (f->bulletin.text.n == 0) {
        edge_refuse(h->edge, m->session, ERR_BAD_FIELD, f, "text");
        return;
    }
    for (size_t i = 0; i < f->bulletin.queues_n; i++) {
        if (staff_queue_index(h, f->bulletin.queues[i]) < 0) {
            edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "queues");
            return;
        }
    }
    struct frame out = *f;
    out.bulletin.from = text_of(m->colleague->name);
    out.bulletin.at = (uint64_t)loop_wall_ms(h->loop);
    audit_write(h, m->colleague, "bulletin", (struct text){NULL, 0}, (struct text){NULL, 0});
    bulletin_deliver(h, &out);
    others_bulletin(h, &out);
}

/* --- taking part, and priority: entries of the log as well ---------------------------------------------------------------------------------------- */

struct leading {
    struct hub *h;
    struct refusal refusal;
    struct buf blob;
    char agent[ID_MAX + 1];
};

static void leading_done(void *ctx, const struct ticket *t, int err, const struct store_changed *r)
{
    struct leading *l = ctx;
    struct hub *h = l->h;
    (void)t;
    if (err) {
        hub_refuse(h, &l->refusal, err);
    } else {
        deliver_entry(h, text_of(l->refusal.conversation), r->seq, buf_text(&l->blob));
        deliver_conversation(h, text_of(l->refusal.conversation), r->agents);
        board_changed(h);
        if (l->refusal.verb == VERB_prioritise) {
            router_kick(h);
        }
    }
    buf_done(&l->blob);
    free(l);
}

static int leading_new(struct hub *h, struct member *m, const struct frame *f, struct text conversation, const char *reason, struct text about, struct leading **out)
{
    struct leading *l = calloc(1, sizeof *l);
    struct text blob;
    if (!l) {
        return ERR_MEMORY;
    }
    l->h = h;
    l->refusal = (struct refusal){.session = m->session, .verb = f->verb};
    buf_init(&l->blob, HUB_ENTRY_BYTES_MAX);
    int err = text_copy(conversation, l->refusal.conversation, sizeof l->refusal.conversation);
    err = err ? err : text_copy(about, l->agent, sizeof l->agent);
    err = err ? err : change_entry(h, conversation, "state", NULL, reason, "agent", m->colleague, about, &blob);
    err = err ? err : buf_add_text(&l->blob, blob);
    if (err) {
        buf_done(&l->blob);
        free(l);
        return err;
    }
    *out = l;
    return 0;
}

static void leading_end(struct hub *h, struct member *m, const struct frame *f, struct leading *l, int err)
{
    if (err) {
        if (l) {
            buf_done(&l->blob);
            free(l);
        }
        edge_refuse(h->edge, m->session, err, f, NULL);
    }
}

static void take_part(struct hub *h, struct member *m, const struct frame *f, struct text conversation, struct text agent, bool on)
{
    struct text me = text_of(m->colleague->id), who = agent.n > 0 ? agent : me;
    const struct colleague *c = map_get(&h->colleagues, who);
    struct leading *l = NULL;
    if (!c || c->gone) {
        edge_refuse(h->edge, m->session, ERR_NOT_FOUND, f, "agent");
        return;
    }
    /* An agent brings somebody in, or sends them out, where they are the owner; anybody leaves by themselves. */
    bool self = text_equal(who, me);
    struct text own = m->role == SUPERVISOR || (self && !on) ? (struct text){NULL, 0} : me;
    int err = leading_new(h, m, f, conversation, on ? "joined" : "parted", who, &l);
    err = err ? err : store_join(h->store, conversation, text_of(l->agent), on, own, buf_text(&l->blob), leading_done, l, (struct ticket){0});
    leading_end(h, m, f, l, err);
}

void verb_join(struct hub *h, struct member *m, const struct frame *f)
{
    take_part(h, m, f, f->join.conversation, f->join.agent, true);
}

void verb_part(struct hub *h, struct member *m, const struct frame *f)
{
    take_part(h, m, f, f->part.conversation, f->part.agent, false);
}

void verb_prioritise(struct hub *h, struct member *m, const struct frame *f)
{
    struct leading *l = NULL;
    int64_t head = (int64_t)(f->prioritise.priority * h->policy->routing.priority_step_s * 1000);
    int err = leading_new(h, m, f, f->prioritise.conversation, "prioritised", text_of(m->colleague->id), &l);
    err = err ? err : store_prioritise(h->store, f->prioritise.conversation, f->prioritise.priority, head, buf_text(&l->blob), leading_done, l, (struct ticket){0});
    leading_end(h, m, f, l, err);
}
