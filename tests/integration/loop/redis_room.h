/* A real redis-server in a room of its own, and calls that are counted: each callback exactly once, never from within redis_command. */
#ifndef LOKET_TESTS_REDIS_ROOM_H
#define LOKET_TESTS_REDIS_ROOM_H

#include "loop/redis.h"
#include "parts.h"

struct room {
    char dir[PATH_BYTES], socket[PATH_BYTES], url[PATH_BYTES];
    pid_t pid;
    struct loop *loop;
    struct redis *redis;
    enum redis_state state;
    size_t changes;
};
#define CALLS_MAX 70000
struct calls {
    size_t issued, called, refused, by_err[ERR_COUNT];
    unsigned char times[CALLS_MAX];
    bool inside; /* redis_command is on the stack */
    struct redis *redis;
    bool nested;        /* issue another from within an error callback */
    int nested_err;
    int64_t last_integer;
    bool out_of_order;
};

int room_setup(void **state);    /* a folder and a loop; no server yet */
int room_teardown(void **state);
/* @options: more arguments of redis-server, NULL-terminated, or NULL. Waits until it listens. */
void room_server(struct room *r, const char *const *options);
void room_open(struct room *r, const char *url);              /* NULL: the unix socket; waits for UP */
bool room_is_up(void *room);
void room_await(struct room *r, enum redis_state s, int64_t deadline_ms);

struct calls *calls_new(struct redis *r);
/* Words separated by spaces, and what printf knows. 0 or the error. */
int calls_issue(struct calls *c, int64_t deadline_ms, const char *words, ...);
void calls_await(struct room *r, struct calls *c, int64_t deadline_ms);        /* until every callback came; fails the test otherwise */
void calls_check(struct calls *c);                                             /* each exactly once */
void calls_free(struct calls **c);

/* One command, and its answer: err, and the text or integer of the reply. */
struct answer { bool came; int err; enum redis_type type; int64_t integer; size_t bytes; char text[256]; };
struct answer room_ask(struct room *r, const char *words, ...);
/* Without our code: one line there, one answer back; -1: no answer. */
int plain_ask(const char *socket, const char *line, char *out, size_t out_bytes);

#endif
