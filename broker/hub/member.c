/* Sessions, the conversations they follow, and the way from one to the other. */
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

static struct text session_key(const edge_id *session)
{
    return (struct text){(const char *)session, sizeof *session};
}

struct member *member_find(struct hub *h, edge_id session)
{
    return map_get(&h->members, session_key(&session));
}

int member_open(struct hub *h, edge_id session, const struct edge_peer *peer, const struct frame_hello *hello, struct member **out)
{
    struct colleague *c = NULL;
    if (peer->role == AGENT || peer->role == SUPERVISOR) {
        c = map_get(&h->colleagues, text_of(peer->agent));
        if (!c || c->gone) {
            return ERR_SIGN_IN;
        }
    }
    struct member *m = calloc(1, sizeof *m);
    if (!m) {
        return ERR_MEMORY;
    }
    m->session = session;
    m->role = c ? c->role : RESIDENT;
    m->colleague = c;
    list_init(&m->in_colleague);
    list_init(&m->in_watchers);
    list_init(&m->follows);
    int err = text_copy(hello->client, m->client, sizeof m->client);
    err = err ? err : map_set(&h->members, session_key(&session), m);
    if (err) {
        free(m);
        return err;
    }
    if (c) {
        list_add_last(&c->members, &m->in_colleague);
    }
    *out = m;
    return 0;
}

void member_close(struct hub *h, struct member *m)
{
    LIST_FOR(&m->follows, l, next) {
        follow_close(h, LIST_OWNER(l, struct follow, in_member));
    }
    list_remove(&m->in_colleague);
    list_remove(&m->in_watchers);
    map_remove(&h->members, session_key(&m->session));
    free(m);
}

struct thread *thread_find(struct hub *h, struct text conversation)
{
    return map_get(&h->threads, conversation);
}

bool thread_has_resident(struct thread *t)
{
    LIST_FOR(&t->follows, l, next) {
        if (LIST_OWNER(l, struct follow, in_thread)->member->role == RESIDENT) {
            return true;
        }
    }
    return false;
}

struct follow *follow_find(struct member *m, struct text conversation)
{
    LIST_FOR(&m->follows, l, next) {
        struct follow *f = LIST_OWNER(l, struct follow, in_member);
        if (text_is(conversation, f->thread->id)) {
            return f;
        }
    }
    return NULL;
}

struct follow *follow_by_id(struct member *m, uint64_t id)
{
    LIST_FOR(&m->follows, l, next) {
        struct follow *f = LIST_OWNER(l, struct follow, in_member);
        if (f->id == id) {
            return f;
        }
    }
    return NULL;
}

static int thread_open(struct hub *h, struct text conversation, struct thread **out)
{
    struct thread *t = thread_find(h, conversation);
    if (t) {
        *out = t;
        return 0;
    }
    t = calloc(1, sizeof *t);
    if (!t) {
        return ERR_MEMORY;
    }
    list_init(&t->follows);
    list_init(&t->in_places);
    int err = text_copy(conversation, t->id, sizeof t->id);
    err = err ? err : map_set(&h->threads, conversation, t);
    if (err) {
        free(t);
        return err;
    }
    *out = t;
    return 0;
}

/* The store is told when the first session here follows, when the last one leaves, and when the resident's page comes or goes: whoever appends elsewhere then tells us. */
static void thread_told(void *ctx, const struct ticket *ticket, int err, struct text said)
{
    struct hub *h = ctx;
    char *id = ticket->p;
    struct thread *t = thread_find(h, text_of(id));
    const char *space = said.n > 0 ? memchr(said.s, ' ', said.n) : NULL;
    uint64_t seq;
    if (!err && space && text_to_u64((struct text){said.s, (size_t)(space - said.s)}, &seq) == 0) {
        struct text nodes = {space + 1, said.n - (size_t)(space + 1 - said.s)};
        others_follow(h, text_of(id), nodes, seq);
        if (t) {
            (void)!text_copy(nodes, t->nodes, sizeof t->nodes); /* too many: "" then, and signs stay here */
            deliver_head(h, t, seq); /* said elsewhere before we were known to follow */
        }
    }
    free(id);
}

static void thread_tell(struct hub *h, struct thread *t, bool on, bool page)
{
    char *id = h->up && !h->stopping ? strdup(t->id) : NULL;
    if (!id || store_follow_set(h->store, text_of(t->id), on, page, thread_told, h, (struct ticket){.p = id})) {
        free(id); /* the store's coming back tells it again */
    }
}

void threads_tell(struct hub *h)
{
    size_t at = 0;
    void *value;
    while (map_next(&h->threads, &at, NULL, &value)) {
        thread_tell(h, value, true, thread_has_resident(value));
    }
}

static void thread_drop_if_empty(struct hub *h, struct thread *t)
{
    if (list_is_empty(&t->follows)) {
        thread_tell(h, t, false, false);
        places_forget(h, t);
        map_remove(&h->threads, text_of(t->id));
        free(t);
    }
}

int follow_open(struct hub *h, struct member *m, struct text conversation, struct follow **out)
{
    struct follow *f = follow_find(m, conversation);
    if (f) {
        *out = f;
        return 0;
    }
    if (m->follows_n >= HUB_FOLLOWS_MAX) {
        return ERR_FULL;
    }
    struct thread *t;
    int err = thread_open(h, conversation, &t);
    if (err) {
        return err;
    }
    f = calloc(1, sizeof *f);
    if (!f) {
        thread_drop_if_empty(h, t);
        return ERR_MEMORY;
    }
    f->id = ++h->follow_last;
    f->member = m;
    f->thread = t;
    list_add_last(&t->follows, &f->in_thread);
    list_add_last(&m->follows, &f->in_member);
    m->follows_n++;
    if (t->follows.next == t->follows.prev || m->role == RESIDENT) {
        thread_tell(h, t, true, thread_has_resident(t));
    }
    *out = f;
    return 0;
}

void follow_close(struct hub *h, struct follow *f)
{
    struct thread *t = f->thread;
    bool resident = f->member->role == RESIDENT;
    list_remove(&f->in_thread);
    list_remove(&f->in_member);
    f->member->follows_n--;
    free(f);
    if (resident && !list_is_empty(&t->follows) && !h->stopping) {
        thread_tell(h, t, true, thread_has_resident(t));
        deliver_conversation(h, text_of(t->id), (struct text){NULL, 0}); /* its agent sees that the page is gone */
    }
    thread_drop_if_empty(h, t);
}
