/* The view in pages, presence by node, read marks, signed-out sessions, the staff. */
#include "main.h"

static struct seen_view v;

static void the_view_shows_a_window_of_each_queue(void **state)
{
    (void)state;
    struct text queues[] = {T("w1"), T("w2"), T("empty")};
    static const char *const ids[] = {"w-0", "w-1", "w-2", "w-3", "w-4"};
    for (size_t i = 0; i < 5; i++) {
        open_chat(b, ids[i], i < 4 ? "w1" : "w2", 1000 + i);
    }
    do_view(b, queues, 3, 0, 2, &v);
    assert_int_equal(v.waiting_n, 3);
    assert_string_equal(v.waiting[0].conversation, "w-0");
    assert_string_equal(v.waiting[1].conversation, "w-1");
    assert_string_equal(v.waiting[2].conversation, "w-4");
    assert_int_equal(v.waiting[0].units, 2);
    assert_int_equal(v.queues_n, 3);
    assert_int_equal(v.queues[0].waiting, 4); /* all, not only the window */
    assert_int_equal(v.queues[0].oldest, 1000);
    assert_int_equal(v.queues[2].waiting, 0);
    assert_int_equal(v.queues[2].oldest, 0);
    do_view(b, queues, 3, 2, 2, &v);
    assert_int_equal(v.waiting_n, 2);
    assert_string_equal(v.waiting[0].conversation, "w-2");
    do_view(b, queues, 3, 0, 0, &v);
    assert_int_equal(v.waiting_n, 0);
    assert_int_equal(v.queues[0].waiting, 4);
}

static void find_agent(const char *id, size_t *at)
{
    do_view(b, NULL, 0, 0, 0, &v);
    for (*at = 0; *at < v.agents_n && strcmp(v.agents[*at].id, id) != 0; ++*at) {
    }
    assert_true(*at < v.agents_n);
}

static void presence_belongs_to_the_node_that_set_it_last(void **state)
{
    (void)state;
    size_t at;
    assert_int_equal(do_presence(b, T("p:1"), T("available"), T("node1"), NONE, 6, 1000).err, 0); /* an id may hold a colon */
    assert_int_equal(do_presence(b, T("p:1"), T("available"), T("node2"), NONE, 6, 1100).err, 0);
    /* the end of the old session on node1 must not sign off who is on node2 by now */
    assert_int_equal(do_presence(b, T("p:1"), T("offline"), T("node1"), T("node1"), 6, 1200).err, ERR_STALE);
    find_agent("p:1", &at);
    assert_string_equal(v.agents[at].presence, "available");
    assert_string_equal(v.agents[at].node, "node2");
    assert_int_equal(v.agents[at].since_ms, 1100);
    assert_int_equal(v.agents[at].capacity, 6);
    assert_int_equal(v.agents[at].load, 0);
    assert_int_equal(do_presence(b, T("p:1"), T("offline"), T("node2"), T("node2"), 6, 1300).err, 0);
    find_agent("p:1", &at);
    assert_string_equal(v.agents[at].presence, "offline");
}

static void presence_keeps_the_load(void **state)
{
    (void)state;
    size_t at;
    open_chat(b, "keeps", "tax", 1000);
    assert_int_equal(do_presence(b, T("p2"), T("available"), T("node1"), NONE, 6, 1000).err, 0);
    assign(b, "keeps", "p2", 1100);
    assert_int_equal(do_presence(b, T("p2"), T("available"), T("node1"), NONE, 8, 1200).err, 0);
    find_agent("p2", &at);
    assert_int_equal(v.agents[at].load, 2);
    assert_int_equal(v.agents[at].conversations, 1);
    assert_int_equal(v.agents[at].capacity, 8);
}

static void read_marks_never_go_back(void **state)
{
    (void)state;
    open_chat(b, "marks", "tax", 1000);
    assert_int_equal(do_read_mark(b, T("marks"), STORE_RESIDENT, 5).err, 0);
    assert_int_equal(do_read_mark(b, T("marks"), STORE_RESIDENT, 3).err, 0);
    assert_int_equal(do_read_mark(b, T("marks"), STORE_AGENT, 2).err, 0);
    struct got g = do_get(b, T("marks"), NONE);
    assert_int_equal(g.read_resident, 5);
    assert_int_equal(g.read_agent, 2);
    assert_int_equal(do_read_mark(b, T("no-such"), STORE_AGENT, 2).err, ERR_NOT_FOUND);
}

static void revoked_sessions_are_kept_until_they_expire(void **state)
{
    (void)state;
    assert_int_equal(do_revoke(b, T("s1"), 2000, 1000).err, 0);
    assert_int_equal(do_revoke(b, T("s2"), 5000, 1000).err, 0);
    assert_int_equal(do_revoked(b, 1500).texts_n, 2);
    struct got g = do_revoked(b, 3000);
    assert_int_equal(g.texts_n, 1);
    assert_string_equal(g.texts[0], "s2");
    assert_int_equal(do_revoke(b, T("s3"), 9000, 6000).err, 0); /* sweeps what has expired */
    g = do_revoked(b, 0);
    assert_int_equal(g.texts_n, 1);
    assert_string_equal(g.texts[0], "s3");
}

static void the_staff_is_a_list(void **state)
{
    (void)state;
    assert_int_equal(do_staff_list(b).texts_n, 0);
    assert_int_equal(do_staff_put(b, T("sanne"), T("{\"name\":\"Sanne\",\"capacity\":6}")).err, 0);
    assert_int_equal(do_staff_put(b, T("joost"), T("{\"name\":\"Joost\"}")).err, 0);
    assert_int_equal(do_staff_put(b, T("joost"), T("{\"name\":\"Joost II\"}")).err, 0);
    struct got g = do_staff_list(b);
    assert_int_equal(g.texts_n, 4);
    for (size_t i = 0; i < 4; i += 2) {
        assert_string_equal(g.texts[i + 1], strcmp(g.texts[i], "sanne") == 0 ? "{\"name\":\"Sanne\",\"capacity\":6}" : "{\"name\":\"Joost II\"}");
    }
    /* a new capacity counts at once for who is at work */
    size_t at;
    assert_int_equal(do_presence(b, T("sanne"), T("available"), T("node1"), NONE, 6, 1000).err, 0);
    assert_int_equal(do_staff_put(b, T("sanne"), T("{\"name\":\"Sanne\",\"capacity\":9}")).err, 0);
    find_agent("sanne", &at);
    assert_int_equal(v.agents[at].capacity, 9);
    assert_int_equal(do_staff_put(b, T("joost"), NONE).err, 0);
    assert_int_equal(do_staff_put(b, T("joost"), NONE).err, ERR_NOT_FOUND);
    assert_int_equal(do_staff_list(b).texts_n, 2);
}

struct heard {
    char what[8][16], payload[8][65];
    int n;
};

static void on_message(void *ctx, const char *what, struct text payload)
{
    struct heard *h = ctx;
    assert_true(h->n < 8);
    assert_int_equal(text_copy(text_of(what), h->what[h->n], sizeof h->what[0]), 0);
    assert_int_equal(text_copy(payload, h->payload[h->n], sizeof h->payload[0]), 0);
    h->n++;
    loop_stop(b->loop);
}

static bool heard_is(const struct heard *h, const char *what, const char *payload)
{
    for (int i = 0; i < h->n; i++) {
        if (strcmp(h->what[i], what) == 0 && strcmp(h->payload[i], payload) == 0) {
            return true;
        }
    }
    return false;
}

static void other_nodes_hear_of_changes(void **state)
{
    (void)state;
    static struct heard h;
    assert_int_equal(store_listen(b->store, on_message, &h), 0);
    /* The subscription has no answer of its own: say something until it is heard. */
    while (!heard_is(&h, "node", "hello")) {
        h.n = 0;
        assert_int_equal(store_publish(b->store, T("node1"), T("hello")), 0);
        assert_int_equal(do_revoked(b, 0).err, 0);
    }
    h.n = 0;
    assert_int_equal(store_publish(b->store, T("node2"), T("not for us")), 0);
    assert_int_equal(do_revoke(b, T("s9"), 9000, 1000).err, 0);
    assert_int_equal(do_staff_put(b, T("piet"), T("{}")).err, 0);
    loop_timer_start(b->deadline, 10000, 0);
    while (!heard_is(&h, "staff", "piet") || !heard_is(&h, "revoked", "s9")) {
        loop_run(b->loop);
    }
    assert_false(heard_is(&h, "node", "not for us"));
    loop_timer_stop(b->deadline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_view_shows_a_window_of_each_queue),
        cmocka_unit_test(presence_belongs_to_the_node_that_set_it_last),
        cmocka_unit_test(presence_keeps_the_load),
        cmocka_unit_test(read_marks_never_go_back),
        cmocka_unit_test(revoked_sessions_are_kept_until_they_expire),
        cmocka_unit_test(the_staff_is_a_list),
        cmocka_unit_test(other_nodes_hear_of_changes),
    };
    return RUN(tests);
}
