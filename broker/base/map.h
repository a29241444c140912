/* A hash map from text to a pointer; keys are copied, values are the caller's. Hashed with SipHash-2-4 under a random key, so that
 * a stranger who chooses keys cannot choose collisions. */
#ifndef LOKET_BASE_MAP_H
#define LOKET_BASE_MAP_H

#include "base/text.h"

struct map_entry {
    char *key; /* owned by the map; NULL: never used */
    size_t key_bytes;
    uint64_t hash;
    void *value;
};

struct map {
    struct map_entry *entries;
    size_t room;  /* a power of two, 0 before the first set */
    size_t count; /* live entries */
    size_t used;  /* live and removed */
    size_t cap;   /* most live entries */
};

void map_init(struct map *m, size_t cap);
void map_done(struct map *m);                                            /* frees keys, not values */
void *map_get(const struct map *m, struct text key);                     /* NULL when absent */
int map_set(struct map *m, struct text key, void *value) MUST_CHECK;     /* value not NULL; 0, ERR_FULL, ERR_MEMORY */
void *map_remove(struct map *m, struct text key);                        /* the value, or NULL */
/* Walk: start with *at = 0; false at the end. Removing the entry just returned is allowed, adding is not. */
bool map_next(const struct map *m, size_t *at, struct text *key, void **value);

#endif
