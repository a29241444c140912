/* Responses of an IMAP server, from bytes (RFC 3501, section 7 and 9). No I/O. A response is a line in which literals ({n} CRLF and n octets)
 * may stand; the reader gives the line without its literals, and the octets of the last literal that followed BODY[…]. A quoted or NIL body is
 * given alike. */
#ifndef LOKET_ADAPTERS_IMAP_WIRE_H
#define LOKET_ADAPTERS_IMAP_WIRE_H

#include "base/buf.h"

#define IMAP_LINE_BYTES_MAX (8u << 20)    /* SEARCH: a million UIDs of 7 digits with a space */
#define IMAP_LITERAL_BYTES_MAX (2u << 20) /* the adapter asks for 1 MB at a time */

struct imap_wire {
    struct buf line, body;
    size_t literal_left;
    bool whole;      /* the line is complete: the next byte starts another */
    bool keep;       /* the literal belongs to BODY[…] */
    bool has_body;
};
void imap_wire_init(struct imap_wire *w);
void imap_wire_done(struct imap_wire *w);
void imap_wire_reset(struct imap_wire *w); /* for a new connection */

/* Eats from @bytes. 1: w->line and w->body are a response, until the next call; 0: all is eaten, feed more; -1: not IMAP, or past the limits. */
int imap_wire_next(struct imap_wire *w, struct text *bytes) MUST_CHECK;

/* Looking at a line. Keywords in any case. */
struct text imap_word(struct text *line);                                    /* takes the next word up to a space; absent at the end */
bool imap_word_is(struct text word, const char *plain);
bool imap_number_after(struct text line, const char *name, uint64_t *out);   /* "… UID 17 …", "… [UIDVALIDITY 3]" */
bool imap_list_has(struct text line, const char *name, const char *flag);    /* "PERMANENTFLAGS (\Seen \*)" has "\*" */

/* @s as a quoted string (section 4.3). ERR_BAD_INPUT: CR, LF, NUL; 8-bit is passed on. */
int imap_quote(struct text s, struct buf *out) MUST_CHECK;

/* The mailbox of imap[s]://host[:port]/MAILBOX (RFC 5092), as a quoted string; INBOX when none is named. ERR_BAD_CONFIG. */
int imap_mailbox_of(const char *url, struct buf *out) MUST_CHECK;

#endif
