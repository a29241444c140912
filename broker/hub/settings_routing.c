/* What holds for the whole organisation. */
#include "hub/settings_internal.h"

#include <stdio.h>
#include <string.h>

static const struct settings_key keys[] = {
    {.key = "timezone", .text = "Europe/Amsterdam"},
    {.key = "priority_step_s", .number = 300},
    {.key = "decline_rest_s", .number = 60},
    {.key = "missed_max", .number = 3, .zero_is_wrong = "must be 1 or more; left out it is 3"},
    {.key = "away_grace_s", .zero_is_wrong = "must be 1 or more; left out it is `limits.away_grace_ms` of the broker's file"},
};
static const struct settings_kind kind = {RECORD_routing_settings, keys, sizeof keys / sizeof *keys};

static int status_check(const struct frame_routing_settings *r, size_t i, struct frame_fault *fault)
{
    static const char *const for_all[] = {"available", "busy", "break", "wrap_up", "missed", "offline"};
    const struct frame_status_settings *s = &r->statuses[i];
    char path[FRAME_PATH_BYTES];
    if (!settings_is_plain(s->status, WORD_MAX, "_")) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be 1 to 32 of a-z, 0-9 and _", "statuses[%zu].status", i);
    }
    for (size_t k = 0; k < sizeof for_all / sizeof *for_all; k++) {
        if (text_is(s->status, for_all[k])) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must be another word: this presence is everyone's already", "statuses[%zu].status", i);
        }
    }
    for (size_t k = 0; k < i; k++) {
        if (text_equal(s->status, r->statuses[k].status)) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must be named once; it stands before in the same list", "statuses[%zu].status", i);
        }
    }
    (void)snprintf(path, sizeof path, "statuses[%zu].name_nl", i);
    int err = settings_check_line(s->name_nl, path, fault);
    (void)snprintf(path, sizeof path, "statuses[%zu].name_en", i);
    err = err ? err : settings_check_line(s->name_en, path, fault);
    (void)snprintf(path, sizeof path, "statuses[%zu].channels", i);
    return err ? err : settings_check_channels(s->channels, s->channels_n, path, fault);
}

static int zone_check(struct text timezone, struct frame_fault *fault)
{
    struct hours_zone zone;
    char name[LABEL_MAX + 1];
    int err = text_copy(timezone, name, sizeof name);
    err = err ? err : settings_zone(name, 0, &zone);
    return err && err != ERR_MEMORY
               ? frame_fault_at(fault, ERR_BAD_FIELD, "must be a zone of the system's database (the package tzdata), such as Europe/Amsterdam",
                                "timezone")
               : err;
}

int settings_routing_read(struct text json, struct frame_arena *arena, struct frame_routing_settings *out, struct frame_fault *fault)
{
    struct frame_routing_settings set;
    int err = settings_decode(&kind, json, arena, &set, fault);
    err = err ? err : zone_check(set.timezone, fault);
    err = err ? err : settings_check_channels(set.interruptible, set.interruptible_n, "interruptible", fault);
    for (size_t i = 0; !err && i < set.statuses_n; i++) {
        err = status_check(&set, i, fault);
    }
    if (!err) {
        *out = set;
    }
    return err;
}

int settings_routing_write(const struct frame_routing_settings *set, struct buf *out)
{
    return settings_encode(&kind, set, NULL, out);
}
