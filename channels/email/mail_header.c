/* RFC 5322, section 2.2 and 3.6: header fields, as they come. */
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "channels/email/mail_internal.h"

static GMimeParserOptions *options; /* for the life of the process; read alone after options_make */
static pthread_once_t options_made = PTHREAD_ONCE_INIT;

static void options_make(void)
{
    static const char *fallback[] = {"utf-8", "windows-1252", NULL};
    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_address_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_parameter_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_rfc2047_compliance_mode(options, GMIME_RFC_COMPLIANCE_LOOSE);
    g_mime_parser_options_set_fallback_charsets(options, fallback);
}

GMimeParserOptions *mail_options(void)
{
    CHECK(pthread_once(&options_made, options_make) == 0);
    return options;
}

/* The line at @at without its end; @at moves behind it. */
static struct text line_next(struct text t, size_t *at)
{
    const char *s = t.s + *at;
    const char *end = memchr(s, '\n', t.n - *at);
    size_t n = end ? (size_t)(end - s) : t.n - *at;
    *at += n + (end ? 1 : 0);
    if (n > 0 && s[n - 1] == '\r') {
        n--;
    }
    return (struct text){s, n};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes of the field name of @line, 0 when it is no field. Spaces before the colon are obsolete syntax (RFC 5322, section 4.5.8). */
static size_t field_name(struct text line, size_t *value)
{
    size_t n = 0;
    while (n < line.n && line.s[n] > ' ' && line.s[n] < 0x7F && line.s[n] != ':') {
        n++;
    }
    size_t colon = n;
    while (colon < line.n && is_blank(line.s[colon])) {
        colon++;
    }
    if (n == 0 || colon >= line.n || line.s[colon] != ':') {
        return 0;
    }
    *value = colon + 1;
    return n;
}

void head_split(struct text entity, struct text *head, struct text *body)
{
    size_t at = 0, value;
    bool first = true;
    while (at < entity.n) {
        size_t start = at;
        struct text line = line_next(entity, &at);
        bool continues = !first && line.n > 0 && is_blank(line.s[0]);
        bool mbox = first && line.n > 5 && memcmp(line.s, "From ", 5) == 0;
        if (line.n == 0 || (!continues && !mbox && field_name(line, &value) == 0)) {
            *head = (struct text){entity.s, start};
            size_t from = line.n == 0 ? at : start;
            *body = (struct text){entity.s + from, entity.n - from};
            return;
        }
        first = false;
    }
    *head = entity;
    *body = (struct text){entity.s ? entity.s + entity.n : "", 0};
}

static int value_add(struct buf *b, struct text line, size_t max)
{
    size_t n = line.n < max - b->len ? line.n : max - b->len;
    return buf_add(b, line.s, n);
}

/* The field's bytes, unfolded: the line ends go, the spaces stay (section 2.2.3). */
static bool head_raw(struct text head, const char *name, size_t nth, size_t max, struct buf *out)
{
    size_t at = 0, value = 0, name_n = strlen(name);
    bool inside = false;
    head.n = head.n < HEAD_BYTES_MAX ? head.n : HEAD_BYTES_MAX;
    while (at < head.n) {
        struct text line = line_next(head, &at);
        if (inside && line.n > 0 && is_blank(line.s[0])) {
            if (value_add(out, line, max)) {
                return true; /* what there was memory for */
            }
            continue;
        }
        if (inside) {
            return true;
        }
        if (field_name(line, &value) == name_n && strncasecmp(line.s, name, name_n) == 0 && nth-- == 0) {
            inside = true;
            struct text rest = {line.s + value, line.n - value};
            if (value_add(out, rest, max)) {
                return true;
            }
        }
    }
    return inside;
}

char *head_get(struct text head, const char *name, size_t nth, size_t max)
{
    struct buf raw, clean;
    char *value = NULL;
    buf_init(&raw, max);
    buf_init(&clean, max * 3 + 4);
    if (head_raw(head, name, nth, max, &raw)) {
        struct text t = buf_text(&raw);
        /* Cut by @max, UTF-8 may end inside a code point: that alone must not make it windows-1252. */
        if (t.n == max) {
            t = text_cut(t, max - 1);
        }
        if (charset_to_utf8(t, NULL, &clean) == 0) {
            value = g_malloc0(clean.len + 1);
            memcpy(value, clean.data ? clean.data : "", clean.len);
            for (size_t i = 0; i < clean.len; i++) {
                value[i] = (unsigned char)value[i] < ' ' || value[i] == 0x7F ? ' ' : value[i];
            }
            g_strstrip(value);
        }
    }
    buf_done(&raw);
    buf_done(&clean);
    return value;
}

bool head_has(struct text head, const char *name)
{
    char *value = head_get(head, name, 0, 2);
    g_free(value);
    return value != NULL;
}

static InternetAddressMailbox *first_mailbox(InternetAddressList *list, unsigned depth)
{
    int n = list ? internet_address_list_length(list) : 0;
    for (int i = 0; i < n; i++) {
        InternetAddress *a = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(a)) {
            return INTERNET_ADDRESS_MAILBOX(a);
        }
        InternetAddressMailbox *inner = depth > 0 && INTERNET_ADDRESS_IS_GROUP(a)
                                            ? first_mailbox(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)), depth - 1) : NULL;
        if (inner) {
            return inner;
        }
    }
    return NULL;
}

bool head_mailbox(const char *value, char key[ADDRESS_MAX + 1], struct words *name)
{
    InternetAddressList *list = internet_address_list_parse(mail_options(), value);
    InternetAddressMailbox *m = first_mailbox(list, 2);
    const char *address = m ? internet_address_mailbox_get_addr(m) : NULL;
    bool found = address && email_address_key(text_of(address), key) == 0;
    const char *display = found ? internet_address_get_name(INTERNET_ADDRESS(m)) : NULL;
    if (display && name) {
        words_put_utf8(name, text_of(display));
    }
    if (list) {
        g_object_unref(list);
    }
    return found;
}

/* Skips a comment (section 3.2.2): they nest, and a backslash quotes. Returns the place behind it. */
static size_t comment_end(struct text t, size_t at)
{
    size_t depth = 0;
    for (; at < t.n; at++) {
        if (t.s[at] == '\\') {
            at++;
        } else if (t.s[at] == '(') {
            depth++;
        } else if (t.s[at] == ')' && --depth == 0) {
            return at + 1;
        }
    }
    return t.n;
}

static size_t quoted_end(struct text t, size_t at)
{
    while (at < t.n && t.s[at] != '"') {
        at += t.s[at] == '\\' ? 2 : 1;
    }
    return at < t.n ? at + 1 : t.n;
}

static void message_id_take(struct text raw, void (*take)(void *, struct text), void *ctx)
{
    char id[MESSAGE_ID_MAX + 1];
    size_t n = 0;
    bool at = false;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.s[i];
        if (is_blank(c)) {
            continue; /* folded inside by a mailer that should not have */
        }
        if ((unsigned char)c <= ' ' || c == 0x7F || c == '<' || n == MESSAGE_ID_MAX) {
            return;
        }
        at = at || c == '@';
        id[n++] = c;
    }
    struct text t = {id, n};
    if (n > 0 && text_is_utf8(t)) {
        take(ctx, t);
    }
}

static void message_ids_bare(struct text value, void (*take)(void *, struct text), void *ctx)
{
    for (size_t i = 0; i < value.n;) {
        size_t start = i;
        while (i < value.n && !strchr(" \t,;\"()<>", value.s[i])) {
            i++;
        }
        struct text word = {value.s + start, i - start};
        if (word.n > 2 && memchr(word.s + 1, '@', word.n - 2)) {
            message_id_take(word, take, ctx);
        }
        i += i == start ? 1 : 0;
    }
}

void message_ids(struct text value, void (*take)(void *ctx, struct text id), void *ctx)
{
    bool bracketed = false;
    for (size_t i = 0; i < value.n;) {
        if (value.s[i] == '(') {
            i = comment_end(value, i);
        } else if (value.s[i] == '"') {
            i = quoted_end(value, i + 1); /* a phrase, as RFC 822 allowed before an id */
        } else if (value.s[i] == '<') {
            const char *end = memchr(value.s + i, '>', value.n - i);
            if (!end) {
                break;
            }
            bracketed = true;
            message_id_take((struct text){value.s + i + 1, (size_t)(end - value.s) - i - 1}, take, ctx);
            i = (size_t)(end - value.s) + 1;
        } else {
            i++;
        }
    }
    if (!bracketed) {
        message_ids_bare(value, take, ctx);
    }
}

/* RFC 3834, section 5, and the marks that were in use before it. */
bool head_is_automatic(struct text head)
{
    static const struct {
        const char *name, *unless, *only;
    } marks[] = {
        {"Auto-Submitted", "no", NULL},
        {"Precedence", NULL, "bulk list junk auto_reply"},
        {"List-Id", NULL, NULL},
        {"X-Auto-Response-Suppress", "none", NULL},
        {"X-Autoreply", "no", NULL},
        {"X-Autorespond", "no", NULL},
        {"Return-Path", NULL, "<>"},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        char *value = head_get(head, marks[i].name, 0, 256);
        if (!value) {
            continue;
        }
        size_t n = strcspn(value, " \t;("); /* parameters and comments follow */
        bool hit = true;
        if (marks[i].unless) {
            hit = !(n == strlen(marks[i].unless) && strncasecmp(value, marks[i].unless, n) == 0);
        } else if (marks[i].only) {
            hit = false;
            for (const char *w = marks[i].only; *w && !hit; w += strcspn(w, " "), w += *w == ' ') {
                hit = n > 0 && strcspn(w, " ") == n && strncasecmp(value, w, n) == 0;
            }
        }
        g_free(value);
        if (hit) {
            return true;
        }
    }
    return false;
}
