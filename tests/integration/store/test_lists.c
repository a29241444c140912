/* The wallboard's view, read marks, signed-out sessions. */
#include "main.h"

static void the_view_shows_a_window_of_each_queue(void **state)
{
    (void)state;
    static struct seen v;
    struct text queues[] = {T("w1"), T("w2"), T("empty")};
    static const char *const ids[] = {"w-0", "w-1", "w-2", "w-3", "w-4"};
    for (size_t i = 0; i < 5; i++) {
        open_chat(b, ids[i], i < 4 ? "w1" : "w2", 1000 + i);
    }
    do_view(b, queues, 3, 2, &v);
    assert_int_equal(v.waiting_n, 3);
    assert_string_equal(v.waiting[0].conversation, "w-0");
    assert_string_equal(v.waiting[1].conversation, "w-1");
    assert_string_equal(v.waiting[2].conversation, "w-4");
    assert_string_equal(v.waiting[2].queue, "w2");
    assert_string_equal(v.waiting[0].state, "queued");
    assert_int_equal(v.queues_n, 3);
    assert_int_equal(v.queues[0].waiting, 4); /* all, not only the window */
    assert_int_equal(v.queues[0].oldest, 1000);
    assert_int_equal(v.queues[2].waiting, 0);
    assert_int_equal(v.queues[2].oldest, 0);
    do_view(b, queues, 3, 0, &v);
    assert_int_equal(v.waiting_n, 0);
    assert_int_equal(v.queues[0].waiting, 4);
    set_state(b, "w-0", "offered", 2000); /* still waits, for whoever looks at it */
    do_view(b, queues, 3, 1, &v);
    assert_string_equal(v.waiting[0].conversation, "w-0");
    assert_string_equal(v.waiting[0].state, "offered");
    assert_int_equal(v.queues[0].waiting, 4);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_view_shows_a_window_of_each_queue),
        cmocka_unit_test(read_marks_never_go_back),
        cmocka_unit_test(revoked_sessions_are_kept_until_they_expire),
    };
    return RUN(tests);
}
