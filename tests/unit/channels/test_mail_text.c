#include "channels_test.h"

/* One part, its bytes given as a C string: charsets, transfer encodings, plain text and HTML. */
struct text_row {
    const char *row, *headers, *body, *want; /* NULL: raw only */
};

static void run_rows(const struct text_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char raw[4096];
        (void)snprintf(raw, sizeof raw, "From: a@b.nl\n%s%s\n%s", rows[i].headers, rows[i].headers[0] ? "\n" : "", rows[i].body);
        struct mail *m = parsed_z(raw);
        same_text(rows[i].row, "text", mail_text(m), rows[i].want);
        check_row(rows[i].row, mail_is_raw_only(m) == !rows[i].want, "raw only");
        check_row(rows[i].row, !mail_is_cut(m), "cut");
        check_row(rows[i].row, mail_is_damaged(m) == (rows[i].want && strstr(rows[i].want, "\xEF\xBF\xBD") != NULL), "damaged");
        mail_free(&m);
    }
}

#define CT "Content-Type: text/plain; charset="

static void charsets(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"no type at all", "", "Hallo\n", "Hallo"},
        {"no type, UTF-8", "", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"no type, latin", "", "caf\xE9", "caf\xC3\xA9"},
        {"us-ascii with latin", CT "us-ascii", "caf\xE9 \x80", "caf\xC3\xA9 \xE2\x82\xAC"},
        {"US-ASCII with UTF-8", CT "US-ASCII", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"utf-8", CT "utf-8", "caf\xC3\xA9 \xF0\x9F\x98\x80", "caf\xC3\xA9 \xF0\x9F\x98\x80"},
        {"utf8", CT "\"utf8\"", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"wrong utf-8", CT "utf-8", "caf\xE9 x \xC3", "caf\xEF\xBF\xBD x \xEF\xBF\xBD"},
        {"surrogates", CT "utf-8", "a\xED\xA0\x80z", "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz"},
        {"iso-8859-1", CT "iso-8859-1", "caf\xE9", "caf\xC3\xA9"},
        {"iso-8859-1 is believed when the bytes could be UTF-8", CT "iso-8859-1", "\xC3\xA9", "\xC3\x83\xC2\xA9"},
        {"windows-1252 as iso-8859-1", CT "ISO-8859-1", "\x80 5 \x93ja\x94 \x96", "\xE2\x82\xAC 5 \xE2\x80\x9Cja\xE2\x80\x9D \xE2\x80\x93"},
        {"windows-1252", CT "windows-1252", "\x80", "\xE2\x82\xAC"},
        {"its holes", CT "windows-1252", "a\x81z", "a\xEF\xBF\xBDz"},
        {"iso-8859-15", CT "iso-8859-15", "\xA4", "\xE2\x82\xAC"},
        {"iso-8859-2", CT "iso-8859-2", "\xB3", "\xC5\x82"},
        {"koi8-r", CT "koi8-r", "\xC4\xC1", "\xD0\xB4\xD0\xB0"},
        {"windows-1251", CT "windows-1251", "\xE4\xE0", "\xD0\xB4\xD0\xB0"},
        {"gb2312", CT "gb2312", "\xC4\xE3", "\xE4\xBD\xA0"},
        {"shift_jis", CT "Shift_JIS", "\x82\xA0", "\xE3\x81\x82"},
        {"iso-2022-jp", CT "iso-2022-jp", "\x1B$B$\"\x1B(B!", "\xE3\x81\x82!"},
        {"big5 cut off", CT "big5", "\xA7", "\xEF\xBF\xBD"},
        {"euc-kr with a wrong byte", CT "euc-kr", "a\xFFz", "a\xEF\xBF\xBDz"},
        {"unknown name, UTF-8", CT "x-unknown", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"unknown name, latin", CT "foo-bar", "caf\xE9", "caf\xC3\xA9"},
        {"a name that iconv would take for a command", CT "\"utf-8//TRANSLIT\"", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"empty name", CT "\"\"", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"utf-16 in base64", CT "utf-16le\nContent-Transfer-Encoding: base64", "SABhAAAAbACsIA==", "Hal\xE2\x82\xAC"},
        {"quoted-printable", CT "iso-8859-1\nContent-Transfer-Encoding: quoted-printable", "caf=E9=\n au lait=20\nx=\n", "caf\xC3\xA9 au lait \nx"},
        {"broken quoted-printable", CT "utf-8\nContent-Transfer-Encoding: Quoted-Printable", "a=ZZ b= c=C3=A9=", "a=ZZ b= c\xC3\xA9"},
        {"base64", CT "utf-8\nContent-Transfer-Encoding: BASE64", "Y2Fm\nw6k=\n", "caf\xC3\xA9"},
        {"base64 with dirt", CT "utf-8\nContent-Transfer-Encoding: base64", "Y2!Fm\n\n w6\xFFk", "caf\xC3\xA9"},
        {"8bit", CT "utf-8\nContent-Transfer-Encoding: 8bit", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"unknown encoding", CT "utf-8\nContent-Transfer-Encoding: x-none", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"a type that cannot be read", "Content-Type: html", "Hallo", "Hallo"},
        {"a type of rubbish", "Content-Type: ///;;;=", "Hallo", "Hallo"},
        {"byte order mark", CT "utf-8", "\xEF\xBB\xBFHallo", "Hallo"},
        {"controls go, tab and line end stay", CT "utf-8", "a\x01\x07\x1B[1mb\tc\x7F\r\nd\re", "a[1mb\tc\nd\ne"},
        {"C1 controls written as UTF-8", CT "utf-8", "a\xC2\x80z", "a\xE2\x82\xACz"},
        {"blank", CT "utf-8", " \n\xC2\xA0\n\t\n", NULL},
        {"empty", CT "utf-8", "", NULL},
        {"blank lines around", "", "\n\n  Hallo\n\nJan\n\n\n", "  Hallo\n\nJan"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

static void nul_bytes_never_come_out(void **state)
{
    (void)state;
    static const char raw[] = "From: J\0an <a@b.nl>\nSubject: a\0b\nMessage-ID: <a\0b@x>\nReferences: <c\0d@x>\n\nHal\0lo\0\n";
    struct mail *m = parsed((struct text){raw, sizeof raw - 1});
    struct text ids[INBOUND_REFERENCES_MAX];
    same_text("NUL", "text", mail_text(m), "Hallo");
    same_text("NUL", "subject", mail_subject(m), "a b");
    same_text("NUL", "name", mail_from_name(m), "J an");
    same_text("NUL", "id", mail_message_id(m), "ab@x");
    assert_int_equal(mail_references(m, ids), 1);
    same_text("NUL", "reference", ids[0], "cd@x");
    mail_free(&m);
}

#define FLOWED "Content-Type: text/plain; format=flowed"

static void flowed(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"joined", FLOWED, "een \ntwee \ndrie\nvier\n", "een twee drie\nvier"},
        {"CRLF", FLOWED, "een \r\ntwee\r\n", "een twee"},
        {"stuffed space goes", FLOWED, " From here\n >no quote\n", "From here\n>no quote"},
        {"quotes", FLOWED, "> een \n> twee\n>> drie\nvier\n", "> een twee\n>> drie\nvier"},
        {"other depth ends it", FLOWED, "> een \ntwee\n", "> een \ntwee"},
        {"signature", FLOWED, "een \n-- \nJan\n", "een \n-- \nJan"},
        {"delsp", FLOWED "; delsp=yes", "een \ntwee\n", "eentwee"},
        {"blank lines stay", FLOWED, "een\n\ntwee\n", "een\n\ntwee"},
        {"not flowed", "Content-Type: text/plain", "een \ntwee\n", "een \ntwee"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

#define HTML "Content-Type: text/html; charset=utf-8"

static void html(void **state)
{
    (void)state;
    static const struct text_row rows[] = {
        {"words", HTML, "<html><body>Hallo <b>Jan</b></body></html>", "Hallo Jan"},
        {"white space folds", HTML, "a \n\t b<span> </span> c", "a b c"},
        {"paragraphs", HTML, "<p>een</p>\n<p>twee</p>", "een\n\ntwee"},
        {"line breaks", HTML, "een<br>twee<BR/>drie<br />\n<br>vier", "een\ntwee\ndrie\n\nvier"},
        {"many breaks are one blank line", HTML, "een<br><br><br><br>twee", "een\n\ntwee"},
        {"Gmail's divs", HTML, "<div dir=\"ltr\"><div>een</div><div><br></div><div>twee</div></div>", "een\n\ntwee"},
        {"table", HTML, "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
        {"list", HTML, "Zie:<ul><li>een</li><li>twee</li></ul>klaar", "Zie:\n\n- een\n- twee\n\nklaar"},
        {"quote", HTML, "ja<blockquote>een<br>twee<blockquote>drie</blockquote></blockquote>nee", "ja\n\n> een\n> twee\n\n>> drie\n\nnee"},
        {"pre", HTML, "<pre>a  b\n  c</pre>", "a  b\n  c"},
        {"style and script", HTML, "<style>p{color:red}</style><script>if(a<b)alert('<p>')</script>ja", "ja"},
        {"title", HTML, "<head><title>Titel</title></head>ja", "ja"},
        {"script that never ends", HTML, "ja<script>x", "ja"},
        {"comment", HTML, "a<!-- <b>x</b> -->b<!--[if mso]><p>mso</p><![endif]-->c", "abc"},
        {"comment that never ends", HTML, "ja<!-- x", "ja"},
        {"empty comment", HTML, "a<!-->b", "ab"},
        {"downlevel-revealed", HTML, "<![if !mso]>ja<![endif]>", "ja"},
        {"doctype", HTML, "<!DOCTYPE html><p>ja", "ja"},
        {"xml of Office", HTML, "<?xml version=\"1.0\"?><o:p>&nbsp;</o:p><p class=MsoNormal>ja<o:p></o:p></p>", "ja"},
        {"entities", HTML, "&lt;b&gt; &amp; &quot;&eacute;&euml;&quot; &euro;&nbsp;5 &hellip; &apos;",
        "<b> & \"\xC3\xA9\xC3\xAB\" \xE2\x82\xAC 5 \xE2\x80\xA6 '"},
        {"numbers", HTML, "&#233;&#xE9;&#XE9; &#128; &#x1F600;", "\xC3\xA9\xC3\xA9\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"wrong numbers", HTML, "a&#0;b&#xD800;c&#99999999999;d&#;e&#x;f", "a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xEF\xBF\xBD" "d&#;e&#x;f"},
        {"without semicolon", HTML, "caf&eacute &amp x", "caf\xC3\xA9 & x"},
        {"unknown name", HTML, "a &foo; b & c &thisisaverylongname;", "a &foo; b & c &thisisaverylongname;"},
        {"not a tag", HTML, "1 < 2 en 3 <> 4 <3", "1 < 2 en 3 <> 4 <3"},
        {"quoted attribute", HTML, "<a href='x>y' title=\"a>b\">ja</a>", "ja"},
        {"apostrophe in a tag's rubbish", HTML, "<p don't>ja</p><p>nee</p>", "ja\n\nnee"},
        {"tag that never ends", HTML, "ja <a href=\"x", "ja"},
        {"fillers of a preview", HTML, "a&#847;&#8203;&shy;b", "ab"},
        {"pictures alone", HTML, "<div><img src=cid:1><br>&nbsp;</div>", NULL},
        {"charset of the label", "Content-Type: text/html; charset=iso-8859-1", "<p>caf\xE9 \x80", "caf\xC3\xA9 \xE2\x82\xAC"},
        {"closing what is not open", HTML, "</blockquote></pre></li></p>ja", "ja"},
        {"letters that fold to control", HTML, "a&#1;b&#27;c", "abc"},
    };
    run_rows(rows, sizeof rows / sizeof rows[0]);
}

static void long_text_is_cut_at_a_code_point(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        for (size_t is_html = 0; is_html < 2; is_html++) {
            struct buf raw;
            buf_init(&raw, 1 << 20);
            assert_int_equal(buf_addf(&raw, "Content-Type: text/%s; charset=utf-8\n\n%.*s", is_html ? "html" : "plain", (int)shift, "xxx"), 0);
            for (size_t i = 0; i < TEXT_LARGE_MAX / 4 + 10; i++) {
                assert_int_equal(buf_add_z(&raw, "\xF0\x9F\x98\x80"), 0);
            }
            struct mail *m = parsed(buf_text(&raw));
            assert_in_range(mail_text(m).n, TEXT_LARGE_MAX - 3, TEXT_LARGE_MAX);
            assert_true(text_is_utf8(mail_text(m)));
            assert_true(mail_is_cut(m));
            assert_false(mail_is_raw_only(m));
            mail_free(&m);
            buf_done(&raw);
        }
    }
}

/* No mail at all, or one without headers, is words too. */
static void broken_beginnings(void **state)
{
    (void)state;
    static const struct {
        const char *row, *raw, *want;
    } rows[] = {
        {"nothing", "", NULL},
        {"a line end", "\n", NULL},
        {"no headers", "Hallo daar,\nik heb een vraag\n", "Hallo daar,\nik heb een vraag"},
        {"headers, then no blank line", "From: a@b.nl\nHallo daar\nNog een: regel\n", "Hallo daar\nNog een: regel"},
        {"blank line first", "\nHallo\n", "Hallo"},
        {"mbox line first", "From a@b.nl Mon Jan  1 00:00:00 2024\nFrom: a@b.nl\n\nHallo\n", "Hallo"},
        {"headers alone", "From: a@b.nl\nSubject: x\n", NULL},
        {"headers alone, cut in a line", "From: a@b.nl\nSubj", "Subj"},
        {"begins with a continued line", "  indented\nFrom: a@b.nl\n\nx", "  indented\nFrom: a@b.nl\n\nx"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mail *m = parsed_z(rows[i].raw);
        same_text(rows[i].row, "text", mail_text(m), rows[i].want);
        check_row(rows[i].row, mail_is_raw_only(m) == !rows[i].want, "raw only");
        mail_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(charsets),
        cmocka_unit_test(nul_bytes_never_come_out),
        cmocka_unit_test(flowed),
        cmocka_unit_test(html),
        cmocka_unit_test(long_text_is_cut_at_a_code_point),
        cmocka_unit_test(broken_beginnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
