#include "hub/alarm_list.h"

#include <stdlib.h>
#include <string.h>

const char *alarm_kind_name(enum alarm_kind k)
{
    static const char *const names[ALARM_KINDS] = {
        [ALARM_LEVEL] = "level", [ALARM_NOBODY] = "nobody", [ALARM_OLD] = "old", [ALARM_MISSED] = "missed", [ALARM_STUCK] = "stuck"};
    return names[k];
}

static bool is_same(const struct alarm *a, const struct alarm *b)
{
    return strcmp(a->conversation, b->conversation) == 0 && strcmp(a->queue, b->queue) == 0 && strcmp(a->agent, b->agent) == 0 &&
           strcmp(a->target ? a->target : "", b->target ? b->target : "") == 0;
}

/* The same alarm in the last round; NULL: there was none. */
static const struct alarm *known(const struct alarm_list *l, const struct alarm *a)
{
    for (size_t i = 0; i < l->n[l->last][a->kind]; i++) {
        if (is_same(&l->alarms[l->last][a->kind][i], a)) {
            return &l->alarms[l->last][a->kind][i];
        }
    }
    return NULL;
}

void alarm_list_begin(struct alarm_list *l)
{
    memset(l->n[!l->last], 0, sizeof l->n[0]);
}

void alarm_list_raise(struct alarm_list *l, const struct alarm *a, uint64_t now_ms)
{
    struct alarm *of_kind = l->alarms[!l->last][a->kind];
    size_t *n = &l->n[!l->last][a->kind];
    uint64_t since = a->since_ms;
    if (since == 0) {
        const struct alarm *before = known(l, a);
        since = before ? before->since_ms : now_ms;
    }
    size_t at = *n;
    while (at > 0 && of_kind[at - 1].since_ms > since) {
        at--;
    }
    if (at == ALARM_KIND_MAX) {
        return;
    }
    *n += *n < ALARM_KIND_MAX;
    memmove(&of_kind[at + 1], &of_kind[at], (*n - at - 1) * sizeof *of_kind);
    of_kind[at] = *a;
    of_kind[at].since_ms = since;
}

void alarm_list_end(struct alarm_list *l, void (*began)(void *ctx, const struct alarm *a), void *ctx)
{
    unsigned now = !l->last;
    for (int k = 0; k < ALARM_KINDS && began; k++) {
        for (size_t i = 0; i < l->n[now][k]; i++) {
            if (!known(l, &l->alarms[now][k][i])) {
                began(ctx, &l->alarms[now][k][i]);
            }
        }
    }
    l->last = now;
}

void alarm_list_clear(struct alarm_list *l)
{
    memset(l->n, 0, sizeof l->n);
}

static struct text maybe(const char *s)
{
    return s && s[0] ? text_of(s) : (struct text){NULL, 0};
}

static int age_order(const void *a_, const void *b_)
{
    const struct frame_alarm *a = a_, *b = b_;
    return (a->since > b->since) - (a->since < b->since);
}

size_t alarm_list_show(const struct alarm_list *l, struct frame_alarm out[ALARMS_MAX])
{
    size_t n = 0;
    for (int k = 0; k < ALARM_KINDS; k++) {
        for (size_t i = 0; i < l->n[l->last][k]; i++) {
            const struct alarm *a = &l->alarms[l->last][k][i];
            out[n++] = (struct frame_alarm){.kind = text_of(alarm_kind_name(a->kind)), .since = a->since_ms, .queue = maybe(a->queue),
                                            .conversation = maybe(a->conversation), .agent = maybe(a->agent), .target = maybe(a->target),
                                            .due_at = a->due_ms};
        }
    }
    qsort(out, n, sizeof *out, age_order);
    return n;
}
