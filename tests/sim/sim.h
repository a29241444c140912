/* A world in memory in which the pure core decides and a store keeps account as the Redis functions do. Everything follows from the seed: no
 * clock, no I/O.
 *
 *   world.c    makes the office: agents, queues, rules
 *   people.c   residents, agents, supervisors and administrators do something
 *   timers.c   what becomes due; who does not come back
 *   decide.c   conversation_apply on what was read, and the write that follows from it
 *   store.c    the write: version, fence, room, accounts
 *   router.c   look, match, claims: at once, or in flight and in danger
 *   oracle.c   the rules of routing once more, plain and slow, and what a pass must look like
 *   check.c    what must hold after every step
 *   seed.c     one seed from its first step to its end, when everything that anybody can serve gets served
 *   main.c     options, workers, figures */
#ifndef LOKET_TESTS_SIM_H
#define LOKET_TESTS_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/conversation.h"
#include "core/routing.h"

#define AGENTS_MAX 10
#define CONVERSATIONS_MAX 24
#define QUEUES_MAX 4
#define SKILLS_MAX 4
#define ROUTERS_MAX 3
#define FLIGHTS_MAX 6 /* decisions of people on their way to the store */
#define CLAIMS_MAX CONVERSATIONS_MAX
#define NOBODY (-1)

#define OFFER_MS 20000
#define GRACE_MS 30000
#define WRAP_UP_MS 60000
#define RETURN_MS 120000
#define REOPEN_MS 600000
#define MISSED_IN_A_ROW 3

enum status { OFFLINE, AVAILABLE, ON_BREAK, BUSY, MISSED, OWN_FIRST, OWN_SECOND, STATUSES };

/* What was met on the way; a run over many seeds in which one of them stays 0 proves too little. */
#define METS(MET) \
    MET(arrived) MET(assigned) MET(offered) MET(broadcast) MET(accepted) MET(declined) MET(passed) MET(timed_out) MET(missed_three) \
    MET(rescinded) MET(handed_over) MET(handover_failed) MET(moved) MET(returned) MET(taken) MET(requeued) MET(snoozed) MET(woken_by_time) \
    MET(woken_by_resident) MET(wrapped) MET(reopened_in_time) MET(reopened_late) MET(abandoned) MET(agent_left) MET(came_back_in_time) \
    MET(stale) MET(fenced) MET(no_room) MET(router_died) MET(clock_back) MET(gave_way) MET(held_first) MET(asked_again) MET(widened) \
    MET(preferred_dropped) MET(passes)
enum met {
#define MET(name) MET_##name,
    METS(MET)
#undef MET
    METS_N
};

struct share { /* what a conversation weighs on somebody who bears it */
    int agent;
    uint64_t units;
    bool soft;
};

struct sim_agent {
    struct routing_agent r;  /* settings, and the store's account: load, soft, count, since */
    enum status status;
    bool here;               /* has a session */
    int64_t grace_ms;        /* !here: until then the work is kept; 0: over */
    unsigned automatic;      /* bit 1 << channel: need not be asked */
    uint32_t work;           /* the store's set of what they bear: bit 1 << conversation */
    unsigned missed;         /* in a row */
    struct {
        uint64_t load, soft, capacity;
        unsigned count[ROUTING_CHANNELS];
    } before;                /* check.c: after the last step */
    unsigned forced;         /* bit 1 << channel: a person gave them one in this step */
};

struct sim_conversation {
    bool used;
    enum conversation_state state;
    uint32_t version;        /* never begins again, so that what was decided for a predecessor is stale */
    int owner, held, back;
    int offered[CONVERSATION_OFFERS_MAX];
    size_t offered_n;
    struct share shares[CONVERSATION_OFFERS_MAX];
    size_t shares_n;
    int queue, queue_before; /* where it returns to */
    enum routing_channel channel;
    int64_t place, head_start_ms, queued_ms;
    int64_t due_ms;          /* 0: nothing is due */
    int64_t return_ms, closed_at_ms;
    bool attention;          /* still needs its first transition */
    struct {
        int agent;
        int64_t at_ms;
    } declined[ROUTING_DECLINES_MAX];
    size_t declined_n;
    struct routing_need needs[2], prefers[2];
    size_t needs_n, prefers_n;
    unsigned language;
    uint32_t asked_last;     /* check: to whom it was offered last, in vain */
    int claim, sender;       /* check: who has the claim, and to whom it comes back, by the rules as they are told */
};

/* A decision on its way to the store. */
struct decision {
    int conversation;
    uint32_t version;
    enum conversation_event_kind kind;
    struct conversation_change change;
    struct share shares[CONVERSATION_OFFERS_MAX]; /* of those who bear it from now on; who bears it already keeps what it weighs */
    enum status seen[CONVERSATION_OFFERS_MAX];
    size_t shares_n;
    bool force, claim;       /* a person decided; a router's, with @fence */
    uint64_t fence;
    int64_t due_ms, decided_ms;
    int agents[CONVERSATION_OFFERS_MAX], queue, sender; /* what it was decided from */
    int64_t snooze_ms;
    size_t agents_n;
    bool reassign;           /* TAKEN by somebody for whom it weighs what it weighs */
};

struct sim_router {
    bool alive;
    uint64_t fence;
    struct decision claims[CLAIMS_MAX];
    size_t claims_n, claimed;
};

struct world {
    uint64_t random, seed;
    int64_t now_ms, last_place, next_ms;
    unsigned step;
    struct routing_queue_rule rules[ROUTING_QUEUES_MAX];
    struct routing_policy policy;
    unsigned takes[STATUSES];
    struct sim_agent agents[AGENTS_MAX];
    int agents_n;
    struct sim_conversation conversations[CONVERSATIONS_MAX];
    int queues_n;
    int waiting[QUEUES_MAX][ROUTING_CHANNELS]; /* the store's account */
    struct sim_router routers[ROUTERS_MAX];
    int routers_n;
    uint64_t fence;          /* of the newest lease; 0: this world has none, and routers overlap freely */
    struct decision flights[FLIGHTS_MAX];
    bool flying[FLIGHTS_MAX];
    const char *violated;    /* the invariant; NULL: none */
    char detail[160];
    bool verbose;
    uint64_t met[METS_N];
};

/* What a router sees at one moment. */
struct view {
    struct routing_agent agents[AGENTS_MAX];
    enum status seen[AGENTS_MAX];
    struct routing_waiting waiting[CONVERSATIONS_MAX];
    size_t agents_n, waiting_n;
};

unsigned roll(struct world *w, unsigned n); /* 0 .. n - 1 */
bool chance(struct world *w, unsigned percent);
void world_make(struct world *w, uint64_t seed, bool verbose);
int agent_of(struct text id);        /* NOBODY for an absent one */
struct text agent_id(int agent);
int conversation_of(struct text id);
struct text conversation_id(int conversation);
struct text queue_id(int queue);
int queue_of(struct text id);

void world_say(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3))); /* --verbose */
/* The invariant @name does not hold; the first one counts. */
void violate(struct world *w, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Decide on what is in the store now. ERR_BAD_STATE, ERR_STALE: nothing to write. */
int decide(struct world *w, struct decision *d);
/* Decide and write; a person's decision is sometimes on its way for a while. */
int act(struct world *w, struct decision d);
int act_at_once(struct world *w, struct decision d);
void flights_step(struct world *w);
int store_write(struct world *w, const struct decision *d);

void people_step(struct world *w);
void timers_run(struct world *w, bool dies);
void agent_goes(struct world *w, int agent); /* what they have is given on */

void router_pass(struct world *w); /* a live router with the newest lease: look and all claims, in one step */
void router_step(struct world *w); /* a router that is slower: a look, a claim, a new lease or its death */
void view_make(const struct world *w, struct view *v);

bool oracle_can_take(const struct world *w, const struct routing_agent *a, const struct routing_waiting *c, int64_t now_ms);
bool oracle_has_room(const struct world *w, const struct routing_agent *a, enum routing_channel channel);
/* @before: as looked at; @after: as routing_match left it. */
void oracle_check(struct world *w, const struct view *before, const struct view *after, const struct routing_assignment *out, size_t n);
void oracle_nobody_idles(struct world *w, int64_t at_ms, const char *name);

void check_write(struct world *w, const struct sim_conversation *before, const struct decision *d);
void check_step(struct world *w);
/* Runs one seed; false: an invariant was violated, @w says which and where. */
bool seed_run(struct world *w, uint64_t seed, unsigned steps, bool verbose);

#endif
