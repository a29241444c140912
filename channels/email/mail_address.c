/* The form in which addresses are compared. RFC 5321, section 4.1.2, with the dots that some providers allow anywhere, and UTF-8 (RFC 6531). */
#include <string.h>

#include "channels/email/mail_internal.h"

static bool local_is_good(struct text t)
{
    if (t.n == 0 || t.n > 64) {
        return false;
    }
    bool quoted = t.n > 2 && t.s[0] == '"' && t.s[t.n - 1] == '"';
    for (size_t i = quoted; i < t.n - quoted; i++) {
        unsigned char c = (unsigned char)t.s[i];
        if (quoted && c == '\\') {
            i++;
            if (i >= t.n - 1 || (unsigned char)t.s[i] < ' ' || t.s[i] == 0x7F) {
                return false;
            }
        } else if (quoted ? c < ' ' || c == 0x7F || c == '"' : c <= ' ' || c == 0x7F || strchr("()<>@,;:\\\"[]", c)) {
            return false;
        }
    }
    return true;
}

static bool domain_is_good(struct text t)
{
    bool literal = t.n > 2 && t.s[0] == '[' && t.s[t.n - 1] == ']';
    bool label = false; /* something stands before this dot */
    for (size_t i = literal; i < t.n - literal; i++) {
        unsigned char c = (unsigned char)t.s[i];
        bool word = c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '_' || (literal && c == ':');
        if (!word && !(c == '.' && label)) {
            return false;
        }
        label = word;
    }
    return label;
}

/* RFC 5890: what mail servers are asked for. Left as it is when it cannot be had. */
static struct text domain_to_ascii(struct text address, char room[ADDRESS_MAX + 1])
{
    struct text result = address;
    if (text_copy(address, room, ADDRESS_MAX + 1)) {
        return result;
    }
    InternetAddress *a = internet_address_mailbox_new(NULL, room);
    const char *idn = internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(a));
    if (idn && strlen(idn) <= ADDRESS_MAX) {
        size_t n = strlen(idn);
        memcpy(room, idn, n + 1);
        result = (struct text){room, n};
    }
    g_object_unref(a);
    return result;
}

int email_address_key(struct text address, char out[ADDRESS_MAX + 1])
{
    char room[ADDRESS_MAX + 1];
    (void)mail_options(); /* starts GMime */
    const char *at = address.n > 0 ? memrchr(address.s, '@', address.n) : NULL;
    if (!at || address.n > ADDRESS_MAX || !text_is_utf8(address) || memchr(address.s, '\0', address.n)) {
        return ERR_BAD_INPUT;
    }
    struct text local = {address.s, (size_t)(at - address.s)}, domain = {at + 1, address.n - local.n - 1};
    if (!local_is_good(local) || !domain_is_good(domain)) {
        return ERR_BAD_INPUT;
    }
    for (size_t i = 0; i < domain.n; i++) {
        if ((unsigned char)domain.s[i] >= 0x80) {
            address = domain_to_ascii(address, room);
            break;
        }
    }
    for (size_t i = 0; i < address.n; i++) {
        char c = address.s[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out[address.n] = '\0';
    return 0;
}
