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
    char dir[64], node[65];
    const char *fsync, *url; /* url: of a redis-server that another bench keeps */
    int ups, downs;          /* how often the store said so */
    bool waiting_up, waiting_down;
};

struct bench *bench_open(const char *fsync); /* "node1"; waits until up */
struct bench *bench_beside(struct bench *b, const char *node); /* another broker on the same Redis and loop */
void bench_close(struct bench *b);           /* and removes the folder, unless it is beside another */
void bench_reopen(struct bench *b);          /* store_close and store_open on the same folder */
void bench_wait_up(struct bench *b);         /* until the next `up` */
void bench_wait_down(struct bench *b);
void bench_run(struct bench *b);             /* until loop_stop; fails the test when that is late */
int bench_redis_pid(const struct bench *b);
void bench_wipe(const struct bench *b);      /* what Redis keeps on disk */

/* The answer of one operation, copied. */
struct got {
    int err, calls;
    bool opened;
    uint64_t seq, version, counter, queued_at_ms, read_resident, read_agent, assigned_at_ms, due_ms, priority, closed_at_ms, first_due_ms, resolve_due_ms;
    char conversation[65], resident[65], state[33], owner[65], queue[65], channel[33], name[201], subject[200], related[65], held[65], back[65], language[33];
    char offered[300], joined[300], shares[600], nodes[300], pages[300], agents[300], value[300]; /* offered, joined: separated by spaces */
    char addresses[8][300]; /* "channel address" */
    size_t addresses_n;
    char texts[TEXTS_MAX][300];
    uint64_t seqs[TEXTS_MAX]; /* entries, outbox items */
    size_t texts_n;
};
void bench_turn(struct bench *b, const int *calls); /* until it has been called back, once */
bool got_has(const struct got *g, const char *text);

/* An encoded `entry` frame. */
struct text entry_of(const char *kind, const char *from, const char *text);

/* --- do.c ------------------------------------------------------------------------------------------------------------------------------------ */

struct got do_append(struct bench *b, const struct store_append *a);
struct got do_arrive(struct bench *b, const struct store_arrive *a);
struct got do_transition(struct bench *b, const struct store_transition *t);
struct got do_join(struct bench *b, const char *id, const char *agent, bool on, const char *must_own);
struct got do_prioritise(struct bench *b, const char *id, uint64_t priority, int64_t head_start_ms);
struct got do_get(struct bench *b, struct text id, struct text client);
struct got do_log_after(struct bench *b, struct text id, uint64_t after, size_t max);
struct got do_log_before(struct bench *b, struct text id, uint64_t before, size_t max);
struct got do_read_mark(struct bench *b, struct text id, enum store_side side, uint64_t seq);
struct got do_link(struct bench *b, struct text id, struct text channel, struct text address, bool on, struct text must_own);
struct got do_take(struct bench *b, const char *channel, bool again, size_t max); /* texts: "ID CONVERSATION ATTEMPTS NAME|SUBJECT|REFERENCE|REFERENCES" */
struct got do_attempt(struct bench *b, const char *channel, struct text id);
struct got do_finish(struct bench *b, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text state, struct text message_id);
struct got do_receipt(struct bench *b, struct text conversation, uint64_t seq, struct text state);
struct got do_attention(struct bench *b);
struct got do_work(struct bench *b, struct text agent);
struct got do_borne(struct bench *b, struct text agent);
struct got do_presence(struct bench *b, const char *agent, const char *presence, uint64_t now_ms);
struct got do_here(struct bench *b, const char *agent, bool on, uint64_t now_ms, int64_t grace_ms);
struct got do_settle(struct bench *b, uint64_t now_ms);
struct got do_follow(struct bench *b, const char *conversation, bool on, bool page);
struct got do_staff_list(struct bench *b);
struct got do_staff_put(struct bench *b, const char *agent, const char *json, uint64_t capacity, uint64_t chat, uint64_t email, uint64_t sms); /* json NULL: remove */
struct got do_staff_put_by(struct bench *b, const char *agent, const char *json, const struct store_author *by);
struct got do_setting_put(struct bench *b, const char *name, const char *json, const char *seen);
struct got do_settings_list(struct bench *b);
struct got do_audit(struct bench *b, const struct store_author *by, const char *action, const char *what);
struct got do_audit_list(struct bench *b, const char *before_id, size_t max);
struct got do_revoke(struct bench *b, struct text session, uint64_t until_ms, uint64_t now_ms);
struct got do_revoked(struct bench *b, uint64_t now_ms);

/* --- see.c: what is looked at ------------------------------------------------------------------------------------------------------------------ */

struct seen_agent {
    char id[65], presence[33], here[200];
    uint64_t load, soft, conversations, capacity, since_ms, missed, count[3], limit[3];
};
struct seen_row {
    char conversation[65], queue[65], channel[33], state[33], language[33], needs[200], prefers[200], held[65], declined[700];
    int64_t score;
    uint64_t queued_at_ms, version, priority;
};
struct seen {
    int err, calls;
    struct seen_row waiting[TEXTS_MAX];
    size_t waiting_n;
    struct seen_agent agents[32];
    size_t agents_n, next;
    bool more;
    struct { char id[65]; uint64_t waiting, chat, email, sms, active; int64_t oldest; } queues[8];
    size_t queues_n;
};
void do_view(struct bench *b, const struct text *queues, size_t n, size_t window, struct seen *out);
void do_look(struct bench *b, size_t offset, size_t window, struct seen *out);
struct seen_agent *see_agent(struct bench *b, const char *id);           /* fails the test when there is none; valid until the next */
bool agent_is_known(struct bench *b, const char *id);
const struct seen_row *see_line(struct bench *b, const char *conversation); /* as the router sees it; NULL: in no line. Valid until the next */
uint64_t see_place(struct bench *b, const char *conversation);           /* 0: waits no more */
struct got do_places(struct bench *b, const char *conversation);         /* texts: when its queue's last ones were given, newest first; seq: the place */
struct got do_targets(struct bench *b, uint64_t until_ms, size_t max);   /* texts: "KIND CONVERSATION DUE QUEUE CHANNEL" */
uint64_t see_sum(struct bench *b, uint64_t from_ms, uint64_t to_ms, const char *queue, const char *channel, const char *agent, const char *metric); /* NULL: of all */

uint64_t see_page(struct bench *b, uint64_t from_ms, uint64_t to_ms);         /* where the page that begins there ends */

struct seen_due {
    int err, calls;
    char conversations[64][65], agents[64][65];
    size_t conversations_n, agents_n;
    uint64_t next_ms;
};
struct seen_due do_due(struct bench *b, uint64_t now_ms, size_t max);
bool due_has(const struct seen_due *d, const char *id);
struct seen_beat {
    int err, calls;
    uint64_t fence;
    bool known, buried;
    char routes[65], nodes[300]; /* separated by spaces */
};
struct seen_beat do_beat(struct bench *b, bool wants, bool leaves, uint64_t now_ms, int64_t grace_ms);
/* Beats every 50 ms until @ready says that it is so, at most 5 s; what the last beat answered. */
struct seen_beat beat_until(struct bench *b, bool (*ready)(const struct seen_beat *beat), bool wants, uint64_t now_ms, int64_t grace_ms);
struct got do_nodes(struct bench *b); /* texts: "ID ABOUT ROUTES"; seqs: silent_ms */

/* --- usual cases, shortened -------------------------------------------------------------------------------------------------------------------- */

/* A chat that opens conversation @id for a new resident "r-ID" with client "client-ID", and fails the test when it does not. */
void open_chat(struct bench *b, const char *id, const char *queue, uint64_t now_ms);
/* A mail or text from @address; its source id is @source. */
struct got arrive_from(struct bench *b, const char *channel, const char *address, const char *source, const char *conversation_new, uint64_t now_ms);
/* An agent with a session on @b's node who is available. */
void sign_in(struct bench *b, const char *agent, uint64_t capacity, uint64_t now_ms);
/* To @state; @owner NULL: nobody. @units of 2. Checks what the store checks. */
struct store_transition to(const char *id, uint64_t version, const char *state, const char *owner, const char *queue, uint64_t now_ms);
struct got move(struct bench *b, const char *id, uint64_t version, const char *state, const char *owner, const char *queue, uint64_t now_ms);
/* Queued → active with @agent, who must have room for 2 units. */
void assign(struct bench *b, const char *id, const char *agent, uint64_t now_ms);
void set_state(struct bench *b, const char *id, const char *state, uint64_t now_ms); /* without an owner */

#endif
