/* What a stranger's headers say. Pure, so that it can be fuzzed. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "edge/edge_internal.h"

static struct text trim(struct text t)
{
    while (t.n > 0 && (t.s[0] == ' ' || t.s[0] == '\t')) {
        t.s++;
        t.n--;
    }
    while (t.n > 0 && (t.s[t.n - 1] == ' ' || t.s[t.n - 1] == '\t')) {
        t.n--;
    }
    return t;
}

/* The next element of a list; false at its end. */
static bool part_next(struct text *rest, char divider, struct text *out)
{
    if (!rest->s) {
        return false;
    }
    const char *at = rest->n ? memchr(rest->s, divider, rest->n) : NULL;
    size_t n = at ? (size_t)(at - rest->s) : rest->n;
    *out = trim((struct text){rest->s, n});
    *rest = at ? (struct text){at + 1, rest->n - n - 1} : (struct text){NULL, 0};
    return true;
}

struct text cookie_find(struct text header, const char *name)
{
    struct text part;
    size_t n = strlen(name);
    while (part_next(&header, ';', &part)) {
        if (part.n > n && memcmp(part.s, name, n) == 0 && part.s[n] == '=') {
            struct text value = {part.s + n + 1, part.n - n - 1};
            if (value.n >= 2 && value.s[0] == '"' && value.s[value.n - 1] == '"') {
                value = (struct text){value.s + 1, value.n - 2};
            }
            return value;
        }
    }
    return (struct text){NULL, 0};
}

bool origin_is_ours(struct text origin, struct text host, const char *const *origins)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(schemes[i]);
        if (host.n > 0 && origin.n == n + host.n && strncasecmp(origin.s, schemes[i], n) == 0 &&
            strncasecmp(origin.s + n, host.s, host.n) == 0) {
            return true;
        }
    }
    for (size_t i = 0; origins && origins[i]; i++) {
        if (origin.n == strlen(origins[i]) && strncasecmp(origin.s, origins[i], origin.n) == 0) {
            return true;
        }
    }
    return false;
}

struct text forwarded_last(struct text header)
{
    struct text part, last = {NULL, 0};
    while (part_next(&header, ',', &part)) {
        last = part;
    }
    if (last.n == 0 || last.n >= ADDRESS_TEXT_MAX) {
        return (struct text){NULL, 0};
    }
    for (size_t i = 0; i < last.n; i++) {
        if (!isxdigit((unsigned char)last.s[i]) && last.s[i] != '.' && last.s[i] != ':') {
            return (struct text){NULL, 0};
        }
    }
    return last;
}

bool subprotocol_pick(struct text header, enum frame_form *out)
{
    struct text part;
    while (part_next(&header, ',', &part)) {
        if (text_is(part, "loket.1.msgpack") || text_is(part, "loket.1.json")) {
            *out = text_is(part, "loket.1.json") ? FRAME_JSON : FRAME_MSGPACK;
            return true;
        }
        if (text_is(part, "http")) {
            return false; /* the name of the library's own first protocol: it would be bound to that */
        }
    }
    return false;
}

int query_add(struct buf *out, struct text argument)
{
    static const char hex[] = "0123456789ABCDEF";
    bool value = false;
    int err = out->len > 0 ? buf_add_byte(out, '&') : 0;
    for (size_t i = 0; !err && i < argument.n; i++) {
        unsigned char c = (unsigned char)argument.s[i];
        if (c == '=' && !value) {
            value = true;
            err = buf_add_byte(out, '=');
        } else if (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            err = buf_add_byte(out, (char)c);
        } else {
            err = buf_add(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
        }
    }
    return err;
}

int length_parse(struct text header, uint64_t *out)
{
    return text_to_u64(header, out);
}

bool gzip_accepted(struct text header)
{
    while (header.n > 0) {
        const char *comma = memchr(header.s, ',', header.n);
        struct text item = {header.s, comma ? (size_t)(comma - header.s) : header.n};
        header = comma ? (struct text){comma + 1, header.n - item.n - 1} : (struct text){header.s, 0};
        const char *semicolon = memchr(item.s, ';', item.n);
        struct text name = trim((struct text){item.s, semicolon ? (size_t)(semicolon - item.s) : item.n});
        if (name.n == 4 && strncasecmp(name.s, "gzip", 4) == 0) {
            struct text weight = semicolon ? trim((struct text){semicolon + 1, item.n - (size_t)(semicolon + 1 - item.s)}) : name;
            if (weight.n < 2 || strncasecmp(weight.s, "q=", 2) != 0) {
                return true;
            }
            for (size_t i = 2; i < weight.n; i++) {
                if (weight.s[i] != '0' && weight.s[i] != '.') {
                    return true;
                }
            }
            return false;
        }
    }
    return false;
}
