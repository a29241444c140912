/* The one event loop of the process (libuv inside; the type shows nowhere else). Single-threaded: every call and every callback is
 * on the loop's thread, except the first half of loop_work. Time is read once a turn. */
#ifndef LOKET_LOOP_LOOP_H
#define LOKET_LOOP_LOOP_H

#include <stdint.h>

#include "base/err.h"

struct loop;

int loop_new(struct loop **out) MUST_CHECK;
void loop_free(struct loop **l);      /* after loop_run has returned; closes what is left */
void loop_run(struct loop *l);        /* until loop_stop */
void loop_stop(struct loop *l);
int64_t loop_now_ms(const struct loop *l);  /* monotonic, of this turn */
int64_t loop_wall_ms(const struct loop *l); /* ms since 1970 UTC, of this turn */
void *loop_uv(struct loop *l);        /* uv_loop_t *, for the doors of libwebsockets and hiredis only */

/* A timer calls @fire(@ctx) once after @delay_ms, then every @repeat_ms (0: once). Never fires before return.
 * Stop and free from within its own callback is allowed. */
struct loop_timer;
int loop_timer_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_timer **out) MUST_CHECK;
void loop_timer_start(struct loop_timer *t, int64_t delay_ms, int64_t repeat_ms); /* restarts when it runs */
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer **t);

/* Call @fire(@ctx) after the current callback, in this turn (the "end of the turn": sweep, route, flush). Once per arming. */
struct loop_idle;
int loop_idle_new(struct loop *l, void (*fire)(void *ctx), void *ctx, struct loop_idle **out) MUST_CHECK;
void loop_idle_arm(struct loop_idle *i); /* arming twice before it fires is one firing */
void loop_idle_free(struct loop_idle **i);

/* @work runs on another thread (it touches nothing of the loop's), then @done on the loop. Bounded: ERR_FULL past 256 waiting. */
int loop_work(struct loop *l, void (*work)(void *ctx), void (*done)(void *ctx), void *ctx) MUST_CHECK;

/* @fire(@ctx, signal number) on the loop. One handler a signal. */
int loop_signal(struct loop *l, int signum, void (*fire)(void *ctx, int signum), void *ctx) MUST_CHECK;

/* Start @argv (NULL-terminated; found through PATH) with standard input closed, output to ours. @exited(@ctx, status, signal) once.
 * The child gets SIGTERM from the kernel when we die (PR_SET_PDEATHSIG), so that kill -9 of us leaves no orphan. It has a process group of its
 * own, no signal blocked or ignored, and none of our files but 0, 1 and 2. A program that cannot be started: @exited with status 127. */
struct loop_child;
int loop_child_start(struct loop *l, const char *const *argv, void (*exited)(void *ctx, int64_t status, int signum), void *ctx,
                     struct loop_child **out) MUST_CHECK;
int loop_child_pid(const struct loop_child *c);
void loop_child_kill(struct loop_child *c, int signum);
void loop_child_free(struct loop_child **c); /* does not kill; @exited is not called any more */

#endif
