#include "frame_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct fill_room {
    void **pieces;
    size_t n;
};

struct fill_room *fill_room_new(void)
{
    struct fill_room *r = calloc(1, sizeof *r);
    CHECK(r);
    return r;
}

void fill_room_free(struct fill_room **room)
{
    struct fill_room *r = *room;
    for (size_t i = 0; i < r->n; i++) {
        free(r->pieces[i]);
    }
    free(r->pieces);
    free(r);
    *room = NULL;
}

static void *take(struct fill_room *r, size_t bytes)
{
    void **pieces = realloc(r->pieces, (r->n + 1) * sizeof *pieces);
    void *p = calloc(1, bytes ? bytes : 1);
    CHECK(pieces && p);
    r->pieces = pieces;
    r->pieces[r->n++] = p;
    return p;
}

static struct text text_fill(const struct table_field *f, size_t bytes_max, enum fill how, unsigned salt, struct fill_room *room)
{
    static const char odd[] = "\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8\xef\xbf\xbf</script>";
    char small[64];
    if (how == FILL_EMPTY) {
        return (struct text){"", 0};
    }
    if (how == FILL_ODD) {
        return text_cut((struct text){odd, sizeof odd - 1}, bytes_max);
    }
    if (how == FILL_LIMIT) {
        char *p = take(room, bytes_max);
        for (size_t i = 0; i < bytes_max; i++) {
            p[i] = (char)('a' + i % 26);
        }
        if (bytes_max >= 2) {
            memcpy(p + bytes_max - 2, "\xc3\xa9", 2);
        }
        return (struct text){p, bytes_max};
    }
    (void)snprintf(small, sizeof small, "%.16s %u", f->name, salt);
    char *p = take(room, sizeof small);
    struct text t = text_cut(text_of(small), bytes_max);
    memcpy(p, t.s, t.n);
    return (struct text){p, t.n};
}

static void map_fill(const struct table_map *map, char *out, enum fill how, unsigned salt, struct fill_room *room)
{
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        if (how == FILL_MUST && !f->must) {
            continue;
        }
        size_t items_n = how == FILL_EMPTY ? 0 : how == FILL_LIMIT || f->max < 2 ? 1 : 2;
        struct text t;
        uint64_t u = how == FILL_EMPTY ? 0 : how == FILL_LIMIT ? f->max : f->type == FIELD_UINT ? (i * 1000 + salt) % f->max + 1 : 0;
        switch (f->type) {
        case FIELD_TEXT:
            t = text_fill(f, f->max, how, salt, room);
            memcpy(out + f->offset, &t, sizeof t);
            break;
        case FIELD_UINT:
            memcpy(out + f->offset, &u, sizeof u);
            break;
        case FIELD_BOOL:
            *(bool *)(void *)(out + f->offset) = how != FILL_EMPTY;
            break;
        default: {
            size_t item = f->type == FIELD_LIST ? f->record->bytes : sizeof t;
            char *items = take(room, items_n * item);
            for (size_t k = 0; k < items_n; k++) {
                if (f->type == FIELD_LIST) {
                    map_fill(f->record, items + k * item, how, salt * 10 + (unsigned)k + 1, room);
                } else {
                    t = text_fill(f, f->word_bytes_max, how, salt * 10 + (unsigned)k + 1, room);
                    memcpy(items + k * item, &t, sizeof t);
                }
            }
            const void *p = items;
            memcpy(out + f->offset, &p, sizeof p);
            memcpy(out + f->offset_n, &items_n, sizeof items_n);
        }
        }
    }
}

void frame_fill(struct frame *f, enum frame_verb verb, enum fill how, struct fill_room *room)
{
    memset(f, 0, sizeof *f);
    f->verb = verb;
    map_fill(&table_verbs[verb], (char *)&f->say, how, 1, room);
}

static const struct table_field *map_difference(const struct table_map *map, const char *a, const char *b);

static bool field_same(const struct table_field *f, const char *a, const char *b)
{
    struct text s, t;
    switch (f->type) {
    case FIELD_TEXT:
        memcpy(&s, a + f->offset, sizeof s);
        memcpy(&t, b + f->offset, sizeof t);
        return text_equal(s, t) && (f->must || (s.s == NULL) == (t.s == NULL));
    case FIELD_UINT:
        return memcmp(a + f->offset, b + f->offset, sizeof(uint64_t)) == 0;
    case FIELD_BOOL:
        return *(const bool *)(const void *)(a + f->offset) == *(const bool *)(const void *)(b + f->offset);
    default: {
        size_t n, m, item = f->type == FIELD_LIST ? f->record->bytes : sizeof s;
        const char *x, *y;
        memcpy(&n, a + f->offset_n, sizeof n);
        memcpy(&m, b + f->offset_n, sizeof m);
        memcpy(&x, a + f->offset, sizeof x);
        memcpy(&y, b + f->offset, sizeof y);
        for (size_t i = 0; n == m && i < n; i++) {
            if (f->type == FIELD_LIST) {
                if (map_difference(f->record, x + i * item, y + i * item)) {
                    return false;
                }
            } else {
                memcpy(&s, x + i * item, sizeof s);
                memcpy(&t, y + i * item, sizeof t);
                if (!text_equal(s, t)) {
                    return false;
                }
            }
        }
        return n == m;
    }
    }
}

static const struct table_field *map_difference(const struct table_map *map, const char *a, const char *b)
{
    for (size_t i = 0; i < map->fields_n; i++) {
        if (!field_same(&map->fields[i], a, b)) {
            return &map->fields[i];
        }
    }
    return NULL;
}

const char *frame_difference(const struct frame *a, const struct frame *b)
{
    static char line[128];
    if (a->verb != b->verb) {
        (void)snprintf(line, sizeof line, "verb: %s, %s", frame_verb_name(a->verb), frame_verb_name(b->verb));
        return line;
    }
    const struct table_field *f = map_difference(&table_verbs[a->verb], (const char *)&a->say, (const char *)&b->say);
    if (!f) {
        return NULL;
    }
    (void)snprintf(line, sizeof line, "%s.%s", frame_verb_name(a->verb), f->name);
    return line;
}

void record_fill(void *out, enum frame_record record, enum fill how, struct fill_room *room)
{
    memset(out, 0, table_records[record]->bytes);
    map_fill(table_records[record], out, how, 1, room);
}

const char *record_difference(enum frame_record record, const void *a, const void *b)
{
    const struct table_field *f = map_difference(table_records[record], a, b);
    return f ? f->name : NULL;
}
