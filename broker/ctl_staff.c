/* loketctl staff …, session: who may sign in. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/id.h"
#include "edge/password.h"
#include "edge/token.h"

static void staff_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    for (size_t i = 0; !err && i + 1 < n; i += 2) {
        json_t *o = json_loadb(texts[i + 1].s, texts[i + 1].n, 0, NULL);
        const char *role = json_string_value(json_object_get(o, "role")), *name = json_string_value(json_object_get(o, "name"));
        printf("%-16.*s %-13s %s%s\n", TEXT_ARG(texts[i]), role ? role : "?", name ? name : "?",
               json_object_get(o, "password") ? "" : "  (no password)");
        json_decref(o);
    }
    ctl_done(ctx, t, err);
}

int ctl_staff_list(struct ctl *c)
{
    return store_staff_list(c->store, staff_listed, c, (struct ticket){0});
}

/* --- before the store: somebody may be typing, and hashing is slow on purpose ------------------------------------------------------------------- */

int ctl_password_prepare(struct ctl *c)
{
    char password[1026] = "";
    _Static_assert(sizeof c->hash >= PASSWORD_HASH_BYTES, "a hash fits");
    if (!c->id || !c->password_stdin) {
        fputs("loketctl: Usage: loketctl staff password --id ID --password-stdin\n", stderr);
        return 2;
    }
    if (!fgets(password, sizeof password, stdin)) {
        password[0] = '\0';
    }
    password[strcspn(password, "\r\n")] = '\0';
    int err = password_hash(text_of(password), c->hash);
    sodium_memzero(password, sizeof password);
    if (err) {
        fprintf(stderr, "loketctl: the password must be 1 to 1024 bytes on standard input\n");
    }
    return err ? 1 : 0;
}

/* "a,b" → ["a","b"] */
static json_t *words(const char *list)
{
    json_t *out = json_array();
    while (list && *list) {
        size_t n = strcspn(list, ",");
        if (n > 0) {
            json_array_append_new(out, json_stringn(list, n));
        }
        list += n + (list[n] == ',');
    }
    return out;
}

/* "a:3,b" → [{"skill":"a","level":3},{"skill":"b"}] */
static json_t *skills(const char *list)
{
    json_t *names = words(list), *out = json_array(), *item;
    size_t i;
    json_array_foreach (names, i, item) {
        const char *s = json_string_value(item), *colon = strrchr(s, ':');
        json_t *skill = json_pack("{s:o}", "skill", json_stringn(s, colon ? (size_t)(colon - s) : strlen(s)));
        uint64_t level;
        if (colon && text_to_u64(text_of(colon + 1), &level)) {
            fprintf(stderr, "loketctl: --skills takes NAME or NAME:LEVEL with commas between, and LEVEL is a number from 1 to %d\n", LEVEL_MAX);
            json_decref(names);
            json_decref(out);
            json_decref(skill);
            return NULL;
        }
        if (colon) {
            json_object_set_new(skill, "level", json_integer((json_int_t)level));
        }
        json_array_append_new(out, skill);
    }
    json_decref(names);
    return out;
}

static json_t *channel_rule(json_t *channels, struct text name)
{
    size_t i;
    json_t *rule;
    json_array_foreach (channels, i, rule) {
        if (text_is(name, json_string_value(json_object_get(rule, "channel")))) {
            return rule;
        }
    }
    rule = json_pack("{s:o}", "channel", json_stringn(name.s, name.n));
    json_array_append_new(channels, rule);
    return rule;
}

/* "chat=2" */
static bool channel_number(json_t *channels, const char *option, const char *key, const char *given)
{
    const char *equals = strchr(given, '=');
    uint64_t n;
    if (!equals || text_to_u64(text_of(equals + 1), &n) || n > CAPACITY_MAX) {
        fprintf(stderr, "loketctl: %s takes CHANNEL=N, such as chat=2\n", option);
        return false;
    }
    json_object_set_new(channel_rule(channels, (struct text){given, (size_t)(equals - given)}), key, json_integer((json_int_t)n));
    return true;
}

/* NULL: said what is wrong */
static json_t *channels(const struct ctl *c)
{
    json_t *out = json_array(), *accept = words(c->must_accept), *item;
    bool good = true;
    size_t i;
    for (size_t k = 0; good && k < c->limits_n; k++) {
        good = channel_number(out, "--limit", "limit", c->limits[k]);
    }
    for (size_t k = 0; good && k < c->weights_n; k++) {
        good = channel_number(out, "--weight", "weight", c->weights[k]);
    }
    json_array_foreach (accept, i, item) {
        json_object_set_new(channel_rule(out, text_of(json_string_value(item))), "must_accept", json_true());
    }
    json_decref(accept);
    if (!good) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static bool role_is_known(const char *role)
{
    return strcmp(role, "agent") == 0 || strcmp(role, "supervisor") == 0 || strcmp(role, "administrator") == 0;
}

int ctl_staff_prepare(struct ctl *c)
{
    if (!c->id || !c->name || !c->role || !c->password_stdin || !role_is_known(c->role)) {
        fputs("loketctl: Usage: loketctl staff add --id ID --name NAME --role agent|supervisor|administrator … --password-stdin; "
              "see loketctl --help\n", stderr);
        return 2;
    }
    if (!config_id_is_plain(c->id)) {
        fprintf(stderr, "loketctl: --id: use 1 to 64 of a-z, 0-9 and -\n");
        return 2;
    }
    json_t *s = skills(c->skills), *rules = s ? channels(c) : NULL;
    if (!s || !rules) {
        json_decref(s);
        return 2;
    }
    c->json = json_pack("{s:s,s:s,s:o,s:I,s:o,s:o,s:o}", "name", c->name, "role", c->role, "queues", words(c->queues), "capacity",
                        (json_int_t)c->capacity, "channels", rules, "skills", s, "languages", words(c->languages));
    if (!c->json) {
        fprintf(stderr, "loketctl: --name must be UTF-8\n");
        return 2;
    }
    return ctl_password_prepare(c);
}

/* --- with it ------------------------------------------------------------------------------------------------------------------------------- */

static int staff_put(struct ctl *c)
{
    const struct text *stored = ctl_find(c->staff, c->rules.staff_n, text_of(c->id));
    struct rules_agent made = {.has_password = false};
    struct frame_fault fault = {.remedy = ""};
    struct store_author by = ctl_author();
    size_t i;
    json_t *q;
    json_array_foreach (json_object_get(c->json, "queues"), i, q) {
        if (!rules_queue_known(&c->rules, text_of(json_string_value(q)))) {
            ctl_say(c, "--queues: there is no queue `%s`; see loketctl queue list", json_string_value(q));
            return 0;
        }
    }
    char *json = json_dumps(c->json, JSON_COMPACT);
    int err =
        json ? rules_agent(&c->rules, text_of(c->id), stored ? *stored : (struct text){NULL, 0}, text_of(json), c->hash, &made, &fault) : ERR_MEMORY;
    free(json);
    if (err) {
        rules_agent_done(&made);
        return err == ERR_MEMORY ? err : ctl_fault(c, err, &fault);
    }
    by.before = buf_text(&made.before);
    by.after = buf_text(&made.after);
    err = store_staff_put(c->store, text_of(c->id), buf_text(&made.entry), made.capacity, made.limits, &by, ctl_done, c, (struct ticket){0});
    rules_agent_done(&made);
    return err;
}

int ctl_staff_add(struct ctl *c)
{
    return ctl_world(c, staff_put);
}

static int staff_password(struct ctl *c)
{
    const struct text *stored = ctl_find(c->staff, c->rules.staff_n, text_of(c->id));
    struct buf public;
    bool has_password;
    if (!stored) {
        return ERR_NOT_FOUND;
    }
    buf_init(&public, SETTINGS_BYTES_MAX);
    int err = rules_agent_public(*stored, &public, &has_password);
    c->json = err ? NULL : json_loadb(public.data, public.len, 0, NULL);
    buf_done(&public);
    return err ? err : staff_put(c);
}

int ctl_staff_password(struct ctl *c)
{
    return ctl_world(c, staff_password);
}

static int staff_remove(struct ctl *c)
{
    const struct text *stored = ctl_find(c->staff, c->rules.staff_n, text_of(c->id));
    struct store_author by = ctl_author();
    struct buf public;
    bool has_password;
    if (!stored) {
        return ERR_NOT_FOUND;
    }
    buf_init(&public, SETTINGS_BYTES_MAX);
    (void)!rules_agent_public(*stored, &public, &has_password); /* what cannot be read can go, too */
    by.before = buf_text(&public);
    int err = store_staff_remove(c->store, text_of(c->id), &by, ctl_done, c, (struct ticket){0});
    buf_done(&public);
    return err;
}

int ctl_staff_remove(struct ctl *c)
{
    return c->id ? ctl_world(c, staff_remove) : ERR_NOT_FOUND;
}

static void session_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct ctl *c = ctx;
    struct token token = {.kind = 's', .expires_ms = clock_wall_ms() + TOKEN_STAFF_MS};
    char value[TOKEN_MAX + 1], session[ID_BYTES];
    const struct text *stored = err ? NULL : ctl_find(texts, n, text_of(c->id));
    (void)t;
    err = err ? err : stored ? 0 : ERR_NOT_FOUND;
    if (!err) {
        json_t *o = json_loadb(stored->s, stored->n, 0, NULL);
        const char *role = json_string_value(json_object_get(o, "role"));
        token.role = role && strcmp(role, "agent") != 0 ? SUPERVISOR : AGENT;
        json_decref(o);
        id_make(session);
        err = text_copy(text_of(c->id), token.subject, sizeof token.subject);
        err = err ? err : text_copy(text_of(session), token.session, sizeof token.session);
        err = err ? err : token_make(store_secret(c->store), &token, value);
    }
    if (!err) {
        printf(TOKEN_COOKIE "=%s\n", value);
    }
    ctl_done(ctx, t, err);
}

int ctl_session(struct ctl *c)
{
    return c->id ? store_staff_list(c->store, session_listed, c, (struct ticket){0}) : ERR_NOT_FOUND;
}
