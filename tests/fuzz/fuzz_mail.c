/* What arrives by mail: any bytes become a mail whose texts are clean, within their limits, and fit to be answered. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "channels/email/mail_build.h"
#include "channels/email/mail_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct text t, size_t max, bool lines)
{
    CHECK(t.n <= max && text_is_utf8(t));
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.s[i];
        CHECK(c != 0x7F && (c >= ' ' || (lines && (c == '\n' || c == '\t'))));
    }
}

static void check_answer(const struct mail *m)
{
    struct text ids[INBOUND_REFERENCES_MAX];
    struct buf references, out;
    size_t n = mail_references(m, ids);
    buf_init(&references, INBOUND_REFERENCES_MAX * (MESSAGE_ID_MAX + 1));
    buf_init(&out, 1 << 20);
    for (size_t i = n; i-- > 0;) {
        check_text(ids[i], MESSAGE_ID_MAX, false);
        CHECK(buf_add_text(&references, ids[i]) == 0 && buf_add_byte(&references, ' ') == 0);
    }
    struct outbound o = {.channel = "email", .conversation = TEXT_LITERAL("c"), .seq = 1, .address = mail_reply_to(m),
                         .resident_name = mail_from_name(m), .text = mail_text(m), .subject = mail_subject(m),
                         .message_id = TEXT_LITERAL("c.1@example.nl"), .in_reply_to = mail_message_id(m), .references = buf_text(&references),
                         .date_ms = 1};
    int err = mail_build(&o, "info@example.nl", "Example", &out);
    CHECK(err == 0 || err == ERR_TOO_LARGE);
    if (!err) {
        struct mail *back = NULL;
        CHECK(mail_parse(buf_text(&out), &back) == 0);
        CHECK(text_is(mail_from(back), "info@example.nl") && text_is(mail_message_id(back), "c.1@example.nl") && mail_parts_n(back) == 0);
        mail_free(&back);
    }
    buf_done(&references);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail *m = NULL;
    CHECK(mail_parse((struct text){(const char *)data, size}, &m) == 0);
    char key[ADDRESS_MAX + 1];
    check_text(mail_from(m), ADDRESS_MAX, false);
    check_text(mail_reply_to(m), ADDRESS_MAX, false);
    CHECK(!mail_from(m).s || (email_address_key(mail_from(m), key) == 0 && text_is(mail_from(m), key)));
    check_text(mail_from_name(m), LABEL_MAX, false);
    check_text(mail_subject(m), SUBJECT_MAX, false);
    check_text(mail_subject_key(m), SUBJECT_MAX, false);
    check_text(mail_message_id(m), MESSAGE_ID_MAX, false);
    check_text(mail_text(m), TEXT_LARGE_MAX, true);
    check_text(mail_source_id(m), MESSAGE_ID_MAX + ADDRESS_MAX + 1, false);
    CHECK(mail_source_id(m).n > 0 && mail_parts_n(m) <= MAIL_PARTS_MAX);
    size_t bytes = 0;
    for (size_t i = 0; i < mail_parts_n(m); i++) {
        const struct mail_part *p = mail_part_at(m, i);
        check_text(p->name, LABEL_MAX, false);
        check_text(p->type, LABEL_MAX, false);
        CHECK(p->name.n > 0 && p->name.s[0] != '.' && !memchr(p->name.s, '/', p->name.n) && !memchr(p->name.s, '\\', p->name.n));
        bytes += p->bytes.n;
    }
    CHECK(bytes <= size);
    if (mail_reply_to(m).s) {
        check_answer(m);
    }
    mail_free(&m);
    return 0;
}
