/* HTTP that is not a page: attachments, webhooks, health. Which request goes where stands in api_routes.def; signing in and out in sign_in.c. */
#include "hub/hub_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/api.h"

void http_answer(struct hub *h, edge_id request, int status, const char *json)
{
    static const char *const headers[] = {"Cache-Control", "no-store", NULL};
    (void)!edge_http_answer(h->edge, request, status, "application/json", headers, text_of(json)); /* the client may be gone */
}

void http_answer_error(struct hub *h, edge_id request, int status, int err)
{
    char json[256];
    (void)snprintf(json, sizeof json, "{\"error\":{\"code\":\"%s\",\"text\":\"%s\"}}\n", err_name(err), err_text(err)); /* both are ours and short */
    http_answer(h, request, status, json);
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
    http_answer_error(h, f->request, err ? 503 : 404, err ? err : ERR_NOT_FOUND);
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
        http_answer_error(f->h, f->request, err == ERR_NOT_FOUND ? 404 : 503, err);
        free(f);
    }
}

void attachment_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    struct colleague *c = r->peer.role == ROLE_NONE ? NULL : map_get(&h->colleagues, text_of(r->peer.agent));
    if (!c || c->gone) {
        http_answer_error(h, request, 401, ERR_SIGN_IN);
        return;
    }
    struct text rest = {r->path.s + strlen("/api/attachment/"), r->path.n - strlen("/api/attachment/")};
    const char *slash = memchr(rest.s, '/', rest.n);
    struct fetch *f = slash ? calloc(1, sizeof *f) : NULL;
    if (!f || text_copy((struct text){rest.s, (size_t)(slash - rest.s)}, f->conversation, sizeof f->conversation) ||
        text_copy((struct text){slash + 1, rest.n - (size_t)(slash + 1 - rest.s)}, f->hash, sizeof f->hash)) {
        free(f);
        http_answer_error(h, request, 404, ERR_NOT_FOUND);
        return;
    }
    f->h = h;
    f->request = request;
    f->reader.role = c->role;
    f->reader.colleague = c;
    int err = store_conversation_get(h->store, text_of(f->conversation), (struct text){NULL, 0}, fetch_allowed, f, (struct ticket){0});
    if (err) {
        free(f);
        http_answer_error(h, request, 503, err);
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
        deliver_others(k->h, text_of(k->conversation), r->seq, buf_text(&k->receipt), r->nodes);
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
        http_answer_error(h, request, 503, ERR_MEMORY);
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
        http_answer_error(h, request, status, err);
        buf_done(&k->room);
        buf_done(&k->receipt);
        free(k);
    }
}

void hook_in_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    hook(h, request, r, false);
}

void hook_dlr_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    hook(h, request, r, true);
}

void health_request(struct hub *h, edge_id request, const struct edge_http *r)
{
    bool ready = h->up && h->staff_known; /* known since the first time: until then nobody is let in */
    const char *status = !ready ? "{\"status\":\"store_away\"}\n" : node_is_draining(h) ? "{\"status\":\"draining\"}\n" : "{\"status\":\"ok\"}\n";
    (void)r;
    http_answer(h, request, ready && !node_is_draining(h) ? 200 : 503, status);
}

void http_request(void *hub, edge_id request, const struct edge_http *r)
{
    api_request(hub, request, r); /* api_routes.def */
}
