/* Frames as C structs, made from frames.def; encode and decode in both forms (RFC 8259 JSON, msgpack). Pure: no socket, no clock,
 * no global state. Bytes in, structs out.
 *
 * A decoded frame borrows: texts point into the input (msgpack; JSON without escapes) or into the arena; lists lie in the arena.
 * All of it is good until the arena is used again or the input goes away.
 */
#ifndef LOKET_PROTO_FRAME_H
#define LOKET_PROTO_FRAME_H

#include "base/buf.h"
#include "base/text.h"
#include "proto/limits.h"

enum frame_form { FRAME_MSGPACK, FRAME_JSON };

enum frame_role { ROLE_NONE = 0, RESIDENT = 1, AGENT = 2, SUPERVISOR = 4, ANYONE = 7 };

enum frame_verb {
    VERB_NONE = 0,
#define VERB(name, direction, who, doc) VERB_##name,
#define RECORD(name, doc)
#define TEXT(owner, field, presence, max, doc)
#define UINT(owner, field, presence, max, doc)
#define BOOL(owner, field, presence, doc)
#define LIST(owner, field, presence, record, max, doc)
#define WORDS(owner, field, presence, bytes_max, max, doc)
#define END(name)
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END
    VERB_COUNT
};

/* struct frame_say, struct frame_entry, … and the records struct frame_address, struct frame_queue_row, …
 * A LIST field `x` of record r is `const struct frame_r *x; size_t x_n;`, a WORDS field `const struct text *x; size_t x_n;`.
 * (An empty verb such as `watch` has one unused byte: C11 has no empty structs.) */
#define VERB(name, direction, who, doc) struct frame_##name { char unused_;
#define RECORD(name, doc) struct frame_##name { char unused_;
#define TEXT(owner, field, presence, max, doc) struct text field;
#define UINT(owner, field, presence, max, doc) uint64_t field;
#define BOOL(owner, field, presence, doc) bool field;
#define LIST(owner, field, presence, record, max, doc) const struct frame_##record *field; size_t field##_n;
#define WORDS(owner, field, presence, bytes_max, max, doc) const struct text *field; size_t field##_n;
#define END(name) };
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END

struct frame {
    enum frame_verb verb;
    union {
#define VERB(name, direction, who, doc) struct frame_##name name;
#define RECORD(name, doc)
#define TEXT(owner, field, presence, max, doc)
#define UINT(owner, field, presence, max, doc)
#define BOOL(owner, field, presence, doc)
#define LIST(owner, field, presence, record, max, doc)
#define WORDS(owner, field, presence, bytes_max, max, doc)
#define END(name)
#include "proto/frames.def"
#undef VERB
#undef RECORD
#undef TEXT
#undef UINT
#undef BOOL
#undef LIST
#undef WORDS
#undef END
    };
};

/* Memory of one decode; reused from frame to frame so that the hot path does not allocate. */
struct frame_arena;
struct frame_arena *frame_arena_new(void); /* NULL when out of memory */
void frame_arena_free(struct frame_arena **arena);

/* What was wrong, for the error frame. Texts are static or borrow from the input. */
struct frame_fault {
    struct text verb;    /* as far as it could be read */
    const char *field;   /* static; NULL when it is not about a field */
    const char *remedy;  /* static, English: "`text` must be a text of at most 16384 bytes" */
    struct text conversation; /* of the refused frame when readable, so that the client can match it */
    uint64_t counter;
};

/* Decode one frame that travels @way (UP: from a client; DOWN: in clients written in C and in tests).
 * Unknown fields are ignored (up to FRAME_FIELDS_MAX).
 * returns 0
 *         ERR_TOO_LARGE     the whole frame (no fault->field), or a text or list past its limit
 *         ERR_BAD_FRAME     not one map, no verb, bytes left over, too deep
 *         ERR_UNKNOWN_VERB  unknown, or it travels the other way
 *         ERR_BAD_FIELD     a field is MUST and absent, of another type, a number past its limit, holds NUL, or comes twice
 *         ERR_BAD_UTF8
 *         ERR_MEMORY
 * @out is untouched on failure, @fault is always set on failure. */
enum frame_way { FRAME_UP, FRAME_DOWN };
int frame_decode(enum frame_form form, enum frame_way way, struct text in, struct frame_arena *arena, struct frame *out,
                 struct frame_fault *fault) MUST_CHECK;

/* Append @f to @out in @form. Absent MAY fields are left out; MUST fields are always written.
 * returns 0, ERR_FULL (cap of @out), ERR_MEMORY; on failure @out keeps its former length. */
int frame_encode(enum frame_form form, const struct frame *f, struct buf *out) MUST_CHECK;

/* May @role send @verb (way UP)? Direction counts: a DOWN verb may be sent up by nobody. */
bool frame_may_send(enum frame_verb verb, enum frame_role role);

const char *frame_verb_name(enum frame_verb verb);
const char *frame_role_name(enum frame_role role); /* "resident" "agent" "supervisor" */

#endif
