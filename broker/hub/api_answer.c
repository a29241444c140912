/* What the functions of the API share: answers, refusals, what stands in the query, tags. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"

void api_end(struct api_call *a)
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

void api_error(struct hub *h, edge_id request, int status, const char *code, const char *field, const char *text, const char *name,
                       const char *value)
{
    json_t *e = error_make(code, field, text);
    char *body = e ? json_dumps(e, JSON_COMPACT) : NULL;
    answer(h, request, status, "application/json", name, value,
           text_of(body ? body : "{\"error\":{\"code\":\"memory\",\"text\":\"out of memory\"}}"));
    free(body);
    json_decref(e);
}

void api_answer_text(struct api_call *a, int status, const char *type, struct text body, const char *etag)
{
    answer(a->h, a->request, status, type, etag ? "ETag" : NULL, etag, body);
    api_end(a);
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
    api_end(a);
}

void api_refuse(struct api_call *a, int status, const char *code, const char *field, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args); /* cut is fine: a sentence for people */
    va_end(args);
    api_error(a->h, a->request, status, code, field, text, NULL, NULL);
    api_end(a);
}

void api_refuse_fault(struct api_call *a, int err, const struct frame_fault *fault)
{
    if (err == ERR_MEMORY) {
        api_fail(a, err);
    } else if (err == ERR_BAD_FRAME) {
        api_refuse(a, 400, "bad_input", NULL, "the body is not one JSON object%s%s", fault->remedy && fault->remedy[0] ? ": " : "",
                   fault->remedy ? fault->remedy : "");
    } else {
        api_refuse(a, err == ERR_BAD_STATE ? 409 : 400, err_name(err), fault->path, "%s",
                   fault->remedy && fault->remedy[0] ? fault->remedy : err_text(err));
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
        if (n.n > 0 && !text_has_word(text_of(names), " ,", n)) {
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
