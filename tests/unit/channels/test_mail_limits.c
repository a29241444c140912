/* Mails that are made to cost: each must take bounded time and memory, and still be a mail. Time is of this process, and generous: under sanitizers
 * what is linear takes a few seconds, what is quadratic would take minutes. */
#include <sys/resource.h>

#include "channels_test.h"

#define SECONDS_MAX 20.0

static struct buf raw;
static double started;

static int begin(void **state)
{
    (void)state;
    buf_init(&raw, MAIL_BYTES_MAX + 16);
    started = seconds_cpu();
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_done(&raw);
    double took = seconds_cpu() - started;
    if (took > SECONDS_MAX) {
        print_error("%.1f s of processor time\n", took);
        return 1;
    }
    return 0;
}

static void add(const char *s)
{
    assert_int_equal(buf_add_z(&raw, s), 0);
}

static void add_times(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add(s);
    }
}

static void too_large_is_refused(void **state)
{
    (void)state;
    struct mail *m = NULL;
    assert_int_equal(buf_reserve(&raw, MAIL_BYTES_MAX + 1), 0);
    memset(raw.data, 'a', MAIL_BYTES_MAX + 1);
    assert_int_equal(mail_parse((struct text){raw.data, MAIL_BYTES_MAX + 1}, &m), ERR_TOO_LARGE);
    assert_null(m);
    assert_int_equal(mail_parse((struct text){raw.data, MAIL_BYTES_MAX}, &m), 0);
    assert_int_equal(mail_text(m).n, TEXT_LARGE_MAX);
    assert_true(mail_is_cut(m));
    mail_free(&m);
}

static void nested_200_deep(void **state)
{
    (void)state;
    add("From: a@b.nl\n");
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(buf_addf(&raw, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i), 0);
    }
    add("\nDiep.\n");
    struct mail *m = parsed(buf_text(&raw));
    assert_true(mail_is_cut(m));
    assert_true(mail_is_raw_only(m));
    assert_true(text_is(mail_from(m), "a@b.nl"));
    mail_free(&m);
}

static void nested_as_deep_as_allowed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAIL_DEPTH_MAX; i++) {
        assert_int_equal(buf_addf(&raw, "Content-Type: multipart/%s; boundary=b%u\n\n--b%u\n", i % 2 ? "alternative" : "mixed", i, i), 0);
    }
    add("\nDiep.\n");
    struct mail *m = parsed(buf_text(&raw));
    assert_false(mail_is_cut(m));
    same_text("depth", "text", mail_text(m), "Diep.");
    mail_free(&m);
}

static void messages_in_messages(void **state)
{
    (void)state;
    add_times("Content-Type: message/rfc822\n\n", 100000);
    struct mail *m = parsed(buf_text(&raw));
    assert_int_equal(mail_parts_n(m), 1);
    mail_free(&m);
}

static void parts_100000(void **state)
{
    (void)state;
    add("From: a@b.nl\nContent-Type: multipart/mixed; boundary=b\n\n");
    add_times("--b\nContent-Type: application/pdf\n\nx\n", 100000);
    struct mail *m = parsed(buf_text(&raw));
    assert_true(mail_is_cut(m));
    assert_int_equal(mail_parts_n(m), MAIL_PARTS_MAX - 1);
    mail_free(&m);
}

static void parts_8_million_of_words(void **state)
{
    (void)state;
    add("Content-Type: multipart/mixed; boundary=b\n\n");
    add_times("--b\n\n", 8000000);
    struct rusage before, after;
    assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
    struct mail *m = parsed(buf_text(&raw));
    assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
    assert_true(mail_is_cut(m));
    assert_true(mail_is_raw_only(m));
    assert_true(after.ru_maxrss - before.ru_maxrss < 50 * 1024); /* kB; an object for each would be gigabytes */
    mail_free(&m);
}

static void one_boundary_for_every_level(void **state)
{
    (void)state;
    add("Content-Type: multipart/mixed; boundary=b\n\n");
    add_times("--b\nContent-Type: multipart/mixed; boundary=b\n\n", 200000);
    struct mail *m = parsed(buf_text(&raw));
    mail_free(&m);
}

static void almost_the_boundary(void **state)
{
    (void)state;
    add("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nHallo\n");
    add_times("--bx\n", 2000000);
    add_times("--b", 2000000);
    struct mail *m = parsed(buf_text(&raw));
    assert_memory_equal(mail_text(m).s, "Hallo\n", 6);
    mail_free(&m);
}

static void headers_of_30_megabytes(void **state)
{
    (void)state;
    add("From: a@b.nl\n");
    add_times("X-Filler: y\n", 1500000);
    add("Subject:");
    add_times(" =?utf-8?q?=C3=A9?=\n", 600000);
    add("To: x\n\nHallo\n");
    struct mail *m = parsed(buf_text(&raw));
    same_text("headers", "from", mail_from(m), "a@b.nl");
    same_text("headers", "text", mail_text(m), "Hallo");
    mail_free(&m);
}

/* Each header whose value somebody's parser reads, filled with what nests, repeats or never ends. */
static void structured_headers(void **state)
{
    (void)state;
    static const char *const names[] = {"From", "Sender", "Reply-To", "Subject", "Message-ID", "References", "In-Reply-To", "Content-Type",
        "Content-Disposition",
                                        "Content-Transfer-Encoding", "Auto-Submitted", "Return-Path"};
    static const char *const fills[] = {"(", "((\\", "\"", "\\", "<", "a:", "a:b@c,", "a@b,", ",", ";", "; a*0*=utf-8''%", ";a*1=b", "; boundary=x",
        "=?", "=?utf-8?q?", "=?utf-8?b?w6k=?= ",
                                        "=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "=?utf-7?q?+?=", "=?iso-2022-kr?b?Dg==?=", "<a@b>", "[", "@", "\xC3",
                                        "\xFF", "%", "'", "*=", "\t", "@a,@b:", "a.b."};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < sizeof fills / sizeof fills[0]; k++) {
            buf_clear(&raw);
            add(names[i]);
            add(": text/plain");
            add_times(fills[k], 70000 / strlen(fills[k]));
            add("\n\nHallo\n");
            struct mail *m = parsed(buf_text(&raw));
            assert_true(text_is_utf8(mail_text(m)) && text_is_utf8(mail_subject(m)));
            mail_free(&m);
        }
    }
}

static void html_that_nests_and_never_ends(void **state)
{
    (void)state;
    static const char *const fills[] = {"<div>", "<b>", "<a href=\"", "<!--", "<!", "</", "<script>", "</script", "&", "&#", "<table><tr><td>",
        "<blockquote>", "<pre> ", "<", "<a '", "&amp", "<li>"};
    for (size_t i = 0; i < sizeof fills / sizeof fills[0]; i++) {
        buf_clear(&raw);
        add("Content-Type: text/html\n\n");
        add_times(fills[i], 4000000 / strlen(fills[i]));
        struct mail *m = parsed(buf_text(&raw));
        assert_in_range(mail_text(m).n, 0, TEXT_LARGE_MAX);
        mail_free(&m);
    }
}

static void alternatives_at_every_level(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MAIL_DEPTH_MAX; i++) {
        assert_int_equal(buf_addf(&raw, "Content-Type: multipart/alternative; boundary=b%u\n\n--b%u\nContent-Type: text/html\n\n", i, i), 0);
        add_times("woord ", 20000);
        assert_int_equal(buf_addf(&raw, "\n--b%u\n", i), 0);
    }
    add("\nPlat.\n");
    struct mail *m = parsed(buf_text(&raw));
    same_text("alternatives", "text", mail_text(m), "Plat.");
    mail_free(&m);
}

static void large_attachments_cost_their_size(void **state)
{
    (void)state;
    add("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHallo\n--b\nContent-Type: image/jpeg; name=a.jpg\nContent-Transfer-Encoding: base64\n\n");
    add_times("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n", 500000);
    add("--b--\n");
    struct mail *m = parsed(buf_text(&raw));
    assert_int_equal(mail_parts_n(m), 1);
    assert_int_equal(mail_part_at(m, 0)->bytes.n, 500000 * 57);
    assert_memory_equal(mail_part_at(m, 0)->bytes.s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234ABC", 60);
    mail_free(&m);
}

#define LIMIT_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(too_large_is_refused),
        LIMIT_TEST(nested_200_deep),
        LIMIT_TEST(nested_as_deep_as_allowed),
        LIMIT_TEST(messages_in_messages),
        LIMIT_TEST(parts_100000),
        LIMIT_TEST(parts_8_million_of_words),
        LIMIT_TEST(one_boundary_for_every_level),
        LIMIT_TEST(almost_the_boundary),
        LIMIT_TEST(headers_of_30_megabytes),
        LIMIT_TEST(structured_headers),
        LIMIT_TEST(html_that_nests_and_never_ends),
        LIMIT_TEST(alternatives_at_every_level),
        LIMIT_TEST(large_attachments_cost_their_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
