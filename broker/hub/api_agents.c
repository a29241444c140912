/* /api/agents: the staff. A password goes in and never comes out; only its hash is stored, and neither it nor its hash is shown or audited. */
#include <stdlib.h>
#include <string.h>

#include "edge/password.h"
#include "hub/api.h"

#define PASSWORD_BYTES_MIN 12
#define PASSWORD_BYTES_MAX 1024
#define LIST_BYTES_MAX (64u << 20) /* 4,096 people of at most 16 kB on average; they are some 400 bytes */

struct agent_change {
    struct api_pairs settings; /* while the staff is read: which queues there are */
    struct buf stored;         /* the entry as it is; empty: none */
    struct buf expected;       /* to undo: what must still stand there, without secrets */
    struct rules_agent made;
    char password[PASSWORD_BYTES_MAX + 1], hash[PASSWORD_HASH_BYTES];
    int hash_err;
    bool undo, removes;
    struct api_call *call;
};

static void change_free(void *state)
{
    struct agent_change *c = state;
    api_pairs_done(&c->settings);
    rules_agent_done(&c->made);
    buf_done(&c->stored);
    buf_done(&c->expected);
    explicit_bzero(c->password, sizeof c->password);
    free(c);
}

static struct agent_change *change_new(struct api_call *a)
{
    struct agent_change *c = calloc(1, sizeof *c);
    if (c) {
        c->call = a;
        buf_init(&c->stored, 2 * SETTINGS_BYTES_MAX);
        buf_init(&c->expected, SETTINGS_BYTES_MAX);
        a->state = c;
        a->state_free = change_free;
    }
    return c;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------------- */

/* Thousands of people are many milliseconds of reading and writing JSON: on another thread, while the loop goes on. */
struct agent_list {
    struct api_call *call;
    struct api_pairs staff;
    struct buf out;
    int err;
};

static void list_free(void *state)
{
    struct agent_list *l = state;
    api_pairs_done(&l->staff);
    buf_done(&l->out);
    free(l);
}

static int agent_row(struct text id, struct text stored, struct buf *out)
{
    struct buf public;
    char etag[API_ETAG_BYTES];
    bool has_password;
    buf_init(&public, 2 * SETTINGS_BYTES_MAX);
    int err = rules_agent_public(stored, &public, &has_password);
    if (err == ERR_BAD_FRAME) {
        err = buf_add_z(&public, "null"); /* the log says why */
    }
    api_etag(buf_text(&public), etag);
    /* An id is plain, and the tag without its own quotes is hexadecimal: nothing to escape. */
    err = err ? err : buf_addf(out, "{\"id\":\"%.*s\",\"has_password\":%s,\"etag\":\"\\\"%.16s\\\"\",\"settings\":", TEXT_ARG(id),
                               has_password ? "true" : "false", etag + 1);
    err = err ? err : buf_add_text(out, buf_text(&public));
    buf_done(&public);
    return err ? err : buf_add_byte(out, '}');
}

static void list_work(void *ctx)
{
    struct agent_list *l = ctx;
    buf_init(&l->out, LIST_BYTES_MAX);
    l->err = buf_addf(&l->out, "{\"count\":%zu,\"results\":[", l->staff.n / 2);
    for (size_t i = 0; !l->err && i + 1 < l->staff.n; i += 2) {
        l->err = i > 0 ? buf_add_byte(&l->out, ',') : 0;
        l->err = l->err ? l->err : agent_row(l->staff.texts[i], l->staff.texts[i + 1], &l->out);
    }
    l->err = l->err ? l->err : buf_add_z(&l->out, "]}");
}

static void list_done(void *ctx)
{
    struct agent_list *l = ctx;
    if (l->err) {
        api_fail(l->call, l->err);
    } else {
        api_answer_text(l->call, 200, "application/json", buf_text(&l->out), NULL);
    }
}

static void agents_listed(void *ctx, const struct ticket *t, int err, const struct text *staff, size_t n)
{
    struct api_call *a = ctx;
    struct agent_list *l = a->state;
    (void)t;
    err = err ? err : api_pairs_keep(&l->staff, staff, n);
    err = err ? err : loop_work(a->h->loop, list_work, list_done, l);
    if (err) {
        api_fail(a, err);
    }
}

static void staff_read(struct api_call *a, store_texts_done done)
{
    int err = store_staff_list(a->h->store, done, a, (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}

void api_agent_list(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    struct agent_list *l = calloc(1, sizeof *l);
    if (l) {
        l->call = a;
        a->state = l;
        a->state_free = list_free;
        staff_read(a, agents_listed);
    } else {
        api_fail(a, ERR_MEMORY);
    }
}

static void refuse_unknown(struct api_call *a)
{
    api_refuse(a, 404, "not_found", NULL, "there is nobody with the id `%s`", a->id);
}

static void agent_got(void *ctx, const struct ticket *t, int err, const struct text *staff, size_t n)
{
    struct api_call *a = ctx;
    struct buf public;
    bool has_password;
    (void)t;
    const struct text *stored = err ? NULL : api_find(staff, n, text_of(a->id));
    buf_init(&public, 2 * SETTINGS_BYTES_MAX);
    if (err) {
        api_fail(a, err);
    } else if (!stored) {
        refuse_unknown(a);
    } else if ((err = rules_agent_public(*stored, &public, &has_password))) {
        api_refuse(a, 503, err_name(err), NULL, "the stored entry cannot be read; PUT a whole one over it");
    } else {
        api_answer_json(a, 200, buf_text(&public));
    }
    buf_done(&public);
}

void api_agent_get(struct api_call *a)
{
    if (api_query_only(a, "")) {
        staff_read(a, agent_got);
    }
}

/* --- changing ------------------------------------------------------------------------------------------------------------------------------ */

static void agent_written(void *ctx, const struct ticket *t, int err)
{
    struct api_call *a = ctx;
    struct agent_change *c = a->state;
    (void)t;
    if (err) {
        api_fail(a, err);
        return;
    }
    log_event(LOG_INFO, "staff_changed", "agent=%s by=%s", a->id, a->actor);
    if (c->removes) {
        api_answer_empty(a);
    } else {
        api_answer_json(a, c->stored.len > 0 ? 200 : 201, buf_text(&c->made.after));
    }
}

static void agent_write(struct api_call *a)
{
    struct agent_change *c = a->state;
    struct store_author by = api_author(a);
    by.before = buf_text(&c->made.before);
    by.after = buf_text(&c->made.after);
    if (c->undo || a->must_match || a->must_be_new || c->stored.len > 0) {
        /* Without If-Match, too: the password's hash came from what was read. */
        by.seen = c->stored.len > 0 ? buf_text(&c->stored) : TEXT_LITERAL("");
    }
    int err = c->removes ? store_staff_remove(a->h->store, text_of(a->id), &by, agent_written, a, (struct ticket){0})
                         : store_staff_put(a->h->store, text_of(a->id), buf_text(&c->made.entry), c->made.capacity, c->made.limits, &by,
                                           agent_written, a, (struct ticket){0});
    if (err) {
        api_fail(a, err);
    }
}

static int agent_make(struct api_call *a, const char *hash, struct frame_fault *fault)
{
    struct agent_change *c = a->state;
    struct rules r = api_rules_of(a, c->settings.texts, c->settings.n);
    rules_agent_done(&c->made);
    return rules_agent(&r, text_of(a->id), c->stored.len > 0 ? buf_text(&c->stored) : (struct text){NULL, 0}, buf_text(&a->body), hash, &c->made,
                       fault);
}

static void hash_work(void *ctx)
{
    struct agent_change *c = ctx;
    c->hash_err = password_hash(text_of(c->password), c->hash);
    explicit_bzero(c->password, sizeof c->password);
}

static void hash_done(void *ctx)
{
    struct agent_change *c = ctx;
    struct api_call *a = c->call;
    struct frame_fault fault;
    int err = c->hash_err ? ERR_MEMORY : agent_make(a, c->hash, &fault);
    if (err) {
        api_fail(a, err);
    } else {
        agent_write(a);
    }
}

/* Nobody locks themself out by mistake; loketctl can do all of it. */
static bool takes_own_rights(const struct api_call *a, bool removes)
{
    const struct agent_change *c = a->state;
    if (strcmp(a->actor, a->id) != 0) {
        return false;
    }
    json_t *o = json_loadb(c->made.after.data ? c->made.after.data : "", c->made.after.len, 0, NULL);
    const char *role = json_string_value(json_object_get(o, "role"));
    bool stays = !removes && role && strcmp(role, "administrator") == 0;
    json_decref(o);
    return !stays;
}

/* What is there is known: may it be changed so? False: refused. */
static bool agent_allowed(struct api_call *a)
{
    struct agent_change *c = a->state;
    char etag[API_ETAG_BYTES];
    api_etag(buf_text(&c->made.before), etag);
    if (c->undo && !text_equal(buf_text(&c->made.before), buf_text(&c->expected))) {
        api_fail(a, ERR_STALE);
        return false;
    }
    if (takes_own_rights(a, c->removes)) {
        api_refuse(a, 409, "bad_state", c->removes ? NULL : "role", "another administrator has to take your rights away");
        return false;
    }
    return api_match(a, c->stored.len > 0 ? etag : NULL);
}

static void agent_put(void *ctx, const struct ticket *t, int err, const struct text *staff, size_t n)
{
    struct api_call *a = ctx;
    struct agent_change *c = a->state;
    struct frame_fault fault = {.remedy = ""};
    (void)t;
    const struct text *stored = err ? NULL : api_find(staff, n, text_of(a->id));
    err = err ? err : stored ? buf_add_text(&c->stored, *stored) : 0;
    if (err) {
        api_fail(a, err);
    } else if (!stored && n / 2 >= AGENTS_MAX) {
        api_refuse(a, 409, "full", NULL, "there are %d members of staff already", AGENTS_MAX);
    } else if ((err = agent_make(a, NULL, &fault))) {
        api_refuse_fault(a, err, &fault);
    } else if (agent_allowed(a)) {
        if (!c->password[0]) {
            agent_write(a);
        } else if (loop_work(a->h->loop, hash_work, hash_done, c)) {
            api_fail(a, ERR_TOO_FAST);
        }
    }
}

static void agent_queues(void *ctx, const struct ticket *t, int err, const struct text *settings, size_t n)
{
    struct api_call *a = ctx;
    struct agent_change *c = a->state;
    (void)t;
    err = err ? err : api_pairs_keep(&c->settings, settings, n);
    if (err) {
        api_fail(a, err);
    } else {
        staff_read(a, agent_put);
    }
}

/* Takes `password` out of the body. 0; ERR_BAD_FIELD; ERR_MEMORY */
static int password_take(struct api_call *a, struct agent_change *c)
{
    json_t *o = json_loadb(a->body.data ? a->body.data : "", a->body.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *value = json_object_get(o, "password");
    struct text password = text_of(json_string_value(value));
    int err = 0;
    if (value && !json_is_null(value)) {
        err = password.n < PASSWORD_BYTES_MIN || text_copy(password, c->password, sizeof c->password) ? ERR_BAD_FIELD : 0;
    }
    if (!err && value) {
        (void)json_object_del(o, "password"); /* it is there */
        char *rest = json_dumps(o, JSON_COMPACT);
        explicit_bzero(a->body.data, a->body.len);
        buf_clear(&a->body);
        err = rest ? buf_add_z(&a->body, rest) : ERR_MEMORY;
        free(rest);
    }
    json_decref(o);
    return err;
}

void api_agent_put(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    struct agent_change *c = change_new(a);
    int err = c ? password_take(a, c) : ERR_MEMORY;
    if (err == ERR_BAD_FIELD) {
        api_refuse(a, 400, "bad_field", "password", "`password` must be a text of %d to %d bytes; leave it out to keep the one that is set",
                   PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
    } else if (err) {
        api_fail(a, err);
    } else {
        api_settings_read(a, agent_queues);
    }
}

static void agent_delete(void *ctx, const struct ticket *t, int err, const struct text *staff, size_t n)
{
    struct api_call *a = ctx;
    struct agent_change *c = a->state;
    bool has_password;
    (void)t;
    const struct text *stored = err ? NULL : api_find(staff, n, text_of(a->id));
    buf_init(&c->made.before, 2 * SETTINGS_BYTES_MAX);
    err = err ? err : stored ? buf_add_text(&c->stored, *stored) : 0;
    if (err) {
        api_fail(a, err);
    } else if (!stored) {
        refuse_unknown(a);
    } else {
        (void)!rules_agent_public(*stored, &c->made.before, &has_password); /* unreadable ones can go, too */
        if (agent_allowed(a)) {
            agent_write(a);
        }
    }
}

void api_agent_delete(struct api_call *a)
{
    if (!api_query_only(a, "")) {
        return;
    }
    struct agent_change *c = change_new(a);
    if (c) {
        c->removes = true;
        staff_read(a, agent_delete);
    } else {
        api_fail(a, ERR_MEMORY);
    }
}

void api_agent_undo(struct api_call *a, struct text agent, struct text before, struct text after)
{
    struct agent_change *c = change_new(a);
    int err = c ? text_copy(agent, a->id, sizeof a->id) : ERR_MEMORY;
    buf_clear(&a->body);
    err = err ? err : buf_add_text(&c->expected, after);
    err = err ? err : buf_add_text(&a->body, before);
    if (err) {
        api_fail(a, err);
        return;
    }
    c->undo = true;
    c->removes = before.n == 0;
    if (c->removes) {
        staff_read(a, agent_delete);
    } else {
        api_settings_read(a, agent_queues);
    }
}
