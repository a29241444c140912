#include "channels/email/mail_parse.h"

#include <stdlib.h>
#include <string.h>

#include "channels/email/mail_internal.h"

struct mail {
    struct text from, from_name, reply_to, subject, subject_key, message_id, text, source_id; /* each owned */
    struct text references[INBOUND_REFERENCES_MAX];                                         /* each owned */
    size_t references_n;
    struct mail_part parts[MAIL_PARTS_MAX]; /* name, type, bytes: each owned */
    size_t parts_n;
    bool automatic, raw_only, cut;
    int err; /* the first that came up while it was read */
};

static struct text keep(struct mail *m, struct text t)
{
    char *copy = malloc(t.n + 1);
    if (!copy) {
        m->err = ERR_MEMORY;
        return (struct text){NULL, 0};
    }
    if (t.n > 0) {
        memcpy(copy, t.s, t.n);
    }
    copy[t.n] = '\0';
    return (struct text){copy, t.n};
}

static struct text keep_words(struct mail *m, struct words *w)
{
    struct text kept = {NULL, 0};
    m->err = m->err ? m->err : w->err;
    if (w->buf.len > 0) {
        kept = keep(m, buf_text(&w->buf));
    }
    words_done(w);
    return kept;
}

static void forget(struct text *t)
{
    free((void *)(uintptr_t)t->s);
    *t = (struct text){NULL, 0};
}

/* The sender, by the first header that names one. */
static void read_people(struct mail *m, struct text head)
{
    static const char *const from[] = {"From", "Sender", "Return-Path"};
    char key[ADDRESS_MAX + 1];
    for (size_t i = 0; i < 3 && !m->from.s; i++) {
        char *value = head_get(head, from[i], 0, HEAD_STRUCTURED_MAX);
        struct words name;
        words_init(&name, LABEL_MAX, true);
        if (value && head_mailbox(value, key, &name)) {
            m->from = keep(m, text_of(key));
            m->from_name = keep_words(m, &name);
        } else {
            words_done(&name);
        }
        g_free(value);
    }
    char *value = head_get(head, "Reply-To", 0, HEAD_STRUCTURED_MAX);
    if (value && head_mailbox(value, key, NULL)) {
        m->reply_to = keep(m, text_of(key));
    } else if (m->from.s) {
        m->reply_to = keep(m, m->from);
    }
    g_free(value);
}

/* In the form in which two subjects are the same: composed (NFC), lower case. */
static struct text key_of_subject(struct mail *m, struct text subject)
{
    struct words w;
    words_init(&w, SUBJECT_MAX, true);
    struct text rest = subject_strip(subject, false);
    /* "[list] Re: word": the tag stays, what stands behind it goes. */
    while (rest.n > 0 && rest.s[0] == '[') {
        const char *end = memchr(rest.s, ']', rest.n);
        if (!end) {
            break;
        }
        size_t n = (size_t)(end - rest.s) + 1;
        words_put_utf8(&w, (struct text){rest.s, n});
        words_put(&w, ' ');
        rest = subject_strip((struct text){rest.s + n, rest.n - n}, false);
    }
    words_put_utf8(&w, rest);
    char *composed = g_utf8_normalize(w.buf.data ? w.buf.data : "", (gssize)w.buf.len, G_NORMALIZE_NFC);
    char *lower = composed ? g_utf8_strdown(composed, -1) : NULL;
    struct text key = text_cut(text_of(lower), SUBJECT_MAX);
    struct text kept = key.n > 0 ? keep(m, key) : (struct text){NULL, 0};
    g_free(lower);
    g_free(composed);
    words_done(&w);
    return kept;
}

static void read_subject(struct mail *m, struct text head)
{
    char *value = head_get(head, "Subject", 0, HEAD_STRUCTURED_MAX);
    if (!value) {
        return;
    }
    struct words w;
    char *decoded = g_mime_utils_header_decode_text(mail_options(), value);
    words_init(&w, SUBJECT_MAX, true);
    words_put_utf8(&w, text_of(decoded));
    m->subject = keep_words(m, &w);
    m->subject_key = key_of_subject(m, m->subject);
    g_free(decoded);
    g_free(value);
}

static void take_message_id(void *ctx, struct text id)
{
    struct mail *m = ctx;
    if (!m->message_id.s) {
        m->message_id = keep(m, id);
    }
}

/* The last INBOUND_REFERENCES_MAX of a header. */
struct ids {
    struct mail *mail;
    struct text id[INBOUND_REFERENCES_MAX];
    size_t n; /* seen; the place is n % INBOUND_REFERENCES_MAX */
};

static void take_reference(void *ctx, struct text id)
{
    struct ids *ids = ctx;
    struct text *place = &ids->id[ids->n++ % INBOUND_REFERENCES_MAX];
    forget(place);
    *place = keep(ids->mail, id);
}

static void add_reference(struct mail *m, struct text *id)
{
    bool known = !id->s || m->references_n == INBOUND_REFERENCES_MAX;
    for (size_t i = 0; i < m->references_n && !known; i++) {
        known = text_equal(m->references[i], *id);
    }
    if (known) {
        forget(id);
    } else {
        m->references[m->references_n++] = *id;
    }
}

static void read_references(struct mail *m, struct text head)
{
    static const char *const names[] = {"In-Reply-To", "References"}; /* the first from left to right, the second from newest to oldest */
    for (size_t h = 0; h < 2; h++) {
        struct ids ids = {.mail = m};
        char *value = head_get(head, names[h], 0, HEAD_VALUE_MAX);
        if (value) {
            message_ids(text_of(value), take_reference, &ids);
        }
        g_free(value);
        size_t n = ids.n < INBOUND_REFERENCES_MAX ? ids.n : INBOUND_REFERENCES_MAX;
        for (size_t i = 0; i < n; i++) {
            size_t nth = h == 0 ? ids.n - n + i : ids.n - 1 - i;
            add_reference(m, &ids.id[nth % INBOUND_REFERENCES_MAX]);
        }
    }
}

static const char *suffix_of(const char *type)
{
    static const struct {
        const char *type, *suffix;
    } known[] = {
        {"text/plain", ".txt"}, {"text/html", ".html"}, {"text/calendar", ".ics"}, {"text/csv", ".csv"}, {"text/vcard", ".vcf"},
        {"image/jpeg", ".jpg"}, {"image/png", ".png"},
        {"image/gif", ".gif"}, {"image/heic", ".heic"}, {"image/webp", ".webp"}, {"application/pdf", ".pdf"}, {"application/zip", ".zip"},
        {"message/rfc822", ".eml"},
        {"message/delivery-status", ".txt"}, {"text/rfc822-headers", ".txt"}, {"application/pgp-signature", ".asc"},
        {"application/pkcs7-signature", ".p7s"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(type, known[i].type) == 0) {
            return known[i].suffix;
        }
    }
    return "";
}

/* A file name that no file system and no reader takes for something else: the last component, without what separates or quotes, no dot in front. */
static struct text safe_name(struct mail *m, const struct node *n, size_t nth)
{
    struct words w;
    words_init(&w, HEAD_STRUCTURED_MAX, true);
    struct text t = text_of(n->name);
    for (size_t at = 0; at < t.n;) {
        uint32_t c = utf8_next(t, &at);
        if (c == '/' || c == '\\') {
            buf_clear(&w.buf);
            w.space = false;
        } else {
            words_put(&w, c < 0x80 && c != 0 && strchr("<>:\"|?*", (int)c) ? '_' : c);
        }
    }
    while (w.buf.len > 0 && (w.buf.data[0] == '.' || w.buf.data[0] == ' ')) {
        buf_eat(&w.buf, 1);
    }
    while (w.buf.len > 0 && (w.buf.data[w.buf.len - 1] == '.' || w.buf.data[w.buf.len - 1] == ' ')) {
        w.buf.data[--w.buf.len] = '\0';
    }
    char name[LABEL_MAX + 1];
    struct text all = buf_text(&w.buf);
    const char *dot = all.n > 0 ? memrchr(all.s, '.', all.n) : NULL;
    struct text suffix = dot && all.n - (size_t)(dot - all.s) <= 12 ? (struct text){dot, all.n - (size_t)(dot - all.s)} : (struct text){"", 0};
    struct text stem = text_cut((struct text){all.s, all.n - suffix.n}, LABEL_MAX - suffix.n);
    if (all.n > 0) {
        (void)snprintf(name, sizeof name, "%.*s%.*s", TEXT_ARG(stem), TEXT_ARG(suffix)); /* fits: LABEL_MAX by the cut above */
    } else {
        (void)snprintf(name, sizeof name, "part-%zu%s", nth + 1, suffix_of(n->type)); /* fits: 5 + 3 + 5 */
    }
    m->err = m->err ? m->err : w.err;
    words_done(&w);
    return keep(m, text_of(name));
}

static int by_place(const void *a, const void *b)
{
    const struct node *const *x = a, *const *y = b;
    return (*x)->body.s < (*y)->body.s ? -1 : (*x)->body.s > (*y)->body.s;
}

static void read_parts(struct mail *m, const struct tree *t)
{
    const struct node *attached[MAIL_PARTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->nodes[i].kind == NODE_ATTACHMENT) {
            attached[n++] = &t->nodes[i];
        }
    }
    qsort(attached, n, sizeof attached[0], by_place);
    for (size_t i = 0; i < n && !m->err; i++) {
        struct buf bytes;
        buf_init(&bytes, MAIL_BYTES_MAX + 4096);
        m->err = node_decode(attached[i], MAIL_BYTES_MAX, &bytes);
        struct mail_part *p = &m->parts[m->parts_n++];
        p->name = safe_name(m, attached[i], i);
        p->type = keep(m, text_of(attached[i]->type));
        p->bytes = buf_text(&bytes);
        if (!p->bytes.s && !m->err) {
            p->bytes = keep(m, (struct text){"", 0});
        }
    }
}

static void make_source_id(struct mail *m, struct text raw)
{
    char id[MESSAGE_ID_MAX + ADDRESS_MAX + 3];
    if (m->message_id.s) {
        (void)snprintf(id, sizeof id, "%.*s %.*s", TEXT_ARG(m->message_id), TEXT_ARG(m->from)); /* fits: both have their limits */
    } else {
        char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)raw.s, raw.n);
        (void)snprintf(id, sizeof id, "sha256:%s", sum);
        g_free(sum);
    }
    m->source_id = keep(m, text_of(id));
}

static void read_mail(struct mail *m, struct text raw, struct tree *t)
{
    mime_split(raw, t);
    struct text head = t->nodes[0].head;
    read_people(m, head);
    read_subject(m, head);
    char *value = head_get(head, "Message-ID", 0, HEAD_STRUCTURED_MAX);
    if (value) {
        message_ids(text_of(value), take_message_id, m);
    }
    g_free(value);
    read_references(m, head);
    struct words w;
    words_init(&w, TEXT_LARGE_MAX, false);
    m->err = m->err ? m->err : tree_words(t, &w);
    m->cut = t->cut || w.full;
    m->text = keep_words(m, &w);
    read_parts(m, t);
    m->automatic = head_is_automatic(head) || strcmp(t->nodes[0].type, "multipart/report") == 0;
    m->automatic = m->automatic || (m->from.n > 14 && memcmp(m->from.s, "mailer-daemon@", 14) == 0);
    m->raw_only = m->text.n == 0 && (m->parts_n == 0 || m->cut);
    make_source_id(m, raw);
    tree_done(t);
}

int mail_parse(struct text raw, struct mail **out)
{
    if (raw.n > MAIL_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    raw.s = raw.s ? raw.s : "";
    (void)mail_options(); /* starts GMime */
    struct mail *m = calloc(1, sizeof *m);
    struct tree *t = calloc(1, sizeof *t);
    int err = m && t ? 0 : ERR_MEMORY;
    if (!err) {
        read_mail(m, raw, t);
        err = m->err;
    }
    free(t);
    if (err) {
        mail_free(&m);
        return ERR_MEMORY;
    }
    *out = m;
    return 0;
}

void mail_free(struct mail **at)
{
    struct mail *m = *at;
    *at = NULL;
    if (!m) {
        return;
    }
    struct text *const texts[] = {&m->from, &m->from_name, &m->reply_to, &m->subject, &m->subject_key, &m->message_id, &m->text, &m->source_id};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        forget(texts[i]);
    }
    for (size_t i = 0; i < m->references_n; i++) {
        forget(&m->references[i]);
    }
    for (size_t i = 0; i < m->parts_n; i++) {
        forget(&m->parts[i].name);
        forget(&m->parts[i].type);
        forget(&m->parts[i].bytes);
    }
    free(m);
}

struct text mail_from(const struct mail *m)
{
    return m->from;
}

struct text mail_from_name(const struct mail *m)
{
    return m->from_name;
}

struct text mail_reply_to(const struct mail *m)
{
    return m->reply_to;
}

struct text mail_subject(const struct mail *m)
{
    return m->subject;
}

struct text mail_subject_key(const struct mail *m)
{
    return m->subject_key;
}

struct text mail_message_id(const struct mail *m)
{
    return m->message_id;
}

size_t mail_references(const struct mail *m, struct text out[INBOUND_REFERENCES_MAX])
{
    memcpy(out, m->references, m->references_n * sizeof out[0]);
    return m->references_n;
}

struct text mail_text(const struct mail *m)
{
    return m->text;
}

bool mail_is_automatic(const struct mail *m)
{
    return m->automatic;
}

bool mail_is_raw_only(const struct mail *m)
{
    return m->raw_only;
}

bool mail_is_damaged(const struct mail *m)
{
    return m->text.n > 0 && memmem(m->text.s, m->text.n, "\xEF\xBF\xBD", 3) != NULL;
}

bool mail_is_cut(const struct mail *m)
{
    return m->cut;
}

size_t mail_parts_n(const struct mail *m)
{
    return m->parts_n;
}

const struct mail_part *mail_part_at(const struct mail *m, size_t i)
{
    return i < m->parts_n ? &m->parts[i] : NULL;
}

struct text mail_source_id(const struct mail *m)
{
    return m->source_id;
}
