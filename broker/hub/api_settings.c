/* Changing /api/queues and /api/routing: read what there is, check the change beside it, write it over what was seen. Undoing is the same with what
 * stood there before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"

struct setting_change {
    char name[sizeof RULES_QUEUE + ID_MAX]; /* "queue:ID", "routing" */
    struct buf json;                        /* to store; empty: to remove */
    struct buf seen;                        /* what stood there; empty: nothing */
    struct api_pairs settings;              /* while the staff is read */
    struct buf expected;                    /* to undo: what must still stand there */
    bool created, undo;
};

static void change_free(void *state)
{
    struct setting_change *c = state;
    buf_done(&c->json);
    buf_done(&c->seen);
    buf_done(&c->expected);
    api_pairs_done(&c->settings);
    free(c);
}

/* --- changing ------------------------------------------------------------------------------------------------------------------------------ */

static struct setting_change *change_new(struct api_call *a, const char *prefix, const char *id)
{
    struct setting_change *c = calloc(1, sizeof *c);
    if (c) {
        (void)snprintf(c->name, sizeof c->name, "%s%s", prefix, id); /* fits */
        buf_init(&c->json, SETTINGS_BYTES_MAX);
        buf_init(&c->seen, SETTINGS_BYTES_MAX);
        buf_init(&c->expected, SETTINGS_BYTES_MAX);
        a->state = c;
        a->state_free = change_free;
    }
    return c;
}

static void change_written(void *ctx, const struct ticket *t, int err)
{
    struct api_call *a = ctx;
    struct setting_change *c = a->state;
    (void)t;
    if (err == ERR_BAD_STATE) {
        api_refuse(a, 409, "bad_state", NULL, "somebody waits in the queue `%s` or is helped there; it can go when all of that is done", a->id);
    } else if (err) {
        api_fail(a, err);
    } else {
        log_event(LOG_INFO, "setting_changed", "setting=%s by=%s", c->name, a->actor);
        if (c->json.len == 0) {
            api_answer_empty(a);
        } else {
            api_answer_json(a, c->created ? 201 : 200, buf_text(&c->json));
        }
    }
}

/* With If-Match, and to undo, only over what was seen; else the last one wins, and the audit shows both. */
static void change_write(struct api_call *a)
{
    struct setting_change *c = a->state;
    struct store_author by = api_author(a);
    struct text seen = {NULL, 0};
    if (c->undo && !text_equal(buf_text(&c->seen), buf_text(&c->expected))) {
        api_fail(a, ERR_STALE);
        return;
    }
    if (c->undo || a->must_match || a->must_be_new) {
        seen = c->seen.len > 0 ? buf_text(&c->seen) : TEXT_LITERAL("");
    }
    int err = store_setting_put(a->h->store, text_of(c->name), c->json.len > 0 ? buf_text(&c->json) : TEXT_LITERAL(""), seen, &by, change_written, a,
                                (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}

static void queue_put(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    struct setting_change *c = a->state;
    struct rules r = api_rules_of(a, settings, n);
    struct frame_fault fault;
    char etag[API_ETAG_BYTES];
    struct buf shown;
    (void)t;
    if (err) {
        api_fail(a, err);
        return;
    }
    const struct text *stored = api_find(settings, n, text_of(c->name));
    buf_init(&shown, SETTINGS_BYTES_MAX);
    int there = rules_queue_json(&r, text_of(a->id), &shown);
    api_etag(buf_text(&shown), etag);
    buf_done(&shown);
    c->created = there == ERR_NOT_FOUND;
    if ((err = rules_queue(&r, text_of(a->id), buf_text(&a->body), &c->json, &fault)) || (err = stored ? buf_add_text(&c->seen, *stored) : 0)) {
        api_refuse_fault(a, err, &fault);
    } else if (api_match(a, there ? NULL : etag)) {
        change_write(a);
    }
}

void api_queue_put(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    if (change_new(a, RULES_QUEUE, a->id)) {
        api_settings_read(a, queue_put);
    } else {
        api_fail(a, ERR_MEMORY);
    }
}

static void routing_put(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    struct setting_change *c = a->state;
    struct frame_fault fault;
    char etag[API_ETAG_BYTES];
    (void)t;
    if (err) {
        api_fail(a, err);
        return;
    }
    const struct text *stored = api_find(settings, n, TEXT_LITERAL("routing"));
    api_etag(stored ? *stored : TEXT_LITERAL("{}"), etag);
    if ((err = rules_routing(buf_text(&a->body), &c->json, &fault)) || (err = stored ? buf_add_text(&c->seen, *stored) : 0)) {
        api_refuse_fault(a, err, &fault);
    } else if (api_match(a, etag)) {
        change_write(a);
    }
}

void api_routing_put(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    if (change_new(a, "routing", "")) {
        api_settings_read(a, routing_put);
    } else {
        api_fail(a, ERR_MEMORY);
    }
}

/* --- removing: the staff is asked, too ------------------------------------------------------------------------------------------------------- */

static void queue_staff(void *ctx, const struct ticket *t, int err, const struct text *staff, size_t n)
{
    struct api_call *a = ctx;
    struct setting_change *c = a->state;
    struct rules r = api_rules_of(a, c->settings.texts, c->settings.n);
    struct frame_fault fault = {.remedy = ""};
    char etag[API_ETAG_BYTES];
    (void)t;
    r.staff = staff;
    r.staff_n = n;
    if (err) {
        api_fail(a, err);
        return;
    }
    err = rules_queue_remove(&r, text_of(a->id), &fault);
    api_etag(buf_text(&c->seen), etag);
    if (err == ERR_NOT_FOUND) {
        api_refuse(a, 404, "not_found", NULL, "there is no queue `%s`", a->id);
    } else if (err) {
        api_refuse_fault(a, err, &fault);
    } else if (api_match(a, etag)) {
        change_write(a);
    }
}

static void queue_delete(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    struct setting_change *c = a->state;
    const struct text *stored = err ? NULL : api_find(settings, n, text_of(c->name));
    struct rules file = api_rules_of(a, NULL, 0);
    if (!err && c->undo && rules_queue_in_file(&file, text_of(a->id))) {
        /* The first change of a queue of the broker's file: what the file says is what stood there. */
        err = rules_queue_json(&file, text_of(a->id), &a->body);
        queue_put(a, t, err, settings, n);
        return;
    }
    err = err ? err : api_pairs_keep(&c->settings, settings, n);
    err = err ? err : stored ? buf_add_text(&c->seen, *stored) : 0;
    err = err ? err : store_staff_list(a->h->store, queue_staff, a, (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}

void api_queue_delete(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    if (change_new(a, RULES_QUEUE, a->id)) {
        api_settings_read(a, queue_delete);
    } else {
        api_fail(a, ERR_MEMORY);
    }
}

/* --- undoing ------------------------------------------------------------------------------------------------------------------------------- */

void api_setting_undo(struct api_call *a, struct text name, struct text before, struct text after)
{
    const size_t prefix = sizeof RULES_QUEUE - 1;
    bool routing = text_is(name, "routing"), queue = name.n > prefix && memcmp(name.s, RULES_QUEUE, prefix) == 0;
    struct text id = queue ? (struct text){name.s + prefix, name.n - prefix} : TEXT_LITERAL("");
    if ((!routing && !queue) || text_copy(id, a->id, sizeof a->id)) {
        api_refuse(a, 409, "bad_state", NULL, "that kind of entry cannot be undone");
        return;
    }
    if (routing && before.n == 0) {
        before = TEXT_LITERAL("{}"); /* nobody had set it: every default */
    }
    struct setting_change *c = change_new(a, routing ? "routing" : RULES_QUEUE, a->id);
    int err = c ? 0 : ERR_MEMORY;
    if (!err) {
        c->undo = true;
        buf_clear(&a->body);
        err = buf_add_text(&c->expected, after);
        err = err ? err : buf_add_text(&a->body, before);
    }
    if (err) {
        api_fail(a, err);
    } else {
        api_settings_read(a, routing ? routing_put : before.n > 0 ? queue_put : queue_delete);
    }
}
