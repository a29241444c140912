/* Words for people out of what a mail carries: clean text, text/plain (RFC 3676), and the choice among the parts (RFC 2046, section 5.1). */
#include <string.h>

#include "base/check.h"
#include "channels/email/mail_internal.h"

#define QUOTE_DEPTH_MAX 10

void words_init(struct words *w, size_t max, bool one_line)
{
    *w = (struct words){.max = max, .one_line = one_line};
    buf_init(&w->buf, max + 8);
}

void words_done(struct words *w)
{
    buf_done(&w->buf);
}

static void words_add(struct words *w, uint32_t c)
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (w->full || w->err || w->buf.len + n > w->max) {
        w->full = true;
        return;
    }
    w->err = buf_add_code_point(&w->buf, c);
}

/* Embeddings, overrides and isolates of Unicode's bidirectional algorithm: in a name they make "exe.fdp" of "pdf.exe". */
static bool turns_direction(uint32_t c)
{
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
}

static void words_put_line(struct words *w, uint32_t c)
{
    if (c <= ' ' || c == 0x2028 || c == 0x2029) {
        w->space = w->buf.len > 0;
        return;
    }
    if (turns_direction(c)) {
        return;
    }
    if (w->space) {
        w->space = false;
        words_add(w, ' ');
    }
    words_add(w, c);
}

void words_put(struct words *w, uint32_t c)
{
    if (c >= 0x80 && c < 0xA0) {
        uint32_t meant = windows_1252((unsigned char)c); /* under another label */
        c = meant == 0xFFFD ? 0 : meant; /* a hole is dropped like the control it is */
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
        c = 0xFFFD;
    }
    bool lf_of_crlf = c == '\n' && w->after_cr;
    w->after_cr = c == '\r';
    if (lf_of_crlf || c == 0 || c == 0x7F || c == 0xFEFF || (c & 0xFFFE) == 0xFFFE) {
        return;
    }
    c = c == '\r' ? '\n' : c;
    if (w->one_line) {
        words_put_line(w, c);
    } else if (c >= ' ' || c == '\n' || c == '\t') {
        words_add(w, c);
    }
}

void words_put_utf8(struct words *w, struct text t)
{
    for (size_t at = 0; at < t.n && !w->full && !w->err;) {
        words_put(w, utf8_next(t, &at));
    }
}

static bool is_white(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static bool is_blank(struct text t)
{
    for (size_t at = 0; at < t.n;) {
        uint32_t c = utf8_next(t, &at);
        if (c > ' ' && c != 0xA0 && c != 0x200B) {
            return false;
        }
    }
    return true;
}

void words_trim(struct words *w)
{
    if (is_blank(buf_text(&w->buf))) {
        buf_clear(&w->buf);
        return;
    }
    struct text t = buf_text(&w->buf);
    size_t from = 0, end = t.n;
    while (end > 0 && is_white(t.s[end - 1])) {
        end--;
    }
    /* At the start whole blank lines only: the first line may be indented. */
    for (size_t i = 0; i < end && is_white(t.s[i]); i++) {
        from = t.s[i] == '\n' ? i + 1 : from;
    }
    w->buf.len = end;
    if (w->buf.data) {
        w->buf.data[end] = '\0';
    }
    buf_eat(&w->buf, from < end ? from : end);
}

/* RFC 3676, section 4: quote marks, one stuffed space, then the line; a line that ends in a space goes on in the next of the same depth. */
static void words_put_flowed(struct words *w, struct text t, bool delsp)
{
    size_t open_depth = 0;
    bool open = false;
    for (size_t at = 0; at < t.n && !w->full && !w->err;) {
        const char *end = memchr(t.s + at, '\n', t.n - at);
        struct text line = {t.s + at, end ? (size_t)(end - t.s) - at : t.n - at};
        at += line.n + 1;
        line.n -= line.n > 0 && line.s[line.n - 1] == '\r' ? 1 : 0;
        size_t depth = 0;
        while (depth < line.n && line.s[depth] == '>') {
            depth++;
        }
        size_t skip = depth + (depth < line.n && line.s[depth] == ' ' ? 1 : 0);
        line = (struct text){line.s + skip, line.n - skip};
        bool signature = line.n == 3 && memcmp(line.s, "-- ", 3) == 0;
        if (open && (depth != open_depth || signature)) {
            words_put(w, '\n');
            open = false;
        }
        for (size_t i = 0; !open && i < depth && i < QUOTE_DEPTH_MAX; i++) {
            words_put(w, '>');
        }
        if (!open && depth > 0) {
            words_put(w, ' ');
        }
        open = !signature && line.n > 0 && line.s[line.n - 1] == ' ';
        open_depth = depth;
        line.n -= open && delsp ? 1 : 0;
        words_put_utf8(w, line);
        if (!open) {
            words_put(w, '\n');
        }
    }
}

void words_put_plain(struct words *w, struct text t, bool flowed, bool delsp)
{
    if (flowed) {
        words_put_flowed(w, t, delsp);
    } else {
        words_put_utf8(w, t);
    }
}

static int leaf_words(const struct node *n, struct words *out)
{
    struct buf bytes, text;
    buf_init(&bytes, BODY_BYTES_MAX + 4096);
    buf_init(&text, BODY_BYTES_MAX * 4 + 4096); /* one byte becomes at most 4 of UTF-8 */
    int err = node_decode(n, BODY_BYTES_MAX, &bytes);
    err = err ? err : charset_to_utf8(buf_text(&bytes), n->charset, &text);
    CHECK(err != ERR_FULL); /* by the arithmetic of the two */
    if (!err && n->html) {
        words_put_html(out, buf_text(&text));
    } else if (!err) {
        words_put_plain(out, buf_text(&text), n->flowed, n->delsp);
    }
    out->full = out->full || n->body.n > BODY_BYTES_MAX;
    words_trim(out);
    buf_done(&bytes);
    buf_done(&text);
    return err ? err : out->err;
}

static int node_words(const struct tree *t, const struct node *n, struct words *out, bool *html);

/* Of alternatives the last is the richest (section 5.1.4); words are wanted here, so the first that is plain and not blank, else the last that is not
 * blank. */
static int alternative_words(const struct tree *t, const struct node *n, struct words *out, bool *html)
{
    int err = 0;
    for (size_t i = 0; i < n->n && !err; i++) {
        struct words one;
        bool one_html = false;
        words_init(&one, out->max, false);
        err = node_words(t, &t->nodes[n->first + i], &one, &one_html);
        if (!err && one.buf.len > 0 && (out->buf.len == 0 || *html)) {
            struct words old = *out;
            *out = one;
            one = old;
            *html = one_html;
        }
        words_done(&one);
    }
    return err;
}

/* Recursion by depth of the tree, at most MAIL_DEPTH_MAX. */
static int node_words(const struct tree *t, const struct node *n, struct words *out, bool *html)
{
    if (n->kind == NODE_WORDS) {
        *html = n->html;
        return leaf_words(n, out);
    }
    if (n->kind == NODE_ATTACHMENT) {
        return 0;
    }
    if (n->alternative) {
        return alternative_words(t, n, out, html);
    }
    int err = 0;
    for (size_t i = 0; i < n->n && !err && !out->full; i++) {
        struct words one;
        bool one_html = false;
        words_init(&one, out->max, false);
        err = node_words(t, &t->nodes[n->first + i], &one, &one_html);
        if (!err && one.buf.len > 0) {
            words_put_utf8(out, out->buf.len > 0 ? TEXT_LITERAL("\n\n") : TEXT_LITERAL(""));
            words_put_utf8(out, buf_text(&one.buf));
            *html = *html || one_html;
        }
        out->full = out->full || one.full;
        words_done(&one);
    }
    return err ? err : out->err;
}

int tree_words(const struct tree *t, struct words *out)
{
    bool html = false;
    int err = node_words(t, &t->nodes[0], out, &html);
    words_trim(out);
    return err;
}
