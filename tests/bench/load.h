/* What the load generator's files share. A talk is one resident and one agent: over the broker a conversation, over the relay a pair. */
#ifndef LOKET_BENCH_LOAD_H
#define LOKET_BENCH_LOAD_H

#include "frames.h"
#include "ws.h"

enum { TEXT_BYTES = 128, COOKIES_MAX = 256 };
enum { ROLE_RESIDENT, ROLE_AGENT };

struct talk {
    struct ws resident;
    struct ws *agent;                       /* an agent's connection may carry several conversations */
    unsigned char *frame;                   /* what the resident says, whole; owned */
    size_t frame_n, text_at, counter_at;    /* counter_at 0: the number stands in the text alone */
    uint32_t sent, acked, delivered;        /* the resident's counter: said, acked to the resident, seen by the agent */
    uint32_t before;                        /* said before this command */
    struct talk *next_resumed;              /* in the order in which the agent's connection asked */
    char id[65];
    bool resident_ready, agent_ready;
};

struct load {
    int port;
    unsigned n, agents_n, cookies_n;
    const char *queue;
    char *cookies[COOKIES_MAX];
    struct talk *talks;
    struct ws *agents;
    unsigned ready;                         /* talks that can be used */
};
extern struct load load;

void loket_setup(void); /* returns when every conversation is assigned to an agent, and followed by both sides */
void relay_setup(void);

/* The words of message @counter of talk @index: both in hexadecimal, then letters. */
void text_make(char out[TEXT_BYTES], unsigned index, uint32_t counter);
/* The talk's index and counter at the front of @text; false: not ours. */
bool text_read(const char *text, size_t n, unsigned *index, uint32_t *counter);
void talk_acked(struct talk *t, uint32_t counter);
void talk_delivered(struct talk *t, uint32_t counter);
void talk_ready(struct talk *t);

#endif
