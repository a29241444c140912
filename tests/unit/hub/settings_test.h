/* Rows of settings that are refused: the error, the path that is named, and how the remedy begins behind it. */
#ifndef LOKET_TESTS_SETTINGS_TEST_H
#define LOKET_TESTS_SETTINGS_TEST_H

#include "../test.h"

#include <stdlib.h>

#include "hub/settings.h"

struct bad_row {
    const char *json;
    const char *path;
    const char *need; /* NULL: not looked at */
    int err;          /* 0: ERR_BAD_FIELD */
};

static struct frame_arena *arena;
static struct frame_fault fault;

static inline int arena_open(void **state)
{
    (void)state;
    arena = frame_arena_new();
    return arena ? 0 : -1;
}

static inline int arena_close(void **state)
{
    (void)state;
    frame_arena_free(&arena);
    return 0;
}

/* Queues of the tests. */
static inline bool queue_known(void *ctx, struct text id)
{
    (void)ctx;
    return text_is(id, "burgerzaken") || text_is(id, "belastingen");
}

static inline void bad_row_check(const struct bad_row *r, int err)
{
    char want[TEXT_LINE_MAX];
    if (err != (r->err ? r->err : ERR_BAD_FIELD) || strcmp(fault.path, r->path) != 0) {
        fail_msg("%s: %s at \"%s\" (%s), not at \"%s\"", r->json, err_name(err), err ? fault.path : "", err ? fault.remedy : "", r->path);
    }
    (void)snprintf(want, sizeof want, "`%s` %s", r->path, r->need ? r->need : "");
    if (r->path[0] && strncmp(fault.remedy, want, strlen(want)) != 0) {
        fail_msg("%s: remedy: %s", r->json, fault.remedy);
    }
    if (strlen(fault.remedy) < 20 || strlen(fault.remedy) > TEXT_LINE_MAX) {
        fail_msg("%s: remedy: %s", r->json, fault.remedy);
    }
}

#endif
