/* Subjects: what answering and forwarding put before them, in the languages that reach a Dutch mailbox. */
#include <string.h>
#include <strings.h>

#include "channels/email/mail_internal.h"

static const struct {
    const char *word;
    bool reply; /* else it was forwarded */
} prefixes[] = {
    {"re", true}, {"antw", true}, {"antwoord", true}, {"betr", true}, {"betreft", true}, {"aw", true}, {"sv", true}, {"vs", true}, {"ynt", true},
    {"odp", true}, {"ref", true},
    {"fw", false}, {"fwd", false}, {"doorst", false}, {"doorgestuurd", false}, {"wg", false}, {"tr", false}, {"rv", false}, {"vb", false},
};

static size_t skip_blank(struct text t, size_t at)
{
    while (at < t.n && (t.s[at] == ' ' || t.s[at] == '\t')) {
        at++;
    }
    return at;
}

/* Bytes of one prefix at the start of @t with its colon, 0 when there is none: "Re:", "RE :", "Re[2]:", "Re(3):", "Betr.:" and the wide colon of East
 * Asian mailers. */
static size_t prefix_bytes(struct text t, bool replies_only)
{
    size_t n = 0;
    while (n < t.n && ((t.s[n] | 0x20) >= 'a' && (t.s[n] | 0x20) <= 'z')) {
        n++;
    }
    bool known = false;
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0] && !known; i++) {
        known = n > 1 && strlen(prefixes[i].word) == n && strncasecmp(t.s, prefixes[i].word, n) == 0 && (prefixes[i].reply || !replies_only);
    }
    if (!known) {
        return 0;
    }
    if (n < t.n && t.s[n] == '.') {
        n++;
    }
    if (n < t.n && (t.s[n] == '[' || t.s[n] == '(')) {
        char close = t.s[n] == '[' ? ']' : ')';
        size_t digits = n + 1;
        while (digits < t.n && t.s[digits] >= '0' && t.s[digits] <= '9') {
            digits++;
        }
        if (digits == n + 1 || digits >= t.n || t.s[digits] != close) {
            return 0;
        }
        n = digits + 1;
    }
    n = skip_blank(t, n);
    if (n < t.n && t.s[n] == ':') {
        return n + 1;
    }
    return t.n - n >= 3 && memcmp(t.s + n, "\xEF\xBC\x9A", 3) == 0 ? n + 3 : 0;
}

struct text subject_strip(struct text subject, bool replies_only)
{
    while (subject.n > 0) {
        size_t at = skip_blank(subject, 0);
        subject = (struct text){subject.s + at, subject.n - at};
        size_t n = prefix_bytes(subject, replies_only);
        if (n == 0) {
            break;
        }
        subject = (struct text){subject.s + n, subject.n - n};
    }
    return subject;
}
