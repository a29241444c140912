/* Appends, a turn's at a time. What is said in one turn of the loop goes to Redis as one call. Redis takes a client's commands from a buffer of about
 * 20 kB and syncs its file once for what it took: one call for each message meant one sync for 46 of them, whatever the disk; a call of many makes
 * the buffer grow. Each message has an answer of its own, and a refusal of one touches no other.
 *
 *     store_append ── words ──(end of the turn, APPEND_BATCH_MAX, or another command, so that order holds)── loket_append ── an answer each
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/store_internal.h"

#define APPEND_WORDS 4                   /* cid, client, how, entry */
#define APPEND_BATCH_MAX 64              /* at 18 us each 1.2 ms of Redis, in which nobody else is served */
#define APPEND_BATCH_BYTES_MAX (4 << 20) /* one of the largest kind fits; then it leaves at once */

struct append_batch {
    struct loop_idle *turn;
    struct store_op *first, **last; /* in the order of their words */
    size_t n;
    struct buf words;
    size_t end[APPEND_BATCH_MAX * APPEND_WORDS]; /* of each word in @words */
};

int append_batch_new(struct store *s)
{
    struct append_batch *b = calloc(1, sizeof *b);
    if (!b) {
        return ERR_MEMORY;
    }
    s->batch = b;
    b->last = &b->first;
    buf_init(&b->words, APPEND_BATCH_BYTES_MAX);
    return loop_idle_new(s->loop, append_batch_turn, s, &b->turn);
}

/* The words are gone, the operations are the caller's. */
static struct store_op *batch_take(struct append_batch *b)
{
    struct store_op *first = b->first;
    b->first = NULL;
    b->last = &b->first;
    b->n = 0;
    buf_clear(&b->words);
    return first;
}

static void batch_fail(struct store_op *op, int err)
{
    struct store_appended none = {0};
    for (struct store_op *next; op; op = next) {
        next = op->next;
        op->done.append(op->ctx, &op->ticket, err, &none);
        store_op_give(op);
    }
}

void append_batch_free(struct store *s)
{
    struct append_batch *b = s->batch;
    if (b) {
        batch_fail(batch_take(b), ERR_CLOSED);
        loop_idle_free(&b->turn);
        buf_done(&b->words);
        free(b);
        s->batch = NULL;
    }
}

/* "SEQ STATE", "SEQ STATE NODES", or a list that begins with what was wrong. */
static void append_answer(struct store_op *op, int err, const struct redis_reply *r)
{
    struct store_appended a = {0};
    struct text said = redis_reply_text(r);
    const char *space = said.s && !err ? memchr(said.s, ' ', said.n) : NULL;
    if (space) {
        size_t n = (size_t)(space - said.s);
        err = text_to_u64((struct text){said.s, n}, &a.seq) ? ERR_STORE_REPLY : 0;
        a.state = (struct text){space + 1, said.n - n - 1};
        const char *more = memchr(a.state.s, ' ', a.state.n);
        if (more) {
            size_t state_n = (size_t)(more - a.state.s);
            a.nodes = (struct text){more + 1, a.state.n - state_n - 1};
            a.nodes.s = a.nodes.n > 0 ? a.nodes.s : NULL;
            a.state.n = state_n;
        }
    } else {
        err = store_answer(err, r);
        err = err ? err : ERR_STORE_REPLY;
        if (redis_reply_count(r) >= 4) {
            a = (struct store_appended){.seq = (uint64_t)redis_reply_integer(redis_reply_at(r, 1)),
                                        .state = redis_reply_text(redis_reply_at(r, 2)),
                                        .counter = (uint64_t)redis_reply_integer(redis_reply_at(r, 3))};
        }
    }
    op->done.append(op->ctx, &op->ticket, err, &a);
    store_op_give(op);
}

void append_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    (void)unused;
    append_answer(ctx, err, r);
}

static void batch_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    if (err) {
        err = store_answer(err, r); /* logged once */
        batch_fail(op, err);
        return;
    }
    size_t i = 0;
    for (struct store_op *next; op; op = next) {
        next = op->next; /* the callback may begin the next batch */
        append_answer(op, 0, redis_reply_at(r, i++));
    }
}

int append_batch_send(struct store *s)
{
    struct append_batch *b = s->batch;
    struct text argv[5 + APPEND_BATCH_MAX * APPEND_WORDS] = {TEXT_LITERAL("FCALL"), TEXT_LITERAL("loket_append"), TEXT_LITERAL("1"),
                                                             text_of(s->prefix), text_of(s->node)};
    size_t words = b->n * APPEND_WORDS, at = 0;
    if (words == 0) {
        return 0;
    }
    for (size_t i = 0; i < words; i++) {
        argv[5 + i] = (struct text){b->words.data + at, b->end[i] - at};
        at = b->end[i];
    }
    int err = s->up ? redis_command(s->redis, 5 + words, argv, STORE_DEADLINE_MS, batch_parse, b->first, (struct ticket){0}) : ERR_STORE_AWAY;
    if (!err) {
        (void)batch_take(b); /* batch_parse walks them */
    }
    return err;
}

void append_batch_turn(void *store)
{
    struct store *s = store;
    int err = append_batch_send(s);
    if (err) {
        batch_fail(batch_take(s->batch), err);
    }
}

static int word_add(struct append_batch *b, size_t *i, struct text prefix, struct text word)
{
    int err = buf_add_text(&b->words, prefix);
    err = err ? err : buf_add_text(&b->words, word);
    b->end[b->n * APPEND_WORDS + (*i)++] = b->words.len;
    return err;
}

static int how_add(struct append_batch *b, size_t *i, const struct store_append *a)
{
    const struct text absent = TEXT_LITERAL("-"), none = {NULL, 0};
    struct number counter, now;
    bool usual = a->from_resident && text_is(a->channel, "chat") && a->outbox.n == 0 && a->must_own.n == 0;
    if (usual) {
        return word_add(b, i, none, number(a->counter, &counter));
    }
    int err = buf_add_text(&b->words, number(a->counter, &counter));
    err = err ? err : buf_add_text(&b->words, a->from_resident ? TEXT_LITERAL(" 1 ") : a->aside ? TEXT_LITERAL(" 2 ") : TEXT_LITERAL(" 0 "));
    err = err ? err : buf_add_text(&b->words, a->channel.n > 0 ? a->channel : absent);
    err = err ? err : buf_add_byte(&b->words, ' ');
    err = err ? err : buf_add_text(&b->words, a->outbox.n > 0 ? a->outbox : absent);
    err = err ? err : buf_add_byte(&b->words, ' ');
    err = err ? err : buf_add_text(&b->words, number(a->now_ms, &now));
    return err ? err : word_add(b, i, TEXT_LITERAL(" "), a->must_own);
}

/* As few words as can be: each is read and made anew on the other side. */
static int words_add(struct append_batch *b, const struct store_append *a)
{
    const struct text none = {NULL, 0};
    size_t i = 0;
    int err = word_add(b, &i, none, a->conversation);
    err = err ? err : word_add(b, &i, a->client.n > 0 ? TEXT_LITERAL("n:") : none, a->client);
    err = err ? err : how_add(b, &i, a);
    return err ? err : word_add(b, &i, none, a->entry);
}

int store_append(struct store *s, const struct store_append *a, store_append_done done, void *ctx, struct ticket t)
{
    struct append_batch *b = s->batch;
    int err = s->up ? 0 : ERR_STORE_AWAY;
    err = err ? err : a->channel.n == 0 || channel_is_known(a->channel) ? 0 : ERR_BAD_FIELD;
    if (!err && (b->n == APPEND_BATCH_MAX || b->words.len + a->entry.n > APPEND_BATCH_BYTES_MAX / 2)) {
        err = append_batch_send(s);
    }
    if (err) {
        return err;
    }
    size_t before = b->words.len;
    struct store_op *op = store_op_take(s, ctx, t);
    err = op ? words_add(b, a) : ERR_MEMORY;
    if (err) {
        b->words.len = before;
        if (op) {
            store_op_give(op);
        }
        return err;
    }
    op->done.append = done;
    op->next = NULL;
    *b->last = op;
    b->last = &op->next;
    b->n++;
    loop_idle_arm(b->turn);
    return 0;
}
