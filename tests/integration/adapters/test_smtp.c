/* adapters/smtp.h: through a real mail server into a real mailbox; and what an agent is told when it does not go so well. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/smtp.h"
#include "base/check.h"
#include "base/id.h"
#include "channels/email/mail_parse.h"
#include "cmocka_all.h"
#include "post.h"

struct bench {
    struct post post;
    struct loop *loop;
    struct transfers *transfers;
    char url[PATH_BYTES];
    const char *user, *password;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    post_make(&b->post, "smtp");
    (void)snprintf(b->url, sizeof b->url, "smtp://127.0.0.1:%d", b->post.smtp);
    CHECK(loop_new(&b->loop) == 0 && transfers_new(b->loop, &b->transfers) == 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    transfers_free(&b->transfers);
    loop_free(&b->loop);
    post_done(&b->post);
    free(b);
    return 0;
}

struct outcome {
    int came;
    enum outbound_fate fate;
    char reason[TEXT_LINE_MAX + 1];
};

static void came(void *ctx, const struct outbound_result *r)
{
    struct outcome *o = ctx;
    o->came++;
    o->fate = r->fate;
    assert_non_null(r->provider_id);
    (void)snprintf(o->reason, sizeof o->reason, "%s", r->reason);
}

static bool has_come(void *ctx)
{
    return ((struct outcome *)ctx)->came > 0;
}

#define WORDS "Beste mevrouw, \xe2\x82\xac 12,50 is terugbetaald.\n.\n..zo begint een regel\nFrom here on\n\xc3\xa9\xc3\xa9n \xf0\x9f\x99\x82"

static struct outcome send_to(struct bench *b, const char *address, const char *message_id)
{
    struct smtp_config c = {.address = "balie@example.net", .name = "Gemeente Voorbeeld", .url = b->url, .user = b->user, .password = b->password,
                            .tls = TRANSFER_TLS_NONE};
    struct outbound out = {.channel = "email",
                           .conversation = TEXT_LITERAL("c1"),
                           .seq = 2,
                           .address = text_of(address),
                           .resident_name = TEXT_LITERAL("P. \xc3\x89"),
                           .text = TEXT_LITERAL(WORDS),
                           .agent_name = TEXT_LITERAL("Anna"),
                           .subject = TEXT_LITERAL("Terugbetaling \xe2\x82\xac"),
                           .message_id = text_of(message_id),
                           .in_reply_to = TEXT_LITERAL("theirs@example.org"),
                           .references = TEXT_LITERAL("first@example.org theirs@example.org"),
                           .date_ms = 1700000000000};
    struct outcome o = {0};
    assert_int_equal(smtp_send(b->transfers, &c, &out, came, &o), 0);
    assert_int_equal(o.came, 0);
    assert_true(loop_until(b->loop, has_come, &o, 20000));
    loop_turn(b->loop, 10);
    assert_int_equal(o.came, 1);
    return o;
}

static void arrives(struct bench *b, const char *user, const char *message_id)
{
    char criteria[300];
    (void)snprintf(criteria, sizeof criteria, "HEADER Message-ID %s", message_id);
    for (int64_t end = clock_mono_ms() + 15000; post_count(&b->post, user, criteria) != 1; usleep(50000)) {
        assert_true(clock_mono_ms() < end);
    }
}

static void sent_and_arrived(void **state)
{
    struct bench *b = *state;
    post_dovecot(&b->post);
    post_mta(&b->post);
    struct outcome o = send_to(b, "piet@example.org", "c1.2@example.net");
    assert_int_equal(o.fate, OUTBOUND_SENT);
    assert_string_equal(o.reason, "");
    arrives(b, "piet@example.org", "c1.2@example.net");
    struct buf raw;
    struct mail *mail;
    struct text references[INBOUND_REFERENCES_MAX];
    buf_init(&raw, 1u << 20);
    post_ask(&b->post, "piet@example.org", "FETCH 1 BODY.PEEK[]", &raw);
    const char *start = strchr(raw.data, '\n') + 1, *end = strstr(start, "\r\n)\r\nc OK");
    assert_non_null(end);
    assert_int_equal(mail_parse((struct text){start, (size_t)(end + 2 - start)}, &mail), 0);
    assert_true(text_is(mail_text(mail), WORDS));
    assert_true(text_is(mail_subject(mail), "Re: Terugbetaling \xe2\x82\xac"));
    assert_true(text_is(mail_from(mail), "balie@example.net"));
    assert_true(text_is(mail_message_id(mail), "c1.2@example.net"));
    assert_int_equal(mail_references(mail, references), 2);
    assert_true(text_is(references[0], "theirs@example.org"));
    mail_free(&mail);
    buf_done(&raw);
}

static void refused_with_the_servers_words(void **state)
{
    struct bench *b = *state;
    post_mta(&b->post);
    struct outcome o = send_to(b, "nobody@example.org", "c1.2@example.net");
    assert_int_equal(o.fate, OUTBOUND_REFUSED);
    assert_non_null(strstr(o.reason, "550"));
    assert_non_null(strstr(o.reason, "no such mailbox here"));
    o = send_to(b, "somebody@elsewhere.test", "c1.3@example.net");
    assert_int_equal(o.fate, OUTBOUND_REFUSED);
    assert_non_null(strstr(o.reason, "example domains alone"));
}

static void later_when_nobody_is_there(void **state)
{
    struct bench *b = *state;
    struct outcome o = send_to(b, "piet@example.org", "c1.2@example.net");
    assert_int_equal(o.fate, OUTBOUND_LATER);
    assert_true(o.reason[0] != '\0');
    post_dovecot(&b->post);
    post_mta(&b->post);
    o = send_to(b, "piet@example.org", "c1.2@example.net");
    assert_int_equal(o.fate, OUTBOUND_SENT);
    arrives(b, "piet@example.org", "c1.2@example.net");
}

/* --- a server that speaks just enough --------------------------------------------------------------------------------------------------------- */

struct manners {
    const char *name;
    const char *greeting, *helo, *mail, *rcpt, *data, *end; /* what is said at each; NULL: hangs up there */
    enum outbound_fate fate;
    const char *reason; /* part of it */
};

static bool silent; /* at QUIT */

static void serve(int fd, const struct manners *m)
{
    FILE *f = fdopen(fd, "r+");
    char line[2048];
    const char *answer = m->greeting;
    for (bool data = false; answer; ) {
        (void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
        do {
            if (!fgets(line, sizeof line, f)) {
                _exit(0);
            }
        } while (data && strcmp(line, ".\r\n") != 0);
        while (silent && strncmp(line, "QUIT", 4) == 0) {
            pause();
        }
        answer = data ? m->end
                 : strncmp(line, "EHLO", 4) == 0 ? m->helo
                 : strncmp(line, "MAIL", 4) == 0 ? m->mail
                 : strncmp(line, "RCPT", 4) == 0 ? m->rcpt
                 : strncmp(line, "DATA", 4) == 0 ? m->data
                 : strncmp(line, "AUTH", 4) == 0 ? "535 5.7.8 wrong, geheim is not it\r\n"
                 : strncmp(line, "QUIT", 4) == 0 ? "221 2.0.0 bye\r\n" : "502 what\r\n";
        data = !data && strncmp(line, "DATA", 4) == 0 && m->data && m->data[0] == '3';
    }
    _exit(0);
}

static void manners(void **state)
{
    struct bench *b = *state;
#define OK "250 ok\r\n"
#define HELLO "250-there\r\n250 8BITMIME\r\n"
    static const struct manners rows[] = {
        {"is well", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", OK, OUTBOUND_SENT, ""},
        {"hangs up at once", NULL, NULL, NULL, NULL, NULL, NULL, OUTBOUND_LATER, ""},
        {"is too busy", "421 4.3.2 too busy\r\n", NULL, NULL, NULL, NULL, NULL, OUTBOUND_LATER, "too busy"},
        {"hangs up after EHLO", "220 hi\r\n", NULL, NULL, NULL, NULL, NULL, OUTBOUND_LATER, ""},
        {"refuses the sender", "220 hi\r\n", HELLO, "550 5.7.1 not you\r\n", OK, "354 go\r\n", OK, OUTBOUND_REFUSED, "not you"},
        {"wants a sign-in", "220 hi\r\n", HELLO, "530 5.7.0 sign in first\r\n", OK, "354 go\r\n", OK, OUTBOUND_LATER, "sign in first"},
        {"refuses the recipient in two lines", "220 hi\r\n", HELLO, OK, "550-5.1.1 no such person\r\n550 5.1.1 in this town\r\n", "354 go\r\n", OK,
         OUTBOUND_REFUSED, "no such person 5.1.1 in this town"},
        {"greylists", "220 hi\r\n", HELLO, OK, "451 4.7.1 try later\r\n", "354 go\r\n", OK, OUTBOUND_LATER, "try later"},
        {"hangs up at the recipient", "220 hi\r\n", HELLO, OK, NULL, NULL, NULL, OUTBOUND_LATER, ""},
        {"refuses DATA", "220 hi\r\n", HELLO, OK, OK, "554 5.5.1 no\r\n", OK, OUTBOUND_REFUSED, "no"},
        {"refuses the words", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", "554 5.7.1 looks like spam\r\n", OUTBOUND_REFUSED, "looks like spam"},
        {"has a full disk after the words", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", "452 4.3.1 disk full\r\n", OUTBOUND_LATER, "disk full"},
        {"hangs up after the last dot", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", NULL, OUTBOUND_UNKNOWN, ""},
        {"asks for no password", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", OK, OUTBOUND_SENT, ""},
        {"does not know the password", "220 hi\r\n", "250-there\r\n250 AUTH PLAIN LOGIN\r\n", OK, OK, "354 go\r\n", OK, OUTBOUND_LATER, "wrong"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int port, listener = port_listen(&port);
        pid_t pid = part_fork();
        if (pid == 0) {
            serve(accept(listener, NULL, NULL), &rows[i]);
        }
        close(listener);
        (void)snprintf(b->url, sizeof b->url, "smtp://127.0.0.1:%d", port);
        b->user = strstr(rows[i].name, "password") ? "user" : NULL;
        b->password = b->user ? "geheim" : NULL;
        struct outcome o = send_to(b, "piet@example.org", "c1.2@example.net");
        part_stop(&pid, SIGKILL);
        if (o.fate != rows[i].fate || !strstr(o.reason, rows[i].reason) || strstr(o.reason, "geheim")) {
            fail_msg("a server that %s: fate %d, \"%s\"", rows[i].name, o.fate, o.reason);
        }
    }
}

/* libcurl says QUIT on the loop's thread, and waits for the answer. From a server that has fallen silent none comes. */
static void silent_at_quit(void **state)
{
    struct bench *b = *state;
    static const struct manners rows[] = {
        {"refuses and falls silent", "220 hi\r\n", HELLO, OK, "550 no\r\n", "354 go\r\n", OK, OUTBOUND_REFUSED, "no"},
        {"takes it and falls silent", "220 hi\r\n", HELLO, OK, OK, "354 go\r\n", OK, OUTBOUND_SENT, ""},
    };
    for (size_t i = 0; i < 2; i++) {
        int port, listener = port_listen(&port);
        pid_t pid = part_fork();
        if (pid == 0) {
            silent = true;
            serve(accept(listener, NULL, NULL), &rows[i]);
        }
        close(listener);
        (void)snprintf(b->url, sizeof b->url, "smtp://127.0.0.1:%d", port);
        int64_t from = clock_mono_ms();
        assert_int_equal(send_to(b, "piet@example.org", "c1.2@example.net").fate, rows[i].fate);
        assert_true(clock_mono_ms() - from < 3000);
        from = clock_mono_ms();
        transfers_free(&b->transfers);
        assert_true(clock_mono_ms() - from < 1000);
        assert_int_equal(transfers_new(b->loop, &b->transfers), 0);
        part_stop(&pid, SIGKILL);
    }
}

static void an_address_that_is_none(void **state)
{
    struct bench *b = *state;
    struct smtp_config c = {.address = "balie@example.net", .name = "G", .url = b->url, .tls = TRANSFER_TLS_NONE};
    struct outbound out = {.channel = "email", .conversation = TEXT_LITERAL("c1"), .seq = 2, .address = TEXT_LITERAL("a@b.nl>\r\nRCPT TO:<c@d.nl"),
                           .text = TEXT_LITERAL("x"), .message_id = TEXT_LITERAL("a@b"), .date_ms = 1};
    assert_int_equal(smtp_send(b->transfers, &c, &out, came, NULL), ERR_BAD_INPUT);
    char large[ADDRESS_MAX + 10];
    memset(large, 'a', sizeof large);
    out.address = (struct text){large, sizeof large};
    assert_int_equal(smtp_send(b->transfers, &c, &out, came, NULL), ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sent_and_arrived, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_with_the_servers_words, setup, teardown),
        cmocka_unit_test_setup_teardown(later_when_nobody_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(manners, setup, teardown),
        cmocka_unit_test_setup_teardown(silent_at_quit, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_that_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
