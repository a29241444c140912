/* May an agent bear it: capacity, limits of a channel, interruptible work, presence, a session; and who need not be asked. */
#include "main.h"

#include <stdio.h>

static struct got give(const char *id, const char *agent, const char *presence, uint64_t units, bool soft, bool force)
{
    struct got c = do_get(b, text_of(id), NONE);
    struct store_share share = {.agent = text_of(agent), .presence = text_of(presence), .units = units, .soft = soft};
    struct store_transition tr = to(id, c.version, "active", agent, c.queue, 2000);
    tr.shares = &share;
    tr.force = force;
    return do_transition(b, &tr);
}

static int given(const char *id, const char *agent, uint64_t units, bool soft)
{
    return give(id, agent, "available", units, soft, false).err;
}

static void mail(const char *id)
{
    char address[80];
    (void)snprintf(address, sizeof address, "%s@example.org", id);
    assert_true(arrive_from(b, "email", address, id, id, 1000).opened);
}

static void nobody_is_filled_past_their_capacity(void **state)
{
    (void)state;
    sign_in(b, "full", 5, 1000);
    open_chat(b, "cap-1", "cap", 1000);
    open_chat(b, "cap-2", "cap", 1001);
    open_chat(b, "cap-3", "cap", 1002);
    assert_int_equal(given("cap-1", "full", 2, false), 0);
    assert_int_equal(given("cap-2", "full", 2, false), 0);
    assert_int_equal(given("cap-3", "full", 2, false), ERR_CAPACITY); /* 4 + 2 > 5 */
    struct got c = do_get(b, T("cap-3"), NONE);
    assert_int_equal(c.version, 1); /* and nothing else happened */
    assert_int_equal(c.seq, 1);
    assert_non_null(see_line(b, "cap-3"));
    assert_int_equal(given("cap-3", "full", 1, false), 0); /* 4 + 1 */
    assert_int_equal(see_agent(b, "full")->load, 5);
    assert_int_equal(see_agent(b, "full")->conversations, 3);
    set_state(b, "cap-1", "closed", 3000);
    assert_int_equal(see_agent(b, "full")->load, 3);
    assert_int_equal(see_agent(b, "full")->conversations, 2);
}

static void one_full_agent_of_several_refuses_the_whole_offer(void **state)
{
    (void)state;
    sign_in(b, "free", 5, 1000);
    struct store_share both[] = {{.agent = T("free"), .presence = T("available"), .units = 3}, {.agent = T("full"), .presence = T("available"), .units = 3}};
    open_chat(b, "both", "cap", 1000);
    struct store_transition tr = to("both", 1, "offered", NULL, "cap", 2000);
    tr.shares = both;
    tr.shares_n = 2;
    tr.offered = true;
    assert_int_equal(do_transition(b, &tr).err, ERR_CAPACITY);
    assert_int_equal(see_agent(b, "free")->load, 0);
    assert_int_equal(do_borne(b, T("free")).texts_n, 0);
}

static void a_channel_has_a_limit_of_its_own(void **state)
{
    (void)state;
    sign_in(b, "limits", 50, 1000);
    assert_int_equal(do_staff_put(b, "limits", "{}", 50, 1, 2, 0).err, 0);
    open_chat(b, "lim-1", "lim", 1000);
    open_chat(b, "lim-2", "lim", 1001);
    mail("lim-3");
    mail("lim-4");
    mail("lim-5");
    assert_int_equal(given("lim-1", "limits", 1, false), 0);
    assert_int_equal(given("lim-2", "limits", 1, false), ERR_CAPACITY); /* one chat at most */
    assert_int_equal(given("lim-3", "limits", 1, true), 0);
    assert_int_equal(given("lim-4", "limits", 1, true), 0);
    assert_int_equal(given("lim-5", "limits", 1, true), ERR_CAPACITY); /* two mails */
    struct seen_agent *a = see_agent(b, "limits");
    assert_int_equal(a->count[0], 1);
    assert_int_equal(a->count[1], 2);
    assert_int_equal(a->count[2], 0);
    assert_int_equal(a->limit[0], 1);
    assert_int_equal(a->limit[1], 2);
    set_state(b, "lim-1", "closed", 3000);
    assert_int_equal(given("lim-2", "limits", 1, false), 0);
}

static void work_is_counted_on_the_channel_that_it_came_by(void **state)
{
    (void)state;
    sign_in(b, "came", 50, 1000);
    assert_true(arrive_from(b, "sms", "+31611112222", "came-1", "came", 1000).opened);
    assert_int_equal(given("came", "came", 2, false), 0);
    struct store_append a = {.conversation = T("came"), .client = T("page"), .counter = 1, .channel = T("chat"), .from_resident = true, .now_ms = 2100};
    a.entry = entry_of("message", "resident", "by chat now");
    assert_int_equal(do_append(b, &a).err, 0);
    assert_int_equal(see_agent(b, "came")->count[2], 1); /* as long as they have it */
    set_state(b, "came", "queued", 3000);
    assert_int_equal(see_agent(b, "came")->count[2], 0);
    assert_int_equal(see_agent(b, "came")->count[0], 0);
    assert_int_equal(given("came", "came", 2, false), 0);
    assert_int_equal(see_agent(b, "came")->count[0], 1);
}

static void interruptible_work_gives_way(void **state)
{
    (void)state;
    sign_in(b, "soft", 4, 1000);
    mail("soft-1");
    mail("soft-2");
    mail("soft-3");
    open_chat(b, "soft-4", "soft", 1000);
    open_chat(b, "soft-5", "soft", 1001);
    assert_int_equal(given("soft-1", "soft", 2, true), 0);
    assert_int_equal(given("soft-2", "soft", 2, true), 0);
    assert_int_equal(given("soft-3", "soft", 2, true), ERR_CAPACITY); /* not for more of its own kind */
    assert_int_equal(given("soft-4", "soft", 3, false), 0);           /* but for a chat: 4 - 4 + 3 <= 4 */
    assert_int_equal(see_agent(b, "soft")->load, 7);
    assert_int_equal(see_agent(b, "soft")->soft, 4);
    assert_int_equal(given("soft-5", "soft", 2, false), ERR_CAPACITY); /* 7 - 4 + 2 > 4 */
    assert_int_equal(given("soft-5", "soft", 1, false), 0);
    set_state(b, "soft-1", "closed", 3000);
    assert_int_equal(see_agent(b, "soft")->soft, 2);
    assert_int_equal(see_agent(b, "soft")->load, 6);
    assert_int_equal(given("soft-3", "soft", 1, true), ERR_CAPACITY); /* 6 + 1 > 4 */
    assert_string_equal(do_get(b, T("soft-2"), NONE).shares, "soft:2:1:email");
}

static void presence_is_as_it_was_seen(void **state)
{
    (void)state;
    open_chat(b, "seen", "tax", 1000);
    sign_in(b, "seen", 6, 1000);
    assert_int_equal(do_presence(b, "seen", "break", 1000).err, 0);
    assert_int_equal(given("seen", "seen", 2, false), ERR_CAPACITY);
    assert_int_equal(do_presence(b, "seen", "back-office", 1000).err, 0); /* one of the organisation's own */
    assert_int_equal(given("seen", "seen", 2, false), ERR_CAPACITY);
    assert_int_equal(give("seen", "seen", "back-office", 2, false, false).err, 0);
    /* on a break one keeps what one holds */
    assert_int_equal(do_presence(b, "seen", "break", 2500).err, 0);
    assert_int_equal(see_agent(b, "seen")->load, 2);
    assert_string_equal(do_get(b, T("seen"), NONE).owner, "seen");
    assert_int_equal(give("seen", "seen", "available", 2, false, false).err, 0); /* who bore it before is not asked for room */
    assert_int_equal(see_agent(b, "seen")->load, 2);
    assert_int_equal(given("cap-2", "never-seen", 2, false), ERR_CAPACITY);
}

static void without_a_session_nobody_gets_work(void **state)
{
    (void)state;
    open_chat(b, "here", "tax", 1000);
    sign_in(b, "here", 6, 1000);
    assert_int_equal(do_here(b, "here", false, 1500, 30000).err, 0);
    assert_string_equal(see_agent(b, "here")->presence, "available"); /* for a while yet */
    assert_int_equal(given("here", "here", 2, false), ERR_CAPACITY);
    assert_int_equal(do_here(b, "here", true, 1600, 30000).err, 0);
    assert_int_equal(given("here", "here", 2, false), 0);
}

static void a_person_may_decide_otherwise(void **state)
{
    (void)state;
    open_chat(b, "force-1", "tax", 1000);
    open_chat(b, "force-2", "tax", 1001);
    sign_in(b, "forced", 1, 1000);
    assert_int_equal(do_presence(b, "forced", "break", 1000).err, 0);
    assert_int_equal(give("force-1", "forced", "available", 5, false, true).err, 0);
    assert_int_equal(see_agent(b, "forced")->load, 5);
    assert_int_equal(give("force-2", "boss", "", 0, false, true).err, 0); /* a supervisor has no capacity to fill, and was never seen here */
    assert_int_equal(see_agent(b, "boss")->load, 0);
    assert_int_equal(see_agent(b, "boss")->conversations, 1);
    struct got work = do_work(b, T("boss"));
    assert_true(got_has(&work, "force-2"));
    set_state(b, "force-1", "closed", 3000);
    set_state(b, "force-2", "closed", 3000);
    assert_int_equal(see_agent(b, "forced")->load, 0);
    assert_false(agent_is_known(b, "boss")); /* no account, no work, no session: nothing is kept of them */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_filled_past_their_capacity),
        cmocka_unit_test(one_full_agent_of_several_refuses_the_whole_offer),
        cmocka_unit_test(a_channel_has_a_limit_of_its_own),
        cmocka_unit_test(work_is_counted_on_the_channel_that_it_came_by),
        cmocka_unit_test(interruptible_work_gives_way),
        cmocka_unit_test(presence_is_as_it_was_seen),
        cmocka_unit_test(without_a_session_nobody_gets_work),
        cmocka_unit_test(a_person_may_decide_otherwise),
    };
    return RUN(tests);
}
