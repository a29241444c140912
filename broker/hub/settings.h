/* Settings as JSON: read, checked, written in their normal form. Pure: no store, no loop. The same code for the HTTP API, loketctl and the hub,
 * so that they say the same of the same mistake. What a record's types and limits are stands in proto/frames.def; here is what types cannot
 * say, and the defaults. */
#ifndef LOKET_HUB_SETTINGS_H
#define LOKET_HUB_SETTINGS_H

#include "core/hours.h"
#include "proto/frame.h"

#define SETTINGS_BYTES_MAX 65536 /* one setting as JSON text */

/* Is there such a queue, and may it be named here? For a queue's own `widen_to` and `overflow_to` the answer to its own id is false.
 * NULL as a function: nothing is known of queues, and none is asked for; so for what is stored, whose queues may have gone since. */
typedef bool (*settings_queue_known)(void *ctx, struct text id);

/* Read and check; absent keys get their defaults (an explicit 0 stays 0), unknown keys are faults.
 *   json    borrowed until return
 *   out     borrows from @arena alone: good until the arena is used again or freed; one that is kept needs an arena of its own (it takes
 *           no more memory than the record can need). Untouched on failure
 *   fault   on failure: the path of the value ("hours[2].from"; "" when it is the whole) and the remedy as a sentence
 *   returns 0, ERR_BAD_FIELD, ERR_TOO_LARGE, ERR_BAD_UTF8, ERR_BAD_FRAME (no JSON object), ERR_MEMORY
 * Whether queues overflow in a ring is seen only with all of them at hand: the caller looks. */
int settings_queue_read(struct text json, settings_queue_known known, void *ctx, struct frame_arena *arena, struct frame_queue_settings *out,
                        struct frame_fault *fault) MUST_CHECK;
int settings_agent_read(struct text json, settings_queue_known known, void *ctx, struct frame_arena *arena, struct frame_agent_settings *out,
                        struct frame_fault *fault) MUST_CHECK;
int settings_routing_read(struct text json, struct frame_arena *arena, struct frame_routing_settings *out, struct frame_fault *fault) MUST_CHECK;

/* Append the normal form of what was read, with its defaults filled in, for storing and for answering: what is read from it again is the same.
 * (frame_record_encode alone would leave out a 0 that is not the default.) 0, ERR_FULL, ERR_MEMORY; on failure @out keeps its former length. */
int settings_queue_write(const struct frame_queue_settings *set, struct buf *out) MUST_CHECK;
int settings_agent_write(const struct frame_agent_settings *set, struct buf *out) MUST_CHECK;
int settings_routing_write(const struct frame_routing_settings *set, struct buf *out) MUST_CHECK;

/* Staff as stored: agent_settings and `password` (an Argon2 string) besides. The password is in no struct, so that no answer can show it.
 * Entries of former versions lack what came later, and may have no capacity. @password is owned by the caller; NULL when there is none, and
 * on failure. */
int settings_agent_stored(struct text json, struct frame_arena *arena, struct frame_agent_settings *out, char **password,
                          struct frame_fault *fault) MUST_CHECK;
/* What is stored for @set: its normal form with @password (NULL: none). As settings_agent_write. */
int settings_agent_store(const struct frame_agent_settings *set, const char *password, struct buf *out) MUST_CHECK;

/* The hours of a checked queue, in core's form. ERR_BAD_FIELD: it was not checked. */
int settings_hours(const struct frame_queue_settings *set, struct hours *out) MUST_CHECK;

/* Offsets of an IANA zone from a year before @now_ms to two years after it, read from the system's database ($TZDIR, /usr/share/zoneinfo).
 * ERR_BAD_FIELD: no such zone. ERR_MEMORY. @out is untouched on failure. */
int settings_zone(const char *name, int64_t now_ms, struct hours_zone *out) MUST_CHECK;
/* The same from the bytes of a TZif file (RFC 8536, version 2 or later). ERR_BAD_INPUT, ERR_TOO_LARGE (more than HOURS_CHANGES_MAX). */
int settings_zone_parse(struct text tzif, int64_t now_ms, struct hours_zone *out) MUST_CHECK;

#endif
