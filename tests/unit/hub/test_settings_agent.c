/* A member of staff: settings as administrators send them, and as stored with the password that no answer shows. */
#include "settings_test.h"

#define A "\"name\":\"Sanne\",\"role\":\"agent\""
#define HASH "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"

static int read_agent(const char *json, struct frame_agent_settings *out)
{
    char *copy = strdup(json);
    int err = settings_agent_read(text_of(copy), queue_known, NULL, arena, out, &fault);
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
        {"{" A "}", "{\"name\":\"Sanne\",\"role\":\"agent\",\"capacity\":6}"},
        {"{\"name\":\"Jan\",\"role\":\"supervisor\",\"capacity\":0}", "{\"name\":\"Jan\",\"role\":\"supervisor\",\"capacity\":0}"},
        {"{\"name\":\"Jan\",\"role\":\"administrator\",\"capacity\":0}", "{\"name\":\"Jan\",\"role\":\"administrator\",\"capacity\":0}"},
        {"{" A ",\"queues\":[\"belastingen\",\"burgerzaken\"],\"languages\":[\"nl\",\"zh-hans\",\"sr-latn-rs\",\"frr\",\"es-419\"]}",
         "{\"name\":\"Sanne\",\"role\":\"agent\",\"queues\":[\"belastingen\",\"burgerzaken\"],\"capacity\":6,"
         "\"languages\":[\"nl\",\"zh-hans\",\"sr-latn-rs\",\"frr\",\"es-419\"]}"},
        {"{" A ",\"capacity\":4,\"channels\":[{\"channel\":\"chat\",\"weight\":4,\"must_accept\":true},{\"channel\":\"email\",\"limit\":3},{"
               "\"channel\":\"sms\"}],"
         "\"skills\":[{\"skill\":\"trouwen\",\"level\":0},{\"skill\":\"geboorte\",\"level\":10}]}",
         "{\"name\":\"Sanne\",\"role\":\"agent\",\"capacity\":4,\"channels\":[{\"channel\":\"chat\",\"weight\":4,\"must_accept\":true},{\"channel\":"
         "\"email\",\"limit\":3},"
         "{\"channel\":\"sms\"}],\"skills\":[{\"skill\":\"trouwen\",\"level\":1},{\"skill\":\"geboorte\",\"level\":10}]}"},
    };
    struct buf out;
    buf_init(&out, SETTINGS_BYTES_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_agent_settings a;
        const char *in = rows[i].in;
        for (int turn = 0; turn < 2; turn++, in = rows[i].out) {
            if (read_agent(in, &a)) {
                fail_msg("%s: %s", in, fault.remedy);
            }
            buf_clear(&out);
            assert_int_equal(settings_agent_write(&a, &out), 0);
            assert_string_equal(out.data, rows[i].out);
        }
    }
    buf_done(&out);
}

static void bad(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"", "", NULL, ERR_BAD_FRAME},
        {"{\"role\":\"agent\"}", "name", "is needed", 0},
        {"{\"name\":\"\",\"role\":\"agent\"}", "name", "must not be empty", 0},
        {"{\"name\":\"a\\tb\",\"role\":\"agent\"}", "name", "must be one line", 0},
        {"{\"name\":\"Sanne\",\"role\":\"Agent\"}", "role", "must be `agent`, `supervisor` or `administrator`", 0},
        {"{" A ",\"password\":\"geheim\"}", "password", "is not known here; known are name, role,", 0},
        {"{" A ",\"queues\":[\"parkeren\"]}", "queues[0]", "must be the id of a queue that exists", 0},
        {"{" A ",\"queues\":[\"burgerzaken\",\"belastingen\",\"burgerzaken\"]}", "queues[2]", "must be named once", 0},
        {"{" A ",\"capacity\":0}", "capacity", "must be 1 or more for an agent", 0},
        {"{" A ",\"capacity\":1000001}", "capacity", "must be a whole number from 0 to 1000000", 0},
        {"{" A ",\"channels\":[{\"channel\":\"fax\"}]}", "channels[0].channel", "must be a channel", 0},
        {"{" A ",\"channels\":[{\"channel\":\"sms\"},{\"channel\":\"sms\"}]}", "channels[1].channel", "must be named once", 0},
        {"{" A ",\"channels\":[{\"channel\":\"chat\",\"weight\":7}]}", "channels[0].weight", "must be at most `capacity`", 0},
        {"{" A ",\"channels\":[{\"channel\":\"sms\"},{\"channel\":\"chat\",\"weight\":0}]}", "channels[1].weight", "must be 1 or more", 0},
        {"{" A ",\"channels\":[{\"channel\":\"chat\",\"limit\":0}]}", "channels[0].limit", "must be 1 or more", 0},
        {"{" A ",\"channels\":[{\"weight\":1}]}", "channels[0].channel", "is needed", 0},
        {"{" A ",\"channels\":[{\"channel\":\"chat\",\"max\":1}]}", "channels[0].max", "is not known here; known are channel, weight,", 0},
        {"{" A ",\"skills\":[{\"skill\":\"a b\"}]}", "skills[0].skill", "must be a name", 0},
        {"{" A ",\"skills\":[{\"skill\":\"a\"},{\"skill\":\"a\"}]}", "skills[1].skill", "must be named once", 0},
        {"{" A ",\"languages\":[\"nl\",\"NL\"]}", "languages[1]", "must be a language in lower case", 0},
        {"{" A ",\"languages\":[\"nl\",\"nl\"]}", "languages[1]", "must be named once", 0},
        {"{" A ",\"languages\":[\"n\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"nederlands\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"nl-\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"nl_nl\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"n1\"]}", "languages[0]", NULL, 0},
        {"{" A ",\"languages\":[\"zh-abcdefghi\"]}", "languages[0]", NULL, 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_agent_settings a;
        bad_row_check(&rows[i], read_agent(rows[i].json, &a));
    }
}

static void stored(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json, *password; /* NULL: none */
        uint64_t capacity;
    } rows[] = {
        {"of a former version", "{\"name\":\"Sanne\",\"role\":\"agent\",\"queues\":[\"burgerzaken\"],\"capacity\":3,\"password\":\"" HASH "\"}", HASH,
         3},
        {"of a former version, no capacity", "{\"name\":\"Sanne\",\"role\":\"agent\",\"queues\":[],\"capacity\":0,\"password\":\"" HASH "\"}", HASH,
         0},
        {"a queue that has gone", "{" A ",\"queues\":[\"parkeren\"],\"password\":\"" HASH "\"}", HASH, 6},
        {"without a password", "{" A "}", NULL, 6},
    };
    struct buf out;
    buf_init(&out, SETTINGS_BYTES_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_agent_settings a, again;
        char *password = NULL, *kept = NULL;
        if (settings_agent_stored(text_of(rows[i].json), arena, &a, &password, &fault)) {
            fail_msg("%s: %s", rows[i].name, fault.remedy);
        }
        ROW_TRUE(rows[i].name, a.capacity == rows[i].capacity && text_is(a.name, "Sanne"));
        ROW_TRUE(rows[i].name, (password == NULL) == (rows[i].password == NULL) && (!password || strcmp(password, rows[i].password) == 0));
        buf_clear(&out);
        assert_int_equal(settings_agent_store(&a, password, &out), 0); /* what is stored comes back whole */
        assert_int_equal(settings_agent_stored(buf_text(&out), arena, &again, &kept, &fault), 0);
        ROW_TRUE(rows[i].name, again.capacity == rows[i].capacity && (!password || strcmp(password, kept) == 0));
        buf_clear(&out);
        assert_int_equal(settings_agent_write(&again, &out), 0); /* and what is answered has no password */
        ROW_TRUE(rows[i].name, !strstr(out.data, "password") && !strstr(out.data, "argon"));
        free(password);
        free(kept);
    }
    buf_done(&out);
}

/* The password outlives a change of the settings: read the new ones, take the password of the stored ones, store both. */
static void password_is_kept(void **state)
{
    (void)state;
    struct frame_arena *second = frame_arena_new();
    struct frame_agent_settings was, is;
    struct buf out;
    char *password;
    buf_init(&out, SETTINGS_BYTES_MAX);
    assert_int_equal(settings_agent_stored(TEXT_LITERAL("{" A ",\"password\":\"" HASH "\"}"), second, &was, &password, &fault), 0);
    assert_int_equal(read_agent("{\"name\":\"Sanne de Vries\",\"role\":\"supervisor\",\"capacity\":0}", &is), 0);
    assert_int_equal(settings_agent_store(&is, password, &out), 0);
    assert_string_equal(out.data, "{\"name\":\"Sanne de Vries\",\"role\":\"supervisor\",\"capacity\":0,\"password\":\"" HASH "\"}");
    free(password);
    buf_done(&out);
    frame_arena_free(&second);
}

static void stored_and_bad(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"", "", NULL, ERR_BAD_FRAME},
        {"7", "", NULL, ERR_BAD_FRAME},
        {"{\"name\":\"Sanne\",\"password\":\"" HASH "\"}", "role", "is needed", 0},
        {"{\"name\":\"Sanne\",\"role\":\"boss\",\"password\":\"" HASH "\"}", "role", "must be `agent`", 0},
        {"{" A ",\"passwort\":\"x\"}", "passwort", "is not known", 0},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame_agent_settings a;
        char *password = (char *)"untouched";
        bad_row_check(&rows[i], settings_agent_stored(text_of(rows[i].json), arena, &a, &password, &fault));
        assert_null(password);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, arena_open, arena_close)
    const struct CMUnitTest tests[] = {TEST(good), TEST(bad), TEST(stored), TEST(password_is_kept), TEST(stored_and_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
