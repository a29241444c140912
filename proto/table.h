/* frames.def as data: what codec_msgpack.c, codec_json.c and protogen.c walk. Internal to proto/. */
#ifndef LOKET_PROTO_TABLE_H
#define LOKET_PROTO_TABLE_H

#include "proto/frame.h"

enum field_type { FIELD_TEXT, FIELD_UINT, FIELD_BOOL, FIELD_LIST, FIELD_WORDS };

struct table_field {
    const char *name;
    size_t name_bytes;
    enum field_type type;
    bool must;
    size_t offset;             /* of the value in its struct */
    size_t offset_n;           /* LIST, WORDS: of the count */
    uint64_t max;              /* TEXT: bytes; UINT: value; LIST, WORDS: items */
    size_t word_bytes_max;     /* WORDS */
    const struct table_map *record; /* LIST */
    const char *doc;
    const char *max_name;      /* as written in frames.def */
    const char *word_max_name; /* WORDS */
};

struct table_map { /* a verb's or record's fields */
    const char *name;
    const struct table_field *fields;
    size_t fields_n;
    size_t bytes;              /* of the struct */
    const char *doc;
    int way;                   /* verbs: TABLE_UP, TABLE_DOWN, both; records: 0 */
    int who;
};
enum { TABLE_UP = 1, TABLE_DOWN = 2, TABLE_BOTH = 3 };

extern const struct table_map table_verbs[VERB_COUNT]; /* [VERB_NONE] is empty */
extern const struct table_map *const table_records[];  /* NULL-terminated, in the order of frames.def */

enum frame_verb table_verb_find(struct text name);     /* VERB_NONE: unknown */
const struct table_field *table_field_find(const struct table_map *map, struct text name, size_t *hint); /* NULL: unknown; tries *hint first */

/* Shared checks of a decoded value; 0, ERR_BAD_FIELD, ERR_BAD_UTF8, ERR_TOO_LARGE. */
int table_text_check(struct text t, uint64_t bytes_max) MUST_CHECK;
/* A fault is found innermost: there goes what is needed, and the way to it is put in front, step by step, as the decoder leaves its maps and lists.
 * table_fault_say makes both one sentence: "`hours[2].from` is needed and must be a text of at most 32 bytes of UTF-8 without NUL". */
const char *table_need(const struct table_field *field);      /* "must be a text of at most 16384 bytes …"; static memory */
const char *table_need_item(const struct table_field *field); /* of one item of a list */
void table_fault_step(struct frame_fault *fault, const struct table_field *field);
void table_fault_item(struct frame_fault *fault, size_t index);
void table_fault_unknown(struct frame_fault *fault, struct text name, const struct table_map *map);
void table_fault_say(struct frame_fault *fault);

/* The arena of one decode: a bump allocator with a cap; what does not fit is ERR_TOO_LARGE. */
struct frame_arena {
    char *data;
    size_t used, room;
    void *zone; /* msgpack_zone of the msgpack decoder */
    void *json; /* json_t root of the last JSON frame */
};
void arena_clear(struct frame_arena *a);
/* After arena_clear: what comes is a frame (NULL), or this record and no more: hundreds of them may be kept. */
void arena_fit(struct frame_arena *a, const struct table_map *record);
void *arena_take(struct frame_arena *a, size_t bytes); /* zeroed; NULL: out of memory or past the cap */

/* One msgpack value and nothing after it, no deeper than FRAME_NEST_MAX, no ext, and no map or list that claims more than the bytes can hold:
 * msgpack-c makes room for what is claimed before it reads on, so that five bytes could ask for gigabytes. */
bool shape_msgpack_is_sound(struct text in);

int codec_msgpack_decode(struct text in, struct frame_arena *arena, enum frame_way way, struct frame *out, struct frame_fault *fault) MUST_CHECK;
int codec_msgpack_encode(const struct frame *f, struct buf *out) MUST_CHECK;
int codec_json_decode(struct text in, struct frame_arena *arena, enum frame_way way, struct frame *out, struct frame_fault *fault) MUST_CHECK;
int codec_json_encode(const struct frame *f, struct buf *out) MUST_CHECK;
int codec_json_record_decode(const struct table_map *record, struct text in, struct frame_arena *arena, void *out,
                             struct frame_fault *fault) MUST_CHECK;
int codec_json_record_encode(const struct table_map *record, const void *in, struct buf *out) MUST_CHECK;

#endif
