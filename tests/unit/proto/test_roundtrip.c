/* Every verb of the table through both forms: what was written is what is read. */
#include "../test.h"

#include "frame_tools.h"

static const enum frame_form forms[] = {FRAME_MSGPACK, FRAME_JSON};
static const char *const form_names[] = {"msgpack", "json"};
static const enum fill fills[] = {FILL_MUST, FILL_ALL, FILL_LIMIT, FILL_ODD, FILL_EMPTY};

static void each_verb_in_both_forms(void **state)
{
    (void)state;
    struct frame_arena *arena = frame_arena_new();
    struct buf bytes;
    buf_init(&bytes, FRAME_DOWN_BYTES_MAX);
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        for (size_t how = 0; how < ROWS(fills); how++) {
            for (size_t i = 0; i < ROWS(forms); i++) {
                struct fill_room *room = fill_room_new();
                struct frame sent, got;
                struct frame_fault fault;
                frame_fill(&sent, (enum frame_verb)v, fills[how], room);
                buf_clear(&bytes);
                assert_int_equal(frame_encode(forms[i], &sent, &bytes), 0);
                enum frame_way way = table_verbs[v].way & TABLE_DOWN ? FRAME_DOWN : FRAME_UP;
                int err = frame_decode(forms[i], way, buf_text(&bytes), arena, &got, &fault);
                if (err) {
                    fail_msg("%s in %s, fill %d: %s, field %s", frame_verb_name(sent.verb), form_names[i], fills[how], err_name(err), fault.field);
                }
                const char *difference = frame_difference(&sent, &got);
                if (difference) {
                    fail_msg("%s, fill %d: %s", form_names[i], fills[how], difference);
                }
                fill_room_free(&room);
            }
        }
    }
    buf_done(&bytes);
    frame_arena_free(&arena);
}

/* Absent MAY fields cost nothing on the wire, and MUST fields are always there. */
static void only_what_is_there_is_written(void **state)
{
    (void)state;
    static const struct {
        struct frame frame;
        const char *json, *msgpack;
    } rows[] = {
        {{.verb = VERB_ping}, "{\"verb\":\"ping\"}", "\x81\xa4verb\xa4ping"},
        {{.verb = VERB_watch}, "{\"verb\":\"watch\"}", "\x81\xa4verb\xa5watch"},
        {{.verb = VERB_pong, .pong = {.n = 7}}, "{\"verb\":\"pong\",\"n\":7}", "\x82\xa4verb\xa4pong\xa1n\x07"},
        {{.verb = VERB_leave}, "{\"verb\":\"leave\",\"conversation\":\"\"}", "\x82\xa4verb\xa5leave\xac"
                                                                              "conversation\xa0"},
        {{.verb = VERB_requeue, .requeue = {.conversation = {"c", 1}, .queue = {"", 0}}},
         "{\"verb\":\"requeue\",\"conversation\":\"c\",\"queue\":\"\"}",
         "\x83\xa4verb\xa7requeue\xac"
         "conversation\xa1"
         "c\xa5queue\xa0"},
        {{.verb = VERB_say, .say = {.conversation = {"c", 1}, .counter = 300, .text = {"\xc3\xa9\n", 3}, .note = true}},
         "{\"verb\":\"say\",\"conversation\":\"c\",\"counter\":300,\"text\":\"\xc3\xa9\\n\",\"note\":true}",
         "\x85\xa4verb\xa3say\xac"
         "conversation\xa1"
         "c\xa7"
         "counter\xcd\x01\x2c\xa4text\xa3\xc3\xa9\n\xa4note\xc3"},
    };
    struct buf bytes;
    buf_init(&bytes, FRAME_DOWN_BYTES_MAX);
    for (size_t i = 0; i < ROWS(rows); i++) {
        buf_clear(&bytes);
        assert_int_equal(frame_encode(FRAME_JSON, &rows[i].frame, &bytes), 0);
        assert_string_equal(bytes.data, rows[i].json);
        buf_clear(&bytes);
        assert_int_equal(frame_encode(FRAME_MSGPACK, &rows[i].frame, &bytes), 0);
        ROW_TRUE(rows[i].json, text_is(buf_text(&bytes), rows[i].msgpack));
    }
    buf_done(&bytes);
}

/* A frame that does not fit is not there at all, at any cap, and a buffer's former content stays. */
static void encode_keeps_to_the_cap(void **state)
{
    (void)state;
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        for (size_t i = 0; i < ROWS(forms); i++) {
            struct fill_room *room = fill_room_new();
            struct frame f;
            struct buf whole, b;
            frame_fill(&f, (enum frame_verb)v, FILL_ODD, room);
            buf_init(&whole, FRAME_DOWN_BYTES_MAX);
            assert_int_equal(frame_encode(forms[i], &f, &whole), 0);
            for (size_t cap = 0; cap <= whole.len; cap++) {
                buf_init(&b, cap + 3);
                assert_int_equal(buf_add_z(&b, "abc"), 0);
                int err = frame_encode(forms[i], &f, &b);
                assert_int_equal(err, cap < whole.len ? ERR_FULL : 0);
                assert_int_equal(b.len, 3 + (err ? 0 : whole.len));
                assert_memory_equal(b.data, "abc", 3);
                buf_done(&b);
            }
            buf_done(&whole);
            fill_room_free(&room);
        }
    }
}

/* What another writer may do, and ours does not: other widths of numbers, other escapes, other order, blanks, null, unknown fields. */
static void other_writers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum frame_form form;
        struct text in;
    } rows[] = {
        {"json, other order and blanks", FRAME_JSON,
         TEXT_LITERAL(" {\n\"text\" : \"a\\u00e9\\ud83d\\ude00\\/\" ,\t\"counter\":5, \"conversation\":\"c\",\"verb\":\"say\"}\r\n")},
        {"json, escaped names", FRAME_JSON,
         TEXT_LITERAL("{\"v\\u0065rb\":\"say\",\"conversation\":\"c\",\"counter\":5,\"te\\u0078t\":\"a\xc3\xa9\xf0\x9f\x98\x80/\"}")},
        {"json, unknown fields and null", FRAME_JSON,
         TEXT_LITERAL("{\"verb\":\"say\",\"new\":{\"a\":[[[[[1.5e3,null]]]]]},\"channel\":null,\"note\":null,\"conversation\":\"c\",\"counter\":5,"
                      "\"text\":\"a\xc3\xa9\xf0\x9f\x98\x80/\",\"x\":-1}")},
        {"msgpack, wide numbers and lengths", FRAME_MSGPACK,
         TEXT_LITERAL("\xdf\0\0\0\x04\xda\0\x04verb\xd9\x03say\xdb\0\0\0\x0c" "conversation\xa1" "c\xa7" "counter\xcf\0\0\0\0\0\0\0\x05"
                      "\xa4text\xd9\x08" "a\xc3\xa9\xf0\x9f\x98\x80/")},
        {"msgpack, positive in a signed type", FRAME_MSGPACK,
         TEXT_LITERAL("\x84\xa4verb\xa3say\xac" "conversation\xa1" "c\xa7" "counter\xd3\0\0\0\0\0\0\0\x05\xa4text\xa8" "a\xc3\xa9\xf0\x9f\x98\x80/")},
        {"msgpack, unknown fields and nil", FRAME_MSGPACK,
         TEXT_LITERAL("\x88\xa4text\xa8" "a\xc3\xa9\xf0\x9f\x98\x80/\xc3\xc0\xa1x\x91\x91\x91\x91\x91\x81\xc0\xcb\0\0\0\0\0\0\0\0\xa1y\xc4\x02\0\0\xa4verb\xa3say"
                      "\xac" "conversation\xa1" "c\xa7" "counter\x05\xa7" "channel\xc0")},
    };
    struct frame_arena *arena = frame_arena_new();
    struct frame want = {.verb = VERB_say, .say = {.conversation = TEXT_LITERAL("c"), .counter = 5, .text = TEXT_LITERAL("a\xc3\xa9\xf0\x9f\x98\x80/")}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct frame got;
        struct frame_fault fault;
        int err = frame_decode(rows[i].form, FRAME_UP, rows[i].in, arena, &got, &fault);
        if (err) {
            fail_msg("%s: %s, %s", rows[i].name, err_name(err), fault.remedy);
        }
        ROW_TRUE(rows[i].name, frame_difference(&want, &got) == NULL);
    }
    frame_arena_free(&arena);
}

/* One arena for a session's life: a large frame, a bad one, small ones, in both forms, in turn. */
static void arena_is_used_again(void **state)
{
    (void)state;
    struct frame_arena *arena = frame_arena_new();
    struct fill_room *room = fill_room_new();
    struct frame board, got;
    struct frame_fault fault;
    struct buf bytes[2];
    frame_fill(&board, VERB_board, FILL_ALL, room);
    for (size_t i = 0; i < 2; i++) {
        buf_init(&bytes[i], FRAME_DOWN_BYTES_MAX);
        assert_int_equal(frame_encode(forms[i], &board, &bytes[i]), 0);
    }
    for (int turn = 0; turn < 200; turn++) {
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(frame_decode(forms[i], FRAME_DOWN, buf_text(&bytes[i]), arena, &got, &fault), 0);
            assert_null(frame_difference(&board, &got));
            assert_int_not_equal(frame_decode(forms[i], FRAME_DOWN, (struct text){bytes[i].data, bytes[i].len - 1}, arena, &got, &fault), 0);
            assert_int_equal(frame_decode(FRAME_JSON, FRAME_UP, TEXT_LITERAL("{\"verb\":\"ping\"}"), arena, &got, &fault), 0);
        }
    }
    buf_done(&bytes[0]);
    buf_done(&bytes[1]);
    fill_room_free(&room);
    frame_arena_free(&arena);
    assert_null(arena);
    frame_arena_free(&arena); /* NULL is taken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_verb_in_both_forms), cmocka_unit_test(only_what_is_there_is_written),
                                       cmocka_unit_test(encode_keeps_to_the_cap), cmocka_unit_test(other_writers), cmocka_unit_test(arena_is_used_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
