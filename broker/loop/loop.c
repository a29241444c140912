#include "loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "base/log.h"

#define LOOP_MAGIC 0x10091009u
#define LOOP_SIGNALS_MAX 8
#define LOOP_WORK_MAX 256

struct loop_signal_handler {
    uv_signal_t uv;
    void (*fire)(void *ctx, int signum);
    void *ctx;
};

struct loop {
    unsigned magic;
    uv_loop_t uv;
    struct loop_signal_handler *signals[LOOP_SIGNALS_MAX];
    size_t signals_n, work_n;
};

struct loop_timer {
    uv_timer_t uv;
    void (*fire)(void *ctx);
    void *ctx;
};

struct loop_idle { /* a check handle runs after the callbacks of a turn; the idle handle keeps the turn from sleeping */
    uv_check_t check;
    uv_idle_t idle;
    void (*fire)(void *ctx);
    void *ctx;
    int open;
};

int loop_new(struct loop **out)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l || uv_loop_init(&l->uv)) {
        free(l);
        return ERR_MEMORY;
    }
    l->magic = LOOP_MAGIC;
    *out = l;
    return 0;
}

static void close_free(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_free(struct loop **loop)
{
    struct loop *l = *loop;
    if (!l) {
        return;
    }
    MAGIC_CHECK(l, LOOP_MAGIC);
    for (size_t i = 0; i < l->signals_n; i++) {
        uv_close((uv_handle_t *)&l->signals[i]->uv, close_free);
    }
    uv_run(&l->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&l->uv)) {
        log_event(LOG_WARN, "loop_left", "why=\"a handle was not closed\"");
    }
    free(l);
    *loop = NULL;
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

int64_t loop_now_ms(const struct loop *l)
{
    return (int64_t)uv_now(&l->uv);
}

int64_t loop_wall_ms(const struct loop *l)
{
    (void)l;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* vDSO, no system call: as cheap as a copy of the turn's */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void *loop_uv(struct loop *l)
{
    return &l->uv;
}

static void timer_fire(uv_timer_t *uv)
{
    struct loop_timer *t = uv->data;
    t->fire(t->ctx);
}

int loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_timer **out)
{
    struct loop_timer *t = calloc(1, sizeof *t);
    if (!t) {
        return ERR_MEMORY;
    }
    uv_timer_init(&l->uv, &t->uv);
    t->uv.data = t;
    t->fire = fire;
    t->ctx = ctx;
    *out = t;
    return 0;
}

void loop_timer_start(struct loop_timer *t, int64_t delay_ms, int64_t repeat_ms)
{
    CHECK(delay_ms >= 0 && repeat_ms >= 0);
    uv_update_time(t->uv.loop);
    uv_timer_start(&t->uv, timer_fire, (uint64_t)delay_ms, (uint64_t)repeat_ms);
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->uv);
}

void loop_timer_free(struct loop_timer **t)
{
    if (*t) {
        uv_close((uv_handle_t *)&(*t)->uv, close_free);
        *t = NULL;
    }
}

static void idle_nothing(uv_idle_t *uv)
{
    (void)uv;
}

static void idle_fire(uv_check_t *uv)
{
    struct loop_idle *i = uv->data;
    uv_check_stop(&i->check);
    uv_idle_stop(&i->idle);
    i->fire(i->ctx);
}

int loop_idle_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_idle **out)
{
    struct loop_idle *i = calloc(1, sizeof *i);
    if (!i) {
        return ERR_MEMORY;
    }
    uv_check_init(&l->uv, &i->check);
    uv_idle_init(&l->uv, &i->idle);
    i->check.data = i->idle.data = i;
    i->fire = fire;
    i->ctx = ctx;
    i->open = 2;
    *out = i;
    return 0;
}

void loop_idle_arm(struct loop_idle *i)
{
    uv_check_start(&i->check, idle_fire);
    uv_idle_start(&i->idle, idle_nothing);
}

static void idle_closed(uv_handle_t *handle)
{
    struct loop_idle *i = handle->data;
    if (--i->open == 0) {
        free(i);
    }
}

void loop_idle_free(struct loop_idle **i)
{
    if (*i) {
        uv_close((uv_handle_t *)&(*i)->check, idle_closed);
        uv_close((uv_handle_t *)&(*i)->idle, idle_closed);
        *i = NULL;
    }
}

struct work {
    uv_work_t uv;
    struct loop *loop;
    void (*work)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
};

static void work_run(uv_work_t *uv)
{
    struct work *w = uv->data;
    w->work(w->ctx);
}

static void work_done(uv_work_t *uv, int status)
{
    struct work *w = uv->data;
    (void)status; /* never cancelled */
    w->loop->work_n--;
    w->done(w->ctx);
    free(w);
}

int loop_work(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx)
{
    if (l->work_n >= LOOP_WORK_MAX) {
        return ERR_FULL;
    }
    struct work *w = calloc(1, sizeof *w);
    if (!w) {
        return ERR_MEMORY;
    }
    *w = (struct work){.loop = l, .work = work, .done = done, .ctx = ctx};
    w->uv.data = w;
    if (uv_queue_work(&l->uv, &w->uv, work_run, work_done)) {
        free(w);
        return ERR_FULL;
    }
    l->work_n++;
    return 0;
}

static void signal_fire(uv_signal_t *uv, int signum)
{
    struct loop_signal_handler *s = uv->data;
    s->fire(s->ctx, signum);
}

int loop_signal(struct loop *l, int signum, void (*fire)(void *ctx, int signum), void *ctx)
{
    if (l->signals_n >= LOOP_SIGNALS_MAX) {
        return ERR_FULL;
    }
    struct loop_signal_handler *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_MEMORY;
    }
    uv_signal_init(&l->uv, &s->uv);
    s->uv.data = s;
    s->fire = fire;
    s->ctx = ctx;
    l->signals[l->signals_n++] = s;
    return uv_signal_start(&s->uv, signal_fire, signum) ? ERR_IO : 0;
}
