/* What adapters/imap.h promises, on a real Dovecot: each mail once, in order, with everything that came with it, and flagged only when the hub
 * has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "mailbox.h"

static void taken_once_in_order(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    mailbox_open(m);
    assert_true(mailbox_took(m, 2, 10000));
    for (int i = 3; i <= 6; i++) { /* while it polls */
        char subject[16];
        (void)snprintf(subject, sizeof subject, "mail %d", i);
        mailbox_deliver(m, subject, "more");
    }
    assert_true(mailbox_took(m, 6, 10000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket SEEN", 6, 5000));
    loop_turn(m->loop, 300); /* several polls */
    assert_int_equal(m->taken_n, 6);
    assert_string_equal(m->taken[0].subject, "one");
    assert_string_equal(m->taken[0].text, "first");
    assert_string_equal(m->taken[0].address, "piet@example.org");
    assert_int_equal(m->taken[0].attachments_n, 0);
    assert_string_equal(m->taken[1].subject, "two");
    assert_string_equal(m->taken[5].subject, "mail 6");
    assert_false(m->taken[0].automatic);
}

static void not_flagged_before_the_hub_has_it(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    m->hold = true;
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    loop_turn(m->loop, 300);
    assert_int_equal(m->taken_n, 1); /* one at a time */
    assert_int_equal(post_count(&m->post, USER, "UNKEYWORD $Loket UNSEEN"), 2);
    mailbox_answer(m, 0);
    assert_true(mailbox_took(m, 2, 5000));
    assert_int_equal(post_count(&m->post, USER, "KEYWORD $Loket SEEN"), 1);
    assert_int_equal(post_count(&m->post, USER, "UNSEEN"), 1); /* fetching is not reading */
    mailbox_answer(m, ERR_DUPLICATE); /* known already: confirmed like any other */
    assert_true(mailbox_flagged(m, "KEYWORD $Loket SEEN", 2, 5000));
}

static void an_error_keeps_it_and_offers_it_again(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    m->answers[0] = ERR_STORE_AWAY;
    m->answers[1] = ERR_STORE_REFUSED;
    m->answers_n = 2;
    m->refuses = ERR_STORE_AWAY; /* and at first it does not even take it */
    mailbox_open(m);
    loop_turn(m->loop, 500);
    assert_int_equal(post_count(&m->post, USER, "UNKEYWORD $Loket UNSEEN"), 2);
    m->refuses = 0;
    assert_true(mailbox_took(m, 2, 10000));
    assert_int_equal(post_count(&m->post, USER, "UNKEYWORD $Loket UNSEEN"), 2);
    assert_true(mailbox_took(m, 4, 20000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket SEEN", 2, 5000));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(m->taken[i].subject, "one"); /* the order holds */
        assert_string_equal(m->taken[i].source_id, m->taken[0].source_id);
    }
    assert_string_equal(m->taken[3].subject, "two");
}

static void read_by_somebody_and_still_new(void **state)
{
    struct mailbox *m = *state;
    struct buf b;
    buf_init(&b, 1u << 20);
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    post_ask(&m->post, USER, "STORE 1 +FLAGS (\\Seen)", &b);
    assert_int_equal(post_count(&m->post, USER, "UNSEEN"), 0);
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 1, 5000));
    buf_done(&b);
}

/* Dovecot's ACL takes the right to set keywords away (RFC 4314: "w"); PERMANENTFLAGS is then (\Seen) alone. */
static void without_keywords(void **state)
{
    struct mailbox *m = *state;
    char acl[PATH_BYTES + 32], settings[PATH_BYTES + 200];
    struct buf b;
    buf_init(&b, 1u << 20);
    (void)snprintf(acl, sizeof acl, "%.400s/acl", m->post.dir);
    file_write(acl, TEXT_LITERAL("* owner lrsip\n* anyone lrsip\n"));
    (void)snprintf(settings, sizeof settings, "mail_plugins = $mail_plugins acl\nplugin {\n  acl = vfile:%s\n}\n", acl);
    post_settings(&m->post, settings);
    post_dovecot(&m->post);
    post_ask(&m->post, USER, "SELECT INBOX", &b);
    assert_non_null(strstr(b.data, "[PERMANENTFLAGS (\\Seen)]")); /* it is as meant */
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    m->hold = true;
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    assert_int_equal(post_count(&m->post, USER, "UNSEEN"), 2); /* here \Seen is all there is: set a moment too soon, it would lose the mail */
    mailbox_answer(m, 0);
    assert_true(mailbox_took(m, 2, 5000));
    m->hold = false;
    mailbox_answer(m, 0);
    assert_true(mailbox_flagged(m, "SEEN", 2, 5000));
    mailbox_deliver(m, "three", "third");
    assert_true(mailbox_took(m, 3, 5000));
    assert_true(mailbox_flagged(m, "SEEN", 3, 5000));
    assert_int_equal(post_count(&m->post, USER, "KEYWORD $Loket"), 0);
    imap_close(&m->source); /* and the next time it starts */
    mailbox_open(m);
    loop_turn(m->loop, 500);
    assert_int_equal(m->taken_n, 3);
    buf_done(&b);
}

static void attachments_are_on_disk_first(void **state)
{
    struct mailbox *m = *state;
    static const char mail[] = "From: a@example.org\r\nSubject: files\r\nMessage-ID: <f1@example.org>\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee the files.\r\n"
                               "--b\r\nContent-Type: application/pdf; name=\"../brief.pdf\"\r\nContent-Transfer-Encoding: base64\r\n"
                               "Content-Disposition: attachment; filename=\"../brief.pdf\"\r\n\r\naGFsbG8gd2VyZWxk\r\n"
                               "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n1;2\r\n--b--\r\n";
    post_dovecot(&m->post);
    post_deliver(&m->post, USER, TEXT_LITERAL(mail));
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    struct taken *t = &m->taken[0];
    assert_string_equal(t->text, "See the files.");
    assert_int_equal(t->attachments_n, 2);
    assert_null(strchr(t->attachments[0].name, '/'));
    assert_string_equal(t->attachments[0].type, "application/pdf");
    assert_int_equal(t->attachments[0].bytes, 12);
    assert_true(t->attachments[0].there && t->attachments[1].there);
    char path[4200];
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(files_path(m->files, text_of(t->attachments[0].hash), path, sizeof path), 0);
    assert_true(file_read(path, &b));
    assert_string_equal(b.data, "hallo wereld");
    buf_done(&b);
}

static void broken_mail_is_a_conversation_too(void **state)
{
    struct mailbox *m = *state;
    static const struct {
        const char *name, *mail, *words; /* NULL: none can be read, so the raw source is there */
    } rows[] = {
        {"no headers at all", "\x01\x02 no mail \xff\xfe at all", "no mail"},
        {"control characters alone", "\x01\x02\x03\x04", NULL},
        {"headers without a body", "From: <>\r\nSubject: \xe9\xe9\r\n\r\n", NULL},
        {"a multipart without parts", "Subject: x\r\nContent-Type: multipart/mixed; boundary=none\r\n\r\n", NULL},
        {"only what no program knows", "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n====\r\n", NULL},
    };
    post_dovecot(&m->post);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        post_place(&m->post, USER, (unsigned)i + 1, text_of(rows[i].mail));
    }
    post_place(&m->post, USER, 9, TEXT_LITERAL("")); /* not a byte */
    mailbox_open(m);
    assert_true(mailbox_took(m, 6, 10000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 6, 5000));
    for (size_t i = 0; i < 6; i++) {
        struct taken *t = &m->taken[i];
        const char *words = i < 5 ? rows[i].words : NULL;
        bool raw = t->attachments_n == 1 && t->attachments[0].there && strcmp(t->attachments[0].type, "message/rfc822") == 0;
        if (t->has_address || t->text_bytes == 0 || (words ? strstr(t->text, words) == NULL : !raw)) {
            fail_msg("%s: %zu attachments, \"%s\"", i < 5 ? rows[i].name : "an empty mail", t->attachments_n, t->text);
        }
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(t->source_id, m->taken[j].source_id);
        }
    }
}

/* What a mail says cannot be taken for what the server says. */
static void words_of_the_protocol_in_a_mail(void **state)
{
    struct mailbox *m = *state;
    char body[3000];
    size_t n = 0;
    for (int i = 1; i < 40; i++) {
        n += (size_t)snprintf(body + n, sizeof body - n, "L%d OK done\r\nA%03d OK done\r\n* BYE now\r\n* SEARCH 1 2 3\r\n)\r\n", i, i);
    }
    post_dovecot(&m->post);
    mailbox_deliver(m, "protocol", body);
    mailbox_deliver(m, "after", "it");
    mailbox_open(m);
    assert_true(mailbox_took(m, 2, 10000));
    assert_non_null(strstr(m->taken[0].text, "L39 OK done"));
    assert_non_null(strstr(m->taken[0].text, "A039 OK done\n* BYE now\n* SEARCH 1 2 3\n)"));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 2, 5000));
}

static struct text mail_with_file(struct buf *b, size_t content_bytes)
{
    buf_init(b, 80u << 20);
    assert_int_equal(buf_add_z(b, "From: a@example.org\r\nSubject: large\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n"
                                  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nWith a large file.\r\n"
                                  "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=x.bin\r\n\r\n"), 0);
    for (size_t i = 0; b->len < content_bytes; i++) {
        assert_int_equal(buf_addf(b, "line %060zu\r\n", i), 0);
    }
    assert_int_equal(buf_add_z(b, "\r\n--b--\r\n"), 0);
    return buf_text(b);
}

static void large_mail_comes_whole(void **state)
{
    struct mailbox *m = *state;
    struct buf b;
    post_dovecot(&m->post);
    struct text mail = mail_with_file(&b, (5u << 20) + 77); /* six commands */
    post_deliver(&m->post, USER, mail);
    /* One that ends where a chunk ends, with what Dovecot puts before it. */
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 20000));
    struct taken *t = &m->taken[0];
    assert_string_equal(t->text, "With a large file.");
    assert_int_equal(t->attachments_n, 1);
    char path[4200];
    struct buf got;
    buf_init(&got, 80u << 20);
    assert_int_equal(files_path(m->files, text_of(t->attachments[0].hash), path, sizeof path), 0);
    assert_true(file_read(path, &got));
    const char *from = strstr(mail.s, "line 0");
    assert_true(got.len >= (5u << 20) - 1000);
    assert_memory_equal(got.data, from, got.len);
    buf_done(&got);
    buf_done(&b);
}

static void mail_that_ends_with_a_chunk(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    for (unsigned i = 0; i < 3; i++) {
        struct buf b;
        size_t bytes = (1u << 20) * (i < 2 ? 1 : 2) + (i == 0 ? 0 : i == 1 ? 1 : 0);
        buf_init(&b, 8u << 20);
        assert_int_equal(buf_addf(&b, "From: a@example.org\nSubject: exact %u\nContent-Type: text/plain\nContent-Disposition: attachment\n\n", i), 0);
        /* Dovecot gives CRLF for each LF: five of them are in the headers. */
        while (b.len + 5 < bytes) {
            assert_int_equal(buf_add_byte(&b, 'x'), 0);
        }
        post_place(&m->post, USER, i + 1, buf_text(&b));
        buf_done(&b);
    }
    mailbox_open(m);
    assert_true(mailbox_took(m, 3, 20000));
    for (unsigned i = 0; i < 3; i++) {
        char subject[16];
        (void)snprintf(subject, sizeof subject, "exact %u", i);
        assert_string_equal(m->taken[i].subject, subject);
        assert_true(m->taken[i].attachments_n >= 1 && m->taken[i].attachments[0].bytes >= (1u << 20) - 200);
    }
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 3, 5000));
}

static void oversized_mail_is_not_lost(void **state)
{
    struct mailbox *m = *state;
    struct buf b;
    post_dovecot(&m->post);
    post_place(&m->post, USER, 1, mail_with_file(&b, 45u << 20));
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 20000));
    struct taken *t = &m->taken[0];
    assert_string_equal(t->subject, "large");
    assert_string_equal(t->address, "a@example.org");
    assert_non_null(strstr(t->text, "With a large file."));
    assert_non_null(strstr(t->text, USER ", UID 1.")); /* where the whole of it is */
    assert_int_equal(t->attachments_n, 1);
    assert_string_equal(t->attachments[0].type, "message/rfc822");
    assert_int_equal(t->attachments[0].bytes, 1u << 20);
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 1, 5000));
    buf_done(&b);
}

static void long_text_keeps_its_source(void **state)
{
    struct mailbox *m = *state;
    struct buf b;
    buf_init(&b, 1u << 20);
    assert_int_equal(buf_add_z(&b, "From: a@example.org\r\nSubject: long\r\n\r\n"), 0);
    for (int i = 0; i < 2000; i++) {
        assert_int_equal(buf_addf(&b, "%d: a line of a very long letter to the town hall, with \xc3\xa9.\r\n", i), 0);
    }
    post_dovecot(&m->post);
    post_deliver(&m->post, USER, buf_text(&b));
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    assert_in_range(m->taken[0].text_bytes, TEXT_LARGE_MAX - 2000, TEXT_LARGE_MAX);
    assert_int_equal(m->taken[0].attachments_n, 1);
    assert_string_equal(m->taken[0].attachments[0].type, "message/rfc822");
    assert_true(m->taken[0].attachments[0].bytes >= b.len);
    buf_done(&b);
}

static void automatic_mail_is_marked(void **state)
{
    struct mailbox *m = *state;
    static const struct {
        const char *mail;
        bool automatic;
    } rows[] = {
        {"From: a@example.org\r\nSubject: 0\r\n\r\nx\r\n", false},
        {"From: a@example.org\r\nSubject: 1\r\nAuto-Submitted: auto-replied\r\n\r\nx\r\n", true},
        {"From: Balie <BALIE@example.net>\r\nSubject: 2\r\n\r\nour own\r\n", true},
        {"From: a@example.org\r\nSubject: 3\r\nReply-To: Other <b@example.org>\r\n\r\nx\r\n", false},
    };
    post_dovecot(&m->post);
    for (size_t i = 0; i < 4; i++) {
        post_deliver(&m->post, USER, text_of(rows[i].mail));
    }
    mailbox_open(m);
    assert_true(mailbox_took(m, 4, 10000));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(m->taken[i].automatic, rows[i].automatic);
    }
    assert_string_equal(m->taken[2].address, USER);
    assert_string_equal(m->taken[3].address, "b@example.org");
}

static void thousands_in_batches(void **state)
{
    struct mailbox *m = *state;
    char mail[300];
    post_dovecot(&m->post);
    for (unsigned i = 1; i <= 1100; i++) {
        (void)snprintf(mail, sizeof mail, "From: a@example.org\nSubject: %u\nMessage-ID: <t%u@example.org>\n\nx\n", i, i);
        post_place(&m->post, USER, i, text_of(mail));
    }
    mailbox_open(m);
    assert_true(mailbox_took(m, 1100, 60000));
    for (unsigned i = 1; i <= 1100; i++) {
        assert_int_equal(atoi(m->taken[i - 1].subject), i);
    }
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 1100, 5000));
    loop_turn(m->loop, 200);
    assert_int_equal(m->taken_n, 1100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(taken_once_in_order, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(not_flagged_before_the_hub_has_it, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(an_error_keeps_it_and_offers_it_again, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(read_by_somebody_and_still_new, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(without_keywords, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(attachments_are_on_disk_first, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(broken_mail_is_a_conversation_too, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(words_of_the_protocol_in_a_mail, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(large_mail_comes_whole, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(mail_that_ends_with_a_chunk, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(oversized_mail_is_not_lost, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(long_text_keeps_its_source, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(automatic_mail_is_marked, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(thousands_in_batches, mailbox_setup, mailbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
