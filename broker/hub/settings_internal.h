/* What the settings_*.c share: defaults, and checks that put the path of the value at fault into the fault. */
#ifndef LOKET_HUB_SETTINGS_INTERNAL_H
#define LOKET_HUB_SETTINGS_INTERNAL_H

#include "hub/settings.h"

/* A key whose absence means something else than 0, or that has no use for 0. */
struct settings_key {
    const char *list; /* the list of records in which it stands; NULL: the record itself */
    const char *key;
    uint64_t number;  /* the default; 0: none */
    const char *text; /* the same for a text; NULL: none */
    bool zero_is_absent;      /* an explicit 0 becomes the default */
    const char *zero_is_wrong; /* NULL, or why an explicit 0 is a fault: what it would mean is not what it says */
};

struct settings_kind {
    enum frame_record record;
    const struct settings_key *keys;
    size_t keys_n;
};

/* JSON text → record with its defaults. @out borrows from @arena alone. As settings_*_read. */
int settings_decode(const struct settings_kind *kind, struct text json, struct frame_arena *arena, void *out, struct frame_fault *fault) MUST_CHECK;
/* And back; @password: NULL: none. */
int settings_encode(const struct settings_kind *kind, const void *set, const char *password, struct buf *out) MUST_CHECK;

/* Checks: 0 or ERR_BAD_FIELD with @fault set. @path: of the value or of the list. */
int settings_check_line(struct text t, const char *path, struct frame_fault *fault) MUST_CHECK; /* a name for people: one line, not empty */
int settings_check_channel(struct text t, const char *path, struct frame_fault *fault) MUST_CHECK;
int settings_check_words(const struct text *words, size_t n, bool (*is_good)(struct text), const char *need, const char *path,
                         struct frame_fault *fault) MUST_CHECK; /* each good, none twice */
int settings_check_channels(const struct text *words, size_t n, const char *path, struct frame_fault *fault) MUST_CHECK;
int settings_check_queues(const struct text *ids, size_t n, settings_queue_known known, void *ctx, const char *need, const char *path,
                          struct frame_fault *fault) MUST_CHECK;
int settings_check_skills(const struct frame_skill *skills, size_t n, const char *path, struct frame_fault *fault) MUST_CHECK;

/* @t is 1 to @max bytes of a-z, 0-9 and @more. */
bool settings_is_plain(struct text t, size_t max, const char *more);

#endif
