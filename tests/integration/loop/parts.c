#include "parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"

void room_make(const char *name, char out[PATH_BYTES])
{
    (void)snprintf(out, PATH_BYTES, "/tmp/loket-%s-XXXXXX", name);
    CHECK(mkdtemp(out) != NULL);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    (void)remove(path); /* a program on its way out may still write: the next look removes that */
    return 0;
}

void room_remove(const char *dir)
{
    for (int tries = 0; access(dir, F_OK) == 0 && tries < 50; tries++) {
        (void)nftw(dir, remove_one, 32, FTW_DEPTH | FTW_PHYS);
    }
}

void file_write(const char *path, struct text bytes)
{
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fwrite(bytes.s, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
}

bool file_read(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    char bytes[65536];
    size_t n;
    while (f && (n = fread(bytes, 1, sizeof bytes, f)) > 0) {
        CHECK(buf_add(out, bytes, n) == 0);
    }
    return f && fclose(f) == 0;
}

size_t file_count(const char *path, const char *words)
{
    struct buf b;
    size_t n = 0;
    buf_init(&b, 64u << 20);
    if (file_read(path, &b) && b.data) {
        for (const char *at = strstr(b.data, words); at; at = strstr(at + 1, words)) {
            n++;
        }
    }
    buf_done(&b);
    return n;
}

static int listen_at(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)*port)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* so that another may listen there after us */
    if (fd >= 0 && (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&a, &n) != 0)) {
        close(fd);
        fd = -1;
    }
    *port = ntohs(a.sin_port);
    return fd;
}

int port_listen(int *port)
{
    *port = 0;
    int fd = listen_at(port);
    CHECK(fd >= 0);
    return fd;
}

/* Below the range from which the kernel gives ports to whoever asks for any (32768 and up): one of those was taken by another test or by a connection
 * going out, between the look and the use. Tests that run at the same time begin at places of their own. */
int port_free(void)
{
    static unsigned next;
    for (next = next ? next : 10000 + (unsigned)getpid() * 101 % 10000;; next = next < 20000 ? next + 1 : 10000) {
        int port = (int)next, fd = listen_at(&port);
        if (fd >= 0) {
            close(fd);
            next++;
            return port;
        }
    }
}

int port_connect(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void port_await(int port, int64_t deadline_ms)
{
    int64_t end = clock_mono_ms() + deadline_ms;
    int fd;
    while ((fd = port_connect(port)) < 0) {
        CHECK(clock_mono_ms() < end);
        usleep(10000);
    }
    close(fd);
}

pid_t part_fork(void)
{
    pid_t parent = getpid(), pid = fork();
    CHECK(pid >= 0);
    if (pid > 0) {
        setpgid(pid, pid);
        return pid;
    }
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(127);
    }
    return 0;
}

pid_t part_start(const char *const *argv, const char *log_path)
{
    pid_t pid = part_fork();
    if (pid == 0) {
        int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
        if (log < 0 || null < 0) {
            _exit(127);
        }
        dup2(null, 0);
        dup2(log, 1);
        dup2(log, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

void part_signal(pid_t pid, int signum)
{
    CHECK(pid > 0);
    (void)kill(-pid, signum);
}

bool part_ended_well(pid_t *pid, int64_t deadline_ms)
{
    int status = -1;
    for (int64_t end = clock_mono_ms() + deadline_ms; clock_mono_ms() < end; usleep(2000)) {
        if (waitpid(*pid, &status, WNOHANG) == *pid) {
            *pid = 0;
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
    }
    return false;
}

void part_stop(pid_t *pid, int signum)
{
    if (*pid > 0) {
        int64_t end = clock_mono_ms() + 10000;
        part_signal(*pid, signum);
        while (waitpid(*pid, NULL, WNOHANG) == 0) {
            if (clock_mono_ms() > end) {
                part_signal(*pid, SIGKILL);
            }
            usleep(2000);
        }
        part_signal(*pid, SIGKILL); /* what it left in its group */
    }
    *pid = 0;
}

struct until {
    struct loop *loop;
    bool (*so)(void *ctx);
    void *ctx;
    int64_t end_ms;
    bool is;
};

static void until_look(void *ctx)
{
    struct until *u = ctx;
    u->is = u->so && u->so(u->ctx);
    if (u->is || clock_mono_ms() >= u->end_ms) {
        loop_stop(u->loop);
    }
}

bool loop_until(struct loop *l, bool (*so)(void *ctx), void *ctx, int64_t deadline_ms)
{
    struct until u = {.loop = l, .so = so, .ctx = ctx, .end_ms = clock_mono_ms() + deadline_ms};
    struct loop_timer *timer;
    CHECK(loop_timer_new(l, until_look, &u, &timer) == 0);
    loop_timer_start(timer, 0, 2);
    loop_run(l);
    loop_timer_free(&timer);
    return u.is;
}

void loop_turn(struct loop *l, int64_t ms)
{
    (void)loop_until(l, NULL, NULL, ms);
}

void stderr_keep(const char *path, struct stderr_kept *k)
{
    (void)snprintf(k->path, sizeof k->path, "%s", path);
    fflush(stderr);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    k->fd = fcntl(2, F_DUPFD_CLOEXEC, 10);
    CHECK(file >= 0 && k->fd >= 0 && dup2(file, 2) == 2);
    close(file);
}

void stderr_back(struct stderr_kept *k)
{
    fflush(stderr);
    CHECK(dup2(k->fd, 2) == 2);
    close(k->fd);
}
