/* Agents, what time has come for, and the brokers among themselves. */
#include <stdlib.h>

#include "store/store_internal.h"

int store_presence_set(struct store *s, struct text agent, struct text presence, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t)
{
    struct number now;
    if (agent.n == 0 || presence.n == 0 || !free_of(presence, " ")) {
        return ERR_BAD_FIELD;
    }
    struct text argv[7] = {[4] = agent, presence, number(now_ms, &now)};
    return call_plain(s, "loket_presence", 7, argv, done, ctx, t);
}

int store_settle(struct store *s, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t)
{
    struct number now;
    struct text argv[5] = {[4] = number(now_ms, &now)};
    return call_plain(s, "loket_settle", 5, argv, done, ctx, t);
}

static void text_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    op->done.text(op->ctx, &op->ticket, err, err ? (struct text){NULL, 0} : at_text(r, 1));
    store_op_give(op);
}

static int call_text(struct store *s, const char *function, size_t argc, struct text *argv, store_text_done done, void *ctx, struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.text = done;
    }
    return store_call(s, function, argc, argv, text_parse, op);
}

int store_here_set(struct store *s, struct text agent, bool on, uint64_t now_ms, int64_t grace_ms, store_text_done done, void *ctx, struct ticket t)
{
    CHECK(grace_ms >= 0);
    struct number now, grace;
    struct text argv[9] = {[4] = agent, text_of(s->node), flag(on), number(now_ms, &now), number((uint64_t)grace_ms, &grace)};
    return call_text(s, "loket_here", 9, argv, done, ctx, t);
}

int store_follow_set(struct store *s, struct text conversation, bool on, bool page, store_text_done done, void *ctx, struct ticket t)
{
    struct text argv[8] = {[4] = conversation, text_of(s->node), flag(on), flag(page)};
    return call_text(s, "loket_follow", 8, argv, done, ctx, t);
}

/* --- what time has come for ---------------------------------------------------------------------------------------------------------------- */

static struct text *texts_of(const struct redis_reply *r, size_t *n)
{
    *n = redis_reply_count(r);
    struct text *texts = calloc(*n + 1, sizeof *texts);
    for (size_t i = 0; texts && i < *n; i++) {
        texts[i] = at_text(r, i);
    }
    return texts;
}

static void due_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    struct store_due d = {.next_ms = at_number(r, 3)};
    struct text *conversations = texts_of(redis_reply_at(r, 1), &d.conversations_n), *agents = texts_of(redis_reply_at(r, 2), &d.agents_n);
    d.conversations = conversations;
    d.agents = agents;
    op->done.due(op->ctx, &op->ticket, err ? err : !conversations || !agents ? ERR_MEMORY : 0, &d);
    free(conversations);
    free(agents);
    store_op_give(op);
}

int store_due_get(struct store *s, uint64_t now_ms, size_t max, store_due_done done, void *ctx, struct ticket t)
{
    struct number now, count;
    struct text argv[6] = {[4] = number(now_ms, &now), number(max, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.due = done;
    }
    return store_call(s, "loket_due", 6, argv, due_parse, op);
}

/* --- brokers ---------------------------------------------------------------------------------------------------------------------------------- */

static void beat_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *nodes = redis_reply_at(r, 4);
    struct store_beat b = {.fence = at_number(r, 1), .known = at_number(r, 2) == 1, .buried = redis_reply_count(redis_reply_at(r, 3)) > 0,
                           .routes = at_maybe(r, 5)};
    while (b.nodes_n < redis_reply_count(nodes) && b.nodes_n < sizeof b.nodes / sizeof b.nodes[0]) {
        b.nodes[b.nodes_n] = at_text(nodes, b.nodes_n);
        b.nodes_n++;
    }
    op->done.beat(op->ctx, &op->ticket, err, &b);
    store_op_give(op);
}

int store_beat(struct store *s, bool wants, bool leaves, struct text about, uint64_t now_ms, int64_t grace_ms, store_beat_done done, void *ctx,
               struct ticket t)
{
    CHECK(grace_ms >= 0);
    struct number silent, lease, now, grace;
    struct text argv[12] = {[4] = text_of(s->node), flag(wants), number(STORE_SILENT_MS, &silent), number(STORE_LEASE_MS, &lease), about,
                            number(now_ms, &now), number((uint64_t)grace_ms, &grace), flag(leaves)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.beat = done;
    }
    return store_call(s, "loket_beat", 12, argv, beat_parse, op);
}

static void nodes_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 1);
    size_t n = err ? 0 : redis_reply_count(rows);
    struct store_node *nodes = calloc(n + 1, sizeof *nodes);
    for (size_t i = 0; nodes && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        nodes[i] = (struct store_node){.id = at_text(row, 0), .silent_ms = at_number(row, 1), .about = at_maybe(row, 2),
                                       .routes = at_number(row, 3) == 1};
    }
    op->done.nodes(op->ctx, &op->ticket, nodes ? err : ERR_MEMORY, nodes, nodes ? n : 0);
    free(nodes);
    store_op_give(op);
}

int store_nodes_get(struct store *s, store_nodes_done done, void *ctx, struct ticket t)
{
    struct text argv[4];
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.nodes = done;
    }
    return store_call(s, "loket_nodes", 4, argv, nodes_parse, op);
}
