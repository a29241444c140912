/* Marks, links, receipts and sign-outs. */
#include "store/store_internal.h"

static void plain_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    op->done.plain(op->ctx, &op->ticket, store_answer(err, r));
    store_op_give(op);
}

int call_plain(struct store *s, const char *function, size_t argc, struct text *argv, store_plain_done done, void *ctx, struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.plain = done;
    }
    return store_call(s, function, argc, argv, plain_parse, op);
}

int call_append(struct store *s, const char *function, size_t argc, struct text *argv, store_append_done done, void *ctx, struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.append = done;
    }
    return store_call(s, function, argc, argv, append_parse, op);
}

int store_read_mark(struct store *s, struct text id, enum store_side side, uint64_t seq, store_plain_done done, void *ctx, struct ticket t)
{
    struct number n;
    struct text argv[7] = {[4] = id, side == STORE_RESIDENT ? TEXT_LITERAL("read_r") : TEXT_LITERAL("read_a"), number(seq, &n)};
    return call_plain(s, "loket_read_mark", 7, argv, done, ctx, t);
}

int store_link(struct store *s, struct text id, struct text channel, struct text address, bool on, struct text must_own, struct text entry,
               uint64_t now_ms, store_append_done done, void *ctx, struct ticket t)
{
    struct number now;
    struct text argv[11] = {[4] = id, channel, address, flag(on), must_own, entry, number(now_ms, &now)};
    return call_append(s, "loket_link", 11, argv, done, ctx, t);
}

int store_receipt(struct store *s, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry, store_append_done done,
                  void *ctx, struct ticket t)
{
    struct number n;
    struct text argv[8] = {[4] = conversation, number(seq, &n), receipt_state, entry};
    return call_append(s, "loket_receipt", 8, argv, done, ctx, t);
}

int store_revoke(struct store *s, struct text session, uint64_t until_ms, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t)
{
    struct number until, now;
    struct text argv[7] = {[4] = session, number(until_ms, &until), number(now_ms, &now)};
    return call_plain(s, "loket_revoke", 7, argv, done, ctx, t);
}
