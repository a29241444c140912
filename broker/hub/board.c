/* The wallboard: one look at the store for everyone who watches, at most twice a second; whoever begins to watch is shown a board at once.
 *
 * Everybody gets every board. To agents it shows all their colleagues, too: with a thousand consoles open that is a million rows a look, more than
 * anybody reads. So each look shows colleagues to as many agents as BOARD_ROWS_MAX allows, those who waited longest first; in an office of 100 that is
 * everybody. The others get the board without, and keep what they had. */
#include "hub/board.h"

#include <stdlib.h>

#define BOARD_EVERY_MS 500
#define BOARD_ASKED_MS 15000 /* whoever asks through the API asks again: so long as a wallboard does */
#define BOARD_ROWS_MAX 10000 /* rows of colleagues in one look: about 5 ms of encoding */

bool board_is_watched(const struct hub *h)
{
    const struct board *b = h->board;
    bool asked = b->asked_ms > 0 && loop_now_ms(h->loop) - b->asked_ms < BOARD_ASKED_MS;
    return !list_is_empty(&h->watchers) || !list_is_empty(&b->newcomers) || asked;
}

void board_ask(struct hub *h)
{
    h->board->asked_ms = loop_now_ms(h->loop);
    today_look(h);
}

static void board_show(struct hub *h, struct board_rows *rows, struct member *m, bool colleagues)
{
    struct frame f;
    board_rows_frame(rows, m, &f);
    f.board.agents_n = colleagues ? f.board.agents_n : 0;
    (void)!edge_send(h->edge, m->session, &f); /* one that is too slow is being closed */
}

static void board_show_everyone(struct hub *h, struct board_rows *rows)
{
    struct list served;
    size_t spent = 0;
    bool more = false;
    list_init(&served);
    LIST_FOR(&h->watchers, l, next) {
        struct member *m = LIST_OWNER(l, struct member, in_watchers);
        bool all = m->role == SUPERVISOR || spent < BOARD_ROWS_MAX;
        board_show(h, rows, m, all);
        more |= !all;
        if (all && m->role != SUPERVISOR) {
            spent += rows->agents_n;
            list_remove(l);
            list_add_last(&served, l);
        }
    }
    LIST_FOR(&served, l, next) {
        list_remove(l);
        list_add_last(&h->watchers, l);
    }
    if (more) {
        board_changed(h);
    }
}

static void board_show_all(struct hub *h, const struct store_view *v, const struct serving *s, bool everyone)
{
    struct board_rows *rows;
    if (!board_is_watched(h) || board_rows_new(h, v, s, &rows)) {
        return; /* out of memory: the next one */
    }
    rows->alarms_n = alarms_show(h, rows->alarms);
    if (everyone) {
        board_show_everyone(h, rows);
    }
    LIST_FOR(&h->board->newcomers, l, next) {
        board_show(h, rows, LIST_OWNER(l, struct member, in_watchers), true);
        list_remove(l);
        list_add_last(&h->watchers, l);
    }
    board_rows_free(&rows);
}

static void board_view(void *ctx, const struct ticket *t, int err, const struct store_view *v)
{
    struct hub *h = ctx;
    struct board *b = h->board;
    (void)t;
    b->reading = false;
    if (!err && h->staff_known && !h->stopping) {
        struct serving s;
        serving_count(h, v, &s);
        alarms_view(h, v, &s);
        board_show_all(h, v, &s, b->everyone);
    }
    if (b->again) {
        b->again = false;
        board_read(h);
    }
}

void board_read(struct hub *h)
{
    struct board *b = h->board;
    if ((!board_is_watched(h) && !alarms_want_view(h)) || !h->up || h->stopping) {
        return;
    }
    if (b->reading) {
        b->again = true;
        return;
    }
    struct text queues[HUB_QUEUES_MAX];
    for (size_t i = 0; i < h->policy->queues_n; i++) {
        queues[i] = text_of(h->policy->queues[i]->id);
    }
    b->everyone = b->due;
    b->due = false;
    b->reading = store_view_get(h->store, queues, h->policy->queues_n, WAITING_ROWS_MAX, board_view, h, (struct ticket){0}) == 0;
}

static void board_due(void *ctx)
{
    struct hub *h = ctx;
    h->board->armed = false;
    h->board->due = true;
    board_read(h);
}

void board_changed(struct hub *h)
{
    if (!h->board->armed && board_is_watched(h)) {
        h->board->armed = true;
        loop_timer_start(h->board->timer, BOARD_EVERY_MS, 0);
    }
}

void board_tick(struct hub *h)
{
    today_look(h);
    places_look(h);
    alarms_look(h);
    if (!board_is_watched(h)) {
        board_read(h); /* for the alarms alone; where somebody watches their next board brings the view */
    }
}

void board_send_to(struct hub *h, struct member *m)
{
    list_remove(&m->in_watchers);
    list_add_last(&h->board->newcomers, &m->in_watchers);
    today_look(h);
    if (h->up && m->role == SUPERVISOR) {
        alarms_look(h); /* the view that comes after it ends the round: the first board has the alarms */
    }
    board_read(h);
}

void verb_watch(struct hub *h, struct member *m, const struct frame *f)
{
    (void)f;
    board_send_to(h, m);
}

int board_new(struct hub *h)
{
    h->board = calloc(1, sizeof *h->board);
    if (!h->board) {
        return ERR_MEMORY;
    }
    list_init(&h->board->newcomers);
    int err = loop_timer_new(h->loop, board_due, h, &h->board->timer);
    err = err ? err : today_new(h);
    err = err ? err : alarms_new(h);
    return err ? err : places_new(h);
}

void board_free(struct hub *h)
{
    if (h->board) {
        today_free(h);
        alarms_free(h);
        places_free(h);
        board_staff_forget(h);
        free(h->board->who);
        loop_timer_free(&h->board->timer);
        free(h->board);
        h->board = NULL;
    }
}
