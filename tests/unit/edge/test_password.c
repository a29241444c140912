#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "edge/password.h"

static void only_the_right_one_is_right(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];
    assert_int_equal(password_hash(TEXT_LITERAL("correct horse"), hash), 0);
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_true(password_verify(hash, TEXT_LITERAL("correct horse")));
    assert_false(password_verify(hash, TEXT_LITERAL("correct horsf")));
    assert_false(password_verify(hash, TEXT_LITERAL("")));
    assert_int_equal(password_hash(TEXT_LITERAL("correct horse"), again), 0);
    assert_string_not_equal(hash, again); /* salted */
}

static void unfit_ones_are_refused(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_BYTES], lengthy[1025];
    memset(lengthy, 'x', sizeof lengthy);
    assert_int_equal(password_hash(TEXT_LITERAL(""), hash), ERR_BAD_FIELD);
    assert_int_equal(password_hash((struct text){lengthy, sizeof lengthy}, hash), ERR_BAD_FIELD);
    assert_false(password_verify("", TEXT_LITERAL("x")));
    assert_false(password_verify("$argon2id$broken", TEXT_LITERAL("x")));
    assert_false(password_verify(lengthy[1024] ? "no hash at all" : "", TEXT_LITERAL("x")));
    password_verify_nobody(TEXT_LITERAL("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_the_right_one_is_right), cmocka_unit_test(unfit_ones_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
