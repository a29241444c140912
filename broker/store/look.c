/* What the router looks at, and where waiting conversations stand. */
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

/* --- agents: "PRESENCE LOAD SOFT N CHAT EMAIL SMS CAPACITY MAX_CHAT MAX_EMAIL MAX_SMS SINCE MISSED TICK HERE…" ---------- */

#define AGENT_WORDS 14

static int agent_read(struct text id, struct text said, struct store_agent *a)
{
    uint64_t tick;
    uint64_t *const numbers[AGENT_WORDS - 1] = {&a->load,     &a->soft,     &a->conversations, &a->count[0], &a->count[1], &a->count[2], &a->capacity,
                                                &a->limit[0], &a->limit[1], &a->limit[2],      &a->since_ms, &a->missed,   &tick};
    size_t at = 0;
    *a = (struct store_agent){.id = id};
    for (size_t i = 0; i < AGENT_WORDS; i++) {
        const char *space = at < said.n ? memchr(said.s + at, ' ', said.n - at) : NULL;
        struct text word = {said.s + at, space ? (size_t)(space - said.s) - at : 0};
        if (word.n == 0 || (i > 0 && text_to_u64(word, numbers[i - 1]))) {
            return ERR_STORE_REPLY;
        }
        if (i == 0) {
            a->presence = word;
        }
        at += word.n + 1;
    }
    if (at < said.n) {
        a->here = (struct text){said.s + at, said.n - at};
    }
    return 0;
}

int roster_read(const struct redis_reply *flat, struct store_agent **agents, size_t *n)
{
    size_t count = redis_reply_count(flat) / 2;
    struct store_agent *all = calloc(count + 1, sizeof *all);
    int err = all ? 0 : ERR_MEMORY;
    for (size_t i = 0; !err && i < count; i++) {
        err = agent_read(at_text(flat, 2 * i), at_text(flat, 2 * i + 1), &all[i]);
    }
    if (err) {
        free(all);
        return err;
    }
    *agents = all;
    *n = count;
    return 0;
}

/* --- lines --------------------------------------------------------------------------------------------------------------------------------- */

/* QUEUE|CHANNEL|LANGUAGE|NEEDS|PREFERS|HELD */
static int line_class(struct text class, struct store_waiting *out)
{
    struct text *const parts[] = {&out->queue, &out->channel, &out->language, &out->needs, &out->prefers, &out->held};
    const char *at = class.s, *end = class.s + class.n;
    for (size_t i = 0; i < 6; i++) {
        const char *bar = at ? memchr(at, '|', (size_t)(end - at)) : NULL;
        if (!at || (!bar && i < 5)) {
            return ERR_STORE_REPLY;
        }
        size_t n = (size_t)((bar ? bar : end) - at);
        *parts[i] = n > 0 ? (struct text){at, n} : (struct text){NULL, 0};
        at = bar ? bar + 1 : NULL;
    }
    return out->queue.n > 0 ? 0 : ERR_STORE_REPLY;
}

/* CID SCORE QUEUED VERSION DECLINED… */
static int line_row(struct text said, struct store_waiting *out)
{
    struct text word[4];
    if (words_split(said, word, 4) < 4) {
        return ERR_STORE_REPLY;
    }
    out->conversation = word[0];
    size_t at = (size_t)(word[3].s - said.s) + word[3].n + 1;
    out->declined = at < said.n ? (struct text){said.s + at, said.n - at} : (struct text){NULL, 0};
    int err = score_read(word[1], &out->score);
    err = err ? err : text_to_u64(word[2], &out->queued_at_ms);
    return err ? err : text_to_u64(word[3], &out->version);
}

static int lines_read(const struct redis_reply *lines, struct store_waiting **waiting, size_t *n)
{
    size_t room = 1, at = 0;
    for (size_t i = 1; i < redis_reply_count(lines); i += 2) {
        room += redis_reply_count(redis_reply_at(lines, i));
    }
    struct store_waiting *all = calloc(room, sizeof *all);
    int err = all ? 0 : ERR_MEMORY;
    for (size_t i = 0; !err && i + 1 < redis_reply_count(lines); i += 2) {
        const struct redis_reply *rows = redis_reply_at(lines, i + 1);
        struct store_waiting class = {0};
        err = line_class(at_text(lines, i), &class);
        for (size_t k = 0; !err && k < redis_reply_count(rows); k++) {
            all[at] = class;
            err = line_row(at_text(rows, k), &all[at++]);
        }
    }
    if (err) {
        free(all);
        return err;
    }
    *waiting = all;
    *n = at;
    return 0;
}

/* Where a look goes on: the line, the row in each, and whether one of the lines before goes on deeper. */
#define NEXT_ROWS_BITS 32
#define NEXT_LINES_BITS 30

static void look_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    struct store_agent *agents = NULL;
    struct store_waiting *waiting = NULL;
    struct store_look l = {0};
    err = store_answer(err, r);
    err = err ? err : roster_read(redis_reply_at(r, 1), &agents, &l.agents_n);
    err = err ? err : lines_read(redis_reply_at(r, 2), &waiting, &l.waiting_n);
    if (!err) {
        l.agents = agents;
        l.waiting = waiting;
        l.next = (size_t)(at_number(r, 5) << (NEXT_ROWS_BITS + NEXT_LINES_BITS) | at_number(r, 3) << NEXT_ROWS_BITS | at_number(r, 4));
        l.more = l.next > 0;
        l.whole = at_number(r, 3) == 0;
    }
    op->done.look(op->ctx, &op->ticket, err, &l);
    free(waiting);
    free(agents);
    store_op_give(op);
}

int store_look_get(struct store *s, size_t offset, size_t window, store_look_done done, void *ctx, struct ticket t)
{
    struct number line, row, count;
    struct text argv[8] = {[4] = number(offset >> NEXT_ROWS_BITS & ((1u << NEXT_LINES_BITS) - 1), &line), number(offset & UINT32_MAX, &row),
                           flag(offset >> (NEXT_ROWS_BITS + NEXT_LINES_BITS) & 1), number(window, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.look = done;
    }
    return store_call(s, "loket_look", 8, argv, look_parse, op);
}

/* --- the resident's place --------------------------------------------------------------------------------------------------------------------- */

static void places_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 1), *paces = redis_reply_at(r, 2);
    size_t n = err ? 0 : redis_reply_count(rows), pace_n = err ? 0 : redis_reply_count(paces);
    struct store_place *places = calloc(n + 1, sizeof *places);
    struct store_pace *pace = calloc(pace_n + 1, sizeof *pace);
    if (!places || !pace) {
        err = ERR_MEMORY;
        n = pace_n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        places[i] = (struct store_place){at_text(row, 0), at_text(row, 1), at_number(row, 2)};
    }
    for (size_t i = 0; i < pace_n; i++) {
        const struct redis_reply *row = redis_reply_at(paces, i), *given = redis_reply_at(row, 1);
        pace[i].queue = at_text(row, 0);
        for (size_t k = 0; k < redis_reply_count(given) && k < 100; k++) {
            pace[i].given_ms[pace[i].n++] = at_number(given, k);
        }
    }
    op->done.places(op->ctx, &op->ticket, err, places, n, pace, pace_n);
    free(places);
    free(pace);
    store_op_give(op);
}

int store_places_get(struct store *s, const struct text *conversations, size_t n, store_places_done done, void *ctx, struct ticket t)
{
    struct text argv[STORE_ARGS_MAX];
    CHECK(n <= STORE_PLACES_MAX);
    memcpy(argv + 4, conversations, n * sizeof *conversations);
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.places = done;
    }
    return store_call(s, "loket_places", 4 + n, argv, places_parse, op);
}
