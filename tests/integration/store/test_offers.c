/* Offers: asked of one or of several, accepted, let pass, unanswered; who is asked bears it meanwhile. */
#include "main.h"

#include <stdio.h>

/* Offers @id to the first @n of @agents. */
static struct got offer(const char *id, uint64_t version, const char *const *agents, size_t n, uint64_t now_ms)
{
    struct store_share shares[STORE_OFFERS_MAX];
    for (size_t i = 0; i < n; i++) {
        shares[i] = (struct store_share){.agent = text_of(agents[i]), .presence = T("available"), .units = 2};
    }
    struct store_transition tr = to(id, version, "offered", NULL, "offers", now_ms);
    tr.shares = shares;
    tr.shares_n = n;
    tr.offered = true;
    tr.due_ms = now_ms + 20000;
    return do_transition(b, &tr);
}

static const char *const three[] = {"o1", "o2", "o3"};

static void staff(void)
{
    for (int i = 0; i < 3; i++) {
        sign_in(b, three[i], 50, 1000);
    }
}

static void who_is_asked_bears_it(void **state)
{
    (void)state;
    staff();
    open_chat(b, "ask", "offers", 1000);
    assert_non_null(see_line(b, "ask"));
    struct got g = offer("ask", 1, three, 3, 2000);
    assert_int_equal(g.err, 0);
    struct got c = do_get(b, T("ask"), NONE);
    assert_string_equal(c.state, "offered");
    assert_string_equal(c.offered, "o1 o2 o3");
    assert_string_equal(c.owner, "");
    assert_string_equal(c.shares, "o1:2:0:chat o2:2:0:chat o3:2:0:chat");
    assert_int_equal(c.due_ms, 22000);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(see_agent(b, three[i])->load, 2);
        assert_int_equal(see_agent(b, three[i])->count[0], 1);
        struct got work = do_borne(b, text_of(three[i]));
        assert_true(got_has(&work, "ask"));
    }
    /* it waits for the resident, but nobody else is to be asked */
    assert_int_equal(see_place(b, "ask"), 1);
    assert_null(see_line(b, "ask"));
}

static void who_accepts_has_it_alone(void **state)
{
    (void)state;
    struct store_transition tr = to("ask", 2, "active", "o2", "offers", 3000);
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, 0);
    assert_non_null(strstr(g.agents, "o1")); /* it leaves their list */
    assert_non_null(strstr(g.agents, "o2"));
    struct got c = do_get(b, T("ask"), NONE);
    assert_string_equal(c.owner, "o2");
    assert_string_equal(c.offered, "");
    assert_string_equal(c.shares, "o2:2:0:chat");
    assert_int_equal(c.due_ms, 0);
    assert_int_equal(see_agent(b, "o1")->load, 0);
    assert_int_equal(see_agent(b, "o2")->load, 2);
    assert_int_equal(see_agent(b, "o2")->conversations, 1);
    assert_int_equal(see_agent(b, "o3")->load, 0);
    assert_int_equal(do_borne(b, T("o3")).texts_n, 0);
    assert_int_equal(see_place(b, "ask"), 0);
    /* the second who clicks is late */
    assert_int_equal(move(b, "ask", 2, "active", "o1", "offers", 3001).err, ERR_STALE);
    set_state(b, "ask", "closed", 4000);
}

static void who_lets_it_pass_is_rid_of_it(void **state)
{
    (void)state;
    open_chat(b, "pass", "offers", 5000);
    assert_int_equal(offer("pass", 1, three, 2, 6000).err, 0);
    struct store_share left = {.agent = T("o2"), .presence = T("available"), .units = 9}; /* who bore it before keeps what it weighed */
    struct store_transition tr = to("pass", 2, "offered", NULL, "offers", 7000);
    tr.shares = &left;
    tr.shares_n = 1;
    tr.offered = true;
    tr.declined = T("o1");
    tr.due_ms = 26000;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(see_agent(b, "o1")->load, 0);
    assert_int_equal(see_agent(b, "o2")->load, 2);
    assert_string_equal(do_get(b, T("pass"), NONE).offered, "o2");
    assert_null(see_line(b, "pass"));
    /* and the last one: back at its place, and it is known who will not be asked again at once */
    tr = to("pass", 3, "queued", NULL, "offers", 8000);
    tr.keep_place = true;
    tr.declined = T("o2");
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(see_agent(b, "o2")->load, 0);
    const struct seen_row *row = see_line(b, "pass");
    assert_non_null(row);
    assert_string_equal(row->declined, "o1:7000 o2:8000");
    assert_int_equal(row->queued_at_ms, 5000);
    assert_int_equal(row->score, 5000);
    assert_int_equal(row->version, 4);
    assert_int_equal(see_agent(b, "o2")->missed, 0); /* they answered */
    assert_string_equal(see_agent(b, "o2")->presence, "available");
    set_state(b, "pass", "closed", 9000);
}

static void what_was_declined_is_forgotten_when_taken(void **state)
{
    (void)state;
    open_chat(b, "forget", "offers", 10000);
    assert_int_equal(offer("forget", 1, three, 1, 10001).err, 0);
    struct store_transition tr = to("forget", 2, "queued", NULL, "offers", 10002);
    tr.declined = T("o1");
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_int_equal(move(b, "forget", 3, "active", "o2", "offers", 10003).err, 0);
    set_state(b, "forget", "queued", 10004);
    assert_string_equal(see_line(b, "forget")->declined, "");
    set_state(b, "forget", "closed", 10005);
}

static void what_was_declined_has_a_cap_and_each_once(void **state)
{
    (void)state;
    open_chat(b, "cap", "offers", 20000);
    char id[20][8];
    uint64_t version = 1;
    for (int i = 0; i < 20; i++) {
        (void)snprintf(id[i], sizeof id[i], "d%d", i);
        struct store_transition tr = to("cap", version++, "queued", NULL, "offers", 20001 + (uint64_t)i);
        tr.declined = text_of(id[i]);
        assert_int_equal(do_transition(b, &tr).err, 0);
    }
    assert_string_equal(see_line(b, "cap")->declined, "d4:20005 d5:20006 d6:20007 d7:20008 d8:20009 d9:20010 d10:20011 d11:20012 d12:20013 d13:20014 "
                                                      "d14:20015 d15:20016 d16:20017 d17:20018 d18:20019 d19:20020"); /* the last sixteen */
    struct store_transition tr = to("cap", version, "queued", NULL, "offers", 30000);
    tr.declined = T("d5");
    assert_int_equal(do_transition(b, &tr).err, 0);
    const char *declined = see_line(b, "cap")->declined;
    assert_null(strstr(declined, "d5:20006"));
    assert_non_null(strstr(declined, "d19:20020 d5:30000"));
    set_state(b, "cap", "closed", 30001);
}

static void who_does_not_answer_is_missed(void **state)
{
    (void)state;
    struct text missed[] = {T("o1"), T("o3")};
    const char *const asked[] = {"o1", "o3"};
    for (uint64_t i = 1; i <= 2; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "late-%d", (int)i);
        open_chat(b, id, "offers", 40000 * i);
        assert_int_equal(do_presence(b, "o1", "available", 40000 * i).err, 0);
        assert_int_equal(do_presence(b, "o3", "available", 40000 * i).err, 0);
        assert_int_equal(offer(id, 1, asked, 2, 40000 * i).err, 0);
        struct store_transition tr = to(id, 2, "queued", NULL, "offers", 40000 * i + 20000);
        tr.keep_place = true;
        tr.missed = missed;
        tr.missed_n = 2;
        assert_int_equal(do_transition(b, &tr).err, 0);
        assert_string_equal(see_agent(b, "o1")->presence, "missed");
        assert_int_equal(see_agent(b, "o1")->missed, i); /* in a row */
        assert_int_equal(see_agent(b, "o3")->missed, i);
        assert_int_equal(see_agent(b, "o1")->load, 0);
        assert_int_equal(see_agent(b, "o1")->since_ms, 40000 * i + 20000);
        assert_int_equal(see_line(b, id)->queued_at_ms, 40000 * i); /* its old place */
        /* and gets no other until they say that they are there */
        assert_int_equal(offer(id, 3, asked, 1, 61000 * i).err, ERR_CAPACITY);
    }
    assert_int_equal(do_presence(b, "o1", "available", 130000).err, 0);
    assert_int_equal(see_agent(b, "o1")->missed, 2); /* still: only an answer ends the row */
    assert_int_equal(offer("late-1", 3, asked, 1, 130000).err, 0);
    assert_int_equal(move(b, "late-1", 4, "active", "o1", "offers", 130001).err, 0);
    assert_int_equal(see_agent(b, "o1")->missed, 0);
    assert_int_equal(see_agent(b, "o3")->missed, 2);
    set_state(b, "late-1", "closed", 140000);
}

static void who_signed_off_meanwhile_stays_signed_off(void **state)
{
    (void)state;
    const char *const asked[] = {"o2"};
    struct text missed[] = {T("o2")};
    open_chat(b, "off", "offers", 150000);
    assert_int_equal(offer("off", 1, asked, 1, 150001).err, 0);
    assert_int_equal(do_presence(b, "o2", "offline", 150002).err, 0);
    struct store_transition tr = to("off", 2, "queued", NULL, "offers", 170001);
    tr.missed = missed;
    tr.missed_n = 1;
    assert_int_equal(do_transition(b, &tr).err, 0);
    assert_string_equal(see_agent(b, "o2")->presence, "offline");
    set_state(b, "off", "closed", 170002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_asked_bears_it),
        cmocka_unit_test(who_accepts_has_it_alone),
        cmocka_unit_test(who_lets_it_pass_is_rid_of_it),
        cmocka_unit_test(what_was_declined_is_forgotten_when_taken),
        cmocka_unit_test(what_was_declined_has_a_cap_and_each_once),
        cmocka_unit_test(who_does_not_answer_is_missed),
        cmocka_unit_test(who_signed_off_meanwhile_stays_signed_off),
    };
    return RUN(tests);
}
