#include "channels_test.h"

#include "channels/sms/sms_text.h"

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define E35 "ĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕ"

static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *row, *text;
        bool gsm7;
        unsigned units, parts;
    } rows[] = {
        {"empty", "", true, 0, 1},
        {"ascii", "Hallo", true, 5, 1},
        {"line end", "a\r\nb", true, 4, 1},
        {"euro sign is two", "€ 5", true, 4, 1},
        {"all of the extension table", "\f^{}\\[~]|€", true, 20, 1},
        {"accents of the alphabet", "àäåæèéìñòöøùüÄÅÆÇÉÑÖØÜß", true, 23, 1},
        {"Greek capitals", "ΓΔΘΛΞΠΣΦΨΩ", true, 10, 1},
        {"inverted marks", "¡¿£¥§¤", true, 6, 1},
        {"i with diaeresis is not in it", "geïnd", false, 5, 1},
        {"e with diaeresis is not in it", "één idee, ideeën", false, 16, 1},
        {"small c with cedilla is not in it", "ç", false, 1, 1},
        {"backtick is not in it", "`", false, 1, 1},
        {"tabs are not in it", "a\tb", false, 3, 1},
        {"curly quote", "’s avonds", false, 9, 1},
        {"a surrogate pair is two", "😀", false, 2, 1},
        {"160 septets in one", FIFTY FIFTY FIFTY TEN, true, 160, 1},
        {"161 in two", FIFTY FIFTY FIFTY TEN "x", true, 161, 2},
        {"306 in two", FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "123456", true, 306, 2},
        {"307 in three", FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY "1234567", true, 307, 3},
        {"an escape is not torn", FIFTY FIFTY FIFTY "12€" FIFTY FIFTY FIFTY "12", true, 306, 3},
        {"70 code units in one", E35 E35, false, 70, 1},
        {"71 in two", E35 E35 "ĕ", false, 71, 2},
        {"134 in two", E35 E35 E35 "ĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕ", false, 134, 2},
        {"a pair is not torn", E35 "ĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕ😀" E35 "ĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕĕ", false, 134, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sms_size size;
        int err = sms_size(text_of(rows[i].text), &size);
        if (err || size.gsm7 != rows[i].gsm7 || size.units != rows[i].units || size.parts != rows[i].parts) {
            fail_msg("%s: %s gsm7=%d units=%u parts=%u", rows[i].row, err_name(err), size.gsm7, size.units, size.parts);
        }
    }
}

static void what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sms_size size = {.units = 77};
        assert_int_equal(sms_size(text_of(rows[i]), &size), ERR_BAD_UTF8);
        assert_int_equal(size.units, 77);
    }
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *number, *country, *want; /* NULL: refused */
    } rows[] = {
        {"0612345678", "31", "+31612345678"},
        {"06 1234 5678", "31", "+31612345678"},
        {"06-12345678", "31", "+31612345678"},
        {"(06) 12.34.56.78", "31", "+31612345678"},
        {"[06]12345678", "31", "+31612345678"},
        {" 0612345678 ", "31", "+31612345678"},
        {"+31612345678", "31", "+31612345678"},
        {"+31 6 1234 5678", "", "+31612345678"},
        {"+31612345678", "49", "+31612345678"},
        {"0031612345678", "31", "+31612345678"},
        {"00 49 170 1234567", "31", "+491701234567"},
        {"0612345678", "", "0612345678"},
        {"31612345678", "31", "31612345678"},
        {"1004", "31", "1004"},
        {"112", "31", "112"},
        {"DigiD", "31", "DigiD"},
        {"GEMEENTE", "31", "GEMEENTE"},
        {"Mijn Bank", "31", "Mijn Bank"},
        {"T-Mobile", "31", "T-Mobile"},
        {"3VoorNL", "31", "3VoorNL"},
        {"A&B", "31", "A&B"},
        {"+123456789012345", "31", "+123456789012345"},
        {"", "31", NULL},
        {"   ", "31", NULL},
        {"+", "31", NULL},
        {"-", "31", NULL},
        {"()", "31", NULL},
        {"+1234567890123456", "31", NULL},
        {"001234567890123456", "31", NULL},
        {"01234567890123456", "31", NULL},
        {"1234567890123456", "31", NULL},
        {"06+12345678", "31", NULL},
        {"++31612345678", "31", NULL},
        {"0612345678;ext=1", "31", NULL},
        {"06123*45678", "31", NULL},
        {"+31ABC", "31", NULL},
        {"TwelveLetter", "31", NULL},
        {"a\nb", "31", NULL},
        {"Gemeénte", "31", NULL},
        {"0612345678\r\n", "31", NULL},
        {"00000000000000000000000000000000000000000000", "31", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[32] = "untouched";
        int err = sms_number_normalise(text_of(rows[i].number), rows[i].country, out);
        if (err != (rows[i].want ? 0 : ERR_BAD_INPUT)) {
            fail_msg("\"%s\": %s", rows[i].number, err_name(err));
        }
        same_text(rows[i].number, "number", text_of(out), rows[i].want ? rows[i].want : "untouched");
    }
    char out[32];
    assert_int_equal(sms_number_normalise((struct text){"06\0", 3}, "31", out), ERR_BAD_INPUT);
    assert_int_equal(sms_number_normalise((struct text){NULL, 0}, "31", out), ERR_BAD_INPUT);
}

static size_t utf8_of(unsigned c, char s[4])
{
    if (c < 0x80) {
        s[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        s[0] = (char)(0xC0 | c >> 6);
        s[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    s[0] = (char)(0xE0 | c >> 12);
    s[1] = (char)(0x80 | (c >> 6 & 0x3F));
    s[2] = (char)(0x80 | (c & 0x3F));
    return 3;
}

/* Every code point of the Basic Multilingual Plane against the table of Perl's Encode, which others wrote. */
static void the_alphabet_is_perls(void **state)
{
    (void)state;
    FILE *perl = popen("perl -MEncode -e 'for my $c (0 .. 0xFFFF) { next if $c >= 0xD800 && $c <= 0xDFFF; my $s = chr $c;"
                       " my $o = encode(\"gsm0338\", $s, sub { \"\" }); printf \"%d %d\\n\", $c, length $o }'", "r");
    assert_non_null(perl);
    unsigned c, septets, rows = 0;
    while (fscanf(perl, "%u %u", &c, &septets) == 2) {
        char s[4];
        struct sms_size size;
        struct text t = {s, utf8_of(c, s)};
        rows++;
        assert_int_equal(sms_size(t, &size), 0);
        if (size.gsm7 != (septets > 0) || (septets > 0 && size.units != septets)) {
            fail_msg("U+%04X: %u septets for Perl; here gsm7=%d units=%u", c, septets, size.gsm7, size.units);
        }
    }
    assert_int_equal(pclose(perl), 0);
    assert_int_equal(rows, 0x10000 - 0x800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(numbers),
        cmocka_unit_test(the_alphabet_is_perls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
