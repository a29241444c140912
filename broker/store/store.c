/* Connecting: functions loaded, epoch and secret known, then `up`. And what every operation shares. */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "store/loket_lua.h" /* made from lua/ by the build */
#include "store/store_internal.h"

#define STORE_POOL_MAX 4096
#define STORE_RETRY_MS 100
#define STORE_ADOPT_MS 60000 /* once, after a former version: a million conversations take about 20 s */

struct store_op *store_op_take(struct store *s, void *ctx, struct ticket t)
{
    struct store_op *op = s->pool;
    if (op) {
        s->pool = op->next;
        s->pool_n--;
    } else {
        op = malloc(sizeof *op);
    }
    if (op) {
        op->store = s;
        op->ctx = ctx;
        op->ticket = t;
    }
    return op;
}

void store_op_give(struct store_op *op)
{
    struct store *s = op->store;
    if (s->pool_n >= STORE_POOL_MAX) {
        free(op);
        return;
    }
    op->next = s->pool;
    s->pool = op;
    s->pool_n++;
}

int store_send(struct store *s, size_t argc, const struct text *argv, redis_done parse, struct store_op *op)
{
    if (!op) {
        return ERR_MEMORY;
    }
    int err = s->up ? append_batch_send(s) : ERR_STORE_AWAY; /* what was said before comes before */
    err = err ? err : redis_command(s->redis, argc, argv, STORE_DEADLINE_MS, parse, op, (struct ticket){0});
    if (err) {
        store_op_give(op);
    }
    return err;
}

int store_call(struct store *s, const char *function, size_t argc, struct text *argv, redis_done parse, struct store_op *op)
{
    CHECK(argc <= STORE_ARGS_MAX);
    argv[0] = TEXT_LITERAL("FCALL");
    argv[1] = text_of(function);
    argv[2] = TEXT_LITERAL("1");
    argv[3] = text_of(s->prefix);
    return store_send(s, argc, argv, parse, op);
}

int store_answer(int err, const struct redis_reply *reply)
{
    if (err) {
        if (err == ERR_STORE_REPLY) {
            struct text why = redis_reply_text(reply);
            log_event(LOG_ERROR, "store_reply", "why=\"%.*s\"", why.n > 200 ? 200 : (int)why.n, why.s ? why.s : "");
        }
        return err;
    }
    struct text word = redis_reply_text(redis_reply_at(reply, 0));
    if (text_is(word, "ok")) {
        return 0;
    }
    char name[32];
    int named = word.s && text_copy(word, name, sizeof name) == 0 ? err_from_name(name) : ERR_COUNT;
    return named == ERR_COUNT || named == 0 ? ERR_STORE_REPLY : named;
}

size_t words_split(struct text list, struct text *out, size_t max)
{
    size_t n = 0, at = 0;
    while (n < max && text_next_word(list, " ", &at, &out[n])) {
        n++;
    }
    return n;
}

/* --- the start of a connection: each step must succeed, else the whole is tried again ------------------------------------------------------------- */

static void start_over(struct store *s)
{
    s->steps = 0;
    if (!s->closing) {
        loop_timer_start(s->retry, STORE_RETRY_MS, 0);
    }
}

static void start_step(struct store *s, int err)
{
    if (s->steps == 0) {
        return; /* of an attempt that was given up */
    }
    if (err) {
        start_over(s);
        return;
    }
    if (--s->steps == 0 && !s->up) {
        s->known = s->up = true;
        s->told = false;
        s->changed(s->ctx, true);
    }
}

static void start_loaded(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct store *s = ctx;
    (void)t;
    if ((err == ERR_STORE_REPLY || err == ERR_STORE_REFUSED) && !s->told) {
        struct text why = redis_reply_text(reply);
        s->told = true;
        log_event(LOG_WARN, "store_start", "why=\"%.*s\" next=\"again every %d ms until it goes\"", why.n > 200 ? 200 : (int)why.n, why.s ? why.s : "",
                  STORE_RETRY_MS);
    }
    start_step(s, err);
}

static void start_epoch(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct store *s = ctx;
    (void)t;
    char epoch[32];
    err = err ? err : text_copy(redis_reply_text(reply), epoch, sizeof epoch) || epoch[0] == '\0' ? ERR_STORE_REPLY : 0;
    if (!err) {
        if (s->epoch[0] && strcmp(s->epoch, epoch) != 0) {
            log_event(LOG_WARN, "epoch_changed", "next=\"clients start over: data was lost or restored\"");
        }
        memcpy(s->epoch, epoch, sizeof epoch);
    }
    start_step(s, err);
}

static void start_secret(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    struct store *s = ctx;
    (void)t;
    struct text secret = redis_reply_text(reply);
    err = err ? err : secret.n != sizeof s->secret ? ERR_STORE_REPLY : 0;
    if (!err) {
        memcpy(s->secret, secret.s, sizeof s->secret);
    }
    start_step(s, err);
}

static void start(void *ctx)
{
    struct store *s = ctx;
    if (s->up || s->closing || redis_state_now(s->redis) != REDIS_UP) {
        return;
    }
    char epoch[ID_BYTES];
    unsigned char secret[32];
    id_make(epoch);
    random_bytes(secret, sizeof secret);
    struct text load[4] = {TEXT_LITERAL("FUNCTION"), TEXT_LITERAL("LOAD"), TEXT_LITERAL("REPLACE"), {(const char *)loket_lua, loket_lua_len}};
    struct text set_epoch[4] = {TEXT_LITERAL("SET"), TEXT_LITERAL("epoch"), text_of(epoch), TEXT_LITERAL("NX")};
    struct text get_epoch[2] = {TEXT_LITERAL("GET"), TEXT_LITERAL("epoch")};
    char key[STORE_KEY_BYTES];
    (void)snprintf(key, sizeof key, "%ssecret", s->prefix); /* fits. One for each organisation: a sign-in at one is none at another */
    struct text set_secret[4] = {TEXT_LITERAL("SET"), text_of(key), {(const char *)secret, sizeof secret}, TEXT_LITERAL("NX")};
    struct text get_secret[2] = {TEXT_LITERAL("GET"), text_of(key)};
    struct text adopt[4] = {TEXT_LITERAL("FCALL"), TEXT_LITERAL("loket_adopt"), TEXT_LITERAL("1"), text_of(s->prefix)};
    s->steps = 6;
    int err = redis_command(s->redis, 4, load, STORE_DEADLINE_MS, start_loaded, s, (struct ticket){0});
    err = err ? err : redis_command(s->redis, 4, adopt, STORE_ADOPT_MS, start_loaded, s, (struct ticket){0});
    err = err ? err : redis_command(s->redis, 4, set_epoch, STORE_DEADLINE_MS, start_loaded, s, (struct ticket){0});
    err = err ? err : redis_command(s->redis, 2, get_epoch, STORE_DEADLINE_MS, start_epoch, s, (struct ticket){0});
    err = err ? err : redis_command(s->redis, 4, set_secret, STORE_DEADLINE_MS, start_loaded, s, (struct ticket){0});
    err = err ? err : redis_command(s->redis, 2, get_secret, STORE_DEADLINE_MS, start_secret, s, (struct ticket){0});
    if (err) {
        start_over(s);
    }
}

static void redis_changed(void *ctx, enum redis_state state)
{
    struct store *s = ctx;
    if (state == REDIS_UP) {
        start(s);
    } else if (s->up) {
        s->up = false;
        s->steps = 0;
        s->changed(s->ctx, false);
    }
}

/* --- life --------------------------------------------------------------------------------------------------------------------------------------------- */

int store_open(struct loop *l, const struct store_config *c, void (*changed)(void *ctx, bool up), void *ctx, struct store **out)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_MEMORY;
    }
    s->loop = l;
    s->changed = changed;
    s->ctx = ctx;
    int n = snprintf(s->prefix, sizeof s->prefix, "{o:%s}:", c->organisation);
    int err = n > 0 && n < (int)sizeof s->prefix ? text_copy(text_of(c->node), s->node, sizeof s->node) : ERR_TOO_LARGE;
    err = err ? err : append_batch_new(s);
    err = err ? err : loop_timer_new(l, start, s, &s->retry);
    err = err ? err : c->redis_url ? text_copy(text_of(c->redis_url), s->url, sizeof s->url) : server_start(l, c, &s->server, s->url);
    err = err ? err : redis_open(l, s->url, redis_changed, s, &s->redis);
    if (err == ERR_BAD_CONFIG) {
        log_event(LOG_ERROR, "config", "key=redis.url remedy=\"write redis://[user:password@]host[:port][/db] or unix:///path\"");
    }
    if (err) {
        store_close(&s);
        return err;
    }
    *out = s;
    return 0;
}

void store_close(struct store **store)
{
    struct store *s = *store;
    if (!s) {
        return;
    }
    s->closing = true;
    append_batch_free(s);
    redis_close(&s->subscriber);
    redis_close(&s->redis);
    server_stop(&s->server);
    loop_timer_free(&s->retry);
    while (s->pool) {
        struct store_op *op = s->pool;
        s->pool = op->next;
        free(op);
    }
    free(s);
    *store = NULL;
}

bool store_is_up(const struct store *s)
{
    return s->up;
}

const char *store_epoch(const struct store *s)
{
    return s->epoch;
}

const unsigned char *store_secret(const struct store *s)
{
    return s->known ? s->secret : NULL;
}

const char *store_redis_url(const struct store *s)
{
    return s->url;
}
