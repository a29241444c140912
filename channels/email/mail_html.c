/* HTML to the words in it: one pass over tags as the HTML standard's tokenizer sees them (section 13.2.5), no tree. A tree is not needed for words, and
 * its builders (gumbo's too) take quadratic time and recurse on what a stranger nests; this takes time by the length alone, and memory by what it writes. */
#include <string.h>
#include <strings.h>

#include "channels/email/mail_html_names.h"
#include "channels/email/mail_internal.h"

#define QUOTE_DEPTH_MAX 10
#define TAG_NAME_MAX 12
#define ENTITY_NAME_MAX 10

struct html {
    struct text in;
    size_t at;
    struct words *out;
    unsigned breaks;  /* line ends owed before the next visible character; 2 is a blank line */
    bool space;       /* a space owed */
    unsigned quotes, pre;
};

enum html_break { INLINE, LINE, PARAGRAPH, CELL, RAW };
static const struct {
    const char *name;
    enum html_break kind;
} tags[] = {
    {"p", PARAGRAPH}, {"div", LINE}, {"tr", LINE}, {"td", CELL}, {"th", CELL}, {"li", LINE}, {"ul", PARAGRAPH}, {"ol", PARAGRAPH},
    {"dl", PARAGRAPH}, {"dt", LINE}, {"dd", LINE},
    {"table", PARAGRAPH}, {"blockquote", PARAGRAPH}, {"pre", PARAGRAPH}, {"hr", PARAGRAPH}, {"h1", PARAGRAPH}, {"h2", PARAGRAPH}, {"h3", PARAGRAPH},
    {"h4", PARAGRAPH}, {"h5", PARAGRAPH}, {"h6", PARAGRAPH},
    {"section", LINE}, {"article", LINE}, {"header", LINE}, {"footer", LINE}, {"address", LINE}, {"center", LINE}, {"form", LINE},
    {"fieldset", LINE}, {"figure", LINE}, {"caption", LINE}, {"option", LINE},
    {"script", RAW}, {"style", RAW}, {"title", RAW}, {"noframes", RAW}, {"iframe", RAW}, {"template", RAW},
};

static void html_visible(struct html *h, uint32_t c)
{
    bool first = h->out->buf.len == 0;
    if (h->breaks > 0 || first) {
        for (unsigned i = 0; i < h->breaks && !first; i++) {
            words_put(h->out, '\n');
        }
        for (unsigned i = 0; i < h->quotes && i < QUOTE_DEPTH_MAX; i++) {
            words_put(h->out, '>');
        }
        if (h->quotes > 0) {
            words_put(h->out, ' ');
        }
        h->breaks = 0;
        h->space = false;
    } else if (h->space) {
        words_put(h->out, ' ');
        h->space = false;
    }
    words_put(h->out, c);
}

static void html_character(struct html *h, uint32_t c)
{
    if (h->pre > 0 && (c == ' ' || c == '\t')) {
        html_visible(h, c);
    } else if (h->pre > 0 && c == '\n') {
        h->breaks += h->breaks < 2 ? 1 : 0;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0xA0) {
        h->space = true;
    } else if (c != 0x00AD && c != 0x034F && c != 0x200B) { /* soft hyphens, and the fillers of preview lines */
        html_visible(h, c);
    }
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static uint32_t html_number(struct text t, size_t *at, bool hex)
{
    uint32_t c = 0;
    for (; *at < t.n; ++*at) {
        char d = t.s[*at];
        uint32_t v = d >= '0' && d <= '9' ? (uint32_t)(d - '0') : hex && is_letter(d) && (d | 0x20) <= 'f' ? (uint32_t)((d | 0x20) - 'a') + 10 : 99;
        if (v == 99) {
            break;
        }
        c = c > 0x10FFFF ? c : c * (hex ? 16 : 10) + v;
    }
    return c == 0 || c > 0x10FFFF ? 0xFFFD : c;
}

/* What stands at '&'. An unknown name is the ampersand itself. */
static void html_entity(struct html *h)
{
    struct text t = h->in;
    size_t at = h->at + 1;
    if (at < t.n && t.s[at] == '#') {
        bool hex = at + 1 < t.n && (t.s[at + 1] | 0x20) == 'x';
        size_t digits = at + (hex ? 2 : 1), end = digits;
        uint32_t c = html_number(t, &end, hex);
        if (end > digits) {
            h->at = end + (end < t.n && t.s[end] == ';' ? 1 : 0);
            html_character(h, c);
            return;
        }
    }
    size_t n = 0;
    while (n <= ENTITY_NAME_MAX && at + n < t.n && is_name_char(t.s[at + n])) {
        n++;
    }
    uint32_t c = html_name_code_point((struct text){t.s + at, n});
    if (c) {
        h->at = at + n + (at + n < t.n && t.s[at + n] == ';' ? 1 : 0);
        html_character(h, c);
        return;
    }
    h->at++;
    html_character(h, '&');
}

/* Behind the tag whose name ends at @at; quoted values may hold '>'. */
static size_t tag_end(struct text t, size_t at)
{
    char quote = 0, before = 0;
    for (; at < t.n; at++) {
        char c = t.s[at];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if ((c == '"' || c == '\'') && before == '=') {
            quote = c;
        } else if (c == '>') {
            return at + 1;
        }
        before = c == ' ' || c == '\n' || c == '\t' || c == '\r' ? before : c;
    }
    return t.n;
}

/* Where @needle begins at or after @at; the end when it does not. */
static size_t html_find(struct text t, size_t at, const char *needle)
{
    size_t n = strlen(needle);
    while (at + n <= t.n && (t.s[at] != needle[0] || memcmp(t.s + at, needle, n) != 0)) {
        at++;
    }
    return at + n <= t.n ? at : t.n;
}

/* Behind "</name": what is inside of it is not for people. */
static size_t raw_end(struct text t, size_t at, const char *name)
{
    size_t n = strlen(name);
    while ((at = html_find(t, at, "</")) < t.n) {
        at += 2;
        if (t.n - at >= n && strncasecmp(t.s + at, name, n) == 0 && (t.n - at == n || !is_name_char(t.s[at + n]))) {
            return tag_end(t, at + n);
        }
    }
    return t.n;
}

static void html_owe(struct html *h, unsigned breaks)
{
    h->breaks = h->breaks > breaks ? h->breaks : breaks;
    h->space = false;
}

static void html_tag(struct html *h, const char *name, bool closing)
{
    if (strcmp(name, "br") == 0) {
        h->breaks += h->breaks < 2 ? 1 : 0;
        return;
    }
    enum html_break kind = INLINE;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        kind = strcmp(name, tags[i].name) == 0 ? tags[i].kind : kind;
    }
    if (kind == RAW && !closing) {
        h->at = raw_end(h->in, h->at, name);
    } else if (kind == CELL) {
        h->space = true;
    } else if (kind == LINE || kind == PARAGRAPH) {
        html_owe(h, kind == LINE ? 1 : 2);
    }
    if (strcmp(name, "blockquote") == 0) {
        h->quotes = closing ? h->quotes - (h->quotes > 0) : h->quotes + 1;
    } else if (strcmp(name, "pre") == 0) {
        h->pre = closing ? h->pre - (h->pre > 0) : h->pre + 1;
    } else if (strcmp(name, "li") == 0 && !closing) {
        html_visible(h, '-');
        h->space = true;
    }
}

/* What stands at '<'. */
static void html_markup(struct html *h)
{
    struct text t = h->in;
    size_t at = h->at + 1;
    if (t.n - h->at >= 4 && memcmp(t.s + h->at, "<!--", 4) == 0) {
        size_t end = html_find(t, at + 1, "-->"); /* "<!-->" is an empty one */
        h->at = end < t.n ? end + 3 : t.n;
        return;
    }
    bool closing = at < t.n && t.s[at] == '/';
    at += closing ? 1 : 0;
    if (at < t.n && !closing && (t.s[at] == '!' || t.s[at] == '?')) {
        size_t end = html_find(t, at, ">");
        h->at = end < t.n ? end + 1 : t.n;
        return;
    }
    if (at >= t.n || !is_letter(t.s[at])) {
        h->at++;
        html_character(h, '<');
        return;
    }
    char name[TAG_NAME_MAX + 1];
    size_t n = 0;
    while (at + n < t.n && n < TAG_NAME_MAX && is_name_char(t.s[at + n])) {
        name[n] = (char)(t.s[at + n] | 0x20);
        n++;
    }
    bool longer = at + n < t.n && !strchr(" \t\r\n\f/>", t.s[at + n]); /* "o:p", custom elements */
    name[longer ? 0 : n] = '\0';
    h->at = tag_end(t, at + n);
    html_tag(h, name, closing);
}

void words_put_html(struct words *w, struct text t)
{
    struct html h = {.in = t, .out = w};
    while (h.at < t.n && !w->full && !w->err) {
        char c = t.s[h.at];
        if (c == '<') {
            html_markup(&h);
        } else if (c == '&') {
            html_entity(&h);
        } else {
            html_character(&h, utf8_next(t, &h.at));
        }
    }
}
