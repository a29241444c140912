/* Who stands on the board and serves its queues. What changes only with the staff (names, queues, their order) is kept from board to board. */
#include "hub/board.h"

#include <stdlib.h>
#include <string.h>

/* --- the roster ------------------------------------------------------------------------------------------------------------------------------ */

static size_t colleague_queues(const struct hub *h, const struct colleague *c, struct text *out)
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

static int name_order(const void *a_, const void *b_)
{
    const struct frame_agent_row *a = a_, *b = b_;
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int order = n > 0 ? memcmp(a->name.s, b->name.s, n) : 0;
    return order ? order : (a->name.n > b->name.n) - (a->name.n < b->name.n);
}

static void staff_fill(struct hub *h, struct board_staff *s)
{
    size_t at = 0, words_n = 0;
    void *value;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        c->row = 0;
        if (!c->gone && c->role == AGENT) {
            struct frame_agent_row *row = &s->rows[s->n++];
            *row = (struct frame_agent_row){.agent = text_of(c->id), .name = text_of(c->name), .presence = TEXT_LITERAL("offline"),
                                            .capacity = c->capacity, .queues = &s->words[words_n]};
            row->queues_n = colleague_queues(h, c, &s->words[words_n]);
            words_n += row->queues_n;
        }
    }
    qsort(s->rows, s->n, sizeof *s->rows, name_order);
    for (size_t i = 0; i < s->n; i++) {
        struct colleague *c = map_get(&h->colleagues, s->rows[i].agent);
        CHECK(c != NULL);
        c->row = i + 1;
    }
}

const struct board_staff *board_staff_get(struct hub *h)
{
    struct board *b = h->board;
    if (!b->staff) {
        struct board_staff *s = calloc(1, sizeof *s);
        if (!s) {
            return NULL;
        }
        s->rows = calloc(h->colleagues.count + 1, sizeof *s->rows);
        s->words = calloc(words_count(h) + 1, sizeof *s->words);
        b->staff = s;
        if (!s->rows || !s->words) {
            board_staff_forget(h);
            return NULL;
        }
        staff_fill(h, s);
    }
    return b->staff;
}

void board_staff_forget(struct hub *h)
{
    struct board_staff *s = h->board->staff;
    if (s) {
        free(s->rows);
        free(s->words);
        free(s);
        h->board->staff = NULL;
    }
}

void board_staff_changed(struct hub *h)
{
    board_staff_forget(h);
    board_changed(h);
}

/* --- who serves ------------------------------------------------------------------------------------------------------------------------------ */

/* Colleagues live as long as the hub, and the store lists its agents mostly in the same order: a look into the map is rare. */
static void who_find(struct hub *h, const struct store_view *v)
{
    struct board *b = h->board;
    if (b->who_n < v->agents_n) {
        struct colleague **more = realloc(b->who, v->agents_n * sizeof *more);
        if (!more) {
            return; /* some are left out, this once */
        }
        memset(more + b->who_n, 0, (v->agents_n - b->who_n) * sizeof *more);
        b->who = more;
        b->who_n = v->agents_n;
    }
    for (size_t i = 0; i < v->agents_n; i++) {
        if (!b->who[i] || !text_is(v->agents[i].id, b->who[i]->id)) {
            b->who[i] = map_get(&h->colleagues, v->agents[i].id);
        }
    }
}

void serving_count(struct hub *h, const struct store_view *v, struct serving *out)
{
    *out = (struct serving){0};
    who_find(h, v);
    out->who = h->board->who;
    out->who_n = v->agents_n < h->board->who_n ? v->agents_n : h->board->who_n;
    for (size_t i = 0; i < out->who_n; i++) {
        const struct colleague *c = out->who[i];
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
