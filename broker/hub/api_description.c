/* GET /api/openapi.yaml: the description of all this, for everybody. */
#include "hub/api.h"
#include "hub/api_openapi.h"

void api_description(struct hub *h, edge_id request, const struct edge_http *r)
{
    static const char *const headers[] = {"Cache-Control", "no-cache", NULL};
    const struct text yaml = {(const char *)api_openapi, api_openapi_len};
    (void)r;
    (void)!edge_http_answer(h->edge, request, 200, "application/yaml", headers, yaml); /* the client may be gone */
}
