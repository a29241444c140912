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
        {"hello", ANYONE},  {"welcome", 0},          {"ping", ANYONE},                {"pong", ANYONE},
        {"error", 0},       {"notice", 0},           {"start", RESIDENT},             {"started", 0},
        {"resume", ANYONE}, {"resumed", 0},          {"leave", ANYONE},               {"history", AGENT | SUPERVISOR},
        {"history_end", 0}, {"say", RESIDENT | AGENT}, {"ack", 0},                    {"entry", 0},
        {"typing", RESIDENT | AGENT}, {"read", RESIDENT | AGENT}, {"presence", AGENT}, {"conversation", 0},
        {"close", AGENT | SUPERVISOR}, {"requeue", AGENT | SUPERVISOR}, {"link", AGENT}, {"unlink", AGENT},
        {"watch", AGENT | SUPERVISOR}, {"board", 0},
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
        ROW_TRUE(f->name, strlen(table_remedy(f)) <= TEXT_LINE_MAX && strstr(table_remedy(f), f->name));
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
            ROW_TRUE(table_verbs[v].name, !(table_verbs[v].way & TABLE_UP) || table_verbs[v].fields[i].type < FIELD_LIST); /* no client needs a list yet: each would need
                                                                                                                 a bound on what it costs */
        }
    }
    for (size_t i = 0; table_records[i]; i++) {
        map_check(table_records[i]);
        for (size_t k = 0; k < table_records[i]->fields_n; k++) {
            ROW_TRUE(table_records[i]->name, table_records[i]->fields[k].type != FIELD_LIST); /* FRAME_DEPTH_MAX: map, list, record, list of words */
        }
    }
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
