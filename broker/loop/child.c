/* Child processes. libuv cannot ask the kernel to end a child with its parent, so the child is started through a small shell-free step of
 * our own: fork, PR_SET_PDEATHSIG, exec. SIGCHLD comes through libuv. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "base/log.h"
#include "loop/loop.h"

struct loop_child {
    uv_signal_t uv;
    pid_t pid;
    void (*exited)(void *ctx, int64_t status, int signum);
    void *ctx;
};

static void child_look(uv_signal_t *uv, int signum)
{
    struct loop_child *c = uv->data;
    int status;
    (void)signum;
    if (c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == c->pid) {
        c->pid = 0;
        uv_signal_stop(&c->uv);
        c->exited(c->ctx, WIFEXITED(status) ? WEXITSTATUS(status) : 0, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
}

static _Noreturn void child_run(const char *const *argv, pid_t parent)
{
    sigset_t none;
    /* All signals are blocked until here: libuv's handlers would write into the parent's pipe what was meant for the child. */
    for (int signum = 1; signum < NSIG; signum++) {
        (void)signal(signum, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* Ctrl-C at the terminal is ours to handle, in order */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(127); /* we were already dead */
    }
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        dup2(null, 0);
    }
    (void)close_range(3, ~0u, 0); /* libcurl's sockets are not close-on-exec */
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

int loop_child_start(struct loop *l, const char *const *argv, void (*exited)(void *ctx, int64_t status, int signum), void *ctx,
                     struct loop_child **out)
{
    struct loop_child *c = calloc(1, sizeof *c);
    if (!c) {
        return ERR_MEMORY;
    }
    c->exited = exited;
    c->ctx = ctx;
    uv_signal_init(loop_uv(l), &c->uv);
    c->uv.data = c;
    uv_signal_start(&c->uv, child_look, SIGCHLD);
    pid_t parent = getpid();
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    c->pid = fork();
    if (c->pid == 0) {
        child_run(argv, parent);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (c->pid < 0) {
        c->pid = 0;
        loop_child_free(&c);
        return ERR_IO;
    }
    *out = c;
    return 0;
}

int loop_child_pid(const struct loop_child *c)
{
    return (int)c->pid;
}

void loop_child_kill(struct loop_child *c, int signum)
{
    if (c->pid > 0) {
        kill(c->pid, signum);
    }
}

static void child_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_child_free(struct loop_child **c)
{
    if (*c) {
        uv_close((uv_handle_t *)&(*c)->uv, child_closed);
        *c = NULL;
    }
}
