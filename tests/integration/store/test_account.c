/* The books: a seeded random sequence of thousands of operations, each with its outcome foretold by a plain model, and everything that is counted or listed compared with the
 * sum over all conversations again and again. An agent's load that is one too high after a transfer would show here; so would a conversation that stands in two lines. */
#include "main.h"

#include <stdio.h>
#include <stdlib.h>

#include "account.h"

enum { OPERATIONS = 4000, COMPARE_EVERY = 40, STEP_MS = 701 };

static uint64_t now = 1000;
static uint32_t seed = 20261124; /* any but 0; xorshift32 */

static int pick(int below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (int)(seed % (uint32_t)below);
}

static struct text agent_text(int agent)
{
    return agent >= 0 ? text_of(agents[agent].id) : NONE;
}

static void resident_spoke(struct model *c, int channel)
{
    c->seq++;
    c->channel = channel;
    c->attention |= c->state == SNOOZED || c->state == WRAP_UP || c->state == CLOSED;
}

static void op_arrive(struct model *c)
{
    static int source;
    char id[32], resident[32];
    int channel = c->exists ? c->number[0] - '0' : pick(2) + 1; /* an address is one of one channel */
    (void)snprintf(id, sizeof id, "source-%d", ++source);
    (void)snprintf(resident, sizeof resident, "r-%s", c->id);
    (void)snprintf(c->number, sizeof c->number, "%d-%s", channel, c->id);
    int queue = pick(QUEUES), language = pick(3), need = pick(3), head = pick(3) * 5000;
    struct store_arrive a = {.source = text_of(channels[channel]), .source_id = text_of(id), .conversation_new = text_of(c->id), .resident_new = text_of(resident),
                             .queue = text_of(queues[queue]), .channel = text_of(channels[channel]), .address = text_of(c->number),
                             .language = text_of(languages[language]), .needs = text_of(needs[need]), .head_start_ms = head, .now_ms = now};
    a.entry = entry_of("message", "resident", "words");
    if (!c->exists) {
        struct got g = do_arrive(b, &a);
        assert_true(g.err == 0 && g.opened);
        c->exists = true;
        c->queue = queue;
        c->channel = channel;
        c->language = language;
        c->need = need;
        c->version = c->seq = 1;
        c->queued = c->place = now;
        c->head = (uint64_t)head;
        told.arrived++;
    } else if (c->state != CLOSED) {
        struct got g = do_arrive(b, &a);
        assert_true(g.err == 0 && !g.opened);
        assert_string_equal(g.conversation, c->id);
        assert_string_equal(g.state, states[c->state]);
        assert_string_equal(g.owner, c->owner >= 0 ? agents[c->owner].id : "");
        resident_spoke(c, channel);
    }
}

static void op_say(struct model *c)
{
    int off = pick(6) - 4; /* mostly right; else a repeat or a gap */
    uint64_t counter = c->counter + (off == 1 ? 2 : off == 0 && c->counter > 0 ? 0 : 1);
    struct store_append a = {.conversation = text_of(c->id), .client = T("page"), .counter = counter, .channel = T("chat"), .from_resident = true,
                             .now_ms = now};
    a.entry = entry_of("message", "resident", "words");
    struct got g = do_append(b, &a);
    int right = !c->exists ? ERR_NOT_FOUND : counter <= c->counter ? ERR_DUPLICATE : counter > c->counter + 1 ? ERR_COUNTER_GAP : 0;
    assert_int_equal(g.err, right);
    if (!right) {
        assert_string_equal(g.state, states[c->state]);
        c->counter++;
        resident_spoke(c, 0);
    }
}

static void op_answer(struct model *c)
{
    int agent = pick(AGENTS);
    struct store_append a = {.conversation = text_of(c->id), .must_own = agent_text(agent), .aside = pick(2), .now_ms = now};
    a.entry = entry_of("message", "agent", "words");
    int right = !c->exists ? ERR_NOT_FOUND : c->owner == agent || c->joined[agent] ? 0 : ERR_FORBIDDEN;
    assert_int_equal(do_append(b, &a).err, right);
    c->seq += right == 0;
}

/* --- transitions ------------------------------------------------------------------------------------------------------------------------------ */

struct wanted { /* a transition that somebody asks for */
    int state, owner, queue, must, held, units, declined, missed[AGENTS], missed_n;
    bool soft, force, stale, keep, by[AGENTS];
    uint64_t due;
};

static struct wanted wanted_pick(const struct model *c)
{
    struct wanted w = {.state = pick(STATES), .owner = NOBODY, .queue = pick(3) ? c->queue : pick(QUEUES), .must = pick(8) == 0 ? pick(AGENTS) : NOBODY,
                       .held = pick(AGENTS + 1) - 1, .units = pick(4), .declined = pick(4) == 0 ? pick(AGENTS) : NOBODY, .soft = pick(3) == 0, .force = pick(8) == 0,
                       .stale = pick(10) == 0, .keep = pick(2), .due = pick(2) ? now + (uint64_t)pick(100000) + 1 : 0};
    if (w.state == ACTIVE || w.state == WRAP_UP) {
        w.owner = pick(2) && c->owner >= 0 ? c->owner : pick(AGENTS);
        w.by[w.owner] = true;
    }
    for (int a = 0; a < AGENTS && w.state == OFFERED; a++) {
        w.by[a] = pick(2) || a == 0;
    }
    for (int a = 0; a < AGENTS; a++) {
        if (c->state == OFFERED && c->by[a].is && !w.by[a] && w.declined < 0 && pick(3) == 0) {
            w.missed[w.missed_n++] = a;
        }
    }
    return w;
}

static bool has_room(int agent, int units, bool soft, int channel)
{
    struct load l = load_of(agent);
    const struct agent *a = &agents[agent];
    return a->presence == AVAILABLE && a->here && l.units - (soft ? 0 : l.soft) + (uint64_t)units <= a->capacity &&
           (a->limit[channel] == 0 || l.count[channel] < a->limit[channel]);
}

static int outcome(const struct model *c, const struct wanted *w)
{
    if (!c->exists) {
        return ERR_NOT_FOUND;
    }
    if (w->must >= 0 && w->must != c->owner) {
        return ERR_FORBIDDEN;
    }
    if (w->stale) {
        return ERR_STALE;
    }
    for (int a = 0; a < AGENTS; a++) {
        if (w->by[a] && !c->by[a].is && !w->force && !has_room(a, w->units, w->soft, c->channel)) {
            return ERR_CAPACITY;
        }
    }
    return 0;
}

static void told_of(const struct model *c, const struct wanted *w)
{
    bool owned = c->state == ACTIVE || c->state == WRAP_UP;
    told.answered += waits(c->state) && w->state == ACTIVE;
    told.wait_ms += waits(c->state) && w->state == ACTIVE ? now - c->queued : 0;
    told.abandoned += waits(c->state) && w->state == CLOSED && c->assigned == 0;
    told.abandoned_ms += waits(c->state) && w->state == CLOSED && c->assigned == 0 ? now - c->queued : 0;
    told.reopened += c->state == CLOSED && w->state == QUEUED;
    told.handled += owned && w->owner != c->owner && w->state == CLOSED;
    told.given_up += owned && w->owner != c->owner && w->state != CLOSED;
    told.handle_ms += owned && w->owner != c->owner ? now - c->assigned : 0;
    told.declined += w->declined >= 0;
    told.missed += (uint64_t)w->missed_n;
}

static void pass_add(struct model *c, int agent)
{
    for (int i = 0; i < c->declined_n; i++) {
        if (c->declined[i].agent == agent) {
            memmove(&c->declined[i], &c->declined[i + 1], (size_t)(--c->declined_n - i) * sizeof c->declined[0]);
            break;
        }
    }
    c->declined[c->declined_n].agent = agent;
    c->declined[c->declined_n++].at_ms = now;
}

static void apply(struct model *c, const struct wanted *w)
{
    bool waited = waits(c->state);
    told_of(c, w);
    if (w->owner >= 0) {
        agents[w->owner].missed = c->state == OFFERED && c->by[w->owner].is ? 0 : agents[w->owner].missed;
        c->assigned = w->owner != c->owner ? now : c->assigned;
        c->joined[w->owner] = false;
        c->declined_n = 0;
    } else {
        if (w->declined >= 0) {
            pass_add(c, w->declined);
        }
        for (int i = 0; i < w->missed_n; i++) {
            pass_add(c, w->missed[i]);
        }
    }
    for (int i = 0; i < w->missed_n; i++) {
        struct agent *a = &agents[w->missed[i]];
        a->missed++;
        a->presence = a->presence == OFFLINE ? OFFLINE : MISSED;
    }
    for (int a = 0; a < AGENTS; a++) {
        c->by[a] = !w->by[a] ? (struct borne){0} : c->by[a].is ? c->by[a] : (struct borne){true, w->soft, w->units, c->channel};
    }
    if (waits(w->state) && !waited && !w->keep) {
        c->queued = c->place = now;
    }
    if (w->state == CLOSED) {
        c->assigned = 0;
        c->declined_n = 0;
        memset(c->joined, 0, sizeof c->joined);
    }
    c->state = w->state;
    c->owner = w->owner;
    c->held = w->held;
    c->queue = w->queue;
    c->due = w->due;
    c->attention = false;
    c->version++;
    c->seq++;
}

static void op_transition(struct model *c)
{
    struct wanted w = wanted_pick(c);
    struct store_share shares[AGENTS];
    struct text missed[AGENTS];
    size_t n = 0;
    for (int a = 0; a < AGENTS; a++) {
        if (w.by[a]) {
            shares[n++] = (struct store_share){.agent = agent_text(a), .presence = T("available"), .units = (uint64_t)w.units, .soft = w.soft};
        }
    }
    for (int i = 0; i < w.missed_n; i++) {
        missed[i] = agent_text(w.missed[i]);
    }
    struct store_transition tr = {.conversation = text_of(c->id), .version = w.stale ? c->version + 1 : c->version, .state = text_of(states[w.state]),
                                  .owner = agent_text(w.owner), .queue = text_of(queues[w.queue]), .shares = shares, .shares_n = n, .offered = w.state == OFFERED,
                                  .force = w.force, .must_own = agent_text(w.must), .held = agent_text(w.held), .declined = agent_text(w.declined), .missed = missed,
                                  .missed_n = (size_t)w.missed_n, .keep_place = w.keep, .due_ms = w.due, .now_ms = now};
    tr.entry = entry_of("state", "system", states[w.state]);
    int right = outcome(c, &w);
    struct got g = do_transition(b, &tr);
    assert_int_equal(g.err, right);
    if (right) {
        return;
    }
    assert_string_equal(g.owner, c->owner >= 0 ? agents[c->owner].id : "");
    for (int a = 0; a < AGENTS; a++) {
        assert_int_equal(strstr(g.agents, agents[a].id) != NULL, c->by[a].is || w.by[a] || c->joined[a]);
    }
    apply(c, &w);
    assert_int_equal(g.version, c->version);
    assert_int_equal(g.seq, c->seq);
}

static void op_join(struct model *c)
{
    int agent = pick(AGENTS), must = pick(2) ? c->owner : NOBODY;
    bool on = pick(2);
    int right = !c->exists                                             ? ERR_NOT_FOUND
                : on && (c->state == CLOSED || c->owner == agent)      ? ERR_BAD_STATE
                : on == c->joined[agent]                               ? (on ? ERR_DUPLICATE : ERR_NOT_FOUND)
                                                                       : 0;
    assert_int_equal(do_join(b, c->id, agents[agent].id, on, must >= 0 ? agents[must].id : NULL).err, right);
    if (!right) {
        c->joined[agent] = on;
        c->version++;
        c->seq++;
    }
}

static void op_prioritise(struct model *c)
{
    uint64_t head = (uint64_t)pick(4) * 3000;
    int right = !c->exists ? ERR_NOT_FOUND : c->state == CLOSED ? ERR_BAD_STATE : 0;
    assert_int_equal(do_prioritise(b, c->id, head / 3000, (int64_t)head).err, right);
    if (!right) {
        c->head = head;
        c->version++;
        c->seq++;
    }
}

static void op_agent(struct agent *a)
{
    switch (pick(4)) {
    case 0:
        a->here = pick(4) > 0;
        assert_int_equal(do_here(b, a->id, a->here, now, 30000).err, 0);
        break;
    case 1:
        a->capacity = (uint64_t)pick(12) + 4;
        for (int i = 0; i < 3; i++) {
            a->limit[i] = (uint64_t)pick(5);
        }
        assert_int_equal(do_staff_put(b, a->id, "{}", a->capacity, a->limit[0], a->limit[1], a->limit[2]).err, 0);
        break;
    default:
        a->presence = pick(4) > 0 ? AVAILABLE : pick(2);
        a->presence = pick(6) == 0 ? ON_BREAK : a->presence;
        assert_int_equal(do_presence(b, a->id, presences[a->presence], now).err, 0);
    }
}

static void step(void)
{
    struct model *c = &all[pick(CONVERSATIONS)];
    int what = pick(24);
    now += STEP_MS;
    for (int a = 0; a < AGENTS; a++) {
        agents[a].on_ms += agents[a].presence != OFFLINE ? STEP_MS : 0;
        agents[a].busy_ms += agents[a].presence != OFFLINE && load_of(a).n > 0 ? STEP_MS : 0;
    }
    if (what < 3) {
        op_arrive(c);
    } else if (what < 7) {
        op_say(c);
    } else if (what < 8) {
        op_answer(c);
    } else if (what < 18) {
        op_transition(c);
    } else if (what < 20) {
        op_join(c);
    } else if (what < 21) {
        op_prioritise(c);
    } else {
        op_agent(&agents[pick(AGENTS)]);
    }
}

static void the_books_are_right_whatever_happens(void **state)
{
    (void)state;
    for (int i = 0; i < CONVERSATIONS; i++) {
        all[i] = (struct model){.owner = NOBODY, .held = NOBODY};
        (void)snprintf(all[i].id, sizeof all[i].id, "c%d", i);
    }
    for (int i = 0; i < AGENTS; i++) {
        (void)snprintf(agents[i].id, sizeof agents[i].id, "a%d", i);
        agents[i].capacity = 8;
        assert_int_equal(do_staff_put(b, agents[i].id, "{}", 8, 0, 0, 0).err, 0);
    }
    for (int i = 0; i < QUEUES; i++) {
        (void)snprintf(queues[i], sizeof queues[i], "q%d", i);
    }
    for (int i = 1; i <= OPERATIONS; i++) {
        step();
        if (i % COMPARE_EVERY == 0) {
            account_compare(b, now);
        }
    }
    for (int i = 0; i < CONVERSATIONS; i++) { /* all work done: every number is nought again */
        if (all[i].exists && all[i].state != CLOSED) {
            struct wanted w = {.state = CLOSED, .owner = NOBODY, .queue = all[i].queue, .declined = NOBODY, .held = NOBODY, .must = NOBODY};
            set_state(b, all[i].id, "closed", now);
            apply(&all[i], &w);
        }
    }
    account_compare(b, now);
}

static int open_fast(void **state)
{
    (void)state;
    b = bench_open("no"); /* thousands of steps; what is on disk is not the question here */
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_books_are_right_whatever_happens)};
    (void)open_bench;
    return cmocka_run_group_tests(tests, open_fast, close_bench);
}
