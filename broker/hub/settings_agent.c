/* One member of staff: settings, and as stored with a password besides. */
#include "hub/settings_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct settings_key keys[] = {
    {.key = "capacity", .number = 6},
    {.list = "channels", .key = "weight", .zero_is_wrong = "must be 1 or more; left out it is the organisation's weight"},
    {.list = "channels", .key = "limit", .zero_is_wrong = "must be 1 or more; left out it is as many as fit"},
    {.list = "skills", .key = "level", .number = 1, .zero_is_absent = true},
};
static const struct settings_kind kind = {RECORD_agent_settings, keys, sizeof keys / sizeof *keys};

/* As simple as BCP 47 (RFC 5646, section 2.1) allows: a language of 2 or 3 letters, then subtags of 2 to 8, in lower case so that equal ones look
 * equal. */
static bool is_language(struct text t)
{
    size_t length = 0;
    bool first = true;
    for (size_t i = 0; i <= t.n; i++) {
        char c = i < t.n ? t.s[i] : '-';
        if (c == '-') {
            if (length < 2 || length > (first ? 3 : 8)) {
                return false;
            }
            first = false;
            length = 0;
        } else if ((c >= 'a' && c <= 'z') || (!first && c >= '0' && c <= '9')) {
            length++;
        } else {
            return false;
        }
    }
    return true;
}

static int channels_check(const struct frame_agent_settings *a, struct frame_fault *fault)
{
    int err = 0;
    for (size_t i = 0; !err && i < a->channels_n; i++) {
        const struct frame_channel_rule *c = &a->channels[i];
        char path[FRAME_PATH_BYTES];
        (void)snprintf(path, sizeof path, "channels[%zu].channel", i);
        err = settings_check_channel(c->channel, path, fault);
        for (size_t k = 0; !err && k < i; k++) {
            if (text_equal(c->channel, a->channels[k].channel)) {
                err = frame_fault_at(fault, ERR_BAD_FIELD, "must be named once; it stands before in the same list", "%s", path);
            }
        }
        if (!err && c->weight > a->capacity) {
            err =
                frame_fault_at(fault, ERR_BAD_FIELD, "must be at most `capacity`: what weighs more would never be given", "channels[%zu].weight", i);
        }
    }
    return err;
}

static int agent_check(const struct frame_agent_settings *a, bool stored, settings_queue_known known, void *ctx, struct frame_fault *fault)
{
    int err = settings_check_line(a->name, "name", fault);
    if (!err && !text_is(a->role, "agent") && !text_is(a->role, "supervisor") && !text_is(a->role, "administrator")) {
        err = frame_fault_at(fault, ERR_BAD_FIELD, "must be `agent`, `supervisor` or `administrator`", "role");
    }
    err = err ? err : settings_check_queues(a->queues, a->queues_n, known, ctx, "must be the id of a queue that exists", "queues", fault);
    if (!err && !stored && a->capacity == 0 && text_is(a->role, "agent")) {
        err = frame_fault_at(fault, ERR_BAD_FIELD, "must be 1 or more for an agent; left out it is 6", "capacity");
    }
    err = err ? err : channels_check(a, fault);
    err = err ? err : settings_check_skills(a->skills, a->skills_n, "skills", fault);
    return err ? err
               : settings_check_words(a->languages, a->languages_n, is_language, "must be a language in lower case, such as `nl` or `zh-hans`",
                                      "languages", fault);
}

static int agent_read(struct text json, bool stored, settings_queue_known known, void *ctx, struct frame_arena *arena,
                      struct frame_agent_settings *out, struct frame_fault *fault)
{
    struct frame_agent_settings set;
    int err = settings_decode(&kind, json, arena, &set, fault);
    err = err ? err : agent_check(&set, stored, known, ctx, fault);
    if (!err) {
        *out = set;
    }
    return err;
}

int settings_agent_read(struct text json, settings_queue_known known, void *ctx, struct frame_arena *arena, struct frame_agent_settings *out,
                        struct frame_fault *fault)
{
    return agent_read(json, false, known, ctx, arena, out, fault);
}

int settings_agent_write(const struct frame_agent_settings *set, struct buf *out)
{
    return settings_encode(&kind, set, NULL, out);
}

int settings_agent_store(const struct frame_agent_settings *set, const char *password, struct buf *out)
{
    return settings_encode(&kind, set, password, out);
}

int settings_agent_stored(struct text json, struct frame_arena *arena, struct frame_agent_settings *out, char **password, struct frame_fault *fault)
{
    *password = NULL;
    json_t *root = json_loadb(json.s ? json.s : "", json.n, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return agent_read(json, true, NULL, NULL, arena, out, fault); /* says what is wrong */
    }
    const char *hash = json_string_value(json_object_get(root, "password"));
    char *kept = hash ? strdup(hash) : NULL;
    (void)json_object_del(root, "password"); /* where there is one */
    char *rest = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    int err = rest && (kept || !hash) ? agent_read(text_of(rest), true, NULL, NULL, arena, out, fault) : ERR_MEMORY;
    free(rest);
    if (err) {
        free(kept);
        return err;
    }
    *password = kept;
    return 0;
}
