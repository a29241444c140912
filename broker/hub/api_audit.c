/* /api/audit: who did what, newest first; and putting a setting back to what stood before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"

#define AUDIT_PAGE 50
#define AUDIT_PAGE_MAX 500

/* Settings are shown as what they are, anything else as a text. */
static json_t *audit_value(struct text action, struct text value)
{
    if (value.n == 0) {
        return json_null();
    }
    json_t *o = text_is(action, "setting") || text_is(action, "staff") ? json_loadb(value.s, value.n, 0, NULL) : NULL;
    return o ? o : api_text(value);
}

static json_t *audit_row(const struct text *e)
{
    uint64_t at_ms = 0;
    char at[API_TIME_BYTES];
    (void)!text_to_u64(e[1], &at_ms); /* written by us; else 1970 tells that something is wrong */
    api_time_write((int64_t)at_ms, at);
    return json_pack("{s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "id", api_text(e[0]), "at", at, "actor", api_text(e[2]), "action", api_text(e[3]), "what",
                     e[4].n > 0 ? api_text(e[4]) : json_null(), "before", audit_value(e[3], e[5]), "after", audit_value(e[3], e[6]));
}

static void audit_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct api_call *a = ctx;
    json_t *results = err ? NULL : json_array();
    if (err) {
        api_fail(a, err);
        return;
    }
    for (size_t i = 0; i + 6 < n; i += 7) {
        (void)json_array_append_new(results, audit_row(&texts[i])); /* short of memory: one less, and the answer fails */
    }
    json_t *next = n / 7 == t->a ? api_text(texts[n - 7]) : json_null();
    json_t *body = api_list(results);
    if (body) {
        (void)json_object_set_new(body, "next", next);
    }
    api_answer(a, 200, body, NULL);
}

/* MILLISECONDS-NUMBER, as Redis gives them. */
static bool audit_id_read(const char *id, uint64_t *ms, uint64_t *number)
{
    const char *dash = strchr(id, '-');
    return dash && text_to_u64((struct text){id, (size_t)(dash - id)}, ms) == 0 && text_to_u64(text_of(dash + 1), number) == 0;
}

void api_audit_list(struct api_call *a)
{
    char before[ID_MAX + 1] = "", limit[24];
    uint64_t max = AUDIT_PAGE, ms, number;
    if (!api_query_only(a, "before limit")) {
        return;
    }
    int err = api_query(a, "limit", limit, sizeof limit);
    if (err != ERR_NOT_FOUND && (err || text_to_u64(text_of(limit), &max) || max == 0 || max > AUDIT_PAGE_MAX)) {
        api_refuse(a, 400, "bad_field", "limit", "`limit` must be a whole number from 1 to %d", AUDIT_PAGE_MAX);
        return;
    }
    err = api_query(a, "before", before, sizeof before);
    if (err != ERR_NOT_FOUND && (err || !audit_id_read(before, &ms, &number))) {
        api_refuse(a, 400, "bad_field", "before", "`before` must be the `id` of an entry, or `next` of the page before");
        return;
    }
    err = store_audit_list(a->h->store, before[0] ? text_of(before) : (struct text){NULL, 0}, max, audit_listed, a, (struct ticket){.a = max});
    if (err) {
        api_fail(a, err);
    }
}

static void undo_found(void *ctx, const struct ticket *t, int err, const struct text *e, size_t n)
{
    struct api_call *a = ctx;
    (void)t;
    if (err) {
        api_fail(a, err);
    } else if (n < 7 || !text_is(e[0], a->id)) {
        api_refuse(a, 404, "not_found", NULL, "the audit has no entry `%s`", a->id);
    } else if (text_is(e[3], "setting")) {
        api_setting_undo(a, e[4], e[5], e[6]);
    } else if (text_is(e[3], "staff")) {
        api_agent_undo(a, e[4], e[5], e[6]);
    } else {
        api_refuse(a, 409, "bad_state", NULL, "only changes of settings and staff can be undone; this entry is a `%.*s`", TEXT_ARG(e[3]));
    }
}

void api_audit_undo(struct api_call *a)
{
    uint64_t ms, number;
    char before[ID_MAX + 1];
    if (!api_query_only(a, "")) {
        return;
    }
    if (!audit_id_read(a->id, &ms, &number) || number == UINT64_MAX) {
        api_refuse(a, 404, "not_found", NULL, "the audit has no entry `%s`", a->id);
        return;
    }
    (void)snprintf(before, sizeof before, "%llu-%llu", (unsigned long long)ms, (unsigned long long)number + 1); /* fits: 41 characters */
    int err = store_audit_list(a->h->store, text_of(before), 1, undo_found, a, (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}
