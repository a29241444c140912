/* Real programs as parts of a test: a room of its own for each, free ports, children that end with the test; and turns of the loop until
 * something is so. */
#ifndef LOKET_TESTS_PARTS_H
#define LOKET_TESTS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "loop/loop.h"

#define PATH_BYTES 512
void room_make(const char *name, char out[PATH_BYTES]); /* a new folder below /tmp */
void room_remove(const char *dir);
void file_write(const char *path, struct text bytes);
bool file_read(const char *path, struct buf *out);      /* appends; false: not there */
size_t file_count(const char *path, const char *words); /* how often @words stand in it */

int port_free(void);
int port_listen(int *port);                      /* a listening socket on loopback */
int port_connect(int port);                      /* -1: nobody listens */
void port_await(int port, int64_t deadline_ms);

pid_t part_start(const char *const *argv, const char *log_path); /* a group of its own; gets SIGTERM when we die */
pid_t part_fork(void);                                           /* the same without a program: 0 in the child */
void part_signal(pid_t pid, int signum);                         /* the whole group */
bool part_ended_well(pid_t *pid, int64_t deadline_ms);           /* waits until it ends by itself, with status 0 */
void part_stop(pid_t *pid, int signum);                          /* and waits; SIGKILL after 10 s */

/* Turns the loop until @so(@ctx) or the deadline; the answer of the last look. */
bool loop_until(struct loop *l, bool (*so)(void *ctx), void *ctx, int64_t deadline_ms);
void loop_turn(struct loop *l, int64_t ms); /* lets it run so long: for what is to be proved not to happen */

/* Standard error into a file for a while. */
struct stderr_kept { int fd; char path[PATH_BYTES]; };
void stderr_keep(const char *path, struct stderr_kept *k);
void stderr_back(struct stderr_kept *k);

#endif
