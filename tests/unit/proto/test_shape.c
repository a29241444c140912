/* The look at a msgpack frame before anything is built from it. */
#include "../test.h"

#include <stdlib.h>

#include "proto/table.h"

static bool sound(const char *bytes, size_t n)
{
    char *exact = malloc(n ? n : 1); /* a byte read too far is seen by the sanitizer */
    memcpy(exact, bytes, n);
    bool got = shape_msgpack_is_sound((struct text){exact, n});
    free(exact);
    return got;
}

#define BYTES(literal) literal, sizeof(literal) - 1

static void each_type_and_each_cut_of_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t n;
    } rows[] = {
        {"fixint", BYTES("\x7f")},           {"negative fixint", BYTES("\xff")},          {"nil", BYTES("\xc0")},
        {"false", BYTES("\xc2")},            {"true", BYTES("\xc3")},                     {"bin8", BYTES("\xc4\x02" "ab")},
        {"bin16", BYTES("\xc5\0\x02" "ab")}, {"bin32", BYTES("\xc6\0\0\0\x02" "ab")},     {"float32", BYTES("\xca" "abcd")},
        {"float64", BYTES("\xcb" "abcdefgh")}, {"uint8", BYTES("\xcc" "a")},              {"uint16", BYTES("\xcd" "ab")},
        {"uint32", BYTES("\xce" "abcd")},    {"uint64", BYTES("\xcf" "abcdefgh")},        {"int8", BYTES("\xd0" "a")},
        {"int16", BYTES("\xd1" "ab")},       {"int32", BYTES("\xd2" "abcd")},             {"int64", BYTES("\xd3" "abcdefgh")},
        {"fixstr", BYTES("\xa3" "abc")},     {"str8", BYTES("\xd9\x03" "abc")},           {"str16", BYTES("\xda\0\x03" "abc")},
        {"str32", BYTES("\xdb\0\0\0\x03" "abc")}, {"fixarray", BYTES("\x92\x01\xa1" "a")}, {"array16", BYTES("\xdc\0\x02\x01\xc0")},
        {"array32", BYTES("\xdd\0\0\0\x02\x01\xc0")}, {"fixmap", BYTES("\x82\x01\x02\xa1" "a\x90")}, {"map16", BYTES("\xde\0\x01\x01\x02")},
        {"map32", BYTES("\xdf\0\0\0\x01\x01\x81\x01\x02")}, {"empty map", BYTES("\x80")},  {"empty array32", BYTES("\xdd\0\0\0\0")},
        {"empty text", BYTES("\xa0")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, sound(rows[i].bytes, rows[i].n));
        for (size_t n = 0; n < rows[i].n; n++) {
            ROW_TRUE(rows[i].name, !sound(rows[i].bytes, n));
        }
        char more[32];
        memcpy(more, rows[i].bytes, rows[i].n);
        more[rows[i].n] = '\x01';
        ROW_TRUE(rows[i].name, !sound(more, rows[i].n + 1)); /* a second value is left over */
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t n;
    } rows[] = {
        {"nothing", BYTES("")},
        {"never used", BYTES("\xc1")},
        {"ext8", BYTES("\xc7\x01\x01" "a")},
        {"ext16", BYTES("\xc8\0\x01\x01" "a")},
        {"ext32", BYTES("\xc9\0\0\0\x01\x01" "a")},
        {"fixext1", BYTES("\xd4\x01" "a")},
        {"timestamp", BYTES("\xd6\xff" "abcd")},
        {"fixext16", BYTES("\xd8\x01" "0123456789abcdef")},
        {"array of 4,294,967,295", BYTES("\xdd\xff\xff\xff\xff")},
        {"map of 4,294,967,295", BYTES("\xdf\xff\xff\xff\xff")},
        {"array of 10 million in a map", BYTES("\x81\xa4verb\xdd\0\x98\x96\x80\x01")},
        {"map of 2,147,483,648: twice that is 2^32", BYTES("\xdf\x80\0\0\0\x01\x02")},
        {"text of 4 GiB", BYTES("\xdb\xff\xff\xff\xff" "a")},
        {"claims one more than there is", BYTES("\x93\x01\x02")},
        {"map without its last value", BYTES("\x82\x01\x02\x03")},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, !sound(rows[i].bytes, rows[i].n));
    }
}

static void depth(void **state)
{
    (void)state;
    char deep[70000];
    memset(deep, 0x91, sizeof deep);
    for (size_t n = 1; n < 20; n++) {
        deep[n] = '\xc0';
        assert_int_equal(sound(deep, n + 1), n <= FRAME_NEST_MAX);
        deep[n] = '\x90'; /* an empty list is a level of its own */
        assert_int_equal(sound(deep, n + 1), n + 1 <= FRAME_NEST_MAX);
        deep[n] = '\x91';
    }
    assert_false(sound(deep, sizeof deep));
    /* Wide is not deep: 60,000 lists beside each other. */
    deep[0] = '\xdc';
    deep[1] = '\xea';
    deep[2] = '\x60';
    memset(deep + 3, 0x90, 60000);
    assert_true(sound(deep, 60003));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_type_and_each_cut_of_it), cmocka_unit_test(refused), cmocka_unit_test(depth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
