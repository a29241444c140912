/* What redis.c is made of. hiredis' types show in redis.c (its reader) and redis_reply.c (its replies) alone. */
#ifndef LOKET_LOOP_REDIS_INTERNAL_H
#define LOKET_LOOP_REDIS_INTERNAL_H

#include "loop/redis.h"

struct redis_address {
    char host[108 + 1]; /* sun_path's size; a host name is shorter */
    int port, db;
    bool is_unix;
    char user[64], password[256];
};
int redis_address_parse(const char *url, struct redis_address *out) MUST_CHECK; /* ERR_BAD_CONFIG */

int redis_reply_error(const struct redis_reply *r); /* 0, ERR_STORE_REFUSED, ERR_STORE_REPLY */

#endif
