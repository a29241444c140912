/* Lists: what is read whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

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

static int list(struct store *s, const char *command, const char *name, struct text more, struct text last, size_t argc, store_texts_done done,
                void *ctx, struct ticket t)
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

int store_borne_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t)
{
    char name[STORE_KEY_BYTES];
    (void)snprintf(name, sizeof name, "work:%.*s", TEXT_ARG(agent));
    return list(s, "SMEMBERS", name, (struct text){NULL, 0}, (struct text){NULL, 0}, 2, done, ctx, t);
}

int store_work_list(struct store *s, struct text agent, store_texts_done done, void *ctx, struct ticket t)
{
    char name[STORE_KEY_BYTES], with[STORE_KEY_BYTES];
    (void)snprintf(name, sizeof name, "work:%.*s", TEXT_ARG(agent));
    (void)snprintf(with, sizeof with, "%swith:%.*s", s->prefix, TEXT_ARG(agent));
    return list(s, "SUNION", name, text_of(with), (struct text){NULL, 0}, 3, done, ctx, t);
}

int store_settings_list(struct store *s, store_texts_done done, void *ctx, struct ticket t)
{
    return list(s, "HGETALL", "settings", (struct text){NULL, 0}, (struct text){NULL, 0}, 2, done, ctx, t);
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

/* XREVRANGE answers [[id, [field, value, …]], …]; the fields come in the order in which they were written. */
static void audit_parse(void *ctx, const struct ticket *unused, int err, const struct redis_reply *r)
{
    struct store_op *op = ctx;
    (void)unused;
    size_t n = err ? 0 : redis_reply_count(r), at = 0;
    struct text *texts = n > 0 ? calloc(n * 7, sizeof *texts) : NULL;
    for (size_t i = 0; texts && i < n; i++) {
        const struct redis_reply *row = redis_reply_at(r, i), *fields = redis_reply_at(row, 1);
        texts[at++] = at_text(row, 0);
        for (size_t k = 0; k < 6; k++) {
            texts[at++] = at_text(fields, 2 * k + 1);
        }
    }
    op->done.texts(op->ctx, &op->ticket, n > 0 && !texts ? ERR_MEMORY : err, texts, at);
    free(texts);
    store_op_give(op);
}

int store_audit_list(struct store *s, struct text before_id, size_t max, store_texts_done done, void *ctx, struct ticket t)
{
    char key[STORE_KEY_BYTES], before[80];
    struct number count;
    if (before_id.n > 64) {
        return ERR_BAD_FIELD;
    }
    (void)snprintf(key, sizeof key, "%saudit", s->prefix);
    (void)snprintf(before, sizeof before, "(%.*s", TEXT_ARG(before_id));
    struct text argv[6] = {TEXT_LITERAL("XREVRANGE"), text_of(key), before_id.n > 0 ? text_of(before) : TEXT_LITERAL("+"), TEXT_LITERAL("-"),
                           TEXT_LITERAL("COUNT"), number(max, &count)};
    struct store_op *op = store_op_take(s, ctx, t);
    if (op) {
        op->done.texts = done;
    }
    return store_send(s, 6, argv, audit_parse, op);
}
