/* proto/PROTOCOL.md: the prose of protocol.head.md with its {{places}} filled from the tables. A place that no table knows is an error, so
 * that the prose cannot name what is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conversation.h"
#include "edge/edge_internal.h"
#include "edge/token.h"
#include "proto/protogen.h"
#include "proto/table.h"

static const char *const err_classes[] = {[ERR_CLASS_FATAL] = "fatal", [ERR_CLASS_RETRY] = "retry", [ERR_CLASS_AGAIN] = "again"};

static int number(unsigned long long n, struct buf *out)
{
    return n < 1000 ? buf_addf(out, "%llu", n) : number(n / 1000, out) || buf_addf(out, ",%03llu", n % 1000) ? ERR_FULL : 0;
}

static int limits(struct buf *out)
{
    int err = buf_add_z(out, "| limit | value | what, and why so much |\n|---|---:|---|\n");
#define LIMIT(name, value, reason) \
    err = err ? err : buf_add_z(out, "| `" #name "` | "); \
    err = err ? err : number((unsigned long long)(value), out); \
    err = err ? err : buf_add_z(out, " | " reason " |\n");
#include "proto/limits.def"
#undef LIMIT
    return err ? err
               : buf_add_z(out, "| `U53_MAX` | 9,007,199,254,740,991 | a whole number: 2^53 - 1, the largest that JavaScript holds exactly |\n");
}

static int errors(struct buf *out)
{
    int err = buf_add_z(out, "| code | meaning | class | closes with |\n|---|---|---|---:|\n");
    for (int e = 1; !err && e < ERR_COUNT; e++) {
        err = buf_addf(out, "| `%s` | %s | %s | ", err_name(e), err_text(e), err_classes[err_class(e)]);
        err = err ? err : err_close_code(e) ? buf_addf(out, "%d |\n", err_close_code(e)) : buf_add_z(out, "|\n");
    }
    return err;
}

static int close_order(const void *a, const void *b)
{
    return err_close_code(*(const int *)a) - err_close_code(*(const int *)b);
}

static int close_codes(struct buf *out)
{
    int codes[ERR_COUNT];
    size_t n = 0;
    for (int e = 1; e < ERR_COUNT; e++) {
        if (err_close_code(e)) {
            codes[n++] = e;
        }
    }
    qsort(codes, n, sizeof *codes, close_order);
    int err = buf_add_z(out, "| code | reason in the close frame | meaning | connect again? |\n|---:|---|---|---|\n");
    for (size_t i = 0; !err && i < n; i++) {
        err = buf_addf(out, "| %d | `%s` | %s | %s |\n", err_close_code(codes[i]), err_name(codes[i]), err_text(codes[i]),
                       err_class(codes[i]) == ERR_CLASS_FATAL ? "not without a change" : "yes");
    }
    return err;
}

/* --- a conversation's life ------------------------------------------------------------ */

static const struct transition {
    enum conversation_state from;
    enum conversation_event_kind event;
    enum conversation_state to;
    const char *effect;
} transitions[] = {
#define TRANSITION(state, event, next, effect) {CONVERSATION_##state, EVENT_##event, CONVERSATION_##next, #effect},
#include "core/transitions.def"
#undef TRANSITION
};

int protogen_states(struct buf *out)
{
    int err = buf_add_z(out, "```mermaid\nstateDiagram-v2\n    [*] --> new\n");
    for (size_t i = 0; !err && i < sizeof transitions / sizeof *transitions; i++) {
        const struct transition *t = &transitions[i];
        err = buf_addf(out, "    %s --> %s: %s\n", conversation_state_name(t->from), conversation_state_name(t->to),
                       conversation_event_name(t->event));
    }
    return err ? err : buf_add_z(out, "```\n");
}

/* --- verbs and records ------------------------------------------------------------ */

static int roles(int who, const char *everyone, struct buf *out)
{
    if (who == ANYONE) {
        return buf_add_z(out, everyone);
    }
    bool first = true;
    int err = 0;
    for (int role = RESIDENT; !err && role <= SUPERVISOR; role <<= 1) {
        if (who & role) {
            err = buf_addf(out, "%s%s", first ? "" : ", ", frame_role_name((enum frame_role)role));
            first = false;
        }
    }
    return err;
}

static int field_type(const struct table_field *f, struct buf *out)
{
    switch (f->type) {
    case FIELD_TEXT:
        return buf_addf(out, "text, %s", f->max_name);
    case FIELD_UINT:
        return f->max == U53_MAX ? buf_add_z(out, "whole number") : buf_addf(out, "whole number, %s", f->max_name);
    case FIELD_BOOL:
        return buf_add_z(out, "true or false");
    case FIELD_WORDS:
        return buf_addf(out, "list of texts, %s each, %s of them", f->word_max_name, f->max_name);
    default:
        return buf_addf(out, "list of [`%s`](#%s), %s of them", f->record->name, f->record->name, f->max_name);
    }
}

static int fields(const struct table_map *map, struct buf *out)
{
    if (map->fields_n == 0) {
        return buf_add_z(out, "No fields besides `verb`.\n\n");
    }
    int err = buf_add_z(out, "| field | | type | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; !err && i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        err = buf_addf(out, "| `%s` | %s | ", f->name, f->must ? "must" : "may");
        err = err ? err : field_type(f, out);
        err = err ? err : buf_addf(out, " | %s |\n", f->doc);
    }
    return err ? err : buf_add_byte(out, '\n');
}

static int overview(struct buf *out)
{
    int err = buf_add_z(out, "| verb | client may send | broker may send to | meaning |\n|---|---|---|---|\n");
    for (int v = 1; !err && v < VERB_COUNT; v++) {
        const struct table_map *m = &table_verbs[v];
        const char *stop = strstr(m->doc, ". ");
        err = buf_addf(out, "| [`%s`](#%s) | ", m->name, m->name);
        err = err ? err : m->way & TABLE_UP ? roles(m->who, "everyone", out) : 0;
        err = err ? err : buf_add_z(out, " | ");
        err = err ? err : m->way & TABLE_DOWN ? roles(m->who, "everyone", out) : 0;
        err = err ? err : buf_addf(out, " | %.*s |\n", (int)(stop ? (size_t)(stop - m->doc) + 1 : strlen(m->doc)), m->doc);
    }
    return err;
}

static int verbs(struct buf *out)
{
    static const char *const ways[] = {[TABLE_UP] = "Client to broker", [TABLE_DOWN] = "Broker to client", [TABLE_BOTH] = "Both ways"};
    int err = 0;
    for (int v = 1; !err && v < VERB_COUNT; v++) {
        const struct table_map *m = &table_verbs[v];
        err = buf_addf(out, "### %s\n\n%s; ", m->name, ways[m->way]);
        err = err ? err : roles(m->who, "everyone", out);
        err = err ? err : buf_addf(out, ". %s\n\n", m->doc);
        err = err ? err : fields(m, out);
    }
    return err;
}

/* Does a frame carry it? The others are settings. */
static bool is_in_frames(const struct table_map *record)
{
    for (int v = 1; v < VERB_COUNT; v++) {
        for (size_t i = 0; i < table_verbs[v].fields_n; i++) {
            if (table_verbs[v].fields[i].record == record) {
                return true;
            }
        }
    }
    return false;
}

static int records_that(bool in_frames, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; !err && table_records[i]; i++) {
        if (is_in_frames(table_records[i]) == in_frames) {
            err = buf_addf(out, "### %s\n\n%s\n\n", table_records[i]->name, table_records[i]->doc);
            err = err ? err : fields(table_records[i], out);
        }
    }
    return err;
}

static int records(struct buf *out)
{
    return records_that(true, out);
}

static int settings(struct buf *out)
{
    return records_that(false, out);
}

/* --- the template ------------------------------------------------------------ */

static const struct place {
    const char *name;
    int (*write)(struct buf *out);
} places[] = {
    {"limits", limits}, {"errors", errors}, {"close_codes", close_codes}, {"states", protogen_states}, {"overview", overview},
    {"verbs", verbs},   {"records", records}, {"settings", settings}, {"example", protogen_example},
};

static const struct constant {
    const char *name;
    unsigned long long value;
} constants[] = {
#define LIMIT(name, value, reason) {#name, (unsigned long long)(value)},
#include "proto/limits.def"
#undef LIMIT
    {"FRAME_NEST_MAX", FRAME_NEST_MAX},
    {"HELLO_S", HELLO_MS / 1000},
    {"CLOSE_S", CLOSE_MS / 1000},
    {"BAD_FRAMES_MAX", BAD_FRAMES_MAX},
    {"BAD_FRAMES_S", BAD_FRAMES_MS / 1000},
    {"EDGE_BODY_BYTES_MAX", EDGE_BODY_BYTES_MAX},
    {"HEADER_BYTES_MAX", HEADER_BYTES_MAX},
    {"TOKEN_STAFF_H", TOKEN_STAFF_MS / 3600000},
    {"TOKEN_STAFF_S", TOKEN_STAFF_MS / 1000},
    {"TOKEN_RESIDENT_DAYS", TOKEN_RESIDENT_MS / 86400000},
};

static int place_write(struct text name, struct buf *out)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (text_is(name, places[i].name)) {
            return places[i].write(out);
        }
    }
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (text_is(name, constants[i].name)) {
            return number(constants[i].value, out);
        }
    }
    if (text_is(name, "TOKEN_COOKIE")) {
        return buf_add_z(out, TOKEN_COOKIE);
    }
    (void)fprintf(stderr, "protogen: no table fills {{%.*s}}\n", TEXT_ARG(name));
    return ERR_BAD_INPUT;
}

int protogen_md(struct text template_text, struct buf *out)
{
    int err = buf_add_z(out, "<!-- Made by proto/protogen.c from proto/protocol.head.md and the tables that it names. Do not edit: change those,\n"
                             "     then build the target `generate`. -->\n\n");
    const char *at = template_text.s, *end = template_text.s + template_text.n;
    while (!err && at < end) {
        const char *open = memmem(at, (size_t)(end - at), "{{", 2);
        const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        if (!close) {
            err = buf_add(out, at, (size_t)(end - at));
            break;
        }
        err = buf_add(out, at, (size_t)(open - at));
        err = err ? err : place_write((struct text){open + 2, (size_t)(close - open - 2)}, out);
        at = close + 2;
    }
    while (!err && out->len > 1 && out->data[out->len - 1] == '\n' && out->data[out->len - 2] == '\n') {
        out->len--;
    }
    return err;
}
