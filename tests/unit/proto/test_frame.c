/* The table itself, and the questions that are answered from it. */
#include "../test.h"

#include <ctype.h>

#include "proto/table.h"

static void who_may_send_what(void **state)
{
    (void)state;
    /* Typed by hand: a verb whose rights change in frames.def must be changed here, too. */
    static const struct {
        const char *verb;
        int who;
    } rows[] = {
        {"hello", ANYONE}, {"welcome", 0}, {"ping", ANYONE}, {"pong", ANYONE}, {"error", 0}, {"notice", 0}, {"start", RESIDENT},
        {"started", 0}, {"waiting", 0}, {"resume", ANYONE}, {"resumed", 0}, {"leave", ANYONE}, {"history", AGENT | SUPERVISOR},
        {"history_end", 0}, {"say", ANYONE}, {"ack", 0}, {"entry", 0}, {"typing", RESIDENT | AGENT}, {"read", RESIDENT | AGENT},
        {"presence", AGENT}, {"conversation", 0}, {"accept", AGENT}, {"decline", AGENT}, {"transfer", AGENT | SUPERVISOR},
        {"join", AGENT | SUPERVISOR}, {"part", AGENT | SUPERVISOR}, {"snooze", AGENT | SUPERVISOR}, {"close", ANYONE},
        {"requeue", AGENT | SUPERVISOR}, {"link", AGENT}, {"unlink", AGENT}, {"take", SUPERVISOR}, {"prioritise", SUPERVISOR},
        {"set_presence", SUPERVISOR}, {"bulletin", AGENT | SUPERVISOR}, {"watch", AGENT | SUPERVISOR}, {"board", 0},
    };
    assert_int_equal(ROWS(rows), VERB_COUNT - 1);
    for (size_t i = 0; i < ROWS(rows); i++) {
        enum frame_verb v = table_verb_find(text_of(rows[i].verb));
        ROW_TRUE(rows[i].verb, v != VERB_NONE);
        for (int role = RESIDENT; role <= SUPERVISOR; role <<= 1) {
            ROW_TRUE(rows[i].verb, frame_may_send(v, (enum frame_role)role) == ((rows[i].who & role) != 0));
        }
        ROW_TRUE(rows[i].verb, !frame_may_send(v, ROLE_NONE));
    }
    assert_false(frame_may_send(VERB_NONE, ANYONE));
    assert_false(frame_may_send(VERB_COUNT, ANYONE));
}

static void names(void **state)
{
    (void)state;
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        const char *name = frame_verb_name((enum frame_verb)v);
        ROW_TRUE(name, table_verb_find(text_of(name)) == (enum frame_verb)v);
        char room[WORD_MAX + 2];
        (void)snprintf(room, sizeof room, "%s_", name);
        ROW_TRUE(name, table_verb_find(text_of(room)) == VERB_NONE);
        ROW_TRUE(name, table_verb_find((struct text){name, strlen(name) - 1}) != (enum frame_verb)v);
    }
    assert_int_equal(table_verb_find((struct text){NULL, 0}), VERB_NONE);
    assert_int_equal(table_verb_find(TEXT_LITERAL("012345678901234567890123456789012")), VERB_NONE);
    assert_string_equal(frame_verb_name(VERB_NONE), "");
    assert_string_equal(frame_verb_name(VERB_COUNT), "");
    assert_string_equal(frame_role_name(RESIDENT), "resident");
    assert_string_equal(frame_role_name(AGENT), "agent");
    assert_string_equal(frame_role_name(SUPERVISOR), "supervisor");
    assert_string_equal(frame_role_name(ROLE_NONE), "none");
}

static void map_check(const struct table_map *m)
{
    size_t hint = 0;
    ROW_TRUE(m->name, m->fields_n < FRAME_FIELDS_MAX); /* with `verb`; the decoders keep what they saw in 64 bits */
    ROW_TRUE(m->name, m->doc && m->doc[0] && m->doc[strlen(m->doc) - 1] == '.');
    for (size_t i = 0; i < m->fields_n; i++) {
        const struct table_field *f = &m->fields[i];
        ROW_TRUE(f->name, f->name_bytes == strlen(f->name) && f->name_bytes <= WORD_MAX);
        ROW_TRUE(f->name, strcmp(f->name, "verb") != 0); /* the frame's own verb has that name */
        ROW_TRUE(f->name, f->doc && f->doc[0] && !strpbrk(f->doc, "|\n"));
        ROW_TRUE(f->name, f->type == FIELD_BOOL || (f->max > 0 && f->max <= U53_MAX));
        ROW_TRUE(f->name, f->offset < m->bytes && f->offset_n < m->bytes);
        ROW_TRUE(f->name, (f->type == FIELD_LIST) == (f->record != NULL) && (f->type == FIELD_WORDS) == (f->word_bytes_max > 0));
        for (const char *c = f->name; *c; c++) {
            ROW_TRUE(f->name, islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
        }
        for (size_t k = 0; k < i; k++) {
            ROW_TRUE(f->name, strcmp(f->name, m->fields[k].name) != 0);
        }
        ROW_TRUE(f->name, table_field_find(m, text_of(f->name), &hint) == f);
        size_t far = (i + 7) % m->fields_n;
        ROW_TRUE(f->name, table_field_find(m, text_of(f->name), &far) == f); /* from a wrong hint as well */
        struct frame_fault fault = {.remedy = table_need(f)};
        table_fault_step(&fault, f);
        table_fault_say(&fault);
        ROW_TRUE(f->name, strlen(fault.remedy) <= TEXT_LINE_MAX && strstr(fault.remedy, f->name) && strstr(fault.remedy, "must be"));
    }
    ROW_TRUE(m->name, !table_field_find(m, TEXT_LITERAL("no_such_field"), &hint));
    ROW_TRUE(m->name, !table_field_find(m, (struct text){NULL, 0}, &hint));
}

static void the_table_hangs_together(void **state)
{
    (void)state;
    for (int v = VERB_NONE + 1; v < VERB_COUNT; v++) {
        map_check(&table_verbs[v]);
        ROW_TRUE(table_verbs[v].name, table_verbs[v].way != 0 && table_verbs[v].who != 0);
        for (size_t i = 0; i < table_verbs[v].fields_n; i++) {
            const struct table_field *f = &table_verbs[v].fields[i];
            bool small = f->type < FIELD_LIST || (f->type == FIELD_WORDS && f->max <= QUEUES_MAX) || (f->type == FIELD_LIST && f->max <= NEEDS_MAX); /* what a client may send bounds what it costs */
            ROW_TRUE(table_verbs[v].name, small || !(table_verbs[v].way & TABLE_UP));
            for (size_t k = 0; f->record && k < f->record->fields_n; k++) {
                ROW_TRUE(table_verbs[v].name, f->record->fields[k].type != FIELD_LIST); /* FRAME_DEPTH_MAX: map, list, record, list of words */
            }
        }
    }
    for (int r = 0; r < RECORD_COUNT; r++) {
        map_check(table_records[r]);
        for (size_t i = 0; i < table_records[r]->fields_n; i++) { /* by itself it begins one level higher: map, list, record, list of words */
            const struct table_map *inner = table_records[r]->fields[i].record;
            for (size_t k = 0; inner && k < inner->fields_n; k++) {
                ROW_TRUE(table_records[r]->name, inner->fields[k].type != FIELD_LIST);
            }
        }
    }
    assert_null(table_records[RECORD_COUNT]);
    assert_string_equal(table_records[RECORD_queue_name]->name, "queue_name");
    assert_string_equal(table_records[RECORD_routing_settings]->name, "routing_settings");
}

/* The longest frames that clients have reason to send fit into one. */
static void limits_fit_each_other(void **state)
{
    (void)state;
    assert_true(TEXT_MAX + ID_MAX + 3 * WORD_MAX + 200 <= FRAME_UP_BYTES_MAX);
    assert_true(3 * TEXT_MAX + 200 <= FRAME_UP_BYTES_MAX);     /* every byte of it a three-byte character's */
    assert_true(6 * TEXT_LARGE_MAX + 100000 <= FRAME_DOWN_BYTES_MAX); /* an entry, every byte escaped */
    assert_true(WAITING_ROWS_MAX * 300 + AGENTS_MAX * 400 + QUEUES_MAX * 250 <= FRAME_DOWN_BYTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_may_send_what), cmocka_unit_test(names), cmocka_unit_test(the_table_hangs_together),
                                       cmocka_unit_test(limits_fit_each_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
