#include "hub/api_rules.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rules_id_is_plain(struct text id)
{
    for (size_t i = 0; i < id.n; i++) {
        char c = id.s[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return id.n > 0 && id.n <= ID_MAX;
}

/* --- queues -------------------------------------------------------------------------------------------------------------------------------- */

static struct text queue_of(struct text name)
{
    const size_t n = sizeof RULES_QUEUE - 1;
    return name.n > n && memcmp(name.s, RULES_QUEUE, n) == 0 ? (struct text){name.s + n, name.n - n} : (struct text){NULL, 0};
}

static struct text setting_find(const struct rules *r, struct text queue)
{
    for (size_t i = 0; i + 1 < r->settings_n; i += 2) {
        if (queue.n > 0 && text_equal(queue_of(r->settings[i]), queue)) {
            return r->settings[i + 1];
        }
    }
    return (struct text){NULL, 0};
}

static const struct hub_queue *file_find(const struct rules *r, struct text id)
{
    for (size_t i = 0; i < r->file_n; i++) {
        if (text_is(id, r->file[i].id)) {
            return &r->file[i];
        }
    }
    return NULL;
}

bool rules_queue_in_file(const struct rules *r, struct text id)
{
    return file_find(r, id) != NULL;
}

bool rules_queue_known(const struct rules *r, struct text id)
{
    return file_find(r, id) || setting_find(r, id).s;
}

int rules_queue_json(const struct rules *r, struct text id, struct buf *out)
{
    struct text stored = setting_find(r, id);
    const struct hub_queue *f = file_find(r, id);
    if (stored.s) {
        return buf_add_text(out, stored);
    }
    if (!f) {
        return ERR_NOT_FOUND;
    }
    struct frame_queue_settings set = {.name_nl = text_of(f->name_nl), .name_en = text_of(f->name_en)};
    return frame_record_encode(RECORD_queue_settings, &set, out);
}

struct known {
    const struct rules *r;
    struct text self;
};

static bool is_known(void *ctx, struct text id)
{
    const struct known *k = ctx;
    return text_equal(id, k->self) || rules_queue_known(k->r, id);
}

/* The JSON as it was meant: what was left out stays out, so that it follows the defaults, and an explicit 0 stays. */
static int json_compact(struct text json, struct buf *out)
{
    json_t *o = json_loadb(json.s, json.n, JSON_REJECT_DUPLICATES, NULL);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    int err = text ? buf_add_z(out, text) : o ? ERR_MEMORY : ERR_BAD_FRAME;
    free(text);
    json_decref(o);
    return err;
}

/* A chat that finds a queue full goes on along overflow_to: that way must end. A queue may overflow once, so a walk longer than there are queues has
 * a loop. */
static bool overflow_loops(const struct rules *r, struct text id, struct text to)
{
    char at[ID_MAX + 1];
    if (text_copy(to, at, sizeof at)) {
        return false;
    }
    for (size_t steps = 0; at[0] && steps <= HUB_QUEUES_MAX; steps++) {
        if (text_is(id, at)) {
            return true;
        }
        struct text stored = setting_find(r, text_of(at));
        json_t *o = stored.s ? json_loadb(stored.s, stored.n, 0, NULL) : NULL;
        const char *next = json_string_value(json_object_get(o, "overflow_to"));
        bool ends = !next || text_copy(text_of(next), at, sizeof at);
        json_decref(o);
        if (ends) {
            return false;
        }
    }
    return false; /* a loop of others: not for this change to mend */
}

static int queue_beside_others(const struct rules *r, struct text id, const struct frame_queue_settings *set, struct frame_fault *fault)
{
    if (text_equal(set->overflow_to, id)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be another queue than this one", "overflow_to");
    }
    if (set->overflow_to.n > 0 && overflow_loops(r, id, set->overflow_to)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must not lead back to this queue over the other queues' `overflow_to`", "overflow_to");
    }
    for (size_t i = 0; i < set->widen_to_n; i++) {
        if (text_equal(set->widen_to[i], id)) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must be another queue than this one", "widen_to[%zu]", i);
        }
    }
    return 0;
}

static size_t queues_count(const struct rules *r)
{
    size_t n = r->file_n;
    for (size_t i = 0; i + 1 < r->settings_n; i += 2) {
        struct text id = queue_of(r->settings[i]);
        n += id.n > 0 && !file_find(r, id);
    }
    return n;
}

int rules_queue(const struct rules *r, struct text id, struct text json, struct buf *out, struct frame_fault *fault)
{
    *fault = (struct frame_fault){.remedy = ""};
    if (!rules_id_is_plain(id)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be 1 to 64 of a-z, 0-9 and -", "id");
    }
    if (!rules_queue_known(r, id) && queues_count(r) >= HUB_QUEUES_MAX) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "cannot be added: there are 256 queues already", "id");
    }
    struct known known = {r, id};
    struct frame_queue_settings set;
    struct frame_arena *arena = frame_arena_new();
    int err = arena ? settings_queue_read(json, is_known, &known, arena, &set, fault) : ERR_MEMORY;
    err = err ? err : queue_beside_others(r, id, &set, fault);
    err = err ? err : json_compact(json, out);
    frame_arena_free(&arena);
    return err;
}

int rules_routing(struct text json, struct buf *out, struct frame_fault *fault)
{
    struct frame_routing_settings set;
    struct frame_arena *arena = frame_arena_new();
    *fault = (struct frame_fault){.remedy = ""};
    int err = arena ? settings_routing_read(json, arena, &set, fault) : ERR_MEMORY;
    err = err ? err : json_compact(json, out);
    frame_arena_free(&arena);
    return err;
}

static int removal_refused(struct frame_fault *fault, const char *what, struct text who)
{
    static char why[ID_MAX + 160]; /* as frame_fault's other remedies: good until the next */
    (void)snprintf(why, sizeof why, what, TEXT_ARG(who)); /* fits: an id and a sentence */
    fault->remedy = why;
    return ERR_BAD_STATE;
}

static bool list_has(const json_t *list, struct text word)
{
    size_t i;
    const json_t *item;
    json_array_foreach (list, i, item) {
        if (json_is_string(item) && text_is(word, json_string_value(item))) {
            return true;
        }
    }
    return false;
}

int rules_queue_remove(const struct rules *r, struct text id, struct frame_fault *fault)
{
    *fault = (struct frame_fault){.remedy = ""};
    if (file_find(r, id)) {
        return removal_refused(fault, "the queue `%.*s` stands in the broker's file; take it out there first", id);
    }
    if (!setting_find(r, id).s) {
        return ERR_NOT_FOUND;
    }
    for (size_t i = 0; i + 1 < r->settings_n; i += 2) {
        struct text other = queue_of(r->settings[i]);
        json_t *o = other.n > 0 ? json_loadb(r->settings[i + 1].s, r->settings[i + 1].n, 0, NULL) : NULL;
        bool overflows = text_is(id, json_string_value(json_object_get(o, "overflow_to"))), widens = list_has(json_object_get(o, "widen_to"), id);
        json_decref(o);
        if (!text_equal(other, id) && (overflows || widens)) {
            return removal_refused(fault,
                                   overflows ? "the queue `%.*s` overflows to it; change its `overflow_to` first"
                                             : "the queue `%.*s` widens to it; change its `widen_to` first",
                                   other);
        }
    }
    for (size_t i = 0; i + 1 < r->staff_n; i += 2) {
        json_t *o = json_loadb(r->staff[i + 1].s, r->staff[i + 1].n, 0, NULL);
        bool serves = list_has(json_object_get(o, "queues"), id);
        json_decref(o);
        if (serves) {
            return removal_refused(fault, "`%.*s` serves it; take it from their `queues` first", r->staff[i]);
        }
    }
    return 0;
}

/* --- staff --------------------------------------------------------------------------------------------------------------------------------- */

int rules_agent_public(struct text stored, struct buf *out, bool *has_password)
{
    json_t *o = json_loadb(stored.s, stored.n, 0, NULL);
    *has_password = json_is_string(json_object_get(o, "password"));
    (void)json_object_del(o, "password"); /* there may be none */
    char *text = json_is_object(o) ? json_dumps(o, JSON_COMPACT) : NULL;
    int err = text ? buf_add_z(out, text) : ERR_BAD_FRAME;
    free(text);
    json_decref(o);
    return err;
}

static void agent_limits(const struct frame_agent_settings *set, struct rules_agent *out)
{
    static const char *const channels[] = {"chat", "email", "sms"};
    out->capacity = set->capacity;
    for (size_t i = 0; i < set->channels_n; i++) {
        for (size_t k = 0; k < 3; k++) {
            if (text_is(set->channels[i].channel, channels[k])) {
                out->limits[k] = set->channels[i].limit;
            }
        }
    }
}

int rules_agent(const struct rules *r, struct text id, struct text stored, struct text json, const char *password_hash, struct rules_agent *out,
                struct frame_fault *fault)
{
    *out = (struct rules_agent){.has_password = false};
    *fault = (struct frame_fault){.remedy = ""};
    buf_init(&out->entry, SETTINGS_BYTES_MAX + 1024);
    buf_init(&out->before, SETTINGS_BYTES_MAX);
    buf_init(&out->after, SETTINGS_BYTES_MAX);
    if (!rules_id_is_plain(id)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be 1 to 64 of a-z, 0-9 and -", "id");
    }
    struct frame_agent_settings old, set;
    char *old_hash = NULL;
    struct known known = {r, {NULL, 0}};
    struct frame_arena *arena = frame_arena_new();
    int err = arena ? 0 : ERR_MEMORY;
    if (!err && stored.s) {
        /* What cannot be read is replaced: that is how it is mended. */
        struct frame_fault unreadable;
        bool has_password;
        (void)!settings_agent_stored(stored, arena, &old, &old_hash, &unreadable);
        (void)!rules_agent_public(stored, &out->before, &has_password);
    }
    err = err ? err : settings_agent_read(json, is_known, &known, arena, &set, fault);
    if (!err) {
        const char *hash = password_hash ? password_hash : old_hash;
        agent_limits(&set, out);
        out->had_password = old_hash != NULL;
        err = settings_agent_store(&set, hash, &out->entry);
        err = err ? err : rules_agent_public(buf_text(&out->entry), &out->after, &out->has_password);
    }
    free(old_hash);
    frame_arena_free(&arena);
    return err;
}

void rules_agent_done(struct rules_agent *a)
{
    buf_done(&a->entry);
    buf_done(&a->before);
    buf_done(&a->after);
}
