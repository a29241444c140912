/* A queue's settings: defaults, the normal form, and each mistake with the path that is named. */
#include "settings_test.h"

#define N "\"name_nl\":\"Burgerzaken\",\"name_en\":\"Civil affairs\""
#define HOURS(rule) "{" N ",\"hours\":[{\"days\":[\"mon\"],\"from\":\"09:00\",\"to\":\"17:00\"}," rule "]}"
#define HOLIDAYS(day) "{" N ",\"holidays\":[{\"date\":\"2026-12-25\"}," day "]}"

static int read_queue(const char *json, struct frame_queue_settings *out)
{
    char *copy = strdup(json); /* gone before the result is looked at: it must borrow from the arena alone */
    int err = settings_queue_read(text_of(copy), queue_known, NULL, arena, out, &fault);
    memset(copy, 'x', strlen(copy));
    free(copy);
    return err;
}

static void defaults(void **state)
{
    (void)state;
    struct frame_queue_settings q;
    assert_int_equal(read_queue("{" N
                                ",\"skills\":[{\"skill\":\"trouwen\"}],\"preferred\":[{\"skill\":\"a\",\"level\":0},{\"skill\":\"b\",\"level\":7}],"
                                "\"levels\":[{\"answer_s\":20},{\"channel\":\"email\",\"resolution_s\":172800}],\"tell_s\":null}",
                                &q),
                     0);
    assert_true(text_is(q.name_nl, "Burgerzaken") && text_is(q.name_en, "Civil affairs") && text_is(q.outside, "queue"));
    assert_int_equal(q.drop_preferred_s, 30);
    assert_int_equal(q.tell_s, 600);
    assert_int_equal(q.offer_s, 20);
    assert_int_equal(q.reopen_s, 86400);
    assert_int_equal(q.return_s, 300);
    assert_true(q.widen_s == 0 && q.broadcast == 0 && q.wrap_up_s == 0 && q.waiting_max == 0 && q.priority == 0 && !q.language_required);
    assert_true(q.hours_n == 0 && q.holidays_n == 0 && q.widen_to_n == 0 && q.reasons_n == 0 && !q.overflow_to.s && !q.outside_email.s);
    assert_true(q.skills[0].level == 1 && q.preferred[0].level == 1 && q.preferred[1].level == 7);
    assert_true(q.levels[0].warn_s == 60 && q.levels[1].warn_s == 60 && !q.levels[0].channel.s && q.levels[0].answer_s == 20);
}

static void zero_stays(void **state)
{
    (void)state;
    struct frame_queue_settings q;
    struct buf out;
    buf_init(&out, SETTINGS_BYTES_MAX);
    assert_int_equal(
        read_queue("{" N ",\"drop_preferred_s\":0,\"tell_s\":0,\"reopen_s\":0,\"return_s\":0,\"levels\":[{\"first_response_s\":30,\"warn_s\":0}]}",
                   &q),
        0);
    for (int turn = 0; turn < 2; turn++) { /* and does so through the normal form */
        assert_true(q.drop_preferred_s == 0 && q.tell_s == 0 && q.reopen_s == 0 && q.return_s == 0 && q.levels[0].warn_s == 0 && q.offer_s == 20);
        buf_clear(&out);
        assert_int_equal(settings_queue_write(&q, &out), 0);
        assert_int_equal(read_queue(out.data, &q), 0);
    }
    buf_done(&out);
}

static void normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {" {\"name_en\" : \"B\", \"name_nl\" : \"A\"}\n", "{\"name_nl\":\"A\",\"name_en\":\"B\",\"drop_preferred_s\":30,\"tell_s\":600,\"offer_s\":"
                                                          "20,\"reopen_s\":86400,\"return_s\":300,\"outside\":\"queue\"}"},
        {"{\"name_nl\":\"\xc3\xa9\",\"name_en\":\"\\u00e9\\\"\\/"
         "\",\"reopen_s\":0,\"language_required\":false,\"hours\":[],\"levels\":[{\"warn_s\":0}],"
         "\"holidays\":[{\"date\":\"2026-12-25\"}],\"skills\":[{\"skill\":\"a\"}]}",
         "{\"name_nl\":\"\xc3\xa9\",\"name_en\":\"\xc3\xa9\\\"/"
         "\",\"skills\":[{\"skill\":\"a\",\"level\":1}],\"drop_preferred_s\":30,\"tell_s\":600,\"offer_s\":20,"
         "\"return_s\":300,\"holidays\":[{\"date\":\"2026-12-25\"}],\"outside\":\"queue\",\"levels\":[{\"warn_s\":0}],\"reopen_s\":0}"},
    };
    struct buf out;
    buf_init(&out, SETTINGS_BYTES_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_queue_settings q;
        assert_int_equal(read_queue(rows[i].in, &q), 0);
        for (int turn = 0; turn < 2; turn++) { /* the normal form of the normal form is itself */
            buf_clear(&out);
            assert_int_equal(settings_queue_write(&q, &out), 0);
            assert_string_equal(out.data, rows[i].out);
            assert_int_equal(read_queue(out.data, &q), 0);
        }
        struct buf small;
        buf_init(&small, out.len);
        assert_int_equal(buf_add_z(&small, "x"), 0);
        assert_int_equal(settings_queue_write(&q, &small), ERR_FULL);
        assert_int_equal(small.len, 1);
        buf_done(&small);
    }
    buf_done(&out);
}

static void good(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{" N ",\"hours\":[{\"days\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"],\"from\":\"00:00\",\"to\":\"24:00\"},{\"days\":[\"sat\",\"sun\"],"
              "\"from\":\"09:00\",\"to\":\"09:01\"}]}",
        HOURS("{\"days\":[\"mon\"],\"from\":\"12:00\",\"to\":\"18:00\"}"), /* overlaps: the union */
        HOLIDAYS("{\"date\":\"2028-02-29\",\"from\":\"09:00\",\"to\":\"24:00\"}"),
        HOLIDAYS("{\"date\":\"2026-12-24\",\"from\":\"09:00\",\"to\":\"12:00\"},{\"date\":\"2026-12-24\",\"from\":\"13:00\",\"to\":\"14:00\"}"),
        "{" N ",\"outside\":\"message\",\"outside_nl\":\"Dicht.\",\"outside_en\":\"Closed.\",\"outside_email\":\"info@example.org\"}",
        "{" N ",\"widen_to\":[\"belastingen\",\"burgerzaken\"],\"widen_s\":60,\"overflow_to\":\"belastingen\",\"waiting_max\":10}",
        "{" N ",\"reasons\":[\"done\",\"no_show\",\"wrong-desk\",\"4\"],\"broadcast\":8,\"priority\":9}",
        "{" N ",\"skills\":[{\"skill\":\"a\",\"level\":2}],\"preferred\":[{\"skill\":\"a\",\"level\":10}]}",
        "{" N ",\"levels\":[{\"channel\":\"chat\",\"answer_s\":20,\"warn_s\":60},{\"channel\":\"sms\"},{\"first_response_s\":61}]}",
        "{" N ",\"levels\":[{\"channel\":\"chat\",\"resolution_s\":100,\"first_response_s\":50,\"warn_s\":49}]}",
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_queue_settings q;
        if (read_queue(rows[i], &q)) {
            fail_msg("%s: %s", rows[i], fault.remedy);
        }
    }
}

static void bad(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"[]", "", NULL, ERR_BAD_FRAME},
        {"{" N ",", "", NULL, ERR_BAD_FRAME},
        {"{" N ",\"name_en\":\"x\"}", "", NULL, ERR_BAD_FRAME},
        {"{\"name_nl\":\"a\"}", "name_en", "is needed and must be a text of at most 200 bytes", 0},
        {"{\"name_nl\":\"\",\"name_en\":\"b\"}", "name_nl", "must not be empty", 0},
        {"{\"name_nl\":\"a\",\"name_en\":\"  \"}", "name_en", "must not be empty", 0},
        {"{\"name_nl\":\"a\",\"name_en\":\"b\\nc\"}", "name_en", "must be one line", 0},
        {"{" N ",\"ofer_s\":1}", "ofer_s", "is not known here; known are name_nl,", 0},
        {"{" N ",\"offer_s\":\"1\"}", "offer_s", "must be a whole number from 0 to 31536000", 0},
        {"{" N ",\"offer_s\":0}", "offer_s", "must be 1 or more", 0},
        {"{" N ",\"priority\":10}", "priority", "must be a whole number from 0 to 9", 0},
        {"{" N ",\"broadcast\":9}", "broadcast", NULL, 0},
        {"{" N ",\"skills\":[{\"skill\":\"Trouwen\"}]}", "skills[0].skill", "must be a name of 1 to 64 of a-z, 0-9 and -", 0},
        {"{" N ",\"skills\":[{\"skill\":\"a\"},{\"skill\":\"\"}]}", "skills[1].skill", NULL, 0},
        {"{" N ",\"skills\":[{\"skill\":\"a\"},{\"skill\":\"b\"},{\"skill\":\"a\"}]}", "skills[2].skill", "must be named once", 0},
        {"{" N ",\"skills\":[{\"skill\":\"a\",\"level\":11}]}", "skills[0].level", "must be a whole number from 0 to 10", 0},
        {"{" N ",\"preferred\":[{\"skill\":\"a_b\"}]}", "preferred[0].skill", NULL, 0},
        {"{" N ",\"preferred\":[{\"skill\":\"a\"},{\"skill\":\"a\",\"level\":2}]}", "preferred[1].skill", NULL, 0},
        {"{" N ",\"preferred\":[{\"level\":2}]}", "preferred[0].skill", "is needed", 0},
        {"{" N ",\"widen_to\":[\"burgerzaken\",\"parkeren\"]}", "widen_to[1]", "must be the id of another queue that exists", 0},
        {"{" N ",\"widen_to\":[\"burgerzaken\",\"burgerzaken\"]}", "widen_to[1]", "must be named once", 0},
        {"{" N ",\"widen_to\":[\"\"]}", "widen_to[0]", NULL, 0},
        {"{" N ",\"overflow_to\":\"parkeren\"}", "overflow_to", "must be the id of another queue that exists", 0},
        {"{" N ",\"overflow_to\":\"\"}", "overflow_to", NULL, 0},
        {"{" N ",\"reasons\":[\"done\",\"Done\"]}", "reasons[1]", "must be a code of 1 to 32 of a-z, 0-9, _ and -", 0},
        {"{" N ",\"reasons\":[\"done\",\"done\"]}", "reasons[1]", "must be named once", 0},
        {"{" N ",\"reasons\":[\"012345678901234567890123456789012\"]}", "reasons[0]", "must be a text of at most 32 bytes", ERR_TOO_LARGE},
        {HOURS("{\"days\":[\"maandag\"],\"from\":\"09:00\",\"to\":\"17:00\"}"), "hours[1].days[0]", "must be a day: `mon`", 0},
        {HOURS("{\"days\":[\"mon\",\"tue\",\"mon\"],\"from\":\"09:00\",\"to\":\"17:00\"}"), "hours[1].days[2]", "must be named once", 0},
        {HOURS("{\"days\":[],\"from\":\"09:00\",\"to\":\"17:00\"}"), "hours[1].days", "must name at least one day", 0},
        {HOURS("{\"days\":[\"tue\"],\"from\":\"9:00\",\"to\":\"17:00\"}"), "hours[1].from", "must be a time of day, `HH:MM`", 0},
        {HOURS("{\"days\":[\"tue\"],\"from\":\"09:00\",\"to\":\"24:01\"}"), "hours[1].to", "must be a time of day, `HH:MM`", 0},
        {HOURS("{\"days\":[\"tue\"],\"from\":\"09:00\"}"), "hours[1].to", "is needed", 0},
        {HOURS("{\"days\":[\"tue\"],\"from\":\"17:00\",\"to\":\"09:00\"}"), "hours[1].to", "must be later than `from`", 0},
        {HOURS("{\"days\":[\"tue\"],\"from\":\"24:00\",\"to\":\"24:00\"}"), "hours[1].to", "must be later than `from`", 0},
        {HOURS("{\"day\":[\"tue\"],\"from\":\"09:00\",\"to\":\"10:00\"}"), "hours[1].day", "is not known here; known are days, from, to", 0},
        {HOLIDAYS("{\"date\":\"2026-02-29\"}"), "holidays[1].date", "must be a date that exists", 0},
        {HOLIDAYS("{\"date\":\"25-12-2026\"}"), "holidays[1].date", "must be a date that exists", 0},
        {HOLIDAYS("{\"date\":\"2026-12-24\",\"from\":\"09:00\"}"), "holidays[1].to", "is needed with its other half", 0},
        {HOLIDAYS("{\"date\":\"2026-12-24\",\"to\":\"09:00\"}"), "holidays[1].from", "is needed with its other half", 0},
        {HOLIDAYS("{\"date\":\"2026-12-24\",\"from\":\"12:00\",\"to\":\"12:00\"}"), "holidays[1].to", "must be later than `from`", 0},
        {HOLIDAYS("{\"date\":\"2026-12-24\",\"from\":\"noon\",\"to\":\"12:00\"}"), "holidays[1].from", "must be a time of day", 0},
        {HOLIDAYS("{\"date\":\"2026-12-25\"}"), "holidays[1].date", "must stand once", 0},
        {HOLIDAYS("{\"date\":\"2026-12-25\",\"from\":\"09:00\",\"to\":\"12:00\"}"), "holidays[1].date", "must stand once", 0},
        {"{" N ",\"outside\":\"mail\"}", "outside", "must be `queue`, `message` or `close`", 0},
        {"{" N ",\"outside\":\"\"}", "outside", NULL, 0},
        {"{" N ",\"outside_email\":\"info\"}", "outside_email", "must be an e-mail address", 0},
        {"{" N ",\"outside_email\":\"@example.org\"}", "outside_email", NULL, 0},
        {"{" N ",\"outside_email\":\"a@b@example.org\"}", "outside_email", NULL, 0},
        {"{" N ",\"outside_email\":\"a b@example.org\"}", "outside_email", NULL, 0},
        {"{" N ",\"outside_nl\":\"\"}", "outside_nl", "must not be empty", 0},
        {"{" N ",\"outside_en\":\"a\\u0007\"}", "outside_en", "must be one line", 0},
        {"{" N ",\"levels\":[{\"channel\":\"phone\"}]}", "levels[0].channel", "must be a channel: `chat`, `email` or `sms`", 0},
        {"{" N ",\"levels\":[{\"channel\":\"chat\"},{\"channel\":\"sms\"},{\"channel\":\"chat\"}]}", "levels[2].channel", "must be named once", 0},
        {"{" N ",\"levels\":[{},{\"channel\":\"sms\"},{}]}", "levels[2].channel", "must be named once, and left out once at most", 0},
        {"{" N ",\"levels\":[{\"first_response_s\":60}]}", "levels[0].warn_s", "must be less than `first_response_s`", 0},
        {"{" N ",\"levels\":[{\"first_response_s\":600,\"resolution_s\":300,\"warn_s\":300}]}", "levels[0].warn_s", NULL, 0},
        {"{" N ",\"levels\":[{\"resolution_s\":300,\"warn_s\":301}]}", "levels[0].warn_s", NULL, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_queue_settings q, before;
        memset(&q, 0x5a, sizeof q);
        before = q;
        bad_row_check(&rows[i], read_queue(rows[i].json, &q));
        assert_memory_equal(&q, &before, sizeof q);
    }
}

/* Stored settings may name a queue that has gone since: without a function nothing is asked. */
static void queues_that_have_gone(void **state)
{
    (void)state;
    struct frame_queue_settings q;
    assert_int_equal(
        settings_queue_read(TEXT_LITERAL("{" N ",\"widen_to\":[\"parkeren\"],\"overflow_to\":\"parkeren\"}"), NULL, NULL, arena, &q, &fault), 0);
    assert_true(text_is(q.widen_to[0], "parkeren") && text_is(q.overflow_to, "parkeren"));
}

static void hours_for_core(void **state)
{
    (void)state;
    static struct hours h;
    struct frame_queue_settings q;
    assert_int_equal(
        read_queue("{" N ",\"hours\":[{\"days\":[\"mon\",\"sun\"],\"from\":\"08:30\",\"to\":\"24:00\"}],\"holidays\":[{\"date\":\"2026-12-25\"},"
                   "{\"date\":\"1970-01-02\",\"from\":\"00:00\",\"to\":\"00:01\"}]}",
                   &q),
        0);
    assert_int_equal(settings_hours(&q, &h), 0);
    assert_true(h.rules_n == 1 && h.rules[0].days == 0x41 && h.rules[0].from_min == 510 && h.rules[0].to_min == 1440);
    assert_true(h.holidays_n == 2 && h.holidays[0].day == 20812 && h.holidays[0].from_min == h.holidays[0].to_min);
    assert_true(h.holidays[1].day == 1 && h.holidays[1].from_min == 0 && h.holidays[1].to_min == 1);
    assert_int_equal(read_queue("{" N "}", &q), 0);
    assert_int_equal(settings_hours(&q, &h), 0);
    assert_true(h.rules_n == 0 && h.holidays_n == 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, arena_open, arena_close)
    const struct CMUnitTest tests[] = {TEST(defaults),      TEST(zero_stays), TEST(normal_form), TEST(good), TEST(bad), TEST(queues_that_have_gone),
                                       TEST(hours_for_core)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
