/* Routing against a naive reference, and what must hold whatever comes: random offices, and one office over a long day.
 * The seed is printed with a failure; LOKET_SEED=… repeats it. */
#include "../test.h"

#include <stdlib.h>

#include "core/routing.h"

#define AGENTS_MAX_N 12
#define WAITING_MAX_N 40
#define QUEUES_N 5

static uint64_t seed, random_state;

static unsigned roll(unsigned n) /* 0 .. n-1; xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * 2685821657736338717ull) >> 33) % n;
}

#define HOLDS(x) \
    do { \
        if (!(x)) { \
            fail_msg("LOKET_SEED=%llu: %s", (unsigned long long)seed, #x); \
        } \
    } while (0)

struct office {
    struct routing_agent agents[AGENTS_MAX_N];
    struct routing_waiting waiting[WAITING_MAX_N];
    size_t agents_n, waiting_n;
    char agent_ids[AGENTS_MAX_N][8], conversation_ids[WAITING_MAX_N][8];
};

static void office_make(struct office *o)
{
    memset(o, 0, sizeof *o);
    o->agents_n = roll(AGENTS_MAX_N + 1);
    o->waiting_n = roll(WAITING_MAX_N + 1);
    for (size_t i = 0; i < o->agents_n; i++) {
        (void)snprintf(o->agent_ids[i], sizeof o->agent_ids[i], "a%u", (unsigned)i);
        struct routing_agent *a = &o->agents[i];
        *a = (struct routing_agent){.id = text_of(o->agent_ids[i]), .available = roll(4) > 0, .capacity = roll(7), .since_ms = roll(3)};
        a->load = roll((unsigned)a->capacity + 2);
        for (unsigned q = 0; q < QUEUES_N; q++) {
            if (roll(3) == 0) {
                routing_queues_add(&a->queues, q);
            }
        }
    }
    for (size_t i = 0; i < o->waiting_n; i++) {
        (void)snprintf(o->conversation_ids[i], sizeof o->conversation_ids[i], "c%02u", (unsigned)i);
        bool held = o->agents_n > 0 && roll(3) == 0;
        o->waiting[i] = (struct routing_waiting){.conversation = text_of(o->conversation_ids[i]), .queue = roll(QUEUES_N), .score_ms = (int64_t)roll(20) - 10,
                                                 .units = 1 + roll(3), .held = text_of(held ? o->agent_ids[roll((unsigned)o->agents_n)] : NULL)};
    }
}

/* --- the reference: as the rules are told, with no thought of speed ------------------------------------------------------------ */

static bool can_take(const struct routing_agent *a, const struct routing_waiting *w)
{
    return a->available && a->load + w->units <= a->capacity && (text_equal(a->id, w->held) || routing_queues_has(&a->queues, w->queue));
}

static bool comes_before(const struct routing_waiting *a, const struct routing_waiting *b)
{
    return a->score_ms < b->score_ms || (a->score_ms == b->score_ms && strcmp(a->conversation.s, b->conversation.s) < 0);
}

static bool is_preferred(const struct routing_agent *a, const struct routing_agent *b)
{
    double x = (double)a->load / (double)a->capacity, y = (double)b->load / (double)b->capacity; /* small numbers: equal fractions are equal doubles */
    return x < y || (x == y && (a->since_ms < b->since_ms || (a->since_ms == b->since_ms && strcmp(a->id.s, b->id.s) < 0)));
}

static size_t reference(struct office *o, struct text given[][2])
{
    bool done[WAITING_MAX_N] = {false};
    size_t n = 0;
    for (size_t turn = 0; turn < o->waiting_n; turn++) {
        struct routing_waiting *w = NULL;
        for (size_t i = 0; i < o->waiting_n; i++) {
            if (!done[i] && (!w || comes_before(&o->waiting[i], w))) {
                w = &o->waiting[i];
            }
        }
        done[w - o->waiting] = true;
        struct routing_agent *best = NULL;
        for (size_t i = 0; i < o->agents_n; i++) {
            struct routing_agent *a = &o->agents[i];
            bool held = text_equal(a->id, w->held), best_held = best && text_equal(best->id, w->held);
            if (can_take(a, w) && (!best || held || (!best_held && is_preferred(a, best)))) {
                best = a;
            }
        }
        if (best) {
            best->load += w->units;
            given[n][0] = w->conversation;
            given[n++][1] = best->id;
        }
    }
    return n;
}

/* --- what must hold ------------------------------------------------------------ */

static void check_match(const struct office *before, const struct office *after, const struct routing_assignment *out, size_t n)
{
    struct office o = *before;
    bool given[WAITING_MAX_N] = {false};
    for (size_t i = 0; i < n; i++) {
        HOLDS(out[i].waiting < after->waiting_n && out[i].agent < after->agents_n);
        const struct routing_waiting *w = &after->waiting[out[i].waiting];
        struct routing_agent *a = &o.agents[out[i].agent];
        HOLDS(!given[out[i].waiting]);
        given[out[i].waiting] = true;
        HOLDS(can_take(a, w));
        for (size_t k = 0; k < out[i].waiting; k++) {
            HOLDS(given[k] || !can_take(a, &after->waiting[k])); /* the oldest that this agent could take, no younger one */
        }
        for (size_t k = 0; k < o.agents_n; k++) {
            HOLDS(!text_equal(o.agents[k].id, w->held) || text_equal(a->id, w->held) || !can_take(&o.agents[k], w)); /* held first */
        }
        a->load += w->units;
        HOLDS(a->load <= a->capacity);
    }
    for (size_t k = 0; k < o.agents_n; k++) {
        HOLDS(o.agents[k].load == after->agents[k].load); /* the load is the sum of the work */
    }
    for (size_t i = 0; i < after->waiting_n; i++) {
        HOLDS(i == 0 || !comes_before(&after->waiting[i], &after->waiting[i - 1]));
        for (size_t k = 0; !given[i] && k < o.agents_n; k++) {
            HOLDS(!can_take(&o.agents[k], &after->waiting[i])); /* nobody waits beside an agent who could */
        }
    }
}

static void random_offices(void **state)
{
    (void)state;
    for (int round = 0; round < 10000; round++) {
        static struct office before, after, plain;
        struct routing_assignment out[WAITING_MAX_N];
        struct text given[WAITING_MAX_N][2];
        seed = random_state;
        office_make(&before);
        after = plain = before;
        for (size_t i = after.waiting_n; i > 1; i--) { /* the order in which the store lists them must not matter */
            size_t k = roll((unsigned)i);
            struct routing_waiting w = after.waiting[i - 1];
            after.waiting[i - 1] = after.waiting[k];
            after.waiting[k] = w;
        }
        size_t n = routing_match(after.agents, after.agents_n, after.waiting, after.waiting_n, out);
        check_match(&before, &after, out, n);
        HOLDS(n == reference(&plain, given));
        for (size_t i = 0; i < n; i++) {
            HOLDS(text_equal(after.waiting[out[i].waiting].conversation, given[i][0]));
            HOLDS(text_equal(after.agents[out[i].agent].id, given[i][1]));
        }
    }
}

/* --- a long day: conversations arrive, are given, end; agents come and go ------------------------------------------------------------ */

#define LIVE_MAX 64

struct live {
    bool used, waits;
    size_t agent;
    int64_t queued;
    struct routing_waiting w;
    char id[12];
};

static struct live lives[LIVE_MAX];
static struct office day;

static void day_check_loads(void)
{
    for (size_t a = 0; a < day.agents_n; a++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < LIVE_MAX; i++) {
            sum += lives[i].used && !lives[i].waits && lives[i].agent == a ? lives[i].w.units : 0;
        }
        HOLDS(day.agents[a].load == sum);
    }
}

static size_t day_route(int64_t now)
{
    static struct office before;
    struct routing_assignment out[WAITING_MAX_N];
    size_t from[WAITING_MAX_N], n = 0;
    day.waiting_n = 0;
    for (size_t i = 0; i < LIVE_MAX && day.waiting_n < WAITING_MAX_N; i++) {
        if (lives[i].used && lives[i].waits) {
            day.waiting[day.waiting_n++] = lives[i].w;
        }
    }
    before = day;
    n = routing_match(day.agents, day.agents_n, day.waiting, day.waiting_n, out);
    check_match(&before, &day, out, n);
    for (size_t k = 0; k < n; k++) {
        from[k] = LIVE_MAX;
        for (size_t i = 0; i < LIVE_MAX; i++) {
            if (lives[i].used && text_equal(lives[i].w.conversation, day.waiting[out[k].waiting].conversation)) {
                from[k] = i;
            }
        }
        HOLDS(from[k] < LIVE_MAX && lives[from[k]].waits);
        lives[from[k]].waits = false;
        lives[from[k]].agent = out[k].agent;
        lives[from[k]].w.held = day.agents[out[k].agent].id;
        day.agents[out[k].agent].since_ms = (uint64_t)now;
    }
    return n;
}

static void day_event(int64_t now)
{
    static unsigned number;
    struct live *l = &lives[roll(LIVE_MAX)];
    struct routing_agent *a = &day.agents[roll((unsigned)day.agents_n)];
    if (!l->used) { /* arrives */
        *l = (struct live){.used = true, .waits = true, .queued = now};
        (void)snprintf(l->id, sizeof l->id, "c%u", number++ % 100000);
        l->w = (struct routing_waiting){.conversation = text_of(l->id), .queue = roll(QUEUES_N), .score_ms = now, .units = 1 + roll(2)};
    } else if (!l->waits && roll(3) == 0) { /* given back, at its old place */
        day.agents[l->agent].load -= l->w.units;
        l->waits = true;
        l->w.held = (struct text){NULL, 0};
    } else if (!l->waits) { /* ends */
        day.agents[l->agent].load -= l->w.units;
        l->used = false;
    } else if (roll(8) == 0) {
        a->available = !a->available;
    }
}

static void a_long_day(void **state)
{
    (void)state;
    seed = random_state;
    memset(&day, 0, sizeof day);
    memset(lives, 0, sizeof lives);
    day.agents_n = 6;
    for (size_t i = 0; i < day.agents_n; i++) {
        (void)snprintf(day.agent_ids[i], sizeof day.agent_ids[i], "a%u", (unsigned)i);
        day.agents[i] = (struct routing_agent){.id = text_of(day.agent_ids[i]), .available = true, .capacity = 3 + i % 3};
        for (unsigned q = 0; q < QUEUES_N; q++) {
            if ((i + q) % 2 == 0) {
                routing_queues_add(&day.agents[i].queues, q);
            }
        }
    }
    size_t given = 0;
    for (int64_t now = 1; now <= 25000; now++) {
        day_event(now);
        given += day_route(now);
        day_check_loads();
    }
    HOLDS(given > 2500);
    /* Everybody comes in and takes one after the other: nothing is left. */
    for (size_t i = 0; i < day.agents_n; i++) {
        day.agents[i].available = true;
    }
    for (int64_t now = 25001; now < 30000; now++) {
        (void)day_route(now); /* what it gave is checked in it */
        for (size_t i = 0; i < LIVE_MAX; i++) {
            if (lives[i].used && !lives[i].waits) {
                day.agents[lives[i].agent].load -= lives[i].w.units;
                lives[i].used = false;
            }
        }
        day_check_loads();
    }
    for (size_t i = 0; i < LIVE_MAX; i++) {
        HOLDS(!lives[i].used);
    }
}

int main(void)
{
    const char *asked = getenv("LOKET_SEED");
    random_state = asked ? strtoull(asked, NULL, 10) : 0x9e3779b97f4a7c15ull;
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_offices), cmocka_unit_test(a_long_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
