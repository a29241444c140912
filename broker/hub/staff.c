/* The staff: who may sign in, what they serve and can. Kept in the store as JSON, one entry a person (hub/settings.h), read at the start and when it changes.
 * And presence: an agent keeps their work through a short loss of connection; after the grace time it is given on. */
#include "hub/hub_internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "hub/settings.h"

int staff_queue_index(const struct hub *h, struct text queue)
{
    return policy_queue_index(h->policy, queue);
}

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
    if (text_copy(id, c->id, sizeof c->id) || map_set(&h->colleagues, id, c)) {
        free(c);
        return NULL;
    }
    return c;
}

static void staff_channels(const struct hub *h, struct colleague *c, const struct frame_agent_settings *set)
{
    const uint64_t usual[ROUTING_CHANNELS] = {h->config->weight_chat, h->config->weight_email, h->config->weight_sms};
    c->must_accept = 0;
    for (size_t i = 0; i < ROUTING_CHANNELS; i++) {
        c->weight[i] = usual[i] > 0 ? usual[i] : 1;
        c->limit[i] = 0;
    }
    for (size_t i = 0; i < set->channels_n; i++) {
        int at = policy_channel(set->channels[i].channel);
        if (at >= 0) {
            c->weight[at] = set->channels[i].weight > 0 ? set->channels[i].weight : c->weight[at];
            c->limit[at] = set->channels[i].limit;
            c->must_accept |= set->channels[i].must_accept ? 1u << at : 0;
        }
    }
}

static void staff_abilities(struct hub *h, struct colleague *c, const struct frame_agent_settings *set)
{
    c->queues = (struct routing_queues){{0}};
    memset(c->order, 0, sizeof c->order);
    memset(c->skills, 0, sizeof c->skills);
    c->languages = 0;
    for (size_t i = 0; i < set->queues_n; i++) {
        int index = staff_queue_index(h, set->queues[i]);
        if (index >= 0) {
            routing_queues_add(&c->queues, (unsigned)index);
            c->order[index] = (unsigned char)(i < 255 ? i : 255);
        }
    }
    for (size_t i = 0; i < set->skills_n; i++) {
        unsigned skill = policy_skill(h->policy, set->skills[i].skill);
        if (skill < ROUTING_SKILLS_MAX) {
            c->skills[skill] = (unsigned char)(set->skills[i].level > 0 ? set->skills[i].level : 1);
        }
    }
    for (size_t i = 0; i < set->languages_n; i++) {
        unsigned language = policy_language(h->policy, set->languages[i]);
        c->languages |= language > 0 && language <= 64 ? 1ull << (language - 1) : 0;
    }
}

static void staff_one(struct hub *h, struct frame_arena *arena, struct text id, struct text json)
{
    struct frame_agent_settings set;
    struct frame_fault fault;
    char *hash = NULL;
    struct colleague *c = settings_agent_stored(json, arena, &set, &hash, &fault) == 0 ? colleague_get(h, id) : NULL;
    if (!c || text_copy(set.name, c->name, sizeof c->name)) {
        log_event(LOG_ERROR, "staff_unreadable", "agent=%.*s field=%s remedy=\"loketctl staff add --id …\"", TEXT_ARG(id), c ? "name" : fault.path);
        free(hash);
        return;
    }
    c->admin = text_is(set.role, "administrator");
    c->role = text_is(set.role, "agent") ? AGENT : SUPERVISOR;
    c->gone = false;
    c->capacity = set.capacity;
    staff_channels(h, c, &set);
    staff_abilities(h, c, &set);
    free(c->password_hash);
    c->password_hash = hash;
}

static void staff_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    (void)t;
    h->staff_reading = false;
    if (err) {
        return; /* the store's coming back reads it again */
    }
    if (h->policy_next) { /* together: the staff's queues and skills are numbers of their policy */
        policy_free(&h->policy);
        h->policy = h->policy_next;
        h->policy_next = NULL;
    }
    size_t at = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        ((struct colleague *)value)->gone = true;
    }
    struct frame_arena *arena = frame_arena_new();
    for (size_t i = 0; arena && i + 1 < n; i += 2) {
        staff_one(h, arena, texts[i], texts[i + 1]);
    }
    frame_arena_free(&arena);
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
    node_beat(h);
    router_kick(h);
    board_staff_changed(h);
    if (h->staff_again) {
        staff_load(h);
    }
}

/* One read at a time: when a thousand are added, each is told of, and not each is followed by a read of all. */
void staff_load(struct hub *h)
{
    h->staff_again = h->staff_reading;
    if (!h->staff_reading) {
        h->staff_reading = store_staff_list(h->store, staff_listed, h, (struct ticket){0}) == 0; /* away: read again when it is back */
    }
}

static void settings_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    struct policy *p;
    (void)t;
    if (err) {
        return; /* as in staff_listed */
    }
    err = policy_new(h->config, texts, n, loop_wall_ms(h->loop), &p);
    if (err) {
        log_event(LOG_ERROR, "settings", "why=\"%s\" next=\"the former ones stay\"", err_text(err));
    } else {
        policy_free(&h->policy_next);
        h->policy_next = p;
    }
    staff_load(h);
}

void settings_load(struct hub *h)
{
    (void)!store_settings_list(h->store, settings_listed, h, (struct ticket){0}); /* away: read again when it is back */
}

/* --- who is here --------------------------------------------------------------------------------------------------------------------------- */

int64_t staff_grace_ms(const struct hub *h)
{
    return h->policy->routing.away_grace_s > 0 ? (int64_t)h->policy->routing.away_grace_s * 1000 : h->config->away_grace_ms;
}

static void here_told(void *ctx, const struct ticket *t, int err, struct text presence)
{
    struct hub *h = ctx;
    struct colleague *c = t->p;
    if (err) {
        c->here = false; /* said again with the next beat that finds us unknown, or the next session */
        return;
    }
    if (t->a) {
        (void)!text_copy(presence, c->presence, sizeof c->presence); /* a presence fits */
        router_kick(h);
    }
    board_changed(h);
}

static void here_tell(struct hub *h, struct colleague *c, bool on)
{
    /* A removed account's work is given on at once. */
    int64_t grace = c->gone ? 0 : staff_grace_ms(h);
    c->here = on;
    if (h->up && store_here_set(h->store, text_of(c->id), on, (uint64_t)loop_wall_ms(h->loop), grace, here_told, h, (struct ticket){.p = c, .a = on})) {
        c->here = false;
    }
}

void colleague_session_opened(struct hub *h, struct colleague *c)
{
    if (!c->here) {
        here_tell(h, c, true);
    }
}

void colleague_session_closed(struct hub *h, struct colleague *c)
{
    if (list_is_empty(&c->members) && !h->stopping) {
        here_tell(h, c, false);
    }
}

void staff_say_here(struct hub *h)
{
    size_t at = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        if (!list_is_empty(&c->members)) {
            here_tell(h, c, true);
        }
    }
}

/* --- presence ------------------------------------------------------------------------------------------------------------------------------ */

struct presence {
    struct hub *h;
    struct colleague *c;
    char value[WORD_MAX + 1];
    edge_id answer_to;
    enum frame_verb verb;
};

static void work_given_on(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    const char *agent = t->p;
    for (size_t i = 0; !err && i < n; i++) {
        struct change_request r = {.conversation = texts[i], .event = {.kind = EVENT_AGENT_LEFT, .agents = {text_of(agent)}, .agents_n = 1}};
        (void)!change_conversation(h, &r, NULL, (struct ticket){0}); /* one that cannot be given on now is found by the next look at who is absent */
    }
    free(t->p);
}

static void work_give_on(struct hub *h, struct text agent)
{
    char *id = strndup(agent.s, agent.n);
    if (!id || store_borne_list(h->store, agent, work_given_on, h, (struct ticket){.p = id})) {
        free(id); /* as in work_given_on */
    }
}

void colleague_presence_heard(struct hub *h, struct colleague *c, struct text presence)
{
    struct frame f = {.verb = VERB_presence, .presence = {.presence = presence}};
    if (text_copy(presence, c->presence, sizeof c->presence)) {
        return;
    }
    LIST_FOR(&c->members, l, next) {
        struct member *m = LIST_OWNER(l, struct member, in_colleague);
        if (m->role == AGENT) {
            (void)!edge_send(h->edge, m->session, &f); /* a slow one is closed and told in welcome */
        }
    }
}

static void presence_done(void *ctx, const struct ticket *t, int err)
{
    struct presence *p = ctx;
    struct hub *h = p->h;
    (void)t;
    if (err) {
        if (p->answer_to) {
            hub_refuse(h, &(struct refusal){.session = p->answer_to, .verb = p->verb}, err);
        }
    } else {
        log_event(LOG_INFO, "presence", "agent=%s presence=%s", p->c->id, p->value);
        colleague_presence_heard(h, p->c, text_of(p->value));
        if (strcmp(p->value, "offline") == 0) {
            work_give_on(h, text_of(p->c->id));
        }
        router_kick(h);
        board_changed(h);
    }
    free(p);
}

void colleague_presence(struct hub *h, struct colleague *c, struct text value, edge_id answer_to, enum frame_verb verb)
{
    struct presence *p = calloc(1, sizeof *p);
    int err = p ? 0 : ERR_MEMORY;
    if (p) {
        *p = (struct presence){.h = h, .c = c, .answer_to = answer_to, .verb = verb};
        err = text_copy(value, p->value, sizeof p->value);
        err = err ? err : store_presence_set(h->store, text_of(c->id), value, (uint64_t)loop_wall_ms(h->loop), presence_done, p, (struct ticket){0});
    }
    if (err) {
        free(p);
        if (answer_to) {
            hub_refuse(h, &(struct refusal){.session = answer_to, .verb = verb}, err);
        }
    }
}

static void absent_done(void *ctx, const struct ticket *t, int err)
{
    struct hub *h = ctx;
    char *id = t->p;
    if (!err) {
        work_give_on(h, text_of(id)); /* an account that nobody knows any more may have work, too */
        board_changed(h);
    }
    free(id);
}

void staff_absent(struct hub *h, struct text agent)
{
    char *id = strndup(agent.s, agent.n);
    log_event(LOG_INFO, "agent_absent", "agent=%.*s next=\"offline, and the work is given on\"", TEXT_ARG(agent));
    if (!id || store_presence_set(h->store, agent, TEXT_LITERAL("offline"), (uint64_t)loop_wall_ms(h->loop), absent_done, h, (struct ticket){.p = id})) {
        free(id); /* the next look finds them again */
    }
}
