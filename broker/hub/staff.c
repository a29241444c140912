/* The staff: who may sign in, what they serve. Kept in the store as JSON, one entry a person (written by loketctl), read at the start and when it changes:
 *   {"name":"Sanne","role":"agent","queues":["burgerzaken"],"capacity":6,"password":"$argon2id$…"}
 * And presence: an agent stays available through a short loss of connection; after the grace time the work is given on. */
#include "hub/hub_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int staff_queue_index(const struct hub *h, struct text queue)
{
    for (size_t i = 0; i < h->config->queues_n; i++) {
        if (text_equal(h->queue_ids[i], queue)) {
            return (int)i;
        }
    }
    return -1;
}

static void colleague_away(void *ctx);

static struct colleague *colleague_get(struct hub *h, struct text id)
{
    struct colleague *c = map_get(&h->colleagues, id);
    if (c) {
        return c;
    }
    c = calloc(1, sizeof *c);
    if (!c) {
        return NULL;
    }
    c->hub = h;
    list_init(&c->members);
    if (text_copy(id, c->id, sizeof c->id) || loop_timer_new(h->loop, colleague_away, c, &c->away) || map_set(&h->colleagues, id, c)) {
        loop_timer_free(&c->away);
        free(c);
        return NULL;
    }
    return c;
}

static void staff_one(struct hub *h, struct text id, struct text json)
{
    json_error_t why;
    json_t *root = json_loadb(json.s, json.n, JSON_REJECT_DUPLICATES, &why);
    const char *name = json_string_value(json_object_get(root, "name")), *role = json_string_value(json_object_get(root, "role"));
    const char *password = json_string_value(json_object_get(root, "password"));
    json_int_t capacity = json_integer_value(json_object_get(root, "capacity"));
    enum frame_role as = role && strcmp(role, "supervisor") == 0 ? SUPERVISOR : role && strcmp(role, "agent") == 0 ? AGENT : ROLE_NONE;
    struct colleague *c = name && password && as != ROLE_NONE && capacity >= 0 ? colleague_get(h, id) : NULL;
    if (!c || text_copy(text_of(name), c->name, sizeof c->name)) {
        log_event(LOG_ERROR, "staff_unreadable", "agent=%.*s remedy=\"loketctl staff add --id …\"", TEXT_ARG(id));
        json_decref(root);
        return;
    }
    c->role = as;
    c->gone = false;
    c->capacity = (uint64_t)capacity;
    c->queues = (struct routing_queues){{0}};
    free(c->password_hash);
    c->password_hash = strdup(password);
    size_t i;
    json_t *queue;
    json_array_foreach(json_object_get(root, "queues"), i, queue) {
        int index = staff_queue_index(h, text_of(json_string_value(queue)));
        if (index >= 0) {
            routing_queues_add(&c->queues, (unsigned)index);
        }
    }
    json_decref(root);
}

static void staff_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    (void)t;
    if (err) {
        return; /* the store's coming back reads it again */
    }
    size_t at = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        ((struct colleague *)value)->gone = true;
    }
    for (size_t i = 0; i + 1 < n; i += 2) {
        staff_one(h, texts[i], texts[i + 1]);
    }
    at = 0;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        if (c->gone) {
            LIST_FOR(&c->members, l, next) {
                edge_session_close(h->edge, LIST_OWNER(l, struct member, in_colleague)->session, ERR_SIGN_IN);
            }
        }
    }
    h->staff_known = true;
    edge_set_secret(h->edge, store_secret(h->store)); /* only now: a cookie of somebody whom we do not know yet would look like one that is void */
    router_kick(h);
    board_changed(h);
}

void staff_load(struct hub *h)
{
    (void)!store_staff_list(h->store, staff_listed, h, (struct ticket){0}); /* away: read again when it is back */
}

/* --- presence ------------------------------------------------------------------------------------------------------------------------------ */

struct presence {
    struct hub *h;
    struct colleague *c;
    char value[WORD_MAX + 1];
    edge_id answer_to;
};

static void work_given_on(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        (void)!change_conversation(h, texts[i], &(struct conversation_event){.kind = EVENT_AGENT_LEFT}, (struct text){NULL, 0}, (struct text){NULL, 0},
                                   NULL, (struct ticket){0}); /* one that cannot be given on now is found by the next sign-off */
    }
}

static void presence_done(void *ctx, const struct ticket *t, int err)
{
    struct presence *p = ctx;
    struct hub *h = p->h;
    (void)t;
    if (err) {
        if (p->answer_to) {
            hub_refuse(h, &(struct refusal){.session = p->answer_to, .verb = VERB_presence}, err);
        }
    } else {
        (void)!text_copy(text_of(p->value), p->c->presence, sizeof p->c->presence); /* the same size */
        log_event(LOG_INFO, "presence", "agent=%s presence=%s", p->c->id, p->value);
        struct frame f = {.verb = VERB_presence, .presence = {.presence = text_of(p->value)}};
        LIST_FOR(&p->c->members, l, next) {
            (void)!edge_send(h->edge, LIST_OWNER(l, struct member, in_colleague)->session, &f); /* a slow one is closed and told in welcome */
        }
        if (strcmp(p->value, "offline") == 0) {
            (void)!store_work_list(h->store, text_of(p->c->id), work_given_on, h, (struct ticket){0}); /* as in work_given_on */
        }
        router_kick(h);
        board_changed(h);
    }
    free(p);
}

void colleague_presence(struct hub *h, struct colleague *c, const char *value, edge_id answer_to)
{
    struct presence *p = calloc(1, sizeof *p);
    int err = p ? 0 : ERR_MEMORY;
    if (p) {
        p->h = h;
        p->c = c;
        p->answer_to = answer_to;
        err = text_copy(text_of(value), p->value, sizeof p->value);
        err = err ? err : store_presence_set(h->store, text_of(c->id), text_of(value), text_of(h->config->node), (struct text){NULL, 0}, c->capacity,
                                             (uint64_t)loop_wall_ms(h->loop), presence_done, p, (struct ticket){0});
    }
    if (err) {
        free(p);
        if (answer_to) {
            hub_refuse(h, &(struct refusal){.session = answer_to, .verb = VERB_presence}, err);
        } else {
            c->leaving = true;
            loop_timer_start(c->away, 1000, 0); /* the grace time's end must not be lost */
        }
    }
}

static void colleague_away(void *ctx)
{
    struct colleague *c = ctx;
    c->leaving = false;
    if (list_is_empty(&c->members)) {
        colleague_presence(c->hub, c, "offline", 0);
    }
}

static void away_start(struct hub *h, struct colleague *c)
{
    if (!c->leaving) {
        c->leaving = true;
        loop_timer_start(c->away, h->config->away_grace_ms, 0);
    }
}

void colleague_session_opened(struct hub *h, struct colleague *c)
{
    (void)h;
    c->leaving = false;
    loop_timer_stop(c->away);
}

void colleague_session_closed(struct hub *h, struct colleague *c)
{
    if (list_is_empty(&c->members) && !h->stopping && c->role == AGENT) {
        away_start(h, c);
    }
}

static void sweep_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct hub *h = ctx;
    (void)t;
    for (size_t i = 0; !err && i < v->agents_n; i++) {
        const struct store_agent *a = &v->agents[i];
        struct colleague *c = map_get(&h->colleagues, a->id);
        bool here = c && !list_is_empty(&c->members), idle = a->conversations == 0 && (!a->presence.n || text_is(a->presence, "offline"));
        if (here || idle || !text_is(a->node, h->config->node)) {
            continue;
        }
        if (c) {
            away_start(h, c);
        } else {
            log_event(LOG_WARN, "work_orphaned", "agent=%.*s conversations=%llu next=\"given on\"", TEXT_ARG(a->id), (unsigned long long)a->conversations);
            (void)!store_work_list(h->store, a->id, work_given_on, h, (struct ticket){0}); /* the next sweep tries again */
        }
    }
}

void staff_sweep(struct hub *h)
{
    if (h->up && h->staff_known && !h->stopping) {
        (void)!store_view_get(h->store, NULL, 0, 0, 0, sweep_view, h, (struct ticket){0}); /* the next sweep tries again */
    }
}
