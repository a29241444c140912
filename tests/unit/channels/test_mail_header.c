#include "channels_test.h"

static void subjects(void **state)
{
    (void)state;
    static const struct {
        const char *row, *header, *subject, *key;
    } rows[] = {
        {"plain", "Subject: Mijn Paspoort", "Mijn Paspoort", "mijn paspoort"},
        {"spaces", "Subject:   Mijn \t  paspoort  ", "Mijn paspoort", "mijn paspoort"},
        {"folded", "Subject: Mijn\n  paspoort", "Mijn paspoort", "mijn paspoort"},
        {"none", "X-Other: y", NULL, NULL},
        {"empty", "Subject:", NULL, NULL},
        {"nothing but Re:", "Subject: Re: ", "Re:", NULL},
        {"Re:", "Subject: Re: paspoort", "Re: paspoort", "paspoort"},
        {"RE :", "Subject: RE : paspoort", "RE : paspoort", "paspoort"},
        {"no space", "Subject: re:paspoort", "re:paspoort", "paspoort"},
        {"Re[2]:", "Subject: Re[2]: paspoort", "Re[2]: paspoort", "paspoort"},
        {"Re(3):", "Subject: Re(3): paspoort", "Re(3): paspoort", "paspoort"},
        {"Fwd:", "Subject: Fwd: paspoort", "Fwd: paspoort", "paspoort"},
        {"FW:", "Subject: FW: paspoort", "FW: paspoort", "paspoort"},
        {"Antw:", "Subject: Antw: paspoort", "Antw: paspoort", "paspoort"},
        {"Doorst:", "Subject: Doorst: paspoort", "Doorst: paspoort", "paspoort"},
        {"AW:", "Subject: AW: paspoort", "AW: paspoort", "paspoort"},
        {"WG:", "Subject: WG: paspoort", "WG: paspoort", "paspoort"},
        {"Betr:", "Subject: Betr: paspoort", "Betr: paspoort", "paspoort"},
        {"Betr.:", "Subject: Betr.: paspoort", "Betr.: paspoort", "paspoort"},
        {"wide colon", "Subject: RE\xEF\xBC\x9Apaspoort", "RE\xEF\xBC\x9Apaspoort", "paspoort"},
        {"repeated", "Subject: RE: Fwd: Antw: re: paspoort", "RE: Fwd: Antw: re: paspoort", "paspoort"},
        {"list tag stays", "Subject: [wijk] Re: Markt", "[wijk] Re: Markt", "[wijk] markt"},
        {"tag behind Re:", "Subject: Re: [wijk] Markt", "Re: [wijk] Markt", "[wijk] markt"},
        {"two tags", "Subject: Re: [a] [b] Re: Markt", "Re: [a] [b] Re: Markt", "[a] [b] markt"},
        {"open bracket", "Subject: [wijk Markt", "[wijk Markt", "[wijk markt"},
        {"words that begin alike", "Subject: Renovatie: dak", "Renovatie: dak", "renovatie: dak"},
        {"other word and colon", "Subject: Vraag: dak", "Vraag: dak", "vraag: dak"},
        {"Re without colon", "Subject: Re paspoort", "Re paspoort", "re paspoort"},
        {"Re[x]:", "Subject: Re[x]: paspoort", "Re[x]: paspoort", "re[x]: paspoort"},
        {"case of other letters", "Subject: \xC3\x89\xC3\x89N ID\xC3\x8B\xC3\x8BN", "\xC3\x89\xC3\x89N ID\xC3\x8B\xC3\x8BN",
        "\xC3\xA9\xC3\xA9n id\xC3\xAB\xC3\xABn"},
        {"composed", "Subject: caf\x65\xCC\x81", "caf\x65\xCC\x81", "caf\xC3\xA9"},
        {"raw latin", "Subject: caf\xE9 \x80 5", "caf\xC3\xA9 \xE2\x82\xAC 5", "caf\xC3\xA9 \xE2\x82\xAC 5"},
        {"encoded, Q", "Subject: =?iso-8859-1?Q?caf=E9_open?=", "caf\xC3\xA9 open", "caf\xC3\xA9 open"},
        {"encoded, B", "Subject: =?UTF-8?B?Y2Fmw6k=?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"Re: inside", "Subject: =?UTF-8?B?UmU6IGNhZsOp?=", "Re: caf\xC3\xA9", "caf\xC3\xA9"},
        {"two words, the space between is none", "Subject: =?utf-8?Q?ca?= =?utf-8?Q?f=C3=A9?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"folded between words", "Subject: =?utf-8?Q?ca?=\n =?utf-8?Q?f=C3=A9?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"a character torn between words", "Subject: =?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"windows-1252 as iso-8859-1", "Subject: =?iso-8859-1?Q?=80_5_=93ja=94?=", "\xE2\x82\xAC 5 \xE2\x80\x9Cja\xE2\x80\x9D",
        "\xE2\x82\xAC 5 \xE2\x80\x9Cja\xE2\x80\x9D"},
        {"language tag", "Subject: =?utf-8*nl?Q?caf=C3=A9?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"spaces in a Q word", "Subject: =?utf-8?Q?caf=C3=A9 open?=", "caf\xC3\xA9 open", "caf\xC3\xA9 open"},
        {"unknown charset", "Subject: =?x-nobody?Q?caf=C3=A9?=", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"unknown encoding stays", "Subject: =?utf-8?X?caf?=", "=?utf-8?X?caf?=", "=?utf-8?x?caf?="},
        {"not ended stays", "Subject: =?utf-8?Q?caf", "=?utf-8?Q?caf", "=?utf-8?q?caf"},
        {"encoded controls go", "Subject: =?utf-8?Q?a=00b=07c=0D=0ABcc:_d?=", "a?b c Bcc: d", "a?b c bcc: d"},
        {"direction is not turned", "Subject: a\xE2\x80\xAE" "b", "ab", "ab"},
        {"the first of two", "Subject: een\nSubject: twee", "een", "een"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char raw[1024];
        (void)snprintf(raw, sizeof raw, "From: a@b.nl\n%s\n\nx\n", rows[i].header);
        struct mail *m = parsed_z(raw);
        same_text(rows[i].row, "subject", mail_subject(m), rows[i].subject);
        same_text(rows[i].row, "key", mail_subject_key(m), rows[i].key);
        mail_free(&m);
    }
}

static void long_subjects_are_cut_at_a_code_point(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 2; shift++) {
        char raw[8192];
        size_t n = (size_t)snprintf(raw, sizeof raw, "Subject: %s", shift ? "x" : "");
        for (size_t i = 0; i < 2000; i++) {
            memcpy(raw + n, "\xC3\x89", 2);
            n += 2;
        }
        memcpy(raw + n, "\n\n", 3);
        struct mail *m = parsed_z(raw);
        assert_in_range(mail_subject(m).n, SUBJECT_MAX - 1, SUBJECT_MAX);
        assert_true(text_is_utf8(mail_subject(m)));
        assert_in_range(mail_subject_key(m).n, SUBJECT_MAX - 1, SUBJECT_MAX);
        assert_true(text_is_utf8(mail_subject_key(m)));
        mail_free(&m);
    }
}

static void references(void **state)
{
    (void)state;
    static const struct {
        const char *row, *headers, *want; /* separated by spaces; In-Reply-To, then References from newest to oldest */
    } rows[] = {
        {"none", "X: y", ""},
        {"one", "In-Reply-To: <a@x>", "a@x"},
        {"several values", "In-Reply-To: <a@x> <b@x>", "a@x b@x"},
        {"both", "In-Reply-To: <c@x>\nReferences: <a@x> <b@x> <c@x>", "c@x b@x a@x"},
        {"References alone", "References: <a@x> <b@x>", "b@x a@x"},
        {"no spaces", "References: <a@x><b@x>", "b@x a@x"},
        {"commas", "References: <a@x>,<b@x>", "b@x a@x"},
        {"folded", "References: <a@x>\n\t<b@x>\n <c@x>", "c@x b@x a@x"},
        {"folded inside an id", "References: <a\n @x>", "a@x"},
        {"comment", "In-Reply-To: (about <no@x>) <a@x> (yes)", "a@x"},
        {"nested comment", "In-Reply-To: (a (b <no@x>) c) <a@x>", "a@x"},
        {"quoted parenthesis in a comment", "In-Reply-To: (a \\) <no@x>) <a@x>", "a@x"},
        {"comment that never ends", "In-Reply-To: (about <a@x>", "a@x"},
        {"phrase", "In-Reply-To: Your message of \"Fri, 1 Jan <no@x>\" <a@x>", "a@x"},
        {"repeats", "References: <a@x> <b@x> <a@x>", "a@x b@x"},
        {"without brackets", "In-Reply-To: a@x", "a@x"},
        {"words alone", "In-Reply-To: your message", ""},
        {"not ended", "References: <a@x> <b@x", "a@x"},
        {"empty", "References: <> <a@x>", "a@x"},
        {"domain literal", "References: <a@[192.0.2.1]>", "a@[192.0.2.1]"},
        {"odd ids of Outlook", "References: <AM0PR0.1C$@EURP194.PROD.OUTLOOK.COM>", "AM0PR0.1C$@EURP194.PROD.OUTLOOK.COM"},
        {"no @", "References: <12345>", "12345"},
        {"not UTF-8 is read as latin", "References: <\xE9@x>", "\xC3\xA9@x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char raw[1024], got[1024] = "";
        struct text ids[INBOUND_REFERENCES_MAX];
        (void)snprintf(raw, sizeof raw, "From: a@b.nl\n%s\n\nx\n", rows[i].headers);
        struct mail *m = parsed_z(raw);
        size_t n = mail_references(m, ids);
        for (size_t k = 0; k < n; k++) {
            size_t at = strlen(got);
            (void)snprintf(got + at, sizeof got - at, "%s%.*s", k ? " " : "", TEXT_ARG(ids[k]));
        }
        same_text(rows[i].row, "references", text_of(got), rows[i].want);
        mail_free(&m);
    }
}

static void the_newest_references_are_kept(void **state)
{
    (void)state;
    char raw[65536], want[32];
    struct text ids[INBOUND_REFERENCES_MAX];
    size_t n = (size_t)snprintf(raw, sizeof raw, "In-Reply-To: <parent@x>\nReferences:");
    for (unsigned i = 0; i < 2000; i++) {
        n += (size_t)snprintf(raw + n, sizeof raw - n, " <%u@x>", i);
    }
    (void)snprintf(raw + n, sizeof raw - n, "\n\nx\n");
    struct mail *m = parsed_z(raw);
    assert_int_equal(mail_references(m, ids), INBOUND_REFERENCES_MAX);
    assert_true(text_is(ids[0], "parent@x"));
    for (unsigned i = 1; i < INBOUND_REFERENCES_MAX; i++) {
        (void)snprintf(want, sizeof want, "%u@x", 2000 - i);
        same_text("newest first", "id", ids[i], want);
    }
    mail_free(&m);
}

static void message_and_source_ids(void **state)
{
    (void)state;
    static const struct {
        const char *row, *headers, *id, *source; /* source NULL: by the sum */
    } rows[] = {
        {"plain", "Message-ID: <1@x>\nFrom: Jan <Jan@b.nl>", "1@x", "1@x jan@b.nl"},
        {"no sender", "Message-ID: <1@x>", "1@x", "1@x "},
        {"no brackets", "Message-Id: 1@x\nFrom: a@b.nl", "1@x", "1@x a@b.nl"},
        {"comment", "Message-ID: (made here) <1@x>\nFrom: a@b.nl", "1@x", "1@x a@b.nl"},
        {"folded", "Message-ID:\n <1@x>\nFrom: a@b.nl", "1@x", "1@x a@b.nl"},
        {"none", "From: a@b.nl", NULL, NULL},
        {"empty", "Message-ID: <>\nFrom: a@b.nl", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char raw[1024];
        (void)snprintf(raw, sizeof raw, "%s\n\nx\n", rows[i].headers);
        struct mail *m = parsed_z(raw);
        same_text(rows[i].row, "id", mail_message_id(m), rows[i].id);
        if (rows[i].source) {
            same_text(rows[i].row, "source id", mail_source_id(m), rows[i].source);
        } else {
            assert_int_equal(mail_source_id(m).n, 7 + 64);
            assert_memory_equal(mail_source_id(m).s, "sha256:", 7);
        }
        mail_free(&m);
    }
    char raw[1024];
    (void)snprintf(raw, sizeof raw, "Message-ID: <%0*d@x>\n\nx\n", MESSAGE_ID_MAX, 1);
    struct mail *m = parsed_z(raw), *again = parsed_z(raw), *other = parsed_z("x");
    assert_null(mail_message_id(m).s); /* too long to be kept */
    assert_true(text_equal(mail_source_id(m), mail_source_id(again)));
    assert_false(text_equal(mail_source_id(m), mail_source_id(other)));
    mail_free(&m);
    mail_free(&again);
    mail_free(&other);
    /* printf '' | sha256sum */
    m = parsed((struct text){NULL, 0});
    same_text("empty mail", "source id", mail_source_id(m), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mail_free(&m);
}

static void automatic_mail(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool automatic;
    } rows[] = {
        {"From: a@b.nl", false},
        {"Auto-Submitted: no", false},
        {"Auto-Submitted: No", false},
        {"Auto-Submitted: no (by hand)", false},
        {"Auto-Submitted: auto-replied", true},
        {"Auto-Submitted: auto-generated; x=y", true},
        {"Auto-submitted: auto-notified", true},
        {"Auto-Submitted: nothing", true},
        {"Precedence: bulk", true},
        {"Precedence: LIST", true},
        {"Precedence: junk", true},
        {"Precedence: first-class", false},
        {"Precedence: b", false},
        {"Precedence:", false},
        {"List-Id: Wijk <wijk.example.nl>", true},
        {"X-Auto-Response-Suppress: All", true},
        {"X-Auto-Response-Suppress: OOF, AutoReply", true},
        {"X-Auto-Response-Suppress: None", false},
        {"X-Autoreply: yes", true},
        {"Return-Path: <>", true},
        {"Return-Path: <a@b.nl>", false},
        {"From: MAILER-DAEMON@b.nl (Mail System)", true},
        {"Content-Type: multipart/report; report-type=delivery-status; boundary=b", true},
        {"Content-Type: multipart/mixed; boundary=b", false},
        {"Subject: Auto-Submitted: auto-replied", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char raw[1024];
        (void)snprintf(raw, sizeof raw, "%s\n\n--b\n\nAuto-Submitted: auto-replied\n--b--\n", rows[i].headers);
        struct mail *m = parsed_z(raw);
        check_row(rows[i].headers, mail_is_automatic(m) == rows[i].automatic, rows[i].automatic ? "is not automatic" : "is automatic");
        mail_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subjects),
        cmocka_unit_test(long_subjects_are_cut_at_a_code_point),
        cmocka_unit_test(references),
        cmocka_unit_test(the_newest_references_are_kept),
        cmocka_unit_test(message_and_source_ids),
        cmocka_unit_test(automatic_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
