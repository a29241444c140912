#include "hub/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "hub/settings.h"

#define POLICY_LANGUAGES 64 /* bits of routing_agent.languages */

/* --- look-ups -------------------------------------------------------------------------------------------------------------------------------- */

const struct queue_policy *policy_queue(const struct policy *p, struct text id)
{
    return id.n > 0 ? map_get(&p->by_id, id) : NULL;
}

int policy_queue_index(const struct policy *p, struct text id)
{
    const struct queue_policy *q = policy_queue(p, id);
    return q ? (int)q->index : -1;
}

int policy_channel(struct text channel)
{
    static const char *const names[ROUTING_CHANNELS] = {"chat", "email", "sms"};
    for (int i = 0; i < ROUTING_CHANNELS; i++) {
        if (text_is(channel, names[i])) {
            return i;
        }
    }
    return -1;
}

const struct frame_level *policy_level(const struct queue_policy *q, struct text channel)
{
    const struct frame_level *all = NULL;
    for (size_t i = 0; i < q->set.levels_n; i++) {
        const struct frame_level *l = &q->set.levels[i];
        if (text_equal(l->channel, channel)) {
            return l;
        }
        all = l->channel.n == 0 ? l : all;
    }
    return all;
}

static const struct frame_status_settings *status_find(const struct policy *p, struct text presence)
{
    for (size_t i = 0; i < p->routing.statuses_n; i++) {
        if (text_equal(p->routing.statuses[i].status, presence)) {
            return &p->routing.statuses[i];
        }
    }
    return NULL;
}

unsigned policy_takes(const struct policy *p, struct text presence)
{
    unsigned bits = text_is(presence, "available") ? (1u << ROUTING_CHANNELS) - 1 : 0;
    const struct frame_status_settings *s = bits ? NULL : status_find(p, presence);
    for (size_t i = 0; s && i < s->channels_n; i++) {
        int channel = policy_channel(s->channels[i]);
        bits |= channel >= 0 ? 1u << channel : 0;
    }
    return bits;
}

bool policy_presence_is_known(const struct policy *p, struct text presence)
{
    static const char *const known[] = {"available", "busy", "break", "wrap_up", "offline"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_is(presence, known[i])) {
            return true;
        }
    }
    return status_find(p, presence) != NULL;
}

/* Names get numbers in the order in which they are met; 0 when absent, or when there are too many. */
static unsigned name_number(struct map *names, struct text name)
{
    uintptr_t at = name.n > 0 ? (uintptr_t)map_get(names, name) : 0;
    if (at == 0 && name.n > 0) {
        at = names->count + 1;
        if (map_set(names, name, (void *)at)) {
            log_event(LOG_WARN, "names", "most=%zu next=\"further names are nobody's\"", names->cap);
            return 0;
        }
    }
    return (unsigned)at;
}

unsigned policy_skill(struct policy *p, struct text name)
{
    unsigned at = name_number(&p->skills, name);
    return at > 0 ? at - 1 : ROUTING_SKILLS_MAX;
}

unsigned policy_language(struct policy *p, struct text tag)
{
    return name_number(&p->languages, tag);
}

void policy_promise(const struct policy *p, const struct queue_policy *q, struct text channel, int64_t now_ms, uint64_t *first_due_ms, uint64_t *resolve_due_ms)
{
    const struct frame_level *l = policy_level(q, channel);
    int64_t first = l && l->first_response_s > 0 ? hours_add(&q->hours, &p->zone, now_ms, (int64_t)l->first_response_s * 1000) : INT64_MAX;
    int64_t resolve = l && l->resolution_s > 0 ? hours_add(&q->hours, &p->zone, now_ms, (int64_t)l->resolution_s * 1000) : INT64_MAX;
    *first_due_ms = first < INT64_MAX ? (uint64_t)first : 0;
    *resolve_due_ms = resolve < INT64_MAX ? (uint64_t)resolve : 0;
}

size_t policy_needs(struct policy *p, struct text list, struct routing_need *out, size_t max)
{
    size_t n = 0, at = 0;
    for (struct text each; n < max && text_next_word(list, ",", &at, &each);) {
        const char *colon = memchr(each.s, ':', each.n);
        uint64_t level = 1;
        struct text name = {each.s, colon ? (size_t)(colon - each.s) : each.n};
        unsigned skill = policy_skill(p, name);
        if (colon && text_to_u64((struct text){colon + 1, each.n - name.n - 1}, &level)) {
            level = 1;
        }
        if (name.n > 0 && skill < ROUTING_SKILLS_MAX) {
            out[n++] = (struct routing_need){skill, (unsigned)level};
        }
    }
    return n;
}

/* --- making ------------------------------------------------------------------------------------------------------------------------------------ */

static size_t needs_take(struct policy *p, const struct frame_skill *skills, size_t n, struct routing_need *out)
{
    size_t taken = 0;
    for (size_t i = 0; i < n && taken < ROUTING_NEEDS_MAX; i++) {
        unsigned skill = policy_skill(p, skills[i].skill);
        if (skill < ROUTING_SKILLS_MAX) {
            out[taken++] = (struct routing_need){skill, skills[i].level > 0 ? (unsigned)skills[i].level : 1};
        }
    }
    return taken;
}

static void rule_take(struct policy *p, const struct queue_policy *q)
{
    struct routing_queue_rule *rule = &p->rules[q->index];
    *rule = (struct routing_queue_rule){.drop_preferred_ms = (int64_t)q->set.drop_preferred_s * 1000, .language_required = q->set.language_required,
                                        .widen_ms = (int64_t)q->set.widen_s * 1000, .broadcast = (unsigned)q->set.broadcast};
    for (size_t i = 0; i < q->set.widen_to_n; i++) {
        int index = policy_queue_index(p, q->set.widen_to[i]);
        if (index >= 0) {
            routing_queues_add(&rule->widen_to, (unsigned)index);
        }
    }
}

static int queue_read(struct queue_policy *q, struct text json)
{
    struct frame_fault fault;
    int err = settings_queue_read(json, NULL, NULL, q->arena, &q->set, &fault);
    err = err ? err : settings_hours(&q->set, &q->hours);
    if (err && err != ERR_MEMORY) {
        log_event(LOG_ERROR, "setting_unusable", "setting=queue:%s field=%s remedy=\"%s\" next=\"as if it were not there\"", q->id, fault.path, fault.remedy);
    }
    return err;
}

static int queue_add(struct policy *p, struct text id, struct text json)
{
    struct queue_policy *q = map_get(&p->by_id, id);
    if (!q) {
        if (p->queues_n == HUB_QUEUES_MAX) {
            log_event(LOG_ERROR, "setting_unusable", "setting=queue:%.*s why=\"more than %d queues\"", TEXT_ARG(id), HUB_QUEUES_MAX);
            return 0;
        }
        q = calloc(1, sizeof *q);
        if (!q || text_copy(id, q->id, sizeof q->id) || !(q->arena = frame_arena_new()) || map_set(&p->by_id, id, q)) {
            if (q) {
                frame_arena_free(&q->arena);
            }
            free(q);
            return ERR_MEMORY;
        }
        q->index = (unsigned)p->queues_n;
        p->queues[p->queues_n++] = q;
    }
    int err = queue_read(q, json);
    return err == ERR_MEMORY ? err : 0;
}

/* A queue of the broker's file, with every default. */
static int queue_of_file(struct policy *p, const struct hub_queue *f)
{
    struct frame_queue_settings set = {.name_nl = text_of(f->name_nl), .name_en = text_of(f->name_en)};
    struct buf json;
    buf_init(&json, SETTINGS_BYTES_MAX);
    int err = frame_record_encode(RECORD_queue_settings, &set, &json);
    err = err ? err : queue_add(p, text_of(f->id), buf_text(&json));
    buf_done(&json);
    return err;
}

static int routing_take(struct policy *p, struct text json)
{
    struct frame_fault fault;
    int err = settings_routing_read(json, p->arena, &p->routing, &fault);
    if (err && err != ERR_MEMORY) {
        log_event(LOG_ERROR, "setting_unusable", "setting=routing field=%s remedy=\"%s\" next=\"the defaults\"", fault.path, fault.remedy);
    }
    return err;
}

static int policy_settings(struct policy *p, const struct text *settings, size_t n)
{
    const struct text queue = TEXT_LITERAL("queue:");
    int err = routing_take(p, TEXT_LITERAL("{}"));
    for (size_t i = 0; !err && i + 1 < n; i += 2) {
        if (text_is(settings[i], "routing") && routing_take(p, settings[i + 1])) {
            err = routing_take(p, TEXT_LITERAL("{}"));
        } else if (settings[i].n > queue.n && memcmp(settings[i].s, queue.s, queue.n) == 0) {
            err = queue_add(p, (struct text){settings[i].s + queue.n, settings[i].n - queue.n}, settings[i + 1]);
        }
    }
    return err;
}

static void policy_join(struct policy *p)
{
    for (size_t i = 0; i < p->queues_n; i++) {
        struct queue_policy *q = p->queues[i];
        q->set.skills_n = needs_take(p, q->set.skills, q->set.skills_n, q->needs);
        q->set.preferred_n = needs_take(p, q->set.preferred, q->set.preferred_n, q->prefers);
        rule_take(p, q);
    }
    p->match = (struct routing_policy){.queues = p->rules, .order_step_ms = (int64_t)p->routing.queue_order_s * 1000,
                                       .decline_rest_ms = (int64_t)p->routing.decline_rest_s * 1000};
    for (size_t i = 0; i < p->routing.interruptible_n; i++) {
        int channel = policy_channel(p->routing.interruptible[i]);
        p->match.interruptible |= channel >= 0 ? 1u << channel : 0;
    }
}

int policy_new(const struct hub_config *c, const struct text *settings, size_t n, int64_t now_ms, struct policy **out)
{
    struct policy *p = calloc(1, sizeof *p);
    if (!p) {
        return ERR_MEMORY;
    }
    map_init(&p->by_id, HUB_QUEUES_MAX);
    map_init(&p->skills, ROUTING_SKILLS_MAX);
    map_init(&p->languages, POLICY_LANGUAGES);
    p->arena = frame_arena_new();
    int err = p->arena ? 0 : ERR_MEMORY;
    for (size_t i = 0; !err && i < c->queues_n; i++) {
        err = queue_of_file(p, &c->queues[i]);
    }
    err = err ? err : policy_settings(p, settings, n);
    if (!err) {
        char zone[LABEL_MAX + 1];
        err = text_copy(p->routing.timezone, zone, sizeof zone);
        if (!err && settings_zone(zone, now_ms, &p->zone)) {
            log_event(LOG_ERROR, "timezone", "name=%s remedy=\"install tzdata, or name another in the routing settings\" next=\"hours count in UTC\"", zone);
            p->zone = (struct hours_zone){.n = 1};
        }
    }
    if (err) {
        policy_free(&p);
        return err;
    }
    policy_join(p);
    *out = p;
    return 0;
}

void policy_free(struct policy **policy)
{
    struct policy *p = *policy;
    if (!p) {
        return;
    }
    for (size_t i = 0; i < p->queues_n; i++) {
        frame_arena_free(&p->queues[i]->arena);
        free(p->queues[i]);
    }
    map_done(&p->by_id);
    map_done(&p->skills);
    map_done(&p->languages);
    frame_arena_free(&p->arena);
    free(p);
    *policy = NULL;
}
