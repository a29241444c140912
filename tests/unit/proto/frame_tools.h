/* Frames filled and compared by the table, whatever verbs it has. */
#ifndef LOKET_TESTS_FRAME_TOOLS_H
#define LOKET_TESTS_FRAME_TOOLS_H

#include "proto/table.h"

enum fill {
    FILL_MUST,  /* MUST fields alone */
    FILL_ALL,   /* every field, small different values, two items in each list */
    FILL_LIMIT, /* every field, texts and numbers at their limits, one item in each list */
    FILL_ODD,   /* every field, texts of characters that a form must escape or that take several bytes */
    FILL_EMPTY  /* every text there but empty, numbers 0, lists empty */
};

/* Memory for what a filled frame points at; freed all at once. */
struct fill_room;
struct fill_room *fill_room_new(void);
void fill_room_free(struct fill_room **r);

void record_fill(void *out, enum frame_record record, enum fill how, struct fill_room *room);
const char *record_difference(enum frame_record record, const void *a, const void *b); /* the first field in which they differ; NULL: none */

void frame_fill(struct frame *f, enum frame_verb verb, enum fill how, struct fill_room *room);

/* The first field in which they differ, as "verb.field" or "verb.list.field" in static memory; NULL: none. An absent and an empty value differ in MAY
 * texts only. */
const char *frame_difference(const struct frame *a, const struct frame *b);

#endif
