/* The organisation's settings as the hub uses them: queues, hours, promises, presences, and what routing needs of them. Made whole from the store's settings and the
 * broker's file each time one changes, so that no reader ever sees half of a change. */
#ifndef LOKET_HUB_POLICY_H
#define LOKET_HUB_POLICY_H

#include "base/map.h"
#include "core/hours.h"
#include "core/routing.h"
#include "hub/hub.h"
#include "proto/frame.h"

struct queue_policy {
    char id[ID_MAX + 1];
    unsigned index;
    struct frame_queue_settings set; /* borrows from @arena */
    struct frame_arena *arena;       /* owned */
    struct hours hours;
    struct routing_need needs[ROUTING_NEEDS_MAX], prefers[ROUTING_NEEDS_MAX];
};

struct policy {
    struct queue_policy *queues[HUB_QUEUES_MAX]; /* owned */
    size_t queues_n;
    struct frame_routing_settings routing;       /* borrows from @arena */
    struct frame_arena *arena;
    struct hours_zone zone;
    struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    struct routing_policy match;
    struct map by_id;             /* queue id → struct queue_policy */
    struct map skills, languages; /* name → index + 1; grows as names are met, never past its limit */
};

/* @settings: name, JSON, name, JSON, … as store_settings_list gives them. A setting that cannot be used is logged with what is wrong, and the default stands in for it: a broker
 * that would not start for a bad setting could not be asked to mend it. ERR_MEMORY. */
int policy_new(const struct hub_config *c, const struct text *settings, size_t n, int64_t now_ms, struct policy **out) MUST_CHECK;
void policy_free(struct policy **p);

const struct queue_policy *policy_queue(const struct policy *p, struct text id);  /* NULL: none */
int policy_queue_index(const struct policy *p, struct text id);                   /* -1: none */
const struct frame_level *policy_level(const struct queue_policy *q, struct text channel); /* NULL: nothing is promised */
int policy_channel(struct text channel);                                          /* enum routing_channel; -1: none */
unsigned policy_takes(const struct policy *p, struct text presence);              /* bit 1 << channel */
bool policy_presence_is_known(const struct policy *p, struct text presence);      /* one that a person can choose */
unsigned policy_skill(struct policy *p, struct text name);                        /* index; ROUTING_SKILLS_MAX: too many names */
unsigned policy_language(struct policy *p, struct text tag);                      /* index from 1; 0: absent, or too many */

/* What is promised to a conversation that begins to wait now; 0: nothing. */
void policy_promise(const struct policy *p, const struct queue_policy *q, struct text channel, int64_t now_ms, uint64_t *first_due_ms, uint64_t *resolve_due_ms);

/* "skill:level,skill:level" → needs; what does not fit is left out. */
size_t policy_needs(struct policy *p, struct text list, struct routing_need *out, size_t max);

#endif
