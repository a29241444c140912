#include "edge/token.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { MAC_BYTES = 32, MAC_CHARS = 43 /* 32 bytes in base64url without padding: 4 * 32 / 3 rounded up */ };

/* RFC 4648, section 5, without padding. */
static void base64url(const unsigned char *in, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | in[i];
        have += 8;
        while (have >= 6) {
            have -= 6;
            *out++ = digits[bits >> have & 63];
        }
    }
    if (have > 0) {
        *out++ = digits[bits << (6 - have) & 63];
    }
    *out = '\0';
}

static int mac(const unsigned char secret[32], struct text over, char out[MAC_CHARS + 1])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!HMAC(EVP_sha256(), secret, 32, (const unsigned char *)over.s, over.n, raw, &n) || n != MAC_BYTES) {
        return ERR_MEMORY;
    }
    base64url(raw, MAC_BYTES, out);
    return 0;
}

static bool part_is_fit(const char *part, bool may_be_empty)
{
    for (const char *at = part; *at; at++) {
        if (*at == '.' || (unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f || *at == ';' || *at == ',' || *at == '"') {
            return false; /* '.' divides; the others may not stand in a cookie (RFC 6265, section 4.1.1) */
        }
    }
    return may_be_empty || *part;
}

int token_make(const unsigned char secret[32], const struct token *t, char out[TOKEN_MAX + 1])
{
    if ((t->kind != 's' && t->kind != 'r') || !part_is_fit(t->subject, false) || !part_is_fit(t->session, true) ||
        (t->role != RESIDENT && t->role != AGENT && t->role != SUPERVISOR) || t->expires_ms < 0) {
        return ERR_BAD_FIELD;
    }
    char made[TOKEN_MAX + 1];
    int n = snprintf(made, sizeof made, "%c.%s.%s.%s.%" PRId64, t->kind, t->subject, t->session, frame_role_name(t->role),
                     t->expires_ms);
    if (n < 0 || (size_t)n + 1 + MAC_CHARS > TOKEN_MAX) {
        return ERR_BAD_FIELD;
    }
    int err = mac(secret, (struct text){made, (size_t)n}, made + n + 1);
    if (err) {
        return err;
    }
    made[n] = '.';
    memcpy(out, made, (size_t)n + 1 + MAC_CHARS + 1);
    return 0;
}

static struct text part_next(struct text *rest)
{
    const char *dot = memchr(rest->s, '.', rest->n);
    struct text part = {rest->s, dot ? (size_t)(dot - rest->s) : rest->n};
    *rest = dot ? (struct text){dot + 1, rest->n - part.n - 1} : (struct text){rest->s + rest->n, 0};
    return part;
}

static enum frame_role role_of(struct text name)
{
    static const enum frame_role roles[] = {RESIDENT, AGENT, SUPERVISOR};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (text_is(name, frame_role_name(roles[i]))) {
            return roles[i];
        }
    }
    return ROLE_NONE;
}

int token_read(const unsigned char secret[32], struct text in, char kind, int64_t now_ms, struct token *out)
{
    if (in.n <= MAC_CHARS + 1 || in.n > TOKEN_MAX || in.s[in.n - MAC_CHARS - 1] != '.') {
        return ERR_BAD_TOKEN;
    }
    struct text signed_part = {in.s, in.n - MAC_CHARS - 1};
    char expected[MAC_CHARS + 1];
    int err = mac(secret, signed_part, expected);
    if (err) {
        return err;
    }
    if (!text_equal_secret(text_of(expected), (struct text){in.s + in.n - MAC_CHARS, MAC_CHARS})) {
        return ERR_BAD_TOKEN;
    }
    /* From here on the words are our own; they are still read as if they were not. */
    struct text rest = signed_part;
    struct text kind_part = part_next(&rest), subject = part_next(&rest), session = part_next(&rest), role = part_next(&rest),
                expires = part_next(&rest);
    struct token t = {.kind = kind, .role = role_of(role)};
    uint64_t expires_ms;
    if (rest.n > 0 || kind_part.n != 1 || kind_part.s[0] != kind || subject.n == 0 || t.role == ROLE_NONE ||
        text_copy(subject, t.subject, sizeof t.subject) || text_copy(session, t.session, sizeof t.session) ||
        text_to_u64(expires, &expires_ms) || expires_ms > INT64_MAX || (int64_t)expires_ms <= now_ms) {
        return ERR_BAD_TOKEN;
    }
    t.expires_ms = (int64_t)expires_ms;
    *out = t;
    return 0;
}
