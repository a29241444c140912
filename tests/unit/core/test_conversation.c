/* The state machine. What should happen is typed here by hand, not taken from transitions.def, so that a slip in either shows. */
#include "../test.h"

#include "core/conversation.h"

enum place { NONE, NEW_PLACE, OLD_PLACE };
static const struct row {
    enum conversation_state from;
    enum conversation_event_kind event;
    enum conversation_state to;
    const char *owner, *queue;
    enum place place; /* in the queue */
    bool route, none;
} rows[] = {
    {CONVERSATION_NEW, EVENT_ARRIVED, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false},
    {CONVERSATION_QUEUED, EVENT_RESIDENT_SPOKE, CONVERSATION_QUEUED, "", "q", NONE, false, true},
    {CONVERSATION_QUEUED, EVENT_ASSIGNED, CONVERSATION_ACTIVE, "bob", "q", NONE, false, false},
    {CONVERSATION_QUEUED, EVENT_REQUEUED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false},
    {CONVERSATION_QUEUED, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", OLD_PLACE, true, false},
    {CONVERSATION_QUEUED, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false},
    {CONVERSATION_ACTIVE, EVENT_RESIDENT_SPOKE, CONVERSATION_ACTIVE, "ann", "q", NONE, false, true},
    {CONVERSATION_ACTIVE, EVENT_REQUEUED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false},
    {CONVERSATION_ACTIVE, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", NEW_PLACE, true, false},
    {CONVERSATION_ACTIVE, EVENT_AGENT_LEFT, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false},
    {CONVERSATION_ACTIVE, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false},
    {CONVERSATION_CLOSED, EVENT_RESIDENT_SPOKE, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false},
};

static const struct row *row_of(int from, int event)
{
    for (size_t i = 0; i < ROWS(rows); i++) {
        if ((int)rows[i].from == from && (int)rows[i].event == event) {
            return &rows[i];
        }
    }
    return NULL;
}

static void every_pair(void **state)
{
    (void)state;
    size_t met = 0;
    for (int from = 0; from < CONVERSATION_STATES; from++) {
        for (int kind = 0; kind < EVENT_KINDS; kind++) {
            char name[64];
            (void)snprintf(name, sizeof name, "%s, %s", conversation_state_name((enum conversation_state)from),
                           conversation_event_name((enum conversation_event_kind)kind));
            struct conversation c = {.state = (enum conversation_state)from, .queue = TEXT_LITERAL("q"),
                                     .owner = from == CONVERSATION_ACTIVE ? TEXT_LITERAL("ann") : (struct text){NULL, 0}};
            struct conversation_event e = {.kind = (enum conversation_event_kind)kind, .agent = TEXT_LITERAL("bob"), .queue = TEXT_LITERAL("other")};
            struct conversation_change change, before;
            memset(&change, 0x5a, sizeof change);
            before = change;
            int err = conversation_apply(&c, &e, &change);
            const struct row *want = row_of(from, kind);
            if (!want) {
                ROW_TRUE(name, err == ERR_BAD_STATE && memcmp(&change, &before, sizeof change) == 0);
                continue;
            }
            met++;
            ROW_TRUE(name, err == 0);
            ROW_TRUE(name, change.state == want->to);
            ROW_TRUE(name, text_is(change.owner, want->owner));
            ROW_TRUE(name, text_is(change.queue, want->queue));
            ROW_TRUE(name, change.keep_place == (want->place == OLD_PLACE));
            ROW_TRUE(name, change.route == want->route);
            ROW_TRUE(name, change.none == want->none);
            ROW_TRUE(name, !change.none || (change.state == c.state && text_equal(change.owner, c.owner)));
            ROW_TRUE(name, conversation_is_sane(&(struct conversation){change.state, change.owner, change.queue}));
        }
    }
    assert_int_equal(met, ROWS(rows));
}

/* From every state that a conversation can be in, some way leads to closed and back, and an active one can always be given on. */
static void nothing_is_a_dead_end(void **state)
{
    (void)state;
    for (int from = 0; from < CONVERSATION_STATES; from++) {
        bool reached[CONVERSATION_STATES] = {false};
        reached[from] = true;
        for (int turn = 0; turn < CONVERSATION_STATES; turn++) {
            for (size_t i = 0; i < ROWS(rows); i++) {
                if (reached[rows[i].from]) {
                    reached[rows[i].to] = true;
                }
            }
        }
        assert_true(reached[CONVERSATION_QUEUED] && reached[CONVERSATION_ACTIVE] && reached[CONVERSATION_CLOSED]);
        assert_int_equal(reached[CONVERSATION_NEW], from == CONVERSATION_NEW);
    }
}

static void sanity(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct conversation c;
        bool sane;
    } table[] = {
        {"waits", {CONVERSATION_QUEUED, {NULL, 0}, {"q", 1}}, true},
        {"is held", {CONVERSATION_ACTIVE, {"a", 1}, {"q", 1}}, true},
        {"is closed", {CONVERSATION_CLOSED, {NULL, 0}, {"q", 1}}, true},
        {"is new", {CONVERSATION_NEW, {NULL, 0}, {"q", 1}}, true},
        {"active without an owner", {CONVERSATION_ACTIVE, {NULL, 0}, {"q", 1}}, false},
        {"active with an empty owner", {CONVERSATION_ACTIVE, {"", 0}, {"q", 1}}, false},
        {"waits with an owner", {CONVERSATION_QUEUED, {"a", 1}, {"q", 1}}, false},
        {"closed with an owner", {CONVERSATION_CLOSED, {"a", 1}, {"q", 1}}, false},
        {"no queue", {CONVERSATION_QUEUED, {NULL, 0}, {NULL, 0}}, false},
        {"no such state", {CONVERSATION_STATES, {NULL, 0}, {"q", 1}}, false},
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        ROW_TRUE(table[i].name, conversation_is_sane(&table[i].c) == table[i].sane);
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const states[] = {"new", "queued", "active", "closed"}; /* stored, and on the wire: never to be renamed */
    assert_int_equal(ROWS(states), CONVERSATION_STATES);
    for (int s = 0; s < CONVERSATION_STATES; s++) {
        enum conversation_state got;
        assert_string_equal(conversation_state_name((enum conversation_state)s), states[s]);
        assert_int_equal(conversation_state_parse(text_of(states[s]), &got), 0);
        assert_int_equal(got, s);
    }
    enum conversation_state got = CONVERSATION_CLOSED;
    assert_int_equal(conversation_state_parse(TEXT_LITERAL("Queued"), &got), ERR_STORE_REPLY);
    assert_int_equal(conversation_state_parse((struct text){NULL, 0}, &got), ERR_STORE_REPLY);
    assert_int_equal(got, CONVERSATION_CLOSED);
    for (int e = 0; e < EVENT_KINDS; e++) {
        assert_true(strlen(conversation_event_name((enum conversation_event_kind)e)) > 0);
        for (int other = 0; other < e; other++) {
            assert_string_not_equal(conversation_event_name((enum conversation_event_kind)e), conversation_event_name((enum conversation_event_kind)other));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair), cmocka_unit_test(nothing_is_a_dead_end), cmocka_unit_test(sanity),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
