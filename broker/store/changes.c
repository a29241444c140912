/* Changes of state, of who takes part, of priority: each one atomic step with all its accounting. */
#include "base/buf.h"
#include "store/store_internal.h"

static void changed_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    struct store_changed c = {0};
    err = store_answer(err, r);
    if (!err) {
        c = (struct store_changed){.version = at_number(r, 1), .seq = at_number(r, 2), .owner_before = at_maybe(r, 3), .agents = at_maybe(r, 4)};
    }
    op->done.transition(op->ctx, &op->ticket, err, &c);
    store_op_give(op);
}

static int call_change(struct store *s, const char *function, size_t argc, struct text *argv, store_transition_done done, void *ctx,
                       struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.transition = done;
    }
    return store_call(s, function, argc, argv, changed_parse, op);
}

static int words_join(struct buf *out, const struct text *list, size_t n)
{
    int err = 0;
    for (size_t i = 0; !err && i < n; i++) {
        err = i > 0 ? buf_add_byte(out, ' ') : 0;
        err = err ? err : buf_add_text(out, list[i]);
    }
    return err;
}

int store_transition(struct store *s, const struct store_transition *tr, store_transition_done done, void *ctx, struct ticket t)
{
    CHECK(tr->shares_n <= STORE_OFFERS_MAX && tr->missed_n <= STORE_OFFERS_MAX);
    struct number version, now, seen, due, fence, answer, first, resolve, units[STORE_OFFERS_MAX];
    struct text agents[STORE_OFFERS_MAX], argv[STORE_ARGS_MAX];
    struct buf missed, offered;
    buf_init(&missed, 1024);
    buf_init(&offered, 1024);
    for (size_t i = 0; i < tr->shares_n; i++) {
        agents[i] = tr->shares[i].agent;
    }
    int err = words_join(&missed, tr->missed, tr->missed_n);
    err = err || !tr->offered ? err : words_join(&offered, agents, tr->shares_n);
    const struct text fixed[] = {tr->conversation, number(tr->version, &version), tr->state, tr->owner, tr->queue, tr->must_own, flag(tr->keep_place),
                                 text_of(s->node), tr->entry, number(tr->now_ms, &now), tr->held, number(tr->seen, &seen), number(tr->due_ms, &due),
                                 flag(tr->force), number(tr->fence, &fence), tr->back, tr->declined, buf_text(&missed), buf_text(&offered),
                                 number(tr->answer_ms, &answer), number(tr->first_due_ms, &first), number(tr->resolve_due_ms, &resolve), tr->reason,
                                 tr->needs.s ? tr->needs : TEXT_LITERAL("-")};
    size_t n = 4;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        argv[n++] = fixed[i];
    }
    for (size_t i = 0; i < tr->shares_n; i++) {
        argv[n++] = tr->shares[i].agent;
        argv[n++] = tr->shares[i].presence;
        argv[n++] = number(tr->shares[i].units, &units[i]);
        argv[n++] = flag(tr->shares[i].soft);
    }
    err = err ? err : call_change(s, "loket_transition", n, argv, done, ctx, t);
    buf_done(&missed);
    buf_done(&offered);
    return err;
}

int store_join(struct store *s, struct text id, struct text agent, bool on, struct text must_own, struct text entry, store_transition_done done,
               void *ctx, struct ticket t)
{
    struct number most;
    struct text argv[11] = {[4] = id, agent, flag(on), must_own, number(STORE_JOINED_MAX, &most), text_of(s->node), entry};
    return call_change(s, "loket_join", 11, argv, done, ctx, t);
}

int store_prioritise(struct store *s, struct text id, uint64_t priority, int64_t head_start_ms, struct text entry, store_transition_done done,
                     void *ctx, struct ticket t)
{
    CHECK(head_start_ms >= 0);
    struct number step, head;
    struct text argv[9] = {[4] = id, number(priority, &step), number((uint64_t)head_start_ms, &head), text_of(s->node), entry};
    return call_change(s, "loket_prioritise", 9, argv, done, ctx, t);
}
