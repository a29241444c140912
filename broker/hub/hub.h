/* The hub: event in → core → effects out. It alone sees the doors (edge, adapters) and the state (store), and joins them. One handler file a verb (verb_*.c).
 * Owned by main.c; everything runs on the loop's thread. */
#ifndef LOKET_HUB_HUB_H
#define LOKET_HUB_HUB_H

#include "edge/edge.h"
#include "loop/loop.h"
#include "loop/transfer.h"
#include "store/store.h"

#define HUB_QUEUES_MAX QUEUES_MAX
#define HUB_MAILBOXES_MAX 64
#define HUB_NUMBERS_MAX 64

struct hub_queue {
    const char *id, *name_nl, *name_en;
};
struct hub_mailbox {
    const char *address, *queue;
    const char *imap_url, *smtp_url, *user, *password;
    enum transfer_tls tls;
};
struct hub_number {
    const char *number, *queue, *url, *user, *password, *hook_secret, *hook_url;
};

/* Borrowed for the life of the hub. */
struct hub_config {
    const char *node, *organisation_id, *organisation_name, *country; /* country: digits of the calling code, "31" */
    const char *data_dir;
    const struct hub_queue *queues;
    size_t queues_n;
    const struct hub_mailbox *mailboxes;
    size_t mailboxes_n;
    const struct hub_number *numbers;
    size_t numbers_n;
    uint64_t weight_chat, weight_email, weight_sms; /* capacity units */
    int64_t away_grace_ms;  /* an agent without a session for so long is offline, and the work is given on */
    int64_t heartbeat_ms;
    bool secure_cookie;     /* served over TLS, here or in front */
    void (*drain)(void *ctx); /* asked to hand over and end; may be NULL */
    void *drain_ctx;
};

struct hub;
int hub_new(struct loop *l, const struct hub_config *c, struct hub **out) MUST_CHECK;
/* The two ends are opened by main and handed over before the loop runs. */
void hub_attach(struct hub *h, struct edge *e, struct store *s);
const struct edge_events *hub_edge_events(void);
void hub_store_changed(void *hub, bool up); /* for store_open */
void hub_stop_channels(struct hub *h);            /* nothing new is taken in; what is in flight may end; the others are told that this broker leaves */
bool hub_is_idle(const struct hub *h);            /* after hub_stop_channels: nothing outbound is under way any more */
void hub_store_closing(struct hub *h);            /* before store_close: from now on nothing is written; what was begun is found again on disk */
void hub_free(struct hub **h);                    /* after edge and store are closed */

#endif
