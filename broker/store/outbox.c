/* What is to be sent: taken, attempted, finished. */
#include <stdlib.h>

#include "store/store_internal.h"

int store_outbox_attempt(struct store *s, const char *channel, struct text id, store_plain_done done, void *ctx, struct ticket t)
{
    struct text argv[7] = {[4] = text_of(channel), id, text_of(s->node)};
    return call_plain(s, "loket_outbox_attempt", 7, argv, done, ctx, t);
}

int store_outbox_finish(struct store *s, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text receipt_state,
                        struct text entry, struct text message_id, store_append_done done, void *ctx, struct ticket t)
{
    struct number n;
    struct text argv[11] = {[4] = text_of(channel), id, conversation, number(seq, &n), receipt_state, entry, message_id};
    return call_append(s, "loket_outbox_finish", 11, argv, done, ctx, t);
}

static void out_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 1);
    size_t n = err ? 0 : redis_reply_count(rows);
    struct store_out *items = n > 0 ? calloc(n, sizeof *items) : NULL;
    for (size_t i = 0; items && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        items[i] = (struct store_out){.id = at_text(row, 0), .conversation = at_text(row, 1), .seq = at_number(row, 2), .entry = at_text(row, 3),
                                      .attempts = at_number(row, 4), .name = at_maybe(row, 5), .subject = at_maybe(row, 6),
                                      .reference = at_maybe(row, 7), .references = at_maybe(row, 8)};
    }
    op->done.out(op->ctx, &op->ticket, n > 0 && !items ? ERR_MEMORY : err, items, items ? n : 0);
    free(items);
    store_op_give(op);
}

int store_outbox_take(struct store *s, const char *channel, bool again, size_t max, store_out_done done, void *ctx, struct ticket t)
{
    struct number count;
    struct text argv[8] = {[4] = text_of(channel), text_of(s->node), flag(again), number(max, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.out = done;
    }
    return store_call(s, "loket_outbox_take", 8, argv, out_parse, op);
}
