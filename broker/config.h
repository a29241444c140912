/* Every setting with its unit and default: struct config is the YAML file after checking. Unknown keys, wrong types and impossible values are errors that name the key. */
#ifndef LOKET_CONFIG_H
#define LOKET_CONFIG_H

#include "hub/hub.h"

struct config_queue { char *id, *name_nl, *name_en; };
struct config_mailbox { char *address, *queue, *imap_url, *smtp_url, *user, *password, *tls; };
struct config_number { char *number, *queue, *provider, *url, *user, *password, *hook_secret, *hook_url; };

struct config {
    char *listen;           /* HOST:PORT; default 127.0.0.1:7080 */
    char *web;              /* folder of the built pages; default web/dist, then /usr/share/loket/web */
    char *data;             /* private folder; default $XDG_STATE_HOME/loket or ~/.local/state/loket */
    char *node;             /* this broker's name; default node1 */
    char *log_level;        /* debug info warn error; default info */
    char *tls_cert, *tls_key; /* PEM files; default: plain HTTP */
    bool secure_cookie;     /* true when a proxy in front speaks TLS; implied by tls_cert */
    char **origins;         /* further allowed Origins */
    unsigned origins_count;
    struct config_redis { char *url, *fsync; } *redis; /* url: default a redis-server of our own; fsync (own only): always everysec no */
    struct config_organisation { char *id, *name, *country; } *organisation; /* default: demo, "Demo", 31 */
    struct config_weights { unsigned chat, email, sms; } *weights;            /* capacity units; default 2, 1, 1 */
    struct config_limits {
        unsigned frames_per_s, frames_burst;           /* default 20 and 100 for each session */
        unsigned sessions_max, sessions_per_address;   /* default 20000 and 200 */
        unsigned send_kb_max;                          /* default 1024 for each session */
        unsigned heartbeat_ms;                         /* default 25000 */
        unsigned away_grace_ms;                        /* default 60000 */
    } *limits;
    struct config_queue *queues;       unsigned queues_count;     /* default: one, "general" */
    struct config_mailbox *mailboxes;  unsigned mailboxes_count;  /* default: none */
    struct config_number *sms;         unsigned sms_count;        /* default: none */
};

/* @path NULL: all defaults. ERR_BAD_CONFIG (each fault is logged with its key and line), ERR_IO, ERR_MEMORY. */
int config_load(const char *path, struct config **out) MUST_CHECK;
void config_free(struct config **c);

/* 1 to ID_MAX of a-z, 0-9 and -: names of nodes, organisations, queues and staff, so that they can stand in keys. */
bool config_id_is_plain(const char *id);

/* "127.0.0.1:7080" → host and port. */
int config_listen_split(const char *listen, char host[64], int *port) MUST_CHECK;

#endif
