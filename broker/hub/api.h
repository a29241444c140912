/* HTTP: from the request to the function that answers it (api_routes.def), and what those functions share. One resource a file.
 *
 * What is refused, in this order: an unknown path 404; a method that the path has not 405 with Allow; nobody signed in 401; the wrong role 403; a
 * body that is not JSON 415; then the function's own checks. Every refusal below /api/ is {"error":{"code":…,"field":…,"text":…}}: what is wrong,
 * where, and what to do. */
#ifndef LOKET_HUB_API_H
#define LOKET_HUB_API_H

#include <jansson.h>

#include "hub/api_rules.h"
#include "hub/api_time.h"
#include "hub/hub_internal.h"

/* One request. Answered exactly once, with api_answer…, api_refuse… or api_fail, which end it. */
struct api_call {
    struct hub *h;
    edge_id request;
    char actor[ID_MAX + 1]; /* who asks */
    char id[ID_MAX + 1];    /* {id} of the path; "" when it has none */
    char if_match[64], if_none_match[64]; /* as sent; "" none */
    bool must_match, must_be_new;         /* If-Match and If-None-Match were sent */
    struct buf body, query;
    void *state;            /* of the function, owned; @state_free lets go of it */
    void (*state_free)(void *state);
};

void api_request(struct hub *h, edge_id request, const struct edge_http *r);

/* api_answer.c */
void api_end(struct api_call *a); /* without an answer */
/* A refusal, when there is no call yet; @name and @value: one more header, or NULL. */
void api_error(struct hub *h, edge_id request, int status, const char *code, const char *field, const char *text, const char *name, const char *value);
void api_answer(struct api_call *a, int status, json_t *body, const char *etag); /* takes @body, NULL is a failure of memory; @etag NULL: none */
void api_answer_text(struct api_call *a, int status, const char *type, struct text body, const char *etag);
void api_answer_empty(struct api_call *a); /* 204 */
/* @field NULL: it is about none */
void api_refuse(struct api_call *a, int status, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void api_refuse_fault(struct api_call *a, int err, const struct frame_fault *fault); /* what settings.h or api_rules.h found wrong in the body: 400 */
void api_fail(struct api_call *a, int err); /* the store's answer, or memory */

/* The value of ?name=, decoded. 0; ERR_NOT_FOUND; ERR_TOO_LARGE, ERR_BAD_INPUT */
int api_query(const struct api_call *a, const char *name, char *out, size_t out_bytes) MUST_CHECK;
/* Only these names (separated by spaces) may stand in the query; false: refused. */
bool api_query_only(struct api_call *a, const char *names);
struct store_author api_author(const struct api_call *a);
const struct text *api_find(const struct text *pairs, size_t n, struct text name); /* in name, value, name, value, …; NULL: none */
json_t *api_list(json_t *results); /* {"count":N,"results":[…]} */
json_t *api_text(struct text t);   /* a JSON text; null when absent */

/* An entity tag of a stored text. It tells versions apart for polite clients; the store itself compares the whole text. */
#define API_ETAG_BYTES 20
void api_etag(struct text stored, char out[API_ETAG_BYTES]);
/* If-Match and If-None-Match against what is there (absent text: nothing). True: go on; false: 412 was answered. */
bool api_match(struct api_call *a, const char *etag);

/* api_queues.c */
struct api_pairs { /* a list that outlives its callback: name, value, name, value, … */
    struct text *texts;
    size_t n;
    struct buf room; /* their bytes */
};
int api_pairs_keep(struct api_pairs *p, const struct text *texts, size_t n) MUST_CHECK; /* once; api_pairs_done in any case */
void api_pairs_done(struct api_pairs *p);
struct rules api_rules_of(const struct api_call *a, const struct text *settings, size_t n);
void api_settings_read(struct api_call *a, store_texts_done done); /* @a as its ctx */
void api_answer_json(struct api_call *a, int status, struct text json); /* with its tag */

/* Put back what stood there before, if what came after still stands there: api_settings.c, api_agents.c */
void api_setting_undo(struct api_call *a, struct text name, struct text before, struct text after);
void api_agent_undo(struct api_call *a, struct text agent, struct text before, struct text after);

#define DOOR(method, path, function) void function(struct hub *h, edge_id request, const struct edge_http *r);
#define API(method, path, who, function) void function(struct api_call *a);
#include "hub/api_routes.def"
#undef DOOR
#undef API

#endif
