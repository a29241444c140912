/* What the files of channels/email share; nobody else includes it. GMime's types stay in the .c files.
 *
 *   raw ──mime_split──> tree of nodes ──tree_words──> text
 *                            └───────── attachments ─> parts
 *
 * The structure is walked here, not by GMimeParser: that one makes an object of every part and recurses by depth before anybody can count (8 million
 * parts fit into MAIL_BYTES_MAX). GMime reads what stands in the headers and decodes the bodies: bounded inputs, one at a time. */
#ifndef LOKET_CHANNELS_MAIL_INTERNAL_H
#define LOKET_CHANNELS_MAIL_INTERNAL_H

#include <gmime/gmime.h>

#include "base/buf.h"
#include "channels/email/mail_parse.h"

/* Text for people, made one code point at a time: no control characters but \n and \t, C1 read as windows-1252 (nobody means the controls), at most
 * @max bytes, ended between two code points. One line: white space folded, marks that turn the direction of writing dropped. */
struct words {
    struct buf buf;
    size_t max;
    bool one_line, space, after_cr, full; /* full: something was left out */
    int err; /* ERR_MEMORY, kept until words_take */
};
void words_init(struct words *w, size_t max, bool one_line);
void words_done(struct words *w);
void words_put(struct words *w, uint32_t code_point);
void words_put_utf8(struct words *w, struct text t); /* bytes that are not UTF-8 become U+FFFD */
void words_put_plain(struct words *w, struct text t, bool flowed, bool delsp); /* text/plain, RFC 3676 */
void words_put_html(struct words *w, struct text t);                           /* text/html */
void words_trim(struct words *w); /* blank lines at the start, white space at the end; nothing is left of what is white space alone */

uint32_t windows_1252(unsigned char c); /* U+FFFD for its five holes */
uint32_t utf8_next(struct text t, size_t *at); /* U+FFFD for what is not UTF-8; always moves on */
int buf_add_code_point(struct buf *b, uint32_t c) MUST_CHECK;

/* @bytes in @charset (NULL: none was named) as UTF-8 appended to @out. Never fails on the bytes. ERR_MEMORY, ERR_FULL. */
int charset_to_utf8(struct text bytes, const char *charset, struct buf *out) MUST_CHECK;

/* Headers: @head is the raw block, its first HEAD_BYTES_MAX bytes count. */
#define HEAD_BYTES_MAX (256u << 10)
#define HEAD_VALUE_MAX (64u << 10)
#define HEAD_STRUCTURED_MAX (8u << 10) /* Content-Type, addresses: what GMime's parsers of structure are given at most */

/* Splits an entity at the end of its headers. A line that is no header ends them too, and belongs to the body. */
void head_split(struct text entity, struct text *head, struct text *body);
/* The @nth value of @name, unfolded, valid UTF-8 (else it is read as windows-1252), controls as spaces, cut at @max. NULL when absent; g_free it. */
char *head_get(struct text head, const char *name, size_t nth, size_t max);
bool head_has(struct text head, const char *name);
GMimeParserOptions *mail_options(void); /* starts GMime, once for all threads */
/* The first mailbox in @value: its key and its name (cut at LABEL_MAX). false: none can be read. */
bool head_mailbox(const char *value, char key[ADDRESS_MAX + 1], struct words *name);
/* Message-IDs in @value, in order, without brackets: comments skipped, folding spaces inside dropped; bare words with an @ when nothing stands in
 * brackets. Calls @take for each (borrowed during the call). */
void message_ids(struct text value, void (*take)(void *ctx, struct text id), void *ctx);

/* Subject without what answering and forwarding put before it. @replies_only keeps Fwd: and its like. */
struct text subject_strip(struct text subject, bool replies_only);
/* RFC 3834 and friends. */
bool head_is_automatic(struct text head);

enum node_kind { NODE_MULTIPART, NODE_WORDS, NODE_ATTACHMENT };
struct node {
    struct text head, body;
    enum node_kind kind;
    bool alternative, digest, html, flowed, delsp, too_deep;
    unsigned depth;
    size_t first, n;        /* children */
    char *type;             /* "text/plain", lower case; owned */
    char *charset;          /* owned; may be NULL */
    char *boundary;         /* owned; may be NULL */
    char *name;             /* file name as it came, UTF-8; owned; may be NULL */
    GMimeContentEncoding encoding;
};
struct tree {
    struct node nodes[MAIL_PARTS_MAX];
    size_t n;
    bool cut; /* a limit was met: parts stand in the raw source alone */
};
void mime_split(struct text raw, struct tree *t);
void tree_done(struct tree *t);
/* The body of @n without its transfer encoding. Never fails on the bytes. ERR_MEMORY, ERR_FULL. */
#define BODY_BYTES_MAX (8u << 20) /* of one text part, encoded: 128 times what is kept, for HTML that is mostly style and embedded pictures */
int node_decode(const struct node *n, size_t bytes_max, struct buf *out) MUST_CHECK;
/* All readable words of the mail. */
int tree_words(const struct tree *t, struct words *out) MUST_CHECK;

#endif
