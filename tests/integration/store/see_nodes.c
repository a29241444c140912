/* What is due, and who lives. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static void copy(struct text t, char *out, size_t n)
{
    assert_int_equal(text_copy(t, out, n), 0);
}

static void on_due(void *ctx, const struct ticket *t, int err, const struct store_due *d)
{
    struct seen_due *g = ctx;
    struct bench *b = t->p;
    assert_true(d->conversations_n <= 64 && d->agents_n <= 64);
    for (size_t i = 0; i < d->conversations_n; i++) {
        copy(d->conversations[i], g->conversations[i], sizeof g->conversations[i]);
    }
    for (size_t i = 0; i < d->agents_n; i++) {
        copy(d->agents[i], g->agents[i], sizeof g->agents[i]);
    }
    g->conversations_n = d->conversations_n;
    g->agents_n = d->agents_n;
    g->next_ms = d->next_ms;
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

struct seen_due do_due(struct bench *b, uint64_t now_ms, size_t max)
{
    struct seen_due g = {0};
    assert_int_equal(store_due_get(b->store, now_ms, max, on_due, &g, (struct ticket){.p = b}), 0);
    bench_turn(b, &g.calls);
    assert_int_equal(g.err, 0);
    return g;
}

bool due_has(const struct seen_due *d, const char *id)
{
    for (size_t i = 0; i < d->conversations_n; i++) {
        if (strcmp(d->conversations[i], id) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < d->agents_n; i++) {
        if (strcmp(d->agents[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static void on_beat(void *ctx, const struct ticket *t, int err, const struct store_beat *s)
{
    struct seen_beat *g = ctx;
    struct bench *b = t->p;
    size_t at = 0;
    g->fence = s->fence;
    g->known = s->known;
    g->buried = s->buried;
    copy(s->routes, g->routes, sizeof g->routes);
    for (size_t i = 0; i < s->nodes_n; i++) {
        at += (size_t)snprintf(g->nodes + at, sizeof g->nodes - at, "%s%.*s", i > 0 ? " " : "", TEXT_ARG(s->nodes[i]));
        assert_true(at < sizeof g->nodes);
    }
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

struct seen_beat do_beat(struct bench *b, bool wants, bool leaves, uint64_t now_ms, int64_t grace_ms)
{
    struct seen_beat g = {0};
    char about[80];
    (void)snprintf(about, sizeof about, "{\"i\":\"%s\"}", b->node);
    assert_int_equal(store_beat(b->store, wants, leaves, text_of(about), now_ms, grace_ms, on_beat, &g, (struct ticket){.p = b}), 0);
    bench_turn(b, &g.calls);
    assert_int_equal(g.err, 0);
    return g;
}

static void next(void *ctx)
{
    struct bench *b = ctx;
    loop_stop(b->loop);
}

struct seen_beat beat_until(struct bench *b, bool (*ready)(const struct seen_beat *beat), bool wants, uint64_t now_ms, int64_t grace_ms)
{
    struct loop_timer *timer;
    struct seen_beat beat;
    assert_int_equal(loop_timer_new(b->loop, next, b, &timer), 0);
    for (int i = 0; beat = do_beat(b, wants, false, now_ms, grace_ms), !ready(&beat); i++) {
        assert_true(i < 100);
        loop_timer_start(timer, 50, 0);
        bench_run(b);
    }
    loop_timer_free(&timer);
    return beat;
}

static void on_nodes(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    struct got *g = ctx;
    struct bench *b = t->p;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(g->texts[i], sizeof g->texts[i], "%.*s %.*s %d", TEXT_ARG(nodes[i].id), TEXT_ARG(nodes[i].about), nodes[i].routes);
        g->seqs[i] = nodes[i].silent_ms;
    }
    g->texts_n = n;
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

struct got do_nodes(struct bench *b)
{
    struct got g = {0};
    assert_int_equal(store_nodes_get(b->store, on_nodes, &g, (struct ticket){.p = b}), 0);
    bench_turn(b, &g.calls);
    return g;
}
