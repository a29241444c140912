/* Records by themselves, as JSON text: settings. Both ways, what is refused, and where the fault is said to be. */
#include "../test.h"

#include <stdlib.h>

#include "frame_tools.h"

static struct frame_arena *arena;
static struct frame_fault fault;
static union { /* room for any record */
    struct frame_queue_settings queue;
    struct frame_agent_settings agent;
    struct frame_routing_settings routing;
    char bytes[1024];
} out, other;

static int setup(void **state)
{
    (void)state;
    arena = frame_arena_new();
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    frame_arena_free(&arena);
    return 0;
}

/* The input lies on the heap and exact, and is gone afterwards: @out must borrow from the arena alone. On failure @out stays. */
static int decode(enum frame_record r, struct text in)
{
    char before[sizeof out], *exact = malloc(in.n ? in.n : 1);
    assert_non_null(exact);
    if (in.n > 0) {
        memcpy(exact, in.s, in.n);
    }
    memcpy(before, &out, sizeof out);
    int err = frame_record_decode(r, (struct text){exact, in.n}, arena, &out, &fault);
    memset(exact, 'x', in.n);
    free(exact);
    if (err) {
        assert_memory_equal(before, &out, sizeof out);
        assert_true(fault.remedy[0] != '\0' && strlen(fault.remedy) <= TEXT_LINE_MAX);
    }
    return err;
}

static void both_ways(void **state)
{
    static const enum fill fills[] = {FILL_MUST, FILL_ALL, FILL_LIMIT, FILL_ODD, FILL_EMPTY};
    struct buf json, again;
    (void)state;
    buf_init(&json, FRAME_DOWN_BYTES_MAX);
    buf_init(&again, FRAME_DOWN_BYTES_MAX);
    for (int r = 0; r < RECORD_COUNT; r++) {
        const char *name = table_records[r]->name;
        for (size_t i = 0; i < ROWS(fills); i++) {
            struct fill_room *room = fill_room_new();
            ROW_TRUE(name, table_records[r]->bytes <= sizeof out);
            record_fill(&other, (enum frame_record)r, fills[i], room);
            buf_clear(&json);
            buf_clear(&again);
            assert_int_equal(frame_record_encode((enum frame_record)r, &other, &json), 0);
            int err = decode((enum frame_record)r, buf_text(&json));
            if (err) {
                fail_msg("%s, fill %d: %s: %s", name, fills[i], err_name(err), fault.remedy);
            }
            const char *difference = record_difference((enum frame_record)r, &other, &out);
            if (difference) {
                fail_msg("%s, fill %d: %s differs", name, fills[i], difference);
            }
            assert_int_equal(frame_record_encode((enum frame_record)r, &out, &again), 0);
            assert_string_equal(json.data, again.data);
            fill_room_free(&room);
        }
    }
    buf_done(&json);
    buf_done(&again);
}

static void as_it_is_written(void **state)
{
    (void)state;
    static const struct text days[] = {TEXT_LITERAL("mon"), TEXT_LITERAL("tue")};
    static const struct frame_hours_rule hours[] = {{.days = days, .days_n = 2, .from = TEXT_LITERAL("09:00"), .to = TEXT_LITERAL("17:00")}};
    static const struct frame_queue_settings queue = {.name_nl = TEXT_LITERAL("Burgerzaken"),
                                                      .name_en = TEXT_LITERAL("\"Civil\""),
                                                      .hours = hours,
                                                      .hours_n = 1,
                                                      .tell_s = 600,
                                                      .language_required = true};
    struct buf json;
    buf_init(&json, 4096);
    assert_int_equal(buf_add_z(&json, "before "), 0);
    assert_int_equal(frame_record_encode(RECORD_queue_settings, &queue, &json), 0);
    assert_string_equal(json.data, "before {\"name_nl\":\"Burgerzaken\",\"name_en\":\"\\\"Civil\\\"\",\"language_required\":true,\"tell_s\":600,"
                                   "\"hours\":[{\"days\":[\"mon\",\"tue\"],\"from\":\"09:00\",\"to\":\"17:00\"}]}");
    for (size_t cap = 7; cap < json.len; cap++) { /* what does not fit is not there at all */
        struct buf b;
        buf_init(&b, cap);
        assert_int_equal(buf_add_z(&b, "before "), 0);
        assert_int_equal(frame_record_encode(RECORD_queue_settings, &queue, &b), ERR_FULL);
        assert_int_equal(b.len, 7);
        buf_done(&b);
    }
    buf_done(&json);
}

#define NAMES "\"name_nl\":\"a\",\"name_en\":\"b\""

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum frame_record record;
        const char *json;
        int err;
        const char *path, *field, *remedy; /* field NULL: none; remedy: begins so */
    } rows[] = {
        {"nothing", RECORD_queue_settings, "", ERR_BAD_FRAME, "", NULL, "one JSON object"},
        {"a list", RECORD_queue_settings, "[]", ERR_BAD_FRAME, "", NULL, "one JSON object (RFC 8259) is needed, no name in it twice"},
        {"two", RECORD_queue_settings, "{} {}", ERR_BAD_FRAME, "", NULL, "one JSON object"},
        {"cut", RECORD_queue_settings, "{\n" NAMES ",\n  \"hours\": }", ERR_BAD_FRAME, "", NULL,
         "one JSON object (RFC 8259) is needed, no name in it twice; it cannot be read at line 3, column 12"},
        {"a name twice", RECORD_queue_settings, "{" NAMES ",\"name_nl\":\"c\"}", ERR_BAD_FRAME, "", NULL, "one JSON object"},
        {"too deep", RECORD_queue_settings, "{" NAMES ",\"hours\":[[[[[[[[]]]]]]]]}", ERR_BAD_FRAME, "", NULL, "one JSON object"},
        {"not UTF-8", RECORD_queue_settings, "{\"name_nl\":\"\xff\"}", ERR_BAD_UTF8, "", NULL, "send UTF-8"},
        {"needed", RECORD_queue_settings, "{\"name_nl\":\"a\"}", ERR_BAD_FIELD, "name_en", "name_en",
         "`name_en` is needed and must be a text of at most 200 bytes"},
        {"needed, null", RECORD_queue_settings, "{\"name_nl\":null,\"name_en\":\"b\"}", ERR_BAD_FIELD, "name_nl", "name_nl", "`name_nl` is needed"},
        {"a mistyped name", RECORD_queue_settings, "{" NAMES ",\"wrapup_s\":3}", ERR_BAD_FIELD, "wrapup_s", NULL,
         "`wrapup_s` is not known here; known are name_nl, name_en, skills,"},
        {"the frame's verb is not known", RECORD_skill, "{\"verb\":\"x\",\"skill\":\"a\"}", ERR_BAD_FIELD, "verb", NULL,
         "`verb` is not known here; known are skill, level"},
        {"case counts", RECORD_skill, "{\"Skill\":\"a\"}", ERR_BAD_FIELD, "Skill", NULL, "`Skill` is not known"},
        {"an odd name", RECORD_skill, "{\"`\\u001b\":1}", ERR_BAD_FIELD, "??", NULL, "`??` is not known"},
        {"a long name is cut", RECORD_skill, "{\"0123456789012345678901234567890\xc3\xa9\xc3\xa9\":1}", ERR_BAD_FIELD,
         "0123456789012345678901234567890", NULL, "`0123"},
        {"an empty name", RECORD_skill, "{\"\":1,\"skill\":\"a\"}", ERR_BAD_FIELD, "\"\"", NULL, "`\"\"` is not known here; known are skill, level"},
        {"a text for a number", RECORD_queue_settings, "{" NAMES ",\"offer_s\":\"20\"}", ERR_BAD_FIELD, "offer_s", "offer_s",
         "`offer_s` must be a whole number from 0 to 31536000"},
        {"a fraction", RECORD_queue_settings, "{" NAMES ",\"offer_s\":20.0}", ERR_BAD_FIELD, "offer_s", "offer_s", "`offer_s` must be a whole"},
        {"negative", RECORD_queue_settings, "{" NAMES ",\"offer_s\":-1}", ERR_BAD_FIELD, "offer_s", "offer_s", "`offer_s` must be a whole"},
        {"more than a year", RECORD_queue_settings, "{" NAMES ",\"offer_s\":31536001}", ERR_BAD_FIELD, "offer_s", "offer_s",
         "`offer_s` must be a whole"},
        {"a number for yes", RECORD_queue_settings, "{" NAMES ",\"language_required\":1}", ERR_BAD_FIELD, "language_required", "language_required",
         "`language_required` must be true or false"},
        {"no list", RECORD_queue_settings, "{" NAMES ",\"hours\":{}}", ERR_BAD_FIELD, "hours", "hours", "`hours` must be a list of at most 21 items"},
        {"not a record", RECORD_queue_settings, "{" NAMES ",\"hours\":[7]}", ERR_BAD_FIELD, "hours[0]", "hours",
         "`hours[0]` must be a map (an object)"},
        {"in a record", RECORD_queue_settings,
         "{" NAMES ",\"hours\":[{\"days\":[],\"from\":\"09:00\",\"to\":\"17:00\"},{\"days\":[],\"from\":\"09:00\",\"to\":\"17:00\"},"
         "{\"days\":[],\"from\":9,\"to\":\"17:00\"}]}",
         ERR_BAD_FIELD, "hours[2].from", "hours", "`hours[2].from` is needed and must be a text of at most 32 bytes"},
        {"absent in a record", RECORD_queue_settings, "{" NAMES ",\"levels\":[{}],\"holidays\":[{}]}", ERR_BAD_FIELD, "holidays[0].date", "holidays",
         "`holidays[0].date` is needed"},
        {"a mistyped name in a record", RECORD_queue_settings, "{" NAMES ",\"levels\":[{},{\"chanel\":\"chat\"}]}", ERR_BAD_FIELD, "levels[1].chanel",
         "levels", "`levels[1].chanel` is not known here; known are channel, answer_s, first_response_s, resolution_s, warn_s"},
        {"a word in a record", RECORD_queue_settings, "{" NAMES ",\"hours\":[{\"days\":[\"mon\",2],\"from\":\"09:00\",\"to\":\"17:00\"}]}",
         ERR_BAD_FIELD, "hours[0].days[1]", "hours", "`hours[0].days[1]` must be a text of at most 32 bytes"},
        {"too many words in a record", RECORD_queue_settings,
         "{" NAMES ",\"hours\":[{\"days\":[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"],\"from\":\"\",\"to\":\"\"}]}", ERR_TOO_LARGE, "hours[0].days",
         "hours", "`hours[0].days` is needed and must be a list of at most 7 items"},
        {"a word", RECORD_agent_settings, "{\"name\":\"a\",\"role\":\"agent\",\"queues\":[\"b\",\"c\",null]}", ERR_BAD_FIELD, "queues[2]", "queues",
         "`queues[2]` must be a text of at most 64 bytes"},
        {"a word too long", RECORD_agent_settings, "{\"name\":\"a\",\"role\":\"agent\",\"languages\":[\"012345678901234567890123456789012\"]}",
         ERR_TOO_LARGE, "languages[0]", "languages", "`languages[0]` must be a text of at most 32 bytes"},
        {"a password is no setting", RECORD_agent_settings, "{\"name\":\"a\",\"role\":\"agent\",\"password\":\"x\"}", ERR_BAD_FIELD, "password", NULL,
         "`password` is not known here"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        int err = decode(rows[i].record, text_of(rows[i].json));
        if (err != rows[i].err || strcmp(fault.path, rows[i].path) != 0 || strncmp(fault.remedy, rows[i].remedy, strlen(rows[i].remedy)) != 0) {
            fail_msg("row %s: %s at \"%s\": %s", rows[i].name, err_name(err), fault.path, fault.remedy);
        }
        ROW_TRUE(rows[i].name, (fault.field == NULL) == (rows[i].field == NULL) && (!fault.field || strcmp(fault.field, rows[i].field) == 0));
    }
}

static void null_is_absent(void **state)
{
    (void)state;
    assert_int_equal(
        decode(RECORD_queue_settings, TEXT_LITERAL(" {" NAMES ",\"offer_s\":null,\"hours\":null,\"outside\":null,\"language_required\":null} ")), 0);
    assert_true(out.queue.offer_s == 0 && out.queue.hours_n == 0 && out.queue.outside.s == NULL && !out.queue.language_required);
    assert_true(text_is(out.queue.name_en, "b"));
}

/* One arena for frames and records in turn: neither finds the other's block too small. */
static void arena_serves_frames_too(void **state)
{
    struct fill_room *room = fill_room_new();
    struct frame board, got;
    struct buf bytes;
    (void)state;
    buf_init(&bytes, FRAME_DOWN_BYTES_MAX);
    frame_fill(&board, VERB_board, FILL_ALL, room);
    assert_int_equal(frame_encode(FRAME_JSON, &board, &bytes), 0);
    for (int turn = 0; turn < 4; turn++) {
        assert_int_equal(decode(RECORD_skill, TEXT_LITERAL("{\"skill\":\"a\",\"level\":3}")), 0);
        assert_int_equal(frame_decode(FRAME_JSON, FRAME_DOWN, buf_text(&bytes), arena, &got, &fault), 0);
        assert_null(frame_difference(&board, &got));
    }
    fill_room_free(&room);
    buf_done(&bytes);
}

/* As many as may be of everything, everywhere: the block for one record holds it. */
static void list_put(struct buf *json, const struct table_map *map);

static void map_put_full(struct buf *json, const struct table_map *map)
{
    assert_int_equal(buf_add_byte(json, '{'), 0);
    list_put(json, map);
    assert_int_equal(buf_add_byte(json, '}'), 0);
}

static void list_put(struct buf *json, const struct table_map *map)
{
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        assert_int_equal(buf_addf(json, "%s\"%s\":", i > 0 ? "," : "", f->name), 0);
        if (f->type < FIELD_LIST) {
            assert_int_equal(buf_add_z(json, f->type == FIELD_TEXT ? "\"\"" : f->type == FIELD_UINT ? "1" : "true"), 0);
            continue;
        }
        for (size_t k = 0; k < f->max; k++) {
            assert_int_equal(buf_add_byte(json, k > 0 ? ',' : '['), 0);
            if (f->type == FIELD_WORDS) {
                assert_int_equal(buf_add_z(json, "\"\""), 0);
            } else {
                map_put_full(json, f->record);
            }
        }
        assert_int_equal(buf_add_byte(json, ']'), 0);
    }
}

static void full_to_the_brim(void **state)
{
    struct buf json;
    (void)state;
    buf_init(&json, FRAME_DOWN_BYTES_MAX);
    for (int r = 0; r < RECORD_COUNT; r++) {
        buf_clear(&json);
        map_put_full(&json, table_records[r]);
        frame_arena_free(&arena);
        arena = frame_arena_new(); /* not one that was larger before */
        int err = decode((enum frame_record)r, buf_text(&json));
        if (err) {
            fail_msg("%s: %s: %s", table_records[r]->name, err_name(err), fault.remedy);
        }
    }
    buf_clear(&json);
    while (json.len < FRAME_DOWN_BYTES_MAX) {
        assert_int_equal(buf_add(&json, json.len ? " " : "{", 1), 0);
    }
    assert_int_equal(decode(RECORD_skill, buf_text(&json)), ERR_BAD_FRAME);
    struct buf more;
    buf_init(&more, FRAME_DOWN_BYTES_MAX + 1);
    assert_int_equal(buf_add_text(&more, buf_text(&json)) || buf_add_byte(&more, '}'), 0);
    assert_int_equal(decode(RECORD_skill, buf_text(&more)), ERR_TOO_LARGE);
    buf_done(&more);
    buf_done(&json);
}

/* The way to a value inside a list, in both forms. */
static void paths_in_frames(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum frame_form form;
        struct text in;
        const char *path, *remedy;
    } rows[] = {
        {"top", FRAME_JSON, TEXT_LITERAL("{\"verb\":\"ping\",\"n\":\"1\"}"), "n", "`n` must be a whole number from 0 to 9007199254740991"},
        {"a word", FRAME_JSON, TEXT_LITERAL("{\"verb\":\"bulletin\",\"text\":\"a\",\"queues\":[\"b\",1]}"), "queues[1]",
         "`queues[1]` must be a text of at most 64 bytes of UTF-8 without NUL"},
        {"no record", FRAME_JSON, TEXT_LITERAL("{\"verb\":\"board\",\"at\":1,\"queues\":[1]}"), "queues[0]",
         "`queues[0]` must be a map (an object) of at most 64 fields"},
        {"in a record", FRAME_JSON,
         TEXT_LITERAL("{\"verb\":\"board\",\"at\":1,\"queues\":[],\"alarms\":[{\"kind\":\"old\",\"since\":1},{\"kind\":\"old\"}]}"),
         "alarms[1].since", "`alarms[1].since` is needed and must be a whole number from 0 to 9007199254740991"},
        {"top", FRAME_MSGPACK, TEXT_LITERAL("\x82\xa4verb\xa4ping\xa1n\xa1\x31"), "n", "`n` must be a whole number from 0 to 9007199254740991"},
        {"a word", FRAME_MSGPACK,
         TEXT_LITERAL("\x83\xa4verb\xa8"
                      "bulletin\xa4text\xa1"
                      "a\xa6queues\x92\xa1"
                      "b\x01"),
         "queues[1]", "`queues[1]` must be a text of at most 64 bytes of UTF-8 without NUL"},
        {"no record", FRAME_MSGPACK,
         TEXT_LITERAL("\x83\xa4verb\xa5"
                      "board\xa2"
                      "at\x01\xa6queues\x91\x01"),
         "queues[0]", "`queues[0]` must be a map (an object) of at most 64 fields"},
        {"in a record", FRAME_MSGPACK,
         TEXT_LITERAL("\x84\xa4verb\xa5"
                      "board\xa2"
                      "at\x01\xa6queues\x90\xa6"
                      "alarms\x92\x82\xa4kind\xa3old\xa5since\x01\x81\xa4kind\xa3old"),
         "alarms[1].since", "`alarms[1].since` is needed and must be a whole number from 0 to 9007199254740991"},
    };
    struct frame f;
    for (size_t i = 0; i < ROWS(rows); i++) {
        ROW_TRUE(rows[i].name, frame_decode(rows[i].form, FRAME_DOWN, rows[i].in, arena, &f, &fault) == ERR_BAD_FIELD);
        assert_string_equal(fault.path, rows[i].path);
        assert_string_equal(fault.remedy, rows[i].remedy);
    }
    assert_int_equal(frame_decode(FRAME_JSON, FRAME_UP, TEXT_LITERAL("ping"), arena, &f, &fault), ERR_BAD_FRAME);
    assert_string_equal(fault.path, "");
}

static void faults_of_others(void **state)
{
    (void)state;
    struct frame_fault f = {.remedy = ""};
    assert_int_equal(frame_fault_at(&f, ERR_NOT_FOUND, "must be a queue", "queues[%u]", 3u), ERR_NOT_FOUND);
    assert_string_equal(f.path, "queues[3]");
    assert_string_equal(f.remedy, "`queues[3]` must be a queue");
    char longest[2 * FRAME_PATH_BYTES];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(frame_fault_at(&f, ERR_BAD_FIELD, "must end", "%s", longest), ERR_BAD_FIELD);
    assert_int_equal(strlen(f.path), FRAME_PATH_BYTES - 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(both_ways),        TEST(as_it_is_written),        TEST(faults),          TEST(null_is_absent),
                                       TEST(full_to_the_brim), TEST(arena_serves_frames_too), TEST(paths_in_frames), TEST(faults_of_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
