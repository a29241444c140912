/* A store on a redis-server of its own in a folder of its own, and its operations as plain calls: each runs the loop until the callback has
 * been called, and gives what it was called with. A callback that is late (10 s), or comes twice, fails the test. */
#ifndef LOKET_TESTS_STORE_BENCH_H
#define LOKET_TESTS_STORE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/store.h"

#define T(literal) TEXT_LITERAL(literal)
#define NONE ((struct text){NULL, 0})
#define TEXTS_MAX 256

struct bench {
    struct loop *loop;
    struct store *store;
    struct loop_timer *deadline;
    char dir[64];
    const char *fsync;
    int ups, downs; /* how often the store said so */
    bool waiting_up, waiting_down;
};

/* The answer of one operation, copied. */
struct got {
    int err, calls;
    bool opened;
    uint64_t seq, version, counter, units, queued_at_ms, read_resident, read_agent, assigned_at_ms;
    char conversation[65], resident[65], state[33], owner[65], queue[65], channel[33], name[201], subject[200], related[65];
    char addresses[8][300]; /* "channel address" */
    size_t addresses_n;
    char texts[TEXTS_MAX][300];
    uint64_t seqs[TEXTS_MAX]; /* entries, outbox items */
    size_t texts_n;
};

struct bench *bench_open(const char *fsync); /* waits until up */
void bench_close(struct bench *b);           /* and removes the folder */
void bench_reopen(struct bench *b);          /* store_close and store_open on the same folder */
void bench_wait_up(struct bench *b);         /* until the next `up` */
void bench_wait_down(struct bench *b);
void bench_turn(struct bench *b, struct got *g); /* until @g has been called back */
int bench_redis_pid(const struct bench *b);
void bench_wipe(const struct bench *b);      /* what Redis keeps on disk */

/* An encoded `entry` frame. */
struct text entry_of(const char *kind, const char *from, const char *text);

struct got do_append(struct bench *b, const struct store_append *a);
struct got do_arrive(struct bench *b, const struct store_arrive *a);
struct got do_transition(struct bench *b, const struct store_transition *t);
struct got do_get(struct bench *b, struct text id, struct text client);
struct got do_log_after(struct bench *b, struct text id, uint64_t after, size_t max);
struct got do_log_before(struct bench *b, struct text id, uint64_t before, size_t max);
struct got do_presence(struct bench *b, struct text agent, struct text presence, struct text node, struct text only_node, uint64_t capacity, uint64_t now_ms);
struct got do_read_mark(struct bench *b, struct text id, enum store_side side, uint64_t seq);
struct got do_link(struct bench *b, struct text id, struct text channel, struct text address, bool on, struct text must_own);
struct got do_take(struct bench *b, const char *channel, bool again, size_t max); /* texts: "ID CONVERSATION ATTEMPTS NAME|SUBJECT|REFERENCE|REFERENCES" */
struct got do_attempt(struct bench *b, const char *channel, struct text id);
struct got do_finish(struct bench *b, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text state, struct text message_id);
struct got do_receipt(struct bench *b, struct text conversation, uint64_t seq, struct text state);
struct got do_attention(struct bench *b);
struct got do_work(struct bench *b, struct text agent);
struct got do_staff_list(struct bench *b);
struct got do_staff_put(struct bench *b, struct text agent, struct text json);
struct got do_revoke(struct bench *b, struct text session, uint64_t until_ms, uint64_t now_ms);
struct got do_revoked(struct bench *b, uint64_t now_ms);

/* The view, as far as the tests need it. */
struct seen_view {
    int err, calls;
    struct { char conversation[65], queue[65], channel[33], held[65]; int64_t score; uint64_t queued_at_ms, version, units; } waiting[TEXTS_MAX];
    size_t waiting_n;
    struct { char id[65], presence[33], node[65]; uint64_t load, conversations, capacity, since_ms; } agents[16];
    size_t agents_n;
    struct { char id[65]; uint64_t waiting, chat, email, sms, active; int64_t oldest; } queues[8];
    size_t queues_n;
};
void do_view(struct bench *b, const struct text *queues, size_t n, size_t offset, size_t window, struct seen_view *out);

/* Usual cases, shortened: a chat that opens conversation @id for a new resident "r-ID" with client "client-ID", and fails the test when it does not. */
void open_chat(struct bench *b, const char *id, const char *queue, uint64_t now_ms);
/* A mail or text from @address; its source id is @source. */
struct got arrive_from(struct bench *b, const char *channel, const char *address, const char *source, const char *conversation_new, uint64_t now_ms);
/* Queued → active with @agent, who must have room. */
void assign(struct bench *b, const char *id, const char *agent, uint64_t now_ms);
void set_state(struct bench *b, const char *id, const char *state, uint64_t now_ms); /* without an owner */

#endif
