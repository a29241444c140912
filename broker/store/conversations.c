/* Conversations: append, arrive, transition, read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

struct number { /* a decimal number as text, on the stack of the caller */
    char s[24];
};

static struct text number(uint64_t value, struct number *room)
{
    char *at = room->s + sizeof room->s;
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct text){at, (size_t)(room->s + sizeof room->s - at)};
}

static struct text flag(bool on)
{
    return on ? TEXT_LITERAL("1") : TEXT_LITERAL("0");
}

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

static struct text at_text(const struct redis_reply *r, size_t i)
{
    return redis_reply_text(redis_reply_at(r, i));
}

static uint64_t at_number(const struct redis_reply *r, size_t i)
{
    int64_t n = redis_reply_integer(redis_reply_at(r, i));
    return n > 0 ? (uint64_t)n : 0;
}

/* Empty means absent in what the functions answer. */
static struct text at_maybe(const struct redis_reply *r, size_t i)
{
    struct text t = at_text(r, i);
    return t.n > 0 ? t : (struct text){NULL, 0};
}

static void arrive_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    struct store_arrived a = {0};
    if (redis_reply_count(r) >= 10) {
        a = (struct store_arrived){.opened = at_number(r, 1) == 1, .conversation = at_text(r, 2), .seq = at_number(r, 3), .resident = at_text(r, 4),
                                   .state = at_text(r, 5), .owner = at_maybe(r, 6), .queue = at_text(r, 7), .version = at_number(r, 8),
                                   .related = at_maybe(r, 9)};
    } else if (!err || err == ERR_DUPLICATE) {
        err = ERR_STORE_REPLY;
    }
    op->done.arrive(op->ctx, &op->ticket, err, &a);
    store_op_give(op);
}

int store_arrive(struct store *s, const struct store_arrive *a, store_arrive_done done, void *ctx, struct ticket t)
{
    struct text argv[STORE_ARGS_MAX];
    struct number head, units, now;
    CHECK(a->references_n <= 50 && a->head_start_ms >= 0);
    const struct text fixed[] = {a->source, a->source_id, a->conversation_new, a->resident_new, a->queue, a->channel, a->address, a->name, a->subject,
                                 a->subject_key, a->token_conversation, a->message_id, a->entry, a->client, number((uint64_t)a->head_start_ms, &head),
                                 number(a->units, &units), number(a->now_ms, &now)};
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

static void transition_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    op->done.transition(op->ctx, &op->ticket, err, at_number(r, 1), at_number(r, 2), at_maybe(r, 3));
    store_op_give(op);
}

int store_transition(struct store *s, const struct store_transition *tr, store_transition_done done, void *ctx, struct ticket t)
{
    struct number version, head, units, now, seen;
    struct text argv[17] = {[4] = tr->conversation, number(tr->version, &version), tr->state, tr->owner, tr->queue, tr->must_own, flag(tr->keep_place),
                            number((uint64_t)tr->head_start_ms, &head), number(tr->units, &units), tr->entry, number(tr->now_ms, &now),
                            flag(tr->forget_held), number(tr->seen, &seen)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.transition = done;
    }
    return store_call(s, "loket_transition", 17, argv, transition_parse, op);
}

static void conversation_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    struct store_conversation c = {0};
    const struct redis_reply *v = redis_reply_at(r, 1), *addresses = redis_reply_at(r, 2);
    if (!err && redis_reply_count(v) < 17) {
        err = ERR_STORE_REPLY;
    }
    if (!err) {
        c = (struct store_conversation){.id = text_of(op->id), .state = at_text(v, 0), .owner = at_maybe(v, 1), .queue = at_text(v, 2),
                                        .resident = at_text(v, 3), .name = at_maybe(v, 4), .subject = at_maybe(v, 5), .channel = at_text(v, 6),
                                        .version = at_number(v, 7), .seq = at_number(v, 8), .opened_at_ms = at_number(v, 9),
                                        .queued_at_ms = at_number(v, 10), .assigned_at_ms = at_number(v, 11), .read_resident = at_number(v, 12),
                                        .read_agent = at_number(v, 13), .units = at_number(v, 14), .related = at_maybe(v, 15),
                                        .counter = at_number(v, 16)};
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

/* --- the log --------------------------------------------------------------------------------------------------------------------------------------------- */

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

/* --- marks, links, receipts, outbox --------------------------------------------------------------------------------------------------------------------- */

static void plain_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    op->done.plain(op->ctx, &op->ticket, store_answer(err, r));
    store_op_give(op);
}

static int call_plain(struct store *s, const char *function, size_t argc, struct text *argv, store_plain_done done, void *ctx, struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.plain = done;
    }
    return store_call(s, function, argc, argv, plain_parse, op);
}

static int call_append(struct store *s, const char *function, size_t argc, struct text *argv, store_append_done done, void *ctx, struct ticket t)
{
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.append = done;
    }
    return store_call(s, function, argc, argv, append_parse, op);
}

int store_read_mark(struct store *s, struct text id, enum store_side side, uint64_t seq, store_plain_done done, void *ctx, struct ticket t)
{
    struct number n;
    struct text argv[7] = {[4] = id, side == STORE_RESIDENT ? TEXT_LITERAL("read_r") : TEXT_LITERAL("read_a"), number(seq, &n)};
    return call_plain(s, "loket_read_mark", 7, argv, done, ctx, t);
}

int store_link(struct store *s, struct text id, struct text channel, struct text address, bool on, struct text must_own, struct text entry, uint64_t now_ms,
               store_append_done done, void *ctx, struct ticket t)
{
    struct number now;
    struct text argv[11] = {[4] = id, channel, address, flag(on), must_own, entry, number(now_ms, &now)};
    return call_append(s, "loket_link", 11, argv, done, ctx, t);
}

int store_receipt(struct store *s, struct text conversation, uint64_t seq, struct text receipt_state, struct text entry, store_append_done done, void *ctx,
                  struct ticket t)
{
    struct number n;
    struct text argv[8] = {[4] = conversation, number(seq, &n), receipt_state, entry};
    return call_append(s, "loket_receipt", 8, argv, done, ctx, t);
}

int store_outbox_attempt(struct store *s, const char *channel, struct text id, store_plain_done done, void *ctx, struct ticket t)
{
    struct text argv[6] = {[4] = text_of(channel), id};
    return call_plain(s, "loket_outbox_attempt", 6, argv, done, ctx, t);
}

int store_outbox_finish(struct store *s, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text receipt_state,
                        struct text entry, struct text message_id, store_append_done done, void *ctx, struct ticket t)
{
    struct number n;
    struct text argv[11] = {[4] = text_of(channel), id, conversation, number(seq, &n), receipt_state, entry, message_id};
    return call_append(s, "loket_outbox_finish", 11, argv, done, ctx, t);
}

static void out_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    err = store_answer(err, r);
    const struct redis_reply *rows = redis_reply_at(r, 1);
    size_t n = err ? 0 : redis_reply_count(rows);
    struct store_out *items = n > 0 ? calloc(n, sizeof *items) : NULL;
    for (size_t i = 0; items && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(rows, i);
        items[i] = (struct store_out){.id = at_text(row, 0), .conversation = at_text(row, 1), .seq = at_number(row, 2), .entry = at_text(row, 3),
                                      .attempts = at_number(row, 4), .name = at_maybe(row, 5), .subject = at_maybe(row, 6), .reference = at_maybe(row, 7),
                                      .references = at_maybe(row, 8)};
    }
    op->done.out(op->ctx, &op->ticket, n > 0 && !items ? ERR_MEMORY : err, items, items ? n : 0);
    free(items);
    store_op_give(op);
}

int store_outbox_take(struct store *s, const char *channel, bool again, size_t max, store_out_done done, void *ctx, struct ticket t)
{
    struct number count;
    struct text argv[8] = {[4] = text_of(channel), text_of(s->node), flag(again), number(max, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.out = done;
    }
    return store_call(s, "loket_outbox_take", 8, argv, out_parse, op);
}

int store_presence_set(struct store *s, struct text agent, struct text presence, struct text node, struct text only_node, uint64_t capacity, uint64_t now_ms,
                       store_plain_done done, void *ctx, struct ticket t)
{
    struct number units, now;
    struct text argv[10] = {[4] = agent, presence, node, only_node, number(capacity, &units), number(now_ms, &now)};
    return call_plain(s, "loket_presence", 10, argv, done, ctx, t);
}

int store_staff_put(struct store *s, struct text agent, struct text json, store_plain_done done, void *ctx, struct ticket t)
{
    struct text argv[6] = {[4] = agent, json};
    return call_plain(s, "loket_staff_put", 6, argv, done, ctx, t);
}

int store_staff_remove(struct store *s, struct text agent, store_plain_done done, void *ctx, struct ticket t)
{
    return store_staff_put(s, agent, (struct text){NULL, 0}, done, ctx, t);
}

int store_revoke(struct store *s, struct text session, uint64_t until_ms, uint64_t now_ms, store_plain_done done, void *ctx, struct ticket t)
{
    struct number until, now;
    struct text argv[7] = {[4] = session, number(until_ms, &until), number(now_ms, &now)};
    return call_plain(s, "loket_revoke", 7, argv, done, ctx, t);
}
