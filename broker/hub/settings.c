#include "hub/settings_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

/* --- defaults, while it is JSON: there an absent key differs from a 0 -------------------------------------------------------------------- */

static int key_fill(json_t *o, const struct settings_key *k, const char *at, struct frame_fault *fault)
{
    json_t *v = json_object_get(o, k->key);
    bool zero = json_is_integer(v) && json_integer_value(v) == 0;
    if (zero && k->zero_is_wrong) {
        return frame_fault_at(fault, ERR_BAD_FIELD, k->zero_is_wrong, "%s%s", at, k->key);
    }
    if (v && !json_is_null(v) && !(zero && k->zero_is_absent)) {
        return 0;
    }
    json_t *fill = k->text ? json_string(k->text) : k->number ? json_integer((json_int_t)k->number) : NULL;
    return fill && json_object_set_new(o, k->key, fill) ? ERR_MEMORY : 0;
}

static int keys_fill(json_t *root, const struct settings_kind *kind, struct frame_fault *fault)
{
    int err = 0;
    for (size_t i = 0; !err && i < kind->keys_n; i++) {
        const struct settings_key *k = &kind->keys[i];
        const json_t *list = k->list ? json_object_get(root, k->list) : NULL;
        err = k->list ? 0 : key_fill(root, k, "", fault);
        for (size_t n = 0; !err && n < json_array_size(list); n++) {
            char at[FRAME_PATH_BYTES];
            (void)snprintf(at, sizeof at, "%s[%zu].", k->list, n);
            err = key_fill(json_array_get(list, n), k, at, fault);
        }
    }
    return err;
}

int settings_decode(const struct settings_kind *kind, struct text json, struct frame_arena *arena, void *out, struct frame_fault *fault)
{
    /* First as it was sent, for faults that fit what the author sees; then again with what was left out. */
    int err = frame_record_decode(kind->record, json, arena, out, fault);
    if (err) {
        return err;
    }
    json_t *root = json_loadb(json.s, json.n, 0, NULL);
    err = root ? keys_fill(root, kind, fault) : ERR_MEMORY;
    char *filled = err ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    err = err ? err : filled ? 0 : ERR_MEMORY;
    err = err ? err : frame_record_decode(kind->record, text_of(filled), arena, out, fault);
    free(filled);
    return err;
}

/* A key that is left out where its value is 0, though absence means another: written as 0. */
static int zeros_write(json_t *root, const struct settings_kind *kind)
{
    int err = 0;
    for (size_t i = 0; !err && i < kind->keys_n; i++) {
        const struct settings_key *k = &kind->keys[i];
        json_t *list = k->list ? json_object_get(root, k->list) : NULL;
        for (size_t n = 0; !err && k->number && n < (k->list ? json_array_size(list) : 1); n++) {
            json_t *o = k->list ? json_array_get(list, n) : root;
            err = !json_object_get(o, k->key) && json_object_set_new(o, k->key, json_integer(0)) ? ERR_MEMORY : 0;
        }
    }
    return err;
}

int settings_encode(const struct settings_kind *kind, const void *set, const char *password, struct buf *out)
{
    struct buf bare;
    buf_init(&bare, FRAME_DOWN_BYTES_MAX);
    int err = frame_record_encode(kind->record, set, &bare);
    json_t *root = err ? NULL : json_loadb(bare.data, bare.len, 0, NULL);
    buf_done(&bare);
    err = err ? err : root ? zeros_write(root, kind) : ERR_MEMORY;
    if (!err && password && json_object_set_new(root, "password", json_string(password))) {
        err = ERR_MEMORY;
    }
    char *text = err ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    err = err ? err : text ? buf_add_z(out, text) : ERR_MEMORY;
    free(text);
    return err;
}

/* --- checks ------------------------------------------------------------ */

bool settings_is_plain(struct text t, size_t max, const char *more)
{
    for (size_t i = 0; i < t.n; i++) {
        char c = t.s[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr(more, c)))) {
            return false;
        }
    }
    return t.n > 0 && t.n <= max;
}

int settings_check_line(struct text t, const char *path, struct frame_fault *fault)
{
    bool good = false;
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.s[i] < 0x20 || t.s[i] == 0x7f) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must be one line without control characters", "%s", path);
        }
        good |= t.s[i] != ' ';
    }
    return good ? 0 : frame_fault_at(fault, ERR_BAD_FIELD, "must not be empty", "%s", path);
}

static bool is_channel(struct text t)
{
    return text_is(t, "chat") || text_is(t, "email") || text_is(t, "sms");
}

static const char need_channel[] = "must be a channel: `chat`, `email` or `sms`";

int settings_check_channel(struct text t, const char *path, struct frame_fault *fault)
{
    return is_channel(t) ? 0 : frame_fault_at(fault, ERR_BAD_FIELD, need_channel, "%s", path);
}

int settings_check_words(const struct text *words, size_t n, bool (*is_good)(struct text), const char *need, const char *path,
                         struct frame_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_good(words[i])) {
            return frame_fault_at(fault, ERR_BAD_FIELD, need, "%s[%zu]", path, i);
        }
        for (size_t k = 0; k < i; k++) {
            if (text_equal(words[i], words[k])) {
                return frame_fault_at(fault, ERR_BAD_FIELD, "must be named once; it stands before in the same list", "%s[%zu]", path, i);
            }
        }
    }
    return 0;
}

int settings_check_channels(const struct text *words, size_t n, const char *path, struct frame_fault *fault)
{
    return settings_check_words(words, n, is_channel, need_channel, path, fault);
}

static bool is_queue_id(struct text t)
{
    return settings_is_plain(t, ID_MAX, "-");
}

int settings_check_queues(const struct text *ids, size_t n, settings_queue_known known, void *ctx, const char *need, const char *path,
                          struct frame_fault *fault)
{
    int err = settings_check_words(ids, n, is_queue_id, need, path, fault);
    for (size_t i = 0; !err && known && i < n; i++) {
        if (!known(ctx, ids[i])) {
            err = frame_fault_at(fault, ERR_BAD_FIELD, need, "%s[%zu]", path, i);
        }
    }
    return err;
}

int settings_check_skills(const struct frame_skill *skills, size_t n, const char *path, struct frame_fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        if (!settings_is_plain(skills[i].skill, ID_MAX, "-")) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must be a name of 1 to 64 of a-z, 0-9 and -", "%s[%zu].skill", path, i);
        }
        for (size_t k = 0; k < i; k++) {
            if (text_equal(skills[i].skill, skills[k].skill)) {
                return frame_fault_at(fault, ERR_BAD_FIELD, "must be named once; it stands before in the same list", "%s[%zu].skill", path, i);
            }
        }
    }
    return 0;
}
