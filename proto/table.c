#include "proto/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define MUST true
#define MAY false
#define UP TABLE_UP
#define DOWN TABLE_DOWN
#define BOTH TABLE_BOTH

/* First pass: the records' maps are named before the fields that point at them. */
#define VERB(name_, way_, who_, doc_)
#define RECORD(name_, doc_) extern const struct table_map table_record_##name_;
#define TEXT(owner, field, presence, max_, doc_)
#define UINT(owner, field, presence, max_, doc_)
#define BOOL(owner, field, presence, doc_)
#define LIST(owner, field, presence, record_, max_, doc_)
#define WORDS(owner, field, presence, bytes_max_, max_, doc_)
#define END(name_)
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END

/* Second: the fields, ended by an empty one (a verb may have none). */
#define VERB(name_, way_, who_, doc_) static const struct table_field fields_##name_[] = {
#define RECORD(name_, doc_) static const struct table_field fields_##name_[] = {
#define FIELD(owner, field, type_, presence, ...) \
    {.name = #field, .name_bytes = sizeof #field - 1, .type = type_, .must = presence, .offset = offsetof(struct frame_##owner, field), __VA_ARGS__},
#define TEXT(owner, field, presence, max_, doc_) FIELD(owner, field, FIELD_TEXT, presence, .max = max_, .max_name = #max_, .doc = doc_)
#define UINT(owner, field, presence, max_, doc_) FIELD(owner, field, FIELD_UINT, presence, .max = max_, .max_name = #max_, .doc = doc_)
#define BOOL(owner, field, presence, doc_) FIELD(owner, field, FIELD_BOOL, presence, .doc = doc_)
#define LIST(owner, field, presence, record_, max_, doc_) \
    FIELD(owner, field, FIELD_LIST, presence, .offset_n = offsetof(struct frame_##owner, field##_n), .max = max_, .max_name = #max_, \
          .record = &table_record_##record_, .doc = doc_)
#define WORDS(owner, field, presence, bytes_max_, max_, doc_) \
    FIELD(owner, field, FIELD_WORDS, presence, .offset_n = offsetof(struct frame_##owner, field##_n), .max = max_, .max_name = #max_, \
          .word_bytes_max = bytes_max_, .word_max_name = #bytes_max_, .doc = doc_)
#define END(name_) {.name = NULL} };
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END

#define FIELDS_N(name_) (sizeof fields_##name_ / sizeof fields_##name_[0] - 1)

/* Third: the maps. */
#define TEXT(owner, field, presence, max_, doc_)
#define UINT(owner, field, presence, max_, doc_)
#define BOOL(owner, field, presence, doc_)
#define LIST(owner, field, presence, record_, max_, doc_)
#define WORDS(owner, field, presence, bytes_max_, max_, doc_)
#define END(name_)
#define VERB(name_, way_, who_, doc_)
#define RECORD(name_, doc_) \
    const struct table_map table_record_##name_ = {#name_, fields_##name_, FIELDS_N(name_), sizeof(struct frame_##name_), doc_, 0, 0};
#include "proto/frames.def"
#undef VERB
#undef RECORD
#define RECORD(name_, doc_)
#define VERB(name_, way_, who_, doc_) \
    [VERB_##name_] = {#name_, fields_##name_, FIELDS_N(name_), sizeof(struct frame_##name_), doc_, way_, who_},
const struct table_map table_verbs[VERB_COUNT] = {
#include "proto/frames.def"
};
#undef VERB
#undef RECORD
#define VERB(name_, way_, who_, doc_)
#define RECORD(name_, doc_) &table_record_##name_,
const struct table_map *const table_records[] = {
#include "proto/frames.def"
    NULL};

/* Verbs by a tiny perfect-enough hash: length and two letters choose a slot chain built on first use. */
enum frame_verb table_verb_find(struct text name)
{
    static unsigned char first[64], next[VERB_COUNT];
    static bool built;
    if (!built) {
        for (int v = VERB_COUNT - 1; v > VERB_NONE; v--) {
            const char *n = table_verbs[v].name;
            size_t slot = (strlen(n) * 7 + (unsigned char)n[0] * 3 + (unsigned char)n[strlen(n) - 1]) & 63;
            next[v] = first[slot];
            first[slot] = (unsigned char)v;
        }
        built = true;
    }
    if (name.n == 0 || name.n > WORD_MAX) {
        return VERB_NONE;
    }
    size_t slot = (name.n * 7 + (unsigned char)name.s[0] * 3 + (unsigned char)name.s[name.n - 1]) & 63;
    for (unsigned v = first[slot]; v != VERB_NONE; v = next[v]) {
        if (text_is(name, table_verbs[v].name)) {
            return (enum frame_verb)v;
        }
    }
    return VERB_NONE;
}

const struct table_field *table_field_find(const struct table_map *map, struct text name, size_t *hint)
{
    /* Clients send fields in the table's order: the next one is nearly always it. */
    for (size_t i = 0; i < map->fields_n; i++) {
        size_t at = (*hint + i) % map->fields_n;
        const struct table_field *f = &map->fields[at];
        if (f->name_bytes == name.n && memcmp(f->name, name.s, name.n) == 0) {
            *hint = at + 1;
            return f;
        }
    }
    return NULL;
}

int table_text_check(struct text t, uint64_t bytes_max)
{
    if (t.n > bytes_max) {
        return ERR_TOO_LARGE;
    }
    if (t.n > 0 && memchr(t.s, '\0', t.n)) {
        return ERR_BAD_FIELD;
    }
    return text_is_utf8(t) ? 0 : ERR_BAD_UTF8;
}

const char *table_remedy(const struct table_field *f)
{
    static char line[256]; /* one thread; used before the next frame is read */
    const char *need = f->must ? "is needed and must be" : "must be";
    switch (f->type) {
    case FIELD_TEXT:
        (void)snprintf(line, sizeof line, "`%s` %s a text of at most %llu bytes of UTF-8 without NUL", f->name, need, (unsigned long long)f->max);
        break;
    case FIELD_UINT:
        (void)snprintf(line, sizeof line, "`%s` %s a whole number from 0 to %llu", f->name, need, (unsigned long long)f->max);
        break;
    case FIELD_BOOL:
        (void)snprintf(line, sizeof line, "`%s` %s true or false", f->name, need);
        break;
    default:
        (void)snprintf(line, sizeof line, "`%s` %s a list of at most %llu items", f->name, need, (unsigned long long)f->max);
    }
    return line;
}

#define ARENA_BYTES_MAX (4u << 20) /* a board of 4,096 agents decodes into about 600 kB */

struct frame_arena *frame_arena_new(void)
{
    return calloc(1, sizeof(struct frame_arena));
}

/* Bump allocation in one block; a frame that needs more gets a block of the full size once (pages that are not touched cost nothing). */
void *arena_take(struct frame_arena *a, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (!a->data) {
        a->data = malloc(ARENA_BYTES_MAX);
        if (!a->data) {
            return NULL;
        }
        a->room = ARENA_BYTES_MAX;
    }
    if (bytes > a->room - a->used) {
        return NULL;
    }
    void *p = a->data + a->used;
    memset(p, 0, bytes);
    a->used += bytes;
    return p;
}
