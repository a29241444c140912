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
#include "hub/policy.h"

#define HUB_MEMBERS_MAX (1u << 20)
#define HUB_THREADS_MAX (1u << 20)
#define HUB_FOLLOWS_MAX 1024          /* conversations that one session follows */
#define HUB_TRIES_MAX 4096            /* users and addresses with a wrong password in the last minute */
#define HUB_PAGE 100                  /* entries read from the log at once */
#define HUB_HISTORY_BYTES (128 * 1024) /* of one page of history; an entry that is larger comes alone */
#define HUB_DECIDE_TRIES 3            /* once, and twice more when stale */
#define HUB_NODES_BYTES 512           /* names of brokers, separated by spaces */
#define HUB_NEEDS_BYTES (NEEDS_MAX * (ID_MAX + 4) + 1) /* "skill:10," */
#define HUB_ENTRY_BYTES_MAX (192 * 1024) /* TEXT_LARGE_MAX and 64 attachments with their names */

struct colleague {
    char id[ID_MAX + 1];
    char name[LABEL_MAX + 1];
    char *password_hash;          /* owned */
    enum frame_role role;
    bool admin;                   /* may change settings */
    uint64_t capacity;
    struct routing_queues queues; /* indices into policy->queues */
    unsigned char order[ROUTING_QUEUES_MAX];
    uint64_t weight[ROUTING_CHANNELS], limit[ROUTING_CHANNELS]; /* limit 0: none */
    unsigned must_accept;         /* bit 1 << channel */
    unsigned char skills[ROUTING_SKILLS_MAX];
    uint64_t languages;
    bool gone;                    /* removed from the staff; kept while sessions point here */
    bool here;                    /* as last told to the store */
    struct list members;
    size_t row;                   /* on the board, from 1; 0: none (board_staff.c) */
    char presence[WORD_MAX + 1];  /* as last read or written; "" before */
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
    char nodes[HUB_NODES_BYTES]; /* brokers where it is followed, as last heard */
    bool told;              /* the store knows that this broker follows */
    struct list follows;
    struct list in_places;  /* of those that wait and whose resident is to be told where they stand (places.c) */
    uint64_t state_seq;     /* newest entry that its state is known of */
};

/* What one page was last told of its place in line. */
struct place_told {
    bool told, closed;
    uint64_t place, wait_from_s, wait_to_s, opens_at;
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
    struct place_told place;
};

struct router {
    bool running, again;
    size_t open;       /* claims in flight */
    size_t claimed, given; /* of this pass: worth another look; succeeded */
    unsigned refused;  /* passes in a row of which no claim succeeded */
    size_t offset, next; /* where the look began, and where it goes on */
    bool deeper;       /* some line of this window is worth looking at behind it */
    bool more;         /* some line goes on behind the window, and somebody has room */
    struct loop_timer *relax; /* when requirements relax next */
};

struct outbox; /* outbox.c */
struct board;  /* board.c */
struct node;   /* node.c */

struct hub {
    struct loop *loop;
    const struct hub_config *config;
    struct edge *edge;
    struct store *store;
    struct transfers *transfers;
    struct files *files;
    struct imap_source *sources[HUB_MAILBOXES_MAX];
    struct kannel_config kannel[HUB_NUMBERS_MAX];
    struct policy *policy;      /* never NULL */
    struct policy *policy_next; /* settings that were read, until the staff is; NULL: none */
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
    struct node *node;
    struct loop_timer *tick; /* every second: attention, outbox, board */
    unsigned ticks;
    bool up, staff_known, staff_reading, staff_again, stopping;
};

/* member.c */
struct member *member_find(struct hub *h, edge_id session);          /* NULL: gone */
int member_open(struct hub *h, edge_id session, const struct edge_peer *peer, const struct frame_hello *hello, struct member **out) MUST_CHECK;
void member_close(struct hub *h, struct member *m);
struct follow *follow_find(struct member *m, struct text conversation); /* NULL: does not follow */
struct follow *follow_by_id(struct member *m, uint64_t id);
int follow_open(struct hub *h, struct member *m, struct text conversation, struct follow **out) MUST_CHECK; /* the existing one, if any */
void follow_close(struct hub *h, struct follow *f);
void threads_tell(struct hub *h); /* the store is back: say again what is followed here */
struct thread *thread_find(struct hub *h, struct text conversation);
bool thread_has_resident(struct thread *t);

/* deliver.c, others.c, glance.c */
int entry_encode(struct hub *h, const struct frame_entry *e, struct text *out) MUST_CHECK; /* into h->scratch; good until the next */
int entry_decode(struct hub *h, struct text blob, struct text conversation, uint64_t seq, struct frame *out) MUST_CHECK; /* borrows blob and h->arena */
void deliver_entry(struct hub *h, struct text conversation, uint64_t seq, struct text blob); /* to every follower; fills gaps from the log */
void deliver_catch_up(struct hub *h, struct follow *f);
void deliver_head(struct hub *h, struct thread *t, uint64_t seq); /* there are entries up to @seq */
int deliver_send_entry(struct hub *h, struct member *m, const struct frame *entry) MUST_CHECK; /* hides what the role may not see */
void deliver_conversation(struct hub *h, struct text conversation, struct text agents); /* a `conversation` frame to who has it, followers and @agents (separated by spaces or commas), here */
void deliver_conversation_to(struct hub *h, struct text conversation, edge_id session); /* the same to one session alone */
void deliver_others(struct hub *h, struct text conversation, uint64_t seq, struct text blob, struct text nodes); /* an entry to the other brokers that follow */
void deliver_typing(struct hub *h, struct follow *from);
void deliver_read(struct hub *h, struct follow *from, uint64_t seq);
void deliver_message(struct hub *h, struct text payload); /* what another broker published to this one */
void deliver_changed(struct hub *h, struct text payload); /* a change of state that another broker wrote */
struct text state_for_resident(struct text state);
void others_kick(struct hub *h);                       /* something to route, for whoever routes */
void others_follow(struct hub *h, struct text conversation, struct text nodes, uint64_t seq); /* who follows has changed; @seq: the newest entry */
void others_drain(struct hub *h, struct text node);
void others_bulletin(struct hub *h, const struct frame *f); /* to every other broker */
void bulletin_deliver(struct hub *h, const struct frame *f);
void audit_write(struct hub *h, const struct colleague *by, const char *action, struct text what, struct text after);
void deliver_shared(struct hub *h);                       /* the other brokers are not those that they were: read again what they follow, too */
void deliver_back(struct hub *h);                         /* something may have been missed: read again what is followed and held here */

/* change.c: read, decide in core, write; again when stale. */
struct change_request {
    struct text conversation;
    struct conversation_event event;  /* agents, queue, sender; not for @due and @close */
    struct text presence[CONVERSATION_OFFERS_MAX]; /* of each of event.agents, as seen */
    bool due;                         /* what time brings to the state that it is in, if its time has come */
    bool close;                       /* the work is done: wrap-up first, where the queue has it */
    bool by_resident;
    bool force;                       /* a person decided: no presence and no capacity is asked for */
    struct text must_own, by;         /* absent: not checked; the system */
    struct text reason;               /* @close: reason code; else words for the log */
    uint64_t seen;                    /* @close: the newest entry that whoever closes has seen; 0: unknown */
    int64_t until_ms;                 /* SNOOZED; 0: until the resident writes */
    struct text needs;                /* MOVED: skills asked for from now on, as store_transition has them; absent: as before */
    uint64_t fence;                   /* of the router's lease; 0: not by the router */
};
/* @done (may be NULL) once, with the error. Everything is copied. */
typedef void (*change_done)(struct hub *h, const struct ticket *t, int err, struct text conversation);
int change_conversation(struct hub *h, const struct change_request *r, change_done done, struct ticket t) MUST_CHECK;
int change_claim(struct hub *h, const struct change_request *r, const struct store_waiting *w, change_done done, struct ticket t) MUST_CHECK; /* the router's: no read, no second try */
int change_entry(struct hub *h, struct text conversation, const char *kind, const char *state, const char *reason, const char *from, const struct colleague *by, struct text about, struct text *out) MUST_CHECK;

/* router.c, due.c, node.c, board.c, outbox.c, inbound.c, staff.c, http.c */
int router_new(struct hub *h) MUST_CHECK;
void router_free(struct hub *h);
void router_kick(struct hub *h);
struct routing_agent router_agent(struct hub *h, const struct store_agent *a); /* takes nothing when unknown, away or gone */
bool router_waiting(struct hub *h, const struct store_waiting *s, struct routing_waiting *out); /* false: of no queue or channel that there is */
void due_look(struct hub *h); /* only the broker that routes */
int node_new(struct hub *h) MUST_CHECK;
void node_free(struct hub *h);
void node_beat(struct hub *h);          /* now */
void node_leave(struct hub *h);         /* in order: what this broker has goes to the others at once */
uint64_t node_fence(const struct hub *h); /* 0: another broker routes */
const char *node_all(const struct hub *h);    /* who lives, separated by spaces, as last heard */
const char *node_routes(const struct hub *h); /* who routes; "" unknown */
bool node_is_draining(const struct hub *h);
void node_drain(struct hub *h);
void hub_sources(struct hub *h, bool on); /* mailboxes are read by one broker, the one that routes */
int board_new(struct hub *h) MUST_CHECK;
void board_free(struct hub *h);
void board_changed(struct hub *h);
void board_tick(struct hub *h); /* each second */
void board_staff_changed(struct hub *h); /* the staff, or the queues */
void board_send_to(struct hub *h, struct member *m); /* now */
void places_resumed(struct hub *h, struct follow *f, struct text state, uint64_t seq); /* a resident was sent `resumed` */
void places_entry(struct hub *h, const struct frame_entry *e); /* a resident was sent an entry */
void places_forget(struct hub *h, struct thread *t); /* nobody follows it any more */
int outbox_new(struct hub *h, const char *channel, struct outbox **out) MUST_CHECK;
void outbox_free(struct outbox **o);
void outbox_kick(struct outbox *o);
void outbox_recover(struct outbox *o); /* the store is back: take again what was taken before */
bool outbox_is_idle(const struct outbox *o); /* no item is being sent or written */
struct outbox *outbox_of(struct hub *h, const char *channel);
int inbound_hub_take(void *hub, const struct inbound *m, inbound_done done, void *ctx) MUST_CHECK;
void inbound_settle(struct hub *h, struct text conversation, struct text state, bool opened); /* after a resident's message was appended */
void inbound_new(struct hub *h, const struct queue_policy *q, struct text channel, uint64_t now, struct store_arrive *a); /* what a new conversation of @q gets: promise, priority, limit */
void settings_load(struct hub *h); /* settings, then staff */
void staff_load(struct hub *h);
int staff_queue_index(const struct hub *h, struct text queue); /* -1: none */
void colleague_session_opened(struct hub *h, struct colleague *c);
void colleague_session_closed(struct hub *h, struct colleague *c);
void staff_say_here(struct hub *h); /* tell the store again who is here */
void staff_absent(struct hub *h, struct text agent); /* without a session for too long: offline, and the work is given on */
int64_t staff_grace_ms(const struct hub *h);
void colleague_presence(struct hub *h, struct colleague *c, struct text presence, edge_id answer_to, enum frame_verb verb);
void colleague_presence_heard(struct hub *h, struct colleague *c, struct text presence); /* changed by somebody else: tell the sessions */
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
void verb_snooze(struct hub *h, struct member *m, const struct frame *f);
void verb_accept(struct hub *h, struct member *m, const struct frame *f);
void verb_decline(struct hub *h, struct member *m, const struct frame *f);
void verb_transfer(struct hub *h, struct member *m, const struct frame *f);
void verb_take(struct hub *h, struct member *m, const struct frame *f);
void verb_join(struct hub *h, struct member *m, const struct frame *f);
void verb_part(struct hub *h, struct member *m, const struct frame *f);
void verb_prioritise(struct hub *h, struct member *m, const struct frame *f);
void verb_set_presence(struct hub *h, struct member *m, const struct frame *f);
void verb_bulletin(struct hub *h, struct member *m, const struct frame *f);
void verb_link(struct hub *h, struct member *m, const struct frame *f);
void verb_unlink(struct hub *h, struct member *m, const struct frame *f);
void verb_watch(struct hub *h, struct member *m, const struct frame *f);
void work_change(struct hub *h, struct member *m, const struct frame *f, const struct change_request *r); /* the verb's answer is an error frame, or the change itself */

/* A copy of a refused frame's match fields outlives the frame: who to tell, about what. */
struct refusal {
    edge_id session;
    enum frame_verb verb;
    const char *field; /* static; NULL: none */
    char conversation[ID_MAX + 1];
    uint64_t counter;
};
void hub_refuse(struct hub *h, const struct refusal *r, int err);
bool hub_may_read(struct hub *h, const struct member *m, const struct store_conversation *c);
bool channel_is_known(struct text channel); /* chat, email, sms */

#endif
