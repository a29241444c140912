#include <string.h>

#include "loop/redis_internal.h"

/* redis://[user:password@]host[:port][/db] or unix:///path[?db=n] */
int redis_address_parse(const char *url, struct redis_address *out)
{
    struct redis_address a = {.port = 6379};
    uint64_t number = 0;
    if (strncmp(url, "unix://", 7) == 0) {
        const char *path = url + 7, *query = strchr(path, '?');
        a.is_unix = true;
        int err = text_copy(query ? (struct text){path, (size_t)(query - path)} : text_of(path), a.host, sizeof a.host);
        if (!err && query && strncmp(query, "?db=", 4) == 0) {
            err = text_to_u64(text_of(query + 4), &number);
        }
        err = err || number > 1000 ? ERR_BAD_CONFIG : 0;
        a.db = (int)number;
        *out = a;
        return err || a.host[0] != '/' ? ERR_BAD_CONFIG : 0;
    }
    if (strncmp(url, "redis://", 8) != 0) {
        return ERR_BAD_CONFIG;
    }
    const char *at = strrchr(url, '@'), *host = at ? at + 1 : url + 8;
    if (at) {
        const char *colon = memchr(url + 8, ':', (size_t)(at - url - 8));
        if (!colon || text_copy((struct text){url + 8, (size_t)(colon - url - 8)}, a.user, sizeof a.user) ||
            text_copy((struct text){colon + 1, (size_t)(at - colon - 1)}, a.password, sizeof a.password)) {
            return ERR_BAD_CONFIG;
        }
    }
    bool bracketed = *host == '[';
    host += bracketed;
    size_t n = strcspn(host, bracketed ? "]" : ":/");
    if (n == 0 || (bracketed && host[n] != ']') || text_copy((struct text){host, n}, a.host, sizeof a.host)) {
        return ERR_BAD_CONFIG;
    }
    host += n + bracketed;
    if (*host == ':') {
        n = strcspn(++host, "/");
        if (text_to_u64((struct text){host, n}, &number) || number == 0 || number > 65535) {
            return ERR_BAD_CONFIG;
        }
        a.port = (int)number;
        host += n;
    }
    if (*host != '/' && *host != '\0') {
        return ERR_BAD_CONFIG;
    }
    if (*host == '/' && host[1] != '\0') {
        if (text_to_u64(text_of(host + 1), &number) || number > 1000) {
            return ERR_BAD_CONFIG;
        }
        a.db = (int)number;
    }
    *out = a;
    return 0;
}
