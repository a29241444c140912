/* adapters/kannel.h: through a real Kannel to a phone that is faked and back, with delivery reports; and the queries in tables. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/kannel.h"
#include "base/check.h"
#include "base/id.h"
#include "cmocka_all.h"
#include "parts.h"

#define SECRET "s3cret"

struct bench {
    char dir[PATH_BYTES], hooks[PATH_BYTES], phone[PATH_BYTES], url[PATH_BYTES], hook_url[PATH_BYTES];
    int sendsms, smsc;
    pid_t kannel, hook;
    struct loop *loop;
    struct transfers *transfers;
    struct kannel_config config;
};

/* Where loketd would be: notes the target of each request in a file, a line each, and says 200. */
static void hook_serve(int listener, const char *path)
{
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char request[65536], target[65536];
        size_t n = 0;
        ssize_t got;
        while (n < sizeof request - 1 && (got = recv(fd, request + n, sizeof request - 1 - n, 0)) > 0) {
            n += (size_t)got;
            request[n] = '\0';
            if (strstr(request, "\r\n\r\n")) {
                break;
            }
        }
        if (n > 0 && sscanf(request, "GET %65535s", target) == 1) {
            FILE *f = fopen(path, "a");
            CHECK(f && fprintf(f, "%s\n", target) > 0 && fclose(f) == 0);
            (void)send(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 57, MSG_NOSIGNAL);
        }
    }
}

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    room_make("kannel", b->dir);
    (void)snprintf(b->hooks, sizeof b->hooks, "%.400s/hooks", b->dir);
    (void)snprintf(b->phone, sizeof b->phone, "%.400s/k/phone.log", b->dir);
    b->sendsms = port_free();
    b->smsc = port_free();
    int port, listener = port_listen(&port);
    b->hook = part_fork();
    if (b->hook == 0) {
        hook_serve(listener, b->hooks);
    }
    close(listener);
    (void)snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d/cgi-bin/sendsms", b->sendsms);
    (void)snprintf(b->hook_url, sizeof b->hook_url, "http://127.0.0.1:%d", port);
    b->config = (struct kannel_config){.number = "+3197010001", .queue = "burgerzaken", .url = b->url, .user = "loket", .password = "demo",
                                       .hook_url = b->hook_url, .hook_secret = SECRET};
    CHECK(loop_new(&b->loop) == 0 && transfers_new(b->loop, &b->transfers) == 0);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    transfers_free(&b->transfers);
    loop_free(&b->loop);
    part_stop(&b->kannel, SIGTERM);
    part_stop(&b->hook, SIGKILL);
    room_remove(b->dir);
    free(b);
    return 0;
}

/* smsbox opens its port before it has read who may use it: for some milliseconds it refuses everybody, or hangs up. It is there when it says
 * that a request without a receiver lacks one. */
static bool knows_its_users(struct bench *b)
{
    static const char request[] = "GET /cgi-bin/sendsms?username=loket&password=demo&text=x HTTP/1.0\r\n\r\n";
    char answer[1024];
    size_t n = 0;
    ssize_t got;
    int fd = port_connect(b->sendsms);
    if (fd < 0 || send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
        return false;
    }
    while (n < sizeof answer - 1 && (got = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0) {
        n += (size_t)got;
    }
    answer[n] = '\0';
    close(fd);
    return strstr(answer, "receiver") != NULL;
}

static void kannel_start(struct bench *b)
{
    char script[PATH_BYTES], dir[PATH_BYTES], log[PATH_BYTES], ports[4][16];
    (void)snprintf(script, sizeof script, "%s/deploy/parts/kannel", LOKET_ROOT);
    (void)snprintf(dir, sizeof dir, "%.400s/k", b->dir);
    (void)snprintf(log, sizeof log, "%.400s/kannel.out", b->dir);
    const int numbers[4] = {b->sendsms, b->smsc, port_free(), port_free()};
    for (int i = 0; i < 4; i++) {
        (void)snprintf(ports[i], sizeof ports[i], "%d", numbers[i]);
    }
    const char *argv[] = {script, "--dir", dir, "--sendsms", ports[0], "--smsc", ports[1], "--admin", ports[2], "--smsbox", ports[3],
                          "--hook-url", b->hook_url, "--hook-secret", SECRET, NULL};
    b->kannel = part_start(argv, log);
    for (int64_t end = clock_mono_ms() + 20000; !knows_its_users(b); usleep(10000)) {
        CHECK(clock_mono_ms() < end);
    }
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
    (void)snprintf(o->reason, sizeof o->reason, "%s", r->reason);
}

static bool has_come(void *ctx)
{
    return ((struct outcome *)ctx)->came > 0;
}

static void assert_sent(struct bench *b, struct outcome o)
{
    if (o.fate != OUTBOUND_SENT) {
        struct buf log;
        char path[PATH_BYTES];
        buf_init(&log, 1u << 20);
        (void)snprintf(path, sizeof path, "%.400s/k/smsbox.out", b->dir);
        (void)file_read(path, &log);
        fail_msg("fate %d, \"%s\"; smsbox: %.700s", o.fate, o.reason, log.data ? log.data : "");
    }
}

static struct outcome send_text(struct bench *b, uint64_t seq, const char *words)
{
    struct outbound out = {
        .channel = "sms", .conversation = TEXT_LITERAL("c-1"), .seq = seq, .address = TEXT_LITERAL("+31612345678"), .text = text_of(words)};
    struct outcome o = {0};
    assert_int_equal(kannel_send(b->transfers, &b->config, &out, came, &o), 0);
    assert_int_equal(o.came, 0);
    assert_true(loop_until(b->loop, has_come, &o, 20000));
    loop_turn(b->loop, 10);
    assert_int_equal(o.came, 1);
    return o;
}

static void await_words(const char *path, const char *words, size_t n)
{
    for (int64_t end = clock_mono_ms() + 15000; file_count(path, words) < n; usleep(20000)) {
        if (clock_mono_ms() >= end) {
            fail_msg("\"%s\" %zu of %zu times in %s", words, file_count(path, words), n, path);
        }
    }
}

/* What came to the hook: the query of line @nth that begins with @path, from the file, into @out; false: not there. */
static bool hook_query(struct bench *b, const char *path, const char *having, struct buf *out)
{
    struct buf all;
    buf_init(&all, 1u << 20);
    bool found = false;
    char *save, *line = file_read(b->hooks, &all) && all.data ? strtok_r(all.data, "\n", &save) : NULL;
    for (; line && !found; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, path, strlen(path)) == 0 && strstr(line, having)) {
            buf_clear(out);
            assert_int_equal(buf_add_z(out, strchr(line, '?') + 1), 0);
            found = true;
        }
    }
    buf_done(&all);
    return found;
}

static void sent_and_reported(void **state)
{
    struct bench *b = *state;
    struct buf query, room;
    struct kannel_report report;
    kannel_start(b);
    struct outcome o = send_text(b, 7, "Hallo & welkom? 100% = #1; a+b");
    assert_sent(b, o);
    await_words(b->phone, "welkom", 1);
    /* Kannel's own reports: 8 when the SMSC has it, and so on. */
    await_words(b->hooks, "/hook/sms/kannel/dlr?", 1);
    buf_init(&query, 65536);
    buf_init(&room, 65536);
    assert_true(hook_query(b, "/hook/sms/kannel/dlr?", "type=8", &query));
    assert_int_equal(kannel_delivery(&b->config, 1, buf_text(&query), &room, &report), 0);
    assert_true(text_is(report.conversation, "c-1"));
    assert_int_equal(report.seq, 7);
    assert_string_equal(report.state, "sent");
    buf_done(&query);
    buf_done(&room);
}

static void any_text_arrives(void **state)
{
    struct bench *b = *state;
    char words[1200];
    size_t n = 0;
    kannel_start(b);
    assert_sent(b, send_text(b, 2, "caf\xc3\xa9 \xe2\x82\xac 5 [ok]")); /* GSM 7 */
    for (int i = 0; n < 700; i++) { /* five messages */
        n += (size_t)snprintf(words + n, sizeof words - n, "word%03d ", i);
    }
    assert_sent(b, send_text(b, 3, words));
    assert_sent(b, send_text(b, 4, "\xce\xba\xce\xb1\xce\xbb\xce\xb7\xce\xbc\xce\xad\xcf\x81\xce\xb1 \xf0\x9f\x99\x82")); /* UCS-2 */
    await_words(b->phone, "+31612345678", 7);
    struct buf got;
    buf_init(&got, 1u << 20);
    assert_true(file_read(b->phone, &got));
    assert_non_null(strstr(got.data, " text caf\xc3\xa9 \xe2\x82\xac 5 [ok]>"));
    assert_non_null(strstr(got.data, " ucs-2 %03%BA%03%B1%03%BB%03%B7%03%BC%03%AD%03%C1%03%B1%00+%D8%3D%DEB>")); /* as fakesmsc prints UTF-16 */
    /* The parts, put together by the counts in their headers (TS 23.040, section 9.2.3.24.1), are the words; a blank shows as +. */
    char whole[1200] = "";
    for (int part = 1; part <= 5; part++) {
        char header[32];
        (void)snprintf(header, sizeof header, "%%05%%%02d data ", part);
        const char *from = strstr(got.data, header), *end = from ? strchr(from, '>') : NULL;
        assert_non_null(end);
        from += strlen(header);
        assert_int_equal(part < 5 ? end - from : 153, 153);
        strncat(whole, from, (size_t)(end - from));
    }
    for (char *c = whole; *c; c++) {
        *c = *c == '+' ? ' ' : *c;
    }
    assert_string_equal(whole, words);
    assert_int_equal(file_count(b->phone, "+31612345678"), 7); /* one, five, one */
    buf_done(&got);
    char *large = malloc(4000);
    memset(large, 'x', 3999);
    large[3999] = '\0';
    struct outbound out = {
        .channel = "sms", .conversation = TEXT_LITERAL("c"), .seq = 5, .address = TEXT_LITERAL("+31612345678"), .text = text_of(large)};
    assert_int_equal(kannel_send(b->transfers, &b->config, &out, came, NULL), ERR_TOO_LARGE); /* Kannel would send the beginning and say nothing */
    free(large);
}

static void refused_or_later(void **state)
{
    struct bench *b = *state;
    struct outcome o = send_text(b, 2, "x");
    assert_int_equal(o.fate, OUTBOUND_LATER); /* away */
    assert_true(o.reason[0] != '\0');
    kannel_start(b);
    b->config.password = "wrong-password";
    o = send_text(b, 2, "x");
    assert_int_equal(o.fate, OUTBOUND_REFUSED);
    assert_null(strstr(o.reason, "wrong-password"));
    assert_true(o.reason[0] != '\0');
    b->config.password = "demo";
    assert_sent(b, send_text(b, 2, "x"));
}

/* A peer that takes the request and says nothing, or something else. */
static void fates(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *answer;
        enum outbound_fate fate;
    } rows[] = {
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\n0", OUTBOUND_SENT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0", OUTBOUND_SENT},
        {"HTTP/1.1 400 Bad\r\nContent-Length: 7\r\n\r\nbad\001\xff!\n", OUTBOUND_REFUSED},
        {"HTTP/1.1 503 Wait\r\nContent-Length: 0\r\n\r\n", OUTBOUND_LATER},
        {"", OUTBOUND_UNKNOWN},
        {"HTTP/1.1 2", OUTBOUND_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int port, listener = port_listen(&port);
        pid_t pid = part_fork();
        if (pid == 0) {
            char request[8192];
            int fd = accept(listener, NULL, NULL);
            (void)!recv(fd, request, sizeof request, 0);
            (void)send(fd, rows[i].answer, strlen(rows[i].answer), MSG_NOSIGNAL);
            (void)shutdown(fd, SHUT_WR);
            _exit(0);
        }
        close(listener);
        (void)snprintf(b->url, sizeof b->url, "http://127.0.0.1:%d/x", port);
        struct outcome o = send_text(b, 2, "x");
        part_stop(&pid, SIGKILL);
        if (o.fate != rows[i].fate) {
            fail_msg("\"%s\": fate %d, \"%s\"", rows[i].answer, o.fate, o.reason);
        }
        for (const char *c = o.reason; *c; c++) {
            assert_in_range((unsigned char)*c, 0x20, 0x7e);
        }
    }
}

/* A text from a resident, by fakesmsc, bearerbox, smsbox and the hook, to what the adapter reads. */
static void a_resident_writes(void **state)
{
    struct bench *b = *state;
    struct buf query, room;
    struct inbound m;
    char port[16], log[PATH_BYTES];
    kannel_start(b);
    (void)snprintf(port, sizeof port, "%d", b->smsc);
    (void)snprintf(log, sizeof log, "%.400s/fakesmsc.out", b->dir);
    const char *argv[] = {
        "/usr/lib/kannel/test/fakesmsc", "-H", "127.0.0.1", "-r", port, "-m", "1", "+31687654321 +3197010001 text hallo %26 goedemorgen", NULL};
    pid_t pid = part_start(argv, log);
    await_words(b->hooks, "/hook/sms/kannel/in?", 1);
    buf_init(&query, 65536);
    buf_init(&room, 65536);
    assert_true(hook_query(b, "/hook/sms/kannel/in?", "", &query));
    assert_int_equal(kannel_inbound(&b->config, 1, buf_text(&query), &room, &m), 0);
    assert_true(text_is(m.channel, "sms"));
    assert_true(text_is(m.queue, "burgerzaken"));
    assert_true(text_is(m.address, "+31687654321"));
    assert_non_null(memmem(m.text.s, m.text.n, "goedemorgen", 11));
    assert_true(m.source_id.n >= 36); /* Kannel's UUID */
    part_stop(&pid, SIGTERM);
    buf_done(&query);
    buf_done(&room);
}

static void queries_in(void **state)
{
    struct bench *b = *state;
    struct kannel_config two[2] = {b->config, b->config};
    two[1].number = "+3197010002";
    two[1].queue = "belastingen";
    two[1].country = "31";
    static const struct {
        const char *query;
        int err;
        const char *text, *address, *queue;
    } rows[] = {
        {"key=s3cret&to=%2B3197010001&id=u1&from=%2B31612345678&text=hallo", 0, "hallo", "+31612345678", "burgerzaken"},
        {"key=s3cret&to=%2B3197010002&id=u1&from=0031612345678&text=a+b%20c%2Bd", 0, "a b c+d", "+31612345678", "belastingen"},
        {"key=s3cret&to=097010002&id=u1&from=0612345678&text=nationaal", 0, "nationaal", "+31612345678", "belastingen"},
        {"key=s3cret&to=%2B3197010001&id=u1&from=0612345678&text=x", 0, "x", "0612345678", "burgerzaken"},
        {"text=%E2%82%AC+%F0%9F%99%82&from=%2B31612345678&id=u1&to=3&key=s3cret", 0, "\xe2\x82\xac \xf0\x9f\x99\x82", "+31612345678", "burgerzaken"},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=", 0, "", "+31612345678", "burgerzaken"},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=100%&x=1", 0, "100%", "+31612345678", "burgerzaken"},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=a%zz%4", 0, "a%zz%4", "+31612345678", "burgerzaken"},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=a&text=b", 0, "a", "+31612345678", "burgerzaken"},
        {"", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"to=1&id=u1&from=%2B31612345678&text=hallo", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"key=&to=1&id=u1&from=%2B31612345678&text=hallo", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"key=s3cres&to=1&id=u1&from=%2B31612345678&text=hallo", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"key=s3cret0&to=1&id=u1&from=%2B31612345678&text=hallo", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"xkey=s3cret&to=1&id=u1&from=%2B31612345678&text=hallo", ERR_FORBIDDEN, NULL, NULL, NULL},
        {"key=s3cret&to=1&from=%2B31612345678&text=hallo", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=&from=%2B31612345678&text=hallo", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=u1&from=&text=hallo", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=u1&from=%2B3161234567890123&text=hallo", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=%ff", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"key=s3cret&to=1&id=u1&from=%2B31612345678&text=a%00b", ERR_BAD_INPUT, NULL, NULL, NULL},
        {"&&&=&key&", ERR_FORBIDDEN, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf room;
        struct inbound m;
        buf_init(&room, 1u << 20);
        size_t n = strlen(rows[i].query);
        char *exact = malloc(n + !n); /* of its very length: nothing past its end is read */
        memcpy(exact, rows[i].query, n);
        int err = kannel_inbound(two, 2, (struct text){exact, n}, &room, &m);
        if (err != rows[i].err ||
            (!err && (!text_is(m.text, rows[i].text) || !text_is(m.address, rows[i].address) || !text_is(m.queue, rows[i].queue)))) {
            fail_msg("%s: %s", rows[i].query, err_name(err));
        }
        free(exact);
        buf_done(&room);
    }
}

static void queries_of_reports(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *query;
        int err;
        const char *state, *reason;
    } rows[] = {
        {"key=s3cret&c=c-1&s=7&type=1&reason=x", 0, "delivered", NULL},
        {"key=s3cret&c=c-1&s=7&type=2&reason=id%3A1+stat%3AUNDELIV", 0, "failed", "id:1 stat:UNDELIV"},
        {"key=s3cret&c=c-1&s=7&type=16&reason=NACK%2F1025%2F", 0, "failed", "NACK/1025/"},
        {"key=s3cret&c=c-1&s=7&type=16&reason=%ff", 0, "failed", NULL},
        {"key=s3cret&c=c-1&s=7&type=4", 0, "sent", NULL},
        {"key=s3cret&c=c-1&s=7&type=8&reason=", 0, "sent", NULL},
        {"c=c-1&s=7&type=8", ERR_FORBIDDEN, NULL, NULL},
        {"key=s3crex&c=c-1&s=7&type=8", ERR_FORBIDDEN, NULL, NULL},
        {"key=s3cret&s=7&type=8", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=&s=7&type=8", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=c-1&s=0&type=8", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=c-1&s=-1&type=8", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=c-1&s=9007199254740992&type=8", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=c-1&s=7&type=x", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=c-1&s=7", ERR_BAD_INPUT, NULL, NULL},
        {"key=s3cret&c=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&s=7&type=1", ERR_BAD_INPUT, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf room;
        struct kannel_report r = {.seq = 0};
        buf_init(&room, 1u << 20);
        int err = kannel_delivery(&b->config, 1, text_of(rows[i].query), &room, &r);
        bool right = err == rows[i].err;
        if (right && !err) {
            right = strcmp(r.state, rows[i].state) == 0 && r.seq == 7 && text_is(r.conversation, "c-1") &&
                    (rows[i].reason ? text_is(r.reason, rows[i].reason) : r.reason.s == NULL);
        }
        if (!right) {
            fail_msg("%s: %s %s", rows[i].query, err_name(err), err ? "" : r.state);
        }
        buf_done(&room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(queries_in, setup, teardown),       cmocka_unit_test_setup_teardown(queries_of_reports, setup, teardown),
        cmocka_unit_test_setup_teardown(fates, setup, teardown),            cmocka_unit_test_setup_teardown(refused_or_later, setup, teardown),
        cmocka_unit_test_setup_teardown(sent_and_reported, setup, teardown), cmocka_unit_test_setup_teardown(any_text_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(a_resident_writes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
