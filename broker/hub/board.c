/* The wallboard: one read of the store for everyone who watches, at most twice a second. */
#include "hub/hub_internal.h"

#include <stdlib.h>

#define BOARD_EVERY_MS 500

struct board {
    struct loop_timer *timer;
    bool armed, reading, again;
};

static void board_rows(struct hub *h, const struct store_view *v, const struct member *m, struct frame_queue_row *queues, size_t *queues_n,
                       struct frame_waiting_row *waiting, size_t *waiting_n)
{
    *queues_n = *waiting_n = 0;
    for (size_t i = 0; i < v->queues_n; i++) {
        const struct store_queue *q = &v->queues[i];
        int index = staff_queue_index(h, q->id);
        if (index < 0 || (m->role == AGENT && !routing_queues_has(&m->colleague->queues, (unsigned)index))) {
            continue;
        }
        uint64_t available = 0;
        for (size_t a = 0; a < v->agents_n; a++) {
            struct colleague *c = map_get(&h->colleagues, v->agents[a].id);
            available += c && !c->gone && c->role == AGENT && text_is(v->agents[a].presence, "available") &&
                         routing_queues_has(&c->queues, (unsigned)index);
        }
        queues[(*queues_n)++] = (struct frame_queue_row){.queue = q->id, .waiting = q->waiting, .waiting_chat = q->waiting_chat,
                                                         .waiting_email = q->waiting_email, .waiting_sms = q->waiting_sms,
                                                         .oldest_at = q->oldest_queued_at_ms > 0 ? (uint64_t)q->oldest_queued_at_ms : 0,
                                                         .active = q->active, .available = available};
    }
    for (size_t i = 0; i < v->waiting_n; i++) {
        int index = staff_queue_index(h, v->waiting[i].queue);
        if (index < 0 || (m->role == AGENT && !routing_queues_has(&m->colleague->queues, (unsigned)index))) {
            continue;
        }
        /* Kept sorted by age over all queues: insertion into a list of at most 50. */
        struct frame_waiting_row row = {.conversation = v->waiting[i].conversation, .queue = v->waiting[i].queue, .channel = v->waiting[i].channel,
                                        .since = v->waiting[i].queued_at_ms};
        size_t at = *waiting_n < WAITING_ROWS_MAX ? (*waiting_n)++ : WAITING_ROWS_MAX;
        while (at > 0 && waiting[at - 1].since > row.since) {
            if (at < WAITING_ROWS_MAX) {
                waiting[at] = waiting[at - 1];
            }
            at--;
        }
        if (at < WAITING_ROWS_MAX) {
            waiting[at] = row;
        }
    }
}

static size_t board_agents(struct hub *h, const struct store_view *v, struct frame_agent_row *rows, struct text *words)
{
    size_t n = 0, at = 0, words_n = 0;
    void *value;
    while (n < AGENTS_MAX && map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        if (c->gone || c->role != AGENT) {
            continue;
        }
        struct frame_agent_row row = {.agent = text_of(c->id), .name = text_of(c->name), .presence = TEXT_LITERAL("offline"),
                                      .capacity = c->capacity, .queues = &words[words_n]};
        for (size_t q = 0; q < h->config->queues_n; q++) {
            if (routing_queues_has(&c->queues, (unsigned)q)) {
                words[words_n++] = h->queue_ids[q];
                row.queues_n++;
            }
        }
        for (size_t i = 0; i < v->agents_n; i++) {
            if (text_is(v->agents[i].id, c->id)) {
                row.presence = v->agents[i].presence.n ? v->agents[i].presence : row.presence;
                row.load = v->agents[i].load;
                row.conversations = v->agents[i].conversations;
                row.since = v->agents[i].since_ms;
            }
        }
        rows[n++] = row;
    }
    return n;
}

static int row_order(const void *a, const void *b)
{
    const struct frame_agent_row *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    for (size_t i = 0; i < n; i++) {
        if (x->name.s[i] != y->name.s[i]) {
            return (unsigned char)x->name.s[i] - (unsigned char)y->name.s[i];
        }
    }
    return (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static void board_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct hub *h = ctx;
    (void)t;
    h->board->reading = false;
    if (!err) {
        struct frame_queue_row *queues = calloc(HUB_QUEUES_MAX, sizeof *queues);
        struct frame_waiting_row *waiting = calloc(WAITING_ROWS_MAX, sizeof *waiting);
        struct frame_agent_row *agents = calloc(h->colleagues.count + 1, sizeof *agents);
        struct text *words = calloc((h->colleagues.count + 1) * (h->config->queues_n + 1), sizeof *words);
        size_t agents_n = 0;
        if (queues && waiting && agents && words) {
            agents_n = board_agents(h, v, agents, words);
            qsort(agents, agents_n, sizeof *agents, row_order);
            LIST_FOR(&h->watchers, l, next) {
                struct member *m = LIST_OWNER(l, struct member, in_watchers);
                struct frame f = {.verb = VERB_board, .board = {.at = (uint64_t)loop_wall_ms(h->loop), .queues = queues, .waiting = waiting}};
                board_rows(h, v, m, queues, &f.board.queues_n, waiting, &f.board.waiting_n);
                if (m->role == SUPERVISOR) {
                    f.board.agents = agents;
                    f.board.agents_n = agents_n;
                }
                (void)!edge_send(h->edge, m->session, &f); /* one that is too slow is being closed */
            }
        }
        free(queues);
        free(waiting);
        free(agents);
        free(words);
    }
    if (h->board->again) {
        h->board->again = false;
        board_changed(h);
    }
}

static void board_read(struct hub *h)
{
    if (list_is_empty(&h->watchers) || !h->up) {
        return;
    }
    if (h->board->reading) {
        h->board->again = true;
        return;
    }
    h->board->reading = store_view_get(h->store, h->queue_ids, h->config->queues_n, 0, WAITING_ROWS_MAX, board_view, h, (struct ticket){0}) == 0;
}

static void board_due(void *ctx)
{
    struct hub *h = ctx;
    h->board->armed = false;
    board_read(h);
}

void board_changed(struct hub *h)
{
    if (!h->board->armed && !list_is_empty(&h->watchers)) {
        h->board->armed = true;
        loop_timer_start(h->board->timer, BOARD_EVERY_MS, 0);
    }
}

void board_send_to(struct hub *h, struct member *m)
{
    (void)m; /* all watchers get it: one read serves them */
    board_read(h);
}

void verb_watch(struct hub *h, struct member *m, const struct frame *f)
{
    (void)f;
    if (list_is_empty(&m->in_watchers)) {
        list_add_last(&h->watchers, &m->in_watchers);
    }
    board_send_to(h, m);
}

int board_new(struct hub *h)
{
    h->board = calloc(1, sizeof *h->board);
    return h->board ? loop_timer_new(h->loop, board_due, h, &h->board->timer) : ERR_MEMORY;
}

void board_free(struct hub *h)
{
    if (h->board) {
        loop_timer_free(&h->board->timer);
        free(h->board);
        h->board = NULL;
    }
}
