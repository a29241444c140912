#include <pthread.h>

#include "channels_test.h"

#include "channels/email/mail_build.h"

#define ORGANISATION "Gemeente Vóórbeeld"

static struct outbound answer(void)
{
    return (struct outbound){
        .channel = "email",
        .conversation = TEXT_LITERAL("01h9zt3e8v5q2w7x4y6k1m0n8p"),
        .seq = 4,
        .address = TEXT_LITERAL("jan@example.nl"),
        .resident_name = TEXT_LITERAL("Jan de Vries"),
        .text = TEXT_LITERAL("Beste Jan,\n\nUw paspoort ligt klaar.\n"),
        .agent_name = TEXT_LITERAL("Fatma"),
        .subject = TEXT_LITERAL("Mijn paspoort"),
        .message_id = TEXT_LITERAL("01h9zt3e8v5q2w7x4y6k1m0n8p.4@voorbeeld.example"),
        .in_reply_to = TEXT_LITERAL("q2@example.nl"),
        .references = TEXT_LITERAL("q1@example.nl a1@voorbeeld.example q2@example.nl"),
        .date_ms = 1709719200000,
    };
}

static int build(const struct outbound *o, struct buf *out)
{
    buf_init(out, 1 << 20);
    return mail_build(o, "burgerzaken@voorbeeld.example", ORGANISATION, out);
}

/* What holds for each mail that leaves: CRLF alone, lines within 998 (RFC 5322, section 2.1.1), ASCII, a blank line, each field once. */
static void check_wire(const char *row, struct text mail)
{
    size_t line = 0, fields[8] = {0};
    static const char *const names[8] = {"From:", "To:", "Subject:", "Date:", "Message-ID:", "MIME-Version:", "Content-Type:",
                                         "Content-Transfer-Encoding:"};
    bool head = true;
    for (size_t i = 0; i < mail.n; i++) {
        unsigned char c = (unsigned char)mail.s[i];
        check_row(row, c < 0x80 && c != 0, "not 7 bit");
        check_row(row, (c == '\n') == (i > 0 && mail.s[i - 1] == '\r'), "a line end that is not CRLF");
        for (size_t k = 0; head && line == 0 && k < 8; k++) {
            size_t n = strlen(names[k]);
            fields[k] += mail.n - i > n && strncasecmp(mail.s + i, names[k], n) == 0;
        }
        head = head && !(c == '\r' && line == 0);
        line = c == '\n' ? 0 : line + 1;
        check_row(row, line <= 999, "a line is too long"); /* with its \r */
    }
    check_row(row, !head, "no blank line");
    check_row(row, line == 0, "the last line is not ended");
    for (size_t k = 0; k < 8; k++) {
        check_row(row, fields[k] == 1, names[k]);
    }
    const char *body = memmem(mail.s, mail.n, "\r\n\r\n", 4);
    size_t head_n = (size_t)(body - mail.s);
    check_row(row, !memmem(mail.s, head_n, "\r\nBcc:", 6) && !memmem(mail.s, head_n, "\r\nX-Evil", 8), "a field that somebody wrote into another");
    check_row(row, !memmem(mail.s, head_n, "Auto-Submitted", 14), "an agent's answer is not automatic");
}

static void the_whole_mail(void **state)
{
    (void)state;
    struct outbound o = answer();
    struct buf out;
    assert_int_equal(build(&o, &out), 0);
    check_wire("whole", buf_text(&out));
    static const char *const lines[] = {
        "\r\nTo: Jan de Vries <jan@example.nl>\r\n",
        "\r\nDate: Wed, 06 Mar 2024 10:00:00 +0000\r\n",
        "\r\nMessage-ID: <01h9zt3e8v5q2w7x4y6k1m0n8p.4@voorbeeld.example>\r\n",
        "\r\nIn-Reply-To: <q2@example.nl>\r\n",
        "\r\nReferences: <q1@example.nl> <a1@voorbeeld.example> <q2@example.nl>\r\n",
        "\r\nSubject: Re: Mijn paspoort\r\n",
        "\r\nMIME-Version: 1.0\r\n",
        "\r\nContent-Type: text/plain; charset=utf-8\r\n",
        "\r\nContent-Transfer-Encoding: quoted-printable\r\n",
        "\r\n\r\nBeste Jan,\r\n\r\nUw paspoort ligt klaar.\r\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        check_row(lines[i], strstr(out.data, lines[i]) != NULL, out.data);
    }
    buf_done(&out);
}

static void it_appends(void **state)
{
    (void)state;
    struct outbound o = answer();
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(buf_add_z(&out, "before"), 0);
    assert_int_equal(mail_build(&o, "a@b.nl", "", &out), 0);
    assert_memory_equal(out.data, "beforeFrom: a@b.nl\r\n", 20);
    buf_done(&out);
    buf_init(&out, 100);
    assert_int_equal(mail_build(&o, "a@b.nl", "x", &out), ERR_FULL);
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

/* What we write we read. */
static void round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *row, *name, *subject, *want_subject, *text, *want_text; /* wants NULL: the same (Re: and the subject) */
    } rows[] = {
        {"plain", "Jan", "paspoort", NULL, "Hallo", NULL},
        {"no name", NULL, "paspoort", NULL, "Hallo", NULL},
        {"name with comma and quotes", "Vries, \"Jan\" de", "x", NULL, "Hallo", NULL},
        {"name with brackets", "Jan <x@y.nl>", "x", NULL, "Hallo", NULL},
        {"name beyond ASCII", "Éngel Yiğit", "x", NULL, "Hallo", NULL},
        {"name in another script", "山田太郎", "パスポート", NULL, "こんにちは", NULL},
        {"a long name",
        "Éngel Yiğit van der Meulen-Öztürk tot Nieuwenhuizen, mede namens de vereniging van eigenaren Oude Gracht 12 tot en met 38",
        "x", NULL, "Hallo", NULL},
        {"Re: once", "Jan", "Re: paspoort", "Re: paspoort", "Hallo", NULL},
        {"Re: once, of many", "Jan", "RE: Antw: re[2]: paspoort", "Re: paspoort", "Hallo", NULL},
        {"Fwd: stays", "Jan", "Re: Fwd: paspoort", "Re: Fwd: paspoort", "Hallo", NULL},
        {"no subject", "Jan", NULL, "Re: " ORGANISATION, "Hallo", NULL},
        {"Re: alone", "Jan", "Re:", "Re: " ORGANISATION, "Hallo", NULL},
        {"subject beyond ASCII", "Jan", "Café – één vraag?", NULL, "Hallo", NULL},
        {"emoji", "Jan 😀", "😀", NULL, "😀", NULL},
        {"looks encoded", "Jan", "=?utf-8?q?x?= y", "Re: x y", "=?utf-8?q?x?=", NULL},
        {"a long subject", "Jan",
        "een heel lang onderwerp dat over meerdere regels gaat omdat iemand alles in het onderwerp heeft geschreven, ook de vraag, de groet en één naam",
         NULL, "x", NULL},
        {"lines", "Jan", "x", NULL, "een\n\ntwee\n\n\ndrie", NULL},
        {"CRLF and CR", "Jan", "x", NULL, "een\r\ntwee\rdrie", "een\ntwee\ndrie"},
        {"dots and From", "Jan", "x", NULL, ".\n..\n.a\nFrom x\nEOF", NULL},
        {"white space at line ends", "Jan", "x", NULL, "een  \ntwee\t\n drie", NULL},
        {"equals signs", "Jan", "x", NULL, "a=b =3D =\n=C3=A9", NULL},
        {"Dutch", "Jan", "x", NULL, "Eén reünie, geïnteresseerd: € 5,– “ja”.", NULL},
        {"looks like headers", "Jan", "x", NULL, "Bcc: x@y.nl\n\nX-Evil: y\n--b--", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outbound o = answer();
        struct buf out;
        char subject[1024];
        o.resident_name = text_of(rows[i].name);
        o.subject = text_of(rows[i].subject);
        o.text = text_of(rows[i].text);
        assert_int_equal(build(&o, &out), 0);
        check_wire(rows[i].row, buf_text(&out));
        struct mail *m = parsed(buf_text(&out));
        (void)snprintf(subject, sizeof subject, "Re: %s", rows[i].subject ? rows[i].subject : "");
        same_text(rows[i].row, "from", mail_from(m), "burgerzaken@voorbeeld.example");
        same_text(rows[i].row, "from name", mail_from_name(m), ORGANISATION);
        same_text(rows[i].row, "subject", mail_subject(m), rows[i].want_subject ? rows[i].want_subject : subject);
        same_text(rows[i].row, "text", mail_text(m), rows[i].want_text ? rows[i].want_text : rows[i].text);
        same_text(rows[i].row, "id", mail_message_id(m), "01h9zt3e8v5q2w7x4y6k1m0n8p.4@voorbeeld.example");
        check_row(rows[i].row, !mail_is_automatic(m) && !mail_is_raw_only(m) && mail_parts_n(m) == 0, "automatic, unread or in parts");
        mail_free(&m);
        /* The To: of what we write is the From: of what we read. */
        char *to = strstr(out.data, "\r\nTo:");
        assert_non_null(to);
        struct buf turned;
        buf_init(&turned, 1 << 20);
        assert_int_equal(buf_addf(&turned, "From:%s", to + 5), 0);
        m = parsed(buf_text(&turned));
        same_text(rows[i].row, "to", mail_from(m), "jan@example.nl");
        same_text(rows[i].row, "to name", mail_from_name(m), rows[i].name);
        mail_free(&m);
        buf_done(&turned);
        buf_done(&out);
    }
}

static void the_largest_text(void **state)
{
    (void)state;
    static char text[TEXT_LARGE_MAX + 1];
    static const char *const fills[] = {"a", "=", ".", "é", "a é", "😀", "\n", " ", "een regel\n"};
    for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++) {
        size_t fill_n = strlen(fills[i]), n = 0;
        for (; n + fill_n + 1 <= TEXT_LARGE_MAX; n += fill_n) {
            memcpy(text + n, fills[i], fill_n);
        }
        text[n++] = 'z'; /* so that nothing at the end is trimmed when it is read */
        text[0] = fills[i][0] == '\n' ? 'a' : text[0];
        struct outbound o = answer();
        struct buf out;
        o.text = (struct text){text, n};
        assert_int_equal(build(&o, &out), 0);
        check_wire(fills[i], buf_text(&out));
        struct mail *m = parsed(buf_text(&out));
        check_row(fills[i], text_equal(mail_text(m), o.text), "text is not the same");
        mail_free(&m);
        buf_done(&out);
    }
}

static void injection(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        struct text address, name, subject, message_id, in_reply_to, references;
        int err;
    } rows[] = {
        {.row = "line in the address", .address = TEXT_LITERAL("jan@example.nl\r\nBcc: x@y.nl"), .err = ERR_BAD_INPUT},
        {.row = "two addresses", .address = TEXT_LITERAL("jan@example.nl, x@y.nl"), .err = ERR_BAD_INPUT},
        {.row = "address in brackets", .address = TEXT_LITERAL("jan@example.nl>, <x@y.nl"), .err = ERR_BAD_INPUT},
        {.row = "NUL in the address", .address = TEXT_LITERAL("jan@example.nl\0.evil"), .err = ERR_BAD_INPUT},
        {.row = "no address", .address = TEXT_LITERAL("jan"), .err = ERR_BAD_INPUT},
        {.row = "CRLF in the name", .name = TEXT_LITERAL("Jan\r\nBcc: x@y.nl")},
        {.row = "CR in the name", .name = TEXT_LITERAL("Jan\rBcc: x@y.nl")},
        {.row = "LF in the name", .name = TEXT_LITERAL("Jan\nX-Evil: 1\n\nbody")},
        {.row = "NUL in the name", .name = TEXT_LITERAL("Jan\0\r\nX-Evil: 1")},
        {.row = "brackets in the name", .name = TEXT_LITERAL("Jan\" <x@y.nl>, \"")},
        {.row = "backslash at the end of the name", .name = TEXT_LITERAL("Jan, \\")},
        {.row = "encoded line in the name", .name = TEXT_LITERAL("=?utf-8?q?=0D=0ABcc:_x?=")},
        {.row = "name that is not UTF-8", .name = TEXT_LITERAL("J\xFFn\xC3")},
        {.row = "CRLF in the subject", .subject = TEXT_LITERAL("x\r\nBcc: x@y.nl\r\n\r\nbody")},
        {.row = "LF in the subject", .subject = TEXT_LITERAL("x\nBcc: x@y.nl")},
        {.row = "line separator in the subject", .subject = TEXT_LITERAL("x\xE2\x80\xA8" "Bcc: x\xC2\x85X-Evil: y")},
        {.row = "NUL in the subject", .subject = TEXT_LITERAL("x\0\r\nX-Evil: 1")},
        {.row = "subject that is not UTF-8", .subject = TEXT_LITERAL("caf\xE9")},
        {.row = "line in the id", .message_id = TEXT_LITERAL("a@b\r\nX-Evil: 1"), .err = ERR_BAD_INPUT},
        {.row = "brackets in the id", .message_id = TEXT_LITERAL("a@b> <c@d"), .err = ERR_BAD_INPUT},
        {.row = "NUL in the id", .message_id = TEXT_LITERAL("a@b\0"), .err = ERR_BAD_INPUT},
        {.row = "id without @", .message_id = TEXT_LITERAL("ab"), .err = ERR_BAD_INPUT},
        {.row = "line in In-Reply-To", .in_reply_to = TEXT_LITERAL("a@b>\r\nX-Evil: 1\r\n <")},
        {.row = "line in an id of In-Reply-To", .in_reply_to = TEXT_LITERAL("<a@b\r\nX-Evil:1>")},
        {.row = "line in References", .references = TEXT_LITERAL("a@b\r\nX-Evil:1 <c@d>\r\nBcc: x@y.nl")},
        {.row = "NUL in References", .references = TEXT_LITERAL("<a@b\0\r\nX-Evil: 1>")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outbound o = answer();
        struct buf out;
        o.address = rows[i].address.s ? rows[i].address : o.address;
        o.resident_name = rows[i].name.s ? rows[i].name : o.resident_name;
        o.subject = rows[i].subject.s ? rows[i].subject : o.subject;
        o.message_id = rows[i].message_id.s ? rows[i].message_id : o.message_id;
        o.in_reply_to = rows[i].in_reply_to.s ? rows[i].in_reply_to : o.in_reply_to;
        o.references = rows[i].references.s ? rows[i].references : o.references;
        int err = build(&o, &out);
        if (err != rows[i].err) {
            fail_msg("%s: %s", rows[i].row, err_name(err));
        }
        if (!err) {
            check_wire(rows[i].row, buf_text(&out));
            struct mail *m = parsed(buf_text(&out));
            same_text(rows[i].row, "text", mail_text(m), "Beste Jan,\n\nUw paspoort ligt klaar.");
            mail_free(&m);
        } else {
            assert_int_equal(out.len, 0);
        }
        buf_done(&out);
    }
}

static void bad_input(void **state)
{
    (void)state;
    struct buf out;
    struct outbound o = answer();
    o.text = TEXT_LITERAL("a\0b");
    assert_int_equal(build(&o, &out), ERR_BAD_INPUT);
    buf_done(&out);
    o.text = TEXT_LITERAL("caf\xE9");
    assert_int_equal(build(&o, &out), ERR_BAD_INPUT);
    buf_done(&out);
    o = answer();
    o.message_id = (struct text){NULL, 0};
    assert_int_equal(build(&o, &out), ERR_BAD_INPUT);
    buf_done(&out);
    static const int64_t dates[] = {-1, INT64_MIN, INT64_MAX, 253402300800000};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        o = answer();
        o.date_ms = dates[i];
        assert_int_equal(build(&o, &out), ERR_BAD_INPUT);
        buf_done(&out);
    }
    static const char *const from[] = {"", "info", "a@b.nl\r\nBcc: x@y.nl", "a@b.nl, c@d.nl"};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        o = answer();
        buf_init(&out, 1 << 20);
        assert_int_equal(mail_build(&o, from[i], "x", &out), ERR_BAD_INPUT);
        buf_done(&out);
    }
    o = answer();
    buf_init(&out, 1 << 20);
    assert_int_equal(mail_build(&o, "a@b.nl", "x\r\nX-Evil: 1\r\n\r\n", &out), 0);
    check_wire("organisation", buf_text(&out));
    buf_done(&out);
}

static void references(void **state)
{
    (void)state;
    static const struct {
        const char *row, *in_reply_to, *references, *want; /* as mail_references reads them: parent, then newest to oldest */
    } rows[] = {
        {"none", NULL, NULL, ""},
        {"parent alone", "a@x", NULL, "a@x"},
        {"in brackets", "<a@x>", "<r@x> <a@x>", "a@x r@x"},
        {"parent is not among them", "c@x", "a@x b@x", "c@x b@x a@x"},
        {"parent is not the newest of them", "b@x", "a@x b@x c@x", "b@x c@x a@x"},
        {"without parent", NULL, "a@x b@x", "b@x a@x"},
        {"rubbish between", "x", "a@x ( \" <b@x", "b@x a@x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outbound o = answer();
        struct buf out;
        struct text ids[INBOUND_REFERENCES_MAX];
        char got[1024] = "";
        o.in_reply_to = text_of(rows[i].in_reply_to);
        o.references = text_of(rows[i].references);
        assert_int_equal(build(&o, &out), 0);
        check_wire(rows[i].row, buf_text(&out));
        struct mail *m = parsed(buf_text(&out));
        size_t n = mail_references(m, ids);
        for (size_t k = 0; k < n; k++) {
            size_t at = strlen(got);
            (void)snprintf(got + at, sizeof got - at, "%s%.*s", k ? " " : "", TEXT_ARG(ids[k]));
        }
        same_text(rows[i].row, "references", text_of(got), rows[i].want);
        mail_free(&m);
        buf_done(&out);
    }
}

static void many_long_references(void **state)
{
    (void)state;
    char list[60000], want[MESSAGE_ID_MAX + 1];
    size_t n = 0;
    for (unsigned i = 0; i < 200; i++) {
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%0*u@x", i ? " " : "", MESSAGE_ID_MAX - 2, i);
    }
    struct outbound o = answer();
    struct buf out;
    struct text ids[INBOUND_REFERENCES_MAX];
    o.references = (struct text){list, n};
    o.in_reply_to = (struct text){NULL, 0};
    assert_int_equal(build(&o, &out), 0);
    check_wire("long", buf_text(&out));
    struct mail *m = parsed(buf_text(&out));
    size_t kept = mail_references(m, ids);
    assert_int_equal(kept, 20);
    for (unsigned i = 0; i < kept; i++) {
        (void)snprintf(want, sizeof want, "%0*u@x", MESSAGE_ID_MAX - 2, i + 1 < kept ? 199 - i : 0); /* the root stays */
        same_text("long", "id", ids[i], want);
    }
    mail_free(&m);
    buf_done(&out);
}

static void message_ids_are_made(void **state)
{
    (void)state;
    static const struct {
        const char *conversation, *domain, *want;
    } rows[] = {
        {"01h9zt3e8v5q2w7x4y6k1m0n8p", "voorbeeld.example", "01h9zt3e8v5q2w7x4y6k1m0n8p.7@voorbeeld.example"},
        {"c", "localhost", "c.7@localhost"},
        {"", "localhost", NULL},
        {"c d", "localhost", NULL},
        {"c\r\n", "localhost", NULL},
        {"c>", "localhost", NULL},
        {"c@d", "localhost", NULL},
        {"c", "", NULL},
        {"c", "a b", NULL},
        {"c", "a>\r\nX: y", NULL},
        {"c", "caf\xC3\xA9.example", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[MESSAGE_ID_MAX + 1] = "untouched";
        int err = mail_message_id_make(text_of(rows[i].conversation), 7, rows[i].domain, out);
        assert_int_equal(err, rows[i].want ? 0 : ERR_BAD_INPUT);
        same_text(rows[i].conversation, "id", text_of(out), rows[i].want ? rows[i].want : "untouched");
    }
    char out[MESSAGE_ID_MAX + 1], again[MESSAGE_ID_MAX + 1], domain[MESSAGE_ID_MAX + 1];
    assert_int_equal(mail_message_id_make(TEXT_LITERAL("c"), UINT64_MAX, "d.nl", out), 0);
    assert_int_equal(mail_message_id_make(TEXT_LITERAL("c"), UINT64_MAX, "d.nl", again), 0);
    assert_string_equal(out, "c.18446744073709551615@d.nl");
    assert_string_equal(out, again);
    memset(domain, 'd', sizeof domain);
    domain[MESSAGE_ID_MAX] = '\0';
    assert_int_equal(mail_message_id_make(TEXT_LITERAL("c"), 1, domain, out), ERR_BAD_INPUT);
    assert_int_equal(mail_message_id_make((struct text){"c\0d", 3}, 1, "d.nl", out), ERR_BAD_INPUT);
}

/* Mail is read in a worker while answers are built in the loop: what comes out is what one thread makes alone. */
static void *build_and_read(void *want)
{
    static const char fetched[] = "From: =?iso-8859-2?Q?=A9?= <a@caf\xC3\xA9.example>\nContent-Type: text/plain; charset=koi8-r\n\n\xC4\xC1\n";
    const char *alone = want;
    size_t wrong = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct outbound o = answer();
        struct buf out;
        struct mail *m = NULL;
        o.resident_name = TEXT_LITERAL("Éngel Yiğit");
        wrong += build(&o, &out) != 0 || !text_is(buf_text(&out), alone);
        wrong += mail_parse(TEXT_LITERAL(fetched), &m) != 0 || !text_is(mail_text(m), "да") || !text_is(mail_from_name(m), "Š") ||
                 !text_is(mail_from(m), "a@xn--caf-dma.example");
        mail_free(&m);
        buf_done(&out);
    }
    return wrong > 0 ? want : NULL;
}

static void threads(void **state)
{
    (void)state;
    struct outbound o = answer();
    struct buf alone;
    pthread_t others[4];
    o.resident_name = TEXT_LITERAL("Éngel Yiğit");
    assert_int_equal(build(&o, &alone), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&others[i], NULL, build_and_read, alone.data), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(others[i], &wrong), 0);
        assert_null(wrong);
    }
    buf_done(&alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_mail),
        cmocka_unit_test(it_appends),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(the_largest_text),
        cmocka_unit_test(injection),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(references),
        cmocka_unit_test(many_long_references),
        cmocka_unit_test(message_ids_are_made),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
