/* The JSON form (RFC 8259). Read with jansson, which refuses duplicates, trailing bytes and invalid UTF-8; written straight into the buffer. */
#include <jansson.h>
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

static int map_read(const json_t *o, const struct table_map *map, struct frame_arena *arena, char *out, const struct table_field **at);

static int list_read(const json_t *v, const struct table_field *f, struct frame_arena *arena, char *out)
{
    if (!json_is_array(v)) {
        return ERR_BAD_FIELD;
    }
    size_t n = json_array_size(v), item = f->type == FIELD_LIST ? f->record->bytes : sizeof(struct text);
    if (n > f->max) {
        return ERR_TOO_LARGE;
    }
    char *items = n > 0 ? arena_take(arena, n * item) : NULL;
    if (n > 0 && !items) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(v, i);
        const struct table_field *inner;
        struct text t = value_text(e);
        int err = f->type == FIELD_LIST ? map_read(e, f->record, arena, items + i * item, &inner)
                  : t.s                 ? table_text_check(t, f->word_bytes_max)
                                        : ERR_BAD_FIELD;
        if (err) {
            return err;
        }
        if (f->type == FIELD_WORDS) {
            memcpy(items + i * item, &t, sizeof t);
        }
    }
    const void *p = items;
    memcpy(out + f->offset, &p, sizeof p);
    memcpy(out + f->offset_n, &n, sizeof n);
    return 0;
}

static int field_read(const json_t *v, const struct table_field *f, struct frame_arena *arena, char *out)
{
    struct text t;
    uint64_t u;
    int err;
    switch (f->type) {
    case FIELD_TEXT:
        t = value_text(v);
        err = t.s ? table_text_check(t, f->max) : ERR_BAD_FIELD;
        if (!err) {
            memcpy(out + f->offset, &t, sizeof t);
        }
        return err;
    case FIELD_UINT:
        if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > f->max) {
            return ERR_BAD_FIELD;
        }
        u = (uint64_t)json_integer_value(v);
        memcpy(out + f->offset, &u, sizeof u);
        return 0;
    case FIELD_BOOL:
        if (!json_is_boolean(v)) {
            return ERR_BAD_FIELD;
        }
        *(bool *)(void *)(out + f->offset) = json_is_true(v);
        return 0;
    default:
        return list_read(v, f, arena, out);
    }
}

static int map_read(const json_t *o, const struct table_map *map, struct frame_arena *arena, char *out, const struct table_field **at)
{
    *at = NULL;
    if (!json_is_object(o) || json_object_size(o) > FRAME_FIELDS_MAX) {
        return ERR_BAD_FIELD;
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        const json_t *v = json_object_get(o, f->name);
        bool absent = !v || json_is_null(v);
        int err = absent ? (f->must ? ERR_BAD_FIELD : 0) : field_read(v, f, arena, out);
        if (err) {
            *at = f;
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
    const struct table_field *wrong;
    int err = map_read(root, &table_verbs[v], arena, (char *)&f.say, &wrong);
    if (err) {
        fault->field = wrong ? wrong->name : NULL;
        fault->remedy = wrong ? table_remedy(wrong) : "an object of at most 64 fields was expected";
        return err;
    }
    *out = f;
    return 0;
}

/* --- writing ------------------------------------------------------------ */

/* RFC 8259, section 7: quotation mark, reverse solidus and controls are escaped; everything else is written as it is. */
static int text_write(struct text t, struct buf *out)
{
    int err = buf_add_byte(out, '"');
    size_t from = 0;
    for (size_t i = 0; !err && i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        err = buf_add(out, t.s + from, i - from);
        from = i + 1;
        if (err) {
            break;
        }
        err = c == '"'    ? buf_add_z(out, "\\\"")
              : c == '\\' ? buf_add_z(out, "\\\\")
              : c == '\n' ? buf_add_z(out, "\\n")
                          : buf_addf(out, "\\u%04x", c);
    }
    err = err ? err : buf_add(out, t.s ? t.s + from : "", t.n - from);
    return err ? err : buf_add_byte(out, '"');
}

static int map_write(const char *verb, const struct table_map *map, const char *in, struct buf *out);

static int value_write(const struct table_field *f, const char *in, struct buf *out)
{
    struct text t;
    uint64_t u;
    const char *items;
    size_t n;
    int err;
    switch (f->type) {
    case FIELD_TEXT:
        memcpy(&t, in + f->offset, sizeof t);
        return text_write(t, out);
    case FIELD_UINT:
        memcpy(&u, in + f->offset, sizeof u);
        return buf_addf(out, "%llu", (unsigned long long)u);
    case FIELD_BOOL:
        return buf_add_z(out, *(const bool *)(const void *)(in + f->offset) ? "true" : "false");
    default:
        memcpy(&items, in + f->offset, sizeof items);
        memcpy(&n, in + f->offset_n, sizeof n);
        err = buf_add_byte(out, '[');
        for (size_t i = 0; !err && i < n; i++) {
            err = i > 0 ? buf_add_byte(out, ',') : 0;
            if (!err && f->type == FIELD_WORDS) {
                memcpy(&t, items + i * sizeof t, sizeof t);
                err = text_write(t, out);
            } else if (!err) {
                err = map_write(NULL, f->record, items + i * f->record->bytes, out);
            }
        }
        return err ? err : buf_add_byte(out, ']');
    }
}

static bool field_is_written(const struct table_field *f, const char *in)
{
    struct text t;
    uint64_t u;
    size_t n;
    switch (f->type) {
    case FIELD_TEXT:
        memcpy(&t, in + f->offset, sizeof t);
        return f->must || t.s != NULL;
    case FIELD_UINT:
        memcpy(&u, in + f->offset, sizeof u);
        return f->must || u != 0;
    case FIELD_BOOL:
        return f->must || *(const bool *)(const void *)(in + f->offset);
    default:
        memcpy(&n, in + f->offset_n, sizeof n);
        return f->must || n > 0;
    }
}

static int map_write(const char *verb, const struct table_map *map, const char *in, struct buf *out)
{
    int err = verb ? buf_addf(out, "{\"verb\":\"%s\"", verb) : buf_add_byte(out, '{');
    bool first = !verb;
    for (size_t i = 0; !err && i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        if (field_is_written(f, in)) {
            err = buf_addf(out, "%s\"%s\":", first ? "" : ",", f->name);
            err = err ? err : value_write(f, in, out);
            first = false;
        }
    }
    return err ? err : buf_add_byte(out, '}');
}

int codec_json_encode(const struct frame *f, struct buf *out)
{
    return map_write(table_verbs[f->verb].name, &table_verbs[f->verb], (const char *)&f->say, out);
}
