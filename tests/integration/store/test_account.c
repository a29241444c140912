/* The books: a seeded random sequence of thousands of operations, each with its outcome foretold by a plain model, and the load of each agent, the counters of each queue,
 * the waiting sets and the work sets compared with the sum over all conversations again and again. An agent's load that is one too high after a transfer would show here. */
#include "main.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONVERSATIONS = 40, AGENTS = 4, QUEUES = 3, OPERATIONS = 4000, COMPARE_EVERY = 40 };

struct model {
    char id[16], number[20];
    bool exists;
    int state; /* 0 queued, 1 active, 2 closed */
    int owner, held, queue, channel /* 0 chat, 2 sms */, units;
    uint64_t version, seq, queued, counter;
};
struct agent {
    char id[16];
    int presence; /* 0 never seen, 1 available, 2 break, 3 offline */
    uint64_t capacity;
};

static const char *const states[] = {"queued", "active", "closed"};
static const char *const presences[] = {"", "available", "break", "offline"};
static struct model all[CONVERSATIONS];
static struct agent agents[AGENTS];
static char queues[QUEUES][16];
static uint64_t now = 1000;

static uint32_t seed = 20261124; /* any but 0; xorshift32 */
static int pick(int below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (int)(seed % (uint32_t)below);
}

static uint64_t load_of(int agent, uint64_t *n)
{
    uint64_t load = 0;
    *n = 0;
    for (int i = 0; i < CONVERSATIONS; i++) {
        if (all[i].exists && all[i].owner == agent) {
            load += (uint64_t)all[i].units;
            ++*n;
        }
    }
    return load;
}

static void compare_agents(const struct seen_view *v)
{
    for (size_t i = 0; i < v->agents_n; i++) {
        int a = atoi(v->agents[i].id + 1);
        uint64_t n, load = load_of(a, &n);
        assert_int_equal(v->agents[i].load, load);
        assert_int_equal(v->agents[i].conversations, n);
        assert_string_equal(v->agents[i].presence, presences[agents[a].presence]);
        struct got work = do_work(b, text_of(agents[a].id));
        assert_int_equal(work.texts_n, n);
        for (size_t k = 0; k < work.texts_n; k++) {
            assert_int_equal(all[atoi(work.texts[k] + 1)].owner, a);
        }
    }
}

static void compare_queues(const struct seen_view *v)
{
    assert_int_equal(v->queues_n, QUEUES);
    for (int q = 0; q < QUEUES; q++) {
        uint64_t waiting = 0, active = 0, by[3] = {0}, oldest = 0;
        for (int i = 0; i < CONVERSATIONS; i++) {
            const struct model *c = &all[i];
            if (c->exists && c->queue == q) {
                active += c->state == 1;
                waiting += c->state == 0;
                by[c->channel] += c->state == 0;
                oldest = c->state == 0 && (!oldest || c->queued < oldest) ? c->queued : oldest;
            }
        }
        assert_int_equal(v->queues[q].waiting, waiting);
        assert_int_equal(v->queues[q].active, active);
        assert_int_equal(v->queues[q].chat, by[0]);
        assert_int_equal(v->queues[q].email, by[1]);
        assert_int_equal(v->queues[q].sms, by[2]);
        assert_int_equal(v->queues[q].oldest, oldest);
    }
    int64_t before = 0;
    for (size_t i = 0; i < v->waiting_n; i++) {
        const struct model *c = &all[atoi(v->waiting[i].conversation + 1)];
        assert_int_equal(c->state, 0);
        assert_string_equal(v->waiting[i].queue, queues[c->queue]);
        assert_string_equal(v->waiting[i].held, c->held >= 0 ? agents[c->held].id : "");
        assert_int_equal(v->waiting[i].queued_at_ms, c->queued);
        assert_int_equal(v->waiting[i].version, c->version);
        assert_true(i == 0 || strcmp(v->waiting[i].queue, v->waiting[i - 1].queue) != 0 || v->waiting[i].score >= before);
        before = v->waiting[i].score;
    }
}

static void compare(void)
{
    static struct seen_view v;
    struct text names[QUEUES];
    size_t waiting = 0;
    for (int q = 0; q < QUEUES; q++) {
        names[q] = text_of(queues[q]);
    }
    do_view(b, names, QUEUES, 0, 100, &v);
    assert_int_equal(v.err, 0);
    compare_agents(&v);
    compare_queues(&v);
    for (int i = 0; i < CONVERSATIONS; i++) {
        waiting += all[i].exists && all[i].state == 0;
        if (all[i].exists) {
            struct got g = do_get(b, text_of(all[i].id), T("page"));
            assert_string_equal(g.state, states[all[i].state]);
            assert_string_equal(g.owner, all[i].owner >= 0 ? agents[all[i].owner].id : "");
            assert_int_equal(g.version, all[i].version);
            assert_int_equal(g.seq, all[i].seq);
            assert_int_equal(g.counter, all[i].counter);
        }
    }
    assert_int_equal(v.waiting_n, waiting);
}

static void op_arrive(struct model *c)
{
    static int source;
    char id[32], resident[32];
    (void)snprintf(id, sizeof id, "source-%d", ++source);
    (void)snprintf(resident, sizeof resident, "r-%s", c->id);
    (void)snprintf(c->number, sizeof c->number, "a-%s", c->id);
    int queue = pick(QUEUES), units = pick(3) + 1;
    struct store_arrive a = {.source = T("sms"), .source_id = text_of(id), .conversation_new = text_of(c->id),
                             .resident_new = text_of(resident), .queue = text_of(queues[queue]), .channel = T("sms"), .address = text_of(c->number),
                             .units = (uint64_t)units, .now_ms = now};
    a.entry = entry_of("message", "resident", "words");
    if (!c->exists) {
        struct got g = do_arrive(b, &a);
        assert_true(g.err == 0 && g.opened);
        c->exists = true;
        c->queue = queue;
        c->channel = 2;
        c->units = units;
        c->version = c->seq = 1;
        c->queued = now;
    } else if (c->state != 2) {
        struct got g = do_arrive(b, &a);
        assert_true(g.err == 0 && !g.opened);
        assert_string_equal(g.conversation, c->id);
        c->seq++;
        c->channel = 2;
    }
}

static void op_say(struct model *c)
{
    int off = pick(6) - 4; /* mostly right; else a repeat or a gap */
    uint64_t counter = c->counter + (off == 1 ? 2 : off == 0 && c->counter > 0 ? 0 : 1);
    struct store_append a = {.conversation = text_of(c->id), .client = T("page"), .counter = counter, .channel = T("chat"), .from_resident = true,
                             .now_ms = now};
    a.entry = entry_of("message", "resident", "words");
    struct got g = do_append(b, &a);
    int right = !c->exists ? ERR_NOT_FOUND : counter <= c->counter ? ERR_DUPLICATE : counter > c->counter + 1 ? ERR_COUNTER_GAP : 0;
    assert_int_equal(g.err, right);
    if (!right) {
        c->counter++;
        c->seq++;
        c->channel = 0;
    }
}

static void op_transition(struct model *c)
{
    int state = pick(3), owner = state == 1 ? pick(AGENTS) : -1, queue = pick(3) ? c->queue : pick(QUEUES);
    int units = pick(4) ? c->units : pick(4) + 1;
    bool stale = pick(10) == 0, keep = pick(2), forget = pick(2);
    int must = pick(8) == 0 ? pick(AGENTS) : -1;
    struct store_transition tr = {.conversation = text_of(c->id), .version = stale ? c->version - 1 : c->version, .state = text_of(states[state]),
                                  .owner = owner >= 0 ? text_of(agents[owner].id) : NONE, .queue = text_of(queues[queue]),
                                  .must_own = must >= 0 ? text_of(agents[must].id) : NONE, .keep_place = keep, .forget_held = forget,
                                  .units = (uint64_t)units, .now_ms = now};
    tr.entry = entry_of("state", "system", states[state]);
    uint64_t n;
    int right = !c->exists                        ? ERR_NOT_FOUND
                : must >= 0 && must != c->owner    ? ERR_FORBIDDEN
                : stale                            ? ERR_STALE
                : owner >= 0 && owner != c->owner &&
                        (agents[owner].presence != 1 || load_of(owner, &n) + (uint64_t)units > agents[owner].capacity)
                    ? ERR_CAPACITY
                    : 0;
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, right);
    if (right) {
        return;
    }
    assert_string_equal(g.owner, c->owner >= 0 ? agents[c->owner].id : "");
    c->queued = state == 0 && !keep ? now : c->queued;
    c->held = owner >= 0 ? owner : forget ? -1 : c->held;
    c->state = state;
    c->owner = owner;
    c->queue = queue;
    c->units = units;
    c->version++;
    c->seq++;
    assert_int_equal(g.version, c->version);
    assert_int_equal(g.seq, c->seq);
}

static void op_presence(struct agent *a)
{
    a->presence = pick(3) + 1;
    a->capacity = (uint64_t)pick(12) + 4;
    assert_int_equal(do_presence(b, text_of(a->id), text_of(presences[a->presence]), T("node1"), NONE, a->capacity, now).err, 0);
}

static void the_books_are_right_whatever_happens(void **state)
{
    (void)state;
    for (int i = 0; i < CONVERSATIONS; i++) {
        all[i] = (struct model){.owner = -1, .held = -1};
        (void)snprintf(all[i].id, sizeof all[i].id, "c%d", i);
    }
    for (int i = 0; i < AGENTS; i++) {
        (void)snprintf(agents[i].id, sizeof agents[i].id, "a%d", i);
    }
    for (int i = 0; i < QUEUES; i++) {
        (void)snprintf(queues[i], sizeof queues[i], "q%d", i);
    }
    for (int i = 1; i <= OPERATIONS; i++, now += 7) {
        struct model *c = &all[pick(CONVERSATIONS)];
        int what = pick(20);
        if (what < 4) {
            op_arrive(c);
        } else if (what < 9) {
            op_say(c);
        } else if (what < 18) {
            op_transition(c);
        } else {
            op_presence(&agents[pick(AGENTS)]);
        }
        if (i % COMPARE_EVERY == 0) {
            compare();
        }
    }
    for (int i = 0; i < CONVERSATIONS; i++) { /* all work done: every number is nought again */
        if (all[i].exists && all[i].state != 2) {
            set_state(b, all[i].id, "closed", now);
            all[i].state = 2;
            all[i].owner = -1;
            all[i].version++;
            all[i].seq++;
        }
    }
    compare();
}

static int open_fast(void **state)
{
    (void)state;
    b = bench_open("no"); /* thousands of steps; what is on disk is not the question here */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_books_are_right_whatever_happens)};
    (void)open_bench;
    return cmocka_run_group_tests(tests, open_fast, close_bench);
}
