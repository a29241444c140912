/* The connection below struct redis: from address to replies. Made for one connect; another connect is another link. */
#ifndef LOKET_LOOP_REDIS_LINK_H
#define LOKET_LOOP_REDIS_LINK_H

#include "base/buf.h"
#include "loop/redis_internal.h"

struct redis_link;
struct redis_link_events {
    void (*up)(void *ctx);
    void (*reply)(void *ctx, const struct redis_reply *reply); /* in the order they came; borrowed until return */
    void (*down)(void *ctx); /* once: not reached, lost, or not RESP. After it only redis_link_close is left to do, and is allowed in it */
};

/* Events come from the loop, never before return. @address is borrowed for the life of the link. ERR_MEMORY, ERR_IO. */
int redis_link_open(struct loop *l, const struct redis_address *address, const struct redis_link_events *events, void *ctx,
                    struct redis_link **out) MUST_CHECK;

/* One command, copied; it leaves at the end of the turn, with all others of the turn in one write. ERR_FULL: REDIS_OUT_BYTES_MAX are not yet
 * written; ERR_MEMORY. */
int redis_link_add(struct redis_link *k, size_t argc, const struct text *argv) MUST_CHECK;

void redis_link_close(struct redis_link **k); /* no event any more */

#endif
