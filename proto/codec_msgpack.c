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

static int map_read(const msgpack_object *o, const struct table_map *map, struct frame_arena *arena, char *out, const struct table_field **at);

static int list_read(const msgpack_object *o, const struct table_field *f, struct frame_arena *arena, char *out, const struct table_field **at)
{
    if (o->type != MSGPACK_OBJECT_ARRAY) {
        return ERR_BAD_FIELD;
    }
    size_t n = o->via.array.size, item = f->type == FIELD_LIST ? f->record->bytes : sizeof(struct text);
    if (n > f->max) {
        return ERR_TOO_LARGE;
    }
    char *items = n > 0 ? arena_take(arena, n * item) : NULL;
    if (n > 0 && !items) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        const msgpack_object *e = &o->via.array.ptr[i];
        int err;
        if (f->type == FIELD_LIST) {
            const struct table_field *inner;
            err = map_read(e, f->record, arena, items + i * item, &inner);
        } else {
            struct text t = object_text(e);
            err = t.s ? table_text_check(t, f->word_bytes_max) : ERR_BAD_FIELD;
            memcpy(items + i * item, &t, sizeof t);
        }
        if (err) {
            *at = f;
            return err;
        }
    }
    const void *p = items;
    memcpy(out + f->offset, &p, sizeof p);
    memcpy(out + f->offset_n, &n, sizeof n);
    return 0;
}

static int field_read(const msgpack_object *o, const struct table_field *f, struct frame_arena *arena, char *out, const struct table_field **at)
{
    *at = f;
    switch (f->type) {
    case FIELD_TEXT: {
        struct text t = object_text(o);
        int err = t.s ? table_text_check(t, f->max) : ERR_BAD_FIELD;
        if (!err) {
            memcpy(out + f->offset, &t, sizeof t);
        }
        return err;
    }
    case FIELD_UINT:
        if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 > f->max) {
            return ERR_BAD_FIELD;
        }
        memcpy(out + f->offset, &o->via.u64, sizeof o->via.u64);
        return 0;
    case FIELD_BOOL:
        if (o->type != MSGPACK_OBJECT_BOOLEAN) {
            return ERR_BAD_FIELD;
        }
        *(bool *)(void *)(out + f->offset) = o->via.boolean;
        return 0;
    default:
        return list_read(o, f, arena, out, at);
    }
}

/* Fields by name; unknown ones are passed over. A field sent twice, or absent though needed, is at fault. */
static int map_read(const msgpack_object *o, const struct table_map *map, struct frame_arena *arena, char *out, const struct table_field **at)
{
    *at = NULL;
    if (o->type != MSGPACK_OBJECT_MAP || o->via.map.size > FRAME_FIELDS_MAX) {
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
        *at = f;
        if (seen & bit) {
            return ERR_BAD_FIELD;
        }
        seen |= bit;
        if (kv->val.type == MSGPACK_OBJECT_NIL) { /* says absent */
            absent |= bit;
            continue;
        }
        int err = field_read(&kv->val, f, arena, out, at);
        if (err) {
            return err;
        }
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        if (map->fields[i].must && !(seen & ~absent & (1ull << i))) {
            *at = &map->fields[i];
            return ERR_BAD_FIELD;
        }
    }
    *at = NULL;
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
    const struct table_field *wrong;
    int err = map_read(&root, &table_verbs[v], arena, (char *)&f.say, &wrong);
    if (err) {
        fault_match(&root, fault);
        fault->field = wrong ? wrong->name : NULL;
        fault->remedy = wrong ? table_remedy(wrong) : "a map of at most 64 fields was expected";
        return err;
    }
    *out = f;
    return 0;
}
