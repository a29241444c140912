#include "base/id.h"

#include <sys/random.h>
#include <time.h>

#include "base/check.h"

void random_bytes(void *out, size_t n)
{
    unsigned char *at = out;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        CHECK(got > 0);
        at += got;
        n -= (size_t)got;
    }
}

void id_make(char out[ID_BYTES])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford: no i, l, o, u */
    unsigned char raw[17] = {0}; /* 128 bits and two zero bits: 26 * 5 = 130 */
    random_bytes(raw, 16);
    for (unsigned i = 0; i < ID_CHARS; i++) {
        unsigned bit = i * 5;
        unsigned pair = (unsigned)raw[bit / 8] << 8 | raw[bit / 8 + 1];
        out[i] = digits[(pair >> (11 - bit % 8)) & 31];
    }
    out[ID_CHARS] = '\0';
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}
