/* Bytes to UTF-8, whatever the label says. WHATWG Encoding's reading of labels: ascii and iso-8859-1 are windows-1252 in practice. */
#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "channels/email/mail_internal.h"

/* windows-1252, 0x80-0x9F. The five that are not assigned become U+FFFD. */
static const uint16_t windows_1252_c1[32] = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
    0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
};

/* What iconv is asked for. A list, because a stranger chooses the name and every converter is code that he then reaches. */
static const char *const charsets[] = {
    "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-10",
    "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "windows-1250", "windows-1251", "windows-1253", "windows-1254",
    "windows-1255", "windows-1256", "windows-1257", "windows-1258", "koi8-r", "koi8-u", "macintosh", "cp437", "cp850", "cp852", "cp858",
    "cp866", "gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr", "iso-2022-jp", "utf-16", "utf-16le", "utf-16be", "utf-32",
    "utf-7", "tis-620",
};
static const struct {
    const char *label, *means;
} aliases[] = {
    {"utf8", "utf-8"}, {"unicode-1-1-utf-8", "utf-8"}, {"ascii", "windows-1252"}, {"us-ascii", "windows-1252"}, {"ansi-x3.4-1968", "windows-1252"},
    {"iso-8859-1", "windows-1252"},
    {"iso8859-1", "windows-1252"}, {"iso-88591", "windows-1252"}, {"latin1", "windows-1252"}, {"latin-1", "windows-1252"},
    {"cp1252", "windows-1252"}, {"cp-1252", "windows-1252"}, {"ansi", "windows-1252"},
    {"latin2", "iso-8859-2"}, {"iso8859-2", "iso-8859-2"}, {"latin9", "iso-8859-15"}, {"iso8859-15", "iso-8859-15"}, {"cp1250", "windows-1250"},
    {"cp1251", "windows-1251"}, {"cp1253", "windows-1253"},
    {"cp1254", "windows-1254"}, {"cp1255", "windows-1255"}, {"cp1256", "windows-1256"}, {"cp1257", "windows-1257"}, {"cp1258", "windows-1258"},
    {"iso-8859-8-i", "iso-8859-8"}, {"iso-8859-9-e", "iso-8859-9"},
    {"ks-c-5601-1987", "euc-kr"}, {"cp949", "euc-kr"}, {"cp936", "gbk"}, {"x-gbk", "gbk"}, {"sjis", "shift_jis"}, {"shift-jis", "shift_jis"},
    {"x-sjis", "shift_jis"}, {"cp932", "shift_jis"},
    {"ibm437", "cp437"}, {"ibm850", "cp850"}, {"x-mac-roman", "macintosh"}, {"utf16", "utf-16"}, {"unicode", "utf-16"},
};

uint32_t windows_1252(unsigned char c)
{
    return c >= 0x80 && c < 0xA0 ? windows_1252_c1[c - 0x80] : c;
}

uint32_t utf8_next(struct text t, size_t *at)
{
    const unsigned char *s = (const unsigned char *)t.s + *at;
    size_t left = t.n - *at;
    unsigned char c = s[0];
    ++*at;
    if (c < 0x80) {
        return c;
    }
    size_t more = c >= 0xC2 && c <= 0xDF ? 1 : c >= 0xE0 && c <= 0xEF ? 2 : c >= 0xF0 && c <= 0xF4 ? 3 : 0;
    if (more == 0 || more >= left) {
        return 0xFFFD;
    }
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    uint32_t cp = c & (0x3Fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if (s[i] < low || s[i] > high) {
            return 0xFFFD; /* one for each byte that does not fit; what follows is looked at again */
        }
        cp = cp << 6 | (s[i] & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    *at += more;
    return cp;
}

int buf_add_code_point(struct buf *b, uint32_t c)
{
    char s[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        s[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    s[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFF) | c);
    return buf_add(b, s, n);
}

static int from_utf8(struct text bytes, struct buf *out)
{
    if (text_is_utf8(bytes)) {
        return buf_add_text(out, bytes);
    }
    int err = 0;
    for (size_t at = 0; at < bytes.n && !err;) {
        err = buf_add_code_point(out, utf8_next(bytes, &at));
    }
    return err;
}

static int from_windows_1252(struct text bytes, struct buf *out)
{
    int err = 0;
    for (size_t i = 0; i < bytes.n && !err; i++) {
        err = buf_add_code_point(out, windows_1252((unsigned char)bytes.s[i]));
    }
    return err;
}

static int from_iconv(struct text bytes, iconv_t cd, struct buf *out)
{
    char room[4096];
    char *in = (char *)(uintptr_t)bytes.s; /* iconv's prototype is older than const; it does not write */
    size_t left = bytes.n;
    int err = 0;
    while (left > 0 && !err) {
        char *at = room;
        size_t free_bytes = sizeof room;
        size_t before = left;
        size_t got = iconv(cd, &in, &left, &at, &free_bytes);
        int why = errno;
        err = buf_add(out, room, sizeof room - free_bytes);
        if (got != (size_t)-1 || (why == E2BIG && (left < before || free_bytes < sizeof room))) {
            continue;
        }
        err = err ? err : buf_add_code_point(out, 0xFFFD);
        if (why == EINVAL) {
            break; /* a character that the end cuts off */
        }
        in++;
        left--;
        (void)iconv(cd, NULL, NULL, NULL, NULL); /* back to the first shift state: the rest may be readable */
    }
    return err;
}

/* The name to ask for; "utf-8", "windows-1252", one of charsets[], or NULL when nobody knows it. */
static const char *charset_known(const char *charset)
{
    char label[32];
    size_t n = 0;
    for (const char *c = charset; *c; c++) {
        if (n == sizeof label - 1) {
            return NULL;
        }
        if (*c == ' ' || *c == '"' || *c == '\'') {
            continue;
        }
        label[n++] = *c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? (char)(*c | 0x20) : *c;
    }
    label[n] = '\0';
    if (strcmp(label, "utf-8") == 0 || strcmp(label, "windows-1252") == 0) {
        return label[0] == 'u' ? "utf-8" : "windows-1252";
    }
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(label, aliases[i].label) == 0) {
            return aliases[i].means;
        }
    }
    for (size_t i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
        if (strcmp(label, charsets[i]) == 0) {
            return charsets[i];
        }
    }
    return NULL;
}

int charset_to_utf8(struct text bytes, const char *charset, struct buf *out)
{
    const char *known = charset ? charset_known(charset) : NULL;
    if (known && strcmp(known, "utf-8") == 0) {
        return from_utf8(bytes, out);
    }
    bool ascii = !known || strcmp(known, "windows-1252") == 0;
    if (ascii) {
        /* No label, one that nobody knows, or "us-ascii" with 8 bit: UTF-8 if it is that. A label that promises 8 bit is believed. */
        bool promised = known && !strcasestr(charset, "ascii") && !strcasestr(charset, "ansi");
        return !promised && text_is_utf8(bytes) ? buf_add_text(out, bytes) : from_windows_1252(bytes, out);
    }
    iconv_t cd = iconv_open("UTF-8", known);
    if (cd == (iconv_t)-1) {
        return text_is_utf8(bytes) ? buf_add_text(out, bytes) : from_windows_1252(bytes, out); /* the C library was installed without it */
    }
    int err = from_iconv(bytes, cd, out);
    (void)iconv_close(cd); /* only EBADF, which would be ours */
    return err;
}
