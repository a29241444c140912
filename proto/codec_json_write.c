/* Writes the JSON form (RFC 8259) straight into the buffer, without jansson. */
#include <string.h>

#include "proto/table.h"

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

int codec_json_record_encode(const struct table_map *record, const void *in, struct buf *out)
{
    return map_write(NULL, record, in, out);
}
