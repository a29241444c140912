/* The msgpack form, read with msgpack-c's parser into its zone; texts stay in the input. Written by codec_msgpack_write.c. */
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "proto/table.h"

#define ZONE_CHUNK_BYTES 8192

void arena_json_drop(struct frame_arena *a); /* codec_json.c */

void arena_clear(struct frame_arena *a)
{
    a->used = 0;
    if (a->zone) {
        msgpack_zone_clear(a->zone);
    }
    arena_json_drop(a);
}

void frame_arena_free(struct frame_arena **arena)
{
    struct frame_arena *a = *arena;
    if (a) {
        if (a->zone) {
            msgpack_zone_free(a->zone);
        }
        arena_json_drop(a);
        free(a->data);
        free(a);
        *arena = NULL;
    }
}

static struct text object_text(const msgpack_object *o)
{
    return o->type == MSGPACK_OBJECT_STR ? (struct text){o->via.str.ptr ? o->via.str.ptr : "", o->via.str.size} : (struct text){NULL, 0};
}

/* What one decode carries along. */
struct reader {
    struct frame_arena *arena;
    struct frame_fault *fault;
};

static int map_read(const msgpack_object *o, const struct table_map *map, const struct reader *r, char *out);

static int item_read(const msgpack_object *o, const struct table_field *f, const struct reader *r, char *item)
{
    struct text t = object_text(o);
    if (f->type == FIELD_LIST && o->type == MSGPACK_OBJECT_MAP) {
        return map_read(o, f->record, r, item);
    }
    int err = f->type == FIELD_WORDS && t.s ? table_text_check(t, f->word_bytes_max) : ERR_BAD_FIELD;
    if (err) {
        r->fault->remedy = table_need_item(f);
    } else {
        memcpy(item, &t, sizeof t);
    }
    return err;
}

static int list_read(const msgpack_object *o, const struct table_field *f, const struct reader *r, char *out)
{
    bool is_list = o->type == MSGPACK_OBJECT_ARRAY;
    size_t n = is_list ? o->via.array.size : 0, item = f->type == FIELD_LIST ? f->record->bytes : sizeof(struct text);
    if (!is_list || n > f->max) {
        r->fault->remedy = table_need(f);
        return is_list ? ERR_TOO_LARGE : ERR_BAD_FIELD;
    }
    char *items = n > 0 ? arena_take(r->arena, n * item) : NULL;
    if (n > 0 && !items) {
        r->fault->remedy = "is too much to be read at once";
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        int err = item_read(&o->via.array.ptr[i], f, r, items + i * item);
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

static int scalar_read(const msgpack_object *o, const struct table_field *f, char *out)
{
    struct text t = object_text(o);
    int err;
    switch (f->type) {
    case FIELD_TEXT:
        err = t.s ? table_text_check(t, f->max) : ERR_BAD_FIELD;
        if (!err) {
            memcpy(out + f->offset, &t, sizeof t);
        }
        return err;
    case FIELD_UINT:
        if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > f->max) {
            return ERR_BAD_FIELD;
        }
        memcpy(out + f->offset, &o->via.u64, sizeof o->via.u64);
        return 0;
    default:
        if (o->type != MSGPACK_OBJECT_BOOLEAN) {
            return ERR_BAD_FIELD;
        }
        *(bool *)(void *)(out + f->offset) = o->via.boolean;
        return 0;
    }
}

static int field_read(const msgpack_object *o, const struct table_field *f, const struct reader *r, char *out)
{
    if (f->type == FIELD_LIST || f->type == FIELD_WORDS) {
        return list_read(o, f, r, out);
    }
    int err = scalar_read(o, f, out);
    if (err) {
        r->fault->remedy = table_need(f);
    }
    return err;
}

static int field_wrong(const struct table_field *f, const struct reader *r, const char *need)
{
    r->fault->remedy = need;
    table_fault_step(r->fault, f);
    return ERR_BAD_FIELD;
}

/* Fields by name; unknown ones are passed over. A field sent twice, or absent though needed, is at fault. */
static int map_read(const msgpack_object *o, const struct table_map *map, const struct reader *r, char *out)
{
    if (o->via.map.size > FRAME_FIELDS_MAX) {
        r->fault->remedy = "must have at most 64 fields";
        return ERR_BAD_FIELD;
    }
    uint64_t seen = 0, absent = 0;
    size_t hint = 0;
    for (size_t i = 0; i < o->via.map.size && map->fields_n > 0; i++) {
        const msgpack_object_kv *kv = &o->via.map.ptr[i];
        const struct table_field *f = table_field_find(map, object_text(&kv->key), &hint);
        if (!f) {
            continue;
        }
        uint64_t bit = 1ull << (f - map->fields);
        if (seen & bit) {
            return field_wrong(f, r, "must come once");
        }
        seen |= bit;
        if (kv->val.type == MSGPACK_OBJECT_NIL) { /* says absent */
            absent |= bit;
            continue;
        }
        int err = field_read(&kv->val, f, r, out);
        if (err) {
            table_fault_step(r->fault, f);
            return err;
        }
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        if (map->fields[i].must && !(seen & ~absent & (1ull << i))) {
            return field_wrong(&map->fields[i], r, table_need(&map->fields[i]));
        }
    }
    return 0;
}

/* The first value under @key; *times says how often it is there. */
static const msgpack_object *map_get_object(const msgpack_object *o, const char *key, size_t *times)
{
    const msgpack_object *first = NULL;
    *times = 0;
    for (size_t i = 0; i < o->via.map.size; i++) {
        if (text_is(object_text(&o->via.map.ptr[i].key), key)) {
            first = first ? first : &o->via.map.ptr[i].val;
            ++*times;
        }
    }
    return first;
}

static void fault_match(const msgpack_object *root, struct frame_fault *fault)
{
    size_t times;
    const msgpack_object *c = map_get_object(root, "conversation", &times), *n = map_get_object(root, "counter", &times);
    if (c && table_text_check(object_text(c), ID_MAX) == 0) {
        fault->conversation = object_text(c);
    }
    if (n && n->type == MSGPACK_OBJECT_POSITIVE_INTEGER && n->via.u64 <= U53_MAX) {
        fault->counter = n->via.u64;
    }
}

int codec_msgpack_decode(struct text in, struct frame_arena *arena, enum frame_way way, struct frame *out, struct frame_fault *fault)
{
    if (!arena->zone) {
        arena->zone = msgpack_zone_new(ZONE_CHUNK_BYTES);
        if (!arena->zone) {
            return ERR_MEMORY;
        }
    }
    msgpack_object root = {.type = MSGPACK_OBJECT_NIL};
    size_t at = 0;
    msgpack_unpack_return got = shape_msgpack_is_sound(in) ? msgpack_unpack(in.s, in.n, &at, arena->zone, &root) : MSGPACK_UNPACK_PARSE_ERROR;
    if (got == MSGPACK_UNPACK_NOMEM_ERROR) {
        return ERR_MEMORY;
    }
    if (got != MSGPACK_UNPACK_SUCCESS || at != in.n || root.type != MSGPACK_OBJECT_MAP || root.via.map.size > FRAME_FIELDS_MAX) {
        fault->remedy = "send one msgpack map of at most 64 fields with a text `verb`, no ext types, and nothing after it";
        return ERR_BAD_FRAME;
    }
    size_t verbs;
    const msgpack_object *verb = map_get_object(&root, "verb", &verbs);
    struct text name = verb ? object_text(verb) : (struct text){NULL, 0};
    if (!name.s || verbs > 1 || table_text_check(name, WORD_MAX)) {
        fault->remedy = "the map needs one text `verb`";
        return ERR_BAD_FRAME;
    }
    fault->verb = name;
    enum frame_verb v = table_verb_find(name);
    if (v == VERB_NONE || !(table_verbs[v].way & (way == FRAME_UP ? TABLE_UP : TABLE_DOWN))) {
        fault_match(&root, fault);
        fault->remedy = "PROTOCOL.md lists the verbs that a client sends";
        return ERR_UNKNOWN_VERB;
    }
    struct frame f = {.verb = v};
    int err = map_read(&root, &table_verbs[v], &(struct reader){arena, fault}, (char *)&f.say);
    if (err) {
        fault_match(&root, fault);
        return err;
    }
    *out = f;
    return 0;
}
