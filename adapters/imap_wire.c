#include "adapters/imap_wire.h"

#include <string.h>
#include <strings.h>

void imap_wire_init(struct imap_wire *w)
{
    *w = (struct imap_wire){.literal_left = 0};
    buf_init(&w->line, IMAP_LINE_BYTES_MAX);
    buf_init(&w->body, IMAP_LITERAL_BYTES_MAX);
}

void imap_wire_done(struct imap_wire *w)
{
    buf_done(&w->line);
    buf_done(&w->body);
}

void imap_wire_reset(struct imap_wire *w)
{
    imap_wire_done(w);
    imap_wire_init(w);
}

/* The start of @needle in @line, in any case; NULL when it is not there. */
static const char *find(struct text line, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; i + n <= line.n; i++) {
        if (strncasecmp(line.s + i, needle, n) == 0) {
            return line.s + i;
        }
    }
    return NULL;
}

static size_t rest(struct text line, const char *at)
{
    return (size_t)(line.s + line.n - at);
}

/* Does the line end with {n} or {n+} (RFC 7888)? Then a literal follows. -1: larger than we ever ask for. */
static int literal_begins(struct imap_wire *w)
{
    struct text l = buf_text(&w->line);
    uint64_t n;
    if (l.n < 3 || l.s[l.n - 1] != '}') {
        return 0;
    }
    size_t end = l.s[l.n - 2] == '+' ? l.n - 2 : l.n - 1, from = end;
    while (from > 0 && l.s[from - 1] >= '0' && l.s[from - 1] <= '9') {
        from--;
    }
    if (from == end || from == 0 || l.s[from - 1] != '{') {
        return 0;
    }
    if (text_to_u64((struct text){l.s + from, end - from}, &n) || n > IMAP_LITERAL_BYTES_MAX) {
        return -1;
    }
    w->literal_left = (size_t)n;
    const char *body = find(l, "BODY[");
    w->keep = body != NULL;
    if (w->keep) {
        buf_clear(&w->body);
        w->has_body = true;
    }
    return 1;
}

/* BODY[…]<0> "…" or NIL: a server may send a short or an empty one so. */
static int body_in_line(struct imap_wire *w)
{
    struct text l = buf_text(&w->line);
    const char *at = w->has_body ? NULL : find(l, "BODY[");
    at = at ? memchr(at, ']', rest(l, at)) : NULL;
    at = at ? memchr(at, ' ', rest(l, at)) : NULL;
    if (!at || rest(l, at) < 2) {
        return 0;
    }
    buf_clear(&w->body);
    w->has_body = true;
    if (*++at != '"') {
        return 0;
    }
    for (at++; rest(l, at) > 0 && *at != '"'; at++) {
        at += *at == '\\' && rest(l, at) > 1 ? 1 : 0;
        int err = buf_add_byte(&w->body, *at);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int line_ended(struct imap_wire *w)
{
    if (w->line.len > 0 && w->line.data[w->line.len - 1] == '\r') {
        w->line.data[--w->line.len] = '\0';
    }
    int literal = literal_begins(w);
    if (literal != 0) {
        return literal < 0 ? -1 : 0;
    }
    w->whole = true;
    return body_in_line(w) ? -1 : 1;
}

int imap_wire_next(struct imap_wire *w, struct text *bytes)
{
    if (w->whole) {
        w->whole = w->has_body = w->keep = false;
        buf_clear(&w->line);
        buf_clear(&w->body);
    }
    while (bytes->n > 0) {
        size_t take;
        int got = 0;
        if (w->literal_left > 0) {
            take = bytes->n < w->literal_left ? bytes->n : w->literal_left;
            if (w->keep && buf_add(&w->body, bytes->s, take)) {
                return -1;
            }
            w->literal_left -= take;
        } else {
            const char *end = memchr(bytes->s, '\n', bytes->n);
            take = end ? (size_t)(end - bytes->s) + 1 : bytes->n;
            if (buf_add(&w->line, bytes->s, end ? take - 1 : take)) {
                return -1;
            }
            got = end ? line_ended(w) : 0;
        }
        bytes->s += take;
        bytes->n -= take;
        if (got != 0) {
            return got;
        }
    }
    return 0;
}

struct text imap_word(struct text *line)
{
    if (line->n == 0) {
        return (struct text){NULL, 0};
    }
    const char *space = memchr(line->s, ' ', line->n);
    size_t n = space ? (size_t)(space - line->s) : line->n;
    struct text word = {line->s, n};
    line->s += space ? n + 1 : n;
    line->n -= space ? n + 1 : n;
    return word;
}

bool imap_word_is(struct text word, const char *plain)
{
    return word.n == strlen(plain) && strncasecmp(word.s, plain, word.n) == 0;
}

bool imap_number_after(struct text line, const char *name, uint64_t *out)
{
    size_t name_n = strlen(name);
    for (const char *at = find(line, name); at; at = find((struct text){at + 1, rest(line, at) - 1}, name)) {
        bool starts = at == line.s || strchr(" ([", at[-1]) != NULL;
        size_t left = rest(line, at);
        if (!starts || left <= name_n + 1 || at[name_n] != ' ') {
            continue;
        }
        size_t n = 0;
        while (n < left - name_n - 1 && at[name_n + 1 + n] >= '0' && at[name_n + 1 + n] <= '9') {
            n++;
        }
        if (n > 0 && text_to_u64((struct text){at + name_n + 1, n}, out) == 0) {
            return true;
        }
    }
    return false;
}

bool imap_list_has(struct text line, const char *name, const char *flag)
{
    const char *at = find(line, name);
    const char *open = at ? memchr(at, '(', rest(line, at)) : NULL;
    const char *end = open ? memchr(open, ')', rest(line, open)) : NULL;
    if (!end) {
        return false;
    }
    struct text list = {open + 1, (size_t)(end - open - 1)};
    for (struct text word = imap_word(&list); word.s; word = imap_word(&list)) {
        if (imap_word_is(word, flag)) {
            return true;
        }
    }
    return false;
}

int imap_quote(struct text s, struct buf *out)
{
    int err = buf_add_byte(out, '"');
    for (size_t i = 0; !err && i < s.n; i++) {
        if (s.s[i] == '\r' || s.s[i] == '\n' || s.s[i] == '\0') {
            return ERR_BAD_INPUT;
        }
        err = s.s[i] == '"' || s.s[i] == '\\' ? buf_add_byte(out, '\\') : 0;
        err = err ? err : buf_add_byte(out, s.s[i]);
    }
    return err ? err : buf_add_byte(out, '"');
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int imap_mailbox_of(const char *url, struct buf *out)
{
    char name[1024];
    size_t n = 0;
    const char *host = strncmp(url, "imap://", 7) == 0 ? url + 7 : strncmp(url, "imaps://", 8) == 0 ? url + 8 : NULL;
    const char *path = host ? strchr(host, '/') : NULL;
    if (!host || *host == '\0' || *host == '/') {
        return ERR_BAD_CONFIG;
    }
    path = path && path[1] ? path + 1 : "INBOX";
    for (const char *c = path; *c; c++) {
        bool escaped = *c == '%' && hex(c[1]) >= 0 && hex(c[2]) >= 0;
        if (n == sizeof name) {
            return ERR_BAD_CONFIG;
        }
        name[n++] = escaped ? (char)(hex(c[1]) * 16 + hex(c[2])) : *c;
        c += escaped ? 2 : 0;
    }
    return imap_quote((struct text){name, n}, out) ? ERR_BAD_CONFIG : 0;
}
