/* As much of loket.1.msgpack (proto/PROTOCOL.md) as a load generator needs: frames are put together once and patched, and of what comes
 * only the fields that matter are looked at. An implementation of its own, so that the broker's codec is not measured with itself. */
#ifndef LOKET_BENCH_FRAMES_H
#define LOKET_BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words {
    const char *s;
    size_t n;
};
struct seen { /* fields that were there; borrowed from the frame */
    struct words verb, conversation, text, token, state, owner, name, code, kind;
    uint64_t seq, counter;
};
/* false: not a map of known shape. */
bool frame_see(const unsigned char *data, size_t n, struct seen *out);
bool words_are(struct words w, const char *s);

struct made { /* a frame under construction */
    size_t n;
    unsigned char data[1024];
};
void made_start(struct made *m, unsigned fields, const char *verb); /* @fields besides the verb, at most 14 */
void made_text(struct made *m, const char *key, const char *value, size_t n);
/* Always five bytes, so that the number can be changed later; returns where its four bytes of value are. */
size_t made_number(struct made *m, const char *key, uint32_t value);
void number_put(unsigned char *at, uint32_t value);

#endif
