/* What brokers tell each other through Redis. */
#include <stdio.h>
#include <string.h>

#include "store/store_internal.h"

static void heard(void *ctx, struct text channel, struct text payload)
{
    struct store *s = ctx;
    size_t n = strlen(s->prefix);
    const char *what = channel.n > n && strncmp(channel.s, s->prefix, n) == 0 ? channel.s + n : channel.n == 0 ? "back" : "";
    char word[16 + ID_ROOM];
    if (text_copy(text_of(what), word, sizeof word) == 0) {
        s->message(s->message_ctx, strncmp(word, "node:", 5) == 0 ? "node" : word, payload);
    }
}

int store_listen(struct store *s, void (*message)(void *ctx, const char *what, struct text payload), void *ctx)
{
    static const char *const names[] = {"staff", "settings", "revoked", "changed", "presence"};
    enum { NAMES = sizeof names / sizeof names[0] };
    char keys[NAMES + 1][STORE_KEY_BYTES];
    const char *channels[NAMES + 1];
    for (size_t i = 0; i < NAMES; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "%s%s", s->prefix, names[i]);
        channels[i] = keys[i];
    }
    (void)snprintf(keys[NAMES], sizeof keys[NAMES], "%snode:%s", s->prefix, s->node);
    channels[NAMES] = keys[NAMES];
    s->message = message;
    s->message_ctx = ctx;
    return redis_subscribe(s->loop, s->url, channels, NAMES + 1, heard, s, &s->subscriber);
}

static void published(void *ctx, const struct ticket *t, int err, const struct redis_reply *reply)
{
    (void)ctx;
    (void)t;
    (void)err; /* best effort: the log is the truth */
    (void)reply;
}

int store_publish(struct store *s, struct text node, struct text payload)
{
    char channel[STORE_KEY_BYTES];
    (void)snprintf(channel, sizeof channel, "%snode:%.*s", s->prefix, TEXT_ARG(node)); /* a longer one is nobody's */
    struct text argv[3] = {TEXT_LITERAL("PUBLISH"), text_of(channel), payload};
    return redis_command(s->redis, 3, argv, STORE_DEADLINE_MS, published, s, (struct ticket){0});
}
