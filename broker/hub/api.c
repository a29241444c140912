#include "hub/api.h"

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
            n += (size_t)snprintf(out + n, out_bytes - n, "%s%s%s", n > 0 ? ", " : "", routes[i].method,
                                  strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : ""); /* fits: four methods */
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
        api_end(a);
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
        api_error(h, request, 503, err_name(ERR_STORE_AWAY), NULL, "the store cannot be reached; try again", NULL, NULL);
    } else if (!c || c->gone) {
        api_error(h, request, 401, err_name(ERR_SIGN_IN), NULL, "sign in first: POST /api/sign-in, or the cookie that `loketctl session ID` prints",
                   NULL, NULL);
    } else if (c->role != SUPERVISOR) {
        api_error(h, request, 403, err_name(ERR_FORBIDDEN), NULL, "supervisors and administrators may do that", NULL, NULL);
    } else if (route->who == SIGNED_IN_ADMIN && !c->admin) {
        api_error(h, request, 403, err_name(ERR_FORBIDDEN), NULL, "administrators may do that", NULL, NULL);
    } else if (strcmp(route->method, "PUT") == 0 && !type_is_json(r->type)) {
        api_error(h, request, 415, "bad_type", NULL, "send the body as Content-Type: application/json", NULL, NULL);
    } else if (call_new(h, request, r, id, &a)) {
        api_error(h, request, 503, err_name(ERR_MEMORY), NULL, "out of memory; try again", NULL, NULL);
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
        api_error(h, request, 405, "bad_method", NULL, "this path does not know that method; see the header Allow", "Allow", allow);
    } else {
        api_error(h, request, 404, err_name(ERR_NOT_FOUND), NULL, "there is nothing at this path; GET /api/openapi.yaml describes what there is",
                   NULL, NULL);
    }
}
