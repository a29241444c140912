/* One operation, and its answer. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#include "proto/frame.h"

static void copy(struct text t, char *out, size_t n)
{
    assert_int_equal(text_copy(t, out, n), 0);
}

#define COPY(t, field) copy((t), g->field, sizeof g->field)

static void answered(const struct ticket *t, struct got *g, int err)
{
    struct bench *b = t->p;
    assert_true(t->a == 7 && t->b == 8 && t->c == 9); /* the ticket comes back as it was */
    g->err = err;
    g->calls++;
    loop_stop(b->loop);
}

static void on_append(void *ctx, const struct ticket *t, int err, const struct store_appended *r)
{
    struct got *g = ctx;
    g->seq = r->seq;
    g->counter = r->counter;
    assert_true(r->nodes.s == NULL || r->nodes.n > 0); /* absent, or somebody */
    COPY(r->state, state);
    COPY(r->nodes, nodes);
    answered(t, g, err);
}

static void on_arrive(void *ctx, const struct ticket *t, int err, const struct store_arrived *r)
{
    struct got *g = ctx;
    g->opened = r->opened;
    g->seq = r->seq;
    g->version = r->version;
    COPY(r->conversation, conversation);
    COPY(r->resident, resident);
    COPY(r->state, state);
    COPY(r->owner, owner);
    COPY(r->queue, queue);
    COPY(r->related, related);
    COPY(r->nodes, nodes);
    answered(t, g, err);
}

static void on_transition(void *ctx, const struct ticket *t, int err, const struct store_changed *r)
{
    struct got *g = ctx;
    g->version = r->version;
    g->seq = r->seq;
    COPY(r->owner_before, owner);
    COPY(r->agents, agents);
    answered(t, g, err);
}

static void words(const struct text *list, size_t n, char *out, size_t room)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(out + at, room - at, "%s%.*s", i > 0 ? " " : "", TEXT_ARG(list[i]));
        assert_true(at < room);
    }
}

static void on_conversation(void *ctx, const struct ticket *t, int err, const struct store_conversation *c)
{
    struct got *g = ctx;
    if (!err) {
        *g = (struct got){.seq = c->seq, .version = c->version, .counter = c->counter, .queued_at_ms = c->queued_at_ms, .assigned_at_ms = c->assigned_at_ms,
                          .read_resident = c->read_resident, .read_agent = c->read_agent, .due_ms = c->due_ms, .priority = c->priority,
                          .closed_at_ms = c->closed_at_ms, .first_due_ms = c->first_due_ms, .resolve_due_ms = c->resolve_due_ms, .calls = g->calls};
        COPY(c->id, conversation);
        COPY(c->state, state);
        COPY(c->owner, owner);
        COPY(c->queue, queue);
        COPY(c->resident, resident);
        COPY(c->channel, channel);
        COPY(c->name, name);
        COPY(c->subject, subject);
        COPY(c->related, related);
        COPY(c->held, held);
        COPY(c->back, back);
        COPY(c->language, language);
        COPY(c->shares, shares);
        COPY(c->nodes, nodes);
        COPY(c->pages, pages);
        words(c->offered, c->offered_n, g->offered, sizeof g->offered);
        words(c->joined, c->joined_n, g->joined, sizeof g->joined);
        for (size_t i = 0; i < c->addresses_n && i < 8; i++) {
            (void)snprintf(g->addresses[i], sizeof g->addresses[i], "%.*s %.*s", TEXT_ARG(c->addresses[i].channel), TEXT_ARG(c->addresses[i].address));
            g->addresses_n++;
        }
    }
    answered(t, g, err);
}

static void on_texts(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct got *g = ctx;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        COPY(texts[i], texts[i]);
    }
    g->texts_n = n;
    answered(t, g, err);
}

static void on_text(void *ctx, const struct ticket *t, int err, struct text value)
{
    struct got *g = ctx;
    COPY(value, value);
    answered(t, g, err);
}

static void on_entries(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct got *g = ctx;
    struct frame_arena *arena = frame_arena_new();
    assert_true(arena && n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct frame f;
        struct frame_fault fault;
        assert_int_equal(frame_decode(FRAME_MSGPACK, FRAME_DOWN, e[i].entry, arena, &f, &fault), 0);
        COPY(f.entry.text, texts[i]);
        g->seqs[i] = e[i].seq;
    }
    g->texts_n = n;
    frame_arena_free(&arena);
    answered(t, g, err);
}

static void on_plain(void *ctx, const struct ticket *t, int err)
{
    answered(t, ctx, err);
}

static void on_out(void *ctx, const struct ticket *t, int err, const struct store_out *items, size_t n)
{
    struct got *g = ctx;
    assert_true(n <= TEXTS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct store_out *o = &items[i];
        (void)snprintf(g->texts[i], sizeof g->texts[i], "%.*s %.*s %d %.*s|%.*s|%.*s|%.*s", TEXT_ARG(o->id), TEXT_ARG(o->conversation), (int)o->attempts,
                       TEXT_ARG(o->name), TEXT_ARG(o->subject), TEXT_ARG(o->reference), TEXT_ARG(o->references));
        g->seqs[i] = o->seq;
        assert_true(o->entry.n > 0);
    }
    g->texts_n = n;
    answered(t, g, err);
}

/* The operation's own error (nothing sent) is given as it is; else its answer. */
#define OPERATION(call) \
    struct got g = {0}; \
    struct ticket t = {.p = b, .a = 7, .b = 8, .c = 9}; \
    int err = (call); \
    if (err) { \
        g.err = err; \
        return g; \
    } \
    assert_int_equal(g.calls, 0); \
    bench_turn(b, &g.calls); \
    return g

#define DO(name, parameters, call) \
    struct got name parameters \
    { \
        OPERATION(call); \
    }

DO(do_append, (struct bench *b, const struct store_append *a), store_append(b->store, a, on_append, &g, t))
DO(do_arrive, (struct bench *b, const struct store_arrive *a), store_arrive(b->store, a, on_arrive, &g, t))
DO(do_transition, (struct bench *b, const struct store_transition *tr), store_transition(b->store, tr, on_transition, &g, t))
DO(do_join, (struct bench *b, const char *id, const char *agent, bool on, const char *must_own),
   store_join(b->store, text_of(id), text_of(agent), on, text_of(must_own), entry_of("state", "system", on ? "joined" : "parted"), on_transition, &g, t))
DO(do_prioritise, (struct bench *b, const char *id, uint64_t priority, int64_t head_start_ms),
   store_prioritise(b->store, text_of(id), priority, head_start_ms, entry_of("state", "system", "prioritised"), on_transition, &g, t))
DO(do_get, (struct bench *b, struct text id, struct text client), store_conversation_get(b->store, id, client, on_conversation, &g, t))
DO(do_log_after, (struct bench *b, struct text id, uint64_t after, size_t max), store_log_after(b->store, id, after, max, on_entries, &g, t))
DO(do_log_before, (struct bench *b, struct text id, uint64_t before, size_t max), store_log_before(b->store, id, before, max, on_entries, &g, t))
DO(do_read_mark, (struct bench *b, struct text id, enum store_side side, uint64_t seq), store_read_mark(b->store, id, side, seq, on_plain, &g, t))
DO(do_link, (struct bench *b, struct text id, struct text channel, struct text address, bool on, struct text must_own),
   store_link(b->store, id, channel, address, on, must_own, entry_of("link", "agent", on ? "linked" : "unlinked"), 5000, on_append, &g, t))
DO(do_take, (struct bench *b, const char *channel, bool again, size_t max), store_outbox_take(b->store, channel, again, max, on_out, &g, t))
DO(do_attempt, (struct bench *b, const char *channel, struct text id), store_outbox_attempt(b->store, channel, id, on_plain, &g, t))
DO(do_finish, (struct bench *b, const char *channel, struct text id, struct text conversation, uint64_t seq, struct text state, struct text message_id),
   store_outbox_finish(b->store, channel, id, conversation, seq, state, entry_of("receipt", "system", "receipt"), message_id, on_append, &g, t))
DO(do_receipt, (struct bench *b, struct text conversation, uint64_t seq, struct text state),
   store_receipt(b->store, conversation, seq, state, entry_of("receipt", "system", "receipt"), on_append, &g, t))
DO(do_attention, (struct bench *b), store_attention_list(b->store, 100, on_texts, &g, t))
DO(do_work, (struct bench *b, struct text agent), store_work_list(b->store, agent, on_texts, &g, t))
DO(do_borne, (struct bench *b, struct text agent), store_borne_list(b->store, agent, on_texts, &g, t))
DO(do_presence, (struct bench *b, const char *agent, const char *presence, uint64_t now_ms),
   store_presence_set(b->store, text_of(agent), text_of(presence), now_ms, on_plain, &g, t))
DO(do_here, (struct bench *b, const char *agent, bool on, uint64_t now_ms, int64_t grace_ms),
   store_here_set(b->store, text_of(agent), on, now_ms, grace_ms, on_text, &g, t))
DO(do_settle, (struct bench *b, uint64_t now_ms), store_settle(b->store, now_ms, on_plain, &g, t))
DO(do_follow, (struct bench *b, const char *conversation, bool on, bool page), store_follow_set(b->store, text_of(conversation), on, page, on_text, &g, t))
DO(do_staff_list, (struct bench *b), store_staff_list(b->store, on_texts, &g, t))
DO(do_setting_put, (struct bench *b, const char *name, const char *json, const char *seen),
   store_setting_put(b->store, text_of(name), text_of(json), text_of(seen), &(struct store_author){.actor = T("chef"), .now_ms = 3000}, on_plain, &g, t))
DO(do_settings_list, (struct bench *b), store_settings_list(b->store, on_texts, &g, t))
DO(do_audit, (struct bench *b, const struct store_author *by, const char *action, const char *what),
   store_audit(b->store, by, text_of(action), text_of(what), on_plain, &g, t))
DO(do_audit_list, (struct bench *b, const char *before_id, size_t max), store_audit_list(b->store, text_of(before_id), max, on_texts, &g, t))
DO(do_revoke, (struct bench *b, struct text session, uint64_t until_ms, uint64_t now_ms), store_revoke(b->store, session, until_ms, now_ms, on_plain, &g, t))
DO(do_revoked, (struct bench *b, uint64_t now_ms), store_revoked_list(b->store, now_ms, on_texts, &g, t))

static int staff_put(struct bench *b, const char *agent, const char *json, uint64_t capacity, const uint64_t limits[3], const struct store_author *by, struct got *g,
                     struct ticket t)
{
    return json ? store_staff_put(b->store, text_of(agent), text_of(json), capacity, limits, by, on_plain, g, t)
                : store_staff_remove(b->store, text_of(agent), by, on_plain, g, t);
}

DO(do_staff_put, (struct bench *b, const char *agent, const char *json, uint64_t capacity, uint64_t chat, uint64_t email, uint64_t sms),
   staff_put(b, agent, json, capacity, (const uint64_t[3]){chat, email, sms}, &(struct store_author){.actor = T("chef"), .now_ms = 2000}, &g, t))
DO(do_staff_put_by, (struct bench *b, const char *agent, const char *json, const struct store_author *by),
   staff_put(b, agent, json, 6, (const uint64_t[3]){0}, by, &g, t))
