/* broker/loop/transfer.h against an HTTP server that does what the path says. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"
#include "loop/transfer.h"
#include "parts.h"

static void say(int fd, const char *words)
{
    (void)send(fd, words, strlen(words), MSG_NOSIGNAL);
}

static void serve(int fd)
{
    char request[70000], path[64] = "", method[16] = "";
    size_t n = 0;
    ssize_t got;
    while ((got = recv(fd, request + n, sizeof request - 1 - n, 0)) > 0) {
        n += (size_t)got;
        request[n] = '\0';
        char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
        if (end && (size_t)(end + 4 - request) + (length ? (size_t)atol(length + 16) : 0) <= n) {
            break;
        }
    }
    (void)sscanf(request, "%15s %63s", method, path);
    char answer[300];
    if (strcmp(path, "/echo") == 0) {
        char *body = strstr(request, "\r\n\r\n") + 4, *header = strstr(request, "X-Mine: ");
        (void)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(method) + 1 + strlen(body) + (header ? 4 : 0));
        say(fd, answer);
        say(fd, method);
        say(fd, " ");
        say(fd, body);
        say(fd, header ? "mine" : "");
    } else if (strcmp(path, "/404") == 0) {
        say(fd, "HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone");
    } else if (strcmp(path, "/large") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        memset(request, 'x', 60000);
        (void)send(fd, request, 60000, MSG_NOSIGNAL);
    } else if (strcmp(path, "/half") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    } else if (strcmp(path, "/hang") == 0) {
        while (recv(fd, request, sizeof request, 0) > 0) {
        }
    } /* "/cut": nothing at all */
    close(fd);
}

struct bench {
    struct loop *loop;
    struct transfers *transfers;
    int port;
    pid_t server;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    int listener = port_listen(&b->port);
    b->server = part_fork();
    if (b->server == 0) {
        (void)signal(SIGCHLD, SIG_IGN);
        for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
            if (fork() == 0) {
                serve(fd);
                _exit(0);
            }
        }
        _exit(1);
    }
    close(listener);
    CHECK(loop_new(&b->loop) == 0 && transfers_new(b->loop, &b->transfers) == 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    transfers_free(&b->transfers);
    loop_free(&b->loop);
    part_stop(&b->server, SIGKILL);
    free(b);
    return 0;
}

struct outcome {
    int came, err;
    long code;
    bool request_sent;
    char answer[200], why[200];
    struct bench *bench;
    struct outcome *next; /* started from within the callback */
    char url[100];
};

static void start(struct bench *b, struct outcome *o, const char *path, const char *body, int64_t deadline_ms);

static void came(void *ctx, const struct transfer_result *r)
{
    struct outcome *o = ctx;
    assert_non_null(r->why);
    o->came++;
    o->err = r->err;
    o->code = r->code;
    o->request_sent = r->request_sent;
    (void)snprintf(o->answer, sizeof o->answer, "%.*s", r->answer.n > 150 ? 150 : (int)r->answer.n, r->answer.s ? r->answer.s : "");
    (void)snprintf(o->why, sizeof o->why, "%s", r->why);
    if (o->next) {
        start(o->bench, o->next, "/echo", "second", 5000);
    }
}

static bool has_come(void *ctx)
{
    return ((struct outcome *)ctx)->came > 0;
}

static void start(struct bench *b, struct outcome *o, const char *path, const char *body, int64_t deadline_ms)
{
    const char *headers[] = {"X-Mine: yes", NULL};
    (void)snprintf(o->url, sizeof o->url, "http://127.0.0.1:%d%s", b->port, path);
    struct transfer_request r = {.url = o->url, .headers = headers, .body = text_of(body), .deadline_ms = deadline_ms, .answer_bytes_max = 10000};
    o->bench = b;
    assert_int_equal(transfer_start(b->transfers, &r, came, o), 0);
    assert_int_equal(o->came, 0); /* never before return */
}

static void outcomes(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *path, *body;
        int64_t deadline_ms;
        int err;
        long code;
        bool request_sent;
        const char *answer;
    } rows[] = {
        {"/echo", NULL, 5000, 0, 200, true, "GET mine"},       {"/echo", "hello", 5000, 0, 200, true, "POST hellomine"},
        {"/echo", "", 5000, 0, 200, true, "POST mine"},        {"/404", NULL, 5000, 0, 404, true, "none"},
        {"/large", NULL, 5000, ERR_TOO_LARGE, 200, true, NULL}, {"/half", NULL, 5000, ERR_REMOTE, 200, true, "half"},
        {"/cut", NULL, 5000, ERR_IO, 0, true, ""},             {"/hang", NULL, 300, ERR_TIMEOUT, 0, true, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome o = {0};
        start(b, &o, rows[i].path, rows[i].body, rows[i].deadline_ms);
        bool there = loop_until(b->loop, has_come, &o, 10000);
        loop_turn(b->loop, 5);
        if (!there || o.came != 1 || o.err != rows[i].err || o.code != rows[i].code || o.request_sent != rows[i].request_sent ||
            (rows[i].answer && strcmp(o.answer, rows[i].answer) != 0)) {
            fail_msg("%s %s: came %d, %s, code %ld, sent %d, \"%s\", why \"%s\"", rows[i].path, rows[i].body ? rows[i].body : "", o.came,
                     err_name(o.err), o.code, o.request_sent, o.answer, o.why);
        }
    }
}

static void nobody_there(void **state)
{
    struct bench *b = *state;
    struct outcome o = {0};
    part_stop(&b->server, SIGKILL);
    start(b, &o, "/echo", "x", 5000);
    assert_true(loop_until(b->loop, has_come, &o, 10000));
    assert_int_equal(o.err, ERR_IO);
    assert_false(o.request_sent);
    assert_true(o.why[0] != '\0');
}

static void callbacks_start_others(void **state)
{
    struct bench *b = *state;
    struct outcome second = {0}, first = {.next = &second};
    start(b, &first, "/echo", "first", 5000);
    assert_true(loop_until(b->loop, has_come, &second, 10000));
    assert_int_equal(first.came, 1);
    assert_string_equal(second.answer, "POST secondmine");
}

static bool all_came(void *ctx)
{
    struct outcome *o = ctx;
    for (int i = 0; i < 200; i++) {
        if (!o[i].came) {
            return false;
        }
    }
    return true;
}

static void many_at_once(void **state)
{
    struct bench *b = *state;
    static struct outcome o[200];
    memset(o, 0, sizeof o);
    for (int i = 0; i < 200; i++) {
        start(b, &o[i], i % 4 == 3 ? "/cut" : "/echo", "x", 20000);
    }
    assert_true(loop_until(b->loop, all_came, o, 30000));
    for (int i = 0; i < 200; i++) {
        assert_int_equal(o[i].came, 1);
        assert_int_equal(o[i].err, i % 4 == 3 ? ERR_IO : 0);
    }
}

static void closed_while_they_run(void **state)
{
    struct bench *b = *state;
    struct outcome o[20] = {{0}}, never = {0};
    for (int i = 0; i < 20; i++) {
        start(b, &o[i], "/hang", NULL, 60000);
    }
    o[0].next = NULL;
    loop_turn(b->loop, 100);
    start(b, &never, "/echo", NULL, 60000); /* and one that has not begun */
    transfers_free(&b->transfers);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(o[i].came, 1);
        assert_int_equal(o[i].err, ERR_CLOSED);
        assert_true(o[i].request_sent);
    }
    assert_int_equal(never.err, ERR_CLOSED);
    assert_false(never.request_sent);
    loop_turn(b->loop, 50);
    assert_int_equal(o[5].came, 1);
}

static void what_cannot_stand_in_an_envelope(void **state)
{
    struct bench *b = *state;
    static const char *const bad[] = {"a@b\r\nRCPT TO:<c@d>", "a@b>", "<a@b", "a b@c", "a@b\n", "\x7f@b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *to[] = {"ok@example.org", bad[i], NULL}, *good[] = {"ok@example.org", NULL};
        struct transfer_request r = {.url = "smtp://127.0.0.1:1",
                                     .mail_from = "a@b.nl",
                                     .mail_to = to,
                                     .body = TEXT_LITERAL("x"),
                                     .deadline_ms = 1000,
                                     .answer_bytes_max = 10};
        assert_int_equal(transfer_start(b->transfers, &r, came, NULL), ERR_BAD_INPUT);
        r.mail_to = good;
        r.mail_from = bad[i];
        assert_int_equal(transfer_start(b->transfers, &r, came, NULL), ERR_BAD_INPUT);
    }
}

/* A certificate that nobody has signed: refused when TLS is required, also on loopback; taken on loopback by who says so. */
static void certificates_are_verified(void **state)
{
    struct bench *b = *state;
    char room[PATH_BYTES], key[PATH_BYTES + 16], cert[PATH_BYTES + 16], log[PATH_BYTES + 16], text[16];
    room_make("tls", room);
    (void)snprintf(key, sizeof key, "%s/key", room);
    (void)snprintf(cert, sizeof cert, "%s/cert", room);
    (void)snprintf(log, sizeof log, "%s/log", room);
    const char *make[] = {"openssl", "req",  "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                          key,       "-out", cert,    "-days",   "1",  "-subj",    "/CN=localhost",           NULL};
    pid_t pid = part_start(make, log);
    assert_true(part_ended_well(&pid, 10000));
    int port = port_free();
    (void)snprintf(text, sizeof text, "%d", port);
    const char *serve_it[] = {"openssl", "s_server", "-quiet", "-www", "-accept", text, "-key", key, "-cert", cert, NULL};
    pid = part_start(serve_it, log);
    port_await(port, 10000);
    struct outcome o[3] = {{0}};
    const enum transfer_tls tls[3] = {TRANSFER_TLS_REQUIRED, TRANSFER_TLS_NONE, TRANSFER_TLS_NONE};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(o[i].url, sizeof o[i].url, "https://localhost:%d/", port);
        struct transfer_request r = {.url = o[i].url, .tls = tls[i], .deadline_ms = 5000, .answer_bytes_max = 100000};
        assert_int_equal(transfer_start(b->transfers, &r, came, &o[i]), 0);
        assert_true(loop_until(b->loop, has_come, &o[i], 10000));
    }
    assert_int_equal(o[0].err, ERR_IO);
    assert_false(o[0].request_sent);
    assert_non_null(strstr(o[0].why, "certificate"));
    assert_int_equal(o[1].err, 0);
    assert_int_equal(o[1].code, 200);
    part_stop(&pid, SIGKILL);
    room_remove(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(outcomes, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_start_others, setup, teardown),
        cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(closed_while_they_run, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_stand_in_an_envelope, setup, teardown),
        cmocka_unit_test_setup_teardown(certificates_are_verified, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
