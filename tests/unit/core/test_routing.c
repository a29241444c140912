/* Who gets what: one case a line. Agents and waiting conversations are written as they are read aloud. */
#include "../test.h"

#include "core/routing.h"

#define AGENTS_N 5
#define WAITING_N 6

struct agent_row {
    const char *id;
    bool away;
    unsigned load, capacity, since;
    const char *queues; /* each letter a queue */
};
struct waiting_row {
    const char *id;
    char queue;
    int score;
    unsigned units;
    const char *held;
};
static const struct row {
    const char *name;
    struct agent_row agents[AGENTS_N];
    struct waiting_row waiting[WAITING_N];
    const char *want; /* "conversation>agent …" in the order of assignment */
} rows[] = {
    {"one and one", {{"ann", 0, 0, 4, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, "c1>ann"},
    {"nobody is there", {{.id = NULL}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"nothing waits", {{"ann", 0, 0, 4, 0, "a"}}, {{.id = NULL}}, ""},
    {"not available", {{"ann", 1, 0, 4, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"another queue", {{"ann", 0, 0, 4, 0, "b"}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"no place free", {{"ann", 0, 4, 4, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"a place is free, but the work is larger", {{"ann", 0, 3, 4, 0, "a"}}, {{"c1", 'a', 0, 2, NULL}}, ""},
    {"just fits", {{"ann", 0, 2, 4, 0, "a"}}, {{"c1", 'a', 0, 2, NULL}}, "c1>ann"},
    {"capacity lowered below the load", {{"ann", 0, 5, 4, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"no capacity at all", {{"ann", 0, 0, 0, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, ""},
    {"least loaded", {{"ann", 0, 2, 4, 0, "a"}, {"bob", 0, 1, 4, 9, "a"}}, {{"c1", 'a', 0, 1, NULL}}, "c1>bob"},
    {"least loaded for the capacity, not by number", {{"ann", 0, 2, 8, 9, "a"}, {"bob", 0, 1, 2, 0, "a"}}, {{"c1", 'a', 0, 1, NULL}}, "c1>ann"},
    {"2 of 4 is 3 of 6: longest idle decides", {{"ann", 0, 2, 4, 8, "a"}, {"bob", 0, 3, 6, 7, "a"}}, {{"c1", 'a', 0, 1, NULL}}, "c1>bob"},
    {"all equal: by id", {{"bob", 0, 0, 4, 5, "a"}, {"ann", 0, 0, 4, 5, "a"}, {"anna", 0, 0, 4, 5, "a"}}, {{"c1", 'a', 0, 1, NULL}}, "c1>ann"},
    {"held first, though loaded more", {{"ann", 0, 3, 4, 9, "a"}, {"bob", 0, 0, 4, 0, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, "c1>ann"},
    {"held first, though of another queue", {{"ann", 0, 0, 4, 0, "b"}, {"bob", 0, 0, 4, 0, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, "c1>ann"},
    {"held by one who is away", {{"ann", 1, 0, 4, 0, "a"}, {"bob", 0, 3, 4, 9, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, "c1>bob"},
    {"held by one who is full", {{"ann", 0, 4, 4, 0, "a"}, {"bob", 0, 3, 4, 9, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, "c1>bob"},
    {"held by one who left", {{"bob", 0, 0, 4, 0, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, "c1>bob"},
    {"held by one who is full, and nobody else", {{"ann", 0, 4, 4, 0, "a"}}, {{"c1", 'a', 0, 1, "ann"}}, ""},
    {"oldest first", {{"ann", 0, 0, 1, 0, "a"}}, {{"c1", 'a', 30, 1, NULL}, {"c2", 'a', 10, 1, NULL}, {"c3", 'a', 20, 1, NULL}}, "c2>ann"},
    {"oldest first over queues", {{"ann", 0, 0, 1, 0, "ab"}}, {{"c1", 'a', 20, 1, NULL}, {"c2", 'b', 10, 1, NULL}}, "c2>ann"},
    {"a head start counts as age", {{"ann", 0, 0, 1, 0, "a"}}, {{"c1", 'a', 10, 1, NULL}, {"c2", 'a', -50, 1, NULL}}, "c2>ann"},
    {"same age: by id", {{"ann", 0, 0, 1, 0, "a"}}, {{"c2", 'a', 10, 1, NULL}, {"c1", 'a', 10, 1, NULL}}, "c1>ann"},
    {"who cannot be placed does not block", {{"ann", 0, 0, 2, 0, "b"}}, {{"c1", 'a', 1, 1, NULL}, {"c2", 'b', 2, 1, NULL}, {"c3", 'b', 3, 1, NULL}}, "c2>ann c3>ann"},
    {"what is too large does not block", {{"ann", 0, 2, 4, 0, "a"}}, {{"c1", 'a', 1, 3, NULL}, {"c2", 'a', 2, 1, NULL}, {"c3", 'a', 3, 1, NULL}}, "c2>ann c3>ann"},
    {"weights fill the places", {{"ann", 0, 0, 5, 0, "a"}}, {{"c1", 'a', 1, 3, NULL}, {"c2", 'a', 2, 3, NULL}, {"c3", 'a', 3, 2, NULL}}, "c1>ann c3>ann"},
    {"each assignment counts for the next", {{"ann", 0, 0, 2, 1, "a"}, {"bob", 0, 0, 2, 2, "a"}},
     {{"c1", 'a', 1, 1, NULL}, {"c2", 'a', 2, 1, NULL}, {"c3", 'a', 3, 1, NULL}, {"c4", 'a', 4, 1, NULL}, {"c5", 'a', 5, 1, NULL}},
     "c1>ann c2>bob c3>ann c4>bob"},
    {"an older stranger goes before a younger thread that is held", {{"ann", 0, 0, 1, 0, "a"}}, {{"c1", 'a', 2, 1, "ann"}, {"c2", 'a', 1, 1, NULL}}, "c2>ann"},
    {"two queues, each its own", {{"ann", 0, 0, 2, 0, "a"}, {"bob", 0, 0, 2, 0, "b"}},
     {{"c1", 'a', 1, 1, NULL}, {"c2", 'b', 2, 1, NULL}, {"c3", 'b', 3, 1, NULL}, {"c4", 'a', 4, 1, NULL}, {"c5", 'b', 5, 1, NULL}}, "c1>ann c2>bob c3>bob c4>ann"},
};

static void cases(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROWS(rows); r++) {
        struct routing_agent agents[AGENTS_N] = {0};
        struct routing_waiting waiting[WAITING_N] = {0};
        struct routing_assignment out[WAITING_N];
        size_t agents_n = 0, waiting_n = 0;
        for (; agents_n < AGENTS_N && rows[r].agents[agents_n].id; agents_n++) {
            const struct agent_row *a = &rows[r].agents[agents_n];
            agents[agents_n] = (struct routing_agent){text_of(a->id), !a->away, a->load, a->capacity, a->since, {{0}}};
            for (const char *q = a->queues; *q; q++) {
                routing_queues_add(&agents[agents_n].queues, (unsigned)(*q - 'a'));
            }
        }
        for (; waiting_n < WAITING_N && rows[r].waiting[waiting_n].id; waiting_n++) {
            const struct waiting_row *w = &rows[r].waiting[waiting_n];
            waiting[waiting_n] = (struct routing_waiting){text_of(w->id), (unsigned)(w->queue - 'a'), w->score, w->units, text_of(w->held)};
        }
        char got[256] = "";
        size_t n = routing_match(agents, agents_n, waiting, waiting_n, out), at = 0;
        for (size_t i = 0; i < n; i++) {
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%s>%s", i ? " " : "", waiting[out[i].waiting].conversation.s, agents[out[i].agent].id.s);
        }
        if (strcmp(got, rows[r].want) != 0) {
            fail_msg("row %s: \"%s\" instead of \"%s\"", rows[r].name, got, rows[r].want);
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

/* Loads at the end of the range: the comparison multiplies two of them. */
static void large_numbers(void **state)
{
    (void)state;
    uint64_t most = (1ull << 53) - 1;
    struct routing_agent agents[] = {{TEXT_LITERAL("ann"), true, most - 2, most, 0, {{1}}}, {TEXT_LITERAL("bob"), true, most - 3, most, 9, {{1}}}};
    struct routing_waiting waiting[] = {{TEXT_LITERAL("c1"), 0, INT64_MAX, 1, {NULL, 0}}, {TEXT_LITERAL("c2"), 0, INT64_MIN, 1, {NULL, 0}}};
    struct routing_assignment out[2];
    assert_int_equal(routing_match(agents, 2, waiting, 2, out), 2);
    assert_string_equal(waiting[out[0].waiting].conversation.s, "c2");
    assert_int_equal(out[0].agent, 1);
    assert_int_equal(out[1].agent, 0); /* both at most - 2 now: longest idle */
    assert_int_equal(agents[0].load, most - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(queues_are_a_set), cmocka_unit_test(large_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
