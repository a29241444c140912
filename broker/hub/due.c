/* What time brings: offers, wrap-ups, snoozes and hand-overs that end by themselves, and agents who stayed away too long. Looked at by the broker that routes; a look that
 * comes twice, or at two brokers at once, changes nothing twice: what is due is decided again on what is stored (change.c). */
#include "hub/hub_internal.h"

#define DUE_MAX 200

static void due_listed(void *ctx, const struct ticket *t, int err, const struct store_due *d)
{
    struct hub *h = ctx;
    (void)t;
    for (size_t i = 0; !err && i < d->conversations_n; i++) {
        struct change_request r = {.conversation = d->conversations[i], .due = true};
        (void)!change_conversation(h, &r, NULL, (struct ticket){0}); /* the next look finds it again */
    }
    for (size_t i = 0; !err && i < d->agents_n; i++) {
        staff_absent(h, d->agents[i]);
    }
}

void due_look(struct hub *h)
{
    if (h->up && !h->stopping && h->staff_known && node_fence(h)) {
        (void)!store_due_get(h->store, (uint64_t)loop_wall_ms(h->loop), DUE_MAX, due_listed, h, (struct ticket){0}); /* the next look */
    }
}
