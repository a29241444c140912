/* RFC 2045 to 2047 and 2183: the structure of a mail, breadth first and without recursion. Each level looks at each byte once: at most
 * MAIL_DEPTH_MAX * MAIL_BYTES_MAX bytes are searched, MAIL_PARTS_MAX parts are kept; what lies beyond stays in the raw source alone. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "channels/email/mail_internal.h"

#define BOUNDARY_MAX 1000 /* RFC 2046 says 70; mailers exist that use more, none that uses a line's limit */

static bool starts(const char *s, const char *prefix)
{
    return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

/* The next line of @body at or after @at that is "--BOUNDARY", with "--" behind it when it is the last. RFC 2046, section 5.1.1. */
static bool delimiter_find(struct text body, size_t at, const char *boundary, size_t *start, size_t *after, bool *last)
{
    size_t n = strlen(boundary);
    for (size_t from = at; from + 2 + n <= body.n; from++) {
        bool line_start = body.s[from] == '-' && body.s[from + 1] == '-' && (from == 0 || body.s[from - 1] == '\n');
        if (!line_start || memcmp(body.s + from + 2, boundary, n) != 0) {
            continue;
        }
        size_t end = from + 2 + n;
        *last = body.n - end >= 2 && memcmp(body.s + end, "--", 2) == 0;
        end += *last ? 2 : 0;
        while (end < body.n && (body.s[end] == ' ' || body.s[end] == '\t' || body.s[end] == '\r')) {
            end++;
        }
        if (end < body.n && body.s[end] != '\n') {
            continue; /* a longer boundary that begins alike */
        }
        *start = from;
        *after = end < body.n ? end + 1 : end;
        return true;
    }
    return false;
}

static char *lower_copy(const char *s)
{
    char *copy = g_ascii_strdown(s, -1);
    for (char *c = copy; *c; c++) {
        if (*c <= ' ' || *c >= 0x7F || strchr("()<>@,;:\\\"[]?=", *c)) {
            *c = '_';
        }
    }
    return copy;
}

static char *copy_or_null(const char *s)
{
    return s && *s ? g_strdup(s) : NULL;
}

/* RFC 2045, section 5.1: two tokens and a slash. */
static bool type_is_readable(const char *value)
{
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`{|}~";
    size_t n = strspn(value, token);
    return n > 0 && value[n] == '/' && strspn(value + n + 1, token) > 0;
}

static void node_read_type(struct node *n, bool in_digest)
{
    char *value = head_get(n->head, "Content-Type", 0, HEAD_STRUCTURED_MAX);
    /* RFC 2045, section 5.2: without a type, or with one that cannot be read, it is plain text. */
    bool readable = value && type_is_readable(value);
    GMimeContentType *type = g_mime_content_type_parse(mail_options(), readable ? value : in_digest ? "message/rfc822" : "text/plain");
    char *name = g_mime_content_type_get_mime_type(type);
    n->type = lower_copy(name && strlen(name) <= LABEL_MAX ? name : "application/octet-stream");
    g_free(name);
    n->charset = copy_or_null(g_mime_content_type_get_parameter(type, "charset"));
    n->boundary = copy_or_null(g_mime_content_type_get_parameter(type, "boundary"));
    n->name = copy_or_null(g_mime_content_type_get_parameter(type, "name"));
    const char *format = g_mime_content_type_get_parameter(type, "format"), *delsp = g_mime_content_type_get_parameter(type, "delsp");
    n->flowed = format && strcasecmp(format, "flowed") == 0;
    n->delsp = delsp && strcasecmp(delsp, "yes") == 0;
    g_object_unref(type);
    g_free(value);
}

/* true: it says that it is an attachment. */
static bool node_read_disposition(struct node *n)
{
    char *value = head_get(n->head, "Content-Disposition", 0, HEAD_STRUCTURED_MAX);
    if (!value) {
        return false;
    }
    GMimeContentDisposition *d = g_mime_content_disposition_parse(mail_options(), value);
    const char *name = g_mime_content_disposition_get_parameter(d, "filename");
    if (name && *name) {
        g_free(n->name);
        n->name = g_strdup(name);
    }
    const char *kind = g_mime_content_disposition_get_disposition(d);
    bool attachment = kind && strcasecmp(kind, "attachment") == 0;
    g_object_unref(d);
    g_free(value);
    return attachment;
}

static void node_read_encoding(struct node *n)
{
    char *value = head_get(n->head, "Content-Transfer-Encoding", 0, 256);
    if (value) {
        value[strcspn(value, " \t;(")] = '\0';
        n->encoding = g_mime_content_encoding_from_string(value);
    }
    g_free(value);
}

static void node_read(struct node *n, struct text entity, const struct node *parent)
{
    *n = (struct node){.depth = parent ? parent->depth + 1 : 0};
    head_split(entity, &n->head, &n->body);
    node_read_type(n, parent && parent->digest);
    bool attached = node_read_disposition(n);
    node_read_encoding(n);
    bool plain = strcmp(n->type, "text/plain") == 0;
    n->html = strcmp(n->type, "text/html") == 0 || strcmp(n->type, "text/enriched") == 0 || strcmp(n->type, "text/richtext") == 0;
    size_t start, after;
    bool last;
    if (starts(n->type, "multipart/")) {
        n->alternative = strcmp(n->type, "multipart/alternative") == 0;
        n->digest = strcmp(n->type, "multipart/digest") == 0;
        bool parts = n->boundary && strlen(n->boundary) <= BOUNDARY_MAX && delimiter_find(n->body, 0, n->boundary, &start, &after, &last);
        n->too_deep = parts && n->depth >= MAIL_DEPTH_MAX;
        n->kind = !parts ? NODE_WORDS : n->too_deep ? NODE_ATTACHMENT : NODE_MULTIPART;
        return;
    }
    /* With a file's name it is a file, unless it is the whole mail. */
    n->kind = (plain || n->html) && !attached && (!n->name || !parent) ? NODE_WORDS : NODE_ATTACHMENT;
}

static void node_split(struct tree *t, size_t parent)
{
    struct node *p = &t->nodes[parent];
    size_t start, after;
    bool last = false;
    p->first = t->n;
    bool more = delimiter_find(p->body, 0, p->boundary, &start, &after, &last);
    while (more && !last && t->n < MAIL_PARTS_MAX) {
        size_t from = after;
        more = delimiter_find(p->body, from, p->boundary, &start, &after, &last);
        size_t end = more ? start : p->body.n; /* a mail that was cut off lacks the last one */
        /* The line end before a delimiter belongs to the delimiter. */
        end -= more && end > from && p->body.s[end - 1] == '\n' ? 1 : 0;
        end -= more && end > from && p->body.s[end - 1] == '\r' ? 1 : 0;
        if (more || end > from) {
            node_read(&t->nodes[t->n++], (struct text){p->body.s + from, end - from}, p);
            t->cut = t->cut || t->nodes[t->n - 1].too_deep;
            p->n++;
        }
    }
    t->cut = t->cut || (more && !last);
}

void mime_split(struct text raw, struct tree *t)
{
    *t = (struct tree){.n = 0};
    node_read(&t->nodes[t->n++], raw, NULL);
    for (size_t i = 0; i < t->n; i++) {
        if (t->nodes[i].kind == NODE_MULTIPART) {
            node_split(t, i);
        }
    }
}

void tree_done(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++) {
        g_free(t->nodes[i].type);
        g_free(t->nodes[i].charset);
        g_free(t->nodes[i].boundary);
        g_free(t->nodes[i].name);
    }
    t->n = 0;
}

/* What the end of base64 lacks: some mailers leave the padding out, and GMime then keeps the last bytes for itself. */
static const char *base64_padding(struct text in)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.s[i];
        n = c == '=' ? 0 : n + (g_ascii_isalnum(c) || c == '+' || c == '/');
    }
    return n % 4 == 2 ? "==" : n % 4 == 3 ? "=" : "";
}

int node_decode(const struct node *n, size_t bytes_max, struct buf *out)
{
    struct text in = n->body;
    in.n = in.n < bytes_max ? in.n : bytes_max;
    bool base64 = n->encoding == GMIME_CONTENT_ENCODING_BASE64;
    if (!base64 && n->encoding != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE && n->encoding != GMIME_CONTENT_ENCODING_UUENCODE) {
        return buf_add_text(out, in);
    }
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, n->encoding);
    int err = buf_reserve(out, g_mime_encoding_outlen(&state, in.n) + 64);
    if (!err && in.n > 0) {
        const char *padding = base64 ? base64_padding(in) : "";
        out->len += g_mime_encoding_step(&state, in.s, in.n, out->data + out->len);
        out->len += g_mime_encoding_flush(&state, padding, strlen(padding), out->data + out->len);
        out->data[out->len] = '\0';
    }
    return err;
}
