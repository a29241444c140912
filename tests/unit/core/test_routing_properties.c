/* Routing against a naive reference, and what must hold whatever comes: random offices, each matched in two orders of its rows.
 * The seed is printed with a failure; LOKET_SEED=… repeats it. What goes on over a long day is tests/sim's. */
#include "../test.h"

#include <stdlib.h>

#include "core/routing.h"

#define AGENTS_MAX_N 12
#define WAITING_MAX_N 40
#define QUEUES_N 5
#define SKILLS_N 3
#define OUT_N (WAITING_MAX_N * ROUTING_OFFERS_MAX)

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
    struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    struct routing_policy policy;
    struct routing_agent agents[AGENTS_MAX_N];
    struct routing_waiting waiting[WAITING_MAX_N];
    size_t agents_n, waiting_n;
    int64_t now;
};
static char agent_ids[AGENTS_MAX_N][8], conversation_ids[WAITING_MAX_N][8];

static void agent_make(struct routing_agent *a, size_t i)
{
    *a = (struct routing_agent){.id = text_of(agent_ids[i]), .takes = roll(4) ? roll(8) | 1 : 0, .capacity = roll(7), .since_ms = roll(3),
        .languages = roll(4)};
    a->load = roll((unsigned)a->capacity + 2);
    a->soft = a->load > 0 ? roll((unsigned)a->load + 1) : 0;
    unsigned char place = 0;
    for (unsigned q = 0; q < QUEUES_N; q++) {
        if (roll(3) == 0) {
            routing_queues_add(&a->queues, q);
            a->order[q] = (unsigned char)(place++ * (1 + roll(4)));
        }
    }
    for (size_t c = 0; c < ROUTING_CHANNELS; c++) {
        a->weight[c] = 1 + roll(3);
        a->limit[c] = roll(3);
        a->count[c] = roll(2);
    }
    for (size_t s = 0; s < SKILLS_N; s++) {
        a->skills[s] = (unsigned char)(roll(2) ? roll(4) : 0);
    }
}

static void waiting_make(struct office *o, size_t i)
{
    bool held = o->agents_n > 0 && roll(4) == 0;
    struct routing_waiting *w = &o->waiting[i];
    *w = (struct routing_waiting){.conversation = text_of(conversation_ids[i]), .queue = roll(QUEUES_N),
        .channel = (enum routing_channel)roll(ROUTING_CHANNELS),
                                  .score_ms = (int64_t)roll(20) - 10, .queued_ms = roll(30), .language = roll(3),
                                  .held = text_of(held ? agent_ids[roll((unsigned)o->agents_n)] : NULL)};
    for (w->needs_n = 0; w->needs_n < 2 && roll(4) == 0; w->needs_n++) {
        w->needs[w->needs_n] = (struct routing_need){roll(SKILLS_N), 1 + roll(3)};
    }
    for (w->prefers_n = 0; w->prefers_n < 2 && roll(3) == 0; w->prefers_n++) {
        w->prefers[w->prefers_n] = (struct routing_need){roll(SKILLS_N), 1 + roll(3)};
    }
    for (w->declined_n = 0; w->declined_n < 4 && o->agents_n > 0 && roll(3) == 0; w->declined_n++) {
        w->declined[w->declined_n] = (struct routing_decline){text_of(agent_ids[roll((unsigned)o->agents_n)]), roll(40)};
    }
}

static void office_make(struct office *o)
{
    memset(o, 0, sizeof *o);
    o->agents_n = roll(AGENTS_MAX_N + 1);
    o->waiting_n = roll(WAITING_MAX_N + 1);
    o->now = 20 + (int64_t)roll(30);
    o->policy = (struct routing_policy){.interruptible = roll(2) ? roll(8) : 0, .order_step_ms = roll(2) ? roll(6) : 0, .decline_rest_ms = roll(20)};
    for (unsigned q = 0; q < QUEUES_N; q++) {
        o->rules[q] = (struct routing_queue_rule){.drop_preferred_ms = roll(30), .widen_ms = roll(30), .language_required = roll(3) == 0,
            .broadcast = roll(3) ? roll(2) : roll(10)};
        o->rules[q].widen_to.bits[0] = roll(2) ? roll(1u << QUEUES_N) : 0;
    }
    for (size_t i = 0; i < o->agents_n; i++) {
        agent_make(&o->agents[i], i);
    }
    for (size_t i = 0; i < o->waiting_n; i++) {
        waiting_make(o, i);
    }
}

/* --- the reference: as the rules are told, with no thought of speed ------------------------------------------------------------ */

static bool skills_ok(const struct routing_agent *a, const struct routing_need *needs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a->skills[needs[i].skill] < needs[i].level) {
            return false;
        }
    }
    return true;
}

static bool has_passed(const struct routing_agent *a, const struct routing_waiting *w)
{
    bool passed = false;
    for (size_t i = 0; i < w->declined_n; i++) {
        passed = passed || strcmp(w->declined[i].agent.s, a->id.s) == 0;
    }
    return passed;
}

static bool can_take(const struct office *o, const struct routing_agent *a, const struct routing_waiting *w, int64_t now)
{
    const struct routing_queue_rule *rule = &o->rules[w->queue];
    int64_t units = (int64_t)a->weight[w->channel],
        counted = (int64_t)a->load - (o->policy.interruptible & (1u << w->channel) ? 0 : (int64_t)a->soft);
    if (!(a->takes & (1u << w->channel)) || counted + units > (int64_t)a->capacity || (a->limit[w->channel] != 0 &&
        a->count[w->channel] >= a->limit[w->channel])) {
        return false;
    }
    for (size_t i = 0; i < w->declined_n; i++) {
        if (strcmp(w->declined[i].agent.s, a->id.s) == 0 && now - w->declined[i].at_ms < o->policy.decline_rest_ms) {
            return false;
        }
    }
    if (text_equal(a->id, w->held)) {
        return true;
    }
    int64_t waited = now - w->queued_ms;
    bool widened = false;
    for (unsigned q = 0; q < QUEUES_N && waited >= rule->widen_ms; q++) {
        widened = widened || (routing_queues_has(&rule->widen_to, q) && routing_queues_has(&a->queues, q));
    }
    bool language = w->language == 0 || a->languages == 0 || (a->languages & (1u << (w->language - 1)));
    bool preferred = skills_ok(a, w->prefers, w->prefers_n) && language;
    return (routing_queues_has(&a->queues, w->queue) || widened) && skills_ok(a, w->needs, w->needs_n) && (preferred ||
        waited >= rule->drop_preferred_ms) &&
           (language || !rule->language_required);
}

static size_t place_for(const struct routing_agent *a, const struct routing_waiting *w)
{
    return has_passed(a, w) ? 7 : text_equal(a->id, w->held) ? 0 : !routing_queues_has(&a->queues, w->queue) ||
        a->order[w->queue] > 7 ? 7 : a->order[w->queue];
}

static int64_t age_for(const struct office *o, const struct routing_agent *a, const struct routing_waiting *w)
{
    return w->score_ms + (int64_t)place_for(a, w) * o->policy.order_step_ms;
}

static bool comes_before(const struct routing_waiting *a, const struct routing_waiting *b)
{
    return a->score_ms < b->score_ms || (a->score_ms == b->score_ms && strcmp(a->conversation.s, b->conversation.s) < 0);
}

static int64_t passed_at(const struct routing_agent *a, const struct routing_waiting *w)
{
    int64_t at = -1;
    for (size_t i = 0; i < w->declined_n; i++) {
        at = strcmp(w->declined[i].agent.s, a->id.s) == 0 && w->declined[i].at_ms > at ? w->declined[i].at_ms : at;
    }
    return at;
}

static bool is_preferred(const struct routing_agent *a, const struct routing_agent *b, const struct routing_waiting *w)
{
    if (passed_at(a, w) != passed_at(b, w)) {
        return passed_at(a, w) < passed_at(b, w);
    }
    if (text_equal(a->id, w->held) || text_equal(b->id, w->held)) {
        return text_equal(a->id, w->held);
    }
    double x = (double)a->load / (double)a->capacity,
        y = (double)b->load / (double)b->capacity; /* small numbers: equal fractions are equal doubles */
    return x < y || (x == y && (a->since_ms < b->since_ms || (a->since_ms == b->since_ms && strcmp(a->id.s, b->id.s) < 0)));
}

/* The best agent for @w among those who have it at @place of their lists, not one of @skip. */
static struct routing_agent *best_for(struct office *o, const struct routing_waiting *w, size_t place, bool again, const bool *skip)
{
    struct routing_agent *best = NULL;
    for (size_t i = 0; i < o->agents_n; i++) {
        struct routing_agent *a = &o->agents[i];
        bool there = o->policy.order_step_ms == 0 || place_for(a, w) == place;
        if (!skip[i] && has_passed(a, w) == again && there && can_take(o, a, w, o->now) && (!best || is_preferred(a, best, w))) {
            best = a;
        }
    }
    return best;
}

static bool anybody_fresh(const struct office *o, const struct routing_waiting *w)
{
    for (size_t i = 0; i < o->agents_n; i++) {
        if (!has_passed(&o->agents[i], w) && can_take(o, &o->agents[i], w, o->now)) {
            return true;
        }
    }
    return false;
}

/* Looks at every (conversation, place in a list) in the order of age there. Writes pairs of ids. */
static size_t reference(struct office *o, struct text given[][2])
{
    bool done[WAITING_MAX_N] = {false}, looked[WAITING_MAX_N][8] = {{false}};
    size_t n = 0, levels = o->policy.order_step_ms > 0 ? 8 : 1;
    for (size_t turn = 0; turn < o->waiting_n * levels; turn++) {
        struct routing_waiting *w = NULL;
        size_t level = 0;
        for (size_t i = 0; i < o->waiting_n; i++) {
            for (size_t k = 0; k < levels; k++) {
                int64_t age = o->waiting[i].score_ms + (int64_t)k * o->policy.order_step_ms,
                    least = w ? w->score_ms + (int64_t)level * o->policy.order_step_ms : INT64_MAX;
                if (!looked[i][k] && (age < least || (age == least && comes_before(&o->waiting[i], w)))) {
                    w = &o->waiting[i];
                    level = k;
                }
            }
        }
        looked[w - o->waiting][level] = true;
        bool skip[AGENTS_MAX_N] = {false}, again = !anybody_fresh(o, w);
        unsigned most = o->rules[w->queue].broadcast < 1 ? 1 : o->rules[w->queue].broadcast > 8 ? 8 : o->rules[w->queue].broadcast;
        size_t from = n;
        struct routing_agent *a;
        while (!done[w - o->waiting] && n - from < most && (a = best_for(o, w, level, again, skip)) != NULL) {
            skip[a - o->agents] = true;
            given[n][0] = w->conversation;
            given[n++][1] = a->id;
        }
        for (size_t i = 0; i < o->agents_n; i++) {
            o->agents[i].load += skip[i] ? o->agents[i].weight[w->channel] : 0;
            o->agents[i].soft += skip[i] && (o->policy.interruptible & (1u << w->channel)) ? o->agents[i].weight[w->channel] : 0;
            o->agents[i].count[w->channel] += skip[i];
        }
        done[w - o->waiting] = done[w - o->waiting] || n > from;
    }
    return n;
}

/* --- what must hold ------------------------------------------------------------ */

static bool asks_alike(const struct routing_waiting *a, const struct routing_waiting *b)
{
    return a->queue == b->queue && a->channel == b->channel && a->language == b->language &&
        a->held.n + b->held.n + a->declined_n + b->declined_n == 0 &&
           a->needs_n == b->needs_n && a->prefers_n == b->prefers_n && memcmp(a->needs, b->needs, sizeof a->needs) == 0 && memcmp(a->prefers,
               b->prefers, sizeof a->prefers) == 0;
}

static void check_match(const struct office *before, const struct office *after, const struct routing_assignment *out, size_t n, int64_t next)
{
    struct office o = *before;
    for (size_t i = 0; i < n; i++) {
        HOLDS(out[i].waiting < after->waiting_n && out[i].agent < after->agents_n);
        const struct routing_waiting *w = &after->waiting[out[i].waiting];
        struct routing_agent *a = &o.agents[out[i].agent];
        bool follows = i > 0 && out[i - 1].waiting == out[i].waiting; /* in one broadcast */
        for (size_t k = 0; k < i; k++) {
            HOLDS(out[k].waiting != out[i].waiting || (follows && out[k].agent != out[i].agent));
        }
        HOLDS(can_take(&o, a, w, o.now));
        /* The oldest in this agent's eyes that they could take and nobody else was asked for, no younger one. */
        for (size_t k = 0; k < after->waiting_n; k++) {
            const struct routing_waiting *other = &after->waiting[k];
            bool older = age_for(&o, a, other) < age_for(&o, a, w);
            HOLDS(!older || other->placed || has_passed(a, other) || !can_take(&o, a, other, o.now));
        }
        a->load += out[i].units;
        a->soft += out[i].soft ? out[i].units : 0;
        a->count[w->channel]++;
        HOLDS(a->load - a->soft <= a->capacity && (!out[i].soft || a->load <= a->capacity));
        HOLDS(a->limit[w->channel] == 0 || a->count[w->channel] <= a->limit[w->channel]);
    }
    int64_t opens = INT64_MAX;
    for (size_t i = 0; i < after->waiting_n; i++) {
        const struct routing_waiting *w = &after->waiting[i];
        HOLDS(i == 0 || !comes_before(w, &after->waiting[i - 1]));
        for (size_t k = 0; k < i; k++) { /* first in, first out, where nothing but age differs and the older one has waited as long */
            HOLDS(!w->placed || after->waiting[k].placed || !asks_alike(w, &after->waiting[k]) || after->waiting[k].queued_ms > w->queued_ms);
        }
        for (size_t k = 0; !w->placed && k < o.agents_n; k++) {
            HOLDS(!can_take(&o, &o.agents[k], w, o.now)); /* nobody waits beside an agent who could */
            HOLDS(!routing_can_take(&o.policy, &o.agents[k], w, o.now));
            for (int64_t t = o.now + 1; t < 100 && t < opens; t++) {
                opens = can_take(&o, &o.agents[k], w, t) ? t : opens;
            }
        }
    }
    HOLDS(next == opens);
}

static void random_offices(void **state)
{
    (void)state;
    for (size_t i = 0; i < AGENTS_MAX_N; i++) {
        (void)snprintf(agent_ids[i], sizeof agent_ids[i], "a%u", (unsigned)i);
    }
    for (size_t i = 0; i < WAITING_MAX_N; i++) {
        (void)snprintf(conversation_ids[i], sizeof conversation_ids[i], "c%02u", (unsigned)i);
    }
    size_t broadcasts = 0, assigned = 0, stays = 0;
    for (int round = 0; round < 4000; round++) {
        static struct office before, after, plain;
        struct routing_assignment out[OUT_N];
        static struct text given[OUT_N][2];
        seed = random_state;
        office_make(&before);
        before.policy.queues = before.rules;
        after = plain = before;
        for (size_t i = after.waiting_n; i > 1; i--) { /* the order in which the store lists them must not matter */
            size_t k = roll((unsigned)i);
            struct routing_waiting w = after.waiting[i - 1];
            after.waiting[i - 1] = after.waiting[k];
            after.waiting[k] = w;
        }
        int64_t next;
        size_t n = routing_match(&after.policy, after.agents, after.agents_n, after.waiting, after.waiting_n, after.now, out, OUT_N, &next);
        check_match(&before, &after, out, n, next);
        HOLDS(n == reference(&plain, given));
        for (size_t i = 0; i < n; i++) {
            HOLDS(text_equal(after.waiting[out[i].waiting].conversation, given[i][0]));
            HOLDS(text_equal(after.agents[out[i].agent].id, given[i][1]));
            broadcasts += i > 0 && out[i].waiting == out[i - 1].waiting;
        }
        for (size_t i = 0; i < after.waiting_n; i++) {
            assigned += after.waiting[i].placed;
            stays += !after.waiting[i].placed;
        }
    }
    print_message("%zu assigned, %zu stay, %zu of a broadcast besides the first\n", assigned, stays, broadcasts);
    assert_true(broadcasts > 300 && assigned > 5000 && stays > 10000); /* all of it was met */
}

int main(void)
{
    const char *asked = getenv("LOKET_SEED");
    random_state = asked ? strtoull(asked, NULL, 10) : 0x9e3779b97f4a7c15ull;
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_offices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
