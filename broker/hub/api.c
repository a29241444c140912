#include "hub/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/sign_in.h"

enum who { SIGNED_IN_SUPERVISOR, SIGNED_IN_ADMIN };

static const struct route {
    const char *method, *path;
    void (*door)(struct hub *h, edge_id request, const struct edge_http *r); /* one of these two */
    void (*call)(struct api_call *a);
    enum who who;
} routes[] = {
#define DOOR(method, path, function) {#method, path, function, NULL, 0},
#define API(method, path, who, function) {#method, path, NULL, function, SIGNED_IN_##who},
#include "hub/api_routes.def"
#undef DOOR
#undef API
};
#define ROUTES_N (sizeof routes / sizeof routes[0])

/* --- which function ------------------------------------------------------------------------------------------------------------------------ */

/* @id gets what stands at the first {…}. */
static bool path_fits(const char *pattern, struct text path, struct text *id)
{
    size_t at = 0;
    *id = (struct text){NULL, 0};
    while (*pattern) {
        if (*pattern == '{') {
            size_t from = at;
            while (at < path.n && path.s[at] != '/') {
                at++;
            }
            if (at == from) {
                return false;
            }
            if (!id->s) {
                *id = (struct text){path.s + from, at - from};
            }
            pattern = strchr(pattern, '}') + 1;
        } else if (at < path.n && path.s[at] == *pattern) {
            at++;
            pattern++;
        } else {
            return false;
        }
    }
    return at == path.n;
}

/* "GET, HEAD, PUT" */
static void allow_make(struct text path, char *out, size_t out_bytes)
{
    size_t n = 0;
    struct text id;
    out[0] = '\0';
    for (size_t i = 0; i < ROUTES_N; i++) {
        if (path_fits(routes[i].path, path, &id)) {
            n += (size_t)snprintf(out + n, out_bytes - n, "%s%s%s", n > 0 ? ", " : "", routes[i].method, strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : ""); /* fits: four methods */
        }
    }
}

static const struct route *route_find(struct text path, const char *method, struct text *id, bool *path_known)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    *path_known = false;
    for (size_t i = 0; i < ROUTES_N; i++) {
        if (path_fits(routes[i].path, path, id)) {
            *path_known = true;
            if (strcmp(routes[i].method, wanted) == 0) {
                return &routes[i];
            }
        }
    }
    return NULL;
}

/* --- answers ------------------------------------------------------------------------------------------------------------------------------- */

static void call_free(struct api_call *a)
{
    if (a->state_free) {
        a->state_free(a->state);
    }
    explicit_bzero(a->body.data, a->body.len); /* a password may have been in it */
    buf_done(&a->body);
    buf_done(&a->query);
    free(a);
}

static void answer(struct hub *h, edge_id request, int status, const char *type, const char *name, const char *value, struct text body)
{
    const char *const headers[] = {"Cache-Control", "no-store", name, value, NULL};
    int err = edge_http_answer(h->edge, request, status, type, headers, body);
    if (err && err != ERR_CLOSED) { /* closed: the client is gone */
        log_event(LOG_ERROR, "answer_lost", "status=%d why=\"%s\"", status, err_text(err));
    }
}

static json_t *error_make(const char *code, const char *field, const char *text)
{
    return field && field[0] ? json_pack("{s:{s:s,s:s,s:s}}", "error", "code", code, "field", field, "text", text)
                             : json_pack("{s:{s:s,s:s}}", "error", "code", code, "text", text);
}

static void error_send(struct hub *h, edge_id request, int status, const char *code, const char *field, const char *text, const char *name, const char *value)
{
    json_t *e = error_make(code, field, text);
    char *body = e ? json_dumps(e, JSON_COMPACT) : NULL;
    answer(h, request, status, "application/json", name, value, text_of(body ? body : "{\"error\":{\"code\":\"memory\",\"text\":\"out of memory\"}}"));
    free(body);
    json_decref(e);
}

void api_answer_text(struct api_call *a, int status, const char *type, struct text body, const char *etag)
{
    answer(a->h, a->request, status, type, etag ? "ETag" : NULL, etag, body);
    call_free(a);
}

void api_answer(struct api_call *a, int status, json_t *body, const char *etag)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (text) {
        api_answer_text(a, status, "application/json", text_of(text), etag);
    } else {
        api_fail(a, ERR_MEMORY);
    }
    free(text);
}

void api_answer_empty(struct api_call *a)
{
    answer(a->h, a->request, 204, "text/plain", NULL, NULL, text_of(""));
    call_free(a);
}

void api_refuse(struct api_call *a, int status, const char *code, const char *field, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut is fine: a sentence for people */
    va_end(args);
    error_send(a->h, a->request, status, code, field, text, NULL, NULL);
    call_free(a);
}

void api_refuse_fault(struct api_call *a, int err, const struct frame_fault *fault)
{
    if (err == ERR_MEMORY) {
        api_fail(a, err);
    } else if (err == ERR_BAD_FRAME) {
        api_refuse(a, 400, "bad_input", NULL, "the body is not one JSON object%s%s", fault->remedy && fault->remedy[0] ? ": " : "", fault->remedy ? fault->remedy : "");
    } else {
        api_refuse(a, err == ERR_BAD_STATE ? 409 : 400, err_name(err), fault->path, "%s", fault->remedy && fault->remedy[0] ? fault->remedy : err_text(err));
    }
}

void api_fail(struct api_call *a, int err)
{
    switch (err) {
    case ERR_STALE:
        if (a->must_match || a->must_be_new) {
            api_refuse(a, 412, "stale", NULL, "somebody else changed this first; read it again and decide anew");
        } else {
            api_refuse(a, 409, "stale", NULL, "somebody else changed this first; read it again and decide anew");
        }
        break;
    case ERR_NOT_FOUND:
        api_refuse(a, 404, "not_found", NULL, "there is no such thing, or no longer");
        break;
    default:
        api_refuse(a, 503, err_name(err), NULL, "%s; try again", err_text(err));
        break;
    }
}

/* --- small parts --------------------------------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; /* edge writes them so */
}

static int argument_decode(struct text in, char *out, size_t out_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        int c = (unsigned char)in.s[i];
        if (c == '%') {
            int high = i + 2 < in.n ? hex_digit(in.s[i + 1]) : -1, low = i + 2 < in.n ? hex_digit(in.s[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return ERR_BAD_INPUT;
            }
            c = high * 16 + low;
            i += 2;
        }
        if (n + 1 >= out_bytes) {
            return ERR_TOO_LARGE;
        }
        if (c == '\0') {
            return ERR_BAD_INPUT;
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return 0;
}

/* The next name=value of the query; false at its end. */
static bool argument_next(struct text query, size_t *at, struct text *name, struct text *value)
{
    if (*at >= query.n) {
        return false;
    }
    size_t end = *at;
    while (end < query.n && query.s[end] != '&') {
        end++;
    }
    struct text one = {query.s + *at, end - *at};
    const char *equals = memchr(one.s, '=', one.n);
    *name = (struct text){one.s, equals ? (size_t)(equals - one.s) : one.n};
    *value = equals ? (struct text){equals + 1, one.n - name->n - 1} : (struct text){"", 0};
    *at = end + 1;
    return true;
}

int api_query(const struct api_call *a, const char *name, char *out, size_t out_bytes)
{
    size_t at = 0;
    struct text n, value;
    while (argument_next(buf_text(&a->query), &at, &n, &value)) {
        if (text_is(n, name)) {
            return argument_decode(value, out, out_bytes);
        }
    }
    return ERR_NOT_FOUND;
}

bool api_query_only(struct api_call *a, const char *names)
{
    size_t at = 0;
    struct text n, value;
    while (argument_next(buf_text(&a->query), &at, &n, &value)) {
        if (n.n > 0 && !text_has_word(text_of(names), n)) {
            char name[64];
            (void)snprintf(name, sizeof name, "%.*s", n.n < 60 ? (int)n.n : 60, n.s); /* fits */
            api_refuse(a, 400, "bad_field", name, "`%s` is not a parameter here; there are: %s", name, names[0] ? names : "none");
            return false;
        }
    }
    return true;
}

struct store_author api_author(const struct api_call *a)
{
    return (struct store_author){.actor = text_of(a->actor), .now_ms = (uint64_t)loop_wall_ms(a->h->loop)};
}

const struct text *api_find(const struct text *pairs, size_t n, struct text name)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (text_equal(pairs[i], name)) {
            return &pairs[i + 1];
        }
    }
    return NULL;
}

json_t *api_list(json_t *results)
{
    return json_pack("{s:I,s:o}", "count", (json_int_t)json_array_size(results), "results", results);
}

json_t *api_text(struct text t)
{
    return t.s ? json_stringn(t.s, t.n) : json_null();
}

void api_etag(struct text stored, char out[API_ETAG_BYTES])
{
    uint64_t hash = 14695981039346656037ull; /* FNV-1a, 64 bits */
    for (size_t i = 0; i < stored.n; i++) {
        hash = (hash ^ (unsigned char)stored.s[i]) * 1099511628211ull;
    }
    (void)snprintf(out, API_ETAG_BYTES, "\"%016llx\"", (unsigned long long)hash); /* 18 characters */
}

/* RFC 9110, sections 13.1.1 and 13.1.2; a list of tags is looked through, weak ones never match. */
static bool tag_in(const char *list, const char *etag)
{
    return strcmp(list, "*") == 0 || (etag && strstr(list, etag) && (strstr(list, etag) == list || strstr(list, etag)[-1] != '/'));
}

bool api_match(struct api_call *a, const char *etag)
{
    if (a->must_match && (!etag || !tag_in(a->if_match, etag))) {
        api_refuse(a, 412, "stale", NULL, etag ? "it has changed since you read it; read it again and decide anew" : "it is not there any more");
        return false;
    }
    if (a->must_be_new && etag && tag_in(a->if_none_match, etag)) {
        api_refuse(a, 412, "stale", NULL, "it is there already");
        return false;
    }
    return true;
}

/* --- the way in ---------------------------------------------------------------------------------------------------------------------------- */

static bool type_is_json(struct text type)
{
    const struct text json = TEXT_LITERAL("application/json");
    if (type.n < json.n || strncasecmp(type.s, json.s, json.n) != 0) {
        return false;
    }
    return type.n == json.n || type.s[json.n] == ';' || type.s[json.n] == ' ';
}

static int call_new(struct hub *h, edge_id request, const struct edge_http *r, struct text id, struct api_call **out)
{
    struct api_call *a = calloc(1, sizeof *a);
    if (!a) {
        return ERR_MEMORY;
    }
    *a = (struct api_call){.h = h, .request = request, .must_match = r->if_match.s != NULL, .must_be_new = r->if_none_match.s != NULL};
    buf_init(&a->body, EDGE_BODY_BYTES_MAX);
    buf_init(&a->query, r->query.n + 1);
    int err = buf_add_text(&a->body, r->body);
    err = err ? err : buf_add_text(&a->query, r->query);
    if (err) {
        call_free(a);
        return err;
    }
    /* What does not fit is the name of nothing that we have. */
    (void)!text_copy(text_of(r->peer.agent), a->actor, sizeof a->actor);
    (void)!text_copy(id, a->id, sizeof a->id);
    (void)!text_copy(r->if_match, a->if_match, sizeof a->if_match);
    (void)!text_copy(r->if_none_match, a->if_none_match, sizeof a->if_none_match);
    *out = a;
    return 0;
}

static void call_route(struct hub *h, edge_id request, const struct edge_http *r, const struct route *route, struct text id)
{
    const struct colleague *c = r->peer.role == ROLE_NONE ? NULL : map_get(&h->colleagues, text_of(r->peer.agent));
    struct api_call *a;
    if (!h->staff_known || !h->up) {
        error_send(h, request, 503, err_name(ERR_STORE_AWAY), NULL, "the store cannot be reached; try again", NULL, NULL);
    } else if (!c || c->gone) {
        error_send(h, request, 401, err_name(ERR_SIGN_IN), NULL, "sign in first: POST /api/sign-in, or the cookie that `loketctl session ID` prints", NULL, NULL);
    } else if (c->role != SUPERVISOR) {
        error_send(h, request, 403, err_name(ERR_FORBIDDEN), NULL, "supervisors and administrators may do that", NULL, NULL);
    } else if (route->who == SIGNED_IN_ADMIN && !c->admin) {
        error_send(h, request, 403, err_name(ERR_FORBIDDEN), NULL, "administrators may do that", NULL, NULL);
    } else if (strcmp(route->method, "PUT") == 0 && !type_is_json(r->type)) {
        error_send(h, request, 415, "bad_type", NULL, "send the body as Content-Type: application/json", NULL, NULL);
    } else if (call_new(h, request, r, id, &a)) {
        error_send(h, request, 503, err_name(ERR_MEMORY), NULL, "out of memory; try again", NULL, NULL);
    } else if (id.n > ID_MAX) {
        api_refuse(a, 400, "bad_field", "id", "an id has at most %d characters", ID_MAX);
    } else {
        route->call(a);
    }
}

void api_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    bool path_known;
    struct text id;
    const struct route *route = route_find(r->path, r->method, &id, &path_known);
    if (route && route->door) {
        route->door(h, request, r);
    } else if (route) {
        call_route(h, request, r, route, id);
    } else if (path_known) {
        char allow[64];
        allow_make(r->path, allow, sizeof allow);
        error_send(h, request, 405, "bad_method", NULL, "this path does not know that method; see the header Allow", "Allow", allow);
    } else {
        error_send(h, request, 404, err_name(ERR_NOT_FOUND), NULL, "there is nothing at this path; GET /api/openapi.yaml describes what there is", NULL, NULL);
    }
}
