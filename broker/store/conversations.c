/* Conversations: arrive, read, the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

static struct text key_of(const struct store *s, struct text id, const char *tail, char out[STORE_KEY_BYTES])
{
    size_t prefix_n = strlen(s->prefix), tail_n = strlen(tail), n = prefix_n + 2 + id.n + tail_n;
    if (n >= STORE_KEY_BYTES || id.n == 0) {
        return (struct text){out, 0};
    }
    memcpy(out, s->prefix, prefix_n);
    memcpy(out + prefix_n, "c:", 2);
    memcpy(out + prefix_n + 2, id.s, id.n);
    memcpy(out + prefix_n + 2 + id.n, tail, tail_n);
    return (struct text){out, n};
}

static void arrive_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    struct store_arrived a = {0};
    if (redis_reply_count(r) >= 11) {
        a = (struct store_arrived){.opened = at_number(r, 1) == 1, .conversation = at_text(r, 2), .seq = at_number(r, 3), .resident = at_text(r, 4),
                                   .state = at_text(r, 5), .owner = at_maybe(r, 6), .queue = at_text(r, 7), .version = at_number(r, 8),
                                   .related = at_maybe(r, 9), .nodes = at_maybe(r, 10)};
    } else if (!err || err == ERR_DUPLICATE) {
        err = ERR_STORE_REPLY;
    }
    op->done.arrive(op->ctx, &op->ticket, err, &a);
    store_op_give(op);
}

int store_arrive(struct store *s, const struct store_arrive *a, store_arrive_done done, void *ctx, struct ticket t)
{
    struct text argv[STORE_ARGS_MAX];
    struct number head, priority, now, first, resolve, most;
    CHECK(a->references_n <= 50 && a->head_start_ms >= 0);
    if (a->queue.n == 0 || !free_of(a->queue, " |") || !free_of(a->overflow_queue, " |") || !free_of(a->language, " |") || !free_of(a->needs, " |") ||
        !free_of(a->prefers, " |") || !channel_is_known(a->channel)) {
        return ERR_BAD_FIELD;
    }
    const struct text fixed[] = {a->source, a->source_id, a->conversation_new, a->resident_new, a->queue, a->channel, a->address, a->name, a->subject,
                                 a->subject_key, a->token_conversation, a->message_id, a->entry, a->client, number((uint64_t)a->head_start_ms, &head),
                                 number(a->priority, &priority), number(a->now_ms, &now), a->language, a->needs, a->prefers,
                                 number(a->first_due_ms, &first), number(a->resolve_due_ms, &resolve), number(a->waiting_max, &most),
                                 a->overflow_queue};
    size_t n = sizeof fixed / sizeof fixed[0];
    memcpy(argv + 4, fixed, sizeof fixed);
    for (size_t i = 0; i < a->references_n; i++) {
        argv[4 + n++] = a->references[i];
    }
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.arrive = done;
    }
    return store_call(s, "loket_arrive", 4 + n, argv, arrive_parse, op);
}

static void conversation_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    struct store_conversation c = {0};
    const struct redis_reply *v = redis_reply_at(r, 1), *addresses = redis_reply_at(r, 2);
    if (!err && redis_reply_count(v) < 29) {
        err = ERR_STORE_REPLY;
    }
    if (!err) {
        c = (struct store_conversation){
            .id = text_of(op->id), .state = at_text(v, 0), .owner = at_maybe(v, 1), .queue = at_text(v, 2), .resident = at_text(v, 3),
            .name = at_maybe(v, 4), .subject = at_maybe(v, 5), .channel = at_text(v, 6), .version = at_number(v, 7), .seq = at_number(v, 8),
            .opened_at_ms = at_number(v, 9), .queued_at_ms = at_number(v, 10), .assigned_at_ms = at_number(v, 11), .read_resident = at_number(v, 12),
            .read_agent = at_number(v, 13), .related = at_maybe(v, 14), .counter = at_number(v, 15), .held = at_maybe(v, 18), .back = at_maybe(v, 19), .due_ms = at_number(v, 20),
            .priority = at_number(v, 21), .language = at_maybe(v, 22), .closed_at_ms = at_number(v, 23), .first_due_ms = at_number(v, 24),
            .resolve_due_ms = at_number(v, 25), .shares = at_maybe(v, 26), .nodes = at_maybe(v, 27), .pages = at_maybe(v, 28)};
        c.offered_n = words_split(at_text(v, 16), c.offered, STORE_OFFERS_MAX);
        c.joined_n = words_split(at_text(v, 17), c.joined, STORE_JOINED_MAX);
        for (size_t i = 0; i < redis_reply_count(addresses) && c.addresses_n < 32; i++) {
            struct text who = at_text(addresses, i);
            const char *colon = who.s ? memchr(who.s, ':', who.n) : NULL;
            if (colon) {
                size_t n = (size_t)(colon - who.s);
                c.addresses[c.addresses_n].channel = (struct text){who.s, n};
                c.addresses[c.addresses_n++].address = (struct text){colon + 1, who.n - n - 1};
            }
        }
    }
    op->done.conversation(op->ctx, &op->ticket, err, &c);
    store_op_give(op);
}

int store_conversation_get(struct store *s, struct text id, struct text client, store_conversation_done done, void *ctx, struct ticket t)
{
    struct text argv[6] = {[4] = id, client};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.conversation = done;
        if (text_copy(id, op->id, sizeof op->id)) {
            store_op_give(op);
            return ERR_BAD_FIELD;
        }
    }
    return store_call(s, "loket_conversation", 6, argv, conversation_parse, op);
}

/* --- the log ---------------------------------------------------------------------------------------------------- */

#define ENTRIES_ROOM 512

static void entries_parse(struct store_op *op, int err, const struct redis_reply *r, bool backwards)
{
    static struct store_entry entries[ENTRIES_ROOM];
    size_t n = redis_reply_count(r);
    if (n > ENTRIES_ROOM) {
        n = ENTRIES_ROOM;
    }
    for (size_t i = 0; !err && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(r, backwards ? n - 1 - i : i), *fields = redis_reply_at(row, 1);
        struct text id = at_text(row, 0), entry = at_text(fields, 1);
        const char *dash = id.s ? memchr(id.s, '-', id.n) : NULL;
        if (!dash || !entry.s || text_to_u64((struct text){id.s, (size_t)(dash - id.s)}, &entries[i].seq)) {
            err = ERR_STORE_REPLY;
        } else {
            entries[i].entry = entry;
        }
    }
    op->done.entries(op->ctx, &op->ticket, err, entries, err ? 0 : n);
    store_op_give(op);
}

static void after_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    (void)unused;
    entries_parse(ctx, err, r, false);
}

static void before_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    (void)unused;
    entries_parse(ctx, err, r, true);
}

static int log_read(struct store *s, const char *command, struct text id, const char *from, const char *to, size_t max, redis_done parse,
                    store_entries_done done, void *ctx, struct ticket t)
{
    char key[STORE_KEY_BYTES];
    struct number count;
    struct text argv[6] = {text_of(command), key_of(s, id, ":log", key), text_of(from), text_of(to), TEXT_LITERAL("COUNT"),
                           number(max < ENTRIES_ROOM ? max : ENTRIES_ROOM, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.entries = done;
    }
    return store_send(s, 6, argv, parse, op);
}

int store_log_after(struct store *s, struct text id, uint64_t after, size_t max, store_entries_done done, void *ctx, struct ticket t)
{
    char from[32];
    (void)snprintf(from, sizeof from, "%llu-0", (unsigned long long)after + 1);
    return log_read(s, "XRANGE", id, from, "+", max, after_parse, done, ctx, t);
}

int store_log_before(struct store *s, struct text id, uint64_t before, size_t max, store_entries_done done, void *ctx, struct ticket t)
{
    char from[32];
    (void)snprintf(from, sizeof from, "%llu-0", (unsigned long long)(before > 0 ? before - 1 : 0));
    return log_read(s, "XREVRANGE", id, from, "-", max, before_parse, done, ctx, t);
}
