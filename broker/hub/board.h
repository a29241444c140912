/* What the files behind the wallboard share: the board itself (board.c), its rows (board_rows.c, board_staff.c), today's numbers (today.c), alarms
 * (alarms.c) and the places of residents in line (places.c). */
#ifndef LOKET_HUB_BOARD_H
#define LOKET_HUB_BOARD_H

#include "hub/alarm_list.h"
#include "hub/figures.h"
#include "hub/hub_internal.h"

struct board {
    struct loop_timer *timer;
    struct list newcomers; /* members who asked to watch and have not seen a board yet */
    bool armed;            /* the timer runs: everybody who watches is told when it fires */
    bool due;              /* it fired: the next look is for everybody */
    bool reading, again;   /* a look is under way; another is to follow it */
    int64_t asked_ms;      /* when it was last asked for through the API, loop's clock; 0: never */
    bool everyone;         /* the look under way is for everybody */
    struct colleague **who;  /* of each row of the last view's agents; mostly they stay where they were */
    size_t who_n;
    struct board_staff *staff; /* NULL: to be made */
    struct today *today;
    struct alarms *alarms;
    struct places *places;
};

bool board_is_watched(const struct hub *h);
void board_ask(struct hub *h); /* through the API: today's numbers are read, too; see today_is_reading */
void board_read(struct hub *h); /* look now, if anybody wants to see */

/* Who takes work of each queue now, by its index. */
struct serving {
    struct {
        uint64_t available; /* agents */
        unsigned takes;     /* bit 1 << channel: somebody does */
    } queues[ROUTING_QUEUES_MAX];
    struct colleague *const *who; /* of each of the view's agents; NULL: nobody whom we know. The board's own, until the next */
    size_t who_n;
};
void serving_count(struct hub *h, const struct store_view *v, struct serving *out);

/* Who stands on the board, by name, with what changes only with the staff: colleague->row is the place here. */
struct board_staff {
    struct frame_agent_row *rows;
    struct text *words;
    size_t n;
};
const struct board_staff *board_staff_get(struct hub *h); /* NULL: out of memory */
void board_staff_forget(struct hub *h);

/* The rows of one board, made once for everybody who watches. Borrows from the view and the hub, so for one turn. */
struct board_waiting {
    uint64_t since;
    uint32_t at;    /* of the view */
    uint32_t queue; /* index */
};
struct board_rows {
    struct frame_queue_row *queues, *some_queues;   /* all; room for those of one agent */
    unsigned *queue_index;                          /* of each of @queues */
    size_t queues_n;
    struct frame_agent_row *agents, *colleagues;    /* for supervisors; the same without load for agents */
    size_t agents_n;
    const struct store_waiting_row *view;
    struct board_waiting *waiting;                  /* of all queues, oldest first */
    size_t waiting_n;
    struct frame_waiting_row some_waiting[WAITING_ROWS_MAX];
    struct frame_alarm alarms[ALARMS_MAX];
    size_t alarms_n;
    uint64_t at_ms;
};
int board_rows_new(struct hub *h, const struct store_view *v, const struct serving *s, struct board_rows **out) MUST_CHECK; /* ERR_MEMORY */
void board_rows_free(struct board_rows **r);
void board_rows_frame(struct board_rows *r, const struct member *m, struct frame *out); /* what @m may see; good until the next */

int today_new(struct hub *h) MUST_CHECK;
void today_free(struct hub *h);
bool today_is_reading(const struct hub *h);
void today_look(struct hub *h); /* at most every 5 s, and only while somebody watches */
const struct figures *today_of(const struct hub *h, struct text queue); /* NULL: nothing happened, or nothing is known yet */

int alarms_new(struct hub *h) MUST_CHECK;
void alarms_free(struct hub *h);
void alarms_look(struct hub *h); /* each second */
bool alarms_want_view(const struct hub *h); /* a round is under way that ends with the next view */
/* Ends the round that is under way, if all else of it is known. */
void alarms_view(struct hub *h, const struct store_view *v, const struct serving *s);
size_t alarms_show(const struct hub *h, struct frame_alarm out[ALARMS_MAX]);

int places_new(struct hub *h) MUST_CHECK;
void places_free(struct hub *h);
void places_look(struct hub *h); /* each second */

#endif
