/* Between brokers: entries, signs and changes of state reach those who follow on another one. Best effort: the log is the truth, and a gap is read from it. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

/* What one broker publishes to another: a letter, the conversation, a number, and after a line feed the bytes.
 *   e CID SEQ \n entry    an entry
 *   s CID 0 \n frame      a sign (`typing`, `read`, `bulletin`), msgpack
 *   n CID SEQ \n nodes    who follows by now, and the newest entry
 *   k - 0 \n             something to route
 *   d - 0 \n             drain */
static void publish(struct hub *h, struct text node, char letter, struct text conversation, uint64_t seq, struct text bytes)
{
    struct buf b;
    buf_init(&b, HUB_ENTRY_BYTES_MAX + 256);
    int err = buf_addf(&b, "%c %.*s %llu\n", letter, TEXT_ARG(conversation), (unsigned long long)seq);
    err = err ? err : buf_add_text(&b, bytes);
    if (!err) {
        (void)!store_publish(h->store, node, buf_text(&b)); /* best effort */
    }
    buf_done(&b);
}

static void publish_all(struct hub *h, struct text nodes, char letter, struct text conversation, uint64_t seq, struct text bytes)
{
    size_t at = 0;
    for (struct text node; text_next_word(nodes, " ", &at, &node);) {
        if (!text_is(node, h->config->node)) {
            publish(h, node, letter, conversation, seq, bytes);
        }
    }
}

void others_kick(struct hub *h)
{
    publish_all(h, text_of(node_routes(h)), 'k', TEXT_LITERAL("-"), 0, (struct text){NULL, 0});
}

void others_drain(struct hub *h, struct text node)
{
    publish(h, node, 'd', TEXT_LITERAL("-"), 0, (struct text){NULL, 0});
}

void others_bulletin(struct hub *h, const struct frame *f)
{
    buf_clear(&h->scratch);
    if (frame_encode(FRAME_MSGPACK, f, &h->scratch) == 0) {
        publish_all(h, text_of(node_all(h)), 's', TEXT_LITERAL("-"), 0, buf_text(&h->scratch));
    }
}

void others_follow(struct hub *h, struct text conversation, struct text nodes, uint64_t seq)
{
    publish_all(h, nodes, 'n', conversation, seq, nodes);
}

void deliver_others(struct hub *h, struct text conversation, uint64_t seq, struct text blob, struct text nodes)
{
    if (nodes.n > 0) {
        publish_all(h, nodes, 'e', conversation, seq, blob);
    }
}

/* A sign goes where it was last heard that somebody follows. */
static void sign_others(struct hub *h, struct thread *t, const struct frame *f)
{
    if (t->nodes[0] && strcmp(t->nodes, h->config->node) != 0) {
        buf_clear(&h->scratch);
        if (frame_encode(FRAME_MSGPACK, f, &h->scratch) == 0) {
            publish_all(h, text_of(t->nodes), 's', text_of(t->id), 0, buf_text(&h->scratch));
        }
    }
}

void deliver_typing(struct hub *h, struct follow *from)
{
    struct member *m = from->member;
    struct frame f = {.verb = VERB_typing,
                      .typing = {.conversation = text_of(from->thread->id), .from = text_of(frame_role_name(m->role)),
                                 .name = m->colleague ? text_of(m->colleague->name) : (struct text){NULL, 0}}};
    sign_others(h, from->thread, &f);
    LIST_FOR(&from->thread->follows, l, next) {
        struct member *to = LIST_OWNER(l, struct follow, in_thread)->member;
        if (to != m) {
            (void)!edge_send(h->edge, to->session, &f); /* not kept: a lost one is replaced in 3 s */
        }
    }
}

void deliver_read(struct hub *h, struct follow *from, uint64_t seq)
{
    struct frame f = {.verb = VERB_read,
                      .read = {.conversation = text_of(from->thread->id), .seq = seq,
                               .from = text_of(from->member->role == RESIDENT ? "resident" : "agent")}};
    sign_others(h, from->thread, &f);
    LIST_FOR(&from->thread->follows, l, next) {
        struct member *to = LIST_OWNER(l, struct follow, in_thread)->member;
        if (to != from->member) {
            (void)!edge_send(h->edge, to->session, &f); /* stored: a lost one comes with `resumed` */
        }
    }
}

/* --- what others publish to us ----------------------------------------------------------------------------------------------------------------- */

/* "WORD WORD … \n bytes": the words of the head into @out; how many. */
static size_t head_split(struct text payload, struct text *out, size_t max, struct text *bytes)
{
    const char *feed = payload.s ? memchr(payload.s, '\n', payload.n) : NULL;
    if (!feed) {
        return 0;
    }
    struct text head = {payload.s, (size_t)(feed - payload.s)};
    *bytes = (struct text){feed + 1, payload.n - head.n - 1};
    size_t n = 0, at = 0;
    while (n < max && text_next_word(head, " ", &at, &out[n])) {
        n++;
    }
    return n;
}

static void sign_heard(struct hub *h, struct text conversation, struct text bytes)
{
    struct thread *t = thread_find(h, conversation);
    struct frame f;
    struct frame_fault fault;
    if (frame_decode(FRAME_MSGPACK, FRAME_DOWN, bytes, h->arena, &f, &fault)) {
        return;
    }
    if (f.verb == VERB_bulletin) {
        bulletin_deliver(h, &f);
        return;
    }
    if (!t || (f.verb != VERB_typing && f.verb != VERB_read)) {
        return;
    }
    LIST_FOR(&t->follows, l, next) {
        (void)!edge_send(h->edge, LIST_OWNER(l, struct follow, in_thread)->member->session, &f); /* not kept */
    }
}

/* A page of the resident may have come or gone elsewhere: staff who follow here see it. */
static void page_changed(struct hub *h, const struct thread *t)
{
    if (!list_is_empty(&t->follows) && LIST_OWNER(t->follows.next, struct follow, in_thread)->member->role != RESIDENT) {
        deliver_conversation(h, text_of(t->id), (struct text){NULL, 0});
    }
}

void deliver_message(struct hub *h, struct text payload)
{
    struct text word[3], bytes;
    uint64_t seq;
    if (head_split(payload, word, 3, &bytes) < 3 || word[0].n != 1 || text_to_u64(word[2], &seq)) {
        log_event(LOG_WARN, "published_unreadable", "bytes=%zu next=\"passed over\"", payload.n);
        return;
    }
    struct thread *t = thread_find(h, word[1]);
    switch (word[0].s[0]) { /* letters of a later version are passed over */
    case 'e':
        deliver_entry(h, word[1], seq, bytes);
        break;
    case 's':
        sign_heard(h, word[1], bytes);
        break;
    case 'n':
        if (t) {
            (void)!text_copy(bytes, t->nodes, sizeof t->nodes); /* too many: "" then, and signs stay here */
            deliver_head(h, t, seq); /* what a broker wrote that died before it could say so */
            page_changed(h, t);
        }
        break;
    case 'k':
        router_kick(h);
        break;
    case 'd':
        node_drain(h);
        break;
    default:
        break;
    }
}

static bool anybody_here(struct hub *h, struct text agents)
{
    size_t at = 0;
    for (struct text agent; text_next_word(agents, ",", &at, &agent);) {
        struct colleague *c = map_get(&h->colleagues, agent);
        if (c && !list_is_empty(&c->members)) {
            return true;
        }
    }
    return false;
}

/* --- after a deaf moment ---------------------------------------------------------------------------------------------------------------------- */

static void back_entries(void *ctx, const struct ticket *t, int err, const struct store_entry *e, size_t n)
{
    struct hub *h = ctx;
    char *id = t->p;
    if (!err && n > 0) {
        deliver_entry(h, text_of(id), e[n - 1].seq, e[n - 1].entry); /* the newest; what is before it is read where it is missed */
    }
    free(id);
}

static void back_read(struct hub *h, const struct thread *t)
{
    char *id = strdup(t->id);
    if (!id || store_log_before(h->store, text_of(id), UINT32_MAX, 1, back_entries, h, (struct ticket){.p = id})) {
        free(id); /* the next entry shows it */
    }
}

/* A broker may have died between the store's answer and its word to the others; and pages that were there are there no more. */
void deliver_shared(struct hub *h)
{
    size_t at = 0;
    void *value;
    while (h->up && map_next(&h->threads, &at, NULL, &value)) {
        const struct thread *t = value;
        if (t->nodes[0] && strcmp(t->nodes, h->config->node) != 0) {
            back_read(h, t);
            page_changed(h, t);
        }
    }
}

/* NODE CID SEQ AGENT,AGENT */
void deliver_changed(struct hub *h, struct text payload)
{
    struct text word[4], bytes;
    uint64_t seq;
    size_t n = head_split(payload, word, 4, &bytes);
    if (n < 3 || text_to_u64(word[2], &seq) || text_is(word[0], h->config->node)) {
        return; /* our own: told when it was written */
    }
    if (text_is(word[0], "-")) {
        node_beat(h); /* a broker is no more: its lease is free */
        outbox_recover(h->outboxes[0]);
        outbox_recover(h->outboxes[1]);
        deliver_shared(h);
        return;
    }
    deliver_entry(h, word[1], seq, bytes);
    struct text agents = n > 3 ? word[3] : (struct text){NULL, 0};
    if (thread_find(h, word[1]) || anybody_here(h, agents)) {
        deliver_conversation(h, word[1], agents);
    }
    board_changed(h);
    if (node_fence(h)) {
        router_kick(h);
    }
}

static void back_work(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct hub *h = ctx;
    struct colleague *c = t->p;
    for (size_t i = 0; !err && i < n; i++) {
        deliver_conversation(h, texts[i], text_of(c->id));
    }
}

void deliver_back(struct hub *h)
{
    size_t at = 0;
    void *value;
    while (h->up && map_next(&h->threads, &at, NULL, &value)) {
        struct thread *t = value;
        back_read(h, t);
        if (!list_is_empty(&t->follows) && LIST_OWNER(t->follows.next, struct follow, in_thread)->member->role != RESIDENT) {
            deliver_conversation(h, text_of(t->id), (struct text){NULL, 0}); /* read along; what is held comes below */
        }
    }
    at = 0;
    while (h->up && map_next(&h->colleagues, &at, NULL, &value)) {
        struct colleague *c = value;
        if (!list_is_empty(&c->members)) {
            (void)!store_work_list(h->store, text_of(c->id), back_work, h, (struct ticket){.p = c}); /* the next change shows it */
        }
    }
}
