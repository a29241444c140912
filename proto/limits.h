/* Every limit of the wire, with its arithmetic. Used in frames.def by name and printed in PROTOCOL.md. */
#ifndef LOKET_PROTO_LIMITS_H
#define LOKET_PROTO_LIMITS_H

enum {
    ID_MAX = 64,              /* own ids are 26 characters; agents and queues have names of their own */
    WORD_MAX = 32,            /* verbs, states, channels, roles, codes */
    LABEL_MAX = 200,          /* display names, file names, media types */
    HASH_MAX = 64,            /* SHA-256 in hexadecimal */
    ADDRESS_MAX = 254,        /* RFC 5321, section 4.5.3.1.3: a path is at most 256 with its brackets */
    TOKEN_MAX = 256,
    TEXT_LINE_MAX = 512,      /* one line for people: reasons, previews */
    SUBJECT_MAX = 998,        /* RFC 5322, section 2.1.1 */
    MESSAGE_ID_MAX = 250,     /* RFC 5322, section 2.1.1, with room for the header's name */
    TEXT_MAX = 16384,         /* one `say`: about 8 pages */
    TEXT_LARGE_MAX = 65536,   /* one e-mail's words; what is longer stays in its raw source, attached */
    ATTACHMENTS_MAX = 64,
    QUEUES_MAX = 256,
    AGENTS_MAX = 4096,
    WORK_MAX = 1024,
    ADDRESSES_MAX = 32,
    WAITING_ROWS_MAX = 50,
    ENTRIES_MAX = 500,        /* one page of history */
    FRAME_DEPTH_MAX = 4,      /* map, list, record, list */
    FRAME_FIELDS_MAX = 64,    /* fields of one map, known or not */
    FRAME_UP_BYTES_MAX = 65536,    /* one frame from a client: TEXT_MAX with every byte escaped as \u00XX fits in JSON? 6 * 16384 = 98304 does not;
                                      a client that escapes like that says less in one frame */
    FRAME_DOWN_BYTES_MAX = 2097152 /* one frame to a client: a board of 4,096 agents at about 400 bytes */
};
#define U53_MAX 9007199254740991ull /* 2^53 - 1 */

#endif
