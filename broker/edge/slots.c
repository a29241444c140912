/* Handles: slot and generation in one number, so that an answer to somebody who is gone finds nobody. */
#include <stdlib.h>

#include "edge/edge_internal.h"

void slots_done(struct slots *s)
{
    free(s->slot);
    *s = (struct slots){0};
}

int slots_take(struct slots *s, struct door *door)
{
    uint32_t at;
    if (s->free_first) {
        at = s->free_first - 1;
        s->free_first = s->slot[at].next_free;
    } else {
        if (s->used == s->room) {
            uint32_t room = s->room ? s->room * 2 : 64;
            struct slot *slot = realloc(s->slot, room * sizeof *slot);
            if (!slot) {
                return ERR_MEMORY;
            }
            s->slot = slot;
            s->room = room;
        }
        at = s->used++;
        s->slot[at].generation = 1;
    }
    s->slot[at].door = door;
    door->id = (edge_id)s->slot[at].generation << 32 | (at + 1);
    return 0;
}

static struct slot *slot_of(const struct slots *s, edge_id id)
{
    uint32_t at = (uint32_t)id; /* index + 1 */
    if (at == 0 || at > s->used) {
        return NULL;
    }
    struct slot *slot = &s->slot[at - 1];
    return slot->door && slot->generation == (uint32_t)(id >> 32) ? slot : NULL;
}

void slots_give(struct slots *s, edge_id id)
{
    struct slot *slot = slot_of(s, id);
    CHECK(slot != NULL);
    slot->door = NULL;
    slot->generation++;
    slot->next_free = s->free_first;
    s->free_first = (uint32_t)id;
}

struct door *slots_find(const struct slots *s, edge_id id)
{
    struct slot *slot = slot_of(s, id);
    return slot ? slot->door : NULL;
}
