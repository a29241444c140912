/* Staff, settings and the audit: changes by people. */
#include "main.h"

static void the_staff_is_a_list(void **state)
{
    (void)state;
    assert_int_equal(do_staff_list(b).texts_n, 0);
    assert_int_equal(do_staff_put(b, "sanne", "{\"name\":\"Sanne\",\"capacity\":6}", 6, 0, 0, 0).err, 0);
    assert_int_equal(do_staff_put(b, "joost", "{\"name\":\"Joost\"}", 6, 0, 0, 0).err, 0);
    assert_int_equal(do_staff_put(b, "joost", "{\"name\":\"Joost II\"}", 6, 0, 0, 0).err, 0);
    struct got g = do_staff_list(b);
    assert_int_equal(g.texts_n, 4);
    for (size_t i = 0; i < 4; i += 2) {
        assert_string_equal(g.texts[i + 1], strcmp(g.texts[i], "sanne") == 0 ? "{\"name\":\"Sanne\",\"capacity\":6}" : "{\"name\":\"Joost II\"}");
    }
    assert_int_equal(do_staff_put(b, "joost", NULL, 0, 0, 0, 0).err, 0);
    assert_int_equal(do_staff_put(b, "joost", NULL, 0, 0, 0, 0).err, ERR_NOT_FOUND);
    assert_int_equal(do_staff_list(b).texts_n, 2);
    assert_false(agent_is_known(b, "joost"));
    assert_int_equal(do_staff_put(b, "two words", "{}", 6, 0, 0, 0).err, ERR_BAD_FIELD); /* an id stands in lists and lines */
    assert_int_equal(do_staff_put(b, "a|b", "{}", 6, 0, 0, 0).err, ERR_BAD_FIELD);
    assert_int_equal(do_staff_put(b, "a,b", "{}", 6, 0, 0, 0).err, ERR_BAD_FIELD);
}

static void of_two_who_change_the_same_the_second_is_told(void **state)
{
    (void)state;
    struct store_author by = {.actor = T("chef"), .now_ms = 2000, .seen = T("")};
    assert_int_equal(do_staff_put_by(b, "piet", "{\"v\":1}", &by).err, 0);         /* was not there */
    assert_int_equal(do_staff_put_by(b, "piet", "{\"v\":2}", &by).err, ERR_STALE); /* is there by now */
    by.seen = T("{\"v\":1}");
    assert_int_equal(do_staff_put_by(b, "piet", "{\"v\":2}", &by).err, 0);
    assert_int_equal(do_staff_put_by(b, "piet", NULL, &by).err, ERR_STALE);
    by.seen = NONE; /* whatever it is */
    assert_int_equal(do_staff_put_by(b, "piet", NULL, &by).err, 0);
}

static void settings_are_a_list(void **state)
{
    (void)state;
    assert_int_equal(do_settings_list(b).texts_n, 0);
    assert_int_equal(do_setting_put(b, "routing", "{\"a\":1}", NULL).err, 0);
    assert_int_equal(do_setting_put(b, "queue:tax", "{\"b\":1}", "").err, 0); /* seen: not there */
    struct got g = do_settings_list(b);
    assert_int_equal(g.texts_n, 4);
    assert_true(got_has(&g, "routing") && got_has(&g, "{\"a\":1}") && got_has(&g, "queue:tax") && got_has(&g, "{\"b\":1}"));
    assert_int_equal(do_setting_put(b, "queue:tax", "{\"b\":2}", "{\"b\":0}").err, ERR_STALE);
    assert_int_equal(do_setting_put(b, "queue:tax", "{\"b\":2}", "").err, ERR_STALE);
    assert_int_equal(do_setting_put(b, "queue:tax", "{\"b\":2}", "{\"b\":1}").err, 0);
    assert_int_equal(do_setting_put(b, "queue:tax", "", "{\"b\":1}").err, ERR_STALE);
    assert_int_equal(do_setting_put(b, "queue:tax", "", NULL).err, 0);
    assert_int_equal(do_setting_put(b, "queue:tax", "", NULL).err, ERR_NOT_FOUND);
    assert_int_equal(do_settings_list(b).texts_n, 2);
}

static void a_queue_with_somebody_in_it_stays(void **state)
{
    (void)state;
    static const char *const states[] = {"queued", "offered", "active", "wrap_up", "snoozed"};
    sign_in(b, "sanne", 6, 1000);
    assert_int_equal(do_setting_put(b, "queue:stay", "{}", NULL).err, 0);
    open_chat(b, "stay", "stay", 1000);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(move(b, "stay", i + 1, states[i], i == 2 || i == 3 ? "sanne" : NULL, "stay", 2000 + i).err, 0);
        assert_int_equal(do_setting_put(b, "queue:stay", "", NULL).err, ERR_BAD_STATE);
    }
    assert_int_equal(move(b, "stay", 6, "queued", NULL, "elsewhere", 3000).err, 0);
    assert_int_equal(do_setting_put(b, "queue:stay", "", NULL).err, 0);
}

static void whoever_changed_what_is_written(void **state)
{
    (void)state;
    static const char *const rows[3][6] = {{"3000", "chef", "setting", "queue:stay", "{}", ""}, /* newest first */
                                           {"3000", "chef", "setting", "queue:stay", "", "{}"},
                                           {"2000", "chef", "staff", "sanne", "", ""}};
    struct got g = do_audit_list(b, NULL, 3);
    assert_int_equal(g.texts_n, 3 * 7);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 6; k++) {
            assert_string_equal(g.texts[7 * i + 1 + k], rows[i][k]);
        }
    }
    struct store_author by = {.actor = T("boss"), .now_ms = 5000, .before = T("was"), .after = T("is")};
    assert_int_equal(do_audit(b, &by, "read", "conversation-7").err, 0);
    struct got newest = do_audit_list(b, NULL, 1);
    assert_int_equal(newest.texts_n, 7);
    static const char *const wanted[] = {"5000", "boss", "read", "conversation-7", "was", "is"};
    for (size_t k = 0; k < 6; k++) {
        assert_string_equal(newest.texts[1 + k], wanted[k]);
    }
    struct got older = do_audit_list(b, newest.texts[0], 2); /* the next page */
    assert_int_equal(older.texts_n, 14);
    assert_string_equal(older.texts[0], g.texts[0]);
    assert_string_equal(older.texts[7], g.texts[7]);
    assert_int_equal(do_audit_list(b, "0-1", 5).texts_n, 0);
}

static void a_refused_change_is_not_in_the_audit(void **state)
{
    (void)state;
    struct got before = do_audit_list(b, NULL, 1);
    assert_int_equal(do_setting_put(b, "queue:none", "", NULL).err, ERR_NOT_FOUND);
    assert_int_equal(do_setting_put(b, "routing", "{}", "not this").err, ERR_STALE);
    assert_int_equal(do_staff_put(b, "nobody", NULL, 0, 0, 0, 0).err, ERR_NOT_FOUND);
    assert_string_equal(do_audit_list(b, NULL, 1).texts[0], before.texts[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_staff_is_a_list),
        cmocka_unit_test(of_two_who_change_the_same_the_second_is_told),
        cmocka_unit_test(settings_are_a_list),
        cmocka_unit_test(a_queue_with_somebody_in_it_stays),
        cmocka_unit_test(whoever_changed_what_is_written),
        cmocka_unit_test(a_refused_change_is_not_in_the_audit),
    };
    return RUN(tests);
}
