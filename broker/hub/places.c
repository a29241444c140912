/* What a resident who waits is told: their place in line and the wait that is likely. Asked of the store for the conversations whose pages are open
 * on this broker and that wait, as far as their logs have said so far; so the thousands that are being talked in cost nothing.
 *
 *   soon    resumed just now, or changed state: asked as soon as the question before is answered
 *   rest    all others that wait: every PLACES_EVERY_TICKS seconds, in turn
 *
 * One question of at most STORE_PLACES_MAX conversations is under way at a time, and at most PLACES_ROUND_MAX conversations of `rest` are asked
 * about in one round: where more wait, each hears of its place less often, and neither the store nor a turn of the loop has more to do. */
#include "hub/board.h"

#include <stdlib.h>
#include <string.h>

#include "core/estimate.h"

#define PLACES_EVERY_TICKS 2
#define PLACES_ROUND_MAX 4096 /* 64 questions; measured, about 1 % of one Redis */

struct places {
    struct list soon, rest; /* struct thread, by in_places */
    size_t n;               /* in both */
    size_t left;            /* of this round */
    unsigned ticks;
    bool asking;
};

static void place_list(struct places *p, struct thread *t, struct list *to)
{
    p->n += list_is_empty(&t->in_places);
    list_remove(&t->in_places);
    list_add_last(to, &t->in_places);
}

void places_forget(struct hub *h, struct thread *t)
{
    if (!list_is_empty(&t->in_places)) {
        list_remove(&t->in_places);
        h->board->places->n--;
    }
}

/* --- telling --------------------------------------------------------------------------------------------------------------------------------- */

/* What is to be told of one place. The estimate is of no use while nobody works. */
static struct place_told place_make(struct hub *h, const struct store_place *row, const struct store_pace *pace, size_t pace_n)
{
    int64_t now = loop_wall_ms(h->loop);
    struct place_told told = {.told = true, .place = row->place};
    const struct queue_policy *q = policy_queue(h->policy, row->queue);
    if (row->place == 0) {
        return told;
    }
    if (q && !hours_is_open(&q->hours, &h->policy->zone, now)) {
        int64_t opens = hours_next_open(&q->hours, &h->policy->zone, now);
        told.closed = true;
        told.opens_at = opens < INT64_MAX ? (uint64_t)opens : 0;
        return told;
    }
    for (size_t i = 0; i < pace_n; i++) {
        if (text_equal(pace[i].queue, row->queue)) {
            struct figures_pace p = figures_pace(pace[i].given_ms, pace[i].n, now);
            struct estimate e = estimate_wait(row->place, p.answered, p.window_ms);
            told.wait_from_s = e.known ? (uint64_t)e.from_ms / 1000 : 0;
            told.wait_to_s = e.known ? (uint64_t)e.to_ms / 1000 : 0;
        }
    }
    return told;
}

static bool is_news(const struct place_told *before, const struct place_told *now)
{
    if (now->place == 0) {
        return before->told && before->place > 0; /* who was never told that they wait need not hear that they do not */
    }
    return !before->told || before->place != now->place || before->wait_from_s != now->wait_from_s || before->wait_to_s != now->wait_to_s ||
           before->closed != now->closed || before->opens_at != now->opens_at;
}

static void place_tell(struct hub *h, struct thread *t, const struct place_told *now)
{
    struct frame f = {.verb = VERB_waiting, .waiting = {.conversation = text_of(t->id), .place = now->place, .wait_from_s = now->wait_from_s,
                                                        .wait_to_s = now->wait_to_s, .closed = now->closed, .opens_at = now->opens_at}};
    LIST_FOR(&t->follows, l, next) {
        struct follow *follow = LIST_OWNER(l, struct follow, in_thread);
        if (follow->member->role == RESIDENT && follow->ready && is_news(&follow->place, now)) {
            follow->place = *now;
            (void)!edge_send(h->edge, follow->member->session, &f); /* not kept: whoever comes back is told anew */
        }
    }
}

static void place_ends(struct hub *h, struct thread *t)
{
    places_forget(h, t);
    place_tell(h, t, &(struct place_told){.told = true});
}

/* --- asking ---------------------------------------------------------------------------------------------------------------------------------- */

static void places_ask(struct hub *h);

static void places_answered(void *ctx, const struct ticket *ticket, int err, const struct store_place *places, size_t n,
                            const struct store_pace *pace, size_t pace_n)
{
    struct hub *h = ctx;
    (void)ticket;
    h->board->places->asking = false;
    for (size_t i = 0; !err && i < n; i++) {
        struct thread *t = thread_find(h, places[i].conversation);
        if (!t || list_is_empty(&t->in_places)) {
            continue; /* gone, or it was heard meanwhile that it waits no more */
        }
        if (places[i].place == 0) {
            place_ends(h, t);
        } else {
            struct place_told now = place_make(h, &places[i], pace, pace_n);
            place_tell(h, t, &now);
        }
    }
    if (!err) {
        places_ask(h);
    }
}

/* The next conversation to ask about; NULL: none just now. */
static struct thread *places_next(struct hub *h)
{
    struct places *p = h->board->places;
    while (!list_is_empty(&p->soon) || (p->left > 0 && !list_is_empty(&p->rest))) {
        bool soon = !list_is_empty(&p->soon);
        struct thread *t = LIST_OWNER(soon ? p->soon.next : p->rest.next, struct thread, in_places);
        p->left -= !soon;
        if (thread_has_resident(t)) {
            place_list(p, t, &p->rest);
            return t;
        }
        places_forget(h, t); /* the page was closed, an agent reads on; who comes back says so */
    }
    return NULL;
}

static void places_ask(struct hub *h)
{
    struct places *p = h->board->places;
    struct text ids[STORE_PLACES_MAX];
    size_t n = 0;
    if (p->asking || !h->up || h->stopping) {
        return;
    }
    for (struct thread *t; n < STORE_PLACES_MAX && (t = places_next(h)) != NULL;) {
        ids[n++] = text_of(t->id);
    }
    p->asking = n > 0 && store_places_get(h->store, ids, n, places_answered, h, (struct ticket){0}) == 0;
}

void places_look(struct hub *h)
{
    struct places *p = h->board->places;
    if (++p->ticks % PLACES_EVERY_TICKS == 0) {
        p->left = p->n < PLACES_ROUND_MAX ? p->n : PLACES_ROUND_MAX;
    }
    places_ask(h);
}

/* --- what is heard --------------------------------------------------------------------------------------------------------------------------- */

static void place_heard(struct hub *h, struct thread *t, struct text state)
{
    if (text_is(state, "queued") || text_is(state, "offered")) {
        place_list(h->board->places, t, &h->board->places->soon);
        places_ask(h);
    } else if (!list_is_empty(&t->in_places)) {
        place_ends(h, t);
    }
}

void places_resumed(struct hub *h, struct follow *f, struct text state, uint64_t seq)
{
    f->place = (struct place_told){.told = false}; /* the page may have begun anew */
    if (seq >= f->thread->state_seq) {
        f->thread->state_seq = seq;
        place_heard(h, f->thread, state);
    }
}

void places_entry(struct hub *h, const struct frame_entry *e)
{
    struct thread *t = text_is(e->kind, "state") && e->state.n > 0 ? thread_find(h, e->conversation) : NULL;
    if (t && e->seq > t->state_seq) { /* older ones are read again by whoever comes back */
        t->state_seq = e->seq;
        place_heard(h, t, e->state);
    }
}

int places_new(struct hub *h)
{
    struct places *p = calloc(1, sizeof *p);
    if (!p) {
        return ERR_MEMORY;
    }
    list_init(&p->soon);
    list_init(&p->rest);
    h->board->places = p;
    return 0;
}

void places_free(struct hub *h)
{
    free(h->board->places);
    h->board->places = NULL;
}
