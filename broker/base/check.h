/* CHECK(x) stays on in release builds and means "this would be our bug": it logs where and aborts.
 * What a peer sends is never CHECKed; it is an error value. */
#ifndef LOKET_BASE_CHECK_H
#define LOKET_BASE_CHECK_H

_Noreturn void check_failed(const char *expression, const char *file, int line);

#define CHECK(x) ((x) ? (void)0 : check_failed(#x, __FILE__, __LINE__))

/* A void pointer that comes back from a foreign library is proved by its first word. */
#define MAGIC_CHECK(p, magic_value) CHECK((p) != NULL && (p)->magic == (magic_value))

#endif
