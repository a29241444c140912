#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "edge/token.h"

static const unsigned char secret[32] = "thirty-two bytes, but no secret";
static const struct token staff = {.kind = 's', .subject = "agent-7", .session = "0123456789abcdefghjkmnpqrs", .role = AGENT, .expires_ms = 2000};

static void made_tokens_are_read(void **state)
{
    (void)state;
    static const enum frame_role roles[] = {RESIDENT, AGENT, SUPERVISOR};
    for (size_t i = 0; i < 3; i++) {
        struct token t = staff, back;
        char out[TOKEN_MAX + 1];
        t.role = roles[i];
        assert_int_equal(token_make(secret, &t, out), 0);
        assert_int_equal(token_read(secret, text_of(out), 's', 1999, &back), 0);
        assert_string_equal(back.subject, t.subject);
        assert_string_equal(back.session, t.session);
        assert_int_equal(back.role, t.role);
        assert_int_equal(back.expires_ms, 2000);
    }
}

static void the_longest_parts_fit(void **state)
{
    (void)state;
    struct token t = {.kind = 'r', .role = SUPERVISOR, .expires_ms = 9007199254740991};
    char out[TOKEN_MAX + 1];
    struct token back;
    memset(t.subject, 'x', ID_MAX);
    memset(t.session, 'y', ID_MAX);
    assert_int_equal(token_make(secret, &t, out), 0);
    assert_int_equal(token_read(secret, text_of(out), 'r', 0, &back), 0);
    assert_int_equal(strlen(back.session), ID_MAX);
}

static void expired_and_other_kinds_are_refused(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    struct token back;
    assert_int_equal(token_make(secret, &staff, out), 0);
    assert_int_equal(token_read(secret, text_of(out), 's', 2000, &back), ERR_BAD_TOKEN);
    assert_int_equal(token_read(secret, text_of(out), 'r', 0, &back), ERR_BAD_TOKEN);
    unsigned char other[32] = {0};
    assert_int_equal(token_read(other, text_of(out), 's', 0, &back), ERR_BAD_TOKEN);
}

static void any_altered_byte_is_refused(void **state)
{
    (void)state;
    char out[TOKEN_MAX + 1];
    struct token back;
    assert_int_equal(token_make(secret, &staff, out), 0);
    size_t n = strlen(out);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            out[i] = (char)(out[i] ^ 1 << bit);
            if (token_read(secret, (struct text){out, n}, 's', 0, &back) != ERR_BAD_TOKEN) {
                fail_msg("bit %u of byte %zu", bit, i);
            }
            out[i] = (char)(out[i] ^ 1 << bit);
        }
        if (token_read(secret, (struct text){out, i}, 's', 0, &back) != ERR_BAD_TOKEN) {
            fail_msg("cut after %zu", i);
        }
    }
}

static void unfit_parts_are_not_signed(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a.b", "a b", "a\nb", "a;b", "\x80"};
    char out[TOKEN_MAX + 1];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct token t = staff;
        assert_int_equal(text_copy(text_of(bad[i]), t.subject, sizeof t.subject), 0);
        if (token_make(secret, &t, out) != ERR_BAD_FIELD) {
            fail_msg("subject %zu was signed", i);
        }
    }
    struct token t = staff;
    t.role = ROLE_NONE;
    assert_int_equal(token_make(secret, &t, out), ERR_BAD_FIELD);
    t = staff;
    t.kind = 'x';
    assert_int_equal(token_make(secret, &t, out), ERR_BAD_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_tokens_are_read),        cmocka_unit_test(the_longest_parts_fit),
        cmocka_unit_test(expired_and_other_kinds_are_refused), cmocka_unit_test(any_altered_byte_is_refused),
        cmocka_unit_test(unfit_parts_are_not_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
