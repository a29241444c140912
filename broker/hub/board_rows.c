/* The rows of a board: made once, cut for each who watches. Nothing here looks at every agent for every queue. */
#include "hub/board.h"

#include <stdlib.h>
#include <string.h>

/* --- queues ---------------------------------------------------------------------------------------------------------------------------------- */

static void rows_queues(struct hub *h, const struct store_view *v, const struct serving *s, struct board_rows *r)
{
    int64_t now = (int64_t)r->at_ms;
    for (size_t i = 0; i < v->queues_n; i++) {
        const struct store_queue *q = &v->queues[i];
        const struct queue_policy *p = policy_queue(h->policy, q->id);
        if (!p) {
            continue; /* removed since */
        }
        struct frame_queue_row *row = &r->queues[r->queues_n];
        *row = (struct frame_queue_row){.queue = q->id, .waiting = q->waiting, .waiting_chat = q->waiting_chat, .waiting_email = q->waiting_email,
                                        .waiting_sms = q->waiting_sms, .active = q->active, .available = s->queues[p->index].available,
                                        .oldest_at = q->oldest_queued_at_ms > 0 ? (uint64_t)q->oldest_queued_at_ms : 0,
                                        .closed = !hours_is_open(&p->hours, &h->policy->zone, now)};
        const struct figures *today = today_of(h, q->id);
        if (today) {
            figures_show(today, row);
        }
        r->queue_index[r->queues_n++] = p->index;
    }
}

/* The store's oldest is the one at the head; with priorities another may have waited longer. @waiting is sorted by age. */
static void rows_oldest(struct board_rows *r)
{
    uint64_t oldest[ROUTING_QUEUES_MAX] = {0};
    for (size_t i = r->waiting_n; i-- > 0;) {
        oldest[r->waiting[i].queue] = r->waiting[i].since;
    }
    for (size_t i = 0; i < r->queues_n; i++) {
        struct frame_queue_row *row = &r->queues[i];
        uint64_t at = oldest[r->queue_index[i]];
        row->oldest_at = at > 0 && (at < row->oldest_at || row->oldest_at == 0) ? at : row->oldest_at;
        row->longest_ms = row->oldest_at > 0 && row->oldest_at < r->at_ms ? r->at_ms - row->oldest_at : 0;
    }
}

/* --- who waits ------------------------------------------------------------------------------------------------------------------------------- */

static int waiting_order(const void *a_, const void *b_)
{
    const struct board_waiting *a = a_, *b = b_;
    return (a->since > b->since) - (a->since < b->since);
}

static void rows_waiting(struct hub *h, const struct store_view *v, struct board_rows *r)
{
    const struct queue_policy *p = NULL;
    bool sorted = true;
    r->view = v->waiting;
    for (size_t i = 0; i < v->waiting_n; i++) {
        const struct store_waiting_row *w = &v->waiting[i];
        if (i == 0 || !text_equal(w->queue, v->waiting[i - 1].queue)) { /* they come queue by queue */
            p = policy_queue(h->policy, w->queue);
        }
        if (p) {
            sorted = sorted && (r->waiting_n == 0 || r->waiting[r->waiting_n - 1].since <= w->queued_at_ms);
            r->waiting[r->waiting_n++] = (struct board_waiting){w->queued_at_ms, (uint32_t)i, p->index};
        }
    }
    if (!sorted) {
        qsort(r->waiting, r->waiting_n, sizeof *r->waiting, waiting_order);
    }
}

/* --- agents ---------------------------------------------------------------------------------------------------------------------------------- */

static void rows_agent(struct frame_agent_row *row, const struct store_agent *a)
{
    row->presence = a->presence.n ? a->presence : row->presence;
    row->here = a->here.n > 0;
    row->load = a->load;
    row->conversations = a->conversations;
    row->since = a->since_ms;
    row->missed = a->missed;
    row->aside = row->load > row->capacity ? row->load - row->capacity : 0;
}

static void rows_agents(const struct board_staff *staff, const struct store_view *v, const struct serving *s, struct board_rows *r)
{
    r->agents_n = staff->n;
    if (staff->n > 0) {
        memcpy(r->agents, staff->rows, staff->n * sizeof *r->agents);
    }
    for (size_t i = 0; i < s->who_n; i++) {
        if (s->who[i] && s->who[i]->row > 0) {
            rows_agent(&r->agents[s->who[i]->row - 1], &v->agents[i]);
        }
    }
    for (size_t i = 0; i < r->agents_n; i++) {
        const struct frame_agent_row *a = &r->agents[i];
        r->colleagues[i] = (struct frame_agent_row){.agent = a->agent, .name = a->name, .presence = a->presence, .here = a->here, .queues = a->queues,
                                                    .queues_n = a->queues_n};
    }
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------------------- */

int board_rows_new(struct hub *h, const struct store_view *v, const struct serving *s, struct board_rows **out)
{
    const struct board_staff *staff = board_staff_get(h);
    struct board_rows *r = staff ? calloc(1, sizeof *r) : NULL;
    if (!r) {
        return ERR_MEMORY;
    }
    r->at_ms = (uint64_t)loop_wall_ms(h->loop);
    r->queues = calloc(v->queues_n + 1, sizeof *r->queues);
    r->some_queues = calloc(v->queues_n + 1, sizeof *r->some_queues);
    r->queue_index = calloc(v->queues_n + 1, sizeof *r->queue_index);
    r->agents = malloc((staff->n + 1) * sizeof *r->agents);
    r->colleagues = malloc((staff->n + 1) * sizeof *r->colleagues);
    r->waiting = calloc(v->waiting_n + 1, sizeof *r->waiting);
    if (!r->queues || !r->some_queues || !r->queue_index || !r->agents || !r->colleagues || !r->waiting) {
        board_rows_free(&r);
        return ERR_MEMORY;
    }
    rows_queues(h, v, s, r);
    rows_waiting(h, v, r);
    rows_oldest(r);
    rows_agents(staff, v, s, r);
    *out = r;
    return 0;
}

void board_rows_free(struct board_rows **rows)
{
    struct board_rows *r = *rows;
    if (r) {
        free(r->queues);
        free(r->some_queues);
        free(r->queue_index);
        free(r->agents);
        free(r->colleagues);
        free(r->waiting);
        free(r);
        *rows = NULL;
    }
}

static bool may_see(const struct member *m, unsigned queue)
{
    return m->role == SUPERVISOR || routing_queues_has(&m->colleague->queues, queue);
}

void board_rows_frame(struct board_rows *r, const struct member *m, struct frame *out)
{
    bool leads = m->role == SUPERVISOR;
    *out = (struct frame){.verb = VERB_board,
                          .board = {.at = r->at_ms, .queues = leads ? r->queues : r->some_queues, .queues_n = leads ? r->queues_n : 0,
                                    .agents = leads ? r->agents : r->colleagues, .agents_n = r->agents_n, .waiting = r->some_waiting,
                                    .alarms = r->alarms, .alarms_n = leads ? r->alarms_n : 0}};
    for (size_t i = 0; i < r->queues_n && !leads; i++) {
        if (may_see(m, r->queue_index[i])) {
            r->some_queues[out->board.queues_n++] = r->queues[i];
        }
    }
    for (size_t i = 0; i < r->waiting_n && out->board.waiting_n < WAITING_ROWS_MAX; i++) {
        if (may_see(m, r->waiting[i].queue)) {
            const struct store_waiting_row *w = &r->view[r->waiting[i].at];
            r->some_waiting[out->board.waiting_n++] = (struct frame_waiting_row){
                .conversation = w->conversation, .queue = w->queue, .channel = w->channel, .since = w->queued_at_ms, .priority = w->priority};
        }
    }
}
