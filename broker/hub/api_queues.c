/* Reading /api/queues and /api/routing: from the store each time, so that what is answered is what is stored, whichever broker is asked. */
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"

struct rules api_rules_of(const struct api_call *a, const struct text *settings, size_t n)
{
    return (struct rules){.file = a->h->config->queues, .file_n = a->h->config->queues_n, .settings = settings, .settings_n = n};
}

int api_pairs_keep(struct api_pairs *p, const struct text *texts, size_t n)
{
    size_t bytes = 1, at = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += texts[i].n;
    }
    buf_init(&p->room, bytes);
    p->texts = calloc(n + 1, sizeof *p->texts);
    int err = p->texts ? buf_reserve(&p->room, bytes - 1) : ERR_MEMORY;
    for (size_t i = 0; !err && i < n; i++) {
        err = buf_add_text(&p->room, texts[i]);
    }
    for (size_t i = 0; !err && i < n; i++) {
        p->texts[i] = (struct text){p->room.data + at, texts[i].n};
        at += texts[i].n;
    }
    p->n = err ? 0 : n;
    return err;
}

void api_pairs_done(struct api_pairs *p)
{
    buf_done(&p->room);
    free(p->texts);
}

static int queue_row(const struct rules *r, struct text id, json_t *results)
{
    struct buf json;
    char etag[API_ETAG_BYTES];
    buf_init(&json, SETTINGS_BYTES_MAX);
    int err = rules_queue_json(r, id, &json);
    if (!err) {
        api_etag(buf_text(&json), etag);
        json_t *set = json_loadb(json.data, json.len, 0, NULL); /* what cannot be read is shown as null; the log says why */
        json_t *row = json_pack("{s:o,s:b,s:s,s:o}", "id", api_text(id), "in_file", rules_queue_in_file(r, id), "etag", etag, "settings",
                                set ? set : json_null());
        err = json_array_append_new(results, row) ? ERR_MEMORY : 0;
    }
    buf_done(&json);
    return err;
}

static void queues_listed(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    const size_t prefix = sizeof RULES_QUEUE - 1;
    (void)t;
    if (err) {
        api_fail(a, err);
        return;
    }
    struct rules r = api_rules_of(a, settings, n);
    json_t *results = json_array();
    for (size_t i = 0; !err && i < r.file_n; i++) {
        err = queue_row(&r, text_of(r.file[i].id), results);
    }
    for (size_t i = 0; !err && i + 1 < n; i += 2) {
        struct text id = {settings[i].s + prefix, settings[i].n - prefix};
        if (settings[i].n > prefix && memcmp(settings[i].s, RULES_QUEUE, prefix) == 0 && !rules_queue_in_file(&r, id)) {
            err = queue_row(&r, id, results);
        }
    }
    if (err) {
        json_decref(results);
        api_fail(a, err);
    } else {
        api_answer(a, 200, api_list(results), NULL);
    }
}

void api_settings_read(struct api_call *a, store_texts_done done)
{
    int err = store_settings_list(a->h->store, done, a, (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}

void api_queue_list(struct api_call *a)
{
    if (api_query_only(a, "")) {
        api_settings_read(a, queues_listed);
    }
}

void api_answer_json(struct api_call *a, int status, struct text json)
{
    char etag[API_ETAG_BYTES];
    api_etag(json, etag);
    api_answer_text(a, status, "application/json", json, etag);
}

static void queue_got(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    struct rules r = api_rules_of(a, settings, n);
    struct buf json;
    (void)t;
    buf_init(&json, SETTINGS_BYTES_MAX);
    if (err) {
        api_fail(a, err);
    } else if ((err = rules_queue_json(&r, text_of(a->id), &json)) == ERR_NOT_FOUND) {
        api_refuse(a, 404, "not_found", NULL, "there is no queue `%s`", a->id);
    } else if (err) {
        api_fail(a, err);
    } else {
        api_answer_json(a, 200, buf_text(&json));
    }
    buf_done(&json);
}

void api_queue_get(struct api_call *a)
{
    if (api_query_only(a, "")) {
        api_settings_read(a, queue_got);
    }
}

static void routing_got(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    const struct text *json = err ? NULL : api_find(settings, n, TEXT_LITERAL("routing"));
    (void)t;
    if (err) {
        api_fail(a, err);
    } else {
        api_answer_json(a, 200, json ? *json : TEXT_LITERAL("{}"));
    }
}

void api_routing_get(struct api_call *a)
{
    if (api_query_only(a, "")) {
        api_settings_read(a, routing_got);
    }
}
