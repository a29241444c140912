/* /api/nodes: the brokers, and asking one to hand over and end. */
#include <string.h>

#include "hub/api.h"

static json_t *node_row(const struct store_node *n)
{
    json_t *about = n->about.n > 0 ? json_loadb(n->about.s, n->about.n, 0, NULL) : NULL;
    json_t *row = json_pack("{s:o,s:b,s:b,s:I,s:b,s:I}", "id", api_text(n->id), "alive", n->silent_ms < STORE_SILENT_MS, "routes", n->routes,
                            "sessions", json_integer_value(json_object_get(about, "sessions")), "draining",
                            json_is_true(json_object_get(about, "draining")), "silent_ms", (json_int_t)n->silent_ms);
    json_decref(about);
    return row;
}

static void nodes_listed(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    struct api_call *a = ctx;
    (void)t;
    if (err) {
        api_fail(a, err);
        return;
    }
    json_t *results = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(results, node_row(&nodes[i])); /* short of memory: one less, and the answer fails */
    }
    api_answer(a, 200, api_list(results), NULL);
}

static void nodes_read(struct api_call *a, store_nodes_done done)
{
    int err = api_query_only(a, "") ? store_nodes_get(a->h->store, done, a, (struct ticket){0}) : 0;
    if (err) {
        api_fail(a, err);
    }
}

void api_node_list(struct api_call *a)
{
    nodes_read(a, nodes_listed);
}

static void drain_known(void *ctx, const struct ticket *t, int err, const struct store_node *nodes, size_t n)
{
    struct api_call *a = ctx;
    struct hub *h = a->h;
    bool known = false;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        known |= text_is(nodes[i].id, a->id) && nodes[i].silent_ms < STORE_SILENT_MS;
    }
    if (err) {
        api_fail(a, err);
    } else if (!known) {
        api_refuse(a, 404, "not_found", NULL, "no broker `%s` lives; GET /api/nodes lists them", a->id);
    } else {
        char node[ID_MAX + 1];
        audit_write(h, map_get(&h->colleagues, text_of(a->actor)), "drain", text_of(a->id), (struct text){NULL, 0});
        memcpy(node, a->id, sizeof node);
        api_answer(a, 202, json_pack("{s:s,s:b}", "id", node, "draining", true), NULL);
        if (strcmp(node, h->config->node) == 0) {
            node_drain(h);
        } else {
            others_drain(h, text_of(node));
        }
    }
}

void api_node_drain(struct api_call *a)
{
    nodes_read(a, drain_known);
}
