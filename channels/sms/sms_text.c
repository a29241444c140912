#include "channels/sms/sms_text.h"

#include <string.h>

/* 3GPP TS 23.038, section 6.2.1: the default alphabet beyond ASCII, and the ASCII that it lacks. Everything else in 0x20-0x7E is in it. */
static const uint16_t gsm_beyond_ascii[] = {
    0x00A1, 0x00A3, 0x00A4, 0x00A5, 0x00A7, 0x00BF, 0x00C4, 0x00C5, 0x00C6, 0x00C7, 0x00C9, 0x00D1, 0x00D6, 0x00D8,
    0x00DC, 0x00DF, 0x00E0, 0x00E4, 0x00E5, 0x00E6, 0x00E8, 0x00E9, 0x00EC, 0x00F1, 0x00F2, 0x00F6, 0x00F8, 0x00F9,
    0x00FC, 0x0393, 0x0394, 0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6, 0x03A8, 0x03A9,
};
/* Section 6.2.1.1: after the escape, so two septets each. The euro sign is the one beyond ASCII; form feed is the page break. */
static const char gsm_extended[] = "\f^{}\\[~]|";

/* Septets of one code point, 0 when it is not in the alphabet. */
static unsigned gsm_septets(uint32_t c)
{
    if (c < 0x80) {
        if (c != 0 && strchr(gsm_extended, (int)c)) {
            return 2;
        }
        return c == '\n' || c == '\r' || (c >= 0x20 && c < 0x7F && c != '`') ? 1 : 0;
    }
    for (size_t i = 0; i < sizeof gsm_beyond_ascii / sizeof gsm_beyond_ascii[0]; i++) {
        if (gsm_beyond_ascii[i] == c) {
            return 1;
        }
    }
    return c == 0x20AC ? 2 : 0;
}

/* The next code point of valid UTF-8. */
static uint32_t next_code_point(struct text t, size_t *at)
{
    const unsigned char *s = (const unsigned char *)t.s + *at;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        c = c << 6 | (s[i] & 0x3Fu);
    }
    *at += n;
    return c;
}

/* TS 23.040, section 9.2.3.24.1: a part of several carries 6 octets of header, which leaves 153 septets or 67 code units. What takes two
 * units (an escape with its letter, a surrogate pair) is not torn, so that a part may end one short. */
static unsigned sms_parts(struct text t, bool gsm7, unsigned units)
{
    unsigned single = gsm7 ? 160 : 70, each = gsm7 ? 153 : 67;
    if (units <= single) {
        return 1;
    }
    unsigned parts = 1, used = 0;
    for (size_t at = 0; at < t.n;) {
        uint32_t c = next_code_point(t, &at);
        unsigned n = gsm7 ? gsm_septets(c) : c > 0xFFFF ? 2 : 1;
        if (used + n > each) {
            parts++;
            used = 0;
        }
        used += n;
    }
    return parts;
}

int sms_size(struct text t, struct sms_size *out)
{
    unsigned septets = 0, code_units = 0;
    bool gsm7 = true;
    if (t.n > UINT32_MAX / 2) {
        return ERR_TOO_LARGE;
    }
    if (!text_is_utf8(t)) {
        return ERR_BAD_UTF8;
    }
    for (size_t at = 0; at < t.n;) {
        uint32_t c = next_code_point(t, &at);
        unsigned n = gsm_septets(c);
        gsm7 = gsm7 && n > 0;
        septets += n;
        code_units += c > 0xFFFF ? 2 : 1;
    }
    unsigned units = gsm7 ? septets : code_units;
    *out = (struct sms_size){gsm7, units, sms_parts(t, gsm7, units)};
    return 0;
}

/* "+" and digits, E.164: at most 15. */
static int number_international(const char *digits, size_t n, const char *country, size_t country_n, char out[32])
{
    if (country_n + n == 0 || country_n + n > 15) {
        return ERR_BAD_INPUT;
    }
    out[0] = '+';
    memcpy(out + 1, country, country_n);
    memcpy(out + 1 + country_n, digits, n);
    out[1 + country_n + n] = '\0';
    return 0;
}

/* TS 23.040, section 9.1.2.5: an alphanumeric sender has at most 11 characters of the default alphabet; ours are the printable ASCII ones. */
static int number_alphanumeric(struct text number, char out[32])
{
    char plain[12];
    for (size_t i = 0; i < number.n; i++) {
        unsigned char c = (unsigned char)number.s[i];
        if (c < 0x20 || c > 0x7E || i >= 11) {
            return ERR_BAD_INPUT;
        }
        plain[i] = (char)c;
    }
    plain[number.n] = '\0';
    memcpy(out, plain, number.n + 1);
    return 0;
}

int sms_number_normalise(struct text number, const char *country, char out[32])
{
    char digits[32];
    size_t n = 0;
    bool plus = false, letters = false;
    while (number.n > 0 && number.s[0] == ' ') {
        number.s++;
        number.n--;
    }
    while (number.n > 0 && number.s[number.n - 1] == ' ') {
        number.n--;
    }
    if (number.n == 0) {
        return ERR_BAD_INPUT;
    }
    for (size_t i = 0; i < number.n; i++) {
        char c = number.s[i];
        if (c >= '0' && c <= '9') {
            if (n == sizeof digits) {
                return ERR_BAD_INPUT;
            }
            digits[n++] = c;
        } else if (c == '+' && n == 0 && !plus) {
            plus = true;
        } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            letters = true;
        } else if (c == '\0' || !strchr(" -.()[]/", c)) {
            return letters && !plus ? number_alphanumeric(number, out) : ERR_BAD_INPUT;
        }
    }
    if (letters) {
        return plus ? ERR_BAD_INPUT : number_alphanumeric(number, out);
    }
    if (n == 0 || n > 17) {
        return ERR_BAD_INPUT;
    }
    if (plus) {
        return number_international(digits, n, "", 0, out);
    }
    if (n > 2 && digits[0] == '0' && digits[1] == '0') {
        return number_international(digits + 2, n - 2, "", 0, out);
    }
    if (n > 1 && digits[0] == '0' && country[0] != '\0') {
        size_t country_n = strnlen(country, 16);
        return number_international(digits + 1, n - 1, country, country_n, out);
    }
    if (n > 15) {
        return ERR_BAD_INPUT;
    }
    memcpy(out, digits, n); /* a short code, or a number without its prefix: nobody can tell */
    out[n] = '\0';
    return 0;
}
