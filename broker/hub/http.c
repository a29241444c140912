/* HTTP that is not a page: sign-in and sign-out, who am I, attachments, webhooks, health. */
#include "hub/hub_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/password.h"
#include "edge/token.h"

#define SIGN_IN_TRIES_MAX 10       /* wrong passwords for one user or from one address within the window */
#define SIGN_IN_WINDOW_MS 60000

static void answer(struct hub *h, edge_id request, int status, const char *json)
{
    static const char *const headers[] = {"Cache-Control", "no-store", NULL};
    (void)!edge_http_answer(h->edge, request, status, "application/json", headers, text_of(json)); /* the client may be gone */
}

static void answer_error(struct hub *h, edge_id request, int status, int err)
{
    char json[256];
    (void)snprintf(json, sizeof json, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", err_name(err), err_text(err)); /* both are ours and short */
    answer(h, request, status, json);
}

static char *who_json(struct hub *h, const struct colleague *c)
{
    json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "role", frame_role_name(c->role), "agent", c->id, "name", c->name, "organisation",
                          h->config->organisation_name);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

/* --- signing in -------------------------------------------------------------------------------------------------------------------------------- */

struct sign_in {
    struct hub *h;
    edge_id request;
    char user[ID_MAX + 1], password[1025];
    char hash[256];
    bool known, right;
};

/* Wrong tries, by user and by address: a map to a small record, swept when it is full. */
struct tries {
    int64_t since_ms;
    unsigned n;
};
static struct map tries_map;
static bool tries_ready;

static struct tries *tries_of(struct hub *h, const char *kind, const char *who)
{
    if (!tries_ready) {
        map_init(&tries_map, 4096);
        tries_ready = true;
    }
    char key[160];
    (void)snprintf(key, sizeof key, "%s:%s", kind, who); /* a longer name is cut: at worst two share a limit */
    int64_t now = loop_now_ms(h->loop);
    struct tries *t = map_get(&tries_map, text_of(key));
    if (t && now - t->since_ms > SIGN_IN_WINDOW_MS) {
        *t = (struct tries){.since_ms = now};
    }
    if (!t) {
        size_t at = 0;
        struct text old;
        void *value;
        while (tries_map.count >= 4096 && map_next(&tries_map, &at, &old, &value)) {
            free(map_remove(&tries_map, old));
        }
        t = calloc(1, sizeof *t);
        if (!t || map_set(&tries_map, text_of(key), t)) {
            free(t);
            return NULL;
        }
        t->since_ms = now;
    }
    return t;
}

static void sign_in_work(void *ctx)
{
    struct sign_in *s = ctx;
    if (s->known) {
        s->right = password_verify(s->hash, text_of(s->password));
    } else {
        password_verify_nobody(text_of(s->password));
    }
    explicit_bzero(s->password, sizeof s->password);
}

static void sign_in_done(void *ctx)
{
    struct sign_in *s = ctx;
    struct hub *h = s->h;
    struct colleague *c = map_get(&h->colleagues, text_of(s->user));
    if (!s->right || !c || c->gone) {
        struct tries *t = tries_of(h, "user", s->user);
        if (t) {
            t->n++;
        }
        log_event(LOG_WARN, "sign_in_refused", "known=%d", s->known);
        answer_error(h, s->request, 401, ERR_SIGN_IN);
        free(s);
        return;
    }
    struct token token = {.kind = 's', .role = c->role, .expires_ms = loop_wall_ms(h->loop) + TOKEN_STAFF_MS};
    char session[ID_BYTES], value[TOKEN_MAX + 1], cookie[TOKEN_MAX + 128];
    id_make(session);
    int err = text_copy(text_of(c->id), token.subject, sizeof token.subject);
    err = err ? err : text_copy(text_of(session), token.session, sizeof token.session);
    err = err ? err : store_secret(h->store) ? token_make(store_secret(h->store), &token, value) : ERR_STORE_AWAY;
    char *json = err ? NULL : who_json(h, c);
    if (json) {
        (void)snprintf(cookie, sizeof cookie, TOKEN_COOKIE "=%s; HttpOnly; SameSite=Strict; Path=/; Max-Age=%lld%s", value, /* fits: 256 + 100 */
                       (long long)(TOKEN_STAFF_MS / 1000), h->config->secure_cookie ? "; Secure" : "");
        const char *const headers[] = {"Set-Cookie", cookie, "Cache-Control", "no-store", NULL};
        log_event(LOG_INFO, "signed_in", "agent=%s role=%s", c->id, frame_role_name(c->role));
        (void)!edge_http_answer(h->edge, s->request, 200, "application/json", headers, text_of(json)); /* the client may be gone */
    } else {
        answer_error(h, s->request, 503, err ? err : ERR_MEMORY);
    }
    free(json);
    free(s);
}

static void sign_in(struct hub *h, edge_id request, const struct edge_http *r)
{
    json_error_t why;
    json_t *root = json_loadb(r->body.s ? r->body.s : "", r->body.n, JSON_REJECT_DUPLICATES, &why);
    const char *user = json_string_value(json_object_get(root, "user")), *password = json_string_value(json_object_get(root, "password"));
    struct sign_in *s = user && password ? calloc(1, sizeof *s) : NULL;
    struct tries *by_user = user ? tries_of(h, "user", user) : NULL;
    if (!user || !password) {
        answer(h, request, 400, "{\"error\":{\"code\":\"bad_field\",\"text\":\"send a JSON object with the texts `user` and `password`\"}}\n");
    } else if (!h->staff_known) {
        answer_error(h, request, 503, ERR_STORE_AWAY);
    } else if (by_user && by_user->n >= SIGN_IN_TRIES_MAX) {
        answer_error(h, request, 429, ERR_TOO_FAST);
    } else if (!s || text_copy(text_of(user), s->user, sizeof s->user) || text_copy(text_of(password), s->password, sizeof s->password)) {
        answer_error(h, request, 401, ERR_SIGN_IN);
    } else {
        struct colleague *c = map_get(&h->colleagues, text_of(user));
        s->h = h;
        s->request = request;
        s->known = c && !c->gone && c->password_hash && text_copy(text_of(c->password_hash), s->hash, sizeof s->hash) == 0;
        if (loop_work(h->loop, sign_in_work, sign_in_done, s) == 0) {
            s = NULL; /* handed over */
        } else {
            answer_error(h, request, 429, ERR_TOO_FAST);
        }
    }
    free(s);
    json_decref(root);
}

static void sign_out_done(void *ctx, const struct ticket *t, int err)
{
    struct hub *h = ctx;
    static const char *const headers[] = {"Set-Cookie", TOKEN_COOKIE "=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", NULL};
    if (err) {
        answer_error(h, t->a, 503, err);
    } else {
        (void)!edge_http_answer(h->edge, t->a, 204, "text/plain", headers, text_of("")); /* the client may be gone */
    }
}

static void sign_out(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct token token;
    int64_t now = loop_wall_ms(h->loop);
    if (!store_secret(h->store) || token_read(store_secret(h->store), r->cookie, 's', now, &token)) {
        answer_error(h, request, 401, ERR_SIGN_IN);
        return;
    }
    int err = edge_revoke(h->edge, text_of(token.session), token.expires_ms);
    err = err ? err : store_revoke(h->store, text_of(token.session), (uint64_t)token.expires_ms, (uint64_t)now, sign_out_done, h, (struct ticket){.a = request});
    if (err) {
        answer_error(h, request, 503, err);
    }
}

static void who(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct colleague *c = r->peer.role == ROLE_NONE ? NULL : map_get(&h->colleagues, text_of(r->peer.agent));
    char *json = c && !c->gone ? who_json(h, c) : NULL;
    if (json) {
        answer(h, request, 200, json);
    } else {
        answer_error(h, request, 401, ERR_SIGN_IN);
    }
    free(json);
}

/* --- attachments: only to those who may read the conversation, and only hashes that stand in its log ------------------------------------------------ */

struct fetch {
    struct hub *h;
    edge_id request;
    struct member reader; /* as much of a member as hub_may_read looks at */
    char conversation[ID_MAX + 1], hash[HASH_MAX + 1];
};

static void fetch_page(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct fetch *f = ctx;
    struct hub *h = f->h;
    for (size_t i = n; !err && i-- > 0;) {
        struct frame entry;
        if (entry_decode(h, e[i].entry, text_of(f->conversation), e[i].seq, &entry)) {
            continue;
        }
        for (size_t k = 0; k < entry.entry.attachments_n; k++) {
            const struct frame_attachment *a = &entry.entry.attachments[k];
            char path[4096], disposition[LABEL_MAX + 64];
            if (text_is(a->hash, f->hash) && files_path(h->files, a->hash, path, sizeof path) == 0) {
                char name[LABEL_MAX + 1];
                if (text_copy(a->name, name, sizeof name)) {
                    name[0] = '\0';
                }
                for (char *c = name; *c; c++) {
                    *c = (unsigned char)*c < 0x20 || *c == '"' || *c == '\\' || (unsigned char)*c >= 0x7f ? '_' : *c;
                }
                (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", name); /* fits */
                (void)!edge_http_file(h->edge, f->request, path, "application/octet-stream", disposition); /* never shown by type: no script of a stranger runs here */
                free(f);
                return;
            }
        }
    }
    if (!err && n > 0 && e[0].seq > 1) {
        err = store_log_before(h->store, text_of(f->conversation), e[0].seq, HUB_PAGE, fetch_page, f, *t);
        if (!err) {
            return;
        }
    }
    answer_error(h, f->request, err ? 503 : 404, err ? err : ERR_NOT_FOUND);
    free(f);
}

static void fetch_allowed(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct fetch *f = ctx;
    if (!err && !hub_may_read(f->h, &f->reader, c)) {
        err = ERR_NOT_FOUND;
    }
    err = err ? err : store_log_before(f->h->store, text_of(f->conversation), UINT32_MAX, HUB_PAGE, fetch_page, f, *t);
    if (err) {
        answer_error(f->h, f->request, err == ERR_NOT_FOUND ? 404 : 503, err);
        free(f);
    }
}

static void attachment(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct colleague *c = r->peer.role == ROLE_NONE ? NULL : map_get(&h->colleagues, text_of(r->peer.agent));
    if (!c || c->gone) {
        answer_error(h, request, 401, ERR_SIGN_IN);
        return;
    }
    struct text rest = {r->path.s + strlen("/api/attachment/"), r->path.n - strlen("/api/attachment/")};
    const char *slash = memchr(rest.s, '/', rest.n);
    struct fetch *f = slash ? calloc(1, sizeof *f) : NULL;
    if (!f || text_copy((struct text){rest.s, (size_t)(slash - rest.s)}, f->conversation, sizeof f->conversation) ||
        text_copy((struct text){slash + 1, rest.n - (size_t)(slash + 1 - rest.s)}, f->hash, sizeof f->hash)) {
        free(f);
        answer_error(h, request, 404, ERR_NOT_FOUND);
        return;
    }
    f->h = h;
    f->request = request;
    f->reader.role = c->role;
    f->reader.colleague = c;
    int err = store_conversation_get(h->store, text_of(f->conversation), (struct text){NULL, 0}, fetch_allowed, f, (struct ticket){0});
    if (err) {
        free(f);
        answer_error(h, request, 503, err);
    }
}

/* --- webhooks ------------------------------------------------------------------------------------------------------------------------------------- */

struct hook {
    struct hub *h;
    edge_id request;
    struct buf room;
    struct buf receipt;
    char conversation[ID_MAX + 1];
};

static void hook_end(struct hook *k, int err)
{
    /* 200 only when it is on disk (or was before); 503 makes the gateway offer it again. */
    bool taken = err == 0 || err == ERR_DUPLICATE || err == ERR_NOT_FOUND;
    (void)!edge_http_answer(k->h->edge, k->request, taken ? 200 : 503, "text/plain", NULL, text_of("")); /* the gateway repeats if it did not hear */
    buf_done(&k->room);
    buf_done(&k->receipt);
    free(k);
}

static void hook_taken(void *ctx, int err)
{
    hook_end(ctx, err);
}

static void hook_reported(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct hook *k = ctx;
    (void)t;
    if (!err) {
        deliver_entry(k->h, text_of(k->conversation), r->seq, buf_text(&k->receipt));
    }
    hook_end(k, err);
}

static int hook_report(struct hub *h, struct hook *k, const struct edge_http *r)
{
    struct kannel_report report;
    int err = kannel_delivery(h->kannel, h->config->numbers_n, r->query, &k->room, &report);
    err = err ? err : text_copy(report.conversation, k->conversation, sizeof k->conversation);
    if (err) {
        return err;
    }
    uint64_t now = (uint64_t)loop_wall_ms(h->loop);
    struct frame_entry e = {.conversation = report.conversation, .kind = TEXT_LITERAL("receipt"), .at = now, .from = TEXT_LITERAL("system"),
                            .channel = TEXT_LITERAL("sms"), .of = report.seq, .state = text_of(report.state),
                            .reason = text_cut(report.reason, TEXT_LINE_MAX)};
    struct text blob;
    err = entry_encode(h, &e, &blob);
    err = err ? err : buf_add_text(&k->receipt, blob);
    return err ? err
               : store_receipt(h->store, text_of(k->conversation), report.seq, text_of(report.state), buf_text(&k->receipt), hook_reported, k,
                               (struct ticket){0});
}

static void hook(struct hub *h, edge_id request, const struct edge_http *r, bool report)
{
    struct hook *k = calloc(1, sizeof *k);
    if (!k) {
        answer_error(h, request, 503, ERR_MEMORY);
        return;
    }
    k->h = h;
    k->request = request;
    buf_init(&k->room, EDGE_BODY_BYTES_MAX);
    buf_init(&k->receipt, HUB_ENTRY_BYTES_MAX);
    int err;
    if (report) {
        err = hook_report(h, k, r);
    } else {
        struct inbound m = {0};
        err = kannel_inbound(h->kannel, h->config->numbers_n, r->query, &k->room, &m);
        err = err ? err : inbound_hub_take(h, &m, hook_taken, k);
    }
    if (err) {
        int status = err == ERR_FORBIDDEN ? 403 : err == ERR_BAD_INPUT ? 400 : 503;
        log_event(LOG_WARN, "hook_refused", "hook=%s err=%s status=%d", report ? "dlr" : "in", err_name(err), status);
        answer_error(h, request, status, err);
        buf_done(&k->room);
        buf_done(&k->receipt);
        free(k);
    }
}

void http_request(void *hub, edge_id request, const struct edge_http *r)
{
    struct hub *h = hub;
    bool get = strcmp(r->method, "GET") == 0, post = strcmp(r->method, "POST") == 0;
    if (text_is(r->path, "/health") && get) {
        answer(h, request, h->up ? 200 : 503, h->up ? "{\"status\":\"ok\"}\n" : "{\"status\":\"store_away\"}\n");
    } else if (text_is(r->path, "/api/sign-in") && post) {
        sign_in(h, request, r);
    } else if (text_is(r->path, "/api/sign-out") && post) {
        sign_out(h, request, r);
    } else if (text_is(r->path, "/api/session") && get) {
        who(h, request, r);
    } else if (text_equal(text_cut(r->path, 16), TEXT_LITERAL("/api/attachment/")) && get) {
        attachment(h, request, r);
    } else if (text_is(r->path, "/hook/sms/kannel/in") && get) {
        hook(h, request, r, false);
    } else if (text_is(r->path, "/hook/sms/kannel/dlr") && get) {
        hook(h, request, r, true);
    } else {
        answer_error(h, request, 404, ERR_NOT_FOUND);
    }
}
