#include "channels/email/mail_build.h"

#include <string.h>

#include "channels/email/mail_internal.h"

#define REFERENCES_OUT_MAX 20 /* each on a line of its own, 5 kB in all: the first (the thread's root) and the newest (RFC 5322, section 3.6.4) */

struct references {
    char id[REFERENCES_OUT_MAX][MESSAGE_ID_MAX + 1];
    size_t n;
};

/* Oldest first; when it is full, the second goes. One that comes again moves to the end. */
static void references_add(void *ctx, struct text id)
{
    struct references *r = ctx;
    size_t gone = r->n == REFERENCES_OUT_MAX ? 1 : r->n;
    for (size_t i = 0; i < r->n; i++) {
        if (text_is(id, r->id[i])) {
            gone = i;
        }
    }
    for (size_t i = gone; i + 1 < r->n; i++) {
        memcpy(r->id[i], r->id[i + 1], sizeof r->id[i]);
    }
    r->n -= gone < r->n ? 1 : 0;
    if (text_copy(id, r->id[r->n], sizeof r->id[r->n]) == 0) {
        r->n++;
    }
}

/* RFC 5322, section 3.6.4, as strict as we are with our own: printable ASCII without what delimits it, one @ with something on both sides. */
static bool message_id_is_good(struct text id)
{
    size_t ats = 0;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.s[i];
        if (c <= ' ' || c >= 0x7F || strchr("<>()[]\\\",;:", c)) {
            return false;
        }
        ats += c == '@';
    }
    return ats == 1 && id.n >= 3 && id.n <= MESSAGE_ID_MAX && id.s[0] != '@' && id.s[id.n - 1] != '@';
}

int mail_message_id_make(struct text conversation, uint64_t seq, const char *domain, char out[MESSAGE_ID_MAX + 1])
{
    char id[MESSAGE_ID_MAX + 1];
    size_t domain_n = strnlen(domain, MESSAGE_ID_MAX);
    if (conversation.n + 1 + 20 + 1 + domain_n > MESSAGE_ID_MAX || conversation.n == 0 || memchr(conversation.s, '\0', conversation.n)) {
        return ERR_BAD_INPUT;
    }
    (void)snprintf(id, sizeof id, "%.*s.%llu@%s", TEXT_ARG(conversation), (unsigned long long)seq, domain);
    if (!message_id_is_good(text_of(id))) {
        return ERR_BAD_INPUT;
    }
    memcpy(out, id, sizeof id);
    return 0;
}

/* One line for people, owned by @w; what could end a header is a space. */
static const char *one_line(struct words *w, struct text t, size_t max)
{
    words_init(w, max, true);
    words_put_utf8(w, t);
    return w->buf.len > 0 ? w->buf.data : NULL;
}

static void set_subject(GMimeMessage *m, const struct outbound *o, const char *organisation)
{
    struct words w, subject;
    struct text rest = subject_strip(text_of(one_line(&w, o->subject, SUBJECT_MAX)), true);
    words_init(&subject, SUBJECT_MAX + 4, true);
    words_put_utf8(&subject, TEXT_LITERAL("Re: "));
    words_put_utf8(&subject, rest.n > 0 ? rest : text_of(organisation));
    g_mime_message_set_subject(m, subject.buf.data, "utf-8");
    words_done(&subject);
    words_done(&w);
}

static void add_mailbox(InternetAddressList *list, struct text name, const char *address)
{
    struct words w;
    InternetAddress *a = internet_address_mailbox_new(one_line(&w, name, LABEL_MAX), address);
    internet_address_set_charset(a, "utf-8"); /* else the smallest that fits, a different one for each name */
    internet_address_list_add(list, a);
    g_object_unref(a);
    words_done(&w);
}

static int set_people(GMimeMessage *m, const struct outbound *o, const char *from_address, const char *from_name)
{
    char from[ADDRESS_MAX + 1], to[ADDRESS_MAX + 1];
    int err = email_address_key(text_of(from_address), from);
    err = err ? err : email_address_key(o->address, to);
    if (!err) {
        add_mailbox(g_mime_message_get_from(m), text_of(from_name), from);
        add_mailbox(g_mime_message_get_to(m), o->resident_name, to);
    }
    return err;
}

static void take_in_reply_to(void *ctx, struct text id)
{
    char *first = ctx;
    if (first[0] == '\0' && text_copy(id, first, MESSAGE_ID_MAX + 1)) {
        first[0] = '\0';
    }
}

static int set_thread(GMimeMessage *m, const struct outbound *o)
{
    struct references r = {.n = 0};
    char parent[MESSAGE_ID_MAX + 1] = "", own[MESSAGE_ID_MAX + 1];
    struct buf line;
    if (!message_id_is_good(o->message_id) || text_copy(o->message_id, own, sizeof own)) {
        return ERR_BAD_INPUT;
    }
    message_ids(o->references, references_add, &r);
    message_ids(o->in_reply_to, take_in_reply_to, parent);
    if (parent[0]) {
        references_add(&r, text_of(parent));
    }
    buf_init(&line, REFERENCES_OUT_MAX * (MESSAGE_ID_MAX + 4));
    int err = buf_addf(&line, "<%s>", own);
    if (!err) {
        g_mime_object_set_header(GMIME_OBJECT(m), "Message-ID", line.data, NULL);
    }
    buf_clear(&line);
    err = err || !parent[0] ? err : buf_addf(&line, "<%s>", parent);
    if (parent[0] && !err) {
        g_mime_object_set_header(GMIME_OBJECT(m), "In-Reply-To", line.data, NULL);
    }
    buf_clear(&line);
    for (size_t i = 0; i < r.n && !err; i++) {
        err = buf_addf(&line, "%s<%s>", i ? " " : "", r.id[i]);
    }
    if (r.n > 0 && !err) {
        g_mime_object_set_header(GMIME_OBJECT(m), "References", line.data, NULL);
    }
    buf_done(&line);
    return err;
}

static int set_text(GMimeMessage *m, struct text text)
{
    struct buf lines;
    size_t beyond_ascii = 0;
    bool cr = false;
    int err = 0;
    if (!text_is_utf8(text) || (text.n > 0 && memchr(text.s, '\0', text.n))) {
        return ERR_BAD_INPUT;
    }
    buf_init(&lines, TEXT_LARGE_MAX + 1);
    for (size_t i = 0; i < text.n && !err; i++) {
        char c = text.s[i];
        if (!(c == '\n' && cr)) {
            err = buf_add_byte(&lines, c == '\r' ? '\n' : c);
        }
        cr = c == '\r';
        beyond_ascii += (unsigned char)c >= 0x80;
    }
    if (!err && (lines.len == 0 || lines.data[lines.len - 1] != '\n')) {
        err = buf_add_byte(&lines, '\n');
    }
    if (!err) {
        GMimeTextPart *part = g_mime_text_part_new_with_subtype("plain");
        g_mime_text_part_set_charset(part, "utf-8");
        GMimeStream *stream = g_mime_stream_mem_new_with_buffer(lines.data, lines.len);
        GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
        g_mime_part_set_content(GMIME_PART(part), content);
        /* Quoted-printable triples what is not ASCII; base64 adds a third to all. */
        bool base64 = beyond_ascii * 6 > text.n;
        g_mime_part_set_content_encoding(GMIME_PART(part), base64 ? GMIME_CONTENT_ENCODING_BASE64 : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
        g_mime_message_set_mime_part(m, GMIME_OBJECT(part));
        g_object_unref(content);
        g_object_unref(stream);
        g_object_unref(part);
    }
    buf_done(&lines);
    return err == ERR_FULL ? ERR_TOO_LARGE : err;
}

static int set_date(GMimeMessage *m, int64_t date_ms)
{
    GDateTime *date = date_ms >= 0 ? g_date_time_new_from_unix_utc(date_ms / 1000) : NULL;
    if (!date || g_date_time_get_year(date) > 9998) {
        if (date) {
            g_date_time_unref(date);
        }
        return ERR_BAD_INPUT;
    }
    g_mime_message_set_date(m, date);
    g_date_time_unref(date);
    return 0;
}

int mail_build(const struct outbound *o, const char *from_address, const char *from_name, struct buf *out)
{
    (void)mail_options(); /* starts GMime */
    GMimeMessage *m = g_mime_message_new(FALSE);
    int err = set_people(m, o, from_address, from_name);
    err = err ? err : set_date(m, o->date_ms);
    err = err ? err : set_thread(m, o);
    if (!err) {
        set_subject(m, o, from_name && *from_name ? from_name : from_address);
        g_mime_object_set_header(GMIME_OBJECT(m), "MIME-Version", "1.0", NULL);
        err = set_text(m, o->text);
    }
    if (!err) {
        GMimeFormatOptions *format = g_mime_format_options_new();
        g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
        GMimeStream *stream = g_mime_stream_mem_new();
        ssize_t written = g_mime_object_write_to_stream(GMIME_OBJECT(m), format, stream);
        GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
        err = written < 0 ? ERR_MEMORY : buf_add(out, bytes->data, bytes->len);
        g_object_unref(stream);
        g_mime_format_options_free(format);
    }
    g_object_unref(m);
    return err;
}
