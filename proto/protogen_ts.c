/* The wire's types in TypeScript: records, frames, the unions of what may travel up and down, limits, errors. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "proto/protogen.h"
#include "proto/table.h"

int protogen_pascal(const char *name, struct buf *out)
{
    int err = 0;
    bool upper = true;
    for (const char *c = name; !err && *c; c++) {
        if (*c == '_') {
            upper = true;
        } else {
            err = buf_add_byte(out, upper ? (char)toupper((unsigned char)*c) : *c);
            upper = false;
        }
    }
    return err;
}

static int field_type(const struct table_field *f, struct buf *out)
{
    switch (f->type) {
    case FIELD_TEXT:
        return buf_add_z(out, "string");
    case FIELD_UINT:
        return buf_add_z(out, "number");
    case FIELD_BOOL:
        return buf_add_z(out, "boolean");
    case FIELD_WORDS:
        return buf_add_z(out, "string[]");
    default:
        return protogen_pascal(f->record->name, out) || buf_add_z(out, "[]") ? ERR_FULL : 0;
    }
}

static int map_body(const struct table_map *map, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        err = buf_addf(out, "    /** %s */\n    %s%s: ", f->doc, f->name, f->must ? "" : "?");
        err = err ? err : field_type(f, out);
        err = err ? err : buf_add_z(out, f->must ? ";\n" : " | undefined;\n");
    }
    return err ? err : buf_add_z(out, "}\n\n");
}

static int map_head(const struct table_map *map, const char *suffix, struct buf *out)
{
    int err = buf_addf(out, "/** %s */\nexport interface ", map->doc);
    err = err ? err : protogen_pascal(map->name, out);
    return err ? err : buf_addf(out, "%s {\n", suffix);
}

static int union_write(const char *name, int way, const char *doc, struct buf *out)
{
    int err = buf_addf(out, "/** %s */\nexport type %s =\n", doc, name);
    int last = 0;
    for (int v = 1; v < VERB_COUNT; v++) {
        last = table_verbs[v].way & way ? v : last;
    }
    for (int v = 1; !err && v < VERB_COUNT; v++) {
        if (table_verbs[v].way & way) {
            err = buf_add_z(out, "    | ");
            err = err ? err : protogen_pascal(table_verbs[v].name, out);
            err = err ? err : buf_add_z(out, v == last ? "Frame;\n\n" : "Frame\n");
        }
    }
    return err;
}

static int limits_write(struct buf *out)
{
    int err = buf_add_z(out, "/** Limits in bytes or items, as proto/limits.def gives them. */\nexport const LIMITS = {\n");
#define LIMIT(name, value, reason) \
    err = err ? err : buf_addf(out, "    /** %s */\n    %s: %llu,\n", reason, #name, (unsigned long long)(value));
#include "proto/limits.def"
#undef LIMIT
    return err ? err : buf_add_z(out, "} as const;\n\n");
}

static int close_order(const void *a, const void *b)
{
    int x = err_close_code(*(const int *)a), y = err_close_code(*(const int *)b);
    return x != y ? x - y : *(const int *)a - *(const int *)b;
}

static int errors_write(struct buf *out)
{
    static const char *const classes[] = {[ERR_CLASS_FATAL] = "fatal", [ERR_CLASS_RETRY] = "retry", [ERR_CLASS_AGAIN] = "again"};
    int err = buf_add_z(out, "/** What to do about an error: `fatal` the request itself is wrong; `retry` the same may succeed later; `again` look\n"
                             " * at the state first, then try again. */\n"
                             "export type ErrorClass = \"fatal\" | \"retry\" | \"again\";\n\n"
                             "/** Errors by code, as broker/base/errors.def gives them. `close` is the WebSocket close code; 0: closes nothing. */\n"
                             "export const ERRORS = {\n");
    int codes[ERR_COUNT];
    size_t codes_n = 0;
    for (int e = 1; !err && e < ERR_COUNT; e++) {
        err = buf_addf(out, "    /** %s */\n    %s: { close: %d, class: \"%s\" },\n", err_text(e), err_name(e), err_close_code(e),
                       classes[err_class(e)]);
        if (err_close_code(e)) {
            codes[codes_n++] = e;
        }
    }
    qsort(codes, codes_n, sizeof *codes, close_order);
    err = err ? err : buf_add_z(out, "} as const satisfies Record<string, { close: number; class: ErrorClass }>;\n\n"
                                     "export type ErrorCode = keyof typeof ERRORS;\n\n"
                                     "/** WebSocket close codes of the broker, with the error that each stands for. */\nexport const CLOSE_CODES = {\n");
    for (size_t i = 0; !err && i < codes_n; i++) {
        err = buf_addf(out, "    %d: \"%s\",\n", err_close_code(codes[i]), err_name(codes[i]));
    }
    return err ? err : buf_add_z(out, "} as const satisfies Record<number, ErrorCode>;\n");
}

int protogen_ts(struct buf *out)
{
    int err = buf_add_z(out, "/* Made by proto/protogen.c from proto/frames.def, proto/limits.def and broker/base/errors.def. Do not edit: change the\n"
                             " * tables, then build the target `generate`. */\n\n");
    for (size_t i = 0; !err && table_records[i]; i++) {
        err = map_head(table_records[i], "", out);
        err = err ? err : map_body(table_records[i], out);
    }
    for (int v = 1; !err && v < VERB_COUNT; v++) {
        err = map_head(&table_verbs[v], "Frame", out);
        err = err ? err : buf_addf(out, "    verb: \"%s\";\n", table_verbs[v].name);
        err = err ? err : map_body(&table_verbs[v], out);
    }
    err = err ? err : union_write("UpFrame", TABLE_UP, "What a client may send.", out);
    err = err ? err : union_write("DownFrame", TABLE_DOWN, "What the broker sends.", out);
    err = err ? err : limits_write(out);
    return err ? err : errors_write(out);
}
