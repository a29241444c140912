/* What is not a frame, or not a good one: the error, and what the error frame will say of it. */
#include "../test.h"

#include <stdlib.h>

#include "frame_tools.h"

struct bench {
    struct frame_arena *arena;
    struct frame frame;
    struct frame_fault fault;
    char *exact; /* the input on the heap and exact: a byte read too far is seen by the sanitizer */
};

static int bench_open(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    b->arena = frame_arena_new();
    *state = b;
    return b->arena ? 0 : -1;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    frame_arena_free(&b->arena);
    free(b->exact);
    free(b);
    return 0;
}

/* A failing decode must leave @out as it was and always say something. */
static int decode(struct bench *b, enum frame_form form, enum frame_way way, struct text in)
{
    struct frame before;
    free(b->exact);
    b->exact = malloc(in.n ? in.n : 1);
    if (in.n > 0) {
        memcpy(b->exact, in.s, in.n);
    }
    memset(&b->frame, 0x5a, sizeof b->frame);
    before = b->frame;
    b->fault.remedy = NULL;
    int err = frame_decode(form, way, (struct text){b->exact, in.n}, b->arena, &b->frame, &b->fault);
    if (err) {
        assert_memory_equal(&before, &b->frame, sizeof before);
        assert_non_null(b->fault.remedy);
        assert_true(strlen(b->fault.remedy) > 0 && strlen(b->fault.remedy) <= TEXT_LINE_MAX);
    }
    return err;
}

struct row {
    const char *name;
    enum frame_form form;
    struct text in;
    int err;
    const char *verb, *field; /* NULL: none */
    const char *conversation;
    uint64_t counter;
};
#define M FRAME_MSGPACK
#define J FRAME_JSON
#define T TEXT_LITERAL

static void rows_try(struct bench *b, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        int err = decode(b, r->form, FRAME_UP, r->in);
        if (err != r->err) {
            fail_msg("row %s: %s instead of %s", r->name, err_name(err), err_name(r->err));
        }
        ROW_TRUE(r->name, text_is(b->fault.verb, r->verb ? r->verb : ""));
        ROW_TRUE(r->name, (b->fault.field == NULL) == (r->field == NULL) && (!r->field || strcmp(b->fault.field, r->field) == 0));
        ROW_TRUE(r->name, text_is(b->fault.conversation, r->conversation ? r->conversation : ""));
        ROW_TRUE(r->name, b->fault.counter == r->counter);
    }
}

static void not_a_frame(void **state)
{
    static const struct row rows[] = {
        {"nothing", J, {"", 0}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"blank", J, {" \n", 2}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"not JSON", J, {"verb: ping", 10}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a text", J, {"\"ping\"", 6}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a list", J, {"[{\"verb\":\"ping\"}]", 17}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a null", J, {"null", 4}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"no verb", J, {"{\"n\":1}", 7}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb a number", J, {"{\"verb\":1}", 10}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb null", J, {"{\"verb\":null}", 13}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb too long", J, T("{\"verb\":\"pingpingpingpingpingpingpingpingx\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"cut", J, {"{\"verb\":\"ping\"", 14}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"two", J, {"{\"verb\":\"ping\"}{}", 17}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"rubbish behind", J, {"{\"verb\":\"ping\"}x", 16}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"NUL behind", J, {"{\"verb\":\"ping\"}\0", 16}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"comma behind", J, {"{\"verb\":\"ping\",}", 16}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a name twice", J, T("{\"verb\":\"ping\",\"n\":1,\"n\":2}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"two verbs", J, T("{\"verb\":\"ping\",\"verb\":\"pong\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"an unknown name twice", J, T("{\"verb\":\"ping\",\"x\":1,\"x\":1}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"escaped NUL", J, T("{\"verb\":\"ping\",\"x\":\"\\u0000\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"lone surrogate", J, T("{\"verb\":\"ping\",\"x\":\"\\ud800\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"surrogates in the wrong order", J, T("{\"verb\":\"ping\",\"x\":\"\\udc00\\ud800\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"control in a text", J, T("{\"verb\":\"ping\",\"x\":\"\n\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a number beyond all", J, T("{\"verb\":\"ping\",\"n\":99999999999999999999}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"NaN", J, T("{\"verb\":\"ping\",\"n\":NaN}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"byte order mark", J, T("\xef\xbb\xbf{\"verb\":\"ping\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"UTF-16", J, {"{\0\"\0v\0", 6}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"not UTF-8", J, T("{\"verb\":\"ping\",\"x\":\"\xff\"}"), ERR_BAD_UTF8, NULL, NULL, NULL, 0},
        {"an overlong quote", J, T("{\"verb\":\"ping\",\"x\":\"\xc0\xa2}"), ERR_BAD_UTF8, NULL, NULL, NULL, 0},
        {"a surrogate in UTF-8", J, T("{\"verb\":\"ping\",\"\xed\xa0\x80\":1}"), ERR_BAD_UTF8, NULL, NULL, NULL, 0},
        {"nothing", M, {"", 0}, ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"JSON", M, T("{\"verb\":\"ping\"}"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a text", M, T("\xa4ping"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"a list", M, T("\x91\x81\xa4verb\xa4ping"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"an empty map", M, T("\x80"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"no verb", M, T("\x81\xa1n\x01"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb a number", M, T("\x81\xa4verb\x01"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb nil", M, T("\x81\xa4verb\xc0"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb bin", M, T("\x81\xa4verb\xc4\x04ping"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb's name bin", M, T("\x81\xc4\x04verb\xa4ping"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb not UTF-8", M, T("\x81\xa4verb\xa4pin\xff"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"verb too long", M, T("\x81\xa4verb\xd9\x21" "123456789012345678901234567890123"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"two verbs", M, T("\x82\xa4verb\xa4ping\xa4verb\xa4pong"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"cut", M, T("\x81\xa4verb\xa4pin"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"two", M, T("\x81\xa4verb\xa4ping\x80"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"ext", M, T("\x82\xa4verb\xa4ping\xa1x\xd4\x01" "a"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"map of 4 billion", M, T("\xdf\xff\xff\xff\xff\xa4verb\xa4ping"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
        {"list of 4 billion", M, T("\x82\xa4verb\xa4ping\xa1x\xdd\xff\xff\xff\xff"), ERR_BAD_FRAME, NULL, NULL, NULL, 0},
    };
    rows_try(*state, rows, ROWS(rows));
}

static void verbs_that_nobody_takes(void **state)
{
    static const struct row rows[] = {
        {"unknown", J, T("{\"verb\":\"shout\",\"conversation\":\"c1\",\"counter\":9}"), ERR_UNKNOWN_VERB, "shout", NULL, "c1", 9},
        {"empty", J, T("{\"verb\":\"\"}"), ERR_UNKNOWN_VERB, NULL, NULL, NULL, 0},
        {"case counts", J, T("{\"verb\":\"Ping\"}"), ERR_UNKNOWN_VERB, "Ping", NULL, NULL, 0},
        {"a record is no verb", J, T("{\"verb\":\"queue_row\"}"), ERR_UNKNOWN_VERB, "queue_row", NULL, NULL, 0},
        {"the broker's alone", J, T("{\"verb\":\"welcome\"}"), ERR_UNKNOWN_VERB, "welcome", NULL, NULL, 0},
        {"unknown", M, T("\x83\xa4verb\xa5shout\xac" "conversation\xa2" "c1\xa7" "counter\x09"), ERR_UNKNOWN_VERB, "shout", NULL, "c1", 9},
        {"the broker's alone", M, T("\x81\xa4verb\xa5" "entry"), ERR_UNKNOWN_VERB, "entry", NULL, NULL, 0},
        /* What is sent back must itself be fit to be sent. */
        {"conversation too long", J, T("{\"verb\":\"shout\",\"conversation\":\"01234567890123456789012345678901234567890123456789012345678901234\"}"),
         ERR_UNKNOWN_VERB, "shout", NULL, NULL, 0},
        {"conversation not UTF-8", M, T("\x82\xa4verb\xa5shout\xac" "conversation\xa1\xff"), ERR_UNKNOWN_VERB, "shout", NULL, NULL, 0},
        {"counter negative", J, T("{\"verb\":\"shout\",\"counter\":-3}"), ERR_UNKNOWN_VERB, "shout", NULL, NULL, 0},
        {"counter a float", M, T("\x82\xa4verb\xa5shout\xa7" "counter\xcb\x40\0\0\0\0\0\0\0"), ERR_UNKNOWN_VERB, "shout", NULL, NULL, 0},
        {"counter 2^53", M, T("\x82\xa4verb\xa5shout\xa7" "counter\xcf\0\x20\0\0\0\0\0\0"), ERR_UNKNOWN_VERB, "shout", NULL, NULL, 0},
    };
    rows_try(*state, rows, ROWS(rows));
}

static void fields_at_fault(void **state)
{
#define SAY_J "{\"verb\":\"say\",\"conversation\":\"c1\",\"counter\":7,"
#define SAY_M "\xa4verb\xa3say\xac" "conversation\xa2" "c1\xa7" "counter\x07"
    static const struct row rows[] = {
        {"absent", J, T(SAY_J "\"note\":true}"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"null", J, T(SAY_J "\"text\":null}"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"a number for a text", J, T(SAY_J "\"text\":1}"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"a list for a text", J, T(SAY_J "\"text\":[\"a\"]}"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"a text for a bool", J, T(SAY_J "\"text\":\"a\",\"note\":\"true\"}"), ERR_BAD_FIELD, "say", "note", "c1", 7},
        {"a number for a bool", J, T(SAY_J "\"text\":\"a\",\"note\":1}"), ERR_BAD_FIELD, "say", "note", "c1", 7},
        {"a text for a number", J, T("{\"verb\":\"ping\",\"n\":\"1\"}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"a float", J, T("{\"verb\":\"ping\",\"n\":1.0}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"an exponent", J, T("{\"verb\":\"ping\",\"n\":1e3}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"negative", J, T("{\"verb\":\"ping\",\"n\":-1}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^53", J, T("{\"verb\":\"ping\",\"n\":9007199254740992}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^63-1", J, T("{\"verb\":\"ping\",\"n\":9223372036854775807}"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^53-1", J, T("{\"verb\":\"ping\",\"n\":9007199254740991}"), 0, NULL, NULL, NULL, 0},
        {"past its own limit", J, T("{\"verb\":\"resume\",\"conversation\":\"c1\",\"last\":501}"), ERR_BAD_FIELD, "resume", "last", "c1", 0},
        {"a word too long", J, T(SAY_J "\"text\":\"a\",\"channel\":\"012345678901234567890123456789012\"}"), ERR_TOO_LARGE, "say", "channel", "c1", 7},
        {"absent", M, T("\x83" SAY_M), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"nil", M, T("\x84" SAY_M "\xa4text\xc0"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"bin for a text", M, T("\x84" SAY_M "\xa4text\xc4\x01" "a"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"a map for a text", M, T("\x84" SAY_M "\xa4text\x80"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"not UTF-8", M, T("\x84" SAY_M "\xa4text\xa2\xc3\x28"), ERR_BAD_UTF8, "say", "text", "c1", 7},
        {"NUL", M, T("\x84" SAY_M "\xa4text\xa3" "a\0b"), ERR_BAD_FIELD, "say", "text", "c1", 7},
        {"a number for a bool", M, T("\x85" SAY_M "\xa4text\xa1" "a\xa4note\x01"), ERR_BAD_FIELD, "say", "note", "c1", 7},
        {"a float", M, T("\x82\xa4verb\xa4ping\xa1n\xcb\x3f\xf0\0\0\0\0\0\0"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"negative", M, T("\x82\xa4verb\xa4ping\xa1n\xff"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^53", M, T("\x82\xa4verb\xa4ping\xa1n\xcf\0\x20\0\0\0\0\0\0"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^64-1", M, T("\x82\xa4verb\xa4ping\xa1n\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"2^53-1", M, T("\x82\xa4verb\xa4ping\xa1n\xcf\0\x1f\xff\xff\xff\xff\xff\xff"), 0, NULL, NULL, NULL, 0},
        {"twice", M, T("\x83\xa4verb\xa4ping\xa1n\x01\xa1n\x01"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
        {"twice, one nil", M, T("\x83\xa4verb\xa4ping\xa1n\xc0\xa1n\x01"), ERR_BAD_FIELD, "ping", "n", NULL, 0},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (rows[i].err) {
            rows_try(b, &rows[i], 1);
            const char *field = rows[i].field;
            char quoted[WORD_MAX + 3];
            (void)snprintf(quoted, sizeof quoted, "`%s`", field);
            ROW_TRUE(rows[i].name, strstr(b->fault.remedy, quoted) == b->fault.remedy); /* it begins with the field's name */
        } else if (decode(b, rows[i].form, FRAME_UP, rows[i].in)) {
            fail_msg("row %s was refused", rows[i].name);
        }
    }
    assert_int_equal(decode(b, J, FRAME_UP, T("{\"verb\":\"say\",\"conversation\":\"c\",\"counter\":1}")), ERR_BAD_FIELD);
    assert_string_equal(b->fault.remedy, "`text` is needed and must be a text of at most 16384 bytes of UTF-8 without NUL");
    assert_int_equal(decode(b, J, FRAME_UP, T("{\"verb\":\"resume\",\"conversation\":\"c\",\"last\":true}")), ERR_BAD_FIELD);
    assert_string_equal(b->fault.remedy, "`last` must be a whole number from 0 to 500");
}

/* --- the same over every field of every verb, up and down ------------------------------------------------------------ */

static void text_put(enum frame_form form, struct text t, struct buf *out)
{
    if (form == J) {
        assert_int_equal(buf_addf(out, "\"%.*s\"", TEXT_ARG(t)), 0);
        return;
    }
    const unsigned char head[] = {0xdb, (unsigned char)(t.n >> 24), (unsigned char)(t.n >> 16), (unsigned char)(t.n >> 8), (unsigned char)t.n};
    assert_int_equal(buf_add(out, head, 5) || buf_add_text(out, t), 0);
}

/* A value of @type, good for every field of that type. */
static void value_put(enum frame_form form, enum field_type type, struct buf *out)
{
    static const char *const json[] = {[FIELD_TEXT] = "\"a\"", [FIELD_UINT] = "1", [FIELD_BOOL] = "true", [FIELD_LIST] = "[]", [FIELD_WORDS] = "[]"};
    static const char *const msgpack[] = {[FIELD_TEXT] = "\xa1\x61", [FIELD_UINT] = "\x01", [FIELD_BOOL] = "\xc3", [FIELD_LIST] = "\x90", [FIELD_WORDS] = "\x90"};
    assert_int_equal(buf_add_z(out, form == J ? json[type] : msgpack[type]), 0);
}

static void list_put(enum frame_form form, size_t n, struct text item, struct buf *out)
{
    const unsigned char head[] = {0xdd, (unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
    assert_int_equal(form == J ? buf_add_byte(out, '[') : buf_add(out, head, 5), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(form == J && i > 0 ? buf_add_byte(out, ',') : 0, 0);
        assert_int_equal(buf_add_text(out, item), 0);
    }
    assert_int_equal(form == J ? buf_add_byte(out, ']') : 0, 0);
}

/* @map with all its fields, but @odd with @value in its place; absent @value: without it. */
static void map_put(enum frame_form form, const char *verb, const struct table_map *map, const struct table_field *odd, struct text value, struct buf *out)
{
    size_t n = map->fields_n + (verb ? 1 : 0) - (odd && !value.s ? 1 : 0);
    const unsigned char head[] = {0xde, (unsigned char)(n >> 8), (unsigned char)n};
    assert_int_equal(form == J ? buf_add_byte(out, '{') : buf_add(out, head, 3), 0);
    bool first = true;
    if (verb) {
        text_put(form, T("verb"), out);
        assert_int_equal(form == J ? buf_add_byte(out, ':') : 0, 0);
        text_put(form, text_of(verb), out);
        first = false;
    }
    for (size_t i = 0; i < map->fields_n; i++) {
        const struct table_field *f = &map->fields[i];
        if (f == odd && !value.s) {
            continue;
        }
        assert_int_equal(form == J && !first ? buf_add_byte(out, ',') : 0, 0);
        first = false;
        text_put(form, text_of(f->name), out);
        assert_int_equal(form == J ? buf_add_byte(out, ':') : 0, 0);
        if (f == odd) {
            assert_int_equal(buf_add_text(out, value), 0);
        } else {
            value_put(form, f->type, out);
        }
    }
    assert_int_equal(form == J ? buf_add_byte(out, '}') : 0, 0);
}

static struct buf whole;

static int verb_try(struct bench *b, enum frame_form form, int v, const struct table_field *odd, struct text value)
{
    buf_clear(&whole);
    map_put(form, table_verbs[v].name, &table_verbs[v], odd, value, &whole);
    return decode(b, form, table_verbs[v].way & TABLE_UP && whole.len <= FRAME_UP_BYTES_MAX ? FRAME_UP : FRAME_DOWN, buf_text(&whole));
}

static void expect(struct bench *b, enum frame_form form, int v, const struct table_field *f, struct text value, int want, const char *what)
{
    int err = verb_try(b, form, v, f, value);
    if (err != want || (want && (!b->fault.field || strcmp(b->fault.field, f->name) != 0))) {
        fail_msg("%s.%s in %s, %s: %s at %s instead of %s", table_verbs[v].name, f->name, form == J ? "json" : "msgpack", what, err_name(err),
                 b->fault.field ? b->fault.field : "no field", err_name(want));
    }
}

static void list_limits(struct bench *b, enum frame_form form, int v, const struct table_field *f, struct buf *value)
{
    static struct buf item;
    buf_init(&item, FRAME_DOWN_BYTES_MAX);
    if (f->type == FIELD_WORDS) {
        char *word = calloc(1, f->word_bytes_max + 1);
        memset(word, 'w', f->word_bytes_max + 1);
        text_put(form, (struct text){word, f->word_bytes_max + 1}, &item);
        free(word);
        buf_clear(value);
        list_put(form, 1, buf_text(&item), value);
        expect(b, form, v, f, buf_text(value), ERR_TOO_LARGE, "a word too long");
        buf_clear(&item);
        value_put(form, FIELD_TEXT, &item);
    } else {
        for (size_t i = 0; i < f->record->fields_n; i++) { /* every fault in a record is the list's */
            const struct table_field *inner = &f->record->fields[i];
            buf_clear(&item);
            map_put(form, NULL, f->record, inner, (struct text){NULL, 0}, &item);
            buf_clear(value);
            list_put(form, 2, buf_text(&item), value);
            expect(b, form, v, f, buf_text(value), inner->must ? ERR_BAD_FIELD : 0, inner->name);
        }
        buf_clear(&item);
        map_put(form, NULL, f->record, NULL, (struct text){NULL, 0}, &item);
    }
    buf_clear(value);
    list_put(form, f->max, buf_text(&item), value);
    expect(b, form, v, f, buf_text(value), 0, "as many as may be");
    buf_clear(value);
    list_put(form, f->max + 1, buf_text(&item), value);
    expect(b, form, v, f, buf_text(value), ERR_TOO_LARGE, "one too many");
    buf_clear(value);
    list_put(form, 1, form == J ? T("1") : T("\x01"), value);
    expect(b, form, v, f, buf_text(value), ERR_BAD_FIELD, "numbers");
    buf_done(&item);
}

static void number_put(uint64_t n, struct buf *out) /* msgpack, below 2^32 */
{
    assert_int_equal(buf_add(out, (char[]){'\xce', (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n}, 5), 0);
}

static void field_limits(struct bench *b, enum frame_form form, int v, const struct table_field *f)
{
    static const char msgpack_max[] = "\xcf\0\x1f\xff\xff\xff\xff\xff\xff";
    struct buf value;
    buf_init(&value, FRAME_DOWN_BYTES_MAX);
    expect(b, form, v, f, (struct text){NULL, 0}, f->must ? ERR_BAD_FIELD : 0, "absent");
    expect(b, form, v, f, form == J ? T("null") : T("\xc0"), f->must ? ERR_BAD_FIELD : 0, "null");
    for (int type = FIELD_TEXT; type <= FIELD_WORDS; type++) {
        bool both_lists = type >= FIELD_LIST && f->type >= FIELD_LIST; /* an empty list is a list of anything */
        buf_clear(&value);
        value_put(form, (enum field_type)type, &value);
        expect(b, form, v, f, buf_text(&value), type == (int)f->type || both_lists ? 0 : ERR_BAD_FIELD, "a value of some type");
    }
    if (f->type == FIELD_TEXT) {
        char *text = malloc(f->max + 1);
        memset(text, 'x', f->max + 1);
        for (uint64_t n = f->max; n <= f->max + 1; n++) {
            buf_clear(&value);
            text_put(form, (struct text){text, n}, &value);
            expect(b, form, v, f, buf_text(&value), n > f->max ? ERR_TOO_LARGE : 0, "a text at its limit");
        }
        free(text);
        if (form == M) {
            expect(b, form, v, f, T("\xa2\xc3\x28"), ERR_BAD_UTF8, "not UTF-8");
            expect(b, form, v, f, T("\xa1\0"), ERR_BAD_FIELD, "NUL");
        }
    } else if (f->type == FIELD_UINT) {
        buf_clear(&value);
        if (form == J) {
            assert_int_equal(buf_addf(&value, "%llu", (unsigned long long)f->max), 0);
        } else if (f->max == U53_MAX) {
            assert_int_equal(buf_add(&value, msgpack_max, 9), 0);
        } else {
            number_put(f->max, &value);
        }
        expect(b, form, v, f, buf_text(&value), 0, "a number at its limit");
        buf_clear(&value);
        if (form == J) {
            assert_int_equal(buf_addf(&value, "%llu", (unsigned long long)f->max + 1), 0);
        } else if (f->max == U53_MAX) {
            assert_int_equal(buf_add_z(&value, "\xcf"), 0);
            assert_int_equal(buf_add(&value, "\0\x20\0\0\0\0\0\0", 8), 0);
        } else {
            number_put(f->max + 1, &value);
        }
        expect(b, form, v, f, buf_text(&value), ERR_BAD_FIELD, "a number past its limit");
    } else if (f->type >= FIELD_LIST) {
        list_limits(b, form, v, f, &value);
    }
    buf_done(&value);
}

static void every_field(void **state)
{
    struct bench *b = *state;
    buf_init(&whole, 2 * FRAME_DOWN_BYTES_MAX);
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        for (int form = M; form <= J; form++) {
            assert_int_equal(verb_try(b, (enum frame_form)form, v, NULL, (struct text){NULL, 0}), 0);
            for (size_t i = 0; i < table_verbs[v].fields_n; i++) {
                field_limits(b, (enum frame_form)form, v, &table_verbs[v].fields[i]);
            }
        }
    }
    buf_done(&whole);
}

/* --- sizes ------------------------------------------------------------ */

static void too_many_fields(void **state)
{
    struct bench *b = *state;
    struct buf in;
    buf_init(&in, FRAME_UP_BYTES_MAX);
    for (int n = FRAME_FIELDS_MAX; n <= FRAME_FIELDS_MAX + 1; n++) {
        int want = n > FRAME_FIELDS_MAX ? ERR_BAD_FRAME : 0;
        buf_clear(&in);
        assert_int_equal(buf_add_z(&in, "{\"verb\":\"ping\""), 0);
        for (int i = 1; i < n; i++) {
            assert_int_equal(buf_addf(&in, ",\"x%d\":%d", i, i), 0);
        }
        assert_int_equal(buf_add_byte(&in, '}'), 0);
        assert_int_equal(decode(b, J, FRAME_UP, buf_text(&in)), want);
        buf_clear(&in);
        assert_int_equal(buf_add(&in, (char[]){'\xde', 0, (char)n}, 3), 0);
        assert_int_equal(buf_add_z(&in, "\xa4verb\xa4ping"), 0);
        for (int i = 1; i < n; i++) {
            assert_int_equal(buf_addf(&in, "\xa3x%02d\x01", i), 0);
        }
        assert_int_equal(decode(b, M, FRAME_UP, buf_text(&in)), want);
    }
    buf_done(&in);
}

static void too_deep(void **state)
{
    struct bench *b = *state;
    for (size_t lists = 1; lists < 40; lists++) {
        struct buf in;
        int want = lists + 1 > FRAME_NEST_MAX ? ERR_BAD_FRAME : 0;
        buf_init(&in, FRAME_UP_BYTES_MAX);
        assert_int_equal(buf_add_z(&in, "{\"verb\":\"ping\",\"s\":\"[[[[[[[[[[\\\"[[[[[[[[[\",\"x\":"), 0);
        for (size_t i = 0; i < 2 * lists; i++) {
            assert_int_equal(buf_add_byte(&in, i < lists ? '[' : ']'), 0);
        }
        assert_int_equal(buf_add_byte(&in, '}'), 0);
        assert_int_equal(decode(b, J, FRAME_UP, buf_text(&in)), want);
        buf_clear(&in);
        assert_int_equal(buf_add_z(&in, "\x82\xa4verb\xa4ping\xa1x"), 0);
        for (size_t i = 0; i < lists; i++) {
            assert_int_equal(buf_add_byte(&in, i + 1 < lists ? '\x91' : '\x90'), 0);
        }
        assert_int_equal(decode(b, M, FRAME_UP, buf_text(&in)), want);
        buf_done(&in);
    }
    char *deep = malloc(FRAME_UP_BYTES_MAX);
    memset(deep, '[', FRAME_UP_BYTES_MAX);
    assert_int_equal(decode(b, J, FRAME_UP, (struct text){deep, FRAME_UP_BYTES_MAX}), ERR_BAD_FRAME);
    free(deep);
}

static void too_large(void **state)
{
    struct bench *b = *state;
    struct buf in;
    buf_init(&in, FRAME_DOWN_BYTES_MAX + 1);
    assert_int_equal(buf_add_z(&in, "{\"verb\":\"ping\"}"), 0);
    while (in.len <= FRAME_DOWN_BYTES_MAX) {
        assert_int_equal(buf_add_byte(&in, ' '), 0);
    }
    assert_int_equal(decode(b, J, FRAME_UP, (struct text){in.data, FRAME_UP_BYTES_MAX}), 0);
    assert_int_equal(decode(b, J, FRAME_UP, (struct text){in.data, FRAME_UP_BYTES_MAX + 1}), ERR_TOO_LARGE);
    assert_null(b->fault.field); /* the session's door tells the frame's limit from a field's by this */
    assert_int_equal(decode(b, M, FRAME_UP, (struct text){in.data, FRAME_UP_BYTES_MAX + 1}), ERR_TOO_LARGE);
    assert_int_equal(decode(b, J, FRAME_DOWN, (struct text){in.data, FRAME_DOWN_BYTES_MAX}), 0);
    assert_int_equal(decode(b, J, FRAME_DOWN, (struct text){in.data, FRAME_DOWN_BYTES_MAX + 1}), ERR_TOO_LARGE);
    buf_done(&in);
}

/* A frame cut after any of its bytes is refused and reads nothing behind its end. */
static void every_cut(void **state)
{
    struct bench *b = *state;
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        for (int form = M; form <= J; form++) {
            struct fill_room *room = fill_room_new();
            struct frame f;
            struct buf bytes;
            frame_fill(&f, (enum frame_verb)v, FILL_ODD, room);
            buf_init(&bytes, FRAME_DOWN_BYTES_MAX);
            assert_int_equal(frame_encode((enum frame_form)form, &f, &bytes), 0);
            for (size_t n = 0; n < bytes.len; n++) {
                int err = decode(b, (enum frame_form)form, FRAME_DOWN, (struct text){bytes.data, n});
                assert_true(err == ERR_BAD_FRAME || (form == J && err == ERR_BAD_UTF8));
            }
            buf_done(&bytes);
            fill_room_free(&room);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)
    const struct CMUnitTest tests[] = {TEST(not_a_frame),     TEST(verbs_that_nobody_takes), TEST(fields_at_fault), TEST(every_field),
                                       TEST(too_many_fields), TEST(too_deep),                TEST(too_large),       TEST(every_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
