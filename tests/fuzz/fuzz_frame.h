/* What must hold for every input that is taken for a frame. The first byte says which way it travels: even up, odd down. */
#ifndef LOKET_TESTS_FUZZ_FRAME_H
#define LOKET_TESTS_FUZZ_FRAME_H

#include <string.h>

#include "base/check.h"
#include "frame_tools.h"

static struct buf fuzz_bytes;

/* @f, written in @form and read again, is the same. What grew past the limit by escapes is left out. */
static inline void fuzz_frame_again(enum frame_form form, enum frame_way way, const struct frame *f, struct frame_arena *arena)
{
    struct frame again;
    struct frame_fault fault;
    fuzz_bytes.cap = 16u << 20; /* the largest frame with every byte escaped */
    buf_clear(&fuzz_bytes);
    CHECK(frame_encode(form, f, &fuzz_bytes) == 0);
    if (fuzz_bytes.len > (way == FRAME_UP ? FRAME_UP_BYTES_MAX : FRAME_DOWN_BYTES_MAX)) {
        return;
    }
    CHECK(frame_decode(form, way, buf_text(&fuzz_bytes), arena, &again, &fault) == 0);
    CHECK(frame_difference(f, &again) == NULL);
}

static inline void fuzz_frame(enum frame_form form, const uint8_t *data, size_t n)
{
    static struct frame_arena *arena, *arena_again;
    arena = arena ? arena : frame_arena_new();
    arena_again = arena_again ? arena_again : frame_arena_new();
    CHECK(arena && arena_again);
    if (n == 0) {
        return;
    }
    enum frame_way way = data[0] & 1 ? FRAME_DOWN : FRAME_UP;
    struct frame f, before;
    struct frame_fault fault;
    memset(&f, 0x5a, sizeof f);
    before = f;
    int err = frame_decode(form, way, (struct text){(const char *)data + 1, n - 1}, arena, &f, &fault);
    CHECK(err >= 0 && err < ERR_COUNT);
    if (err) {
        /* Nothing was given out, and the error frame that follows can be made. */
        struct frame reply = {.verb = VERB_error, .error = {.code = text_of(err_name(err)), .text = text_of(fault.remedy), .refused = fault.verb,
                                                             .field = text_of(fault.field), .conversation = fault.conversation, .counter = fault.counter}};
        CHECK(memcmp(&f, &before, sizeof f) == 0);
        CHECK(fault.remedy && text_is_utf8(fault.verb) && fault.verb.n <= WORD_MAX && text_is_utf8(fault.conversation));
        fuzz_frame_again(FRAME_MSGPACK, FRAME_DOWN, &reply, arena_again);
        fuzz_frame_again(FRAME_JSON, FRAME_DOWN, &reply, arena_again);
        return;
    }
    CHECK(f.verb > VERB_NONE && f.verb < VERB_COUNT && (table_verbs[f.verb].way & (way == FRAME_UP ? TABLE_UP : TABLE_DOWN)));
    fuzz_frame_again(FRAME_MSGPACK, way, &f, arena_again);
    fuzz_frame_again(FRAME_JSON, way, &f, arena_again);
}

#endif
