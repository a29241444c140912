#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void buf_init(struct buf *b, size_t cap)
{
    *b = (struct buf){.cap = cap};
}

void buf_done(struct buf *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->room = 0;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data) {
        b->data[0] = '\0';
    }
}

int buf_reserve(struct buf *b, size_t n)
{
    if (n > b->cap - b->len) {
        return ERR_FULL;
    }
    size_t need = b->len + n + 1;
    if (need <= b->room) {
        return 0;
    }
    size_t room = b->room ? b->room : 64;
    while (room < need) {
        room *= 2;
    }
    char *data = realloc(b->data, room);
    if (!data) {
        return ERR_MEMORY;
    }
    b->data = data;
    b->room = room;
    return 0;
}

int buf_add(struct buf *b, const void *data, size_t n)
{
    int err = buf_reserve(b, n);
    if (err) {
        return err;
    }
    if (n > 0) {
        memcpy(b->data + b->len, data, n);
    }
    b->len += n;
    b->data[b->len] = '\0';
    return 0;
}

int buf_add_text(struct buf *b, struct text t)
{
    return buf_add(b, t.s, t.n);
}

int buf_add_z(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

int buf_add_byte(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(n >= 0);
    int err = buf_reserve(b, (size_t)n);
    if (err) {
        return err;
    }
    va_start(args, format);
    (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, args); /* measured just above */
    va_end(args);
    b->len += (size_t)n;
    return 0;
}

void buf_eat(struct buf *b, size_t n)
{
    CHECK(n <= b->len);
    if (n > 0) {
        memmove(b->data, b->data + n, b->len - n + 1);
        b->len -= n;
    }
}

struct text buf_text(const struct buf *b)
{
    return (struct text){b->data ? b->data : "", b->len};
}
