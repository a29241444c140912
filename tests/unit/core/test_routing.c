/* Who gets what: one case a line, in the order of the rules of core/routing.h. Agents and waiting conversations are written as they are read
 * aloud. */
#include "../test.h"

#include <stdlib.h>

#include "core/routing.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* a row says what matters for it; the rest is 0 */

#define AGENTS_N 5
#define WAITING_N 6
#define ALL_CHANNELS 7u
#define CHAT ROUTING_CHAT
#define EMAIL ROUTING_EMAIL
#define SMS ROUTING_SMS

struct agent_row {
    const char *id;
    unsigned load, capacity, since;
    const char *queues; /* each letter a queue, best first */
    bool away;
    unsigned takes;     /* 0: all channels */
    unsigned soft;
    unsigned limit[ROUTING_CHANNELS], count[ROUTING_CHANNELS];
    unsigned weight[ROUTING_CHANNELS]; /* 0: 1 */
    const char *skills; /* "s3t5": skill s at level 3, t at 5 */
    unsigned languages; /* bits; 0: any */
};
struct waiting_row {
    const char *id;
    char queue;
    int score;
    const char *held;
    enum routing_channel channel;
    const char *needs, *prefers;
    unsigned language;
    int queued;
    const char *declined; /* "ann@100 bob@50" */
};
static const struct row {
    const char *name;
    struct agent_row agents[AGENTS_N];
    struct waiting_row waiting[WAITING_N];
    const char *want; /* "conversation>agent …" in the order of assignment */
    int now, next;    /* next 0: never */
    int step, rest;
    unsigned soft;    /* interruptible channels */
    struct routing_queue_rule a; /* the rule of queue a; the others have none */
    int out;          /* room for so many; 0: enough */
} rows[] = {
#include "routing_rows.def"
};

static struct text first_word(const char **s)
{
    struct text word = {*s, strcspn(*s, " ")};
    *s += word.n;
    *s += **s == ' ';
    return word;
}

static size_t needs_of(const char *s, struct routing_need *out)
{
    size_t n = 0;
    for (; s && *s; s += 2) {
        out[n++] = (struct routing_need){(unsigned)(s[0] - 'a'), (unsigned)(s[1] - '0')};
    }
    return n;
}

static struct routing_agent agent_of(const struct agent_row *row)
{
    struct routing_agent a = {.id = text_of(row->id), .load = row->load, .soft = row->soft, .capacity = row->capacity, .since_ms = row->since,
                              .takes = row->away ? 0 : row->takes ? row->takes : ALL_CHANNELS, .languages = row->languages};
    for (size_t c = 0; c < ROUTING_CHANNELS; c++) {
        a.count[c] = row->count[c];
        a.limit[c] = row->limit[c];
        a.weight[c] = row->weight[c] ? row->weight[c] : 1;
    }
    unsigned char place = 0;
    for (const char *q = row->queues; q && *q; q++) {
        routing_queues_add(&a.queues, (unsigned)(*q - 'a'));
        a.order[*q - 'a'] = place++;
    }
    struct routing_need skills[ROUTING_NEEDS_MAX];
    size_t n = needs_of(row->skills, skills);
    for (size_t i = 0; i < n; i++) {
        a.skills[skills[i].skill] = (unsigned char)skills[i].level;
    }
    return a;
}

static struct routing_waiting waiting_of(const struct waiting_row *row)
{
    struct routing_waiting w = {.conversation = text_of(row->id), .queue = (unsigned)(row->queue - 'a'), .channel = row->channel,
        .score_ms = row->score,
                                .queued_ms = row->queued, .held = text_of(row->held), .language = row->language};
    w.needs_n = needs_of(row->needs, w.needs);
    w.prefers_n = needs_of(row->prefers, w.prefers);
    for (const char *s = row->declined; s && *s;) {
        struct text word = first_word(&s);
        const char *at = memchr(word.s, '@', word.n);
        w.declined[w.declined_n++] = (struct routing_decline){{word.s, (size_t)(at - word.s)}, strtol(at + 1, NULL, 10)};
    }
    return w;
}

static void check_row(const struct row *r)
{
    static struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    struct routing_agent agents[AGENTS_N];
    struct routing_waiting waiting[WAITING_N];
    struct routing_assignment out[AGENTS_N * WAITING_N];
    size_t agents_n = 0, waiting_n = 0;
    for (; agents_n < AGENTS_N && r->agents[agents_n].id; agents_n++) {
        agents[agents_n] = agent_of(&r->agents[agents_n]);
    }
    for (; waiting_n < WAITING_N && r->waiting[waiting_n].id; waiting_n++) {
        waiting[waiting_n] = waiting_of(&r->waiting[waiting_n]);
    }
    rules[0] = r->a;
    struct routing_policy policy = {.queues = rules, .interruptible = r->soft, .order_step_ms = r->step, .decline_rest_ms = r->rest};
    char got[256] = "";
    int64_t next = -1;
    size_t n = routing_match(&policy, agents, agents_n, waiting, waiting_n, r->now, out, r->out ? (size_t)r->out : ROWS(out), &next), at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s>%s", i ? " " : "", waiting[out[i].waiting].conversation.s, agents[out[i].agent].id.s);
        ROW_TRUE(r->name, out[i].soft == (r->soft >> waiting[out[i].waiting].channel & 1));
        ROW_TRUE(r->name, out[i].units == agents[out[i].agent].weight[waiting[out[i].waiting].channel]);
    }
    if (strcmp(got, r->want) != 0) {
        fail_msg("row %s: \"%s\" instead of \"%s\"", r->name, got, r->want);
    }
    if (next != (r->next ? r->next : INT64_MAX)) {
        fail_msg("row %s: next %lld instead of %d", r->name, (long long)next, r->next);
    }
    /* What it gave is on the agents, and what stays is marked as such. */
    for (size_t k = 0; k < agents_n; k++) {
        uint64_t load = r->agents[k].load, soft = r->agents[k].soft;
        unsigned count = 0;
        for (size_t i = 0; i < n; i++) {
            load += out[i].agent == k ? out[i].units : 0;
            soft += out[i].agent == k && out[i].soft ? out[i].units : 0;
            count += out[i].agent == k;
        }
        ROW_TRUE(r->name, agents[k].load == load && agents[k].soft == soft);
        for (size_t c = 0; c < ROUTING_CHANNELS; c++) {
            count += r->agents[k].count[c] - agents[k].count[c];
        }
        ROW_TRUE(r->name, count == 0);
    }
    for (size_t i = 0; i < waiting_n; i++) {
        bool given = false;
        for (size_t k = 0; k < n; k++) {
            given = given || out[k].waiting == i;
        }
        ROW_TRUE(r->name, waiting[i].placed == given);
    }
}

static void cases(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROWS(rows); r++) {
        check_row(&rows[r]);
    }
}

/* routing_can_take and routing_has_room by themselves. */
static void may_one_take_it(void **state)
{
    (void)state;
    static struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    rules[0] = (struct routing_queue_rule){.drop_preferred_ms = 10, .widen_ms = 20};
    routing_queues_add(&rules[0].widen_to, 1);
    struct routing_policy policy = {.queues = rules, .decline_rest_ms = 100, .interruptible = 1u << EMAIL};
    static const struct {
        const char *name;
        struct agent_row a;
        struct waiting_row w;
        int from; /* from when on; -1: always; -2: never */
        bool room;
    } table[] = {
        {"own queue", {"ann", 0, 1, 0, "a"}, {"c", 'a'}, -1, true},
        {"full", {"ann", 1, 1, 0, "a"}, {"c", 'a'}, -2, false},
        {"full of work that gives way", {"ann", 1, 1, 0, "a", .soft = 1}, {"c", 'a'}, -1, true},
        {"the same, for work that gives way", {"ann", 1, 1, 0, "a", .soft = 1}, {"c", 'a', .channel = EMAIL}, -2, false},
        {"more soft than there is load", {"ann", 1, 1, 0, "a", .soft = 9}, {"c", 'a'}, -1, true},
        {"widened", {"ann", 0, 1, 0, "b"}, {"c", 'a'}, 20, true},
        {"a queue to which it never widens", {"ann", 0, 1, 0, "c"}, {"c", 'a'}, -2, true},
        {"preferred", {"ann", 0, 1, 0, "a"}, {"c", 'a', .prefers = "s1"}, 10, true},
        {"preferred and widened", {"ann", 0, 1, 0, "b"}, {"c", 'a', .prefers = "s1"}, 20, true},
        {"required", {"ann", 0, 1, 0, "a", .skills = "s2"}, {"c", 'a', .needs = "s3"}, -2, true},
        {"held", {"ann", 0, 1, 0, "c"}, {"c", 'a', .held = "ann", .needs = "s3", .prefers = "t1", .language = 2}, -1, true},
        {"rests", {"ann", 0, 1, 0, "a"}, {"c", 'a', .declined = "ann@7"}, 107, true},
        {"held, and rests", {"ann", 0, 1, 0, "c"}, {"c", 'a', .held = "ann", .declined = "ann@7"}, 107, true},
        {"passed twice: the later one counts", {"ann", 0, 1, 0, "a"}, {"c", 'a', .declined = "ann@9 bob@50 ann@7"}, 109, true},
        {"another one rests", {"ann", 0, 1, 0, "a"}, {"c", 'a', .declined = "anna@7"}, -1, true},
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        struct routing_agent a = agent_of(&table[i].a);
        struct routing_waiting w = waiting_of(&table[i].w);
        ROW_TRUE(table[i].name, routing_has_room(&policy, &a, w.channel) == table[i].room);
        for (int now = 0; now < 200; now++) {
            ROW_TRUE(table[i].name, routing_can_take(&policy, &a, &w, now) == (table[i].from != -2 && now >= table[i].from));
        }
    }
}

static void queues_are_a_set(void **state)
{
    (void)state;
    struct routing_queues q = {{0}};
    for (unsigned i = 0; i < ROUTING_QUEUES_MAX; i += 5) {
        routing_queues_add(&q, i);
        routing_queues_add(&q, i);
    }
    for (unsigned i = 0; i < ROUTING_QUEUES_MAX; i++) {
        assert_int_equal(routing_queues_has(&q, i), i % 5 == 0);
    }
}

/* Loads at the end of the range, whose products the comparison needs, and times at the ends of theirs. */
static void large_numbers(void **state)
{
    (void)state;
    static struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    rules[0] = (struct routing_queue_rule){.drop_preferred_ms = INT64_MAX, .widen_ms = INT64_MAX};
    struct routing_policy policy = {.queues = rules, .order_step_ms = INT64_MAX / 2, .decline_rest_ms = INT64_MAX};
    uint64_t most = (1ull << 53) - 1;
    struct routing_agent agents[] = {
        {.id = TEXT_LITERAL("ann"), .load = most - 2, .capacity = most, .takes = 1, .weight = {1}, .queues = {{1}}},
        {.id = TEXT_LITERAL("bob"), .load = most - 3, .capacity = most, .takes = 1, .weight = {1}, .queues = {{1}}, .since_ms = 9},
    };
    struct routing_waiting waiting[] = {
        {.conversation = TEXT_LITERAL("c1"), .score_ms = INT64_MAX, .queued_ms = INT64_MAX},
        {.conversation = TEXT_LITERAL("c2"), .score_ms = INT64_MIN, .queued_ms = INT64_MIN},
        {.conversation = TEXT_LITERAL("c3"), .score_ms = 5, .queued_ms = INT64_MAX, .prefers = {{1, 1}}, .prefers_n = 1,
            .declined = {{TEXT_LITERAL("ann"), 5}}, .declined_n = 1},
    };
    struct routing_assignment out[ROUTING_OFFERS_MAX];
    int64_t next;
    assert_int_equal(routing_match(&policy, agents, 2, waiting, 3, 0, out, ROWS(out), &next), 2);
    assert_string_equal(waiting[out[0].waiting].conversation.s, "c2");
    assert_int_equal(out[0].agent, 1);
    assert_int_equal(out[1].agent, 0); /* both at most - 2 now: longest idle */
    assert_int_equal(agents[0].load, most - 1);
    assert_true(next == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(may_one_take_it), cmocka_unit_test(queues_are_a_set),
        cmocka_unit_test(large_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
