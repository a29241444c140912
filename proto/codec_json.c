/* The JSON form (RFC 8259). Read with jansson, which refuses duplicates, trailing bytes and invalid UTF-8.
 * Written by codec_json_write.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/table.h"

void arena_json_drop(struct frame_arena *a);
void arena_json_drop(struct frame_arena *a)
{
    json_decref(a->json);
    a->json = NULL;
}

static struct text value_text(const json_t *v)
{
    return json_is_string(v) ? (struct text){json_string_value(v), json_string_length(v)} : (struct text){NULL, 0};
}

/* What one decode carries along. */
struct reader {
    struct frame_arena *arena;
    struct frame_fault *fault;
    bool strict; /* records by themselves: a field that is not known is at fault */
};

static int map_read(const json_t *o, const struct table_map *map, const struct reader *r, char *out);

static int item_read(const json_t *v, const struct table_field *f, const struct reader *r, char *item)
{
    struct text t = value_text(v);
    if (f->type == FIELD_LIST && json_is_object(v)) {
        return map_read(v, f->record, r, item);
    }
    int err = f->type == FIELD_WORDS && t.s ? table_text_check(t, f->word_bytes_max) : ERR_BAD_FIELD;
    if (err) {
        r->fault->remedy = table_need_item(f);
    } else {
        memcpy(item, &t, sizeof t);
    }
    return err;
}

static int list_read(const json_t *v, const struct table_field *f, const struct reader *r, char *out)
{
    size_t n = json_array_size(v), item = f->type == FIELD_LIST ? f->record->bytes : sizeof(struct text);
    if (!json_is_array(v) || n > f->max) {
        r->fault->remedy = table_need(f);
        return json_is_array(v) ? ERR_TOO_LARGE : ERR_BAD_FIELD;
    }
    char *items = n > 0 ? arena_take(r->arena, n * item) : NULL;
    if (n > 0 && !items) {
        r->fault->remedy = "is too much to be read at once";
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        int err = item_read(json_array_get(v, i), f, r, items + i * item);
        if (err) {
            table_fault_item(r->fault, i);
            return err;
        }
    }
    const void *p = items;
    memcpy(out + f->offset, &p, sizeof p);
    memcpy(out + f->offset_n, &n, sizeof n);
    return 0;
}

static int scalar_read(const json_t *v, const struct table_field *f, char *out)
{
    struct text t = value_text(v);
    json_int_t i = json_integer_value(v);
    uint64_t u = (uint64_t)i;
    int err;
    switch (f->type) {
    case FIELD_TEXT:
        err = t.s ? table_text_check(t, f->max) : ERR_BAD_FIELD;
        if (!err) {
            memcpy(out + f->offset, &t, sizeof t);
        }
        return err;
    case FIELD_UINT:
        if (!json_is_integer(v) || i < 0 || u > f->max) {
            return ERR_BAD_FIELD;
        }
        memcpy(out + f->offset, &u, sizeof u);
        return 0;
    default:
        if (!json_is_boolean(v)) {
            return ERR_BAD_FIELD;
        }
        *(bool *)(void *)(out + f->offset) = json_is_true(v);
        return 0;
    }
}

static int field_read(const json_t *v, const struct table_field *f, const struct reader *r, char *out)
{
    bool absent = !v || json_is_null(v);
    if (absent && !f->must) {
        return 0;
    }
    if (!absent && (f->type == FIELD_LIST || f->type == FIELD_WORDS)) {
        return list_read(v, f, r, out);
    }
    int err = absent ? ERR_BAD_FIELD : scalar_read(v, f, out);
    if (err) {
        r->fault->remedy = table_need(f);
    }
    return err;
}

static bool all_are_known(const json_t *o, const struct table_map *map, const struct reader *r)
{
    json_t *mutable = (json_t *)(uintptr_t)o; /* jansson's iterators know no const; nothing is changed */
    for (void *at = json_object_iter(mutable); at; at = json_object_iter_next(mutable, at)) {
        struct text name = text_of(json_object_iter_key(at));
        size_t hint = 0;
        if (!table_field_find(map, name, &hint)) {
            table_fault_unknown(r->fault, name, map);
            return false;
        }
    }
    return true;
}

static int map_read(const json_t *o, const struct table_map *map, const struct reader *r, char *out)
{
    if (json_object_size(o) > FRAME_FIELDS_MAX) {
        r->fault->remedy = "must have at most 64 fields";
        return ERR_BAD_FIELD;
    }
    if (r->strict && !all_are_known(o, map, r)) {
        return ERR_BAD_FIELD;
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        int err = field_read(json_object_get(o, f->name), f, r, out);
        if (err) {
            table_fault_step(r->fault, f);
            return err;
        }
    }
    return 0;
}

/* jansson reads recursively; its own limit (2048) is far above what a frame needs, so depth is looked at before. */
static bool is_too_deep(struct text in)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.s[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > FRAME_NEST_MAX) {
                return true;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

int codec_json_decode(struct text in, struct frame_arena *arena, enum frame_way way, struct frame *out, struct frame_fault *fault)
{
    json_error_t why;
    json_t *root = is_too_deep(in) ? NULL : json_loadb(in.s ? in.s : "", in.n, JSON_REJECT_DUPLICATES, &why);
    arena->json = root;
    if (!text_is_utf8(in)) {
        fault->remedy = "send UTF-8 (RFC 3629)";
        return ERR_BAD_UTF8;
    }
    if (!json_is_object(root) || json_object_size(root) > FRAME_FIELDS_MAX) {
        fault->remedy = "send one JSON object of at most 64 fields with a text `verb`, no NUL in texts, and nothing after it";
        return ERR_BAD_FRAME;
    }
    struct text name = value_text(json_object_get(root, "verb"));
    if (!name.s || table_text_check(name, WORD_MAX)) {
        fault->remedy = "the object needs a text `verb`";
        return ERR_BAD_FRAME;
    }
    fault->verb = name;
    struct text conversation = value_text(json_object_get(root, "conversation"));
    json_int_t counter = json_integer_value(json_object_get(root, "counter"));
    if (conversation.s && table_text_check(conversation, ID_MAX) == 0) {
        fault->conversation = conversation;
    }
    if (counter > 0 && (uint64_t)counter <= U53_MAX) {
        fault->counter = (uint64_t)counter;
    }
    enum frame_verb v = table_verb_find(name);
    if (v == VERB_NONE || !(table_verbs[v].way & (way == FRAME_UP ? TABLE_UP : TABLE_DOWN))) {
        fault->remedy = "PROTOCOL.md lists the verbs that a client sends";
        return ERR_UNKNOWN_VERB;
    }
    struct frame f = {.verb = v};
    int err = map_read(root, &table_verbs[v], &(struct reader){arena, fault, false}, (char *)&f.say);
    if (!err) {
        *out = f;
    }
    return err;
}

int codec_json_record_decode(const struct table_map *record, struct text in, struct frame_arena *arena, void *out, struct frame_fault *fault)
{
    static char where[128];
    json_error_t why = {.line = 0};
    json_t *root = is_too_deep(in) ? NULL : json_loadb(in.s ? in.s : "", in.n, JSON_REJECT_DUPLICATES, &why);
    arena->json = root;
    if (!text_is_utf8(in)) {
        fault->remedy = "send UTF-8 (RFC 3629)";
        return ERR_BAD_UTF8;
    }
    if (!json_is_object(root)) {
        (void)snprintf(where, sizeof where, "one JSON object (RFC 8259) is needed, no name in it twice%s", root ? "" : "; it cannot be read");
        if (!root && why.line > 0) {
            (void)snprintf(where + strlen(where), sizeof where - strlen(where), " at line %d, column %d", why.line, why.column);
        }
        fault->remedy = where;
        return ERR_BAD_FRAME;
    }
    char *made = arena_take(arena, record->bytes);
    if (!made) {
        fault->remedy = "too much to be read at once";
        return ERR_MEMORY;
    }
    int err = map_read(root, record, &(struct reader){arena, fault, true}, made);
    if (!err) {
        memcpy(out, made, record->bytes);
    }
    return err;
}
