#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "edge/edge_internal.h"

static void cookies(void **state)
{
    (void)state;
    static const struct {
        const char *header, *want; /* NULL: absent */
    } rows[] = {
        {"loket_session=abc", "abc"},
        {"a=b; loket_session=abc; c=d", "abc"},
        {"a=b;loket_session=abc", "abc"},
        {"loket_session=\"abc\"", "abc"},
        {"loket_session=", ""},
        {"xloket_session=abc", NULL},
        {"loket_sessions=abc", NULL},
        {"a=loket_session=abc", NULL},
        {"Loket_session=abc", NULL},
        {"loket_session", NULL},
        {";;; ;", NULL},
        {"", NULL},
        {"loket_session=first; loket_session=second", "first"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text got = cookie_find(text_of(rows[i].header), "loket_session");
        if ((got.s == NULL) != (rows[i].want == NULL) || (rows[i].want && !text_is(got, rows[i].want))) {
            fail_msg("%s gave %.*s", rows[i].header, TEXT_ARG(got));
        }
    }
    assert_null(cookie_find((struct text){NULL, 0}, "loket_session").s);
}

static void gzip_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool yes;
    } rows[] = {
        {"gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br , GZIP;q=0.5", true},
        {"gzip;q=1.0", true},
        {"gzip; q=0", false},
        {"gzip;q=0.000, br", false},
        {"xgzip, gzipx", false},
        {"deflate", false},
        {",;,", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gzip_accepted(text_of(rows[i].header)) != rows[i].yes) {
            fail_msg("Accept-Encoding: %s", rows[i].header);
        }
    }
    assert_false(gzip_accepted((struct text){NULL, 0}));
}

static void origins(void **state)
{
    (void)state;
    static const char *const extra[] = {"https://loket.voorbeeld.nl", NULL};
    static const struct {
        const char *origin, *host;
        bool ours;
    } rows[] = {
        {"http://a.nl", "a.nl", true},
        {"https://a.nl", "a.nl", true},
        {"https://A.NL", "a.nl", true},
        {"http://a.nl:8080", "a.nl:8080", true},
        {"http://a.nl:8080", "a.nl", false},
        {"http://a.nl", "a.nl:8080", false},
        {"http://a.nl.evil.nl", "a.nl", false},
        {"http://evil-a.nl", "a.nl", false},
        {"null", "a.nl", false},
        {"", "a.nl", false},
        {"http://", "", false},
        {"ws://a.nl", "a.nl", false},
        {"http://a.nl/", "a.nl", false},
        {"https://loket.voorbeeld.nl", "a.nl", true},
        {"http://loket.voorbeeld.nl", "a.nl", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (origin_is_ours(text_of(rows[i].origin), text_of(rows[i].host), extra) != rows[i].ours) {
            fail_msg("%s with Host %s", rows[i].origin, rows[i].host);
        }
    }
    assert_false(origin_is_ours(TEXT_LITERAL("http://a.nl"), (struct text){NULL, 0}, NULL));
}

static void forwarded(void **state)
{
    (void)state;
    static const struct {
        const char *header, *want;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"}, {"evil, 192.0.2.1", "192.0.2.1"}, {"192.0.2.1, 2001:db8::1", "2001:db8::1"}, {"192.0.2.1,", NULL},
        {"_hidden", NULL},          {"", NULL},                       {"0123456789012345678901234567890123456789012345678", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text got = forwarded_last(text_of(rows[i].header));
        if ((got.s == NULL) != (rows[i].want == NULL) || (rows[i].want && !text_is(got, rows[i].want))) {
            fail_msg("%s gave %.*s", rows[i].header, TEXT_ARG(got));
        }
    }
}

static void subprotocols(void **state)
{
    (void)state;
    enum frame_form form;
    assert_true(subprotocol_pick(TEXT_LITERAL("loket.1.json"), &form) && form == FRAME_JSON);
    assert_true(subprotocol_pick(TEXT_LITERAL("loket.2.json, loket.1.msgpack, loket.1.json"), &form) && form == FRAME_MSGPACK);
    static const char *const bad[] = {"", "loket", "loket.1.jsonx", "loket.1.json x", "http", "http, loket.1.json"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (subprotocol_pick(text_of(bad[i]), &form)) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_false(subprotocol_pick((struct text){NULL, 0}, &form));
}

static void queries(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 64);
    assert_int_equal(query_add(&out, TEXT_LITERAL("text=a&b = \xc3\xa9%")), 0);
    assert_int_equal(query_add(&out, TEXT_LITERAL("flag")), 0);
    assert_string_equal(out.data, "text=a%26b%20%3D%20%C3%A9%25&flag");
    assert_int_equal(query_add(&out, TEXT_LITERAL("                                        ")), ERR_FULL);
    buf_done(&out);
}

static void lengths(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "-1", "+1", "1,1", "0x10", " 1", "1 ", "18446744073709551616"};
    uint64_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!length_parse(text_of(bad[i]), &n)) {
            fail_msg("%s", bad[i]);
        }
    }
    assert_int_equal(length_parse(TEXT_LITERAL("65536"), &n), 0);
    assert_int_equal(n, 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cookies),      cmocka_unit_test(gzip_is_named), cmocka_unit_test(origins), cmocka_unit_test(forwarded),
                                       cmocka_unit_test(subprotocols), cmocka_unit_test(queries), cmocka_unit_test(lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
