/* What is looked at: the view, the lines, places, promises, sums, what is due, who lives. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static void copy(struct text t, char *out, size_t n)
{
    assert_int_equal(text_copy(t, out, n), 0);
}

#define COPY(t, field) copy((t), field, sizeof field)

static void see_agents(struct seen *g, const struct store_agent *agents, size_t n)
{
    assert_true(n <= sizeof g->agents / sizeof g->agents[0]);
    for (size_t i = 0; i < n; i++) {
        const struct store_agent *a = &agents[i];
        g->agents[i] = (struct seen_agent){.load = a->load, .soft = a->soft, .conversations = a->conversations, .capacity = a->capacity, .since_ms = a->since_ms,
                                           .missed = a->missed};
        memcpy(g->agents[i].count, a->count, sizeof a->count);
        memcpy(g->agents[i].limit, a->limit, sizeof a->limit);
        COPY(a->id, g->agents[i].id);
        COPY(a->presence, g->agents[i].presence);
        COPY(a->here, g->agents[i].here);
    }
    g->agents_n = n;
}

static void seen_end(struct seen *g, const struct ticket *t, int err)
{
    struct bench *b = t->p;
    assert_int_equal(t->c, 5); /* the ticket comes back as it was */
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

static void on_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct seen *g = ctx;
    assert_true(v->waiting_n <= TEXTS_MAX && v->queues_n <= 8);
    see_agents(g, v->agents, v->agents_n);
    for (size_t i = 0; i < v->waiting_n; i++) {
        const struct store_waiting_row *w = &v->waiting[i];
        g->waiting[i] = (struct seen_row){.score = w->score, .queued_at_ms = w->queued_at_ms, .priority = w->priority};
        COPY(w->conversation, g->waiting[i].conversation);
        COPY(w->queue, g->waiting[i].queue);
        COPY(w->channel, g->waiting[i].channel);
        COPY(w->state, g->waiting[i].state);
    }
    for (size_t i = 0; i < v->queues_n; i++) {
        const struct store_queue *q = &v->queues[i];
        COPY(q->id, g->queues[i].id);
        g->queues[i].waiting = q->waiting;
        g->queues[i].chat = q->waiting_chat;
        g->queues[i].email = q->waiting_email;
        g->queues[i].sms = q->waiting_sms;
        g->queues[i].active = q->active;
        g->queues[i].oldest = q->oldest_queued_at_ms;
    }
    g->waiting_n = v->waiting_n;
    g->queues_n = v->queues_n;
    seen_end(g, t, err);
}

static void on_look(void *ctx, const struct ticket *t, int err, const struct store_look *l)
{
    struct seen *g = ctx;
    assert_true(l->waiting_n <= TEXTS_MAX);
    see_agents(g, l->agents, l->agents_n);
    for (size_t i = 0; i < l->waiting_n; i++) {
        const struct store_waiting *w = &l->waiting[i];
        g->waiting[i] = (struct seen_row){.score = w->score, .queued_at_ms = w->queued_at_ms, .version = w->version};
        COPY(w->conversation, g->waiting[i].conversation);
        COPY(w->queue, g->waiting[i].queue);
        COPY(w->channel, g->waiting[i].channel);
        COPY(w->language, g->waiting[i].language);
        COPY(w->needs, g->waiting[i].needs);
        COPY(w->prefers, g->waiting[i].prefers);
        COPY(w->held, g->waiting[i].held);
        COPY(w->declined, g->waiting[i].declined);
    }
    g->waiting_n = l->waiting_n;
    g->more = l->more;
    g->next = l->next;
    seen_end(g, t, err);
}

/* Waits for the answer of @call, which counts in @out. */
#define SEE(call, out) \
    memset(out, 0, sizeof *(out)); \
    struct ticket t = {.p = b, .c = 5}; \
    assert_int_equal((call), 0); \
    bench_turn(b, &(out)->calls)

void do_view(struct bench *b, const struct text *queues, size_t n, size_t window, struct seen *out)
{
    SEE(store_view_get(b->store, queues, n, window, on_view, out, t), out);
}

void do_look(struct bench *b, size_t offset, size_t window, struct seen *out)
{
    SEE(store_look_get(b->store, offset, window, on_look, out, t), out);
}

static struct seen last;

static struct seen_agent *agent_find(struct bench *b, const char *id)
{
    do_view(b, NULL, 0, 0, &last);
    assert_int_equal(last.err, 0);
    for (size_t i = 0; i < last.agents_n; i++) {
        if (strcmp(last.agents[i].id, id) == 0) {
            return &last.agents[i];
        }
    }
    return NULL;
}

struct seen_agent *see_agent(struct bench *b, const char *id)
{
    struct seen_agent *a = agent_find(b, id);
    if (!a) {
        fail_msg("no agent %s", id);
    }
    return a;
}

bool agent_is_known(struct bench *b, const char *id)
{
    return agent_find(b, id) != NULL;
}

const struct seen_row *see_line(struct bench *b, const char *conversation)
{
    static struct seen look;
    const struct seen_row *found = NULL;
    do_look(b, 0, TEXTS_MAX, &look);
    assert_int_equal(look.err, 0);
    assert_false(look.more);
    for (size_t i = 0; i < look.waiting_n; i++) {
        if (strcmp(look.waiting[i].conversation, conversation) == 0) {
            assert_null(found); /* in one line at most */
            found = &look.waiting[i];
        }
    }
    return found;
}

/* --- places, promises, sums ------------------------------------------------------------------------------------------------------------------ */

static void got_end(struct got *g, const struct ticket *t, int err)
{
    struct bench *b = t->p;
    assert_int_equal(t->c, 5);
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

static void on_places(void *ctx, const struct ticket *t, int err, const struct store_place *places, size_t n, const struct store_pace *pace, size_t pace_n)
{
    struct got *g = ctx;
    assert_int_equal(n, 1);
    COPY(places[0].queue, g->queue);
    COPY(places[0].conversation, g->conversation);
    g->seq = places[0].place;
    assert_int_equal(pace_n, g->seq > 0);
    for (size_t i = 0; pace_n > 0 && i < pace[0].n; i++) {
        assert_true(text_is(pace[0].queue, g->queue));
        (void)snprintf(g->texts[g->texts_n++], sizeof g->texts[0], "%llu", (unsigned long long)pace[0].given_ms[i]);
    }
    got_end(g, t, err);
}

struct got do_places(struct bench *b, const char *conversation)
{
    struct got g;
    struct text id = text_of(conversation);
    SEE(store_places_get(b->store, &id, 1, on_places, &g, t), &g);
    assert_string_equal(g.conversation, conversation);
    return g;
}

uint64_t see_place(struct bench *b, const char *conversation)
{
    return do_places(b, conversation).seq;
}

static void on_targets(void *ctx, const struct ticket *t, int err, const struct store_target *targets, size_t n)
{
    struct got *g = ctx;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(g->texts[i], sizeof g->texts[i], "%.*s %.*s %llu %.*s %.*s", TEXT_ARG(targets[i].kind), TEXT_ARG(targets[i].conversation),
                       (unsigned long long)targets[i].due_ms, TEXT_ARG(targets[i].queue), TEXT_ARG(targets[i].channel));
    }
    g->texts_n = n;
    got_end(g, t, err);
}

struct got do_targets(struct bench *b, uint64_t until_ms, size_t max)
{
    struct got g;
    SEE(store_targets_get(b->store, until_ms, max, on_targets, &g, t), &g);
    return g;
}

struct summing {
    int err, calls;
    const char *queue, *channel, *agent, *metric;
    uint64_t sum, from_ms, next_ms;
};

static bool fits(struct text t, const char *wanted)
{
    return !wanted || text_is(t, wanted);
}

static void on_sums(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms)
{
    struct summing *s = ctx;
    struct bench *b = t->p;
    for (size_t i = 0; i < n; i++) {
        const struct store_sum *r = &sums[i];
        assert_true(r->quarter_ms >= s->from_ms && r->quarter_ms % 900000 == 0);
        if (text_is(r->metric, s->metric) && fits(r->queue, s->queue) && fits(r->channel, s->channel) && fits(r->agent, s->agent)) {
            s->sum += r->sum;
        }
    }
    s->next_ms = next_ms;
    s->err = err;
    s->calls++;
    loop_stop(b->loop);
}

uint64_t see_page(struct bench *b, uint64_t from_ms, uint64_t to_ms)
{
    struct summing s = {.metric = "", .from_ms = from_ms};
    assert_int_equal(store_sums_get(b->store, from_ms, to_ms, on_sums, &s, (struct ticket){.p = b}), 0);
    bench_turn(b, &s.calls);
    return s.next_ms;
}

uint64_t see_sum(struct bench *b, uint64_t from_ms, uint64_t to_ms, const char *queue, const char *channel, const char *agent, const char *metric)
{
    uint64_t sum = 0;
    while (from_ms < to_ms) {
        struct summing s = {.queue = queue, .channel = channel, .agent = agent, .metric = metric, .from_ms = from_ms};
        assert_int_equal(store_sums_get(b->store, from_ms, to_ms, on_sums, &s, (struct ticket){.p = b}), 0);
        bench_turn(b, &s.calls);
        assert_int_equal(s.err, 0);
        assert_true(s.next_ms > from_ms);
        from_ms = s.next_ms;
        sum += s.sum;
    }
    return sum;
}
