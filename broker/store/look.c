/* What the router and the wallboard look at, and the numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "store/store_internal.h"

#define AGENTS_ROOM 8192

/* The agents hash is flat: "AID:field", value, … in no order. Rows are gathered by id. */
struct roster {
    struct store_agent *agents;
    size_t n, room;
    struct map by_id; /* to index + 1 */
};

static struct store_agent *roster_row(struct roster *r, struct text id)
{
    uintptr_t at = (uintptr_t)map_get(&r->by_id, id);
    if (at == 0) {
        if (r->n == r->room || map_set(&r->by_id, id, (void *)(uintptr_t)(r->n + 1))) {
            return NULL;
        }
        r->agents[r->n] = (struct store_agent){.id = id};
        at = ++r->n;
    }
    return &r->agents[at - 1];
}

static void roster_add(struct roster *r, struct text name, const struct redis_reply *value)
{
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"load", offsetof(struct store_agent, load)},           {"soft", offsetof(struct store_agent, soft)},
                   {"n", offsetof(struct store_agent, conversations)},     {"capacity", offsetof(struct store_agent, capacity)},
                   {"since", offsetof(struct store_agent, since_ms)},      {"missed", offsetof(struct store_agent, missed)},
                   {"chat", offsetof(struct store_agent, count)},          {"email", offsetof(struct store_agent, count) + sizeof(uint64_t)},
                   {"sms", offsetof(struct store_agent, count) + 2 * sizeof(uint64_t)}, {"max_chat", offsetof(struct store_agent, limit)},
                   {"max_email", offsetof(struct store_agent, limit) + sizeof(uint64_t)}, {"max_sms", offsetof(struct store_agent, limit) + 2 * sizeof(uint64_t)}};
    const char *colon = name.n > 0 ? memrchr(name.s, ':', name.n) : NULL;
    struct store_agent *a = colon ? roster_row(r, (struct text){name.s, (size_t)(colon - name.s)}) : NULL;
    if (!a) {
        return;
    }
    struct text field = {colon + 1, name.n - a->id.n - 1}, said = redis_reply_text(value);
    if (text_is(field, "presence")) {
        a->presence = said;
    } else if (text_is(field, "here")) {
        a->here = said.n > 0 ? said : (struct text){NULL, 0};
    } else {
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
            if (text_is(field, numbers[i].name)) {
                int64_t n = redis_reply_integer(value);
                uint64_t count = n > 0 ? (uint64_t)n : 0;
                memcpy((char *)a + numbers[i].offset, &count, sizeof count);
            }
        }
    }
}

static int roster_read(struct roster *r, const struct redis_reply *flat)
{
    r->room = redis_reply_count(flat) / 2 + 1;
    r->agents = calloc(r->room, sizeof *r->agents);
    map_init(&r->by_id, AGENTS_ROOM);
    for (size_t i = 0; r->agents && i + 1 < redis_reply_count(flat); i += 2) {
        roster_add(r, at_text(flat, i), redis_reply_at(flat, i + 1));
    }
    return r->agents ? 0 : ERR_MEMORY;
}

static void roster_done(struct roster *r)
{
    free(r->agents);
    map_done(&r->by_id);
}

static int score_of(struct text t, int64_t *out)
{
    bool negative = t.n > 0 && t.s[0] == '-';
    uint64_t value;
    struct text digits = {t.s + negative, t.n - negative};
    const char *e = digits.s ? memchr(digits.s, 'e', digits.n) : NULL;
    if (e || text_to_u64(digits, &value) || value > INT64_MAX) {
        return ERR_STORE_REPLY;
    }
    *out = negative ? -(int64_t)value : (int64_t)value;
    return 0;
}

/* --- the router ------------------------------------------------------------------------------------------------------------------------------ */

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

static int line_rows(const struct redis_reply *rows, const struct store_waiting *class, struct store_waiting *out)
{
    for (size_t i = 0; i < redis_reply_count(rows); i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        out[i] = *class;
        out[i].conversation = at_text(row, 0);
        out[i].queued_at_ms = at_number(row, 2);
        out[i].version = at_number(row, 3);
        out[i].declined = at_maybe(row, 4);
        int err = out[i].conversation.n > 0 ? score_of(at_text(row, 1), &out[i].score) : ERR_STORE_REPLY;
        if (err) {
            return err;
        }
    }
    return 0;
}

static void look_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *lines = redis_reply_at(r, 2);
    size_t room = 1, window = (size_t)op->ticket.c;
    for (size_t i = 0; i < redis_reply_count(lines); i++) {
        room += redis_reply_count(redis_reply_at(redis_reply_at(lines, i), 1));
    }
    struct roster roster = {0};
    struct store_waiting *waiting = calloc(room, sizeof *waiting);
    struct store_look l = {.waiting = waiting};
    err = err ? err : waiting ? roster_read(&roster, redis_reply_at(r, 1)) : ERR_MEMORY;
    for (size_t i = 0; !err && i < redis_reply_count(lines); i++) {
        const struct redis_reply *line = redis_reply_at(lines, i), *rows = redis_reply_at(line, 1);
        struct store_waiting class = {0};
        err = line_class(at_text(line, 0), &class);
        err = err ? err : line_rows(rows, &class, waiting + l.waiting_n);
        l.waiting_n += redis_reply_count(rows);
        l.more |= redis_reply_count(rows) >= window;
    }
    l.agents = roster.agents;
    l.agents_n = roster.n;
    op->ticket.c = 0;
    op->done.look(op->ctx, &op->ticket, err, &l);
    free(waiting);
    roster_done(&roster);
    store_op_give(op);
}

int store_look_get(struct store *s, size_t offset, size_t window, store_look_done done, void *ctx, struct ticket t)
{
    struct number from, count;
    struct text argv[6] = {[4] = number(offset, &from), number(window, &count)};
    t.c = window; /* ours until the answer */
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.look = done;
    }
    return store_call(s, "loket_look", 6, argv, look_parse, op);
}

/* --- the wallboard --------------------------------------------------------------------------------------------------------------------------- */

static void view_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 2), *lines = redis_reply_at(r, 3);
    size_t waiting_n = redis_reply_count(rows), queues_n = redis_reply_count(lines);
    struct roster roster = {0};
    struct store_waiting_row *waiting = calloc(waiting_n + 1, sizeof *waiting);
    struct store_queue *queues = calloc(queues_n + 1, sizeof *queues);
    struct store_view v = {.waiting = waiting, .queues = queues};
    err = err ? err : waiting && queues ? roster_read(&roster, redis_reply_at(r, 1)) : ERR_MEMORY;
    for (size_t i = 0; !err && i < waiting_n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        waiting[i] = (struct store_waiting_row){.conversation = at_text(row, 0), .queue = at_text(row, 1), .channel = at_text(row, 3), .queued_at_ms = at_number(row, 4),
                                                .priority = at_number(row, 5), .state = at_text(row, 6)};
        err = waiting[i].conversation.s ? score_of(at_text(row, 2), &waiting[i].score) : ERR_STORE_REPLY;
        v.waiting_n = i + 1;
    }
    for (size_t i = 0; !err && i < queues_n; i++) {
        const struct redis_reply *row = redis_reply_at(lines, i);
        queues[i] = (struct store_queue){.id = at_text(row, 0), .waiting = at_number(row, 1), .waiting_chat = at_number(row, 2), .waiting_email = at_number(row, 3),
                                         .waiting_sms = at_number(row, 4), .active = at_number(row, 5), .oldest_queued_at_ms = (int64_t)at_number(row, 6)};
        v.queues_n = i + 1;
    }
    v.agents = roster.agents;
    v.agents_n = roster.n;
    op->done.view(op->ctx, &op->ticket, err, &v);
    free(waiting);
    free(queues);
    roster_done(&roster);
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
