/* Everything that Redis keeps count of, against the sum over all conversations. */
#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model all[CONVERSATIONS];
struct agent agents[AGENTS];
char queues[QUEUES][16];
struct numbers told;
const char *const states[STATES] = {"queued", "offered", "active", "snoozed", "wrap_up", "closed"};
const char *const presences[PRESENCES] = {"offline", "available", "break", "missed"};
const char *const channels[3] = {"chat", "email", "sms"};
const char *const languages[3] = {"", "tr", "pl"};
const char *const needs[3] = {"", "law:2", "tax:1,dog:3"};

struct load load_of(int agent)
{
    struct load l = {0};
    for (int i = 0; i < CONVERSATIONS; i++) {
        const struct borne *s = &all[i].by[agent];
        if (all[i].exists && s->is) {
            l.units += (uint64_t)s->units;
            l.soft += s->soft ? (uint64_t)s->units : 0;
            l.count[s->channel]++;
            l.n++;
        }
    }
    return l;
}

static const struct model *model_of(const char *id)
{
    const struct model *c = &all[atoi(id + 1)];
    assert_string_equal(c->id, id);
    assert_true(c->exists);
    return c;
}

static void compare_agents(struct bench *b, const struct seen *v)
{
    assert_int_equal(v->agents_n, AGENTS);
    for (size_t i = 0; i < v->agents_n; i++) {
        const struct seen_agent *s = &v->agents[i];
        int at = atoi(s->id + 1);
        struct load l = load_of(at);
        assert_int_equal(s->load, l.units);
        assert_int_equal(s->soft, l.soft);
        assert_int_equal(s->conversations, l.n);
        assert_memory_equal(s->count, l.count, sizeof l.count);
        assert_memory_equal(s->limit, agents[at].limit, sizeof agents[at].limit);
        assert_int_equal(s->capacity, agents[at].capacity);
        assert_int_equal(s->missed, agents[at].missed);
        assert_string_equal(s->presence, presences[agents[at].presence]);
        assert_string_equal(s->here, agents[at].here ? "node1" : "");
        struct got borne = do_borne(b, text_of(s->id)), work = do_work(b, text_of(s->id));
        size_t works = 0;
        for (int k = 0; k < CONVERSATIONS; k++) {
            assert_int_equal(got_has(&borne, all[k].id), all[k].by[at].is);
            assert_int_equal(got_has(&work, all[k].id), all[k].by[at].is || all[k].joined[at]);
            works += all[k].by[at].is || all[k].joined[at];
        }
        assert_int_equal(borne.texts_n, l.n);
        assert_int_equal(work.texts_n, works);
    }
}

static void compare_queues(const struct seen *v)
{
    assert_int_equal(v->queues_n, QUEUES);
    for (int q = 0; q < QUEUES; q++) {
        uint64_t waiting = 0, active = 0, by[3] = {0};
        const struct model *first = NULL;
        for (int i = 0; i < CONVERSATIONS; i++) {
            const struct model *c = &all[i];
            if (c->exists && c->queue == q) {
                active += c->state == ACTIVE || c->state == WRAP_UP;
                waiting += waits(c->state);
                by[c->channel] += waits(c->state);
                first = waits(c->state) && (!first || (int64_t)(c->place - c->head) < (int64_t)(first->place - first->head)) ? c : first;
            }
        }
        assert_int_equal(v->queues[q].waiting, waiting);
        assert_int_equal(v->queues[q].active, active);
        assert_int_equal(v->queues[q].chat, by[0]);
        assert_int_equal(v->queues[q].email, by[1]);
        assert_int_equal(v->queues[q].sms, by[2]);
        assert_int_equal(v->queues[q].oldest, first ? first->queued : 0);
    }
    size_t rows = 0;
    for (size_t i = 0; i < v->waiting_n; i++, rows++) {
        const struct model *c = model_of(v->waiting[i].conversation);
        assert_true(waits(c->state));
        assert_string_equal(v->waiting[i].state, states[c->state]);
        assert_string_equal(v->waiting[i].queue, queues[c->queue]);
        assert_string_equal(v->waiting[i].channel, channels[c->channel]);
        assert_int_equal(v->waiting[i].queued_at_ms, c->queued);
        assert_int_equal(v->waiting[i].score, (int64_t)(c->place - c->head));
        assert_true(i == 0 || strcmp(v->waiting[i].queue, v->waiting[i - 1].queue) != 0 || v->waiting[i].score > v->waiting[i - 1].score);
    }
    for (int i = 0; i < CONVERSATIONS; i++) {
        rows -= all[i].exists && waits(all[i].state);
    }
    assert_int_equal(rows, 0);
}

static bool same_line(const struct seen_row *a, const struct seen_row *b)
{
    return strcmp(a->queue, b->queue) == 0 && strcmp(a->channel, b->channel) == 0 && strcmp(a->language, b->language) == 0 && strcmp(a->needs, b->needs) == 0 &&
           strcmp(a->held, b->held) == 0;
}

/* The queued ones, each once, in the line of its class, in order; and no others. */
static void compare_lines(struct bench *b)
{
    static struct seen v;
    size_t queued = 0;
    bool found[CONVERSATIONS] = {false};
    do_look(b, 0, TEXTS_MAX, &v);
    assert_int_equal(v.err, 0);
    assert_false(v.more);
    for (size_t i = 0; i < v.waiting_n; i++) {
        const struct seen_row *w = &v.waiting[i];
        const struct model *c = model_of(w->conversation);
        char declined[DECLINED * 32] = "";
        for (int k = 0; k < c->declined_n; k++) {
            size_t at = strlen(declined);
            (void)snprintf(declined + at, sizeof declined - at, "%s%s:%llu", k > 0 ? " " : "", agents[c->declined[k].agent].id,
                           (unsigned long long)c->declined[k].at_ms);
        }
        assert_int_equal(c->state, QUEUED);
        assert_false(found[c - all]);
        found[c - all] = true;
        assert_string_equal(w->queue, queues[c->queue]);
        assert_string_equal(w->channel, channels[c->channel]);
        assert_string_equal(w->language, languages[c->language]);
        assert_string_equal(w->needs, needs[c->need]);
        assert_string_equal(w->held, c->held >= 0 ? agents[c->held].id : "");
        assert_string_equal(w->declined, declined);
        assert_int_equal(w->version, c->version);
        assert_int_equal(w->queued_at_ms, c->queued);
        assert_int_equal(w->score, (int64_t)(c->place - c->head));
        for (size_t k = 0; k < i; k++) { /* a line is in one piece, and in order */
            bool same = same_line(w, &v.waiting[k]);
            assert_true(!same || (same_line(w, &v.waiting[i - 1]) && v.waiting[k].score < w->score));
        }
    }
    for (int i = 0; i < CONVERSATIONS; i++) {
        queued += all[i].exists && all[i].state == QUEUED;
    }
    assert_int_equal(v.waiting_n, queued);
}

static void compare_conversations(struct bench *b)
{
    struct seen_due due = do_due(b, UINT64_MAX / 2, 64);
    struct got attention = do_attention(b);
    size_t due_n = 0, attention_n = 0;
    for (int i = 0; i < CONVERSATIONS; i++) {
        const struct model *c = &all[i];
        if (!c->exists) {
            continue;
        }
        struct got g = do_get(b, text_of(c->id), T("page"));
        assert_string_equal(g.state, states[c->state]);
        assert_string_equal(g.owner, c->owner >= 0 ? agents[c->owner].id : "");
        assert_string_equal(g.channel, channels[c->channel]);
        assert_string_equal(g.queue, queues[c->queue]);
        assert_int_equal(g.version, c->version);
        assert_int_equal(g.seq, c->seq);
        assert_int_equal(g.counter, c->counter);
        assert_int_equal(g.due_ms, c->due);
        for (int a = 0; a < AGENTS; a++) {
            assert_int_equal(strstr(g.joined, agents[a].id) != NULL, c->joined[a]);
            assert_int_equal(strstr(g.shares, agents[a].id) != NULL, c->by[a].is);
            assert_int_equal(strstr(g.offered, agents[a].id) != NULL, c->state == OFFERED && c->by[a].is);
        }
        assert_int_equal(due_has(&due, c->id), c->due > 0);
        assert_int_equal(got_has(&attention, c->id), c->attention);
        due_n += c->due > 0;
        attention_n += c->attention;
        assert_int_equal(see_place(b, c->id) > 0, waits(c->state));
    }
    assert_int_equal(due.conversations_n, due_n);
    assert_int_equal(attention.texts_n, attention_n);
}

static void compare_numbers(struct bench *b, uint64_t now)
{
    const struct { const char *metric; uint64_t value; } rows[] = {
        {"arrived", told.arrived}, {"answered", told.answered}, {"wait_ms", told.wait_ms}, {"abandoned", told.abandoned}, {"abandoned_ms", told.abandoned_ms},
        {"handled", told.handled}, {"given_up", told.given_up}, {"handle_ms", told.handle_ms}, {"reopened", told.reopened}, {"missed", told.missed},
        {"declined", told.declined}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (see_sum(b, 0, now + 1, NULL, NULL, NULL, rows[i].metric) != rows[i].value) {
            fail_msg("%s: %llu, not %llu", rows[i].metric, (unsigned long long)see_sum(b, 0, now + 1, NULL, NULL, NULL, rows[i].metric),
                     (unsigned long long)rows[i].value);
        }
    }
    assert_int_equal(do_settle(b, now).err, 0);
    for (int a = 0; a < AGENTS; a++) {
        assert_int_equal(see_sum(b, 0, now + 1, NULL, NULL, agents[a].id, "on_ms"), agents[a].on_ms);
        assert_int_equal(see_sum(b, 0, now + 1, NULL, NULL, agents[a].id, "busy_ms"), agents[a].busy_ms);
    }
}

void account_compare(struct bench *b, uint64_t now_ms)
{
    static struct seen v;
    struct text names[QUEUES];
    for (int q = 0; q < QUEUES; q++) {
        names[q] = text_of(queues[q]);
    }
    do_view(b, names, QUEUES, 100, &v);
    assert_int_equal(v.err, 0);
    compare_agents(b, &v);
    compare_queues(&v);
    compare_lines(b);
    compare_conversations(b);
    compare_numbers(b, now_ms);
}
