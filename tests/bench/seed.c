/* Fills a store through the broker's own library, so that what stands there afterwards is what the broker itself would have written: staff, settings,
 * and any number of waiting conversations, thousands of commands under way at once. For measurements, and for tests with hundreds of agents (hashing a
 * password for each would take a core for minutes).
 *
 *   bench_seed --redis URL --organisation ID <COMMANDS
 *
 *   staff ID agent|supervisor|administrator CAPACITY JSON    prints "ID loket_session=…"; JSON as `agent_settings` of proto/frames.def
 *   setting NAME JSON
 *   waiting COUNT QUEUE NEEDS FIRST       NEEDS: "skill:level,…" or "-"; the resident of the n-th is named "w" and FIRST + n, eight hexadecimal
 *                                         digits
 *
 * Ends with 0 when everything is on disk, with 1 and a line on standard error when anything was refused. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"
#include "edge/token.h"
#include "proto/frame.h"
#include "store/store.h"

#define IN_FLIGHT_MAX 2000
#define WORDS_TEXT "Goedemorgen, mijn paspoort is verlopen. Wanneer kan ik langskomen? Mijn huidige afspraak is pas over drie weken."

static struct {
    struct loop *loop;
    struct store *store;
    const char *organisation;
    size_t in_flight;
    bool read, failed;
    struct { /* of the `waiting` that goes on */
        char queue[ID_MAX + 1], needs[TEXT_LINE_MAX + 1];
        unsigned long left, next;
    } waiting;
} seed;

static void seed_fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_seed: %s: %s\n", what, why);
    seed.failed = true;
    loop_stop(seed.loop);
}

static void pump(void);

static void one_done(int err, const char *what)
{
    seed.in_flight--;
    if (err) {
        seed_fail(what, err_text(err));
    } else {
        pump();
    }
}

static void plain_done(void *ctx, const struct ticket *t, int err)
{
    (void)t;
    one_done(err, ctx);
}

static void arrived(void *ctx, const struct ticket *t, int err, const struct store_arrived *r)
{
    (void)t;
    one_done(err ? err : r->opened ? 0 : ERR_DUPLICATE, ctx);
}

/* What verb_start.c sends for a resident's first message. */
static int waiting_one(void)
{
    char key[ID_BYTES], conversation[ID_BYTES], resident[ID_BYTES], client[ID_BYTES], name[16];
    struct buf blob;
    uint64_t now = (uint64_t)clock_wall_ms();
    id_make(key);
    id_make(conversation);
    id_make(resident);
    id_make(client);
    (void)snprintf(name, sizeof name, "w%08lx", seed.waiting.next);
    struct frame f = {.verb = VERB_entry,
                      .entry = {.conversation = text_of(conversation), .kind = TEXT_LITERAL("message"), .at = now, .from = TEXT_LITERAL("resident"),
                                .name = text_of(name), .client = text_of(client), .counter = 1,
                                .channel = TEXT_LITERAL("chat"), .text = TEXT_LITERAL(WORDS_TEXT)}};
    buf_init(&blob, 1 << 16);
    int err = frame_encode(FRAME_MSGPACK, &f, &blob);
    struct store_arrive a = {.source = TEXT_LITERAL("chat"), .source_id = text_of(key), .conversation_new = text_of(conversation),
                             .resident_new = text_of(resident), .queue = text_of(seed.waiting.queue), .channel = TEXT_LITERAL("chat"),
                             .name = text_of(name), .entry = buf_text(&blob), .client = text_of(client),
                             .needs = text_of(seed.waiting.needs[0] ? seed.waiting.needs : NULL), .now_ms = now};
    err = err ? err : store_arrive(seed.store, &a, arrived, "waiting", (struct ticket){0});
    buf_done(&blob);
    seed.waiting.next++;
    seed.waiting.left--;
    return err;
}

static int staff_one(const char *id, const char *role, uint64_t capacity, struct text json)
{
    const uint64_t limits[3] = {0, 0, 0};
    struct store_author by = {.actor = TEXT_LITERAL("seed"), .now_ms = (uint64_t)clock_wall_ms()};
    struct token token = {.kind = 's', .role = strcmp(role, "agent") == 0 ? AGENT : SUPERVISOR, .expires_ms = clock_wall_ms() + TOKEN_STAFF_MS};
    char value[TOKEN_MAX + 1];
    id_make(token.session);
    int err = text_copy(text_of(id), token.subject, sizeof token.subject);
    err = err ? err : token_make(store_secret(seed.store), &token, value);
    err = err ? err : store_staff_put(seed.store, text_of(id), json, capacity, limits, &by, plain_done, "staff", (struct ticket){0});
    if (!err) {
        printf("%s " TOKEN_COOKIE "=%s\n", id, value);
    }
    return err;
}

/* One line of standard input; 0, or what is wrong with it. */
static int command(char *line)
{
    char id[ID_MAX + 1], role[16];
    unsigned long number;
    int at = 0;
    struct store_author by = {.actor = TEXT_LITERAL("seed"), .now_ms = (uint64_t)clock_wall_ms()};
    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, "staff %64s %15s %lu %n", id, role, &number, &at) == 3 && at > 0) {
        seed.in_flight++;
        return staff_one(id, role, number, text_of(line + at));
    }
    if (sscanf(line, "setting %64s %n", id, &at) == 1 && at > 0) {
        seed.in_flight++;
        return store_setting_put(seed.store, text_of(id), text_of(line + at), (struct text){NULL, 0}, &by, plain_done, "setting", (struct ticket){0});
    }
    if (sscanf(line, "waiting %lu %64s %512s %lu", &seed.waiting.left, seed.waiting.queue, seed.waiting.needs, &seed.waiting.next) == 4) {
        seed.waiting.needs[strcmp(seed.waiting.needs, "-") == 0 ? 0 : strlen(seed.waiting.needs)] = '\0';
        return 0;
    }
    return ERR_BAD_INPUT;
}

static void pump(void)
{
    static char line[65536];
    while (seed.in_flight < IN_FLIGHT_MAX && !seed.failed) {
        int err = 0;
        if (seed.waiting.left > 0) {
            seed.in_flight++;
            err = waiting_one();
        } else if (!seed.read && fgets(line, sizeof line, stdin)) {
            err = command(line);
        } else {
            seed.read = true;
            break;
        }
        if (err) {
            seed_fail(line, err_text(err));
        }
    }
    if (seed.read && seed.in_flight == 0) {
        loop_stop(seed.loop);
    }
}

static void store_changed(void *ctx, bool up)
{
    (void)ctx;
    if (!up) {
        seed_fail("redis", "the connection was lost");
    } else {
        pump();
    }
}

static void late(void *ctx)
{
    (void)ctx;
    if (!store_is_up(seed.store)) {
        seed_fail("redis", "no connection within 10 s");
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"redis", required_argument, NULL, 'r'}, {"organisation", required_argument, NULL, 'o'},
                                            {NULL, 0, NULL, 0}};
    struct store_config sc = {.data_dir = "/nonexistent", .node = "seed"};
    struct loop_timer *deadline = NULL;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        sc.redis_url = o == 'r' ? optarg : sc.redis_url;
        sc.organisation = o == 'o' ? optarg : sc.organisation;
    }
    if (!sc.redis_url || !sc.organisation) {
        fprintf(stderr, "Usage: bench_seed --redis URL --organisation ID <COMMANDS\n");
        return 2;
    }
    log_set_level(LOG_WARN);
    int err = loop_new(&seed.loop);
    err = err ? err : loop_timer_new(seed.loop, late, NULL, &deadline);
    err = err ? err : store_open(seed.loop, &sc, store_changed, NULL, &seed.store);
    if (err) {
        fprintf(stderr, "bench_seed: %s\n", err_text(err));
        return 1;
    }
    loop_timer_start(deadline, 10000, 0);
    loop_run(seed.loop);
    store_close(&seed.store);
    loop_timer_free(&deadline);
    loop_free(&seed.loop);
    return seed.failed ? 1 : 0;
}
