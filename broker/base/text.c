#include "base/text.h"

#include <string.h>

struct text text_of(const char *s)
{
    return s ? (struct text){s, strlen(s)} : (struct text){NULL, 0};
}

bool text_equal(struct text a, struct text b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

bool text_is(struct text a, const char *b)
{
    return text_equal(a, text_of(b));
}

int text_copy(struct text t, char *out, size_t out_bytes)
{
    if (out_bytes == 0) {
        return ERR_TOO_LARGE;
    }
    out[0] = '\0';
    if (t.n >= out_bytes) {
        return ERR_TOO_LARGE;
    }
    if (t.n > 0 && memchr(t.s, '\0', t.n)) {
        return ERR_BAD_FIELD;
    }
    if (t.n > 0) {
        memcpy(out, t.s, t.n);
    }
    out[t.n] = '\0';
    return 0;
}

int text_to_u64(struct text t, uint64_t *out)
{
    uint64_t value = 0;
    if (t.n == 0) {
        return ERR_BAD_FIELD;
    }
    for (size_t i = 0; i < t.n; i++) {
        if (t.s[i] < '0' || t.s[i] > '9') {
            return ERR_BAD_FIELD;
        }
        uint64_t digit = (uint64_t)(t.s[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return ERR_BAD_FIELD;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

/* Bytes of the code point at @s, 0 when it is not well formed. RFC 3629, section 4: the table of byte ranges. */
static size_t utf8_bytes(const unsigned char *s, size_t n)
{
    unsigned char c = s[0];
    if (c < 0x80) {
        return 1;
    }
    size_t more = c >= 0xC2 && c <= 0xDF ? 1 : c >= 0xE0 && c <= 0xEF ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : 0;
    if (more == 0 || more >= n) {
        return 0;
    }
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i <= more; i++) {
        if (s[i] < 0x80 || s[i] > 0xBF) {
            return 0;
        }
    }
    return more + 1;
}

bool text_is_utf8(struct text t)
{
    const unsigned char *s = (const unsigned char *)t.s;
    size_t i = 0;
    while (i < t.n) {
        /* Most text is ASCII: eight bytes at a time while no high bit is set. */
        uint64_t eight;
        if (i + 8 <= t.n && (memcpy(&eight, s + i, 8), (eight & 0x8080808080808080ull) == 0)) {
            i += 8;
            continue;
        }
        size_t step = utf8_bytes(s + i, t.n - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

struct text text_cut(struct text t, size_t bytes_max)
{
    if (t.n <= bytes_max) {
        return t;
    }
    size_t n = bytes_max;
    while (n > 0 && ((unsigned char)t.s[n] & 0xC0) == 0x80) {
        n--;
    }
    return (struct text){t.s, n};
}

bool text_equal_secret(struct text a, struct text b)
{
    if (a.n != b.n) {
        return false;
    }
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < a.n; i++) {
        difference = (unsigned char)(difference | (unsigned char)(a.s[i] ^ b.s[i]));
    }
    return difference == 0;
}

bool text_next_word(struct text list, const char *separators, size_t *at, struct text *word)
{
    while (*at < list.n && strchr(separators, list.s[*at])) {
        ++*at;
    }
    size_t from = *at;
    while (*at < list.n && !strchr(separators, list.s[*at])) {
        ++*at;
    }
    *word = (struct text){list.s + from, *at - from};
    return *at > from;
}

bool text_has_word(struct text list, const char *separators, struct text word)
{
    size_t at = 0;
    for (struct text each; text_next_word(list, separators, &at, &each);) {
        if (text_equal(each, word)) {
            return true;
        }
    }
    return false;
}
