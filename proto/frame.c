#include "proto/frame.h"

#include "base/check.h"
#include "proto/table.h"

int frame_decode(enum frame_form form, enum frame_way way, struct text in, struct frame_arena *arena, struct frame *out, struct frame_fault *fault)
{
    *fault = (struct frame_fault){.remedy = ""};
    arena_clear(arena);
    if (in.n > (way == FRAME_UP ? FRAME_UP_BYTES_MAX : FRAME_DOWN_BYTES_MAX)) {
        fault->remedy = "send less in one frame";
        return ERR_TOO_LARGE;
    }
    return form == FRAME_MSGPACK ? codec_msgpack_decode(in, arena, way, out, fault) : codec_json_decode(in, arena, way, out, fault);
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
