/* The organisation's own settings. */
#include "settings_test.h"

static int read_routing(const char *json, struct frame_routing_settings *out)
{
    char *copy = strdup(json);
    int err = settings_routing_read(text_of(copy), arena, out, &fault);
    memset(copy, 'x', strlen(copy));
    free(copy);
    return err;
}

static void good(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"{}", "{\"timezone\":\"Europe/Amsterdam\",\"priority_step_s\":300,\"decline_rest_s\":60,\"missed_max\":3}"},
        {"{\"timezone\":\"America/Curacao\",\"priority_step_s\":0,\"queue_order_s\":60,\"decline_rest_s\":0,\"missed_max\":1,\"away_grace_s\":5,"
         "\"interruptible\":[\"email\",\"sms\"]}",
         "{\"timezone\":\"America/Curacao\",\"queue_order_s\":60,\"interruptible\":[\"email\",\"sms\"],\"missed_max\":1,\"away_grace_s\":5,"
         "\"priority_step_s\":0,\"decline_rest_s\":0}"},
        {"{\"statuses\":[{\"status\":\"training\",\"name_nl\":\"Cursus\",\"name_en\":\"Training\"},"
         "{\"status\":\"mail_only_2\",\"name_nl\":\"Alleen mail\",\"name_en\":\"Mail only\",\"channels\":[\"email\"]}]}",
         "{\"timezone\":\"Europe/Amsterdam\",\"priority_step_s\":300,\"decline_rest_s\":60,\"missed_max\":3,"
         "\"statuses\":[{\"status\":\"training\",\"name_nl\":\"Cursus\",\"name_en\":\"Training\"},"
         "{\"status\":\"mail_only_2\",\"name_nl\":\"Alleen mail\",\"name_en\":\"Mail only\",\"channels\":[\"email\"]}]}"},
    };
    struct buf out;
    buf_init(&out, SETTINGS_BYTES_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_routing_settings r;
        const char *in = rows[i].in;
        for (int turn = 0; turn < 2; turn++, in = rows[i].out) {
            if (read_routing(in, &r)) {
                fail_msg("%s: %s", in, fault.remedy);
            }
            buf_clear(&out);
            assert_int_equal(settings_routing_write(&r, &out), 0);
            assert_string_equal(out.data, rows[i].out);
        }
    }
    buf_done(&out);
}

#define STATUS(status) "{\"statuses\":[{\"status\":\"x\",\"name_nl\":\"a\",\"name_en\":\"b\"}," status "]}"
#define NAMED(word) STATUS("{\"status\":\"" word "\",\"name_nl\":\"a\",\"name_en\":\"b\"}")

static void bad(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"null", "", NULL, ERR_BAD_FRAME},
        {"{\"timezone\":\"Europe/Atlantis\"}", "timezone", "must be a zone of the system's database", 0},
        {"{\"timezone\":\"\"}", "timezone", NULL, 0},
        {"{\"timezone\":\"../../../etc/passwd\"}", "timezone", NULL, 0},
        {"{\"timezone\":\"CET-1CEST\"}", "timezone", NULL, 0},
        {"{\"missed_max\":0}", "missed_max", "must be 1 or more", 0},
        {"{\"away_grace_s\":0}", "away_grace_s", "must be 1 or more", 0},
        {"{\"grace_s\":1}", "grace_s", "is not known here; known are timezone,", 0},
        {"{\"interruptible\":[\"email\",\"mail\"]}", "interruptible[1]", "must be a channel", 0},
        {"{\"interruptible\":[\"email\",\"email\"]}", "interruptible[1]", "must be named once", 0},
        {"{\"interruptible\":\"email\"}", "interruptible", "must be a list", 0},
        {NAMED("available"), "statuses[1].status", "must be another word", 0},
        {NAMED("busy"), "statuses[1].status", "must be another word", 0},
        {NAMED("break"), "statuses[1].status", "must be another word", 0},
        {NAMED("wrap_up"), "statuses[1].status", "must be another word", 0},
        {NAMED("missed"), "statuses[1].status", "must be another word", 0},
        {NAMED("offline"), "statuses[1].status", "must be another word", 0},
        {NAMED("x"), "statuses[1].status", "must be named once", 0},
        {NAMED("Training"), "statuses[1].status", "must be 1 to 32 of a-z, 0-9 and _", 0},
        {NAMED("mail-only"), "statuses[1].status", NULL, 0},
        {NAMED(""), "statuses[1].status", NULL, 0},
        {STATUS("{\"status\":\"y\",\"name_nl\":\"\",\"name_en\":\"b\"}"), "statuses[1].name_nl", "must not be empty", 0},
        {STATUS("{\"status\":\"y\",\"name_nl\":\"a\",\"name_en\":\"\\n\"}"), "statuses[1].name_en", "must be one line", 0},
        {STATUS("{\"status\":\"y\",\"name_nl\":\"a\"}"), "statuses[1].name_en", "is needed", 0},
        {STATUS("{\"status\":\"y\",\"name_nl\":\"a\",\"name_en\":\"b\",\"channels\":[\"chat\",\"chat\"]}"), "statuses[1].channels[1]",
         "must be named once", 0},
        {STATUS("{\"status\":\"y\",\"name_nl\":\"a\",\"name_en\":\"b\",\"channels\":[\"post\"]}"), "statuses[1].channels[0]", "must be a channel", 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_routing_settings r;
        bad_row_check(&rows[i], read_routing(rows[i].json, &r));
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, arena_open, arena_close)
    const struct CMUnitTest tests[] = {TEST(good), TEST(bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
