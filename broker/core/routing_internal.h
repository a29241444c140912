/* What the two halves of routing share: may this agent, and from when on (routing_agent.c); who gets what in one pass (routing.c). */
#ifndef LOKET_CORE_ROUTING_INTERNAL_H
#define LOKET_CORE_ROUTING_INTERNAL_H

#include "core/routing.h"

#define ROUTING_NEVER INT64_MAX

/* Saturates. */
int64_t routing_time_add(int64_t time_ms, int64_t more_ms);
/* By bytes; a prefix comes first. */
int routing_text_order(struct text a, struct text b);

bool routing_queues_meet(const struct routing_queues *a, const struct routing_queues *b);
/* Do the agents of the other queues take @w, too, by now? */
bool routing_widened(const struct routing_policy *policy, const struct routing_waiting *w, int64_t now_ms);

bool routing_agent_held(const struct routing_agent *a, const struct routing_waiting *w);
/* The moment from which on @a may have @w, room aside: requirements dropped, queues widened, rest over. ROUTING_NEVER: never.
 * @passed_ms: when they let it pass last; ROUTING_NEVER: they did not. Nothing is ever asked for again, so one moment says all. */
int64_t routing_agent_ready(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w, int64_t *passed_ms);
/* How far down the agent's list it stands, 0 .. ROUTING_ORDER_MAX - 1. What they held stands at the top; what reaches them by widening,
 * at the end. */
unsigned routing_agent_level(const struct routing_policy *policy, const struct routing_agent *a, const struct routing_waiting *w);
/* Is @a the better choice for @w? A total order, as long as ids differ. */
bool routing_agent_is_better(const struct routing_agent *a, const struct routing_agent *b, const struct routing_waiting *w);

#endif
