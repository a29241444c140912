/* Random identifiers and time. Ids are 16 random bytes in Crockford's base32 without padding: 26 characters [0-9a-z]. */
#ifndef LOKET_BASE_ID_H
#define LOKET_BASE_ID_H

#include "base/text.h"

#define ID_CHARS 26
#define ID_BYTES (ID_CHARS + 1) /* with the NUL */

void id_make(char out[ID_BYTES]); /* from getrandom(2); aborts when the kernel has no randomness */
void random_bytes(void *out, size_t n);

int64_t clock_wall_ms(void); /* milliseconds since 1970 UTC; may jump */
int64_t clock_mono_ms(void); /* never goes back; for deadlines */

#endif
