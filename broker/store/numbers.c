/* Promises and the time series. */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

static void targets_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 1);
    size_t n = err ? 0 : redis_reply_count(rows);
    struct store_target *targets = calloc(n + 1, sizeof *targets);
    for (size_t i = 0; targets && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        targets[i] = (struct store_target){.kind = at_text(row, 0), .conversation = at_text(row, 1), .due_ms = at_number(row, 2),
                                           .queue = at_text(row, 3), .channel = at_text(row, 4)};
    }
    op->done.targets(op->ctx, &op->ticket, targets ? err : ERR_MEMORY, targets, targets ? n : 0);
    free(targets);
    store_op_give(op);
}

int store_targets_get(struct store *s, uint64_t until_ms, size_t max, store_targets_done done, void *ctx, struct ticket t)
{
    struct number until, count;
    struct text argv[6] = {[4] = number(until_ms, &until), number(max, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.targets = done;
    }
    return store_call(s, "loket_targets", 6, argv, targets_parse, op);
}

/* QUEUE|CHANNEL|AGENT|METRIC */
static bool sum_field(struct text field, struct store_sum *out)
{
    struct text *const parts[] = {&out->queue, &out->channel, &out->agent, &out->metric};
    const char *at = field.s, *end = field.s + field.n;
    for (size_t i = 0; i < 4; i++) {
        const char *bar = i < 3 && at ? memchr(at, '|', (size_t)(end - at)) : NULL;
        if (!at || (!bar && i < 3)) {
            return false;
        }
        size_t n = (size_t)((bar ? bar : end) - at);
        *parts[i] = n > 0 ? (struct text){at, n} : (struct text){NULL, 0};
        at = bar ? bar + 1 : end;
    }
    return true;
}

static void sums_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *quarters = redis_reply_at(r, 1);
    size_t room = 1, n = 0;
    for (size_t i = 0; i < redis_reply_count(quarters); i++) {
        room += redis_reply_count(redis_reply_at(redis_reply_at(quarters, i), 1)) / 2;
    }
    struct store_sum *sums = calloc(room, sizeof *sums);
    for (size_t i = 0; !err && sums && i < redis_reply_count(quarters); i++) {
        const struct redis_reply *quarter = redis_reply_at(quarters, i), *flat = redis_reply_at(quarter, 1);
        for (size_t k = 0; k + 1 < redis_reply_count(flat); k += 2) {
            sums[n] = (struct store_sum){.quarter_ms = at_number(quarter, 0), .sum = at_number(flat, k + 1)};
            n += sum_field(at_text(flat, k), &sums[n]);
        }
    }
    op->done.sums(op->ctx, &op->ticket, sums ? err : ERR_MEMORY, sums, n, at_number(r, 2));
    free(sums);
    store_op_give(op);
}

int store_sums_get(struct store *s, uint64_t from_ms, uint64_t to_ms, store_sums_done done, void *ctx, struct ticket t)
{
    struct number from, to;
    struct text argv[6] = {[4] = number(from_ms, &from), number(to_ms, &to)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.sums = done;
    }
    return store_call(s, "loket_stats", 6, argv, sums_parse, op);
}
