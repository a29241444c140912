/* A redis-server of our own: unix socket in a private folder, append-only file, fsync as configured (always by default). A child that dies is started again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/aof.h"
#include "store/store_internal.h"

#define SERVER_AGAIN_MIN_MS 100
#define SERVER_AGAIN_MAX_MS 2000
#define SERVER_STOP_MS 10000
/* What can lie in the file without having been synced: with `always` what Redis wrote in one turn, the answers of one burst of ours; else what it wrote in the
 * two seconds before. */
#define SERVER_TORN_ALWAYS_BYTES_MAX (16u << 20)
#define SERVER_TORN_BYTES_MAX (256u << 20)

struct store_server {
    struct loop *loop;
    struct loop_child *child;
    struct loop_timer *again;
    int64_t wait_ms, started_ms;
    char dir[4096], socket[108], fsync[16];
    bool stopping;
};

static void server_run(void *ctx);

static void server_exited(void *ctx, int64_t status, int signum)
{
    struct store_server *v = ctx;
    loop_child_free(&v->child);
    if (v->stopping) {
        return;
    }
    if (status == 127) {
        log_event(LOG_ERROR, "redis_missing", "remedy=\"install the package redis-server, or set redis.url\"");
    }
    v->wait_ms = loop_now_ms(v->loop) - v->started_ms > 5000 ? SERVER_AGAIN_MIN_MS : v->wait_ms * 2 > SERVER_AGAIN_MAX_MS ? SERVER_AGAIN_MAX_MS : v->wait_ms * 2;
    log_event(LOG_WARN, "redis_ended", "status=%lld signal=%d next=\"started again in %lld ms\"", (long long)status, signum, (long long)v->wait_ms);
    loop_timer_start(v->again, v->wait_ms, 0);
}

/* A former server (its broker was killed) may still be writing its last: two on one append-only file would destroy it. Its pid file tells. */
static bool former_lives(struct store_server *v)
{
    char path[4200], line[32] = "", link[64], target[4200];
    (void)snprintf(path, sizeof path, "%s/redis.pid", v->dir);
    FILE *f = fopen(path, "re");
    if (!f) {
        return false;
    }
    char *got = fgets(line, sizeof line, f);
    fclose(f);
    long pid = got ? strtol(line, NULL, 10) : 0;
    if (pid <= 1) {
        return false;
    }
    /* The number may have been given to another program since, another's redis-server too: ours has its home in this folder. */
    (void)snprintf(link, sizeof link, "/proc/%ld/exe", pid);
    ssize_t n = readlink(link, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    if (!strstr(target, "redis")) {
        return false;
    }
    struct stat home, dir;
    (void)snprintf(link, sizeof link, "/proc/%ld/cwd", pid);
    if (stat(link, &home) != 0 || stat(v->dir, &dir) != 0 || home.st_dev != dir.st_dev || home.st_ino != dir.st_ino) {
        return false;
    }
    kill((pid_t)pid, SIGTERM);
    return true;
}

static void server_run(void *ctx)
{
    struct store_server *v = ctx;
    (void)unlink(v->socket); /* before a former server is told to end: its last moments are not for us to connect to */
    if (former_lives(v)) {
        log_event(LOG_INFO, "redis_former", "next=\"waiting for it to end\"");
        loop_timer_start(v->again, 200, 0);
        return;
    }
    char pid[4200];
    (void)snprintf(pid, sizeof pid, "%s/redis.pid", v->dir);
    const char *argv[] = {"redis-server", "--port", "0", "--unixsocket", v->socket, "--unixsocketperm", "700", "--dir", v->dir, "--appendonly", "yes",
                          "--appendfsync", v->fsync, "--save", "", "--daemonize", "no", "--pidfile", pid, "--loglevel", "warning", "--maxmemory-policy",
                          "noeviction", "--aof-load-truncated", "yes", "--no-appendfsync-on-rewrite", "no", "--timeout", "0", NULL};
    (void)!aof_mend(v->dir, strcmp(v->fsync, "always") == 0 ? SERVER_TORN_ALWAYS_BYTES_MAX : SERVER_TORN_BYTES_MAX); /* logged; Redis then says no itself */
    v->started_ms = loop_now_ms(v->loop);
    int err = loop_child_start(v->loop, argv, server_exited, v, &v->child);
    if (err) {
        log_event(LOG_ERROR, "redis_start", "err=%s next=\"again in %d ms\"", err_name(err), SERVER_AGAIN_MAX_MS);
        loop_timer_start(v->again, SERVER_AGAIN_MAX_MS, 0);
    }
}

/* A socket's path has at most 107 bytes: a deep data folder gets its socket in a private folder of /tmp or $XDG_RUNTIME_DIR, named after the folder's identity. */
static int socket_path(struct store_server *v)
{
    if (snprintf(v->socket, sizeof v->socket, "%s/redis.sock", v->dir) < (int)sizeof v->socket) {
        return 0;
    }
    struct stat st;
    const char *run = getenv("XDG_RUNTIME_DIR");
    if (stat(v->dir, &st) != 0) {
        return ERR_IO;
    }
    int n = snprintf(v->socket, sizeof v->socket, "%s/loket-%u-%llx-%llx", run && strlen(run) < 40 ? run : "/tmp", (unsigned)getuid(),
                     (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    if (n < 0 || n > 90 || (mkdir(v->socket, 0700) != 0 && errno != EEXIST)) {
        return ERR_IO;
    }
    if (lstat(v->socket, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077)) {
        log_event(LOG_ERROR, "redis_socket", "folder=\"%s\" remedy=\"remove it: it belongs to somebody else\"", v->socket);
        return ERR_IO;
    }
    (void)snprintf(v->socket + n, sizeof v->socket - (size_t)n, "/redis.sock");
    return 0;
}

int server_start(struct loop *l, const struct store_config *c, struct store_server **out, char url[512])
{
    struct store_server *v = calloc(1, sizeof *v);
    if (!v) {
        return ERR_MEMORY;
    }
    v->loop = l;
    v->wait_ms = SERVER_AGAIN_MIN_MS;
    (void)snprintf(v->fsync, sizeof v->fsync, "%s", c->redis_fsync ? c->redis_fsync : "always");
    int err = snprintf(v->dir, sizeof v->dir, "%s/redis", c->data_dir) < (int)sizeof v->dir ? 0 : ERR_TOO_LARGE;
    if (!err && mkdir(v->dir, 0700) != 0 && errno != EEXIST) {
        log_event(LOG_ERROR, "redis_folder", "folder=\"%s\" why=\"%s\" remedy=\"name another with `data:`\"", v->dir, strerror(errno));
        err = ERR_IO;
    }
    err = err ? err : socket_path(v);
    err = err ? err : loop_timer_new(l, server_run, v, &v->again);
    if (err) {
        free(v);
        return err;
    }
    (void)snprintf(url, 512, "unix://%s", v->socket);
    server_run(v);
    *out = v;
    return 0;
}

void server_stop(struct store_server **server)
{
    struct store_server *v = *server;
    if (!v) {
        return;
    }
    v->stopping = true;
    loop_timer_free(&v->again);
    if (v->child) {
        int pid = loop_child_pid(v->child), status;
        loop_child_kill(v->child, SIGTERM);
        /* The loop has stopped: wait here, looking every 10 ms. */
        for (int waited = 0; pid > 0 && waitpid(pid, &status, WNOHANG) == 0; waited += 10) {
            if (waited == SERVER_STOP_MS) {
                log_event(LOG_WARN, "redis_stop", "next=\"killed: it did not end within %d ms\"", SERVER_STOP_MS);
                loop_child_kill(v->child, SIGKILL);
            }
            usleep(10000);
        }
        loop_child_free(&v->child);
    }
    free(v);
    *server = NULL;
}
