/* The table of errors is part of the wire: its names, and that what it says hangs together. */
#include "../test.h"

#include <ctype.h>

#include "base/err.h"

static void names_there_and_back(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        const char *name = err_name(e);
        assert_true(strlen(name) > 0 && strlen(name) <= 15);
        for (const char *c = name; *c; c++) {
            ROW_TRUE(name, islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        }
        ROW_TRUE(name, err_from_name(name) == e);
        ROW_TRUE(name, strlen(err_text(e)) > 0 && !strpbrk(err_text(e), "\"\\|\n"));
        ROW_TRUE(name, err_name(e) == name); /* made once, at the same place */
    }
#define ERR(upper, text, close_code, class_) assert_int_equal(err_from_name(err_name(ERR_##upper)), ERR_##upper); \
    assert_string_equal(err_text(ERR_##upper), text); assert_int_equal(err_close_code(ERR_##upper), close_code); \
    assert_int_equal(err_class(ERR_##upper), ERR_CLASS_##class_);
#include "base/errors.def"
#undef ERR
}

static void close_codes_are_ours_and_used_once(void **state)
{
    (void)state;
    for (int e = 1; e < ERR_COUNT; e++) {
        int code = err_close_code(e);
        ROW_TRUE(err_name(e), code == 0 || (code >= 4000 && code <= 4999)); /* RFC 6455, section 7.4.2 */
        for (int other = 1; other < e && code != 0; other++) {
            ROW_TRUE(err_name(e), err_close_code(other) != code);
        }
    }
}

static void others_are_harmless(void **state)
{
    (void)state;
    static const int rows[] = {-1, ERR_COUNT, 100000};
    for (size_t i = 0; i < ROWS(rows); i++) {
        assert_string_equal(err_name(rows[i]), "unknown");
        assert_string_equal(err_text(rows[i]), "unknown error");
        assert_int_equal(err_close_code(rows[i]), 0);
        assert_int_equal(err_class(rows[i]), ERR_CLASS_FATAL);
    }
    assert_int_equal(err_from_name("no_such_error"), ERR_COUNT);
    assert_int_equal(err_from_name(""), ERR_COUNT);
    assert_int_equal(err_from_name("STORE_AWAY"), ERR_COUNT);
    assert_string_equal(err_name(ERR_STORE_AWAY), "store_away");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_there_and_back), cmocka_unit_test(close_codes_are_ours_and_used_once),
                                       cmocka_unit_test(others_are_harmless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
