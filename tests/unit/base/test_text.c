#include "../test.h"

#include <stdlib.h>

#include "base/text.h"

/* Every table of bytes is tried at each of nine places, before and behind ASCII, because eight bytes are looked at at once. */
static bool is_utf8_anywhere(const char *bytes, size_t n, bool want)
{
    for (size_t before = 0; before <= 8; before++) {
        for (size_t behind = 0; behind <= 8; behind++) {
            char *room = malloc(before + n + behind); /* on the heap and exact: a byte too far is seen by the sanitizer */
            memset(room, 'a', before + n + behind);
            memcpy(room + before, bytes, n);
            bool got = text_is_utf8((struct text){room, before + n + behind});
            free(room);
            if (got != want) {
                return false;
            }
        }
    }
    return true;
}

static void utf8_good(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
    } rows[] = {
        {"U+0080", "\xc2\x80"},         {"U+07FF", "\xdf\xbf"},         {"U+0800", "\xe0\xa0\x80"},      {"U+D7FF", "\xed\x9f\xbf"},
        {"U+E000", "\xee\x80\x80"},     {"U+FFFF", "\xef\xbf\xbf"},     {"U+10000", "\xf0\x90\x80\x80"}, {"U+10FFFF", "\xf4\x8f\xbf\xbf"},
        {"emoji", "\xf0\x9f\x98\x80"},  {"Dutch", "co\xc3\xb6rdinatie"}, {"two", "\xc3\xa9\xe2\x82\xac"}, {"controls", "\x01\x1f\x7f"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, is_utf8_anywhere(rows[i].bytes, strlen(rows[i].bytes), true));
    }
    assert_true(text_is_utf8((struct text){"", 0}));
    assert_true(text_is_utf8((struct text){NULL, 0}));
    assert_true(text_is_utf8((struct text){"\0", 1}));
}

static void utf8_bad(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
    } rows[] = {
        {"lone continuation", "\x80"},         {"lone last continuation", "\xbf"},      {"overlong NUL", "\xc0\x80"},
        {"overlong slash, 2", "\xc0\xaf"},     {"overlong 7F", "\xc1\xbf"},             {"overlong slash, 3", "\xe0\x80\xaf"},
        {"overlong 7FF", "\xe0\x9f\xbf"},      {"overlong slash, 4", "\xf0\x80\x80\xaf"}, {"overlong FFFF", "\xf0\x8f\xbf\xbf"},
        {"surrogate D800", "\xed\xa0\x80"},    {"surrogate DFFF", "\xed\xbf\xbf"},      {"pair of surrogates", "\xed\xa0\xbd\xed\xb8\x80"},
        {"above 10FFFF", "\xf4\x90\x80\x80"},  {"F5", "\xf5\x80\x80\x80"},              {"F8, 5 bytes", "\xf8\x88\x80\x80\x80"},
        {"FE", "\xfe"},                        {"FF", "\xff"},                          {"2 cut", "\xc3"},
        {"3 cut after 1", "\xe2"},             {"3 cut after 2", "\xe2\x82"},           {"4 cut after 3", "\xf0\x9f\x98"},
        {"second is ASCII", "\xc3\x28"},       {"third is ASCII", "\xe2\x82\x28"},      {"fourth is ASCII", "\xf0\x9f\x98\x28"},
        {"latin-1", "co\xf6rdinatie"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, is_utf8_anywhere(rows[i].bytes, strlen(rows[i].bytes), false));
    }
}

/* The rule itself, over all 1,114,112 numbers and 2,048 surrogates, encoded by hand. */
static void utf8_every_code_point(void **state)
{
    (void)state;
    for (unsigned c = 0; c <= 0x110000; c++) {
        char b[4];
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        if (n == 1) {
            b[0] = (char)c;
        } else {
            static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
            for (size_t i = 0; i < n; i++) {
                b[i] = (char)((i == 0 ? first[n] : 0x80u) | ((c >> (6 * (n - 1 - i))) & (i == 0 ? 0x1fu : 0x3fu)));
            }
        }
        bool want = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
        if (text_is_utf8((struct text){b, n}) != want) {
            fail_msg("U+%04X", c);
        }
    }
}

static void cuts_between_code_points(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t max, want;
    } rows[] = {
        {"abc", 5, 3}, {"abc", 3, 3},          {"abc", 2, 2},          {"abc", 0, 0},          {"a\xc3\xa9", 2, 1},
        {"a\xc3\xa9", 3, 3}, {"\xe2\x82\xac", 2, 0}, {"\xe2\x82\xac", 1, 0}, {"\xf0\x9f\x98\x80x", 3, 0}, {"\xf0\x9f\x98\x80x", 4, 4},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct text got = text_cut(text_of(rows[i].in), rows[i].max);
        ROW_TRUE(rows[i].in, got.n == rows[i].want && got.s == rows[i].in && text_is_utf8(got));
    }
}

static void copies_whole_or_not(void **state)
{
    (void)state;
    char out[4] = "old";
    assert_int_equal(text_copy(TEXT_LITERAL("abc"), out, sizeof out), 0);
    assert_string_equal(out, "abc");
    assert_int_equal(text_copy(TEXT_LITERAL("abcd"), out, sizeof out), ERR_TOO_LARGE);
    assert_string_equal(out, "");
    assert_int_equal(text_copy((struct text){"a\0b", 3}, out, sizeof out), ERR_BAD_FIELD);
    assert_string_equal(out, "");
    assert_int_equal(text_copy((struct text){NULL, 0}, out, sizeof out), 0);
    assert_string_equal(out, "");
    assert_int_equal(text_copy(TEXT_LITERAL(""), out, 0), ERR_TOO_LARGE);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        int err;
        uint64_t want;
    } rows[] = {
        {"0", 0, 0},           {"007", 0, 7},          {"18446744073709551615", 0, UINT64_MAX}, {"18446744073709551616", ERR_BAD_FIELD, 0},
        {"99999999999999999999", ERR_BAD_FIELD, 0}, {"", ERR_BAD_FIELD, 0}, {"-1", ERR_BAD_FIELD, 0}, {"+1", ERR_BAD_FIELD, 0},
        {" 1", ERR_BAD_FIELD, 0}, {"1 ", ERR_BAD_FIELD, 0}, {"0x1", ERR_BAD_FIELD, 0}, {"1e3", ERR_BAD_FIELD, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t got = 42;
        ROW_TRUE(rows[i].in, text_to_u64(text_of(rows[i].in), &got) == rows[i].err && got == (rows[i].err ? 42 : rows[i].want));
    }
}

static void equality(void **state)
{
    (void)state;
    static const struct {
        struct text a, b;
        bool same;
    } rows[] = {
        {{"abc", 3}, {"abc", 3}, true},  {{"abc", 3}, {"abd", 3}, false}, {{"abc", 3}, {"ab", 2}, false},
        {{"", 0}, {NULL, 0}, true},      {{"a\0b", 3}, {"a\0c", 3}, false}, {{"\xff", 1}, {"\x7f", 1}, false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_int_equal(text_equal(rows[i].a, rows[i].b), rows[i].same);
        assert_int_equal(text_equal_secret(rows[i].a, rows[i].b), rows[i].same);
        assert_int_equal(text_equal_secret(rows[i].b, rows[i].a), rows[i].same);
    }
    assert_null(text_of(NULL).s);
    assert_true(text_is(TEXT_LITERAL("abc"), "abc"));
    assert_false(text_is(TEXT_LITERAL("abc"), "abcd"));
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *list, *separators, *seen; /* each word and a bar */
    } rows[] = {{"", " ", ""},       {" ", " ", ""},          {"a", " ", "a|"},         {"a b", " ", "a|b|"},   {"  a   b ", " ", "a|b|"},
                {"a,b", " ", "a,b|"}, {"a,b c", " ,", "a|b|c|"}, {",a,,b,", ",", "a|b|"}, {"node1 node10", " ", "node1|node10|"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char seen[64] = "";
        size_t at = 0, n = 0;
        for (struct text w; text_next_word(text_of(rows[i].list), rows[i].separators, &at, &w);) {
            n += (size_t)snprintf(seen + n, sizeof seen - n, "%.*s|", TEXT_ARG(w));
        }
        assert_string_equal(seen, rows[i].seen);
    }
    assert_true(text_has_word(TEXT_LITERAL("node1 node10"), " ", TEXT_LITERAL("node10")));
    assert_false(text_has_word(TEXT_LITERAL("node10 node11"), " ", TEXT_LITERAL("node1")));
    assert_false(text_has_word(TEXT_LITERAL("a"), " ", TEXT_LITERAL("")));
    assert_false(text_has_word((struct text){NULL, 0}, " ", TEXT_LITERAL("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_good),           cmocka_unit_test(utf8_bad), cmocka_unit_test(utf8_every_code_point), cmocka_unit_test(cuts_between_code_points),
        cmocka_unit_test(copies_whole_or_not), cmocka_unit_test(numbers),  cmocka_unit_test(equality),
        cmocka_unit_test(words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
