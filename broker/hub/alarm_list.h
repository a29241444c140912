/* The alarms that last: gathered anew in each round, known again by what they are about. Pure, no clock.
 *
 * Each kind has its own places, so that a flood of one kind (every mail of a long weekend waits too long) never hides another. */
#ifndef LOKET_HUB_ALARM_LIST_H
#define LOKET_HUB_ALARM_LIST_H

#include "proto/frame.h"

enum alarm_kind { ALARM_LEVEL, ALARM_NOBODY, ALARM_OLD, ALARM_MISSED, ALARM_STUCK, ALARM_KINDS };
#define ALARM_KIND_MAX (ALARMS_MAX / ALARM_KINDS) /* the oldest of each kind */

struct alarm {
    enum alarm_kind kind;
    /* What it is known again by, with its kind. "" where it is about none. */
    char queue[ID_MAX + 1], conversation[ID_MAX + 1], agent[ID_MAX + 1];
    const char *target; /* of a level: "first" or "resolve"; else NULL. Static */
    uint64_t since_ms;  /* 0: from the round in which it is first seen */
    uint64_t due_ms;    /* of a level */
};

struct alarm_list {
    struct alarm alarms[2][ALARM_KINDS][ALARM_KIND_MAX]; /* of the last round and of the one under way, each kind oldest first */
    size_t n[2][ALARM_KINDS];
    unsigned last; /* which half holds the last round */
};

const char *alarm_kind_name(enum alarm_kind k);

/* A round: begin, raise each alarm that is to be had now (in any order, none twice), end. */
void alarm_list_begin(struct alarm_list *l);
void alarm_list_raise(struct alarm_list *l, const struct alarm *a, uint64_t now_ms);
/* @began for each that was not there in the round before; may be NULL. */
void alarm_list_end(struct alarm_list *l, void (*began)(void *ctx, const struct alarm *a), void *ctx);
void alarm_list_clear(struct alarm_list *l);

/* Of the last round, the oldest first; borrows from @l until its next round ends. Returns how many. */
size_t alarm_list_show(const struct alarm_list *l, struct frame_alarm out[ALARMS_MAX]);

#endif
