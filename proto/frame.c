#include "proto/frame.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "proto/table.h"

int frame_decode(enum frame_form form, enum frame_way way, struct text in, struct frame_arena *arena, struct frame *out, struct frame_fault *fault)
{
    *fault = (struct frame_fault){.remedy = ""};
    arena_clear(arena);
    arena_fit(arena, NULL);
    if (in.n > (way == FRAME_UP ? FRAME_UP_BYTES_MAX : FRAME_DOWN_BYTES_MAX)) {
        fault->remedy = "send less in one frame";
        return ERR_TOO_LARGE;
    }
    int err = form == FRAME_MSGPACK ? codec_msgpack_decode(in, arena, way, out, fault) : codec_json_decode(in, arena, way, out, fault);
    if (err) {
        table_fault_say(fault);
    }
    return err;
}

int frame_record_decode(enum frame_record record, struct text json, struct frame_arena *arena, void *out, struct frame_fault *fault)
{
    CHECK(record < RECORD_COUNT);
    *fault = (struct frame_fault){.remedy = ""};
    arena_clear(arena);
    arena_fit(arena, table_records[record]);
    if (json.n > FRAME_DOWN_BYTES_MAX) {
        fault->remedy = "send less";
        return ERR_TOO_LARGE;
    }
    int err = codec_json_record_decode(table_records[record], json, arena, out, fault);
    if (err) {
        table_fault_say(fault);
    }
    return err;
}

int frame_record_encode(enum frame_record record, const void *in, struct buf *out)
{
    CHECK(record < RECORD_COUNT);
    size_t before = out->len;
    int err = codec_json_record_encode(table_records[record], in, out);
    if (err) {
        out->len = before;
    }
    return err;
}

int frame_fault_at(struct frame_fault *fault, int err, const char *need, const char *path_format, ...)
{
    va_list args;
    va_start(args, path_format);
    (void)vsnprintf(fault->path, sizeof fault->path, path_format, args); /* what does not fit loses its end */
    va_end(args);
    fault->remedy = need;
    table_fault_say(fault);
    return err;
}

int frame_encode(enum frame_form form, const struct frame *f, struct buf *out)
{
    CHECK(f->verb > VERB_NONE && f->verb < VERB_COUNT);
    size_t before = out->len;
    int err = form == FRAME_MSGPACK ? codec_msgpack_encode(f, out) : codec_json_encode(f, out);
    if (err) {
        out->len = before;
    }
    return err;
}

bool frame_may_send(enum frame_verb verb, enum frame_role role)
{
    return verb > VERB_NONE && verb < VERB_COUNT && (table_verbs[verb].way & TABLE_UP) && (table_verbs[verb].who & (int)role);
}

const char *frame_verb_name(enum frame_verb verb)
{
    return verb > VERB_NONE && verb < VERB_COUNT ? table_verbs[verb].name : "";
}

const char *frame_role_name(enum frame_role role)
{
    return role == SUPERVISOR ? "supervisor" : role == AGENT ? "agent" : role == RESIDENT ? "resident" : "none";
}
