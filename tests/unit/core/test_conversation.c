/* The state machine. What should happen is typed here by hand, not taken from transitions.def, so that a slip in either shows. */
#include "../test.h"

#include "core/conversation.h"

#define NOW_MS 1000000

/* Every conversation of these tables: in queue "q", held by hal, to come back to sam; ann owns it when somebody does; offered to bob and cat when
 * it is offered.
 * Every event: by bob (an offer by the router: to bob and dan), to queue "other", sent by sue, within the time to reopen. */
enum place { NONE, NEW_PLACE, OLD_PLACE };
static const struct row {
    enum conversation_state from;
    enum conversation_event_kind event;
    enum conversation_state to;
    const char *owner, *queue;
    enum place place; /* in the queue */
    bool route, none;
    const char *held, *back, *offered;
} rows[] = {
    {CONVERSATION_NEW, EVENT_ARRIVED, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false, "hal", "", ""},

    {CONVERSATION_QUEUED, EVENT_RESIDENT_SPOKE, CONVERSATION_QUEUED, "", "q", NONE, false, true, "hal", "sam", ""},
    {CONVERSATION_QUEUED, EVENT_ASSIGNED, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_QUEUED, EVENT_OFFERED, CONVERSATION_OFFERED, "", "q", NONE, true, false, "hal", "sam", "bob dan"},
    {CONVERSATION_QUEUED, EVENT_HANDED_OVER, CONVERSATION_OFFERED, "", "q", NONE, true, false, "sue", "sue", "bob"},
    {CONVERSATION_QUEUED, EVENT_TAKEN, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_QUEUED, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", OLD_PLACE, true, false, "", "sue", ""},
    {CONVERSATION_QUEUED, EVENT_RETURNED, CONVERSATION_QUEUED, "", "other", OLD_PLACE, true, false, "sam", "", ""},
    {CONVERSATION_QUEUED, EVENT_REQUEUED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "", "", ""},
    {CONVERSATION_QUEUED, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},

    {CONVERSATION_OFFERED, EVENT_RESIDENT_SPOKE, CONVERSATION_OFFERED, "", "q", NONE, false, true, "hal", "sam", "bob cat"},
    {CONVERSATION_OFFERED, EVENT_ACCEPTED, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_OFFERED, EVENT_PASSED, CONVERSATION_OFFERED, "", "q", NONE, true, false, "hal", "sam", "cat"},
    {CONVERSATION_OFFERED, EVENT_DECLINED, CONVERSATION_OFFERED, "", "q", NONE, true, false, "hal", "sam", "cat"},
    {CONVERSATION_OFFERED, EVENT_AGENT_LEFT, CONVERSATION_OFFERED, "", "q", NONE, true, false, "hal", "sam", "cat"},
    {CONVERSATION_OFFERED, EVENT_TIMED_OUT, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "hal", "sam", ""},
    {CONVERSATION_OFFERED, EVENT_RESCINDED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "hal", "sam", ""},
    {CONVERSATION_OFFERED, EVENT_HANDED_OVER, CONVERSATION_OFFERED, "", "q", NONE, true, false, "sue", "sue", "bob"},
    {CONVERSATION_OFFERED, EVENT_TAKEN, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_OFFERED, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", OLD_PLACE, true, false, "", "sue", ""},
    {CONVERSATION_OFFERED, EVENT_REQUEUED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "", "", ""},
    {CONVERSATION_OFFERED, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},

    {CONVERSATION_ACTIVE, EVENT_RESIDENT_SPOKE, CONVERSATION_ACTIVE, "ann", "q", NONE, false, true, "hal", "", ""},
    {CONVERSATION_ACTIVE, EVENT_HANDED_OVER, CONVERSATION_OFFERED, "", "q", NONE, true, false, "sue", "sue", "bob"},
    {CONVERSATION_ACTIVE, EVENT_TAKEN, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_ACTIVE, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", NEW_PLACE, true, false, "", "sue", ""},
    {CONVERSATION_ACTIVE, EVENT_REQUEUED, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "", "", ""},
    {CONVERSATION_ACTIVE, EVENT_SNOOZED, CONVERSATION_SNOOZED, "", "q", NONE, true, false, "hal", "", ""},
    {CONVERSATION_ACTIVE, EVENT_AGENT_LEFT, CONVERSATION_QUEUED, "", "q", OLD_PLACE, true, false, "hal", "", ""},
    {CONVERSATION_ACTIVE, EVENT_WRAPPED, CONVERSATION_WRAP_UP, "ann", "q", NONE, false, false, "ann", "", ""},
    {CONVERSATION_ACTIVE, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},

    {CONVERSATION_SNOOZED, EVENT_RESIDENT_SPOKE, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false, "hal", "", ""},
    {CONVERSATION_SNOOZED, EVENT_WOKEN, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false, "hal", "", ""},
    {CONVERSATION_SNOOZED, EVENT_TAKEN, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_SNOOZED, EVENT_MOVED, CONVERSATION_QUEUED, "", "other", NEW_PLACE, true, false, "", "sue", ""},
    {CONVERSATION_SNOOZED, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},

    {CONVERSATION_WRAP_UP, EVENT_RESIDENT_SPOKE, CONVERSATION_ACTIVE, "ann", "q", NONE, false, false, "hal", "", ""},
    {CONVERSATION_WRAP_UP, EVENT_TAKEN, CONVERSATION_ACTIVE, "bob", "q", NONE, true, false, "bob", "", ""},
    {CONVERSATION_WRAP_UP, EVENT_AGENT_LEFT, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},
    {CONVERSATION_WRAP_UP, EVENT_FINISHED, CONVERSATION_CLOSED, "", "q", NONE, true, false, "hal", "", ""},

    {CONVERSATION_CLOSED, EVENT_RESIDENT_SPOKE, CONVERSATION_QUEUED, "", "q", NEW_PLACE, true, false, "hal", "", ""},
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

static struct conversation conversation_in(enum conversation_state state)
{
    struct conversation c = {.state = state, .queue = TEXT_LITERAL("q"), .held = TEXT_LITERAL("hal"), .back = TEXT_LITERAL("sam"),
        .closed_at_ms = NOW_MS - 10};
    if (state == CONVERSATION_ACTIVE || state == CONVERSATION_WRAP_UP) {
        c.owner = TEXT_LITERAL("ann");
    }
    if (state == CONVERSATION_OFFERED) {
        c.offered[c.offered_n++] = TEXT_LITERAL("bob");
        c.offered[c.offered_n++] = TEXT_LITERAL("cat");
    }
    return c;
}

static struct conversation_event event_of(enum conversation_event_kind kind)
{
    return (struct conversation_event){.kind = kind, .agents = {TEXT_LITERAL("bob"), TEXT_LITERAL("dan")}, .agents_n = kind == EVENT_OFFERED ? 2 : 1,
                                       .queue = TEXT_LITERAL("other"), .sender = TEXT_LITERAL("sue"), .now_ms = NOW_MS, .reopen_ms = 10};
}

static const char *list(const struct text *agents, size_t n, char *out, size_t out_bytes)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, out_bytes - at, "%s%.*s", i ? " " : "", TEXT_ARG(agents[i]));
    }
    return out;
}

static struct conversation after(const struct conversation_change *change)
{
    struct conversation c = {.state = change->state, .owner = change->owner, .queue = change->queue, .offered_n = change->offered_n,
        .held = change->held, .back = change->back};
    memcpy(c.offered, change->offered, sizeof c.offered);
    return c;
}

static void every_pair(void **state)
{
    (void)state;
    size_t met = 0;
    for (int from = 0; from < CONVERSATION_STATES; from++) {
        for (int kind = 0; kind < EVENT_KINDS; kind++) {
            char name[64], offered[64];
            (void)snprintf(name, sizeof name, "%s, %s", conversation_state_name((enum conversation_state)from),
                           conversation_event_name((enum conversation_event_kind)kind));
            struct conversation c = conversation_in((enum conversation_state)from);
            struct conversation_event e = event_of((enum conversation_event_kind)kind);
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
            if (!want->none) {
                ROW_TRUE(name, text_is(change.held, want->held));
                ROW_TRUE(name, text_is(change.back, want->back));
            }
            ROW_TRUE(name, strcmp(list(change.offered, change.offered_n, offered, sizeof offered), want->offered) == 0);
            ROW_TRUE(name, !change.none || (change.state == c.state && text_equal(change.owner, c.owner)));
            struct conversation now = after(&change);
            ROW_TRUE(name, conversation_is_sane(&now));
        }
    }
    assert_int_equal(met, ROWS(rows));
}

/* --- answers to offers ------------------------------------------------------------ */

static const struct answer_row {
    const char *name, *asked; /* to whom it is offered */
    enum conversation_event_kind event;
    const char *by;
    int err;
    enum conversation_state to;
    const char *owner, *offered, *declined, *missed;
} answers[] = {
    {"accepted by one of two", "bob cat", EVENT_ACCEPTED, "cat", 0, CONVERSATION_ACTIVE, "cat", "", "", ""},
    {"accepted by the only one", "bob", EVENT_ACCEPTED, "bob", 0, CONVERSATION_ACTIVE, "bob", "", "", ""},
    {"accepted by somebody not asked", "bob cat", EVENT_ACCEPTED, "dan", ERR_STALE, 0, "", "", "", ""},
    {"accepted by a name that only begins alike", "bobby", EVENT_ACCEPTED, "bob", ERR_STALE, 0, "", "", "", ""},
    {"accepted by nobody", "bob", EVENT_ACCEPTED, "", ERR_STALE, 0, "", "", "", ""},
    {"declined by the first of three", "bob cat dan", EVENT_DECLINED, "bob", 0, CONVERSATION_OFFERED, "", "cat dan", "bob", ""},
    {"declined by the last of three", "bob cat dan", EVENT_DECLINED, "dan", 0, CONVERSATION_OFFERED, "", "bob cat", "dan", ""},
    {"declined by the only one", "bob", EVENT_DECLINED, "bob", 0, CONVERSATION_QUEUED, "", "", "bob", ""},
    {"declined by somebody not asked", "bob", EVENT_DECLINED, "cat", ERR_STALE, 0, "", "", "", ""},
    {"passed by one of two", "bob cat", EVENT_PASSED, "cat", 0, CONVERSATION_OFFERED, "", "bob", "cat", ""},
    {"passed by the only one is declined", "bob", EVENT_PASSED, "bob", 0, CONVERSATION_QUEUED, "", "", "bob", ""},
    {"passed by somebody not asked", "bob cat", EVENT_PASSED, "dan", ERR_STALE, 0, "", "", "", ""},
    {"one of two left", "bob cat", EVENT_AGENT_LEFT, "bob", 0, CONVERSATION_OFFERED, "", "cat", "bob", ""},
    {"the only one left", "bob", EVENT_AGENT_LEFT, "bob", 0, CONVERSATION_QUEUED, "", "", "bob", ""},
    {"somebody not asked left", "bob", EVENT_AGENT_LEFT, "cat", ERR_STALE, 0, "", "", "", ""},
    {"nobody answered", "bob cat dan", EVENT_TIMED_OUT, "", 0, CONVERSATION_QUEUED, "", "", "", "bob cat dan"},
    {"taken back", "bob cat", EVENT_RESCINDED, "", 0, CONVERSATION_QUEUED, "", "", "", ""},
    {"taken over by one who was asked", "bob cat", EVENT_TAKEN, "bob", 0, CONVERSATION_ACTIVE, "bob", "", "", ""},
    {"taken over by one who was not", "bob cat", EVENT_TAKEN, "eve", 0, CONVERSATION_ACTIVE, "eve", "", "", ""},
    {"eight are asked", "a b c d e f g h", EVENT_DECLINED, "e", 0, CONVERSATION_OFFERED, "", "a b c d f g h", "e", ""},
};

static void answers_to_offers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(answers); i++) {
        const struct answer_row *want = &answers[i];
        struct conversation c = {.state = CONVERSATION_OFFERED, .queue = TEXT_LITERAL("q")};
        for (const char *s = want->asked; *s; s += strcspn(s, " "), s += *s == ' ') {
            c.offered[c.offered_n++] = (struct text){s, strcspn(s, " ")};
        }
        assert_true(conversation_is_sane(&c));
        struct conversation_event e = {.kind = want->event, .agents = {text_of(want->by)}, .agents_n = 1};
        struct conversation_change change, before;
        memset(&change, 0x5a, sizeof change);
        before = change;
        int err = conversation_apply(&c, &e, &change);
        ROW_TRUE(want->name, err == want->err);
        if (err) {
            ROW_TRUE(want->name, memcmp(&change, &before, sizeof change) == 0);
            continue;
        }
        char text[64];
        ROW_TRUE(want->name, change.state == want->to && text_is(change.owner, want->owner));
        ROW_TRUE(want->name, strcmp(list(change.offered, change.offered_n, text, sizeof text), want->offered) == 0);
        ROW_TRUE(want->name, strcmp(list(change.missed, change.missed_n, text, sizeof text), want->missed) == 0);
        ROW_TRUE(want->name, text_is(change.declined, want->declined));
        ROW_TRUE(want->name, change.keep_place == (change.state == CONVERSATION_QUEUED));
    }
}

/* --- who has a claim ------------------------------------------------------------ */

/* A conversation's way, event by event, and who has the claim and to whom it comes back at its end. It begins as ann's, in the queue "q". */
static const struct way {
    const char *name;
    struct {
        enum conversation_event_kind kind;
        const char *agent, *sender;
    } steps[6];
    size_t n;
    const char *held, *back, *queue;
} ways[] = {
    {"whoever had it keeps the claim when they leave", {{EVENT_AGENT_LEFT, "ann", NULL}}, 1, "ann", "", "q"},
    {"and while it is snoozed", {{EVENT_SNOOZED, NULL, NULL}, {EVENT_WOKEN, NULL, NULL}}, 2, "ann", "", "q"},
    {"and after it was closed and opened again", {{EVENT_FINISHED, NULL, NULL}, {EVENT_RESIDENT_SPOKE, NULL, NULL}}, 2, "ann", "", "q"},
    {"and after wrap-up", {{EVENT_WRAPPED, NULL, NULL}, {EVENT_FINISHED, NULL, NULL}, {EVENT_RESIDENT_SPOKE, NULL, NULL}}, 3, "ann", "", "q"},
    {"and while others are asked in vain", {{EVENT_AGENT_LEFT, "ann", NULL}, {EVENT_OFFERED, "bob", NULL}, {EVENT_DECLINED, "bob", NULL}}, 3, "ann",
        "", "q"},
    {"until somebody else has it", {{EVENT_AGENT_LEFT, "ann", NULL}, {EVENT_OFFERED, "bob", NULL}, {EVENT_ACCEPTED, "bob", NULL}, {EVENT_AGENT_LEFT,
        "bob", NULL}}, 4, "bob", "", "q"},
    {"or takes it", {{EVENT_TAKEN, "eve", NULL}, {EVENT_AGENT_LEFT, "eve", NULL}}, 2, "eve", "", "q"},
    {"not when it is given back", {{EVENT_REQUEUED, NULL, NULL}}, 1, "", "", "q"},
    {"handed over and declined: back to the sender", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_DECLINED, "bob", NULL}}, 2, "ann", "", "q"},
    {"handed over and not answered", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_TIMED_OUT, NULL, NULL}}, 2, "ann", "", "q"},
    {"handed over and taken back", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_RESCINDED, NULL, NULL}}, 2, "ann", "", "q"},
    {"handed over to one who left", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_AGENT_LEFT, "bob", NULL}}, 2, "ann", "", "q"},
    {"handed over and accepted", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_ACCEPTED, "bob", NULL}, {EVENT_AGENT_LEFT, "bob", NULL}}, 3, "bob", "",
        "q"},
    {"handed over by nobody in particular", {{EVENT_HANDED_OVER, "bob", NULL}, {EVENT_DECLINED, "bob", NULL}}, 2, "", "", "q"},
    {"handed over, then handed on", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_HANDED_OVER, "cat", "eve"}, {EVENT_DECLINED, "cat", NULL}}, 3, "eve",
        "", "q"},
    {"handed over, then given to the queue", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_REQUEUED, NULL, NULL}}, 2, "", "", "q"},
    {"what came back once is an ordinary offer afterwards", {{EVENT_HANDED_OVER, "bob", "ann"}, {EVENT_DECLINED, "bob", NULL}, {EVENT_OFFERED, "cat",
        NULL},
     {EVENT_DECLINED, "cat", NULL}}, 4, "ann", "", "q"},
    {"moved: nobody has a claim, the sender is remembered", {{EVENT_MOVED, NULL, "ann"}}, 1, "", "ann", "other"},
    {"moved, and declined there: still remembered", {{EVENT_MOVED, NULL, "ann"}, {EVENT_OFFERED, "bob", NULL}, {EVENT_DECLINED, "bob", NULL}}, 3, "",
        "ann", "other"},
    {"moved, and not answered there", {{EVENT_MOVED, NULL, "ann"}, {EVENT_OFFERED, "bob", NULL}, {EVENT_TIMED_OUT, NULL, NULL}}, 3, "", "ann",
        "other"},
    {"moved, and whoever was asked left", {{EVENT_MOVED, NULL, "ann"}, {EVENT_OFFERED, "bob", NULL}, {EVENT_AGENT_LEFT, "bob", NULL}}, 3, "", "ann",
        "other"},
    {"moved, and taken by nobody: back to the sender", {{EVENT_MOVED, NULL, "ann"}, {EVENT_OFFERED, "bob", NULL}, {EVENT_DECLINED, "bob", NULL},
        {EVENT_RETURNED, NULL, NULL}}, 4,
     "ann", "", "home"},
    {"moved, and accepted there", {{EVENT_MOVED, NULL, "ann"}, {EVENT_OFFERED, "bob", NULL}, {EVENT_ACCEPTED, "bob", NULL}, {EVENT_AGENT_LEFT, "bob",
        NULL}}, 4, "bob", "", "other"},
    {"moved by nobody in particular", {{EVENT_MOVED, NULL, NULL}}, 1, "", "", "other"},
};

static void claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(ways); i++) {
        const struct way *w = &ways[i];
        struct conversation c = {.state = CONVERSATION_ACTIVE, .owner = TEXT_LITERAL("ann"), .queue = TEXT_LITERAL("q"), .held = TEXT_LITERAL("ann"),
            .closed_at_ms = NOW_MS};
        for (size_t k = 0; k < w->n; k++) {
            struct conversation_event e = {.kind = w->steps[k].kind, .agents = {text_of(w->steps[k].agent)}, .agents_n = 1,
                .sender = text_of(w->steps[k].sender),
                                           .queue = w->steps[k].kind == EVENT_RETURNED ? TEXT_LITERAL("home") : TEXT_LITERAL("other"),
                                               .now_ms = NOW_MS, .reopen_ms = 10};
            struct conversation_change change;
            ROW_TRUE(w->name, conversation_apply(&c, &e, &change) == 0);
            c = after(&change);
            c.closed_at_ms = NOW_MS;
        }
        ROW_TRUE(w->name, text_is(c.held, w->held));
        ROW_TRUE(w->name, text_is(c.back, w->back));
        ROW_TRUE(w->name, text_is(c.queue, w->queue));
    }
}

static void reopening(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t closed_ms, now_ms, reopen_ms;
        const char *held;
    } table[] = {
        {"at once", 1000, 1000, 500, "hal"},
        {"at the last moment", 1000, 1500, 500, "hal"},
        {"a millisecond late", 1000, 1501, 500, ""},
        {"no time to reopen, at once", 1000, 1000, 0, "hal"},
        {"no time to reopen", 1000, 1001, 0, ""},
        {"closed in what is now the future", 2000, 1000, 500, "hal"},
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        struct conversation c = conversation_in(CONVERSATION_CLOSED);
        c.closed_at_ms = table[i].closed_ms;
        struct conversation_event e = {.kind = EVENT_RESIDENT_SPOKE, .now_ms = table[i].now_ms, .reopen_ms = table[i].reopen_ms};
        struct conversation_change change;
        ROW_TRUE(table[i].name, conversation_apply(&c, &e, &change) == 0);
        ROW_TRUE(table[i].name, text_is(change.held, table[i].held));
    }
}

/* --- the table as a whole ------------------------------------------------------------ */

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
        for (int to = CONVERSATION_QUEUED; to < CONVERSATION_STATES; to++) {
            assert_true(reached[to]);
        }
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
        {"waits", {.state = CONVERSATION_QUEUED, .queue = {"q", 1}}, true},
        {"is offered", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}, .offered = {{"a", 1}}, .offered_n = 1}, true},
        {"is offered to two", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}, .offered = {{"a", 1}, {"b", 1}}, .offered_n = 2}, true},
        {"is active", {.state = CONVERSATION_ACTIVE, .owner = {"a", 1}, .queue = {"q", 1}}, true},
        {"is in wrap-up", {.state = CONVERSATION_WRAP_UP, .owner = {"a", 1}, .queue = {"q", 1}}, true},
        {"is snoozed", {.state = CONVERSATION_SNOOZED, .queue = {"q", 1}}, true},
        {"is closed", {.state = CONVERSATION_CLOSED, .queue = {"q", 1}}, true},
        {"is new", {.state = CONVERSATION_NEW, .queue = {"q", 1}}, true},
        {"active without an owner", {.state = CONVERSATION_ACTIVE, .queue = {"q", 1}}, false},
        {"active with an empty owner", {.state = CONVERSATION_ACTIVE, .owner = {"", 0}, .queue = {"q", 1}}, false},
        {"in wrap-up without an owner", {.state = CONVERSATION_WRAP_UP, .queue = {"q", 1}}, false},
        {"waits with an owner", {.state = CONVERSATION_QUEUED, .owner = {"a", 1}, .queue = {"q", 1}}, false},
        {"offered with an owner", {.state = CONVERSATION_OFFERED, .owner = {"a", 1}, .queue = {"q", 1}, .offered = {{"b", 1}}, .offered_n = 1},
            false},
        {"snoozed with an owner", {.state = CONVERSATION_SNOOZED, .owner = {"a", 1}, .queue = {"q", 1}}, false},
        {"closed with an owner", {.state = CONVERSATION_CLOSED, .owner = {"a", 1}, .queue = {"q", 1}}, false},
        {"offered to nobody", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}}, false},
        {"offered to an empty name", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}, .offered = {{"", 0}}, .offered_n = 1}, false},
        {"offered to one twice", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}, .offered = {{"a", 1}, {"b", 1}, {"a", 1}}, .offered_n = 3},
            false},
        {"offered to too many", {.state = CONVERSATION_OFFERED, .queue = {"q", 1}, .offered = {{"a", 1}}, .offered_n = CONVERSATION_OFFERS_MAX + 1},
            false},
        {"waits with an offer", {.state = CONVERSATION_QUEUED, .queue = {"q", 1}, .offered = {{"a", 1}}, .offered_n = 1}, false},
        {"no queue", {.state = CONVERSATION_QUEUED}, false},
        {"no such state", {.state = CONVERSATION_STATES, .queue = {"q", 1}}, false},
    };
    for (size_t i = 0; i < ROWS(table); i++) {
        ROW_TRUE(table[i].name, conversation_is_sane(&table[i].c) == table[i].sane);
    }
}

static void names(void **state)
{
    (void)state;
    static const char *const states[] = {"new", "queued", "offered", "active", "snoozed", "wrap_up",
        "closed"}; /* stored, and on the wire: never to be renamed */
    static const char *const events[] = {"arrived", "resident_spoke", "assigned", "offered", "accepted", "passed", "declined", "timed_out",
        "rescinded", "handed_over",
                                         "taken", "moved", "returned", "requeued", "snoozed", "woken", "agent_left", "wrapped", "finished"};
    assert_int_equal(ROWS(states), CONVERSATION_STATES);
    assert_int_equal(ROWS(events), EVENT_KINDS);
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
        assert_string_equal(conversation_event_name((enum conversation_event_kind)e), events[e]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair), cmocka_unit_test(answers_to_offers), cmocka_unit_test(claims),
        cmocka_unit_test(reopening),
                                       cmocka_unit_test(nothing_is_a_dead_end), cmocka_unit_test(sanity), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
