/* store_transition: what is refused (stale, capacity, forbidden, not there), and that one step keeps state, owner, place, load and log together. */
#include "main.h"

static struct store_transition to(const char *id, uint64_t version, const char *new_state, const char *owner, const char *queue, uint64_t now_ms)
{
    struct store_transition tr = {.conversation = text_of(id), .version = version, .state = text_of(new_state), .owner = text_of(owner),
                                  .queue = text_of(queue), .units = 2, .now_ms = now_ms};
    tr.entry = entry_of("state", "system", new_state);
    return tr;
}

static struct got move(const char *id, uint64_t version, const char *new_state, const char *owner, const char *queue, uint64_t now_ms)
{
    struct store_transition tr = to(id, version, new_state, owner, queue, now_ms);
    return do_transition(b, &tr);
}

static void available(const char *agent, uint64_t capacity)
{
    assert_int_equal(do_presence(b, text_of(agent), T("available"), T("node1"), NONE, capacity, 1000).err, 0);
}

static uint64_t load_of(const char *agent, uint64_t *conversations)
{
    struct seen_view v;
    do_view(b, NULL, 0, 0, 0, &v);
    for (size_t i = 0; i < v.agents_n; i++) {
        if (strcmp(v.agents[i].id, agent) == 0) {
            *conversations = v.agents[i].conversations;
            return v.agents[i].load;
        }
    }
    fail_msg("no agent %s", agent);
    return 0;
}

static void a_stale_version_changes_nothing(void **state)
{
    (void)state;
    open_chat(b, "stale", "tax", 1000);
    available("a1", 6);
    assert_int_equal(move("stale", 2, "active", "a1", "tax", 2000).err, ERR_STALE);
    assert_int_equal(move("stale", 0, "active", "a1", "tax", 2000).err, ERR_STALE);
    struct got g = do_get(b, T("stale"), NONE);
    assert_int_equal(g.version, 1);
    assert_int_equal(g.seq, 1);
    assert_string_equal(g.state, "queued");
    uint64_t n;
    assert_int_equal(load_of("a1", &n), 0);
    assert_int_equal(move("no-such", 1, "closed", NULL, "tax", 2000).err, ERR_NOT_FOUND);
}

static void an_assignment_is_one_step(void **state)
{
    (void)state;
    open_chat(b, "assign", "assign", 1000);
    available("a2", 6);
    struct got g = move("assign", 1, "active", "a2", "assign", 2000);
    assert_int_equal(g.err, 0);
    assert_int_equal(g.version, 2);
    assert_int_equal(g.seq, 2);
    assert_string_equal(g.owner, ""); /* the one before */
    struct got c = do_get(b, T("assign"), NONE);
    assert_string_equal(c.owner, "a2");
    assert_string_equal(c.state, "active");
    assert_int_equal(c.assigned_at_ms, 2000);
    uint64_t n;
    assert_int_equal(load_of("a2", &n), 2);
    assert_int_equal(n, 1);
    struct got work = do_work(b, T("a2"));
    assert_int_equal(work.texts_n, 1);
    assert_string_equal(work.texts[0], "assign");
    struct seen_view v;
    struct text queues[] = {T("assign")};
    do_view(b, queues, 1, 0, 10, &v);
    assert_int_equal(v.queues[0].waiting, 0);
    assert_int_equal(v.queues[0].chat, 0);
    assert_int_equal(v.queues[0].active, 1);
    struct got log = do_log_after(b, T("assign"), 1, 10);
    assert_int_equal(log.texts_n, 1);
    assert_string_equal(log.texts[0], "active");
    /* two routers at once: the second finds it taken */
    assert_int_equal(move("assign", 1, "active", "a1", "assign", 2001).err, ERR_STALE);
}

static void nobody_is_filled_past_their_capacity(void **state)
{
    (void)state;
    available("a3", 5);
    open_chat(b, "cap-1", "cap", 1000);
    open_chat(b, "cap-2", "cap", 1001);
    open_chat(b, "cap-3", "cap", 1002);
    assert_int_equal(move("cap-1", 1, "active", "a3", "cap", 2000).err, 0);
    assert_int_equal(move("cap-2", 1, "active", "a3", "cap", 2000).err, 0);
    assert_int_equal(move("cap-3", 1, "active", "a3", "cap", 2000).err, ERR_CAPACITY); /* 4 + 2 > 5 */
    struct store_transition light = to("cap-3", 1, "active", "a3", "cap", 2000);
    light.units = 1;
    assert_int_equal(do_transition(b, &light).err, 0); /* 4 + 1 */
    uint64_t n;
    assert_int_equal(load_of("a3", &n), 5);
    assert_int_equal(n, 3);
    assert_int_equal(move("cap-1", 2, "closed", NULL, "cap", 3000).err, 0);
    assert_int_equal(load_of("a3", &n), 3);
    assert_int_equal(n, 2);
}

static void only_who_is_available_gets_work(void **state)
{
    (void)state;
    open_chat(b, "break", "tax", 1000);
    assert_int_equal(do_presence(b, T("a4"), T("break"), T("node1"), NONE, 6, 1000).err, 0);
    assert_int_equal(move("break", 1, "active", "a4", "tax", 2000).err, ERR_CAPACITY);
    assert_int_equal(do_presence(b, T("a4"), T("offline"), T("node1"), NONE, 6, 1000).err, 0);
    assert_int_equal(move("break", 1, "active", "a4", "tax", 2000).err, ERR_CAPACITY);
    assert_int_equal(move("break", 1, "active", "never-seen", "tax", 2000).err, ERR_CAPACITY);
    assert_int_equal(do_presence(b, T("a4"), T("available"), T("node1"), NONE, 6, 1000).err, 0);
    assert_int_equal(move("break", 1, "active", "a4", "tax", 2000).err, 0);
    /* on a break one keeps what one holds */
    assert_int_equal(do_presence(b, T("a4"), T("break"), T("node1"), NONE, 6, 2500).err, 0);
    uint64_t n;
    assert_int_equal(load_of("a4", &n), 2);
    struct got c = do_get(b, T("break"), NONE);
    assert_string_equal(c.owner, "a4");
}

static void only_the_owner_may_when_asked_so(void **state)
{
    (void)state;
    open_chat(b, "mine", "tax", 1000);
    available("a5", 6);
    struct store_transition tr = to("mine", 1, "closed", NULL, "tax", 2000);
    tr.must_own = T("a5");
    assert_int_equal(do_transition(b, &tr).err, ERR_FORBIDDEN);
    assert_int_equal(move("mine", 1, "active", "a5", "tax", 2000).err, 0);
    tr = to("mine", 2, "closed", NULL, "tax", 2000);
    tr.must_own = T("a4");
    assert_int_equal(do_transition(b, &tr).err, ERR_FORBIDDEN);
    tr.must_own = T("a5");
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, 0);
    assert_string_equal(g.owner, "a5"); /* who held it */
}

static void back_at_the_old_place_or_at_the_end(void **state)
{
    (void)state;
    struct seen_view v;
    struct text queues[] = {T("place"), T("elsewhere")};
    available("a6", 20);
    open_chat(b, "place-1", "place", 901000);
    open_chat(b, "place-2", "place", 902000);
    assert_int_equal(move("place-1", 1, "active", "a6", "place", 903000).err, 0);
    struct store_transition back = to("place-1", 2, "queued", NULL, "place", 904000);
    back.keep_place = true;
    assert_int_equal(do_transition(b, &back).err, 0);
    do_view(b, queues, 2, 0, 10, &v);
    assert_string_equal(v.waiting[0].conversation, "place-1");
    assert_int_equal(v.waiting[0].score, 901000);
    assert_int_equal(v.queues[0].oldest, 901000);
    assert_string_equal(v.waiting[0].held, "a6"); /* whoever held it is first again */
    assert_int_equal(move("place-1", 3, "active", "a6", "place", 905000).err, 0);
    struct store_transition end = to("place-1", 4, "queued", NULL, "place", 906000);
    end.forget_held = true;
    assert_int_equal(do_transition(b, &end).err, 0);
    do_view(b, queues, 2, 0, 10, &v);
    assert_string_equal(v.waiting[1].conversation, "place-1");
    assert_int_equal(v.waiting[1].score, 906000);
    assert_string_equal(v.waiting[1].held, "");
    /* to another queue: gone from the first */
    struct store_transition away = to("place-1", 5, "queued", NULL, "elsewhere", 907000);
    away.keep_place = true;
    assert_int_equal(do_transition(b, &away).err, 0);
    do_view(b, queues, 2, 0, 10, &v);
    assert_int_equal(v.queues[0].waiting, 1);
    assert_int_equal(v.queues[0].chat, 1);
    assert_int_equal(v.queues[1].waiting, 1);
    assert_int_equal(v.queues[1].chat, 1);
    assert_int_equal(v.queues[1].oldest, 906000);
}

static void a_closed_one_is_no_longer_open_for_its_resident(void **state)
{
    (void)state;
    struct got g = arrive_from(b, "sms", "+31655555555", "c1", "closing", 1000);
    assert_true(g.opened);
    assert_int_equal(move("closing", 1, "closed", NULL, "tax", 2000).err, 0);
    assert_true(arrive_from(b, "sms", "+31655555555", "c2", "closing-2", 3000).opened);
    /* woken again it is the newest open one */
    assert_int_equal(move("closing", 2, "queued", NULL, "tax", 4000).err, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_version_changes_nothing),
        cmocka_unit_test(an_assignment_is_one_step),
        cmocka_unit_test(nobody_is_filled_past_their_capacity),
        cmocka_unit_test(only_who_is_available_gets_work),
        cmocka_unit_test(only_the_owner_may_when_asked_so),
        cmocka_unit_test(back_at_the_old_place_or_at_the_end),
        cmocka_unit_test(a_closed_one_is_no_longer_open_for_its_resident),
        cmocka_unit_test(nothing_is_closed_over_words_unread),
    };
    return RUN(tests);
}
