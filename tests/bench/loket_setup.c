/* The broker's side of the load, in the order of proto/PROTOCOL.md: agents sign in and become available; residents start a conversation
 * and follow it; the broker routes each to an agent, who follows it too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

static unsigned run_id;
static unsigned agents_up;
static struct desk { /* an agent's connection */
    bool greeted, up;
    struct talk *resumed_first, **resumed_last;
} *desks;
static unsigned *desk_next; /* of each member of staff: whose turn it is to follow */

static void hello(struct ws *w)
{
    struct made m;
    char client[33];
    snprintf(client, sizeof client, "%08x%08x%08x", run_id, w->role, w->index);
    made_start(&m, 1, "hello");
    made_text(&m, "client", client, strlen(client));
    ws_send(w, m.data, m.n);
}

static void pong(struct ws *w)
{
    struct made m;
    made_start(&m, 0, "pong");
    ws_send(w, m.data, m.n);
}

static void refused(const struct ws *w, const struct seen *f)
{
    if (words_are(f->verb, "error") || words_are(f->verb, "notice")) {
        fail("connection %u (role %u) got %.*s %.*s: %.*s", w->index, w->role, (int)f->verb.n, f->verb.s, (int)f->code.n, f->code.s,
             (int)f->text.n, f->text.s);
    }
}

/* --- residents ------------------------------------------------------------------------------------------------------------------- */

static void start(struct talk *t, unsigned index)
{
    struct made m;
    char key[33], text[TEXT_BYTES], name[17];
    snprintf(key, sizeof key, "%08x%08x%08x", run_id, 7u, index);
    snprintf(name, sizeof name, "%08x%08x", run_id, index);
    text_make(text, index, 1);
    made_start(&m, 4, "start");
    made_text(&m, "key", key, strlen(key));
    made_text(&m, "queue", load.queue, strlen(load.queue));
    made_text(&m, "text", text, sizeof text);
    made_text(&m, "name", name, strlen(name));
    ws_send(&t->resident, m.data, m.n);
    t->sent = t->acked = t->delivered = 1;
}

static void started(struct talk *t, const struct seen *f)
{
    struct made m;
    char text[TEXT_BYTES] = {0};
    made_start(&m, 2, "resume");
    made_text(&m, "conversation", f->conversation.s, f->conversation.n);
    made_text(&m, "token", f->token.s, f->token.n);
    ws_send(&t->resident, m.data, m.n);

    made_start(&m, 3, "say");
    made_text(&m, "conversation", f->conversation.s, f->conversation.n);
    t->counter_at = made_number(&m, "counter", 0);
    made_text(&m, "text", text, sizeof text);
    t->text_at = m.n - sizeof text;
    t->frame_n = m.n;
    t->frame = malloc(m.n);
    memcpy(t->frame, m.data, m.n);
}

static void to_resident(struct ws *w, const unsigned char *data, size_t n)
{
    struct talk *t = &load.talks[w->index];
    struct seen f;
    if (!frame_see(data, n, &f)) {
        fail("a resident got a frame that cannot be read");
    }
    if (words_are(f.verb, "ack")) {
        talk_acked(t, (uint32_t)f.counter);
    } else if (words_are(f.verb, "entry")) {
        return; /* the resident's own words again, and changes of state */
    } else if (words_are(f.verb, "ping")) {
        pong(w);
    } else if (words_are(f.verb, "welcome")) {
        start(t, w->index);
    } else if (words_are(f.verb, "started")) {
        started(t, &f);
    } else if (words_are(f.verb, "resumed")) {
        t->resident_ready = true;
        talk_ready(t);
    } else {
        refused(w, &f);
    }
}

/* --- agents ---------------------------------------------------------------------------------------------------------------------- */

static void desk_up(struct ws *w)
{
    if (!desks[w->index].up) {
        desks[w->index].up = true;
        agents_up++;
    }
}

static void desk_greeted(struct ws *w)
{
    struct made m;
    desks[w->index].greeted = true;
    if (w->index >= load.cookies_n) {
        desk_up(w);
        return;
    }
    made_start(&m, 1, "presence"); /* once for each member of staff */
    made_text(&m, "presence", "available", 9);
    ws_send(w, m.data, m.n);
}

/* A conversation was given to this member of staff: the next of their connections follows it. */
static void assigned(struct ws *w, const struct seen *f)
{
    unsigned run, index, staff = w->index % load.cookies_n;
    struct made m;
    if (!words_are(f->state, "active") || !text_read(f->name.s, f->name.n, &run, &index) || run != run_id) {
        return; /* of another run, perhaps */
    }
    if (index >= load.n || load.talks[index].agent || f->conversation.n >= sizeof load.talks[index].id) {
        return;
    }
    struct talk *t = &load.talks[index];
    unsigned desk = desk_next[staff];
    desk_next[staff] = desk + load.cookies_n < load.agents_n ? desk + load.cookies_n : staff;
    t->agent = &load.agents[desk];
    memcpy(t->id, f->conversation.s, f->conversation.n);
    *desks[desk].resumed_last = t;
    desks[desk].resumed_last = &t->next_resumed;
    made_start(&m, 2, "resume");
    made_text(&m, "conversation", f->conversation.s, f->conversation.n);
    made_number(&m, "last", 1);
    ws_send(t->agent, m.data, m.n);
}

static void followed(struct ws *w, const struct seen *f)
{
    struct desk *d = &desks[w->index];
    struct talk *t = d->resumed_first;
    if (!t || !words_are(f->conversation, t->id)) {
        fail("an agent follows what it did not ask for");
    }
    d->resumed_first = t->next_resumed;
    if (!d->resumed_first) {
        d->resumed_last = &d->resumed_first;
    }
    t->agent_ready = true;
    talk_ready(t);
}

static void to_agent(struct ws *w, const unsigned char *data, size_t n)
{
    struct seen f;
    unsigned index;
    uint32_t counter;
    if (!frame_see(data, n, &f)) {
        fail("an agent got a frame that cannot be read");
    }
    if (words_are(f.verb, "entry")) {
        if (words_are(f.kind, "message") && text_read(f.text.s, f.text.n, &index, &counter) && index < load.n && counter > 1) {
            talk_delivered(&load.talks[index], counter);
        }
    } else if (words_are(f.verb, "conversation")) {
        assigned(w, &f);
    } else if (words_are(f.verb, "ping")) {
        pong(w);
    } else if (words_are(f.verb, "welcome")) {
        desk_greeted(w);
    } else if (words_are(f.verb, "presence")) {
        if (desks[w->index].greeted) {
            desk_up(w);
        }
    } else if (words_are(f.verb, "resumed")) {
        followed(w, &f);
    } else {
        refused(w, &f);
    }
}

void loket_setup(void)
{
    char headers[1024];
    run_id = (unsigned)getpid() ^ (unsigned)ns_now();
    load.agents = calloc(load.agents_n + 1, sizeof *load.agents);
    desks = calloc(load.agents_n + 1, sizeof *desks);
    desk_next = calloc(load.cookies_n + 1, sizeof *desk_next);
    for (unsigned i = 0; i < load.cookies_n; i++) {
        desk_next[i] = i;
    }
    for (unsigned i = 0; i < load.agents_n; i++) {
        desks[i].resumed_last = &desks[i].resumed_first;
        load.agents[i] = (struct ws){.opened = hello, .message = to_agent, .index = i, .role = ROLE_AGENT};
        snprintf(headers, sizeof headers, "Sec-WebSocket-Protocol: loket.1.msgpack\r\nOrigin: http://127.0.0.1:%d\r\nCookie: %s\r\n", load.port,
                 load.cookies[i % load.cookies_n]);
        ws_open(&load.agents[i], load.port, "/ws", headers);
    }
    while (agents_up < load.agents_n) {
        ws_turn(0, -1);
    }
    for (unsigned i = 0; i < load.n; i++) {
        load.talks[i].resident = (struct ws){.opened = hello, .message = to_resident, .index = i, .role = ROLE_RESIDENT};
        load.talks[i].agent_ready = load.agents_n == 0; /* residents alone: they wait in the queue */
        ws_open(&load.talks[i].resident, load.port, "/ws", "Sec-WebSocket-Protocol: loket.1.msgpack\r\n");
    }
    while (load.ready < load.n) {
        ws_turn(0, -1);
    }
}
