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

/* --- faults: one thread; a line is used before the next frame is read ------------------------------------------------------------ */

static const char *text_need(const char *need, uint64_t bytes_max)
{
    static char line[128];
    (void)snprintf(line, sizeof line, "%s a text of at most %llu bytes of UTF-8 without NUL", need, (unsigned long long)bytes_max);
    return line;
}

const char *table_need(const struct table_field *f)
{
    static char line[128];
    const char *need = f->must ? "is needed and must be" : "must be";
    switch (f->type) {
    case FIELD_TEXT:
        return text_need(need, f->max);
    case FIELD_UINT:
        (void)snprintf(line, sizeof line, "%s a whole number from 0 to %llu", need, (unsigned long long)f->max);
        break;
    case FIELD_BOOL:
        (void)snprintf(line, sizeof line, "%s true or false", need);
        break;
    default:
        (void)snprintf(line, sizeof line, "%s a list of at most %llu items", need, (unsigned long long)f->max);
    }
    return line;
}

const char *table_need_item(const struct table_field *f)
{
    return f->type == FIELD_WORDS ? text_need("must be", f->word_bytes_max) : "must be a map (an object) of at most 64 fields";
}

static void path_put_in_front(char *path, const char *step)
{
    char rest[FRAME_PATH_BYTES];
    (void)snprintf(rest, sizeof rest, "%s", path);
    (void)snprintf(path, FRAME_PATH_BYTES, "%s%s%s", step, rest[0] && rest[0] != '[' ? "." : "", rest);
}

void table_fault_step(struct frame_fault *fault, const struct table_field *f)
{
    fault->field = f->name;
    path_put_in_front(fault->path, f->name);
}

void table_fault_item(struct frame_fault *fault, size_t index)
{
    char step[32];
    (void)snprintf(step, sizeof step, "[%zu]", index);
    path_put_in_front(fault->path, step);
}

void table_fault_unknown(struct frame_fault *fault, struct text name, const struct table_map *map)
{
    static char line[TEXT_LINE_MAX];
    char step[WORD_MAX + 1];
    size_t used = (size_t)snprintf(line, sizeof line, "is not known here; known are");
    for (size_t i = 0; i < map->fields_n && used < sizeof line; i++) {
        used += (size_t)snprintf(line + used, sizeof line - used, "%s %s", i > 0 ? "," : "", map->fields[i].name);
    }
    name = text_cut(name.n > 0 ? name : text_of("\"\""), WORD_MAX);
    for (size_t i = 0; i < name.n; i++) {
        step[i] = name.s[i];
        if ((unsigned char)step[i] < 0x20 || step[i] == 0x7f || step[i] == '`') { /* it is shown to people */
            step[i] = '?';
        }
    }
    step[name.n] = '\0';
    fault->field = NULL;
    fault->remedy = line;
    path_put_in_front(fault->path, step);
}

void table_fault_say(struct frame_fault *fault)
{
    static char line[TEXT_LINE_MAX + 1];
    if (fault->path[0]) {
        (void)snprintf(line, sizeof line, "`%s` %s", fault->path, fault->remedy);
        fault->remedy = line;
    }
}

#define ARENA_BYTES_MAX (4u << 20) /* a board of 4,096 agents decodes into about 600 kB */

struct frame_arena *frame_arena_new(void)
{
    return calloc(1, sizeof(struct frame_arena));
}

#define ARENA_ALIGN 16

/* What @map and all that may hang on it take at most. */
static size_t map_bytes_max(const struct table_map *map)
{
    size_t sum = map->bytes + ARENA_ALIGN;
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        size_t item = f->type == FIELD_LIST ? map_bytes_max(f->record) : f->type == FIELD_WORDS ? sizeof(struct text) : 0;
        sum += f->max * item + ARENA_ALIGN;
    }
    return sum;
}

void arena_fit(struct frame_arena *a, const struct table_map *record)
{
    size_t bytes = record ? map_bytes_max(record) : ARENA_BYTES_MAX;
    if (a->room < bytes) {
        free(a->data);
        a->data = record ? malloc(bytes) : NULL; /* a frame's block is made by the first that needs one: few do */
        a->room = a->data ? bytes : 0;
    }
}

/* Bump allocation in one block. Pages that are not touched cost nothing. */
void *arena_take(struct frame_arena *a, size_t bytes)
{
    bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (!a->data) {
        a->data = malloc(ARENA_BYTES_MAX);
        a->room = a->data ? ARENA_BYTES_MAX : 0;
    }
    if (bytes > a->room - a->used) {
        return NULL;
    }
    void *p = a->data + a->used;
    memset(p, 0, bytes);
    a->used += bytes;
    return p;
}
