/* What the hub's files share. Nothing outside broker/hub includes this.
 *
 *   member   one open session: who it is and what it follows
 *   thread   a conversation that at least one session on this node follows
 *   follow   one member in one thread; remembers the last entry sent, so that the log can fill every gap
 *   colleague  one agent or supervisor known to the organisation, with the sessions open here
 */
#ifndef LOKET_HUB_INTERNAL_H
#define LOKET_HUB_INTERNAL_H

#include "adapters/files.h"
#include "adapters/imap.h"
#include "adapters/kannel.h"
#include "adapters/smtp.h"
#include "base/check.h"
#include "base/id.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "core/conversation.h"
#include "core/routing.h"
#include "hub/hub.h"

#define HUB_MEMBERS_MAX (1u << 20)
#define HUB_THREADS_MAX (1u << 20)
#define HUB_FOLLOWS_MAX 1024          /* conversations that one session follows */
#define HUB_TRIES_MAX 4096            /* users and addresses with a wrong password in the last minute */
#define HUB_PAGE 100                  /* entries read from the log at once */
#define HUB_HISTORY_BYTES (128 * 1024) /* of one page of history; an entry that is larger comes alone */
#define HUB_DECIDE_TRIES 3            /* once, and twice more when stale */
#define HUB_ENTRY_BYTES_MAX (192 * 1024) /* TEXT_LARGE_MAX and 64 attachments with their names */

struct colleague {
    char id[ID_MAX + 1];
    char name[LABEL_MAX + 1];
    char *password_hash;          /* owned */
    enum frame_role role;
    uint64_t capacity;
    struct routing_queues queues; /* indices into config->queues */
    bool gone;                    /* removed from the staff; kept while sessions point here */
    struct list members;
    char presence[WORD_MAX + 1];  /* as last read or written; "" before */
    struct loop_timer *away;      /* runs while on duty without a session */
    bool leaving;                 /* it runs */
    struct hub *hub;
};

struct member {
    edge_id session;
    enum frame_role role;
    char client[ID_MAX + 1];
    struct colleague *colleague; /* NULL for residents */
    struct list in_colleague, in_watchers;
    struct list follows;
    size_t follows_n;
};

struct thread {
    char id[ID_MAX + 1];
    char owner[ID_MAX + 1]; /* agent who holds it, as last read; "" nobody */
    struct list follows;
};

struct follow {
    uint64_t id;        /* never used again: callbacks find it by (session, id) */
    struct member *member;
    struct thread *thread;
    struct list in_thread, in_member;
    uint64_t sent;      /* last entry sent, without a gap */
    uint64_t head;      /* newest entry heard of */
    bool ready;         /* `resumed` was sent */
    bool reading;       /* a page of the log is on its way … */
    uint64_t read_from; /* … the one after this entry */
};

struct router {
    bool running, again;
    size_t open;       /* claims in flight */
    size_t claimed;    /* of this pass */
    size_t offset;     /* window into long queues */
    bool more;         /* the window was full */
};

struct outbox; /* outbox.c */
struct board;  /* board.c */

struct hub {
    struct loop *loop;
    const struct hub_config *config;
    struct edge *edge;
    struct store *store;
    struct transfers *transfers;
    struct files *files;
    struct imap_source *sources[HUB_MAILBOXES_MAX];
    struct kannel_config kannel[HUB_NUMBERS_MAX];
    struct text queue_ids[HUB_QUEUES_MAX];
    struct map members;    /* edge_id → struct member */
    struct map threads;    /* conversation → struct thread */
    struct map colleagues; /* agent id → struct colleague */
    struct map tries;      /* of signing in; sign_in.c */
    struct list watchers;
    struct frame_arena *arena;
    struct buf scratch;    /* an entry while it is encoded */
    uint64_t follow_last;
    struct router router;
    struct outbox *outboxes[2];
    struct board *board;
    struct loop_timer *tick; /* every second: attention, outbox, board; every tenth: the sweep */
    unsigned ticks;
    bool up, staff_known, stopping;
};

/* member.c */
struct member *member_find(struct hub *h, edge_id session);          /* NULL: gone */
int member_open(struct hub *h, edge_id session, const struct edge_peer *peer, const struct frame_hello *hello, struct member **out) MUST_CHECK;
void member_close(struct hub *h, struct member *m);
struct follow *follow_find(struct member *m, struct text conversation); /* NULL: does not follow */
struct follow *follow_by_id(struct member *m, uint64_t id);
int follow_open(struct hub *h, struct member *m, struct text conversation, struct follow **out) MUST_CHECK; /* the existing one, if any */
void follow_close(struct hub *h, struct follow *f);
struct thread *thread_find(struct hub *h, struct text conversation);
bool thread_has_resident(struct thread *t);

/* deliver.c */
int entry_encode(struct hub *h, const struct frame_entry *e, struct text *out) MUST_CHECK; /* into h->scratch; good until the next */
int entry_decode(struct hub *h, struct text blob, struct text conversation, uint64_t seq, struct frame *out) MUST_CHECK; /* borrows blob and h->arena */
void deliver_entry(struct hub *h, struct text conversation, uint64_t seq, struct text blob); /* to every follower; fills gaps from the log */
void deliver_catch_up(struct hub *h, struct follow *f);
int deliver_send_entry(struct hub *h, struct member *m, const struct frame *entry) MUST_CHECK; /* hides what the role may not see */
void deliver_conversation(struct hub *h, struct text conversation, struct colleague *also); /* a `conversation` frame to its agent, followers and @also (may be NULL) */
void deliver_typing(struct hub *h, struct follow *from);
void deliver_read(struct hub *h, struct follow *from, uint64_t seq);

/* change.c: read, decide in core, write; again when stale. @done (may be NULL) once, with the error and the agent who held it before. */
typedef void (*change_done)(struct hub *h, const struct ticket *t, int err, struct text conversation, struct text owner_before);
int change_conversation(struct hub *h, struct text conversation, const struct conversation_event *e, struct text must_own, struct text by,
                        change_done done, struct ticket t) MUST_CHECK;
int change_claim(struct hub *h, const struct store_waiting *w, struct colleague *agent, change_done done, struct ticket t) MUST_CHECK; /* the router's: no read, no second try */

/* router.c, board.c, outbox.c, inbound.c, staff.c, http.c */
void router_kick(struct hub *h);
int board_new(struct hub *h) MUST_CHECK;
void board_free(struct hub *h);
void board_changed(struct hub *h);
void board_send_to(struct hub *h, struct member *m); /* now */
int outbox_new(struct hub *h, const char *channel, struct outbox **out) MUST_CHECK;
void outbox_free(struct outbox **o);
void outbox_kick(struct outbox *o);
void outbox_recover(struct outbox *o); /* the store is back: take again what was taken before */
bool outbox_is_idle(const struct outbox *o); /* no item is being sent or written */
struct outbox *outbox_of(struct hub *h, const char *channel);
int inbound_hub_take(void *hub, const struct inbound *m, inbound_done done, void *ctx) MUST_CHECK;
void inbound_settle(struct hub *h, struct text conversation, struct text state, bool opened); /* after a resident's message was appended */
void staff_load(struct hub *h);
int staff_queue_index(const struct hub *h, struct text queue); /* -1: none */
void colleague_session_opened(struct hub *h, struct colleague *c);
void colleague_session_closed(struct hub *h, struct colleague *c);
void staff_sweep(struct hub *h); /* nobody holds work without being here: what a broker that died, or a removed account, left behind */
void colleague_presence(struct hub *h, struct colleague *c, const char *presence, edge_id answer_to);
void http_answer(struct hub *h, edge_id request, int status, const char *json);
void http_answer_error(struct hub *h, edge_id request, int status, int err);
void http_request(void *hub, edge_id request, const struct edge_http *r);

/* verb_*.c */
void verb_start(struct hub *h, struct member *m, const struct frame *f);
void verb_say(struct hub *h, struct member *m, const struct frame *f);
void verb_resume(struct hub *h, struct member *m, const struct frame *f);
void verb_leave(struct hub *h, struct member *m, const struct frame *f);
void verb_history(struct hub *h, struct member *m, const struct frame *f);
void verb_typing(struct hub *h, struct member *m, const struct frame *f);
void verb_read(struct hub *h, struct member *m, const struct frame *f);
void verb_presence(struct hub *h, struct member *m, const struct frame *f);
void verb_close(struct hub *h, struct member *m, const struct frame *f);
void verb_requeue(struct hub *h, struct member *m, const struct frame *f);
void verb_link(struct hub *h, struct member *m, const struct frame *f);
void verb_unlink(struct hub *h, struct member *m, const struct frame *f);
void verb_watch(struct hub *h, struct member *m, const struct frame *f);

/* A copy of a refused frame's match fields outlives the frame: who to tell, about what. */
struct refusal {
    edge_id session;
    enum frame_verb verb;
    char conversation[ID_MAX + 1];
    uint64_t counter;
};
void hub_refuse(struct hub *h, const struct refusal *r, int err);
bool hub_may_read(struct hub *h, const struct member *m, const struct store_conversation *c);
uint64_t hub_weight(const struct hub *h, struct text channel);
bool channel_is_known(struct text channel); /* chat, email, sms */

#endif
