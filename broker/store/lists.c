/* Lists and the view: what is read whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

static struct text at_text(const struct redis_reply *r, size_t i)
{
    return redis_reply_text(redis_reply_at(r, i));
}

static uint64_t at_number(const struct redis_reply *r, size_t i)
{
    int64_t n = redis_reply_integer(redis_reply_at(r, i));
    return n > 0 ? (uint64_t)n : 0;
}

static void texts_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    size_t n = redis_reply_count(r);
    struct text *texts = !err && n > 0 ? calloc(n, sizeof *texts) : NULL;
    for (size_t i = 0; texts && i < n; i++) {
        texts[i] = at_text(r, i);
    }
    op->done.texts(op->ctx, &op->ticket, !err && n > 0 && !texts ? ERR_MEMORY : err, texts, texts ? n : 0);
    free(texts);
    store_op_give(op);
}

static int list(struct store *s, const char *command, const char *name, struct text more, struct text last, size_t argc, store_texts_done done, void *ctx,
                struct ticket t)
{
    char key[STORE_KEY_BYTES];
    (void)snprintf(key, sizeof key, "%s%s", s->prefix, name);
    struct text argv[4] = {text_of(command), text_of(key), more, last};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.texts = done;
    }
    return store_send(s, argc, argv, texts_parse, op);
}

int store_attention_list(struct store *s, size_t max, store_texts_done done, void *ctx, struct ticket t)
{
    char count[24];
    (void)snprintf(count, sizeof count, "%zu", max);
    return list(s, "SRANDMEMBER", "attention", text_of(count), (struct text){NULL, 0}, 3, done, ctx, t);
}

int store_work_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t)
{
    char name[STORE_KEY_BYTES];
    (void)snprintf(name, sizeof name, "work:%.*s", TEXT_ARG(agent));
    return list(s, "SMEMBERS", name, (struct text){NULL, 0}, (struct text){NULL, 0}, 2, done, ctx, t);
}

int store_staff_list(struct store *s, store_texts_done done, void *ctx, struct ticket t)
{
    return list(s, "HGETALL", "staff", (struct text){NULL, 0}, (struct text){NULL, 0}, 2, done, ctx, t);
}

int store_revoked_list(struct store *s, uint64_t now_ms, store_texts_done done, void *ctx, struct ticket t)
{
    char now[24];
    (void)snprintf(now, sizeof now, "%llu", (unsigned long long)now_ms);
    return list(s, "ZRANGEBYSCORE", "revoked", text_of(now), TEXT_LITERAL("+inf"), 4, done, ctx, t);
}

/* --- the view ------------------------------------------------------------------------------------------------------------------------------------------- */

/* The agents hash is flat: "AID:field", value, … in no order. Rows are gathered by id; a roster has at most a few thousand. */
static void agent_field(struct store_agent *agents, size_t *n, size_t room, struct text name, const struct redis_reply *value)
{
    const char *colon = memrchr(name.s, ':', name.n);
    if (!colon) {
        return;
    }
    struct text id = {name.s, (size_t)(colon - name.s)}, field = {colon + 1, name.n - id.n - 1};
    size_t i = *n;
    while (i > 0 && !text_equal(agents[i - 1].id, id)) {
        i--;
    }
    if (i == 0) {
        if (*n == room) {
            return;
        }
        agents[*n] = (struct store_agent){.id = id};
        i = ++*n;
    }
    struct store_agent *a = &agents[i - 1];
    int64_t number = redis_reply_integer(value);
    uint64_t count = number > 0 ? (uint64_t)number : 0;
    if (text_is(field, "presence")) {
        a->presence = redis_reply_text(value);
    } else if (text_is(field, "node")) {
        a->node = redis_reply_text(value);
    } else if (text_is(field, "load")) {
        a->load = count;
    } else if (text_is(field, "n")) {
        a->conversations = count;
    } else if (text_is(field, "capacity")) {
        a->capacity = count;
    } else if (text_is(field, "since")) {
        a->since_ms = count;
    }
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

static void view_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *flat = redis_reply_at(r, 1), *rows = redis_reply_at(r, 2), *lines = redis_reply_at(r, 3);
    size_t room = redis_reply_count(flat) / 2 + 1, waiting_n = redis_reply_count(rows), queues_n = redis_reply_count(lines);
    struct store_agent *agents = calloc(room, sizeof *agents);
    struct store_waiting *waiting = calloc(waiting_n + 1, sizeof *waiting);
    struct store_queue *queues = calloc(queues_n + 1, sizeof *queues);
    struct store_view v = {.waiting = waiting, .agents = agents, .queues = queues};
    if (!agents || !waiting || !queues) {
        err = ERR_MEMORY;
    }
    for (size_t i = 0; !err && i + 1 < redis_reply_count(flat); i += 2) {
        struct text name = at_text(flat, i);
        if (name.s) {
            agent_field(agents, &v.agents_n, room, name, redis_reply_at(flat, i + 1));
        }
    }
    for (size_t i = 0; !err && i < waiting_n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        struct text held = at_text(row, 4);
        waiting[i] = (struct store_waiting){.conversation = at_text(row, 0), .queue = at_text(row, 1), .channel = at_text(row, 3),
                                            .held = held.n > 0 ? held : (struct text){NULL, 0}, .queued_at_ms = at_number(row, 5),
                                            .version = at_number(row, 6), .units = at_number(row, 7)};
        err = waiting[i].conversation.s ? score_of(at_text(row, 2), &waiting[i].score) : ERR_STORE_REPLY;
        v.waiting_n = i + 1;
    }
    for (size_t i = 0; !err && i < queues_n; i++) {
        const struct redis_reply *row = redis_reply_at(lines, i);
        queues[i] = (struct store_queue){.id = at_text(row, 0), .waiting = at_number(row, 1), .waiting_chat = at_number(row, 2),
                                         .waiting_email = at_number(row, 3), .waiting_sms = at_number(row, 4), .active = at_number(row, 5),
                                         .oldest_queued_at_ms = (int64_t)at_number(row, 6)};
        v.queues_n = i + 1;
    }
    op->done.view(op->ctx, &op->ticket, err, &v);
    free(agents);
    free(waiting);
    free(queues);
    store_op_give(op);
}

int store_view_get(struct store *s, const struct text *queues, size_t queues_n, size_t offset, size_t window, store_view_done done, void *ctx,
                   struct ticket t)
{
    struct text argv[6 + 256];
    char from[24], count[24];
    CHECK(queues_n <= 256);
    (void)snprintf(from, sizeof from, "%zu", offset);
    (void)snprintf(count, sizeof count, "%zu", window);
    argv[0] = TEXT_LITERAL("FCALL");
    argv[1] = TEXT_LITERAL("loket_view");
    argv[2] = TEXT_LITERAL("1");
    argv[3] = text_of(s->prefix);
    argv[4] = text_of(from);
    argv[5] = text_of(count);
    for (size_t i = 0; i < queues_n; i++) {
        argv[6 + i] = queues[i];
    }
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.view = done;
    }
    return store_send(s, 6 + queues_n, argv, view_parse, op);
}
