/* Who did what: one line in the store's audit. */
#include "hub/hub_internal.h"

static void audit_written(void *ctx, const struct ticket *t, int err)
{
    (void)ctx;
    (void)t;
    if (err) {
        log_event(LOG_ERROR, "audit_lost", "why=\"%s\"", err_text(err));
    }
}

void audit_write(struct hub *h, const struct colleague *by, const char *action, struct text what, struct text after)
{
    struct store_author author = {.actor = text_of(by->id), .now_ms = (uint64_t)loop_wall_ms(h->loop), .after = after};
    int err = store_audit(h->store, &author, text_of(action), what, audit_written, h, (struct ticket){0});
    if (err) {
        audit_written(h, NULL, err);
    }
}
