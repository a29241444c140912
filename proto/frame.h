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

enum frame_record { /* RECORD_queue_settings, … */
#define VERB(name, direction, who, doc)
#define RECORD(name, doc) RECORD_##name,
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
    RECORD_COUNT
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

/* What was wrong, for the error frame. Texts are static (good until the next fault) or borrow from the input. */
#define FRAME_PATH_BYTES 128 /* four steps of a name of WORD_MAX bytes are 4 * 32; what does not fit loses its end */
struct frame_fault {
    struct text verb;    /* as far as it could be read */
    const char *field;   /* of the frame or record; NULL when it is not about a field that it has */
    char path[FRAME_PATH_BYTES]; /* the way to the value: "text", "hours[2].from", "queues[0]"; "" when it is not about a value */
    const char *remedy;  /* English: "`hours[2].from` is needed and must be a text of at most 32 bytes" */
    struct text conversation; /* of the refused frame when readable, so that the client can match it */
    uint64_t counter;
};

/* For checks beyond the table: the value at the path is wrong, and what it needs ("must be `HH:MM`", static). Gives @fault its path and remedy.
 * Always returns @err. */
int frame_fault_at(struct frame_fault *fault, int err, const char *need, const char *path_format, ...) __attribute__((format(printf, 4, 5)));

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

/* One record by itself, as JSON text: a setting, in a file, in the store or in the body of a request. @out is the record's struct.
 * Stricter than frames: a field that is not in the table is ERR_BAD_FIELD, so that a typing mistake does not pass in silence. @out borrows from
 * @arena alone, not from @json: good until the arena is used again. At most FRAME_DOWN_BYTES_MAX.
 * returns as frame_decode (no ERR_UNKNOWN_VERB); ERR_BAD_FRAME: not one JSON object */
int frame_record_decode(enum frame_record record, struct text json, struct frame_arena *arena, void *out, struct frame_fault *fault) MUST_CHECK;

/* Append the record at @in to @out; absent MAY fields, and with them 0 and false, are left out. As frame_encode. */
int frame_record_encode(enum frame_record record, const void *in, struct buf *out) MUST_CHECK;

/* May @role send @verb (way UP)? Direction counts: a DOWN verb may be sent up by nobody. */
bool frame_may_send(enum frame_verb verb, enum frame_role role);

const char *frame_verb_name(enum frame_verb verb);
const char *frame_role_name(enum frame_role role); /* "resident" "agent" "supervisor" */

#endif
