/* The limits of limits.def as constants. */
#ifndef LOKET_PROTO_LIMITS_H
#define LOKET_PROTO_LIMITS_H

enum {
#define LIMIT(name, value, reason) name = value,
#include "proto/limits.def"
#undef LIMIT
    FRAME_NEST_MAX = FRAME_DEPTH_MAX + FRAME_DEPTH_SPARE
};
#define U53_MAX 9007199254740991ull /* 2^53 - 1: the largest whole number that JavaScript holds exactly */

#endif
