#include <hiredis/hiredis.h>
#include <string.h>

#include "loop/redis_internal.h"

static const redisReply *reply_of(const struct redis_reply *r)
{
    return (const redisReply *)(const void *)r;
}

enum redis_type redis_reply_type(const struct redis_reply *r)
{
    if (!r) {
        return REDIS_NIL;
    }
    switch (reply_of(r)->type) {
    case REDIS_REPLY_STRING: return REDIS_TEXT;
    case REDIS_REPLY_ARRAY: return REDIS_LIST;
    case REDIS_REPLY_INTEGER: return REDIS_INTEGER;
    case REDIS_REPLY_STATUS: return REDIS_STATUS;
    case REDIS_REPLY_ERROR: return REDIS_FAULT;
    default: return REDIS_NIL;
    }
}

struct text redis_reply_text(const struct redis_reply *r)
{
    if (!r || (reply_of(r)->type != REDIS_REPLY_STRING && reply_of(r)->type != REDIS_REPLY_STATUS && reply_of(r)->type != REDIS_REPLY_ERROR)) {
        return (struct text){NULL, 0};
    }
    return (struct text){reply_of(r)->str, (size_t)reply_of(r)->len};
}

int64_t redis_reply_integer(const struct redis_reply *r)
{
    uint64_t value;
    if (!r) {
        return 0;
    }
    if (reply_of(r)->type == REDIS_REPLY_INTEGER) {
        return reply_of(r)->integer;
    }
    return text_to_u64(redis_reply_text(r), &value) == 0 && value <= INT64_MAX ? (int64_t)value : 0;
}

size_t redis_reply_count(const struct redis_reply *r)
{
    return r && reply_of(r)->type == REDIS_REPLY_ARRAY ? reply_of(r)->elements : 0;
}

const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i)
{
    return i < redis_reply_count(r) ? (const struct redis_reply *)(const void *)reply_of(r)->element[i] : NULL;
}

int redis_reply_error(const struct redis_reply *reply)
{
    const redisReply *r = reply_of(reply);
    static const char *const refused[] = {"OOM",    "MISCONF", "READONLY", "LOADING",    "MASTERDOWN",
                                          "NOAUTH", "NOPERM",  "BUSY",     "NOREPLICAS", "CLUSTERDOWN"};
    if (r->type != REDIS_REPLY_ERROR) {
        return 0;
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (strncmp(r->str, refused[i], strlen(refused[i])) == 0) {
            return ERR_STORE_REFUSED;
        }
    }
    /* A function that was refused in the middle tells in its own words: "... script: loket_append ... -OOM command not allowed" */
    return strstr(r->str, "-OOM") || strstr(r->str, "-MISCONF") || strstr(r->str, "-READONLY") ? ERR_STORE_REFUSED : ERR_STORE_REPLY;
}
