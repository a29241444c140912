/* What a supervisor has to know while it lasts. Each broker that needs it (a supervisor watches there, or it routes) finds it by itself in the
 * store, once a second; so there is nothing to agree on, and `since` is the same everywhere where it can be computed. A round:
 *
 *    targets ─┐
 *    look ────┼─▶ (all answered) ──▶ the next view ends the round
 *
 * The look is left out while nobody waits. The broker that routes logs each alarm that begins, so that the organisation logs it once. */
#include "hub/board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALARMS_LINE_HEADS 4      /* of each line: whoever stands behind is stuck for the same reason */
#define ALARMS_LINES_MAX 1000    /* lines looked into in one round */
#define ALARMS_WARN_S 60         /* of a promise that its queue makes no more */

struct alarms {
    struct alarm_list list;
    unsigned open;  /* answers still to come before the view */
    bool round;     /* under way */
    bool failed;    /* an answer was an error: this round says nothing */
    bool waits;     /* somebody did, at the last view; true while that is unknown */
};

static bool wanted(const struct hub *h)
{
    const struct list *lists[] = {&h->watchers, &h->board->newcomers};
    for (size_t i = 0; i < 2; i++) {
        LIST_FOR(lists[i], l, next) {
            if (LIST_OWNER(l, struct member, in_watchers)->role == SUPERVISOR) {
                return true;
            }
        }
    }
    return node_fence(h) != 0;
}

static void raise_alarm(struct hub *h, struct alarm *a, struct text queue, struct text conversation, struct text agent)
{
    int err = text_copy(queue, a->queue, sizeof a->queue);
    err = err ? err : text_copy(conversation, a->conversation, sizeof a->conversation);
    err = err ? err : text_copy(agent, a->agent, sizeof a->agent);
    if (!err) { /* ids fit */
        alarm_list_raise(&h->board->alarms->list, a, (uint64_t)loop_wall_ms(h->loop));
    }
}

static const struct text none = {NULL, 0};

/* --- level: promises ------------------------------------------------------------------------------------------------------------------------ */

static uint64_t warn_ms(const struct queue_policy *q, struct text channel)
{
    const struct frame_level *level = policy_level(q, channel);
    return (level ? level->warn_s : ALARMS_WARN_S) * 1000;
}

static uint64_t warn_ms_most(const struct hub *h)
{
    uint64_t most = ALARMS_WARN_S * 1000;
    for (size_t i = 0; i < h->policy->queues_n; i++) {
        const struct frame_queue_settings *set = &h->policy->queues[i]->set;
        for (size_t k = 0; k < set->levels_n; k++) {
            most = set->levels[k].warn_s * 1000 > most ? set->levels[k].warn_s * 1000 : most;
        }
    }
    return most;
}

static void alarms_targets(void *ctx, const struct ticket *t, int err, const struct store_target *targets, size_t n)
{
    struct hub *h = ctx;
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    (void)t;
    h->board->alarms->open--;
    h->board->alarms->failed |= err != 0;
    for (size_t i = 0; !err && i < n; i++) {
        const struct queue_policy *q = policy_queue(h->policy, targets[i].queue);
        uint64_t from = q && targets[i].due_ms > warn_ms(q, targets[i].channel) ? targets[i].due_ms - warn_ms(q, targets[i].channel) : 0;
        if (from > 0 && from <= now) {
            struct alarm a = {.kind = ALARM_LEVEL, .target = text_is(targets[i].kind, "first") ? "first" : "resolve", .since_ms = from,
                              .due_ms = targets[i].due_ms};
            raise_alarm(h, &a, targets[i].queue, targets[i].conversation, none);
        }
    }
}

/* --- stuck: requirements that fit nobody ----------------------------------------------------------------------------------------------------- */

/* Everybody as if they were free and took every channel: what is left is what they can. */
struct able {
    struct routing_agent *agents;
    bool *here; /* signed in: they may take it sooner or later today */
    size_t n;
};

static int able_new(struct hub *h, const struct store_look *l, struct able *out)
{
    *out = (struct able){.agents = calloc(l->agents_n + 1, sizeof *out->agents), .here = calloc(l->agents_n + 1, sizeof *out->here)};
    for (size_t i = 0; out->agents && out->here && i < l->agents_n; i++) {
        const struct colleague *c = map_get(&h->colleagues, l->agents[i].id);
        if (!c || c->gone || c->role != AGENT) {
            continue;
        }
        out->here[out->n] = l->agents[i].here.n > 0 && !text_is(l->agents[i].presence, "offline");
        struct routing_agent *a = &out->agents[out->n++];
        *a = (struct routing_agent){.id = l->agents[i].id, .capacity = 1, .takes = (1u << ROUTING_CHANNELS) - 1, .queues = c->queues,
                                    .languages = c->languages};
        memcpy(a->skills, c->skills, sizeof a->skills);
        for (size_t k = 0; k < ROUTING_CHANNELS; k++) {
            a->weight[k] = 1;
        }
    }
    return out->agents && out->here ? 0 : ERR_MEMORY;
}

static void able_done(struct able *a)
{
    free(a->agents);
    free(a->here);
}

/* Does it fit nobody at all, or nobody of those who are here while its queue is served? Where the queue has nobody, that is the alarm (`nobody`). */
static bool is_stuck(struct hub *h, const struct able *able, const struct routing_waiting *w)
{
    const struct routing_queues *wide = &h->policy->rules[w->queue].widen_to;
    bool anybody = false, served = false;
    for (size_t i = 0; i < able->n; i++) {
        const struct routing_agent *a = &able->agents[i];
        bool fits = routing_can_take(&h->policy->match, a, w, INT64_MAX - 1); /* when all has relaxed that ever will */
        if (fits && able->here[i]) {
            return false;
        }
        anybody |= fits;
        served |= able->here[i] && routing_queues_has(&a->queues, w->queue);
        for (size_t k = 0; able->here[i] && k < ROUTING_QUEUES_MAX / 64; k++) {
            served |= (wide->bits[k] & a->queues.bits[k]) != 0;
        }
    }
    return !anybody || served;
}

static bool same_line(const struct store_waiting *a, const struct store_waiting *b)
{
    return text_equal(a->queue, b->queue) && text_equal(a->channel, b->channel) && text_equal(a->language, b->language) &&
           text_equal(a->needs, b->needs) && text_equal(a->prefers, b->prefers) && text_equal(a->held, b->held);
}

static void lines_check(struct hub *h, const struct store_look *l, const struct able *able)
{
    bool stuck = false;
    size_t lines = 0;
    for (size_t i = 0; i < l->waiting_n; i++) {
        if (i == 0 || !same_line(&l->waiting[i - 1], &l->waiting[i])) {
            struct routing_waiting w;
            if (lines++ == ALARMS_LINES_MAX) {
                return;
            }
            stuck = router_waiting(h, &l->waiting[i], &w);
            w.declined_n = 0; /* who let it pass is asked again after a rest */
            stuck = stuck && is_stuck(h, able, &w);
        }
        if (stuck) {
            struct alarm a = {.kind = ALARM_STUCK};
            raise_alarm(h, &a, l->waiting[i].queue, l->waiting[i].conversation, none);
        }
    }
}

static void alarms_looked(void *ctx, const struct ticket *t, int err, const struct store_look *l)
{
    struct hub *h = ctx;
    struct able able = {NULL, NULL, 0};
    (void)t;
    h->board->alarms->open--;
    err = err ? err : able_new(h, l, &able);
    if (!err) {
        lines_check(h, l, &able);
    }
    able_done(&able);
    h->board->alarms->failed |= err != 0;
}

/* --- nobody, old, missed: from the view ------------------------------------------------------------------------------------------------------ */

/* Channels that somebody takes, with those of the agents to whom the queue has widened by now. */
static unsigned queue_takes(const struct hub *h, const struct queue_policy *q, const struct serving *s, int64_t waited_ms)
{
    const struct routing_queue_rule *rule = &h->policy->rules[q->index];
    unsigned takes = s->queues[q->index].takes;
    for (size_t k = 0; waited_ms >= rule->widen_ms && k < ROUTING_QUEUES_MAX / 64; k++) {
        for (uint64_t bits = rule->widen_to.bits[k]; bits; bits &= bits - 1) {
            takes |= s->queues[k * 64 + (size_t)__builtin_ctzll(bits)].takes;
        }
    }
    return takes;
}

/* Outside opening hours nobody is expected. */
static void alarms_nobody(struct hub *h, const struct store_view *v, const struct serving *s)
{
    int64_t now = loop_wall_ms(h->loop);
    for (size_t i = 0; i < v->queues_n; i++) {
        const struct store_queue *row = &v->queues[i];
        const struct queue_policy *q = policy_queue(h->policy, row->id);
        unsigned asked = (row->waiting_chat > 0 ? 1u << ROUTING_CHAT : 0) | (row->waiting_email > 0 ? 1u << ROUTING_EMAIL : 0) |
                         (row->waiting_sms > 0 ? 1u << ROUTING_SMS : 0);
        if (q && asked && (asked & ~queue_takes(h, q, s, now - row->oldest_queued_at_ms)) && hours_is_open(&q->hours, &h->policy->zone, now)) {
            struct alarm a = {.kind = ALARM_NOBODY};
            raise_alarm(h, &a, row->id, none, none);
        }
    }
}

/* The time that counts is the queue's opening time, as for its promises: a mail of the evening is not old in the morning. */
static void alarms_old(struct hub *h, const struct store_view *v)
{
    int64_t now = loop_wall_ms(h->loop);
    const struct queue_policy *q = NULL;
    for (size_t i = 0; i < v->waiting_n; i++) {
        const struct store_waiting_row *w = &v->waiting[i];
        if (i == 0 || !text_equal(w->queue, v->waiting[i - 1].queue)) { /* they come queue by queue */
            q = policy_queue(h->policy, w->queue);
        }
        int64_t tell_ms = q ? (int64_t)q->set.tell_s * 1000 : 0;
        if (!q || now - (int64_t)w->queued_at_ms < tell_ms) {
            continue;
        }
        int64_t since = hours_add(&q->hours, &h->policy->zone, (int64_t)w->queued_at_ms, tell_ms);
        if (since > 0 && since <= now) {
            struct alarm a = {.kind = ALARM_OLD, .since_ms = (uint64_t)since};
            raise_alarm(h, &a, w->queue, w->conversation, none);
        }
    }
}

/* Who went home is nobody's worry any more. */
static void alarms_missed(struct hub *h, const struct store_view *v)
{
    uint64_t most = h->policy->routing.missed_max;
    for (size_t i = 0; most > 0 && i < v->agents_n; i++) {
        const struct colleague *c = v->agents[i].missed >= most ? map_get(&h->colleagues, v->agents[i].id) : NULL; /* few */
        if (c && !c->gone && c->role == AGENT && !text_is(v->agents[i].presence, "offline")) {
            struct alarm a = {.kind = ALARM_MISSED};
            raise_alarm(h, &a, none, none, v->agents[i].id);
        }
    }
}

/* --- a round --------------------------------------------------------------------------------------------------------------------------------- */

static void alarm_began(void *ctx, const struct alarm *a)
{
    struct hub *h = ctx;
    char about[4 * (ID_MAX + 16)];
    int n = 0;
    if (!node_fence(h)) {
        return;
    }
    const char *const names[] = {"queue", "conversation", "agent", "target"};
    const char *const values[] = {a->queue, a->conversation, a->agent, a->target ? a->target : ""};
    about[0] = '\0';
    for (size_t i = 0; i < 4; i++) {
        n += values[i][0] ? snprintf(about + n, sizeof about - (size_t)n, " %s=%s", names[i], values[i]) : 0; /* ids fit */
    }
    log_event(LOG_WARN, "alarm", "kind=%s%s", alarm_kind_name(a->kind), about);
}

void alarms_view(struct hub *h, const struct store_view *v, const struct serving *s)
{
    struct alarms *a = h->board->alarms;
    a->waits = false;
    for (size_t i = 0; i < v->queues_n; i++) {
        a->waits |= v->queues[i].waiting > 0;
    }
    if (!a->round || a->open > 0) {
        return;
    }
    a->round = false;
    if (!a->failed) {
        alarms_nobody(h, v, s);
        alarms_old(h, v);
        alarms_missed(h, v);
        alarm_list_end(&a->list, alarm_began, h);
    }
}

bool alarms_want_view(const struct hub *h)
{
    return h->board->alarms->round;
}

void alarms_look(struct hub *h)
{
    struct alarms *a = h->board->alarms;
    if (a->round || !h->staff_known) {
        return; /* the one under way ends first */
    }
    if (!wanted(h)) {
        alarm_list_clear(&a->list);
        a->waits = true; /* unknown by the time that somebody wants it again */
        return;
    }
    uint64_t until = (uint64_t)loop_wall_ms(h->loop) + warn_ms_most(h);
    a->round = true;
    alarm_list_begin(&a->list);
    a->failed = store_targets_get(h->store, until, ALARMS_MAX, alarms_targets, h, (struct ticket){0}) != 0;
    a->open = !a->failed;
    if (a->waits && !a->failed) {
        a->failed = store_look_get(h->store, 0, ALARMS_LINE_HEADS, alarms_looked, h, (struct ticket){0}) != 0;
        a->open += !a->failed;
    }
}

size_t alarms_show(const struct hub *h, struct frame_alarm out[ALARMS_MAX])
{
    return alarm_list_show(&h->board->alarms->list, out);
}

int alarms_new(struct hub *h)
{
    h->board->alarms = calloc(1, sizeof *h->board->alarms);
    if (!h->board->alarms) {
        return ERR_MEMORY;
    }
    h->board->alarms->waits = true;
    return 0;
}

void alarms_free(struct hub *h)
{
    free(h->board->alarms);
    h->board->alarms = NULL;
}
