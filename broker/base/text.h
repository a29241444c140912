/* struct text: borrowed bytes with a length; the owner is whoever made the buffer. Not terminated by NUL.
 * { NULL, 0 } means absent, which is not the same as empty. */
#ifndef LOKET_BASE_TEXT_H
#define LOKET_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct text {
    const char *s;
    size_t n; /* bytes */
};

#define TEXT_LITERAL(literal) ((struct text){(literal), sizeof(literal) - 1})
#define TEXT_ARG(t) (int)(t).n, ((t).s ? (t).s : "") /* for "%.*s" */

struct text text_of(const char *s); /* NULL gives absent */
bool text_equal(struct text a, struct text b);
bool text_is(struct text a, const char *b);

/* Copy @t with a NUL to @out. ERR_TOO_LARGE (and @out becomes "") when it does not fit, ERR_BAD_FIELD when it holds a NUL. */
int text_copy(struct text t, char *out, size_t out_bytes) MUST_CHECK;

/* Decimal digits only, whole input, at most UINT64_MAX. */
int text_to_u64(struct text t, uint64_t *out) MUST_CHECK;

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool text_is_utf8(struct text t);

/* The longest prefix of @t of at most @bytes_max that ends between two code points. */
struct text text_cut(struct text t, size_t bytes_max);

/* Walk the words of @list, which are separated by any of the bytes of @separators: start with *at = 0; false at the end. Empty words are passed over. */
bool text_next_word(struct text list, const char *separators, size_t *at, struct text *word);
bool text_has_word(struct text list, const char *separators, struct text word);

/* Equality in a time that does not depend on the contents (secrets). Lengths are not secret. */
bool text_equal_secret(struct text a, struct text b);

#endif
