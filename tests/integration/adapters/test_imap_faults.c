/* IMAP when things go wrong: Dovecot dies and comes back, the password is wrong, the mailbox may not be flagged or is another one by the same
 * name, a mail that the hub will not have, a server that has gone mad; and closing at any moment. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/id.h"
#include "mailbox.h"

static void killed_with_a_mail_in_the_hub(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    m->hold = true;
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    part_stop(&m->post.dovecot, SIGKILL);
    loop_turn(m->loop, 200);
    mailbox_answer(m, 0); /* on disk here; nobody is there to be told */
    loop_turn(m->loop, 200);
    post_dovecot(&m->post);
    assert_true(mailbox_took(m, 2, 10000)); /* so it is offered again, and the store knows it by its source id */
    assert_string_equal(m->taken[1].subject, "one");
    assert_string_equal(m->taken[1].source_id, m->taken[0].source_id);
    m->hold = false;
    mailbox_answer(m, ERR_DUPLICATE);
    assert_true(mailbox_took(m, 3, 10000));
    assert_string_equal(m->taken[2].subject, "two");
    assert_true(mailbox_flagged(m, "KEYWORD $Loket SEEN", 2, 5000));
}

static void killed_while_the_hub_thinks(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    m->hold = true;
    mailbox_open(m);
    assert_true(mailbox_took(m, 1, 10000));
    part_stop(&m->post.dovecot, SIGKILL);
    post_dovecot(&m->post);
    loop_turn(m->loop, 3000); /* back, and still one at a time */
    assert_int_equal(m->taken_n, 1);
    m->hold = false;
    mailbox_answer(m, 0); /* of a connection that is gone: nothing is flagged for it */
    assert_true(mailbox_took(m, 2, 10000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket SEEN", 1, 5000));
    assert_string_equal(m->taken[1].source_id, m->taken[0].source_id);
}

static void another_mailbox_by_the_same_name(void **state)
{
    struct mailbox *m = *state;
    struct buf b;
    char path[PATH_BYTES + 100];
    buf_init(&b, 1u << 20);
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    mailbox_deliver(m, "two", "second");
    mailbox_open(m);
    assert_true(mailbox_took(m, 2, 10000));
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 2, 5000));
    part_stop(&m->post.dovecot, SIGKILL);
    /* Restored from a copy without its indexes, as administrators do: a new UIDVALIDITY, and UIDs from 1. */
    (void)snprintf(path, sizeof path, "%.300s/d/mail/%s", m->post.dir, USER);
    room_remove(path);
    post_place(&m->post, USER, 1, TEXT_LITERAL("From: a@example.org\nSubject: restored\nMessage-ID: <r1@example.org>\n\nx\n"));
    post_dovecot(&m->post);
    assert_true(mailbox_took(m, 3, 10000)); /* UID 1 once more, and another mail */
    assert_string_equal(m->taken[2].subject, "restored");
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 1, 5000));
    buf_done(&b);
}

static bool two_tries(void *log)
{
    return file_count(log, "method=PLAIN") >= 2;
}

static void wrong_password_is_one_line_without_it(void **state)
{
    struct mailbox *m = *state;
    char log[PATH_BYTES + 32];
    struct stderr_kept kept;
    (void)snprintf(log, sizeof log, "%.400s/stderr", m->post.dir);
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    m->password = "geheim-wachtwoord";
    stderr_keep(log, &kept);
    mailbox_open(m);
    bool tried = loop_until(m->loop, two_tries, m->post.log, 20000);
    loop_turn(m->loop, 100);
    stderr_back(&kept);
    assert_true(tried);
    assert_int_equal(file_count(log, "\n"), 1);
    assert_int_equal(file_count(log, "ev=imap_away"), 1);
    assert_int_equal(file_count(log, "err=sign_in"), 1);
    assert_int_equal(file_count(log, "AUTHENTICATIONFAILED"), 1); /* the server's words */
    assert_int_equal(file_count(log, "again in "), 1);
    assert_int_equal(file_count(log, "geheim"), 0);
    assert_int_equal(file_count(log, USER), 0);
    assert_int_equal(m->taken_n, 0);
}

static void a_mailbox_that_may_not_be_flagged_is_left_alone(void **state)
{
    struct mailbox *m = *state;
    char acl[PATH_BYTES + 32], settings[PATH_BYTES + 200], log[PATH_BYTES + 32];
    struct stderr_kept kept;
    (void)snprintf(acl, sizeof acl, "%.400s/acl", m->post.dir);
    (void)snprintf(log, sizeof log, "%.400s/stderr", m->post.dir);
    file_write(acl, TEXT_LITERAL("* owner lrip\n* anyone lrip\n"));
    (void)snprintf(settings, sizeof settings, "mail_plugins = $mail_plugins acl\nplugin {\n  acl = vfile:%s\n}\n", acl);
    post_settings(&m->post, settings);
    post_dovecot(&m->post);
    mailbox_deliver(m, "one", "first");
    stderr_keep(log, &kept);
    mailbox_open(m);
    loop_turn(m->loop, 1500);
    stderr_back(&kept);
    assert_int_equal(m->taken_n, 0); /* it could never be confirmed, and would come again and again */
    assert_int_equal(file_count(log, "ev=imap_away"), 1);
    assert_int_equal(file_count(log, "may set no flags"), 1);
}

static void a_mail_the_hub_will_not_have(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "poison", "first");
    mailbox_deliver(m, "after", "second");
    m->fatal_subject = "poison";
    mailbox_open(m);
    assert_true(mailbox_took(m, 3, 10000)); /* poison, poison as raw source, after */
    assert_string_equal(m->taken[0].subject, "poison");
    assert_int_equal(m->taken[1].attachments_n, 1);
    assert_string_equal(m->taken[1].attachments[0].type, "message/rfc822");
    assert_true(m->taken[1].attachments[0].there);
    assert_false(m->taken[1].has_address);
    assert_string_equal(m->taken[1].source_id, m->taken[0].source_id);
    assert_string_equal(m->taken[2].subject, "after");
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 2, 5000));
}

static void a_mail_the_hub_will_not_have_at_all(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    mailbox_deliver(m, "poison", "first");
    mailbox_deliver(m, "after", "second");
    m->fatal_subject = "poison";
    m->fatal_raw = true;
    mailbox_open(m);
    assert_true(mailbox_took(m, 3, 10000));
    assert_string_equal(m->taken[2].subject, "after"); /* the others go on */
    assert_true(mailbox_flagged(m, "KEYWORD $Loket", 1, 5000));
    assert_int_equal(post_count(&m->post, USER, "UNSEEN UNKEYWORD $Loket SUBJECT poison"), 1); /* it stays */
}

static void closed_at_any_moment(void **state)
{
    struct mailbox *m = *state;
    post_dovecot(&m->post);
    for (int i = 0; i < 60; i++) {
        mailbox_deliver(m, "mail", "text");
    }
    for (int ms = 0; ms < 40; ms++) { /* while it looks up, signs in, selects, fetches, reads, waits for the hub, flags */
        m->hold = ms % 2;
        mailbox_open(m);
        loop_turn(m->loop, ms);
        imap_close(&m->source);
        assert_null(m->source);
        if (m->done) {
            mailbox_answer(m, ms % 4 == 1 ? ERR_CLOSED : ERR_BAD_FIELD); /* to nobody */
        }
        size_t n = m->taken_n;
        loop_turn(m->loop, 3);
        assert_int_equal(m->taken_n, n);
    }
}

/* --- servers that are none -------------------------------------------------------------------------------------------------------------------- */

#define GREETING "* OK [CAPABILITY IMAP4rev1] hello\r\n"

/* Signs anybody in; then answers each line with the next of @says; "%s" in it stands for the tag. NULL: hangs up. */
static pid_t server_start(const char *const *says, int *port, const char *heard_path)
{
    int listener = port_listen(port);
    pid_t pid = part_fork();
    if (pid != 0) {
        close(listener);
        return pid;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        FILE *f = fdopen(fd, "r+"), *heard = fopen(heard_path, "a");
        char line[2048], tag[64], answer[4096];
        (void)send(fd, GREETING, strlen(GREETING), MSG_NOSIGNAL);
        for (size_t i = 0; f && heard && fgets(line, sizeof line, f);) {
            bool ours = strstr(line, " CAPABILITY") == NULL && strstr(line, " LOGIN ") == NULL;
            (void)fputs(line, heard);
            (void)fflush(heard);
            (void)sscanf(line, "%63s", tag);
            if (ours && !says[i]) {
                break;
            }
            (void)snprintf(answer, sizeof answer, ours ? says[i++] : "* CAPABILITY IMAP4rev1\r\n%s OK\r\n", tag, tag, tag);
            (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        }
        (void)fclose(heard);
        (void)fclose(f);
    }
}

#define SELECTED "* FLAGS (\\Seen)\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] ok\r\n* OK [UIDVALIDITY 7] ok\r\n%s OK [READ-WRITE] done\r\n"
#define ONE_MAIL "* 1 FETCH (UID 5 RFC822.SIZE 29 BODY[]<0> {29}\r\nFrom: a@b.nl\r\nSubject: s\r\n\r\nx)\r\n%s OK done\r\n"

static void mad_servers(void **state)
{
    struct mailbox *m = *state;
    static const struct {
        const char *name, *says[12];
        size_t takes; /* how many mails come of it */
    } rows[] = {
        {"hangs up after the sign-in", {NULL}, 0},
        {"says BYE", {"* BYE go away\r\n"}, 0},
        {"refuses SELECT", {"%s NO no such mailbox\r\n"}, 0},
        {"speaks to somebody else", {"X99 OK what\r\n"}, 0},
        {"is no IMAP server after that", {"HTTP/1.1 200 OK\r\n\r\n"}, 0},
        {"finds what is no number", {SELECTED, "* SEARCH x 0 -1 99999999999999999999\r\n%s OK done\r\n", "%s OK\r\n", "* SEARCH\r\n%s OK\r\n"}, 0},
        {"announces more octets than were asked for", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", "* 1 FETCH (UID 5 BODY[]<0> {99999999}\r\n"}, 0},
        {"hangs up within a literal", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", "* 1 FETCH (UID 5 BODY[]<0> {100}\r\nabc", NULL}, 0},
        {"gives another mail", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", "* 1 FETCH (UID 6 BODY[]<0> {3}\r\nabc)\r\n%s OK\r\n"}, 0},
        {"does not give it out", {SELECTED, "* SEARCH 5 6\r\n%s OK\r\n", "%s NO broken\r\n", "%s NO broken\r\n"}, 0},
        {"will not flag at all", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", ONE_MAIL, "%s NO keyword\r\n", "%s NO flag\r\n"}, 1},
        {"keeps no keyword, in silence", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", ONE_MAIL, "* 1 FETCH (UID 5 FLAGS (\\Seen))\r\n%s OK done\r\n"}, 1},
        {"sends a short mail as a quoted string",
         {SELECTED, "* SEARCH 5\r\n%s OK\r\n", "* 1 FETCH (UID 5 BODY[]<0> \"Subject: \\\"q\\\"\" RFC822.SIZE 12)\r\n%s OK done\r\n", "%s OK\r\n"},
         1},
        {"sends a mail that is NIL", {SELECTED, "* SEARCH 5\r\n%s OK\r\n", "* 1 FETCH (UID 5 BODY[]<0> NIL)\r\n%s OK done\r\n", "%s OK\r\n"}, 1},
    };
    char heard[PATH_BYTES + 32], log[PATH_BYTES + 32];
    struct stderr_kept kept;
    (void)snprintf(log, sizeof log, "%.400s/stderr", m->post.dir);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int port;
        (void)snprintf(heard, sizeof heard, "%.400s/heard-%zu", m->post.dir, i);
        pid_t pid = server_start(rows[i].says, &port, heard);
        (void)snprintf(m->post.url, sizeof m->post.url, "imap://127.0.0.1:%d/INBOX", port);
        size_t before = m->taken_n;
        m->hold = false;
        stderr_keep(log, &kept);
        mailbox_open(m);
        bool took = rows[i].takes == 0 || mailbox_took(m, before + rows[i].takes, 5000);
        loop_turn(m->loop, 150);
        imap_close(&m->source);
        loop_turn(m->loop, 10);
        stderr_back(&kept);
        part_stop(&pid, SIGKILL);
        if (!took || m->taken_n != before + rows[i].takes || file_count(log, "\n") > 3) {
            fail_msg("a server that %s: %zu taken, %zu lines", rows[i].name, m->taken_n - before, file_count(log, "\n"));
        }
    }
}

/* Without TLS where TLS is required, not a word of the sign-in is said. */
static void no_password_without_tls(void **state)
{
    struct mailbox *m = *state;
    static const char *const says[] = {"%s OK\r\n", "%s OK\r\n", NULL};
    char heard[PATH_BYTES + 32];
    int port;
    (void)snprintf(heard, sizeof heard, "%.400s/heard", m->post.dir);
    pid_t pid = server_start(says, &port, heard);
    (void)snprintf(m->post.url, sizeof m->post.url, "imap://127.0.0.1:%d/INBOX", port);
    struct imap_config c = {.address = USER, .queue = "q", .url = m->post.url, .user = "name", .password = "geheim", .tls = TRANSFER_TLS_REQUIRED};
    struct stderr_kept kept;
    char log[PATH_BYTES + 32];
    (void)snprintf(log, sizeof log, "%.400s/stderr", m->post.dir);
    stderr_keep(log, &kept);
    assert_int_equal(imap_open(m->loop, m->transfers, m->files, &c, NULL, NULL, &m->source), 0);
    loop_turn(m->loop, 500);
    stderr_back(&kept);
    part_stop(&pid, SIGKILL);
    assert_int_equal(file_count(heard, "LOGIN"), 0);
    assert_int_equal(file_count(heard, "AUTHENTICATE"), 0);
    assert_int_equal(file_count(heard, "geheim"), 0);
    assert_int_equal(file_count(log, "ev=imap_away"), 1);
}

static void settings_that_cannot_be(void **state)
{
    struct mailbox *m = *state;
    static const char *const urls[] = {"", "http://h/INBOX", "imap://", "imap:///INBOX", "imap://h/a%0d%0ab", "imap://h/a%00b"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct imap_config c = {.address = USER, .queue = "q", .url = urls[i], .tls = TRANSFER_TLS_NONE};
        if (imap_open(m->loop, m->transfers, m->files, &c, NULL, NULL, &m->source) != ERR_BAD_CONFIG) {
            fail_msg("\"%s\"", urls[i]);
        }
        assert_null(m->source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settings_that_cannot_be, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(killed_with_a_mail_in_the_hub, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(killed_while_the_hub_thinks, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(another_mailbox_by_the_same_name, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(wrong_password_is_one_line_without_it, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(a_mailbox_that_may_not_be_flagged_is_left_alone, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(a_mail_the_hub_will_not_have, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(a_mail_the_hub_will_not_have_at_all, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(closed_at_any_moment, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(mad_servers, mailbox_setup, mailbox_teardown),
        cmocka_unit_test_setup_teardown(no_password_without_tls, mailbox_setup, mailbox_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
