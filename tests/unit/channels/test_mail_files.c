#include "channels_test.h"

#define PARTS_MAX 12

/* Mails as programs make them, each read as it stands (LF) and as it travels (CRLF). */
static const struct {
    const char *file, *from, *name, *subject_key, *text;
    struct {
        const char *name, *type;
        size_t bytes; /* with LF */
    } parts[PARTS_MAX];
    bool automatic, raw_only, cr_in_parts;
} rows[] = {
    {"outlook", "jan.devries@outlook.example", "Vries, Jan de", "uw aanvraag parkeervergunning",
     "Geachte mevrouw,\n\nHierbij de gevraagde kopieën. De kosten waren € 12,50 – klopt dat?\n\nMet vriendelijke groet,\nJan de Vries\n\n"
     "________________________________\nVan: Gemeente Voorbeeld <burgerzaken@voorbeeld.example>\nVerzonden: vrijdag 1 maart 2024 15:03",
     {{"image001.png", "image/png", 8}}, false, false, false},
    {"gmail", "engel.yigit@gmail.example", "Éngel Yiğit", "afspraak paspoort – vrijdag",
     "Hallo,\n\nVrijdag komt me helaas niet uit 😕\n\nOp ma 4 mrt 2024 schreef Gemeente:\n> U bent welkom.",
     {{"beëdiging.pdf", "application/pdf", 9}}, false, false, false},
    {"apple", "piet@icloud.example", "Piet Jansen", "lantaarnpaal kapot",
     "Goedemorgen, de lantaarnpaal voor nummer 12 brandt al een week niet meer. Zie de foto’s.",
     {{"lantaarn voor de deur – maart.jpeg", "image/jpeg", 6}}, false, false, false},
    {"html_only", "klant@example.nl", "Klant", "vraag over afval",
     "Beste gemeente,\nWanneer wordt het gft opgehaald? Kost dat € 5 of € 6?\n\nGroet,\nK. Lämmer", {{NULL, NULL, 0}}, false, false, false},
    {"empty_plain", "app@example.nl", NULL, "melding uit de app", "De prullenbak in het park is vol.", {{NULL, NULL, 0}}, false, false, false},
    {"bounce", "mailer-daemon@mx.voorbeeld.example", "Mail Delivery System", "undelivered mail returned to sender",
     "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.",
     {{"part-1.txt", "message/delivery-status", 111}, {"part-2.eml", "message/rfc822", 147}}, true, false, true},
    {"forwarded", "buur@example.nl", "Buur", "overlast", "Zie de mail hieronder.", {{"overlast.eml", "message/rfc822", 217}}, false, false, true},
    {"digest", "lijst@example.nl", NULL, "[wijk] overzicht", "Vandaag twee berichten.\n\n-- \nAfmelden kan altijd.",
     {{"part-1.eml", "message/rfc822", 41}, {"part-2.eml", "message/rfc822", 43}}, true, false, true},
    {"names", "a@example.nl", NULL, "namen", NULL,
     {{"passwd", "application/octet-stream", 1}, {"foto.jpg", "application/octet-stream", 1}, {"htaccess", "application/octet-stream", 1},
      {"part-4", "application/octet-stream", 1},
      {"part-5.jpg", "image/jpeg", 1}, {"beëdiging .pdf", "application/pdf", 1}, {"a_b__c_d_e_f_g.pdf", "application/pdf", 1},
      {"txt.exe", "text/plain", 1},
      {"spaties hier .bin", "application/x-odd", 1}, {"part-10.txt", "text/plain", 2}}, false, false, false},
    {"cut_off", "jan@example.nl", "Jan", "afgebroken", "Dit is de hele tekst.", {{"foto.jpg", "image/jpeg", 12}}, false, false, false},
    {"no_boundary", "jan@example.nl", "Jan", "zonder grens", "Dit stond er gewoon.", {{NULL, NULL, 0}}, false, false, false},
    {"wrong_boundary", "jan@example.nl", "Jan", "verkeerde grens",
    "--abcd\nContent-Type: text/plain\n\nDit stond er ook.\n--abcd--", {{NULL, NULL, 0}}, false, false, false},
    {"photo_only", "jan@example.nl", "Jan", "gat in de weg", NULL, {{"IMG_0001.JPG", "image/jpeg", 6}}, false, false, false},
    {"encrypted", "jan@example.nl", "Jan", "...", NULL, {{"part-1", "application/pgp-encrypted", 10},
    {"encrypted.asc", "application/octet-stream", 53}}, false, false, true},
    {"signed", "jan@example.nl", "Jan", "ondertekend", "Ik vraag een uittreksel aan.", {{"part-1.p7s",
    "application/pkcs7-signature", 3}}, false, false, false},
    {"invite", "jan@example.nl", "Jan", "uitnodiging: huisbezoek", "Kunt u dinsdag?", {{"part-1.ics", "text/calendar", 29}}, false, false, true},
    {"vacation", "jan@example.nl", "Jan", "automatisch antwoord: uw vraag", "Ik ben er niet.", {{NULL, NULL, 0}}, true, false, false},
    {"latin_raw", "andre@example.nl", "Andre", "oude mailer", "Café op de Plein… kost € 3", {{NULL, NULL, 0}}, false, false, false},
};

static void file_read(const char *name, bool crlf, struct buf *out)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.eml", MAILS_DIR, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        fail_msg("%s cannot be opened", path);
    }
    buf_init(out, 1 << 20);
    for (int c = getc(f); c != EOF; c = getc(f)) {
        assert_int_equal(crlf && c == '\n' ? buf_add(out, "\r\n", 2) : buf_add_byte(out, (char)c), 0);
    }
    (void)fclose(f); /* read alone */
}

static void check_mail(size_t i, const char *row, bool crlf, const struct mail *m)
{
    same_text(row, "from", mail_from(m), rows[i].from);
    same_text(row, "name", mail_from_name(m), rows[i].name);
    same_text(row, "key", mail_subject_key(m), rows[i].subject_key);
    same_text(row, "text", mail_text(m), rows[i].text);
    check_row(row, mail_is_automatic(m) == rows[i].automatic, "automatic");
    check_row(row, mail_is_raw_only(m) == rows[i].raw_only, "raw only");
    check_row(row, !mail_is_cut(m), "cut");
    size_t n = 0;
    for (; n < PARTS_MAX && rows[i].parts[n].name; n++) {
        const struct mail_part *p = mail_part_at(m, n);
        if (!p) {
            fail_msg("%s: part %zu is missing", row, n);
        }
        same_text(row, "part's name", p->name, rows[i].parts[n].name);
        same_text(row, "part's type", p->type, rows[i].parts[n].type);
        if (!crlf || !rows[i].cr_in_parts) {
            if (p->bytes.n != rows[i].parts[n].bytes) {
                fail_msg("%s: part %zu has %zu bytes, not %zu", row, n, p->bytes.n, rows[i].parts[n].bytes);
            }
        } else {
            check_row(row, p->bytes.n > rows[i].parts[n].bytes || rows[i].parts[n].bytes <= 10, "line ends of a part");
        }
    }
    check_row(row, mail_parts_n(m) == n, "number of parts");
    assert_null(mail_part_at(m, n));
}

static void mails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int crlf = 0; crlf < 2; crlf++) {
            struct buf raw;
            char row[64];
            (void)snprintf(row, sizeof row, "%s (%s)", rows[i].file, crlf ? "CRLF" : "LF");
            file_read(rows[i].file, crlf, &raw);
            struct mail *m = parsed(buf_text(&raw));
            check_mail(i, row, crlf, m);
            mail_free(&m);
            buf_done(&raw);
        }
    }
}

/* Cut anywhere, as a connection that breaks would: always a mail, always clean text, and each part within the source. */
static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf raw;
        file_read(rows[i].file, true, &raw);
        for (size_t n = 0; n < raw.len; n += 1 + n / 97) {
            char *copy = malloc(n + 1); /* its own block: a byte read behind it is seen */
            assert_non_null(copy);
            memcpy(copy, raw.data, n);
            struct mail *m = parsed((struct text){copy, n});
            struct text t = mail_text(m);
            check_row(rows[i].file, text_is_utf8(t) && text_is_utf8(mail_subject(m)) && text_is_utf8(mail_from_name(m)), "not UTF-8");
            check_row(rows[i].file, t.n == 0 || (!memchr(t.s, '\0', t.n) && !memchr(t.s, '\r', t.n)), "control characters");
            size_t bytes = 0;
            for (size_t k = 0; k < mail_parts_n(m); k++) {
                bytes += mail_part_at(m, k)->bytes.n;
            }
            check_row(rows[i].file, bytes <= n, "parts larger than their source");
            mail_free(&m);
            free(copy);
        }
        buf_done(&raw);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mails),
        cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
