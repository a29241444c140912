/* The rows of a board: made once, cut for each who watches. Nothing here looks at every agent for every queue. */
#include "hub/board.h"

#include <stdlib.h>

void serving_count(struct hub *h, const struct store_view *v, struct serving *out)
{
    *out = (struct serving){0};
    for (size_t i = 0; i < v->agents_n; i++) {
        const struct colleague *c = map_get(&h->colleagues, v->agents[i].id);
        unsigned takes = c && !c->gone && c->role == AGENT && v->agents[i].here.n > 0 ? policy_takes(h->policy, v->agents[i].presence) : 0;
        for (size_t k = 0; takes && k < ROUTING_QUEUES_MAX / 64; k++) {
            for (uint64_t bits = c->queues.bits[k]; bits; bits &= bits - 1) {
                size_t queue = k * 64 + (size_t)__builtin_ctzll(bits);
                out->queues[queue].available++;
                out->queues[queue].takes |= takes;
            }
        }
    }
}

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
        oldest[r->waiting[i].queue] = r->waiting[i].row.since;
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
    return (a->row.since > b->row.since) - (a->row.since < b->row.since);
}

static void rows_waiting(struct hub *h, const struct store_view *v, struct board_rows *r)
{
    for (size_t i = 0; i < v->waiting_n; i++) {
        const struct store_waiting_row *w = &v->waiting[i];
        const struct queue_policy *p = policy_queue(h->policy, w->queue);
        if (p) {
            r->waiting[r->waiting_n++] = (struct board_waiting){
                p->index, {.conversation = w->conversation, .queue = w->queue, .channel = w->channel, .since = w->queued_at_ms, .priority = w->priority}};
        }
    }
    qsort(r->waiting, r->waiting_n, sizeof *r->waiting, waiting_order);
}

/* --- agents ---------------------------------------------------------------------------------------------------------------------------------- */

static size_t colleague_queues(struct hub *h, const struct colleague *c, struct text *out)
{
    size_t n = 0;
    for (size_t k = 0; k < ROUTING_QUEUES_MAX / 64; k++) {
        for (uint64_t bits = c->queues.bits[k]; bits; bits &= bits - 1) {
            size_t queue = k * 64 + (size_t)__builtin_ctzll(bits);
            if (queue < h->policy->queues_n) {
                out[n++] = text_of(h->policy->queues[queue]->id);
            }
        }
    }
    return n;
}

static int name_order(const void *a_, const void *b_)
{
    const struct frame_agent_row *a = a_, *b = b_;
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    for (size_t i = 0; i < n; i++) {
        if (a->name.s[i] != b->name.s[i]) {
            return (unsigned char)a->name.s[i] - (unsigned char)b->name.s[i];
        }
    }
    return (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

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

static void rows_agents(struct hub *h, const struct store_view *v, struct board_rows *r)
{
    size_t at = 0, words_n = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        c->row = 0;
        if (c->gone || c->role != AGENT) {
            continue;
        }
        struct frame_agent_row *row = &r->agents[r->agents_n++];
        *row = (struct frame_agent_row){.agent = text_of(c->id), .name = text_of(c->name), .presence = TEXT_LITERAL("offline"), .capacity = c->capacity,
                                        .queues = &r->words[words_n]};
        row->queues_n = colleague_queues(h, c, &r->words[words_n]);
        words_n += row->queues_n;
        c->row = r->agents_n;
    }
    for (size_t i = 0; i < v->agents_n; i++) {
        const struct colleague *c = map_get(&h->colleagues, v->agents[i].id);
        if (c && c->row > 0) {
            rows_agent(&r->agents[c->row - 1], &v->agents[i]);
        }
    }
    qsort(r->agents, r->agents_n, sizeof *r->agents, name_order);
    for (size_t i = 0; i < r->agents_n; i++) {
        const struct frame_agent_row *a = &r->agents[i];
        r->colleagues[i] = (struct frame_agent_row){.agent = a->agent, .name = a->name, .presence = a->presence, .here = a->here, .queues = a->queues,
                                                    .queues_n = a->queues_n};
    }
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------------------- */

static size_t words_count(const struct hub *h)
{
    size_t at = 0, n = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        const struct colleague *c = value;
        for (size_t k = 0; k < ROUTING_QUEUES_MAX / 64; k++) {
            n += (size_t)__builtin_popcountll(c->queues.bits[k]);
        }
    }
    return n;
}

int board_rows_new(struct hub *h, const struct store_view *v, const struct serving *s, struct board_rows **out)
{
    size_t agents = h->colleagues.count + 1;
    struct board_rows *r = calloc(1, sizeof *r);
    if (!r) {
        return ERR_MEMORY;
    }
    r->at_ms = (uint64_t)loop_wall_ms(h->loop);
    r->queues = calloc(v->queues_n + 1, sizeof *r->queues);
    r->some_queues = calloc(v->queues_n + 1, sizeof *r->some_queues);
    r->queue_index = calloc(v->queues_n + 1, sizeof *r->queue_index);
    r->agents = calloc(agents, sizeof *r->agents);
    r->colleagues = calloc(agents, sizeof *r->colleagues);
    r->waiting = calloc(v->waiting_n + 1, sizeof *r->waiting);
    r->words = calloc(words_count(h) + 1, sizeof *r->words);
    if (!r->queues || !r->some_queues || !r->queue_index || !r->agents || !r->colleagues || !r->waiting || !r->words) {
        board_rows_free(&r);
        return ERR_MEMORY;
    }
    rows_queues(h, v, s, r);
    rows_waiting(h, v, r);
    rows_oldest(r);
    rows_agents(h, v, r);
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
        free(r->words);
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
    *out = (struct frame){.verb = VERB_board, .board = {.at = r->at_ms, .queues = leads ? r->queues : r->some_queues, .queues_n = leads ? r->queues_n : 0,
                                                        .agents = leads ? r->agents : r->colleagues, .agents_n = r->agents_n,
                                                        .waiting = r->some_waiting, .alarms = r->alarms, .alarms_n = leads ? r->alarms_n : 0}};
    for (size_t i = 0; i < r->queues_n && !leads; i++) {
        if (may_see(m, r->queue_index[i])) {
            r->some_queues[out->board.queues_n++] = r->queues[i];
        }
    }
    for (size_t i = 0; i < r->waiting_n && out->board.waiting_n < WAITING_ROWS_MAX; i++) {
        if (may_see(m, r->waiting[i].queue)) {
            r->some_waiting[out->board.waiting_n++] = r->waiting[i].row;
        }
    }
}
