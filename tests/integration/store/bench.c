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

void bench_run(struct bench *b)
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

void bench_turn(struct bench *b, const int *calls)
{
    while (*calls == 0) {
        bench_run(b);
    }
    assert_int_equal(*calls, 1);
}

static void store_start(struct bench *b)
{
    struct store_config c = {.redis_url = b->url, .redis_fsync = b->fsync, .data_dir = b->dir, .organisation = "gemeente", .node = b->node};
    assert_int_equal(store_open(b->loop, &c, changed, b, &b->store), 0);
    bench_wait_up(b);
}

struct bench *bench_open(const char *fsync)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    log_set_level(LOG_ERROR);
    b->fsync = fsync;
    (void)snprintf(b->node, sizeof b->node, "node1");
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/loket-store-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(loop_new(&b->loop), 0);
    assert_int_equal(loop_timer_new(b->loop, late, b, &b->deadline), 0);
    store_start(b);
    return b;
}

struct bench *bench_beside(struct bench *first, const char *node)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->url = store_redis_url(first->store);
    b->loop = first->loop;
    b->deadline = first->deadline;
    (void)snprintf(b->node, sizeof b->node, "%s", node);
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
    if (!b->url) {
        loop_timer_free(&b->deadline);
        loop_free(&b->loop);
        (void)snprintf(command, sizeof command, "rm -rf '%s'", b->dir);
        assert_int_equal(system(command), 0);
    }
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

bool got_has(const struct got *g, const char *text)
{
    size_t i = 0;
    while (i < g->texts_n && strcmp(g->texts[i], text) != 0) {
        i++;
    }
    return i < g->texts_n;
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

/* --- usual cases -------------------------------------------------------------------------------------------------------------------------- */

void open_chat(struct bench *b, const char *id, const char *queue, uint64_t now_ms)
{
    char resident[80], client[80], key[80];
    (void)snprintf(resident, sizeof resident, "r-%s", id);
    (void)snprintf(client, sizeof client, "client-%s", id);
    (void)snprintf(key, sizeof key, "key-%s", id);
    struct store_arrive a = {.source = T("chat"), .source_id = text_of(key), .conversation_new = text_of(id), .resident_new = text_of(resident),
                             .queue = text_of(queue), .channel = T("chat"), .client = text_of(client), .now_ms = now_ms};
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
                             .resident_new = text_of(resident), .queue = T("tax"), .channel = text_of(channel), .address = text_of(address), .now_ms = now_ms};
    a.entry = entry_of("message", "resident", source);
    return do_arrive(b, &a);
}

void sign_in(struct bench *b, const char *agent, uint64_t capacity, uint64_t now_ms)
{
    assert_int_equal(do_staff_put(b, agent, "{}", capacity, 0, 0, 0).err, 0);
    assert_int_equal(do_here(b, agent, true, now_ms, 30000).err, 0);
    assert_int_equal(do_presence(b, agent, "available", now_ms).err, 0);
}

struct store_transition to(const char *id, uint64_t version, const char *state, const char *owner, const char *queue, uint64_t now_ms)
{
    static struct store_share shares[16]; /* the last sixteen asked for */
    static size_t at;
    struct store_share *share = &shares[at++ % 16];
    *share = (struct store_share){.agent = text_of(owner), .presence = T("available"), .units = 2};
    struct store_transition tr = {.conversation = text_of(id), .version = version, .state = text_of(state), .owner = text_of(owner), .queue = text_of(queue),
                                  .shares = share, .shares_n = owner != NULL, .held = text_of(owner), .now_ms = now_ms};
    tr.entry = entry_of("state", "system", state);
    return tr;
}

struct got move(struct bench *b, const char *id, uint64_t version, const char *state, const char *owner, const char *queue, uint64_t now_ms)
{
    struct store_transition tr = to(id, version, state, owner, queue, now_ms);
    return do_transition(b, &tr);
}

void assign(struct bench *b, const char *id, const char *agent, uint64_t now_ms)
{
    struct got c = do_get(b, text_of(id), NONE);
    assert_int_equal(move(b, id, c.version, "active", agent, c.queue, now_ms).err, 0);
}

void set_state(struct bench *b, const char *id, const char *state, uint64_t now_ms)
{
    struct got c = do_get(b, text_of(id), NONE);
    assert_int_equal(move(b, id, c.version, state, NULL, c.queue, now_ms).err, 0);
}
