#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/frame.h"

#define DEADLINE_MS 10000

static void late(void *ctx)
{
    (void)ctx;
    fail_msg("no answer within %d ms", DEADLINE_MS);
}

static void changed(void *ctx, bool up)
{
    struct bench *b = ctx;
    b->ups += up;
    b->downs += !up;
    if ((up && b->waiting_up) || (!up && b->waiting_down)) {
        loop_stop(b->loop);
    }
}

static void bench_run(struct bench *b)
{
    loop_timer_start(b->deadline, DEADLINE_MS, 0);
    loop_run(b->loop);
    loop_timer_stop(b->deadline);
}

void bench_wait_up(struct bench *b)
{
    int ups = b->ups;
    b->waiting_up = true;
    while (b->ups == ups) {
        bench_run(b);
    }
    b->waiting_up = false;
}

void bench_wait_down(struct bench *b)
{
    int downs = b->downs;
    b->waiting_down = true;
    while (b->downs == downs) {
        bench_run(b);
    }
    b->waiting_down = false;
}

static void store_start(struct bench *b)
{
    char data[80];
    (void)snprintf(data, sizeof data, "%s", b->dir);
    struct store_config c = {.redis_fsync = b->fsync, .data_dir = data, .organisation = "gemeente", .node = "node1"};
    assert_int_equal(store_open(b->loop, &c, changed, b, &b->store), 0);
    bench_wait_up(b);
}

struct bench *bench_open(const char *fsync)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    log_set_level(LOG_ERROR);
    b->fsync = fsync;
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/loket-store-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(loop_new(&b->loop), 0);
    assert_int_equal(loop_timer_new(b->loop, late, b, &b->deadline), 0);
    store_start(b);
    return b;
}

void bench_reopen(struct bench *b)
{
    store_close(&b->store);
    store_start(b);
}

void bench_close(struct bench *b)
{
    char command[128];
    store_close(&b->store);
    loop_timer_free(&b->deadline);
    loop_free(&b->loop);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
    assert_int_equal(system(command), 0);
    free(b);
}

int bench_redis_pid(const struct bench *b)
{
    char path[128];
    int pid = 0;
    (void)snprintf(path, sizeof path, "%s/redis/redis.pid", b->dir);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    fclose(f);
    return pid;
}

void bench_wipe(const struct bench *b)
{
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf '%s/redis/appendonlydir' '%s/redis/dump.rdb'", b->dir, b->dir);
    assert_int_equal(system(command), 0);
}

void bench_turn(struct bench *b, struct got *g)
{
    while (g->calls == 0) {
        bench_run(b);
    }
    assert_int_equal(g->calls, 1);
}

struct text entry_of(const char *kind, const char *from, const char *text)
{
    static struct buf room;
    if (room.cap == 0) {
        buf_init(&room, 1 << 20);
    }
    buf_clear(&room);
    struct frame f = {.verb = VERB_entry, .entry = {.conversation = T("c"), .kind = text_of(kind), .at = 1, .from = text_of(from), .text = text_of(text)}};
    assert_int_equal(frame_encode(FRAME_MSGPACK, &f, &room), 0);
    return buf_text(&room);
}

/* --- one operation ------------------------------------------------------------------------------------------------------------------------- */

static void copy(struct text t, char *out, size_t n)
{
    assert_int_equal(text_copy(t, out, n), 0);
}

#define COPY(t, field) copy((t), g->field, sizeof g->field)

static void answered(const struct ticket *t, struct got *g, int err)
{
    struct bench *b = t->p;
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

static void on_append(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct got *g = ctx;
    g->seq = r->seq;
    g->counter = r->counter;
    COPY(r->state, state);
    answered(t, g, err);
}

static void on_arrive(void *ctx, const struct ticket *t, int err, const struct store_arrived *r)
{
    struct got *g = ctx;
    g->opened = r->opened;
    g->seq = r->seq;
    g->version = r->version;
    COPY(r->conversation, conversation);
    COPY(r->resident, resident);
    COPY(r->state, state);
    COPY(r->owner, owner);
    COPY(r->queue, queue);
    COPY(r->related, related);
    answered(t, g, err);
}

static void on_transition(void *ctx, const struct ticket *t, int err, uint64_t version, uint64_t seq, struct text owner_before)
{
    struct got *g = ctx;
    g->version = version;
    g->seq = seq;
    COPY(owner_before, owner);
    answered(t, g, err);
}

static void on_conversation(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct got *g = ctx;
    if (!err) {
        g->seq = c->seq;
        g->version = c->version;
        g->counter = c->counter;
        g->units = c->units;
        g->queued_at_ms = c->queued_at_ms;
        g->assigned_at_ms = c->assigned_at_ms;
        g->read_resident = c->read_resident;
        g->read_agent = c->read_agent;
        COPY(c->id, conversation);
        COPY(c->state, state);
        COPY(c->owner, owner);
        COPY(c->queue, queue);
        COPY(c->resident, resident);
        COPY(c->channel, channel);
        COPY(c->name, name);
        COPY(c->subject, subject);
        COPY(c->related, related);
        for (size_t i = 0; i < c->addresses_n && i < 8; i++) {
            (void)snprintf(g->addresses[i], sizeof g->addresses[i], "%.*s %.*s", TEXT_ARG(c->addresses[i].channel), TEXT_ARG(c->addresses[i].address));
            g->addresses_n++;
        }
    }
    answered(t, g, err);
}

static void on_texts(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct got *g = ctx;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        COPY(texts[i], texts[i]);
    }
    g->texts_n = n;
    answered(t, g, err);
}

static void on_entries(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct got *g = ctx;
    struct frame_arena *arena = frame_arena_new();
    assert_true(arena && n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct frame f;
        struct frame_fault fault;
        assert_int_equal(frame_decode(FRAME_MSGPACK, FRAME_DOWN, e[i].entry, arena, &f, &fault), 0);
        COPY(f.entry.text, texts[i]);
        g->seqs[i] = e[i].seq;
    }
    g->texts_n = n;
    frame_arena_free(&arena);
    answered(t, g, err);
}

static void on_plain(void *ctx, const struct ticket *t, int err)
{
    answered(t, ctx, err);
}

static void on_out(void *ctx, const struct ticket *t, int err, const struct store_out *items, size_t n)
{
    struct got *g = ctx;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct store_out *o = &items[i];
        (void)snprintf(g->texts[i], sizeof g->texts[i], "%.*s %.*s %d %.*s|%.*s|%.*s|%.*s", TEXT_ARG(o->id), TEXT_ARG(o->conversation), (int)o->attempts,
                       TEXT_ARG(o->name), TEXT_ARG(o->subject), TEXT_ARG(o->reference), TEXT_ARG(o->references));
        g->seqs[i] = o->seq;
        assert_true(o->entry.n > 0);
    }
    g->texts_n = n;
    answered(t, g, err);
}

/* The operation's own error (nothing sent) is given as it is; else its answer. */
#define OPERATION(call) \
    struct got g = {0}; \
    struct ticket t = {.p = b, .a = 7, .b = 8}; \
    int err = (call); \
    if (err) { \
        g.err = err; \
        return g; \
    } \
    assert_int_equal(g.calls, 0); \
    bench_turn(b, &g); \
    return g

struct got do_append(struct bench *b, const struct store_append *a)
{
    OPERATION(store_append(b->store, a, on_append, &g, t));
}

struct got do_arrive(struct bench *b, const struct store_arrive *a)
{
    OPERATION(store_arrive(b->store, a, on_arrive, &g, t));
}

struct got do_transition(struct bench *b, const struct store_transition *tr)
{
    OPERATION(store_transition(b->store, tr, on_transition, &g, t));
}

struct got do_get(struct bench *b, struct text id, struct text client)
{
    OPERATION(store_conversation_get(b->store, id, client, on_conversation, &g, t));
}

struct got do_log_after(struct bench *b, struct text id, uint64_t after, size_t max)
{
    OPERATION(store_log_after(b->store, id, after, max, on_entries, &g, t));
}

struct got do_log_before(struct bench *b, struct text id, uint64_t before, size_t max)
{
    OPERATION(store_log_before(b->store, id, before, max, on_entries, &g, t));
}

struct got do_presence(struct bench *b, struct text agent, struct text presence, struct text node, struct text only_node, uint64_t capacity, uint64_t now_ms)
{
    OPERATION(store_presence_set(b->store, agent, presence, node, only_node, capacity, now_ms, on_plain, &g, t));
}

struct got do_read_mark(struct bench *b, struct text id, enum store_side side, uint64_t seq)
{
    OPERATION(store_read_mark(b->store, id, side, seq, on_plain, &g, t));
}

struct got do_link(struct bench *b, struct text id, struct text channel, struct text address, bool on, struct text must_own)
{
    OPERATION(store_link(b->store, id, channel, address, on, must_own, entry_of("link", "agent", on ? "linked" : "unlinked"), 5000, on_append, &g, t));
}

struct got do_take(struct bench *b, const char *channel, bool again, size_t max)
{
    OPERATION(store_outbox_take(b->store, channel, again, max, on_out, &g, t));
}

struct got do_attempt(struct bench *b, const char *channel, struct text id)
{
    OPERATION(store_outbox_attempt(b->store, channel, id, on_plain, &g, t));
}

struct got do_finish(struct bench *b, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text state, struct text message_id)
{
    OPERATION(store_outbox_finish(b->store, channel, id, conversation, seq, state, entry_of("receipt", "system", "receipt"), message_id, on_append, &g, t));
}

struct got do_receipt(struct bench *b, struct text conversation, uint64_t seq, struct text state)
{
    OPERATION(store_receipt(b->store, conversation, seq, state, entry_of("receipt", "system", "receipt"), on_append, &g, t));
}

struct got do_attention(struct bench *b)
{
    OPERATION(store_attention_list(b->store, 100, on_texts, &g, t));
}

struct got do_work(struct bench *b, struct text agent)
{
    OPERATION(store_work_list(b->store, agent, on_texts, &g, t));
}

struct got do_staff_list(struct bench *b)
{
    OPERATION(store_staff_list(b->store, on_texts, &g, t));
}

struct got do_staff_put(struct bench *b, struct text agent, struct text json)
{
    OPERATION(json.s ? store_staff_put(b->store, agent, json, on_plain, &g, t) : store_staff_remove(b->store, agent, on_plain, &g, t));
}

struct got do_revoke(struct bench *b, struct text session, uint64_t until_ms, uint64_t now_ms)
{
    OPERATION(store_revoke(b->store, session, until_ms, now_ms, on_plain, &g, t));
}

struct got do_revoked(struct bench *b, uint64_t now_ms)
{
    OPERATION(store_revoked_list(b->store, now_ms, on_texts, &g, t));
}

static void on_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct seen_view *g = ctx;
    struct bench *b = t->p;
    assert_true(v->waiting_n <= TEXTS_MAX && v->agents_n <= 16 && v->queues_n <= 8);
    for (size_t i = 0; !err && i < v->waiting_n; i++) {
        COPY(v->waiting[i].conversation, waiting[i].conversation);
        COPY(v->waiting[i].queue, waiting[i].queue);
        COPY(v->waiting[i].channel, waiting[i].channel);
        COPY(v->waiting[i].held, waiting[i].held);
        g->waiting[i].score = v->waiting[i].score;
        g->waiting[i].queued_at_ms = v->waiting[i].queued_at_ms;
        g->waiting[i].version = v->waiting[i].version;
        g->waiting[i].units = v->waiting[i].units;
    }
    for (size_t i = 0; !err && i < v->agents_n; i++) {
        COPY(v->agents[i].id, agents[i].id);
        COPY(v->agents[i].presence, agents[i].presence);
        COPY(v->agents[i].node, agents[i].node);
        g->agents[i].load = v->agents[i].load;
        g->agents[i].conversations = v->agents[i].conversations;
        g->agents[i].capacity = v->agents[i].capacity;
        g->agents[i].since_ms = v->agents[i].since_ms;
    }
    for (size_t i = 0; !err && i < v->queues_n; i++) {
        COPY(v->queues[i].id, queues[i].id);
        g->queues[i].waiting = v->queues[i].waiting;
        g->queues[i].chat = v->queues[i].waiting_chat;
        g->queues[i].email = v->queues[i].waiting_email;
        g->queues[i].sms = v->queues[i].waiting_sms;
        g->queues[i].active = v->queues[i].active;
        g->queues[i].oldest = v->queues[i].oldest_queued_at_ms;
    }
    g->waiting_n = v->waiting_n;
    g->agents_n = v->agents_n;
    g->queues_n = v->queues_n;
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

void do_view(struct bench *b, const struct text *queues, size_t n, size_t offset, size_t window, struct seen_view *out)
{
    memset(out, 0, sizeof *out);
    out->err = store_view_get(b->store, queues, n, offset, window, on_view, out, (struct ticket){.p = b});
    while (out->err == 0 && out->calls == 0) {
        bench_run(b);
    }
}

/* --- usual cases -------------------------------------------------------------------------------------------------------------------------- */

void open_chat(struct bench *b, const char *id, const char *queue, uint64_t now_ms)
{
    char resident[80], client[80], key[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    (void)snprintf(client, sizeof client, "client-%s", id);
    (void)snprintf(key, sizeof key, "key-%s", id);
    struct store_arrive a = {.source = T("chat"), .source_id = text_of(key), .conversation_new = text_of(id), .resident_new = text_of(resident),
                             .queue = text_of(queue), .channel = T("chat"), .client = text_of(client), .units = 2, .now_ms = now_ms};
    a.entry = entry_of("message", "resident", "first");
    struct got g = do_arrive(b, &a);
    assert_int_equal(g.err, 0);
    assert_true(g.opened);
    assert_string_equal(g.conversation, id);
}

struct got arrive_from(struct bench *b, const char *channel, const char *address, const char *source, const char *conversation_new, uint64_t now_ms)
{
    char resident[80];
    (void)snprintf(resident, sizeof resident, "r-%s", conversation_new);
    struct store_arrive a = {.source = text_of(channel), .source_id = text_of(source), .conversation_new = text_of(conversation_new),
                             .resident_new = text_of(resident), .queue = T("tax"), .channel = text_of(channel), .address = text_of(address), .units = 1,
                             .now_ms = now_ms};
    a.entry = entry_of("message", "resident", source);
    return do_arrive(b, &a);
}

void assign(struct bench *b, const char *id, const char *agent, uint64_t now_ms)
{
    struct got c = do_get(b, text_of(id), NONE);
    struct store_transition tr = {.conversation = text_of(id), .version = c.version, .state = T("active"), .owner = text_of(agent),
                                  .queue = text_of(c.queue), .units = c.units, .now_ms = now_ms};
    tr.entry = entry_of("state", "system", "assigned");
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, 0);
}

void set_state(struct bench *b, const char *id, const char *state, uint64_t now_ms)
{
    struct got c = do_get(b, text_of(id), NONE);
    struct store_transition tr = {.conversation = text_of(id), .version = c.version, .state = text_of(state), .queue = text_of(c.queue),
                                  .units = c.units, .now_ms = now_ms};
    tr.entry = entry_of("state", "system", state);
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, 0);
}
