/* The office, made from the seed: no two have the same people, queues, rules and habits. */
#include <stdarg.h>
#include <stdio.h>

#include "sim.h"

#include "base/check.h"

static const char agent_names[AGENTS_MAX][3] = {"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"};
static const char queue_names[QUEUES_MAX][3] = {"q0", "q1", "q2", "q3"};
static const char conversation_names[CONVERSATIONS_MAX][4] = {"c00", "c01", "c02", "c03", "c04", "c05", "c06", "c07", "c08", "c09", "c10", "c11",
                                                              "c12", "c13", "c14", "c15", "c16", "c17", "c18", "c19", "c20", "c21", "c22", "c23"};

/* Names borrow from the tables above; so where a text points says which one it is. */
static int index_of(struct text id, const char *table, size_t row_bytes, size_t rows)
{
    if (id.n == 0) {
        return NOBODY;
    }
    size_t at = (size_t)(id.s - table);
    CHECK(at < row_bytes * rows && at % row_bytes == 0);
    return (int)(at / row_bytes);
}

int agent_of(struct text id)
{
    return index_of(id, agent_names[0], sizeof agent_names[0], AGENTS_MAX);
}

int queue_of(struct text id)
{
    return index_of(id, queue_names[0], sizeof queue_names[0], QUEUES_MAX);
}

int conversation_of(struct text id)
{
    return index_of(id, conversation_names[0], sizeof conversation_names[0], CONVERSATIONS_MAX);
}

struct text agent_id(int agent)
{
    return agent == NOBODY ? (struct text){NULL, 0} : (struct text){agent_names[agent], 2};
}

struct text queue_id(int queue)
{
    return (struct text){queue_names[queue], 2};
}

struct text conversation_id(int conversation)
{
    return (struct text){conversation_names[conversation], 3};
}

unsigned roll(struct world *w, unsigned n) /* xorshift64* */
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned)((((w->random * 2685821657736338717ull) >> 32) * n) >> 32);
}

bool chance(struct world *w, unsigned percent)
{
    return roll(w, 100) < percent;
}

void world_say(struct world *w, const char *format, ...)
{
    if (w->verbose) {
        va_list args;
        va_start(args, format);
        (void)printf("%4u %lld ", w->step, (long long)w->now_ms);
        (void)vprintf(format, args);
        (void)putchar('\n');
        va_end(args);
    }
}

void violate(struct world *w, const char *name, const char *format, ...)
{
    if (!w->violated) {
        va_list args;
        va_start(args, format);
        w->violated = name;
        (void)vsnprintf(w->detail, sizeof w->detail, format, args);
        va_end(args);
        world_say(w, "VIOLATED %s: %s", name, w->detail);
    }
}

static void agent_make(struct world *w, int i)
{
    struct sim_agent *a = &w->agents[i];
    a->r.id = agent_id(i);
    a->r.capacity = 1 + roll(w, 6);
    a->r.languages = roll(w, 3) ? 1 + roll(w, 3) : 0;
    unsigned char place = 0;
    for (unsigned q = 0; q < (unsigned)w->queues_n; q++) {
        unsigned at = (q + (unsigned)i) % (unsigned)w->queues_n;
        if (chance(w, 60)) {
            routing_queues_add(&a->r.queues, at);
            a->r.order[at] = place++;
        }
    }
    for (size_t c = 0; c < ROUTING_CHANNELS; c++) {
        a->r.weight[c] = 1 + roll(w, 3);
        a->r.limit[c] = chance(w, 30) ? 1 + roll(w, 3) : 0;
        a->automatic |= (unsigned)chance(w, 30) << c;
    }
    for (size_t s = 0; s < SKILLS_MAX; s++) {
        a->r.skills[s] = (unsigned char)(chance(w, 50) ? 1 + roll(w, 5) : 0);
    }
    a->here = chance(w, 80);
    a->status = a->here ? AVAILABLE : OFFLINE;
}

void world_make(struct world *w, uint64_t seed, bool verbose)
{
    memset(w, 0, sizeof *w);
    uint64_t z = seed + 0x9e3779b97f4a7c15ull; /* splitmix64: seeds beside each other are far apart */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    w->random = (z ^ (z >> 31)) | 1;
    w->seed = seed;
    w->verbose = verbose;
    w->now_ms = 1700000000000;
    w->next_ms = INT64_MAX;
    w->agents_n = 1 + (int)roll(w, AGENTS_MAX);
    w->queues_n = 1 + (int)roll(w, QUEUES_MAX);
    w->routers_n = 1 + (int)roll(w, ROUTERS_MAX);
    w->fence = chance(w, 60) ? 1 : 0;
    w->policy = (struct routing_policy){.queues = w->rules, .interruptible = chance(w, 50) ? 1u << ROUTING_EMAIL : roll(w, 8),
                                        .order_step_ms = chance(w, 50) ? 1000 * (int64_t)roll(w, 60) : 0, .decline_rest_ms = 1000 * (int64_t)roll(w,
                                            120)};
    for (unsigned q = 0; q < (unsigned)w->queues_n; q++) {
        w->rules[q] = (struct routing_queue_rule){.drop_preferred_ms = 1000 * (int64_t)roll(w, 90), .widen_ms = 1000 * (int64_t)roll(w, 180),
                                                  .language_required = chance(w, 20), .broadcast = chance(w, 35) ? 2 + roll(w, 7) : roll(w, 2)};
        w->rules[q].widen_to.bits[0] = chance(w, 50) ? roll(w, 1u << w->queues_n) : 0;
    }
    w->takes[AVAILABLE] = 7;
    w->takes[OWN_FIRST] = 1u << ROUTING_EMAIL;
    w->takes[OWN_SECOND] = 1 + roll(w, 7);
    for (int i = 0; i < w->agents_n; i++) {
        agent_make(w, i);
    }
    for (int i = 0; i < w->routers_n; i++) {
        w->routers[i].alive = true;
    }
    for (int i = 0; i < CONVERSATIONS_MAX; i++) {
        struct sim_conversation *c = &w->conversations[i];
        c->owner = c->held = c->back = c->claim = c->sender = NOBODY;
    }
}
