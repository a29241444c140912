/* struct buf: a growing byte buffer with a cap. An append that would pass the cap fails and changes nothing: it never truncates.
 *
 *     data                data+len        data+room            cap
 *      |---- written -------|----- free -----|  grows by doubling |
 */
#ifndef LOKET_BASE_BUF_H
#define LOKET_BASE_BUF_H

#include "base/text.h"

struct buf {
    char *data;  /* owned; NULL until the first append; always NUL-terminated after an append */
    size_t len;  /* bytes written, without the NUL */
    size_t room; /* bytes allocated */
    size_t cap;  /* most bytes that may ever be written */
};

void buf_init(struct buf *b, size_t cap);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
int buf_add(struct buf *b, const void *data, size_t n) MUST_CHECK;   /* 0, ERR_FULL, ERR_MEMORY */
int buf_add_text(struct buf *b, struct text t) MUST_CHECK;
int buf_add_z(struct buf *b, const char *s) MUST_CHECK;
int buf_add_byte(struct buf *b, char c) MUST_CHECK;
int buf_addf(struct buf *b, const char *format, ...) MUST_CHECK __attribute__((format(printf, 2, 3)));
int buf_reserve(struct buf *b, size_t n) MUST_CHECK;                 /* room for @n more bytes at data+len */
void buf_eat(struct buf *b, size_t n);                               /* drop the first @n bytes */
struct text buf_text(const struct buf *b);                           /* borrowed until the next change */

#endif
