#include "adapters/imap_mail.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define NOTE_BYTES_MAX 1024

/* Two mailboxes may have their mail read at once; GMime does not promise that two threads may. It also bounds the memory to one mail's. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

void imap_mail_init(struct imap_mail *m)
{
    memset(m, 0, sizeof *m);
    buf_init(&m->raw, MAIL_BYTES_MAX);
    buf_init(&m->text, TEXT_LARGE_MAX);
}

void imap_mail_done(struct imap_mail *m)
{
    mail_free(&m->mail);
    buf_done(&m->raw);
    buf_done(&m->text);
}

static int attach(struct imap_mail *m, struct text name, struct text type, struct text bytes)
{
    struct inbound *in = &m->inbound;
    char *hash = m->hashes[in->attachments_n];
    int err = files_put(m->files, bytes, hash);
    if (!err) {
        name = text_cut(name, LABEL_MAX);
        type = text_cut(type, LABEL_MAX);
        in->attachments[in->attachments_n++] = (struct frame_attachment){
            .hash = {hash, HASH_MAX}, .name = name.n > 0 ? name : TEXT_LITERAL("attachment"),
            .type = type.n > 0 ? type : TEXT_LITERAL("application/octet-stream"), .bytes = bytes.n};
    }
    return err;
}

static int attach_raw(struct imap_mail *m)
{
    struct text name = m->beginning_only ? TEXT_LITERAL("mail-beginning.eml") : TEXT_LITERAL("mail.eml");
    return attach(m, name, TEXT_LITERAL("message/rfc822"), buf_text(&m->raw));
}

/* @text, and under it a line that says what is not in it. */
static int text_with_note(struct imap_mail *m, struct text text, const char *note)
{
    text = text_cut(text, TEXT_LARGE_MAX - NOTE_BYTES_MAX);
    buf_clear(&m->text);
    int err = text.n > 0 ? buf_addf(&m->text, "%.*s\n\n", TEXT_ARG(text)) : 0;
    err = err ? err : buf_add_z(&m->text, note);
    m->inbound.text = buf_text(&m->text);
    return err;
}

static void note_oversized(const struct imap_mail *m, char note[NOTE_BYTES_MAX])
{
    (void)snprintf(note, NOTE_BYTES_MAX,
                   "[Deze e-mail is te groot (%llu MB). Het begin is bijgevoegd; het geheel staat in mailbox %.254s, UID %llu.]\n"
                   "[This mail is too large (%llu MB). Its beginning is attached; the whole is in mailbox %.254s, UID %llu.]",
                   (unsigned long long)(m->size >> 20), m->address, (unsigned long long)m->uid,
                   (unsigned long long)(m->size >> 20), m->address, (unsigned long long)m->uid);
}

#define NOTE_UNREADABLE                                                                                                                              \
    "[Deze e-mail bevat geen leesbare tekst. Het origineel is bijgevoegd.]\n[This mail holds no readable text. The original is attached.]"
#define NOTE_DAMAGED                                                                                                                                 \
    "[Een deel van de tekst is onleesbaar. Het origineel is bijgevoegd.]\n[Part of the text cannot be read. The original is attached.]"
#define NOTE_CUT "[Niet alles past hier. Het origineel is bijgevoegd.]\n[Not all of it fits here. The original is attached.]"

static int text_choose(struct imap_mail *m, bool unreadable, bool cut, bool damaged)
{
    struct text text = m->mail ? mail_text(m->mail) : (struct text){NULL, 0};
    if (m->beginning_only) {
        char note[NOTE_BYTES_MAX];
        note_oversized(m, note);
        return text_with_note(m, text, note);
    }
    if (unreadable || cut || damaged) {
        return text_with_note(m, text, unreadable ? NOTE_UNREADABLE : cut ? NOTE_CUT : NOTE_DAMAGED);
    }
    m->inbound.text = text.s ? text : TEXT_LITERAL("");
    return 0;
}

static int source_choose(struct imap_mail *m)
{
    struct text id = m->mail ? mail_source_id(m->mail) : (struct text){NULL, 0};
    if (id.n > 0 && m->raw.len > 0) {
        m->inbound.source_id = id;
        return 0;
    }
    /* No byte to tell it from another: then by its place. */
    (void)snprintf(m->source_id, sizeof m->source_id, "uid:%llu.%llu", (unsigned long long)m->uidvalidity, (unsigned long long)m->uid);
    m->inbound.source_id = text_of(m->source_id);
    return 0;
}

static int inbound_fill(struct imap_mail *m)
{
    struct inbound *in = &m->inbound;
    const struct mail *mail = m->mail;
    *in = (struct inbound){.channel = TEXT_LITERAL("email"), .queue = text_of(m->queue)};
    bool unreadable = !mail || mail_is_raw_only(mail), cut = false, damaged = false;
    int err = 0;
    if (mail) {
        in->address = mail_reply_to(mail);
        in->address = in->address.s ? in->address : mail_from(mail);
        in->name = mail_from_name(mail);
        in->subject = mail_subject(mail);
        in->subject_key = mail_subject_key(mail);
        in->message_id = mail_message_id(mail);
        in->references_n = mail_references(mail, in->references);
        in->automatic = mail_is_automatic(mail) || text_is(mail_from(mail), m->address);
        cut = mail_is_cut(mail);
        damaged = mail_is_damaged(mail);
    }
    /* Of a mail that is not whole the last part may be cut anywhere: its beginning stands for all of them. */
    size_t parts = mail && !m->beginning_only ? mail_parts_n(mail) : 0;
    bool too_many = parts > ATTACHMENTS_MAX;
    parts = too_many ? ATTACHMENTS_MAX - 1 : parts;
    bool raw = unreadable || cut || damaged || too_many || m->beginning_only;
    parts = raw && parts == ATTACHMENTS_MAX ? parts - 1 : parts;
    for (size_t i = 0; !err && i < parts; i++) {
        const struct mail_part *p = mail_part_at(mail, i);
        err = attach(m, p->name, p->type, p->bytes);
    }
    err = err || !raw ? err : attach_raw(m);
    err = err ? err : source_choose(m);
    return err ? err : text_choose(m, unreadable, cut || too_many, damaged);
}

void imap_mail_read(struct imap_mail *m)
{
    pthread_mutex_lock(&parsing);
    int err = mail_parse(buf_text(&m->raw), &m->mail);
    m->err = err == ERR_MEMORY ? err : inbound_fill(m); /* any other error: it goes in unread, with its source */
    pthread_mutex_unlock(&parsing);
}

void imap_mail_plain(struct imap_mail *m)
{
    struct inbound *in = &m->inbound;
    struct text source_id = in->source_id;
    *in = (struct inbound){.channel = TEXT_LITERAL("email"), .queue = text_of(m->queue), .source_id = source_id, .automatic = in->automatic};
    int err = attach_raw(m);
    m->err = err ? err : text_with_note(m, (struct text){NULL, 0}, NOTE_UNREADABLE);
}
