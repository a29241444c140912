/* The shape of a msgpack value, before anything is built from it. One pass, no memory. */
#include "proto/table.h"

/* Of the value whose first byte is @c: bytes of its big-endian length, bytes besides that and the first, children for each unit of length. */
struct shape {
    unsigned char length_bytes, fixed_bytes, children;
    bool bytes; /* the length counts bytes that follow */
};

static bool shape_of(unsigned char c, struct shape *out)
{
    static const struct shape shapes[32] = {
        [0x00] = {0, 0, 0, false},                                                                   /* c0 nil; c1 is never used */
        [0x02] = {0, 0, 0, false}, [0x03] = {0, 0, 0, false},                                        /* false, true */
        [0x04] = {1, 0, 0, true},  [0x05] = {2, 0, 0, true},  [0x06] = {4, 0, 0, true},              /* bin */
        [0x0a] = {0, 4, 0, false}, [0x0b] = {0, 8, 0, false},                                        /* float */
        [0x0c] = {0, 1, 0, false}, [0x0d] = {0, 2, 0, false}, [0x0e] = {0, 4, 0, false}, [0x0f] = {0, 8, 0, false}, /* uint */
        [0x10] = {0, 1, 0, false}, [0x11] = {0, 2, 0, false}, [0x12] = {0, 4, 0, false}, [0x13] = {0, 8, 0, false}, /* int */
        [0x19] = {1, 0, 0, true},  [0x1a] = {2, 0, 0, true},  [0x1b] = {4, 0, 0, true},              /* str */
        [0x1c] = {2, 0, 1, false}, [0x1d] = {4, 0, 1, false},                                        /* array */
        [0x1e] = {2, 0, 2, false}, [0x1f] = {4, 0, 2, false},                                        /* map */
    };
    if (c == 0xc1 || (c >= 0xc7 && c <= 0xc9) || (c >= 0xd4 && c <= 0xd8)) {
        return false; /* never used; ext; fixext */
    }
    *out = shapes[c & 31];
    return true;
}

bool shape_msgpack_is_sound(struct text in)
{
    const unsigned char *data = (const unsigned char *)in.s;
    uint64_t left[FRAME_NEST_MAX + 1] = {1}; /* values still to come at each depth; the outermost is one */
    size_t depth = 0, at = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return at == in.n;
            }
            depth--;
        }
        left[depth]--;
        if (at >= in.n) {
            return false;
        }
        unsigned char c = data[at++];
        uint64_t bytes = 0, children = 0;
        if (c >= 0xc0 && c <= 0xdf) {
            struct shape s;
            if (!shape_of(c, &s) || s.length_bytes > in.n - at) {
                return false;
            }
            uint64_t length = 0;
            for (unsigned i = 0; i < s.length_bytes; i++) {
                length = length << 8 | data[at++];
            }
            bytes = s.fixed_bytes + (s.bytes ? length : 0);
            children = length * s.children;
        } else if (c >= 0x80 && c <= 0x9f) { /* fixmap, fixarray */
            children = c < 0x90 ? (c & 15u) * 2 : c & 15u;
        } else if (c >= 0xa0 && c <= 0xbf) { /* fixstr */
            bytes = c & 31u;
        }
        if (bytes > in.n - at) {
            return false;
        }
        at += bytes;
        bool container = (c >= 0x80 && c <= 0x9f) || c >= 0xdc;
        if (container && c <= 0xdf) {
            if (children > in.n - at || depth == FRAME_NEST_MAX) {
                return false;
            }
            left[++depth] = children;
        }
    }
}
