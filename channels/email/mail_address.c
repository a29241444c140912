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

static bool is_ascii(struct text t)
{
    bool ascii = true;
    for (size_t i = 0; i < t.n; i++) {
        ascii = ascii && (unsigned char)t.s[i] < 0x80;
    }
    return ascii;
}

/* RFC 5890: what mail servers are asked for. A domain that has no such form exists nowhere. */
static int domain_to_ascii(struct text *address, char room[ADDRESS_MAX + 1])
{
    int err = text_copy(*address, room, ADDRESS_MAX + 1);
    if (err) {
        return err;
    }
    InternetAddress *a = internet_address_mailbox_new(NULL, room);
    err = text_copy(text_of(internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(a))), room, ADDRESS_MAX + 1);
    g_object_unref(a);
    *address = text_of(room);
    return err;
}

/* Where the domain begins; 0 when it is no address. */
static size_t address_domain(struct text address)
{
    const char *at = address.n > 0 && address.n <= ADDRESS_MAX ? memrchr(address.s, '@', address.n) : NULL;
    if (!at || !text_is_utf8(address) || memchr(address.s, '\0', address.n)) {
        return 0;
    }
    struct text local = {address.s, (size_t)(at - address.s)}, domain = {at + 1, address.n - local.n - 1};
    return local_is_good(local) && domain_is_good(domain) ? local.n + 1 : 0;
}

int email_address_key(struct text address, char out[ADDRESS_MAX + 1])
{
    char room[ADDRESS_MAX + 1];
    (void)mail_options(); /* starts GMime */
    size_t domain = address_domain(address);
    if (domain > 0 && !is_ascii((struct text){address.s + domain, address.n - domain})) {
        domain = domain_to_ascii(&address, room) == 0 ? address_domain(address) : 0; /* what comes out must be an address, too */
    }
    if (domain == 0 || !is_ascii((struct text){address.s + domain, address.n - domain})) {
        return ERR_BAD_INPUT;
    }
    for (size_t i = 0; i < address.n; i++) {
        char c = address.s[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out[address.n] = '\0';
    return 0;
}
