#include "hub/sign_in.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/password.h"
#include "edge/token.h"
#include "hub/hub_internal.h"

#define TRIES_USER_MAX 10       /* wrong passwords for one user within the window */
#define TRIES_ADDRESS_MAX 50    /* from one address: an office behind one address mistypes more often */
#define SIGN_IN_WINDOW_MS 60000

static char *who_json(struct hub *h, const struct colleague *c)
{
    json_t *o = json_pack("{s:s,s:s,s:s,s:s}", "role", frame_role_name(c->role), "agent", c->id, "name", c->name, "organisation",
                          h->config->organisation_name);
    char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text;
}

struct sign_in {
    struct hub *h;
    edge_id request;
    char user[ID_MAX + 1], password[SIGN_IN_PASSWORD_MAX + 1], address[64];
    char hash[256];
    bool known, right;
};

/* Wrong tries, by user and by address, in hub->tries; when that is full, any of them gives way. */
struct tries {
    int64_t since_ms;
    unsigned n;
};

static struct tries *tries_of(struct hub *h, const char *kind, const char *who)
{
    char key[160];
    (void)snprintf(key, sizeof key, "%s:%s", kind, who); /* a longer name is cut: at worst two share a limit */
    int64_t now = loop_now_ms(h->loop);
    struct tries *t = map_get(&h->tries, text_of(key));
    if (t && now - t->since_ms > SIGN_IN_WINDOW_MS) {
        *t = (struct tries){.since_ms = now};
    }
    if (!t) {
        size_t at = 0;
        struct text old;
        void *value;
        while (h->tries.count >= h->tries.cap && map_next(&h->tries, &at, &old, &value)) {
            free(map_remove(&h->tries, old));
        }
        t = calloc(1, sizeof *t);
        if (!t || map_set(&h->tries, text_of(key), t)) {
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
        struct tries *by_user = tries_of(h, "user", s->user);
        if (by_user) {
            by_user->n++;
        }
        struct tries *by_address = tries_of(h, "address", s->address);
        if (by_address) {
            by_address->n++;
        }
        log_event(LOG_WARN, "sign_in_refused", "known=%d", s->known);
        http_answer_error(h, s->request, 401, ERR_SIGN_IN);
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
        http_answer_error(h, s->request, 503, err ? err : ERR_MEMORY);
    }
    free(json);
    free(s);
}

int sign_in_read(struct text body, char user[ID_MAX + 1], char password[SIGN_IN_PASSWORD_MAX + 1])
{
    json_error_t why;
    json_t *root = json_loadb(body.s ? body.s : "", body.n, JSON_REJECT_DUPLICATES, &why);
    struct text u = text_of(json_string_value(json_object_get(root, "user"))), p = text_of(json_string_value(json_object_get(root, "password")));
    int err = !u.s || !p.s ? ERR_BAD_FIELD : text_copy(u, user, ID_MAX + 1) || text_copy(p, password, SIGN_IN_PASSWORD_MAX + 1) ? ERR_SIGN_IN : 0;
    json_decref(root);
    return err;
}

static bool tries_spent(const struct tries *t, unsigned max)
{
    return t && t->n >= max;
}

void sign_in_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct sign_in *s = calloc(1, sizeof *s);
    int err = s ? sign_in_read(r->body, s->user, s->password) : ERR_MEMORY;
    err = err == 0 && (tries_spent(tries_of(h, "user", s->user), TRIES_USER_MAX) || tries_spent(tries_of(h, "address", r->address), TRIES_ADDRESS_MAX)) ? ERR_TOO_FAST : err;
    if (!err && h->staff_known) {
        struct colleague *c = map_get(&h->colleagues, text_of(s->user));
        s->h = h;
        s->request = request;
        (void)!text_copy(text_of(r->address), s->address, sizeof s->address); /* a numeric address fits */
        s->known = c && !c->gone && c->password_hash && text_copy(text_of(c->password_hash), s->hash, sizeof s->hash) == 0;
        if (loop_work(h->loop, sign_in_work, sign_in_done, s) == 0) {
            return; /* handed over */
        }
        err = ERR_TOO_FAST;
    } else if (!err) {
        err = ERR_STORE_AWAY;
    }
    if (err == ERR_BAD_FIELD) {
        http_answer(h, request, 400, "{\"error\":{\"code\":\"bad_field\",\"text\":\"send a JSON object with the texts `user` and `password`\"}}\n");
    } else {
        http_answer_error(h, request, err == ERR_SIGN_IN ? 401 : err == ERR_TOO_FAST ? 429 : 503, err);
    }
    if (s) {
        explicit_bzero(s->password, sizeof s->password);
    }
    free(s);
}

static void sign_out_done(void *ctx, const struct ticket *t, int err)
{
    struct hub *h = ctx;
    static const char *const headers[] = {"Set-Cookie", TOKEN_COOKIE "=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0", NULL};
    if (err) {
        http_answer_error(h, t->a, 503, err);
    } else {
        (void)!edge_http_answer(h->edge, t->a, 204, "text/plain", headers, text_of("")); /* the client may be gone */
    }
}

void sign_out_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct token token;
    int64_t now = loop_wall_ms(h->loop);
    if (!store_secret(h->store) || token_read(store_secret(h->store), r->cookie, 's', now, &token)) {
        http_answer_error(h, request, 401, ERR_SIGN_IN);
        return;
    }
    int err = edge_revoke(h->edge, text_of(token.session), token.expires_ms);
    err = err ? err : store_revoke(h->store, text_of(token.session), (uint64_t)token.expires_ms, (uint64_t)now, sign_out_done, h, (struct ticket){.a = request});
    if (err) {
        http_answer_error(h, request, 503, err);
    }
}

void who_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct colleague *c = r->peer.role == ROLE_NONE ? NULL : map_get(&h->colleagues, text_of(r->peer.agent));
    char *json = c && !c->gone ? who_json(h, c) : NULL;
    if (json) {
        http_answer(h, request, 200, json);
    } else if (!h->staff_known) {
        http_answer_error(h, request, 503, ERR_STORE_AWAY);
    } else {
        http_answer_error(h, request, 401, ERR_SIGN_IN);
    }
    free(json);
}
