/* loketctl status, export, audit: what there is, and what was done. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "hub/api_time.h"

/* --- status -------------------------------------------------------------------------------------------------------------------------------- */

static bool serves(const struct ctl *c, struct text agent, struct text queue)
{
    const struct text *stored = ctl_find(c->staff, c->rules.staff_n, agent);
    json_t *o = stored ? json_loadb(stored->s, stored->n, 0, NULL) : NULL, *q;
    bool does = false;
    size_t i;
    json_array_foreach (json_object_get(o, "queues"), i, q) {
        does |= json_is_string(q) && text_is(queue, json_string_value(q));
    }
    json_decref(o);
    return does;
}

static void status_queues(const struct ctl *c, const struct store_view *v)
{
    int64_t now = clock_wall_ms();
    printf("%-20s %8s %6s %6s %6s %8s %10s %10s\n", "queue", "waiting", "chat", "email", "sms", "active", "oldest", "available");
    for (size_t i = 0; i < v->queues_n; i++) {
        const struct store_queue *q = &v->queues[i];
        unsigned available = 0;
        for (size_t k = 0; k < v->agents_n; k++) {
            const struct store_agent *a = &v->agents[k];
            available += text_is(a->presence, "available") && a->here.n > 0 && serves(c, a->id, q->id);
        }
        printf("%-20.*s %8llu %6llu %6llu %6llu %8llu %9llds %10u\n", TEXT_ARG(q->id), (unsigned long long)q->waiting,
               (unsigned long long)q->waiting_chat, (unsigned long long)q->waiting_email, (unsigned long long)q->waiting_sms,
               (unsigned long long)q->active, (long long)(q->oldest_queued_at_ms ? (now - q->oldest_queued_at_ms) / 1000 : 0), available);
    }
}

/* What a supervisor would ask about next to it. */
static void status_agent_note(const struct store_agent *a)
{
    const char *divider = "  (";
    if (!text_is(a->presence, "offline") && a->here.n == 0) {
        printf("%sno page open", divider);
        divider = ", ";
    }
    if (a->missed > 0) {
        printf("%s%llu offers missed", divider, (unsigned long long)a->missed);
        divider = ", ";
    }
    if (a->soft > 0) {
        printf("%s%llu units give way", divider, (unsigned long long)a->soft);
        divider = ", ";
    }
    fputs(divider[0] == ',' ? ")\n" : "\n", stdout);
}

static void status_agents(const struct store_view *v)
{
    struct { struct text presence; unsigned n; } counts[STATUSES_MAX + 8];
    size_t counts_n = 0;
    printf("\n%-20s %-10s %6s %8s\n", "agent", "presence", "load", "capacity");
    for (size_t i = 0; i < v->agents_n; i++) {
        const struct store_agent *a = &v->agents[i];
        size_t k = 0;
        printf("%-20.*s %-10.*s %6llu %8llu", TEXT_ARG(a->id), TEXT_ARG(a->presence), (unsigned long long)a->load, (unsigned long long)a->capacity);
        status_agent_note(a);
        while (k < counts_n && !text_equal(counts[k].presence, a->presence)) {
            k++;
        }
        if (k == counts_n && k < sizeof counts / sizeof counts[0]) {
            counts[counts_n].presence = a->presence;
            counts[counts_n++].n = 0;
        }
        counts[k].n += k < counts_n;
    }
    for (size_t k = 0; k < counts_n; k++) {
        printf("%s%u %.*s", k > 0 ? ", " : "\n", counts[k].n, TEXT_ARG(counts[k].presence));
    }
    if (counts_n > 0) {
        putchar('\n');
    }
}

static void status_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    if (!err) {
        status_queues(ctx, v);
        status_agents(v);
    }
    ctl_done(ctx, t, err);
}

static int status_show(struct ctl *c)
{
    const size_t prefix = sizeof RULES_QUEUE - 1;
    struct text ids[HUB_QUEUES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < c->rules.file_n; i++) {
        ids[n++] = text_of(c->rules.file[i].id);
    }
    for (size_t i = 0; i + 1 < c->rules.settings_n && n < HUB_QUEUES_MAX; i += 2) {
        struct text name = c->settings[i], id = {name.s + prefix, name.n - prefix};
        if (name.n > prefix && memcmp(name.s, RULES_QUEUE, prefix) == 0 && !rules_queue_in_file(&c->rules, id)) {
            ids[n++] = id;
        }
    }
    return store_view_get(c->store, ids, n, 1, status_view, c, (struct ticket){0});
}

int ctl_status(struct ctl *c)
{
    return ctl_world(c, status_show);
}

/* --- export -------------------------------------------------------------------------------------------------------------------------------- */

static void export_page(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct ctl *c = ctx;
    struct buf line;
    buf_init(&line, 1 << 20);
    for (size_t i = 0; !err && i < n; i++) {
        struct frame f;
        struct frame_fault fault;
        err = frame_decode(FRAME_MSGPACK, FRAME_DOWN, e[i].entry, c->arena, &f, &fault);
        buf_clear(&line);
        if (!err) {
            f.entry.conversation = text_of(c->id);
            f.entry.seq = e[i].seq;
            err = frame_encode(FRAME_JSON, &f, &line);
            puts(err ? "" : line.data);
        }
    }
    buf_done(&line);
    if (err || n == 0) {
        ctl_done(ctx, t, err);
        return;
    }
    ctl_still(c);
    if (store_log_after(c->store, text_of(c->id), e[n - 1].seq, 200, export_page, c, *t)) {
        ctl_done(ctx, t, ERR_STORE_AWAY);
    }
}

int ctl_export(struct ctl *c)
{
    c->arena = frame_arena_new();
    return c->id && c->arena ? store_log_after(c->store, text_of(c->id), 0, 200, export_page, c, (struct ticket){0}) : ERR_NOT_FOUND;
}

/* --- audit --------------------------------------------------------------------------------------------------------------------------------- */

static void value_print(const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    fputs(text ? text : "-", stdout);
    free(text);
}

/* The keys that differ: "offer_s: 20 -> 5". */
static void changes_print(struct text before, struct text after)
{
    json_t *was = before.n > 0 ? json_loadb(before.s, before.n, 0, NULL) : NULL, *is = after.n > 0 ? json_loadb(after.s, after.n, 0, NULL) : NULL;
    json_t *all = json_object();
    const char *key;
    json_t *value;
    (void)json_object_update(all, was); /* short of memory: less is shown */
    (void)json_object_update(all, is);
    json_object_foreach (all, key, value) {
        const json_t *a = json_object_get(was, key), *b = json_object_get(is, key);
        if (!a || !b || !json_equal(a, b)) {
            printf("    %s: ", key);
            value_print(a);
            fputs(" -> ", stdout);
            value_print(b);
            putchar('\n');
        }
    }
    json_decref(all);
    json_decref(was);
    json_decref(is);
}

static void audit_listed(void *ctx, const struct ticket *t, int err, const struct text *e, size_t n)
{
    for (size_t i = 0; !err && i + 6 < n; i += 7) {
        uint64_t ms = 0;
        char at[API_TIME_BYTES];
        bool shown = text_is(e[i + 3], "setting") || text_is(e[i + 3], "staff");
        (void)!text_to_u64(e[i + 1], &ms); /* 1970: something else than we wrote */
        api_time_write((int64_t)ms, at);
        printf("%-18.*s %s %-12.*s %-14.*s %.*s%s%.*s\n", TEXT_ARG(e[i]), at, TEXT_ARG(e[i + 2]), TEXT_ARG(e[i + 3]), TEXT_ARG(e[i + 4]),
               shown && e[i + 6].n == 0 ? "  (removed)" : shown && e[i + 5].n == 0 ? "  (added)" : e[i + 6].n > 0 && !shown ? "  " : "",
               shown ? 0 : (int)e[i + 6].n, e[i + 6].s ? e[i + 6].s : "");
        if (shown && e[i + 6].n > 0) {
            changes_print(e[i + 5], e[i + 6]);
        }
    }
    ctl_done(ctx, t, err);
}

int ctl_audit(struct ctl *c)
{
    return store_audit_list(c->store, (struct text){NULL, 0}, c->limit, audit_listed, c, (struct ticket){0});
}
