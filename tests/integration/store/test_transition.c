/* store_transition: what is refused (stale, forbidden, fenced, not there), and that one step keeps state, owner, place, load and log together. */
#include "main.h"

static uint64_t load_of(const char *agent, uint64_t *conversations)
{
    struct seen_agent *a = see_agent(b, agent);
    *conversations = a->conversations;
    return a->load;
}

static void a_stale_version_changes_nothing(void **state)
{
    (void)state;
    open_chat(b, "stale", "tax", 1000);
    sign_in(b, "a1", 6, 1000);
    assert_int_equal(move(b, "stale", 2, "active", "a1", "tax", 2000).err, ERR_STALE);
    assert_int_equal(move(b, "stale", 0, "active", "a1", "tax", 2000).err, ERR_STALE);
    struct got g = do_get(b, T("stale"), NONE);
    assert_int_equal(g.version, 1);
    assert_int_equal(g.seq, 1);
    assert_string_equal(g.state, "queued");
    uint64_t n;
    assert_int_equal(load_of("a1", &n), 0);
    assert_int_equal(move(b, "no-such", 1, "closed", NULL, "tax", 2000).err, ERR_NOT_FOUND);
}

static void an_assignment_is_one_step(void **state)
{
    (void)state;
    open_chat(b, "assign", "assign", 1000);
    sign_in(b, "a2", 6, 1000);
    struct got g = move(b, "assign", 1, "active", "a2", "assign", 2000);
    assert_int_equal(g.err, 0);
    assert_int_equal(g.version, 2);
    assert_int_equal(g.seq, 2);
    assert_string_equal(g.owner, ""); /* the one before */
    assert_string_equal(g.agents, "a2");
    struct got c = do_get(b, T("assign"), NONE);
    assert_string_equal(c.owner, "a2");
    assert_string_equal(c.state, "active");
    assert_string_equal(c.shares, "a2:2:0:chat");
    assert_string_equal(c.held, "a2");
    assert_int_equal(c.assigned_at_ms, 2000);
    uint64_t n;
    assert_int_equal(load_of("a2", &n), 2);
    assert_int_equal(n, 1);
    struct got work = do_work(b, T("a2"));
    assert_int_equal(work.texts_n, 1);
    assert_string_equal(work.texts[0], "assign");
    struct seen v;
    struct text queues[] = {T("assign")};
    do_view(b, queues, 1, 10, &v);
    assert_int_equal(v.queues[0].waiting, 0);
    assert_int_equal(v.queues[0].chat, 0);
    assert_int_equal(v.queues[0].active, 1);
    struct got log = do_log_after(b, T("assign"), 1, 10);
    assert_int_equal(log.texts_n, 1);
    assert_string_equal(log.texts[0], "active");
    /* two routers at once: the second finds it taken */
    assert_int_equal(move(b, "assign", 1, "active", "a1", "assign", 2001).err, ERR_STALE);
}

static void a_transfer_moves_the_load_in_one_step(void **state)
{
    (void)state;
    open_chat(b, "hand", "tax", 1000);
    sign_in(b, "from", 6, 1000);
    sign_in(b, "whom", 6, 1000);
    assign(b, "hand", "from", 2000);
    struct got g = move(b, "hand", 2, "active", "whom", "tax", 3000);
    assert_int_equal(g.err, 0);
    assert_string_equal(g.owner, "from");
    assert_true(strcmp(g.agents, "from whom") == 0 || strcmp(g.agents, "whom from") == 0);
    uint64_t n;
    assert_int_equal(load_of("from", &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(load_of("whom", &n), 2);
    assert_int_equal(do_work(b, T("from")).texts_n, 0);
    assert_int_equal(do_get(b, T("hand"), NONE).assigned_at_ms, 3000);
    set_state(b, "hand", "closed", 4000);
    assert_int_equal(load_of("whom", &n), 0);
}

static void only_the_owner_may_when_asked_so(void **state)
{
    (void)state;
    open_chat(b, "mine", "tax", 1000);
    sign_in(b, "a5", 6, 1000);
    struct store_transition tr = to("mine", 1, "closed", NULL, "tax", 2000);
    tr.must_own = T("a5");
    assert_int_equal(do_transition(b, &tr).err, ERR_FORBIDDEN);
    assert_int_equal(move(b, "mine", 1, "active", "a5", "tax", 2000).err, 0);
    tr = to("mine", 2, "closed", NULL, "tax", 2000);
    tr.must_own = T("a4");
    assert_int_equal(do_transition(b, &tr).err, ERR_FORBIDDEN);
    tr.must_own = T("a5");
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, 0);
    assert_string_equal(g.owner, "a5"); /* who held it */
}

static void a_former_router_is_fenced_off(void **state)
{
    (void)state;
    open_chat(b, "fence", "tax", 1000);
    sign_in(b, "a7", 6, 1000);
    struct seen_beat beat = do_beat(b, true, false, 1000, 30000);
    assert_true(beat.fence > 0);
    struct store_transition tr = to("fence", 1, "active", "a7", "tax", 2000);
    tr.fence = beat.fence + 1; /* none has it yet */
    assert_int_equal(do_transition(b, &tr).err, ERR_FENCED);
    tr.fence = beat.fence;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(do_beat(b, true, true, 1000, 30000).fence, 0);
    struct seen_beat again = do_beat(b, true, false, 1000, 30000); /* the lease was given away and taken again */
    assert_int_equal(again.fence, beat.fence + 1);
    tr = to("fence", 2, "closed", NULL, "tax", 3000);
    tr.fence = beat.fence;
    assert_int_equal(do_transition(b, &tr).err, ERR_FENCED);
    tr.fence = 0; /* a person decided */
    assert_int_equal(do_transition(b, &tr).err, 0);
}

static void a_closed_one_is_no_longer_open_for_its_resident(void **state)
{
    (void)state;
    struct got g = arrive_from(b, "sms", "+31655555555", "c1", "closing", 1000);
    assert_true(g.opened);
    assert_int_equal(move(b, "closing", 1, "closed", NULL, "tax", 2000).err, 0);
    assert_int_equal(do_get(b, T("closing"), NONE).closed_at_ms, 2000);
    assert_true(arrive_from(b, "sms", "+31655555555", "c2", "closing-2", 3000).opened);
    /* woken again it is the newest open one */
    assert_int_equal(move(b, "closing", 2, "queued", NULL, "tax", 4000).err, 0);
    assert_string_equal(arrive_from(b, "sms", "+31655555555", "c3", "no", 5000).conversation, "closing");
}

static void nothing_is_closed_over_words_unread(void **state)
{
    (void)state;
    open_chat(b, "unread", "tax", 1000);
    struct store_append a = {.conversation = T("unread"), .client = T("client-unread"), .counter = 2, .channel = T("chat"), .from_resident = true, .now_ms = 1500};
    a.entry = entry_of("message", "resident", "wait, one more");
    assert_int_equal(do_append(b, &a).err, 0);
    struct store_transition tr = to("unread", 1, "closed", NULL, "tax", 2000);
    tr.seen = 1;
    assert_int_equal(do_transition(b, &tr).err, ERR_STALE);
    struct store_append note = {.conversation = T("unread"), .now_ms = 1600};
    note.entry = entry_of("note", "agent", "by a colleague");
    assert_int_equal(do_append(b, &note).err, 0);
    tr.seen = 2; /* the note after it stops nobody */
    assert_int_equal(do_transition(b, &tr).err, 0);
}

static void what_ends_by_itself_is_due(void **state)
{
    (void)state;
    open_chat(b, "due-1", "tax", 1000);
    open_chat(b, "due-2", "tax", 1001);
    struct store_transition tr = to("due-1", 1, "snoozed", NULL, "tax", 2000);
    tr.due_ms = 9000;
    assert_int_equal(do_transition(b, &tr).err, 0);
    tr = to("due-2", 1, "snoozed", NULL, "tax", 2000);
    tr.due_ms = 7000;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(do_get(b, T("due-1"), NONE).due_ms, 9000);
    struct seen_due d = do_due(b, 6999, 10);
    assert_int_equal(d.conversations_n, 0);
    assert_int_equal(d.next_ms, 7000);
    d = do_due(b, 9000, 10);
    assert_int_equal(d.conversations_n, 2);
    assert_string_equal(d.conversations[0], "due-2"); /* the earliest first */
    d = do_due(b, 9000, 1);
    assert_int_equal(d.conversations_n, 1);
    tr = to("due-2", 2, "snoozed", NULL, "tax", 7000);
    tr.due_ms = 20000; /* put off */
    assert_int_equal(do_transition(b, &tr).err, 0);
    d = do_due(b, 9000, 10);
    assert_int_equal(d.conversations_n, 1);
    assert_string_equal(d.conversations[0], "due-1");
    set_state(b, "due-1", "closed", 9000);
    set_state(b, "due-2", "queued", 9000);
    d = do_due(b, 99000, 10);
    assert_int_equal(d.conversations_n, 0);
    assert_int_equal(d.next_ms, 0);
    assert_int_equal(do_get(b, T("due-2"), NONE).due_ms, 0);
}

static void what_is_remembered_with_it(void **state)
{
    (void)state;
    open_chat(b, "mind", "tax", 1000);
    struct store_transition tr = to("mind", 1, "queued", NULL, "fines", 2000);
    tr.held = T("sanne");
    tr.back = T("joost");
    assert_int_equal(do_transition(b, &tr).err, 0);
    struct got c = do_get(b, T("mind"), NONE);
    assert_string_equal(c.queue, "fines");
    assert_string_equal(c.held, "sanne");
    assert_string_equal(c.back, "joost");
    assert_int_equal(move(b, "mind", 2, "closed", NULL, "fines", 3000).err, 0);
    c = do_get(b, T("mind"), NONE);
    assert_string_equal(c.held, "");
    assert_string_equal(c.back, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_version_changes_nothing),
        cmocka_unit_test(an_assignment_is_one_step),
        cmocka_unit_test(a_transfer_moves_the_load_in_one_step),
        cmocka_unit_test(only_the_owner_may_when_asked_so),
        cmocka_unit_test(a_former_router_is_fenced_off),
        cmocka_unit_test(a_closed_one_is_no_longer_open_for_its_resident),
        cmocka_unit_test(nothing_is_closed_over_words_unread),
        cmocka_unit_test(what_ends_by_itself_is_due),
        cmocka_unit_test(what_is_remembered_with_it),
    };
    return RUN(tests);
}
