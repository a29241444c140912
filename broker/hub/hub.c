/* The hub's life, and from event to verb. */
#include "hub/hub_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUB_TICK_MS 1000
#define HUB_ATTENTION_MAX 100
#define HUB_SWEEP_TICKS 10

typedef void (*verb_handler)(struct hub *h, struct member *m, const struct frame *f);
static const verb_handler handlers[VERB_COUNT] = {
    [VERB_start] = verb_start,       [VERB_resume] = verb_resume, [VERB_leave] = verb_leave, [VERB_history] = verb_history,
    [VERB_say] = verb_say,           [VERB_typing] = verb_typing, [VERB_read] = verb_read,   [VERB_presence] = verb_presence,
    [VERB_close] = verb_close,       [VERB_requeue] = verb_requeue, [VERB_link] = verb_link, [VERB_unlink] = verb_unlink,
    [VERB_watch] = verb_watch,
};

void hub_refuse(struct hub *h, const struct refusal *r, int err)
{
    struct frame f = {.verb = VERB_error,
                      .error = {.code = text_of(err_name(err)), .text = text_of(err_text(err)), .refused = text_of(frame_verb_name(r->verb)),
                                .conversation = text_of(r->conversation[0] ? r->conversation : NULL), .counter = r->counter,
                                .retry = err_class(err) != ERR_CLASS_FATAL}};
    (void)!edge_send(h->edge, r->session, &f); /* a session that is gone asks again when it is back */
}

static void hub_frame(void *hub, edge_id session, const struct frame *f)
{
    struct hub *h = hub;
    struct member *m = member_find(h, session);
    if (!m) {
        edge_refuse(h->edge, session, ERR_SIGN_IN, f, NULL);
        return;
    }
    CHECK(f->verb < VERB_COUNT && handlers[f->verb] != NULL); /* edge passes UP verbs that this role may send */
    if (!h->up && f->verb != VERB_typing && f->verb != VERB_leave && f->verb != VERB_watch) {
        edge_refuse(h->edge, session, ERR_STORE_AWAY, f, NULL);
        return;
    }
    handlers[f->verb](h, m, f);
}

/* --- welcome ---------------------------------------------------------------------------------------------------------------------------------- */

struct greeting {
    struct hub *h;
    edge_id session;
    char presence[WORD_MAX + 1];
};

static void welcome_send(struct hub *h, struct member *m, const struct text *work, size_t work_n, const char *presence)
{
    struct frame_queue_name names[HUB_QUEUES_MAX];
    for (size_t i = 0; i < h->config->queues_n; i++) {
        names[i] = (struct frame_queue_name){.queue = h->queue_ids[i], .name_nl = text_of(h->config->queues[i].name_nl),
                                             .name_en = text_of(h->config->queues[i].name_en)};
    }
    struct colleague *c = m->colleague;
    struct frame f = {.verb = VERB_welcome,
                      .welcome = {.role = text_of(frame_role_name(m->role)), .agent = text_of(c ? c->id : NULL), .name = text_of(c ? c->name : NULL),
                                  .organisation = text_of(h->config->organisation_name), .epoch = text_of(store_epoch(h->store)),
                                  .now = (uint64_t)loop_wall_ms(h->loop), .heartbeat_ms = (uint64_t)h->config->heartbeat_ms,
                                  .text_bytes_max = TEXT_MAX, .queues = names, .queues_n = h->config->queues_n, .work = work,
                                  .work_n = work_n < WORK_MAX ? work_n : WORK_MAX, .presence = text_of(presence)}};
    if (edge_send(h->edge, m->session, &f) == 0) {
        for (size_t i = 0; i < f.welcome.work_n; i++) {
            deliver_conversation(h, work[i], NULL);
        }
    }
}

static void greeting_end(struct greeting *g, int err)
{
    if (err) {
        edge_session_close(g->h->edge, g->session, ERR_SHUTDOWN); /* come back: the store has just gone */
    }
    free(g);
}

static void greeting_work(void *ctx, const struct ticket *t, int err, const struct text *work, size_t n)
{
    struct greeting *g = ctx;
    struct hub *h = g->h;
    struct member *m = member_find(h, g->session);
    (void)t;
    if (!err && m) {
        welcome_send(h, m, work, n, m->role == AGENT ? g->presence : NULL);
        if (strcmp(g->presence, "available") == 0) {
            router_kick(h); /* available again on this node */
        }
    }
    greeting_end(g, m ? err : 0);
}

static void greeting_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct greeting *g = ctx;
    struct hub *h = g->h;
    struct member *m = member_find(h, g->session);
    (void)t;
    if (!err && m) {
        (void)!text_copy(TEXT_LITERAL("offline"), g->presence, sizeof g->presence); /* fits */
        for (size_t i = 0; i < v->agents_n; i++) {
            if (text_is(v->agents[i].id, m->colleague->id) && v->agents[i].presence.n > 0 &&
                text_copy(v->agents[i].presence, g->presence, sizeof g->presence)) {
                (void)!text_copy(TEXT_LITERAL("offline"), g->presence, sizeof g->presence); /* fits */
            }
        }
        err = store_work_list(h->store, text_of(m->colleague->id), greeting_work, g, (struct ticket){0});
        if (!err) {
            return;
        }
    }
    greeting_end(g, m ? err : 0);
}

static void hub_opened(void *hub, edge_id session, const struct edge_peer *peer, const struct frame_hello *hello)
{
    struct hub *h = hub;
    struct member *m;
    int err = member_open(h, session, peer, hello, &m);
    if (err) {
        edge_session_close(h->edge, session, err);
        return;
    }
    if (!m->colleague) {
        welcome_send(h, m, NULL, 0, NULL);
        return;
    }
    colleague_session_opened(h, m->colleague);
    struct greeting *g = calloc(1, sizeof *g);
    if (!g) {
        edge_session_close(h->edge, session, ERR_MEMORY);
        return;
    }
    g->h = h;
    g->session = session;
    if (store_view_get(h->store, NULL, 0, 0, 0, greeting_view, g, (struct ticket){0})) {
        greeting_end(g, ERR_STORE_AWAY);
    }
}

static void hub_closed(void *hub, edge_id session)
{
    struct hub *h = hub;
    struct member *m = member_find(h, session);
    if (m) {
        struct colleague *c = m->colleague;
        member_close(h, m);
        if (c) {
            colleague_session_closed(h, c);
        }
    }
}

static void hub_drained(void *hub, edge_id session)
{
    struct hub *h = hub;
    struct member *m = member_find(h, session);
    if (m) {
        LIST_FOR(&m->follows, l, next) {
            deliver_catch_up(h, LIST_OWNER(l, struct follow, in_member));
        }
    }
}

const struct edge_events *hub_edge_events(void)
{
    static const struct edge_events events = {.opened = hub_opened, .frame = hub_frame, .closed = hub_closed, .drained = hub_drained,
                                              .request = http_request};
    return &events;
}

/* --- the store comes and goes ---------------------------------------------------------------------------------------------------------------------- */

static void revoked_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        (void)!edge_revoke(h->edge, texts[i], loop_wall_ms(h->loop) + 12ll * 3600 * 1000); /* at most what a session lasts */
    }
}

void hub_store_changed(void *hub, bool up)
{
    struct hub *h = hub;
    if (h->up == up || h->stopping) {
        return;
    }
    h->up = up;
    log_event(up ? LOG_INFO : LOG_WARN, up ? "store_back" : "store_away", "next=\"%s\"", up ? "work goes on" : "nothing is accepted until it is back");
    if (up) {
        staff_load(h);
        (void)!store_revoked_list(h->store, (uint64_t)loop_wall_ms(h->loop), revoked_listed, h, (struct ticket){0}); /* next time */
        outbox_recover(h->outboxes[0]);
        outbox_recover(h->outboxes[1]);
        router_kick(h);
    }
    edge_notice(h->edge, up ? "store_back" : "store_away");
}

static void attention_listed(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    (void)t;
    for (size_t i = 0; !err && i < n; i++) {
        inbound_settle(h, texts[i], TEXT_LITERAL("closed"), false);
    }
}

/* Once a second: what a process that died left undone. Nothing depends on it in the ordinary way. */
static void hub_tick(void *ctx)
{
    struct hub *h = ctx;
    if (h->up) {
        (void)!store_attention_list(h->store, HUB_ATTENTION_MAX, attention_listed, h, (struct ticket){0}); /* again in a second */
        outbox_kick(h->outboxes[0]);
        outbox_kick(h->outboxes[1]);
        if (h->staff_known) {
            router_kick(h);
        }
        if (h->ticks++ % HUB_SWEEP_TICKS == 0) {
            staff_sweep(h);
        }
    }
    board_changed(h);
}

static void hub_message(void *hub, const char *what, struct text payload)
{
    struct hub *h = hub;
    if (strcmp(what, "staff") == 0) {
        staff_load(h);
    } else if (strcmp(what, "revoked") == 0) {
        (void)!edge_revoke(h->edge, payload, loop_wall_ms(h->loop) + 12ll * 3600 * 1000); /* at most what a session lasts */
    }
}

/* --- life --------------------------------------------------------------------------------------------------------------------------------------------- */

int hub_new(struct loop *l, const struct hub_config *c, struct hub **out)
{
    struct hub *h = calloc(1, sizeof *h);
    if (!h) {
        return ERR_MEMORY;
    }
    h->loop = l;
    h->config = c;
    map_init(&h->members, HUB_MEMBERS_MAX);
    map_init(&h->threads, HUB_THREADS_MAX);
    map_init(&h->colleagues, AGENTS_MAX);
    map_init(&h->tries, HUB_TRIES_MAX);
    list_init(&h->watchers);
    buf_init(&h->scratch, HUB_ENTRY_BYTES_MAX);
    for (size_t i = 0; i < c->queues_n; i++) {
        h->queue_ids[i] = text_of(c->queues[i].id);
    }
    for (size_t i = 0; i < c->numbers_n; i++) {
        const struct hub_number *n = &c->numbers[i];
        h->kannel[i] = (struct kannel_config){.number = n->number, .queue = n->queue, .country = c->country, .url = n->url, .user = n->user, .password = n->password,
                                              .hook_url = n->hook_url, .hook_secret = n->hook_secret};
    }
    char files[4096];
    int err = snprintf(files, sizeof files, "%s/attachments", c->data_dir) < (int)sizeof files ? 0 : ERR_TOO_LARGE;
    h->arena = frame_arena_new();
    err = err ? err : h->arena ? 0 : ERR_MEMORY;
    err = err ? err : files_open(files, &h->files);
    err = err ? err : transfers_new(l, &h->transfers);
    err = err ? err : outbox_new(h, "email", &h->outboxes[0]);
    err = err ? err : outbox_new(h, "sms", &h->outboxes[1]);
    err = err ? err : board_new(h);
    err = err ? err : loop_timer_new(l, hub_tick, h, &h->tick);
    if (err) {
        hub_free(&h);
        return err;
    }
    loop_timer_start(h->tick, HUB_TICK_MS, HUB_TICK_MS);
    *out = h;
    return 0;
}

void hub_attach(struct hub *h, struct edge *e, struct store *s)
{
    h->edge = e;
    h->store = s;
    if (store_listen(s, hub_message, h)) {
        log_event(LOG_WARN, "listen", "next=\"staff changes need a restart\"");
    }
}

int hub_start_channels(struct hub *h)
{
    for (size_t i = 0; i < h->config->mailboxes_n; i++) {
        const struct hub_mailbox *m = &h->config->mailboxes[i];
        struct imap_config c = {.address = m->address, .queue = m->queue, .url = m->imap_url, .user = m->user, .password = m->password, .tls = m->tls};
        int err = imap_open(h->loop, h->transfers, h->files, &c, inbound_hub_take, h, &h->sources[i]);
        if (err) {
            return err;
        }
    }
    return 0;
}

void hub_stop_channels(struct hub *h)
{
    h->stopping = true;
    for (size_t i = 0; i < h->config->mailboxes_n; i++) {
        if (h->sources[i]) {
            imap_close(&h->sources[i]);
        }
    }
}

bool hub_is_idle(const struct hub *h)
{
    return outbox_is_idle(h->outboxes[0]) && outbox_is_idle(h->outboxes[1]);
}

void hub_store_closing(struct hub *h)
{
    h->up = false;
    h->stopping = true;
}

void hub_free(struct hub **hub)
{
    struct hub *h = *hub;
    if (!h) {
        return;
    }
    h->stopping = true;
    size_t at = 0;
    void *value;
    while (map_next(&h->members, &at, NULL, &value)) {
        member_close(h, value);
    }
    at = 0;
    while (map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        loop_timer_free(&c->away);
        free(c->password_hash);
        free(c);
    }
    transfers_free(&h->transfers);
    outbox_free(&h->outboxes[0]);
    outbox_free(&h->outboxes[1]);
    board_free(h);
    loop_timer_free(&h->tick);
    files_close(&h->files);
    frame_arena_free(&h->arena);
    buf_done(&h->scratch);
    map_done(&h->members);
    map_done(&h->threads);
    map_done(&h->colleagues);
    at = 0;
    while (map_next(&h->tries, &at, NULL, &value)) {
        free(value);
    }
    map_done(&h->tries);
    free(h);
    *hub = NULL;
}
