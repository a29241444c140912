/* PUT /api/agents/{id}/presence: as `set_presence` on the wire. */
#include <string.h>

#include "hub/api.h"

/* Asked after the presence was written, on the same connection: what the store says by now. */
static void presence_written(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct api_call *a = ctx;
    (void)t;
    for (size_t i = 0; !err && i < v->agents_n; i++) {
        if (text_is(v->agents[i].id, a->id) && text_equal(v->agents[i].presence, buf_text(&a->body))) {
            api_answer(a, 200, json_pack("{s:o}", "presence", api_text(v->agents[i].presence)), NULL);
            return;
        }
    }
    api_fail(a, err ? err : ERR_STORE_REFUSED);
}

static int presence_read(struct api_call *a)
{
    json_t *o = json_loadb(a->body.data ? a->body.data : "", a->body.len, JSON_REJECT_DUPLICATES, NULL);
    struct text value = text_of(json_string_value(json_object_get(o, "presence")));
    char presence[WORD_MAX + 1];
    int err = !value.s || json_object_size(o) != 1 || text_copy(value, presence, sizeof presence) ? ERR_BAD_FIELD : 0;
    json_decref(o);
    buf_clear(&a->body);
    return err ? err : buf_add_z(&a->body, presence);
}

void api_presence_put(struct api_call *a)
{
    struct hub *h = a->h;
    struct colleague *c = map_get(&h->colleagues, text_of(a->id));
    const struct colleague *by = map_get(&h->colleagues, text_of(a->actor));
    if (!api_query_only(a, "")) {
        return;
    }
    if (!c || c->gone || c->role != AGENT) {
        api_refuse(a, 404, "not_found", NULL, "there is no agent `%s`", a->id);
    } else if (presence_read(a)) {
        api_refuse(a, 400, "bad_field", "presence", "send {\"presence\":\"…\"} and nothing else");
    } else if (!policy_presence_is_known(h->policy, buf_text(&a->body))) {
        api_refuse(a, 400, "bad_field", "presence",
                   "`presence` must be available, busy, break, wrap_up, offline or one of the organisation's own (GET /api/routing, `statuses`)");
    } else {
        audit_write(h, by, "set_presence", text_of(a->id), buf_text(&a->body));
        colleague_presence(h, c, buf_text(&a->body), 0, VERB_set_presence);
        int err = store_view_get(h->store, NULL, 0, 0, presence_written, a, (struct ticket){0});
        if (err) {
            api_fail(a, err);
        }
    }
}
