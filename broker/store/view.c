/* What the wallboard looks at. */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

int score_read(struct text t, int64_t *out)
{
    bool negative = t.n > 0 && t.s[0] == '-';
    uint64_t value;
    struct text digits = {t.s + negative, t.n - negative};
    if (text_to_u64(digits, &value) || value > INT64_MAX) {
        return ERR_STORE_REPLY;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

static int rows_read(const struct redis_reply *r, struct store_waiting_row *rows, size_t n)
{
    int err = 0;
    for (size_t i = 0; !err && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(r, i);
        rows[i] = (struct store_waiting_row){.conversation = at_text(row, 0), .queue = at_text(row, 1), .channel = at_text(row, 3),
                                             .queued_at_ms = at_number(row, 4), .priority = at_number(row, 5), .state = at_text(row, 6)};
        err = rows[i].conversation.s ? score_read(at_text(row, 2), &rows[i].score) : ERR_STORE_REPLY;
    }
    return err;
}

static void queues_read(const struct redis_reply *r, struct store_queue *queues, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct redis_reply *row = redis_reply_at(r, i);
        queues[i] = (struct store_queue){.id = at_text(row, 0), .waiting = at_number(row, 1), .waiting_chat = at_number(row, 2),
                                         .waiting_email = at_number(row, 3), .waiting_sms = at_number(row, 4), .active = at_number(row, 5),
                                         .oldest_queued_at_ms = (int64_t)at_number(row, 6)};
    }
}

static void view_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 2), *lines = redis_reply_at(r, 3);
    size_t waiting_n = redis_reply_count(rows), queues_n = redis_reply_count(lines), agents_n = 0;
    struct store_agent *agents = NULL;
    struct store_waiting_row *waiting = calloc(waiting_n + 1, sizeof *waiting);
    struct store_queue *queues = calloc(queues_n + 1, sizeof *queues);
    struct store_view v = {0};
    err = err ? err : waiting && queues ? roster_read(redis_reply_at(r, 1), &agents, &agents_n) : ERR_MEMORY;
    err = err ? err : rows_read(rows, waiting, waiting_n);
    if (!err) {
        queues_read(lines, queues, queues_n);
        v = (struct store_view){waiting, waiting_n, agents, agents_n, queues, queues_n};
    }
    op->done.view(op->ctx, &op->ticket, err, &v);
    free(waiting);
    free(queues);
    free(agents);
    store_op_give(op);
}

int store_view_get(struct store *s, const struct text *queues, size_t queues_n, size_t window, store_view_done done, void *ctx, struct ticket t)
{
    struct text argv[5 + 256] = {TEXT_LITERAL("FCALL"), TEXT_LITERAL("loket_view"), TEXT_LITERAL("1"), text_of(s->prefix)};
    struct number count;
    CHECK(queues_n <= 256);
    argv[4] = number(window, &count);
    for (size_t i = 0; i < queues_n; i++) {
        argv[5 + i] = queues[i];
    }
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.view = done;
    }
    return store_send(s, 5 + queues_n, argv, view_parse, op);
}
