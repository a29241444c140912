/* A plain model of the store's books, for test_account.c: what each operation changes, and what then must be read from Redis. */
#ifndef LOKET_TESTS_STORE_ACCOUNT_H
#define LOKET_TESTS_STORE_ACCOUNT_H

#include "bench.h"

enum { CONVERSATIONS = 40, AGENTS = 4, QUEUES = 3, DECLINED = 16, NOBODY = -1 };
enum { QUEUED, OFFERED, ACTIVE, SNOOZED, WRAP_UP, CLOSED, STATES };
enum { OFFLINE, AVAILABLE, ON_BREAK, MISSED, PRESENCES };

struct borne { /* what one agent bears of a conversation */
    bool is, soft;
    int units, channel;
};
struct model {
    char id[16], number[32];
    bool exists, attention;
    int state, owner, held, queue, channel, language, need; /* channel: 0 chat, 1 email, 2 sms; language, need: 0 none */
    struct borne by[AGENTS];
    bool joined[AGENTS];
    struct { int agent; uint64_t at_ms; } declined[DECLINED];
    int declined_n;
    uint64_t version, seq, queued, place, head, counter, due, assigned; /* assigned 0: never since it was opened */
};
struct agent {
    char id[16];
    int presence;
    bool here;
    uint64_t capacity, limit[3], missed, on_ms, busy_ms;
};
struct numbers { /* what the time series must hold */
    uint64_t arrived, answered, wait_ms, abandoned, abandoned_ms, handled, given_up, handle_ms, reopened, missed, declined;
};

extern struct model all[CONVERSATIONS];
extern struct agent agents[AGENTS];
extern char queues[QUEUES][16];
extern struct numbers told;
extern const char *const states[STATES], *const presences[PRESENCES], *const channels[3], *const languages[3], *const needs[3];

static inline bool waits(int state)
{
    return state == QUEUED || state == OFFERED;
}

struct load { /* the sum over all conversations */
    uint64_t units, soft, n, count[3];
};
struct load load_of(int agent);
void account_compare(struct bench *b, uint64_t now_ms); /* fails the test at the first number that differs */

#endif
