/* The msgpack form, written straight into the buffer. A frame has about thirty small pieces: its size is counted first, room is made once, and
 * then everything is copied. Asking for room piece by piece, through msgpack-c's packer, took three times the instructions. Each value takes
 * its shortest form, as there. */
#include <string.h>

#include "base/check.h"
#include "proto/table.h"

static size_t text_bytes(size_t n)
{
    return n + (n < 32 ? 1 : n < 256 ? 2 : n < 65536 ? 3 : 5);
}

static size_t uint_bytes(uint64_t u)
{
    return u < 128 ? 1 : u < 256 ? 2 : u < 65536 ? 3 : u <= UINT32_MAX ? 5 : 9;
}

static size_t items_bytes(size_t n)
{
    return n < 16 ? 1 : n < 65536 ? 3 : 5;
}

static bool field_is_absent(const struct table_field *f, const char *in)
{
    struct text t;
    uint64_t u;
    size_t n;
    switch (f->type) {
    case FIELD_TEXT:
        memcpy(&t, in + f->offset, sizeof t);
        return t.s == NULL;
    case FIELD_UINT:
        memcpy(&u, in + f->offset, sizeof u);
        return u == 0;
    case FIELD_BOOL:
        return !*(const bool *)(const void *)(in + f->offset);
    default:
        memcpy(&n, in + f->offset_n, sizeof n);
        return n == 0;
    }
}

static struct text text_at(const char *in)
{
    struct text t;
    memcpy(&t, in, sizeof t);
    return t;
}

static uint64_t uint_at(const char *in)
{
    uint64_t u;
    memcpy(&u, in, sizeof u);
    return u;
}

static size_t items_at(const struct table_field *f, const char *in, const char **items)
{
    size_t n;
    memcpy(items, in + f->offset, sizeof *items);
    memcpy(&n, in + f->offset_n, sizeof n);
    return n;
}

static size_t map_bytes(const char *verb, const struct table_map *map, const char *in)
{
    size_t n = verb ? 1 : 0, bytes = verb ? text_bytes(4) + text_bytes(strlen(verb)) : 0;
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        const char *items;
        if (!f->must && field_is_absent(f, in)) {
            continue;
        }
        n++;
        bytes += text_bytes(f->name_bytes);
        if (f->type == FIELD_TEXT) {
            bytes += text_bytes(text_at(in + f->offset).n);
        } else if (f->type == FIELD_UINT) {
            bytes += uint_bytes(uint_at(in + f->offset));
        } else if (f->type == FIELD_BOOL) {
            bytes++;
        } else {
            size_t items_n = items_at(f, in, &items);
            bytes += items_bytes(items_n);
            for (size_t k = 0; k < items_n; k++) {
                bytes += f->type == FIELD_WORDS ? text_bytes(text_at(items + k * sizeof(struct text)).n)
                                                : map_bytes(NULL, f->record, items + k * f->record->bytes);
            }
        }
    }
    return items_bytes(n) + bytes;
}

/* One byte that says what follows, then @value in @bytes bytes, the most significant first. There is room. */
static char *put_head(char *at, unsigned code, uint64_t value, size_t bytes)
{
    *at++ = (char)code;
    for (size_t i = bytes; i-- > 0;) {
        *at++ = (char)(value >> (8 * i));
    }
    return at;
}

static char *put_text(char *at, struct text t)
{
    at = t.n < 32 ? put_head(at, 0xa0 | (unsigned)t.n, 0, 0) : t.n < 256 ? put_head(at, 0xd9, t.n, 1) : t.n < 65536 ? put_head(at, 0xda, t.n, 2)
                                                                                                         : put_head(at, 0xdb, t.n, 4);
    if (t.n > 0) {
        memcpy(at, t.s, t.n);
    }
    return at + t.n;
}

static char *put_uint(char *at, uint64_t u)
{
    return u < 128           ? put_head(at, (unsigned)u, 0, 0)
           : u < 256         ? put_head(at, 0xcc, u, 1)
           : u < 65536       ? put_head(at, 0xcd, u, 2)
           : u <= UINT32_MAX ? put_head(at, 0xce, u, 4)
                             : put_head(at, 0xcf, u, 8);
}

static char *put_items(char *at, unsigned small, unsigned large, size_t n)
{
    return n < 16 ? put_head(at, small | (unsigned)n, 0, 0) : n < 65536 ? put_head(at, large, n, 2) : put_head(at, large + 1, n, 4);
}

static char *put_map(char *at, const char *verb, const struct table_map *map, const char *in)
{
    size_t n = verb ? 1 : 0;
    for (size_t i = 0; i < map->fields_n; i++) {
        n += map->fields[i].must || !field_is_absent(&map->fields[i], in);
    }
    at = put_items(at, 0x80, 0xde, n);
    if (verb) {
        at = put_text(put_text(at, TEXT_LITERAL("verb")), text_of(verb));
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        const char *items;
        if (!f->must && field_is_absent(f, in)) {
            continue;
        }
        at = put_text(at, (struct text){f->name, f->name_bytes});
        if (f->type == FIELD_TEXT) {
            at = put_text(at, text_at(in + f->offset));
        } else if (f->type == FIELD_UINT) {
            at = put_uint(at, uint_at(in + f->offset));
        } else if (f->type == FIELD_BOOL) {
            at = put_head(at, *(const bool *)(const void *)(in + f->offset) ? 0xc3 : 0xc2, 0, 0);
        } else {
            size_t items_n = items_at(f, in, &items);
            at = put_items(at, 0x90, 0xdc, items_n);
            for (size_t k = 0; k < items_n; k++) {
                at = f->type == FIELD_WORDS ? put_text(at, text_at(items + k * sizeof(struct text)))
                                            : put_map(at, NULL, f->record, items + k * f->record->bytes);
            }
        }
    }
    return at;
}

int codec_msgpack_encode(const struct frame *f, struct buf *out)
{
    const struct table_map *map = &table_verbs[f->verb];
    size_t bytes = map_bytes(map->name, map, (const char *)&f->say);
    int err = buf_reserve(out, bytes);
    if (err) {
        return err;
    }
    char *end = put_map(out->data + out->len, map->name, map, (const char *)&f->say);
    CHECK(end == out->data + out->len + bytes); /* counted as written */
    out->len += bytes;
    out->data[out->len] = '\0';
    return 0;
}
