#include "post.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/check.h"

void post_make(struct post *p, const char *name)
{
    *p = (struct post){.dovecot = 0};
    room_make(name, p->dir);
    p->imap = port_free();
    p->lmtp = port_free();
    p->smtp = port_free();
    (void)snprintf(p->url, sizeof p->url, "imap://127.0.0.1:%d/INBOX", p->imap);
    (void)snprintf(p->log, sizeof p->log, "%.400s/d/dovecot.log", p->dir);
}

/* The script runs the first `dovecot` on the path: one of ours that adds settings and then runs the real one. */
void post_settings(struct post *p, const char *settings)
{
    char path[PATH_BYTES + 32], script[4096];
    (void)snprintf(path, sizeof path, "%.400s/bin", p->dir);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%.400s/bin/dovecot", p->dir);
    (void)snprintf(script, sizeof script, "#!/bin/sh\ncat >>%.400s/d/dovecot.conf <<'END'\n%s\nEND\nexec /usr/sbin/dovecot \"$@\"\n", p->dir,
                   settings);
    file_write(path, text_of(script));
    CHECK(chmod(path, 0700) == 0);
}

static pid_t script_start(struct post *p, const char *name, const char *room, const char *option, int port)
{
    char script[PATH_BYTES], dir[PATH_BYTES], log[PATH_BYTES], one[16], lmtp[16], path[4096 + PATH_BYTES];
    (void)snprintf(script, sizeof script, "%s/deploy/parts/%s", LOKET_ROOT, name);
    (void)snprintf(dir, sizeof dir, "%.400s/%s", p->dir, room);
    (void)snprintf(log, sizeof log, "%.400s/%s.out", p->dir, name);
    (void)snprintf(one, sizeof one, "%d", port);
    (void)snprintf(lmtp, sizeof lmtp, "%d", p->lmtp);
    (void)snprintf(path, sizeof path, "PATH=%.400s/bin:%.4000s:/usr/sbin", p->dir, getenv("PATH"));
    const char *argv[] = {"env", path, script, "--dir", dir, option, one, "--lmtp", lmtp, NULL};
    pid_t pid = part_start(argv, log);
    port_await(port, 20000);
    return pid;
}

void post_dovecot(struct post *p)
{
    p->dovecot = script_start(p, "dovecot", "d", "--imap", p->imap);
    port_await(p->lmtp, 20000);
}

void post_mta(struct post *p)
{
    p->mta = script_start(p, "mta", "m", "--smtp", p->smtp);
}

void post_done(struct post *p)
{
    part_stop(&p->mta, SIGTERM);
    part_stop(&p->dovecot, SIGTERM);
    room_remove(p->dir);
}

static int dial(int port)
{
    struct timeval wait = {.tv_sec = 20};
    int fd = port_connect(port);
    CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    return fd;
}

static void write_all(int fd, struct text bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.s, bytes.n, MSG_NOSIGNAL);
        CHECK(n > 0);
        bytes.s += n;
        bytes.n -= (size_t)n;
    }
}

/* Reads until a line begins with @start; true when it does and no line was too long to be looked at. */
static bool read_until(int fd, const char *start, struct buf *out)
{
    size_t at = out->len;
    char bytes[16384];
    for (;;) {
        for (const char *end; out->data && (end = memchr(out->data + at, '\n', out->len - at)); at = (size_t)(end - out->data) + 1) {
            if (strncmp(out->data + at, start, strlen(start)) == 0) {
                return true;
            }
        }
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n <= 0 || buf_add(out, bytes, (size_t)n)) {
            return false;
        }
    }
}

static void step(int fd, const char *line, const char *answer)
{
    struct buf b;
    buf_init(&b, 1u << 20);
    write_all(fd, text_of(line));
    CHECK(read_until(fd, answer, &b));
    buf_done(&b);
}

void post_deliver(struct post *p, const char *user, struct text mail)
{
    char to[300];
    int fd = dial(p->lmtp);
    (void)snprintf(to, sizeof to, "RCPT TO:<%.200s>\r\n", user);
    step(fd, "LHLO test\r\n", "250 ");
    step(fd, "MAIL FROM:<sender@example.net>\r\n", "250 ");
    step(fd, to, "250 ");
    step(fd, "DATA\r\n", "354 ");
    write_all(fd, mail); /* the caller's lines do not begin with a dot */
    step(fd, "\r\n.\r\n", "250 ");
    step(fd, "QUIT\r\n", "221 ");
    close(fd);
}

void post_place(struct post *p, const char *user, unsigned n, struct text mail)
{
    static const char *const folders[] = {"", "/cur", "/new", "/tmp"};
    char path[PATH_BYTES + 300];
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%.300s/d/mail/%.200s%s", p->dir, user, folders[i]);
        (void)mkdir(path, 0700);
    }
    (void)snprintf(path, sizeof path, "%.300s/d/mail/%.200s/new/1%09u.M0P%u.test", p->dir, user, n, n);
    file_write(path, mail);
}

void post_ask(struct post *p, const char *user, const char *command, struct buf *out)
{
    char line[600];
    int fd = dial(p->imap);
    (void)snprintf(line, sizeof line, "a LOGIN \"%s\" demo\r\n", user);
    step(fd, line, "a OK");
    step(fd, "b SELECT INBOX\r\n", "b OK");
    (void)snprintf(line, sizeof line, "c %s\r\n", command);
    write_all(fd, text_of(line));
    CHECK(read_until(fd, "c ", out));
    step(fd, "d LOGOUT\r\n", "d OK");
    close(fd);
}

size_t post_count(struct post *p, const char *user, const char *criteria)
{
    struct buf b;
    char command[300];
    size_t n = 0;
    buf_init(&b, 1u << 20);
    (void)snprintf(command, sizeof command, "UID SEARCH %s", criteria);
    post_ask(p, user, command, &b);
    const char *found = strstr(b.data, "* SEARCH");
    for (const char *c = found ? found + strlen("* SEARCH") : ""; *c == ' '; n++) {
        c += 1 + strspn(c + 1, "0123456789");
    }
    buf_done(&b);
    return n;
}
