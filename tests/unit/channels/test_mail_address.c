#include "channels_test.h"

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address, *want; /* NULL: refused */
    } rows[] = {
        {"jan@example.nl", "jan@example.nl"},
        {"Jan.De.Vries@Example.NL", "jan.de.vries@example.nl"},
        {"jan+loket@example.nl", "jan+loket@example.nl"},
        {"o'brien@example.ie", "o'brien@example.ie"},
        {"a.@docomo.example", "a.@docomo.example"},
        {"a..b@docomo.example", "a..b@docomo.example"},
        {"\"jan de vries\"@example.nl", "\"jan de vries\"@example.nl"},
        {"\"a@b\"@example.nl", "\"a@b\"@example.nl"},
        {"jan@localhost", "jan@localhost"},
        {"jan@[192.0.2.1]", "jan@[192.0.2.1]"},
        {"jan@[IPv6:2001:db8::1]", "jan@[ipv6:2001:db8::1]"},
        {"info@caf\xC3\xA9.example", "info@xn--caf-dma.example"},
        {"j\xC3\xB6rg@example.nl", "j\xC3\xB6rg@example.nl"},
        {"info@example.\xC2\xAD\xC2\xAD", NULL}, /* once came out as "info@example.", which is no address */
        {"info@\xF0\x9F\x98\x80\xE2\x80\x8B..nl", NULL},
        {"", NULL},
        {"jan", NULL},
        {"@example.nl", NULL},
        {"jan@", NULL},
        {"jan@example.nl.", NULL},
        {"jan@.nl", NULL},
        {"jan@exa..nl", NULL},
        {"jan@exa mple.nl", NULL},
        {"jan @example.nl", NULL},
        {" jan@example.nl", NULL},
        {"<jan@example.nl>", NULL},
        {"jan@example.nl>", NULL},
        {"jan@example.nl\r\nRCPT TO:<x@y.nl>", NULL},
        {"ja\nn@example.nl", NULL},
        {"\"ja\nn\"@example.nl", NULL},
        {"\"ja\\\nn\"@example.nl", NULL},
        {"\"jan\\\"@example.nl", NULL},
        {"ja\"n@example.nl", NULL},
        {"jan@exam,ple.nl", NULL},
        {"jan,piet@example.nl", NULL},
        {"jan\xFF@example.nl", NULL},
        {"jan@[]", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[ADDRESS_MAX + 1] = "untouched";
        int err = email_address_key(text_of(rows[i].address), out);
        same_text(rows[i].address, "key", text_of(out), rows[i].want ? rows[i].want : "untouched");
        assert_int_equal(err, rows[i].want ? 0 : ERR_BAD_INPUT);
    }
}

static void limits_and_nul(void **state)
{
    (void)state;
    char out[ADDRESS_MAX + 1], longest[ADDRESS_MAX + 3];
    memset(longest, 'a', sizeof longest);
    longest[64] = '@';
    assert_int_equal(email_address_key((struct text){longest, ADDRESS_MAX}, out), 0);
    assert_int_equal(strlen(out), ADDRESS_MAX);
    assert_int_equal(email_address_key((struct text){longest, ADDRESS_MAX + 1}, out), ERR_BAD_INPUT);
    longest[64] = 'a';
    longest[65] = '@';
    assert_int_equal(email_address_key((struct text){longest, 100}, out), ERR_BAD_INPUT);
    assert_int_equal(email_address_key((struct text){"a@b\0c", 5}, out), ERR_BAD_INPUT);
    assert_int_equal(email_address_key((struct text){NULL, 0}, out), ERR_BAD_INPUT);
}

/* Who wrote, out of what mailers make of it. */
static void senders(void **state)
{
    (void)state;
    static const struct {
        const char *row, *mail, *from, *name, *reply_to;
    } rows[] = {
        {"plain", "From: jan@example.nl\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"name", "From: Jan de Vries <Jan@example.nl>\n\n", "jan@example.nl", "Jan de Vries", "jan@example.nl"},
        {"quoted name", "From: \"Vries, Jan de\" <jan@example.nl>\n\n", "jan@example.nl", "Vries, Jan de", "jan@example.nl"},
        {"comment for a name", "From: jan@example.nl (Jan de Vries)\n\n", "jan@example.nl", "Jan de Vries", "jan@example.nl"},
        {"encoded, Q", "From: =?iso-8859-1?Q?J=F6rg_Bakker?= <j@example.nl>\n\n", "j@example.nl", "J\xC3\xB6rg Bakker", "j@example.nl"},
        {"encoded, in quotes although it must not be", "From: \"=?utf-8?B?SsO2cmc=?=\" <j@example.nl>\n\n", "j@example.nl", "J\xC3\xB6rg",
        "j@example.nl"},
        {"raw UTF-8", "From: J\xC3\xB6rg <j@example.nl>\n\n", "j@example.nl", "J\xC3\xB6rg", "j@example.nl"},
        {"raw latin", "From: J\xF6rg <j@example.nl>\n\n", "j@example.nl", "J\xC3\xB6rg", "j@example.nl"},
        {"folded", "From: Jan\n de\n\tVries\n <jan@example.nl>\n\n", "jan@example.nl", "Jan de Vries", "jan@example.nl"},
        {"several: the first", "From: a@example.nl, b@example.nl\n\n", "a@example.nl", NULL, "a@example.nl"},
        {"group", "From: Team: Jan <a@example.nl>;\n\n", "a@example.nl", "Jan", "a@example.nl"},
        {"reply-to", "From: no-reply@example.nl\nReply-To: Jan <JAN@example.nl>\n\n", "no-reply@example.nl", NULL, "jan@example.nl"},
        {"reply-to that cannot be read", "From: jan@example.nl\nReply-To: nobody\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"no From: Sender", "Sender: jan@example.nl\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"no From: Return-Path", "Return-Path: <jan@example.nl>\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"unreadable From, Sender", "From: undisclosed\nSender: jan@example.nl\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"nobody", "Subject: x\n\n", NULL, NULL, NULL},
        {"empty From", "From:\n\n", NULL, NULL, NULL},
        {"brackets alone", "From: <>\n\n", NULL, NULL, NULL},
        {"IDN", "From: <info@caf\xC3\xA9.example>\n\n", "info@xn--caf-dma.example", NULL, "info@xn--caf-dma.example"},
        {"direction is not turned", "From: \"\xE2\x80\xAEnaj\" <jan@example.nl>\n\n", "jan@example.nl", "naj", "jan@example.nl"},
        {"encoded controls", "From: =?utf-8?Q?ab=0D=0ABcc=3A_c?= <jan@example.nl>\n\n", "jan@example.nl", "ab Bcc: c", "jan@example.nl"},
        {"case and spaces of the field", "fRoM : jan@example.nl\n\n", "jan@example.nl", NULL, "jan@example.nl"},
        {"CRLF", "Subject: x\r\nFrom: Jan\r\n <jan@example.nl>\r\n\r\n", "jan@example.nl", "Jan", "jan@example.nl"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mail *m = parsed_z(rows[i].mail);
        same_text(rows[i].row, "from", mail_from(m), rows[i].from);
        same_text(rows[i].row, "name", mail_from_name(m), rows[i].name);
        same_text(rows[i].row, "reply-to", mail_reply_to(m), rows[i].reply_to);
        mail_free(&m);
        assert_null(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(limits_and_nul),
        cmocka_unit_test(senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
