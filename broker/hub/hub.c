/* The hub's life, and from event to verb. */
#include "hub/hub_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUB_TICK_MS 1000
#define HUB_ATTENTION_MAX 100
#define HUB_SETTLE_TICKS 60 /* agents' time goes to the time series */

typedef void (*verb_handler)(struct hub *h, struct member *m, const struct frame *f);
static const verb_handler handlers[VERB_COUNT] = {
    [VERB_start] = verb_start,       [VERB_resume] = verb_resume, [VERB_leave] = verb_leave, [VERB_history] = verb_history,
    [VERB_say] = verb_say,           [VERB_typing] = verb_typing, [VERB_read] = verb_read,   [VERB_presence] = verb_presence,
    [VERB_close] = verb_close,       [VERB_requeue] = verb_requeue, [VERB_link] = verb_link, [VERB_unlink] = verb_unlink,
    [VERB_watch] = verb_watch,       [VERB_accept] = verb_accept, [VERB_decline] = verb_decline, [VERB_transfer] = verb_transfer,
    [VERB_join] = verb_join,         [VERB_part] = verb_part,     [VERB_snooze] = verb_snooze, [VERB_take] = verb_take,
    [VERB_prioritise] = verb_prioritise, [VERB_set_presence] = verb_set_presence, [VERB_bulletin] = verb_bulletin,
};

void hub_refuse(struct hub *h, const struct refusal *r, int err)
{
    struct frame f = {.verb = VERB_error,
                      .error = {.code = text_of(err_name(err)), .text = text_of(err_text(err)), .refused = text_of(frame_verb_name(r->verb)),
                                .field = text_of(r->field), .conversation = text_of(r->conversation[0] ? r->conversation : NULL), .counter = r->counter,
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

static void welcome_names(struct hub *h, const struct member *m, struct frame_queue_name *names)
{
    int64_t now = loop_wall_ms(h->loop);
    for (size_t i = 0; i < h->policy->queues_n; i++) {
        const struct queue_policy *q = h->policy->queues[i];
        names[i] = (struct frame_queue_name){.queue = text_of(q->id), .name_nl = q->set.name_nl, .name_en = q->set.name_en};
        if (m->role != RESIDENT) {
            names[i].reasons = q->set.reasons;
            names[i].reasons_n = q->set.reasons_n;
            names[i].wrap_up_s = q->set.wrap_up_s;
        }
        if (!hours_is_open(&q->hours, &h->policy->zone, now)) {
            int64_t opens = hours_next_open(&q->hours, &h->policy->zone, now);
            names[i].closed = true;
            names[i].opens_at = opens < INT64_MAX ? (uint64_t)opens : 0;
            names[i].outside = q->set.outside.n > 0 ? q->set.outside : TEXT_LITERAL("queue");
            names[i].outside_nl = q->set.outside_nl;
            names[i].outside_en = q->set.outside_en;
            names[i].outside_email = q->set.outside_email;
        }
    }
}

struct greeting {
    struct hub *h;
    edge_id session;
};

static void welcome_send(struct hub *h, struct member *m, const struct text *work, size_t work_n, const char *presence)
{
    struct frame_queue_name names[HUB_QUEUES_MAX];
    struct frame_status_name statuses[STATUSES_MAX];
    struct colleague *c = m->colleague;
    const struct frame_routing_settings *set = &h->policy->routing;
    welcome_names(h, m, names);
    for (size_t i = 0; i < set->statuses_n; i++) {
        statuses[i] = (struct frame_status_name){.status = set->statuses[i].status, .name_nl = set->statuses[i].name_nl, .name_en = set->statuses[i].name_en,
                                                 .channels = set->statuses[i].channels, .channels_n = set->statuses[i].channels_n};
    }
    struct frame f = {.verb = VERB_welcome,
                      .welcome = {.role = text_of(frame_role_name(m->role)), .agent = text_of(c ? c->id : NULL), .name = text_of(c ? c->name : NULL),
                                  .organisation = text_of(h->config->organisation_name), .epoch = text_of(store_epoch(h->store)),
                                  .now = (uint64_t)loop_wall_ms(h->loop), .heartbeat_ms = (uint64_t)h->config->heartbeat_ms,
                                  .text_bytes_max = TEXT_MAX, .queues = names, .queues_n = h->policy->queues_n, .work = work,
                                  .work_n = work_n < WORK_MAX ? work_n : WORK_MAX, .presence = text_of(presence), .statuses = statuses,
                                  .statuses_n = c ? set->statuses_n : 0, .admin = c && c->admin}};
    if (edge_send(h->edge, m->session, &f) == 0) {
        for (size_t i = 0; i < f.welcome.work_n; i++) {
            deliver_conversation(h, work[i], (struct text){NULL, 0});
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

/* Asked after `here` was said, and answered after it: the presence is known by then. */
static void greeting_work(void *ctx, const struct ticket *t, int err, const struct text *work, size_t n)
{
    struct greeting *g = ctx;
    struct hub *h = g->h;
    struct member *m = member_find(h, g->session);
    (void)t;
    if (!err && m) {
        const char *presence = m->colleague->presence;
        welcome_send(h, m, work, n, m->role == AGENT ? (presence[0] ? presence : "offline") : NULL);
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
    if (store_work_list(h->store, text_of(m->colleague->id), greeting_work, g, (struct ticket){0})) {
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

static void revoked_load(struct hub *h)
{
    (void)!store_revoked_list(h->store, (uint64_t)loop_wall_ms(h->loop), revoked_listed, h, (struct ticket){0}); /* next time */
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
        settings_load(h);
        staff_say_here(h);
        threads_tell(h);
        revoked_load(h);
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

static void hub_settled(void *ctx, const struct ticket *t, int err)
{
    (void)ctx;
    (void)t;
    (void)err; /* again in a minute */
}

/* Once a second: what a process that died left undone. Nothing depends on it in the ordinary way. */
static void hub_tick(void *ctx)
{
    struct hub *h = ctx;
    if (h->up) {
        (void)!store_attention_list(h->store, HUB_ATTENTION_MAX, attention_listed, h, (struct ticket){0}); /* again in a second */
        outbox_kick(h->outboxes[0]);
        outbox_kick(h->outboxes[1]);
        if (node_fence(h)) {
            router_kick(h);
            if (h->ticks++ % HUB_SETTLE_TICKS == 0) {
                (void)!store_settle(h->store, (uint64_t)loop_wall_ms(h->loop), hub_settled, h, (struct ticket){0}); /* again in a minute */
            }
        }
        board_tick(h);
    }
    board_changed(h);
}

/* "AGENT PRESENCE" */
static void presence_heard(struct hub *h, struct text payload)
{
    const char *space = memrchr(payload.s ? payload.s : "", ' ', payload.n);
    struct colleague *c = space ? map_get(&h->colleagues, (struct text){payload.s, (size_t)(space - payload.s)}) : NULL;
    if (c) {
        struct text presence = {space + 1, payload.n - (size_t)(space + 1 - payload.s)};
        if (!text_is(presence, c->presence)) {
            colleague_presence_heard(h, c, presence);
        }
        if (node_fence(h)) {
            router_kick(h);
        }
        board_changed(h);
    }
}

static void hub_message(void *hub, const char *what, struct text payload)
{
    struct hub *h = hub;
    if (!h->up || h->stopping) {
        return;
    }
    if (strcmp(what, "staff") == 0) {
        staff_load(h);
    } else if (strcmp(what, "settings") == 0) {
        settings_load(h);
    } else if (strcmp(what, "revoked") == 0) {
        (void)!edge_revoke(h->edge, payload, loop_wall_ms(h->loop) + 12ll * 3600 * 1000); /* at most what a session lasts */
    } else if (strcmp(what, "changed") == 0) {
        deliver_changed(h, payload);
    } else if (strcmp(what, "node") == 0) {
        deliver_message(h, payload);
    } else if (strcmp(what, "presence") == 0) {
        presence_heard(h, payload);
    } else if (strcmp(what, "back") == 0) { /* what was published before now was heard by nobody here, at the start, too */
        settings_load(h);
        revoked_load(h);
        deliver_back(h);
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
    for (size_t i = 0; i < c->numbers_n; i++) {
        const struct hub_number *n = &c->numbers[i];
        h->kannel[i] = (struct kannel_config){.number = n->number, .queue = n->queue, .country = c->country, .url = n->url, .user = n->user, .password = n->password,
                                              .hook_url = n->hook_url, .hook_secret = n->hook_secret};
    }
    char files[4096];
    int err = snprintf(files, sizeof files, "%s/attachments", c->data_dir) < (int)sizeof files ? 0 : ERR_TOO_LARGE;
    h->arena = frame_arena_new();
    err = err ? err : h->arena ? 0 : ERR_MEMORY;
    err = err ? err : policy_new(c, NULL, 0, loop_wall_ms(l), &h->policy);
    err = err ? err : files_open(files, &h->files);
    err = err ? err : transfers_new(l, &h->transfers);
    err = err ? err : outbox_new(h, "email", &h->outboxes[0]);
    err = err ? err : outbox_new(h, "sms", &h->outboxes[1]);
    err = err ? err : board_new(h);
    err = err ? err : router_new(h);
    err = err ? err : node_new(h);
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

void hub_sources(struct hub *h, bool on)
{
    for (size_t i = 0; i < h->config->mailboxes_n; i++) {
        const struct hub_mailbox *m = &h->config->mailboxes[i];
        struct imap_config c = {.address = m->address, .queue = m->queue, .url = m->imap_url, .user = m->user, .password = m->password, .tls = m->tls};
        if (!on && h->sources[i]) {
            imap_close(&h->sources[i]);
        } else if (on && !h->sources[i] && imap_open(h->loop, h->transfers, h->files, &c, inbound_hub_take, h, &h->sources[i])) {
            log_event(LOG_ERROR, "mailbox", "number=%zu next=\"not read until this broker starts again, or another routes\"", i);
        }
    }
}

void hub_stop_channels(struct hub *h)
{
    node_leave(h);
    h->stopping = true;
    hub_sources(h, false);
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
        free(c->password_hash);
        free(c);
    }
    transfers_free(&h->transfers);
    outbox_free(&h->outboxes[0]);
    outbox_free(&h->outboxes[1]);
    board_free(h);
    router_free(h);
    node_free(h);
    policy_free(&h->policy);
    policy_free(&h->policy_next);
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
