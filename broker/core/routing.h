/* Who gets what: pure, no clock, no I/O.
 *
 *   1. Waiting conversations in order of score (place in line minus head start), so that age wins in the end. Whoever cannot be placed stays, and never blocks a
 *      younger one that can be.
 *   2. The agent who held it, while they can take it: whatever their queues and skills are.
 *   3. Of those whom the requirements fit: least loaded (relative to capacity) first, then longest idle, then by id, so that the same input gives the same answer.
 *   4. Requirements relax with the time that a conversation has waited: the queue's own agents with required and preferred skills and the language; then without
 *      what is only preferred; then also the agents of other queues. Required skills never relax.
 *   5. Who let a conversation pass is asked again only after a rest, and then only when nobody else can take it; of several, whose refusal lies furthest back.
 *
 * An agent can take a conversation when their presence takes its channel, the channel's limit is not reached, and its weight fits. Interruptible (soft) work gives way:
 * it does not count against work that is not; so load - soft + units <= capacity for firm work, load + units <= capacity for soft work.
 *
 * An agent's list of queues has an order: with `order_step_ms` each step down it makes a conversation that much younger in that agent's eyes. So the order matters,
 * and age still wins in the end. What an agent held stands at the top of their list; what reaches them through @widen_to, or what
 * they let pass, at its end. */
#ifndef LOKET_CORE_ROUTING_H
#define LOKET_CORE_ROUTING_H

#include "base/text.h"

#define ROUTING_QUEUES_MAX 256
#define ROUTING_SKILLS_MAX 128  /* names of skills in one organisation */
#define ROUTING_NEEDS_MAX 8
#define ROUTING_OFFERS_MAX 8
#define ROUTING_DECLINES_MAX 16
#define ROUTING_ORDER_MAX 8     /* steps down a list of queues that count; further ones count as the last */

enum routing_channel { ROUTING_CHAT, ROUTING_EMAIL, ROUTING_SMS, ROUTING_CHANNELS };

struct routing_queues { /* a set of queue indices */
    uint64_t bits[ROUTING_QUEUES_MAX / 64];
};
void routing_queues_add(struct routing_queues *q, unsigned index);
bool routing_queues_has(const struct routing_queues *q, unsigned index);

struct routing_need {
    unsigned skill;  /* index */
    unsigned level;  /* 1 .. 10, at least */
};

struct routing_agent {
    struct text id;
    uint64_t load, soft, capacity;        /* units; @soft: of which interruptible */
    uint64_t since_ms;                    /* idle since */
    unsigned takes;                       /* bit 1 << channel: takes work of it now */
    unsigned count[ROUTING_CHANNELS], limit[ROUTING_CHANNELS]; /* conversations borne; limit 0: none */
    uint64_t weight[ROUTING_CHANNELS];    /* units that one takes, at least 1 */
    struct routing_queues queues;
    unsigned char order[ROUTING_QUEUES_MAX]; /* place of each of @queues in the agent's list, from 0 */
    unsigned char skills[ROUTING_SKILLS_MAX]; /* level held; 0: none */
    uint64_t languages;                   /* bit 1 << (index - 1); 0: any */
    unsigned room;                        /* routing_match's own: bit 1 << channel */
    size_t next;                          /* routing_match's own */
};

struct routing_decline {
    struct text agent;
    int64_t at_ms;
};

struct routing_waiting {
    struct text conversation;
    unsigned queue;          /* index */
    enum routing_channel channel;
    int64_t score_ms;
    int64_t queued_ms;       /* waits since; requirements relax by it */
    struct text held;        /* absent: none */
    struct routing_need needs[ROUTING_NEEDS_MAX], prefers[ROUTING_NEEDS_MAX]; /* besides the queue's, which the caller has put in */
    size_t needs_n, prefers_n;
    unsigned language;       /* index from 1; 0: any */
    struct routing_decline declined[ROUTING_DECLINES_MAX];
    size_t declined_n;
    bool placed;             /* set by routing_match: in @out */
};

struct routing_queue_rule {
    int64_t drop_preferred_ms; /* preferred skills and the language are asked for so long */
    bool language_required;    /* the language never relaxes */
    int64_t widen_ms;          /* then the agents of @widen_to too */
    struct routing_queues widen_to;
    unsigned broadcast;        /* offer to so many at once; 0 and 1: to one */
};

struct routing_policy {
    const struct routing_queue_rule *queues; /* ROUTING_QUEUES_MAX of them, by index */
    unsigned interruptible;    /* bit 1 << channel */
    int64_t order_step_ms;     /* 0: the order of an agent's queues does not matter */
    int64_t decline_rest_ms;
};

struct routing_assignment {
    size_t waiting, agent;   /* indices into the inputs, as sorted. A broadcast is several with the same @waiting, one after the other */
    uint64_t units;          /* what it weighs on this agent */
    bool soft;               /* interruptible work */
};

/* Sorts @waiting by score, adds each assignment's units and count to the agent in @agents, writes at most @out_max assignments to @out (a broadcast whole or not at all).
 * Where @out is full, it stops; to get on, @out_max must be at least ROUTING_OFFERS_MAX.
 *   next_ms   the earliest time at which a conversation that stays can be taken by more agents than now, because requirements relax or a rest ends;
 *             INT64_MAX: never; @now_ms: @out was full
 * returns how many. O(waiting × agents) in the worst case; stops when no agent has anything free. */
size_t routing_match(const struct routing_policy *policy, struct routing_agent *agents, size_t agents_n, struct routing_waiting *waiting, size_t waiting_n, int64_t now_ms,
                     struct routing_assignment *out, size_t out_max, int64_t *next_ms);

/* Can @a take @w now (presence, limit, weight, requirements as far as they have relaxed, rest)? What routing_match asks; for tests and for whoever hands over by hand. */
bool routing_can_take(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w, int64_t now_ms);
/* Presence, limit and weight alone: what counts when a person decides. */
bool routing_has_room(const struct routing_policy *policy, const struct routing_agent *a, enum routing_channel channel);

#endif
