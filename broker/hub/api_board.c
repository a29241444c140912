/* GET /api/board: what a supervisor's wallboard shows now, as the frame `board` of the wire without its verb. */
#include <string.h>

#include "hub/api.h"
#include "hub/board.h"

#define BOARD_BYTES_MAX FRAME_DOWN_BYTES_MAX

static json_t *board_json(struct hub *h, const struct store_view *v)
{
    struct board_rows *rows;
    struct serving serving;
    struct frame f;
    struct buf out;
    const struct member supervisor = {.role = SUPERVISOR};
    serving_count(h, v, &serving);
    if (board_rows_new(h, v, &serving, &rows)) {
        return NULL;
    }
    rows->alarms_n = alarms_show(h, rows->alarms);
    board_rows_frame(rows, &supervisor, &f);
    buf_init(&out, BOARD_BYTES_MAX);
    json_t *o = frame_encode(FRAME_JSON, &f, &out) == 0 ? json_loadb(out.data, out.len, 0, NULL) : NULL;
    (void)json_object_del(o, "verb"); /* without a frame there is none */
    buf_done(&out);
    board_rows_free(&rows);
    return o;
}

static void board_viewed(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct api_call *a = ctx;
    (void)t;
    if (err) {
        api_fail(a, err);
    } else {
        api_answer(a, 200, board_json(a->h, v), NULL);
    }
}

static int board_view_read(struct api_call *a)
{
    struct text queues[HUB_QUEUES_MAX];
    const struct policy *p = a->h->policy;
    for (size_t i = 0; i < p->queues_n; i++) {
        queues[i] = text_of(p->queues[i]->id);
    }
    return store_view_get(a->h->store, queues, p->queues_n, WAITING_ROWS_MAX, board_viewed, a, (struct ticket){0});
}

/* Today's numbers are read a quarter of an hour at a time; an answer on the same connection tells that one more of these steps is done. */
static void board_wait(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    struct api_call *a = ctx;
    (void)t;
    (void)nodes;
    (void)n;
    err = err ? err : today_is_reading(a->h) ? store_nodes_get(a->h->store, board_wait, a, (struct ticket){0}) : board_view_read(a);
    if (err) {
        api_fail(a, err);
    }
}

void api_board(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    board_ask(a->h);
    board_wait(a, NULL, 0, NULL, 0);
}
