/* Heartbeats and deadlines. All sessions stand in one list in the order in which they are looked at; whoever was looked at goes to the
 * end, so that a tick costs what is due and not what is connected, and a message costs nothing here. */
#include <stdlib.h>

#include "edge/edge_internal.h"

enum { PULSE_MS_MAX = 2000 };

int64_t pulse_period_ms(const struct edge *e)
{
    int64_t period = e->limits.heartbeat_ms / 4;
    return period < 10 ? 10 : period > PULSE_MS_MAX ? PULSE_MS_MAX : period;
}

void pulse_watch(struct session *s)
{
    struct edge *e = s->door.edge;
    list_remove(&s->in_due);
    s->check_at_ms = loop_now_ms(e->loop) + pulse_period_ms(e);
    list_add_last(&e->due, &s->in_due);
}

static void session_check(struct session *s, int64_t now_ms)
{
    int64_t heartbeat_ms = s->door.edge->limits.heartbeat_ms;
    int64_t silent_ms = now_ms - s->heard_ms;
    switch (s->state) {
    case SESSION_UPGRADING:
    case SESSION_SILENT:
        if (now_ms - s->since_ms > HELLO_MS) {
            session_fail(s, ERR_SIGN_IN);
        }
        break;
    case SESSION_OPEN:
        if (s->peer.expires_ms > 0 && loop_wall_ms(s->door.edge->loop) > s->peer.expires_ms) {
            session_fail(s, ERR_SIGN_IN);
        } else if (silent_ms >= 2 * heartbeat_ms) {
            session_fail(s, ERR_HEARTBEAT);
        } else if (silent_ms >= heartbeat_ms / 2 && now_ms - s->pinged_ms >= heartbeat_ms / 2) {
            s->pinged_ms = now_ms;
            session_send(s, &(struct frame){.verb = VERB_ping});
        }
        break;
    case SESSION_CLOSING:
        if (now_ms - s->since_ms > CLOSE_MS) {
            socket_kill(s);
        }
        break;
    }
}

static void revoked_sweep(struct edge *e)
{
    size_t at = 0;
    struct text key;
    void *until_ms;
    while (map_next(&e->revoked, &at, &key, &until_ms)) {
        if (*(int64_t *)until_ms <= loop_wall_ms(e->loop)) {
            free(map_remove(&e->revoked, key));
        }
    }
}

void pulse_tick(void *edge)
{
    struct edge *e = edge;
    int64_t now_ms = loop_now_ms(e->loop);
    while (!list_is_empty(&e->due)) {
        struct session *s = LIST_OWNER(e->due.next, struct session, in_due);
        if (s->check_at_ms > now_ms) {
            break;
        }
        pulse_watch(s);
        session_check(s, now_ms);
    }
    revoked_sweep(e);
}
