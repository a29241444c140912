/* loketctl queue …, routing …, agent …: settings as JSON, checked by the same code as in the API. */
#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what is to be set ------------------------------------------------------------------------------------------------------------------------- */

static json_t *json_read(FILE *in, const char *name)
{
    json_error_t why;
    json_t *o = json_loadf(in, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_object(o)) {
        fprintf(stderr, "loketctl: %s: ", name);
        if (o) {
            fputs("not a JSON object\n", stderr);
        } else {
            fprintf(stderr, "line %d, column %d: %s\n", why.line, why.column, why.text);
        }
        json_decref(o);
        return NULL;
    }
    return o;
}

int ctl_json_prepare(struct ctl *c)
{
    for (size_t i = 0; i < c->sets_n; i++) {
        const char *equals = strchr(c->sets[i], '=');
        if (!equals || equals == c->sets[i]) {
            fprintf(stderr, "loketctl: --set takes KEY=VALUE, such as offer_s=30\n");
            return 2;
        }
    }
    if (c->sets_n > 0) {
        if (c->file) {
            fprintf(stderr, "loketctl: either --set or --file\n");
        }
        return c->file ? 2 : 0;
    }
    if (!c->file && isatty(STDIN_FILENO)) {
        fprintf(stderr, "loketctl: reading JSON from standard input; end with Ctrl-D (or use --set KEY=VALUE)\n");
    }
    FILE *f = c->file ? fopen(c->file, "re") : stdin;
    if (!f) {
        fprintf(stderr, "loketctl: %s: %s\n", c->file, strerror(errno));
        return 1;
    }
    c->json = json_read(f, c->file ? c->file : "standard input");
    if (c->file) {
        fclose(f);
    }
    return c->json ? 0 : 1;
}

/* The whole as it is to be: what was given, or what is there with the changes of --set. Owned by the caller; NULL: out of memory. */
static char *json_wanted(struct ctl *c, struct text there)
{
    if (c->json) {
        return json_dumps(c->json, JSON_COMPACT);
    }
    json_t *o = there.n > 0 ? json_loadb(there.s, there.n, 0, NULL) : json_object();
    for (size_t i = 0; o && i < c->sets_n; i++) {
        const char *equals = strchr(c->sets[i], '=');
        char key[WORD_MAX * 2];
        if (text_copy((struct text){c->sets[i], (size_t)(equals - c->sets[i])}, key, sizeof key)) {
            continue; /* longer than any key: the check below would say the same of a cut one */
        }
        if (equals[1] == '\0') {
            json_object_del(o, key);
        } else {
            json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
            json_object_set_new(o, key, value ? value : json_string(equals + 1));
        }
    }
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

static void json_print(struct text json)
{
    json_t *o = json_loadb(json.s, json.n, 0, NULL);
    char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
    if (text) {
        puts(text);
    } else {
        printf("%.*s\n", TEXT_ARG(json)); /* unreadable: as it is */
    }
    free(text);
    json_decref(o);
}

/* --- queues and routing -------------------------------------------------------------------------------------------------------------------- */

static void setting_written(void *ctx, const struct ticket *t, int err)
{
    struct ctl *c = ctx;
    (void)t;
    if (err == ERR_BAD_STATE) {
        ctl_say(c, "somebody waits in the queue `%s` or is helped there; it can go when all of that is done", c->id);
    } else {
        ctl_done(c, NULL, err);
    }
}

static int setting_put(struct ctl *c, const char *prefix, const char *id, struct text json)
{
    char name[sizeof RULES_QUEUE + ID_MAX];
    struct store_author by = ctl_author();
    int n = snprintf(name, sizeof name, "%s%s", prefix, id);
    if (n < 0 || (size_t)n >= sizeof name) {
        return ERR_NOT_FOUND;
    }
    /* --set changes what was read: it must still be that. A whole setting replaces whatever is there. */
    const struct text *stored = ctl_find(c->settings, c->rules.settings_n, text_of(name));
    struct text seen = !c->json ? (stored ? *stored : TEXT_LITERAL("")) : (struct text){NULL, 0};
    return store_setting_put(c->store, text_of(name), json, seen, &by, setting_written, c, (struct ticket){0});
}

static void queue_row(const struct rules *r, struct text id)
{
    struct buf json;
    buf_init(&json, SETTINGS_BYTES_MAX);
    if (rules_queue_json(r, id, &json) == 0) {
        json_t *o = json_loadb(json.data, json.len, 0, NULL);
        const char *nl = json_string_value(json_object_get(o, "name_nl")), *en = json_string_value(json_object_get(o, "name_en"));
        printf("%-20.*s %-5s %s / %s\n", TEXT_ARG(id), rules_queue_in_file(r, id) ? "file" : "store", nl ? nl : "?", en ? en : "?");
        json_decref(o);
    }
    buf_done(&json);
}

static int queue_list(struct ctl *c)
{
    const size_t prefix = sizeof RULES_QUEUE - 1;
    for (size_t i = 0; i < c->rules.file_n; i++) {
        queue_row(&c->rules, text_of(c->rules.file[i].id));
    }
    for (size_t i = 0; i + 1 < c->rules.settings_n; i += 2) {
        struct text name = c->settings[i], id = {name.s + prefix, name.n - prefix};
        if (name.n > prefix && memcmp(name.s, RULES_QUEUE, prefix) == 0 && !rules_queue_in_file(&c->rules, id)) {
            queue_row(&c->rules, id);
        }
    }
    ctl_end(c, 0);
    return 0;
}

int ctl_queue_list(struct ctl *c)
{
    return ctl_world(c, queue_list);
}

static int queue_unknown(struct ctl *c)
{
    ctl_say(c, "there is no queue `%s`; see loketctl queue list", c->id ? c->id : "");
    return 0;
}

static int queue_show(struct ctl *c)
{
    struct buf json;
    buf_init(&json, SETTINGS_BYTES_MAX);
    int err = rules_queue_json(&c->rules, text_of(c->id), &json);
    if (!err) {
        json_print(buf_text(&json));
        ctl_end(c, 0);
    }
    buf_done(&json);
    return err == ERR_NOT_FOUND ? queue_unknown(c) : err;
}

int ctl_queue_show(struct ctl *c)
{
    return ctl_world(c, queue_show);
}

static int queue_set(struct ctl *c)
{
    struct buf there, json;
    struct frame_fault fault = {.remedy = ""};
    buf_init(&there, SETTINGS_BYTES_MAX);
    buf_init(&json, SETTINGS_BYTES_MAX);
    int err = rules_queue_json(&c->rules, text_of(c->id), &there);
    char *wanted = err && err != ERR_NOT_FOUND ? NULL : json_wanted(c, buf_text(&there));
    err = wanted ? rules_queue(&c->rules, text_of(c->id), text_of(wanted), &json, &fault) : ERR_MEMORY;
    if (err && err != ERR_MEMORY) {
        err = ctl_fault(c, err, &fault);
    } else if (!err) {
        err = setting_put(c, RULES_QUEUE, c->id, buf_text(&json));
    }
    free(wanted);
    buf_done(&there);
    buf_done(&json);
    return err;
}

int ctl_queue_set(struct ctl *c)
{
    return ctl_world(c, queue_set);
}

static int queue_remove(struct ctl *c)
{
    struct frame_fault fault;
    int err = rules_queue_remove(&c->rules, text_of(c->id), &fault);
    if (err == ERR_NOT_FOUND) {
        return queue_unknown(c);
    }
    return err ? ctl_fault(c, err, &fault) : setting_put(c, RULES_QUEUE, c->id, TEXT_LITERAL(""));
}

int ctl_queue_remove(struct ctl *c)
{
    return ctl_world(c, queue_remove);
}

static struct text routing_there(const struct ctl *c)
{
    const struct text *stored = ctl_find(c->settings, c->rules.settings_n, TEXT_LITERAL("routing"));
    return stored ? *stored : TEXT_LITERAL("{}");
}

static int routing_show(struct ctl *c)
{
    json_print(routing_there(c));
    ctl_end(c, 0);
    return 0;
}

int ctl_routing_show(struct ctl *c)
{
    return ctl_world(c, routing_show);
}

static int routing_set(struct ctl *c)
{
    struct buf json;
    struct frame_fault fault = {.remedy = ""};
    buf_init(&json, SETTINGS_BYTES_MAX);
    char *wanted = json_wanted(c, routing_there(c));
    int err = wanted ? rules_routing(text_of(wanted), &json, &fault) : ERR_MEMORY;
    if (err && err != ERR_MEMORY) {
        err = ctl_fault(c, err, &fault);
    } else if (!err) {
        err = setting_put(c, "routing", "", buf_text(&json));
    }
    free(wanted);
    buf_done(&json);
    return err;
}

int ctl_routing_set(struct ctl *c)
{
    return ctl_world(c, routing_set);
}

/* --- agents -------------------------------------------------------------------------------------------------------------------------------- */

static int agent_unknown(struct ctl *c)
{
    ctl_say(c, "there is nobody with the id `%s`; see loketctl staff list", c->id ? c->id : "");
    return 0;
}

static int agent_public(struct ctl *c, struct buf *out, const struct text **stored)
{
    bool has_password;
    *stored = ctl_find(c->staff, c->rules.staff_n, text_of(c->id));
    return *stored ? rules_agent_public(**stored, out, &has_password) : ERR_NOT_FOUND;
}

static int agent_show(struct ctl *c)
{
    struct buf json;
    const struct text *stored;
    buf_init(&json, SETTINGS_BYTES_MAX);
    int err = agent_public(c, &json, &stored);
    if (!err) {
        json_print(buf_text(&json));
        ctl_end(c, 0);
    }
    buf_done(&json);
    return err == ERR_NOT_FOUND ? agent_unknown(c) : err;
}

int ctl_agent_show(struct ctl *c)
{
    return ctl_world(c, agent_show);
}

/* The password stays; somebody new has none, and cannot sign in until `staff password`. */
static int agent_set(struct ctl *c)
{
    struct buf there;
    struct rules_agent made = {.has_password = false};
    struct frame_fault fault = {.remedy = ""};
    struct store_author by = ctl_author();
    const struct text *stored;
    buf_init(&there, SETTINGS_BYTES_MAX);
    (void)!agent_public(c, &there, &stored); /* somebody new, or unreadable: from nothing */
    char *wanted = json_wanted(c, buf_text(&there));
    int err =
        wanted ? rules_agent(&c->rules, text_of(c->id), stored ? *stored : (struct text){NULL, 0}, text_of(wanted), NULL, &made, &fault) : ERR_MEMORY;
    if (err && err != ERR_MEMORY) {
        err = ctl_fault(c, err, &fault);
    } else if (!err) {
        by.before = buf_text(&made.before);
        by.after = buf_text(&made.after);
        by.seen = stored ? *stored : TEXT_LITERAL("");
        if (!made.has_password) {
            fprintf(stderr, "loketctl: `%s` has no password yet: loketctl staff password --id %s --password-stdin\n", c->id, c->id);
        }
        err = store_staff_put(c->store, text_of(c->id), buf_text(&made.entry), made.capacity, made.limits, &by, ctl_done, c, (struct ticket){0});
    }
    free(wanted);
    buf_done(&there);
    rules_agent_done(&made);
    return err;
}

int ctl_agent_set(struct ctl *c)
{
    return ctl_world(c, agent_set);
}
