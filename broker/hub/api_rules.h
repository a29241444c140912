/* What a change of one setting must fulfil beside the others: the same for /api and loketctl, with the same sentences. Types, limits and single
 * values are checked in settings.h. Pure: the caller has read what there is, and writes what comes out. */
#ifndef LOKET_HUB_API_RULES_H
#define LOKET_HUB_API_RULES_H

#include "hub/hub.h"
#include "hub/settings.h"
#include "store/store.h"

#define RULES_QUEUE "queue:" /* the name of a queue's setting: queue:ID */

struct rules {
    const struct hub_queue *file;  /* queues of the broker's file */
    size_t file_n;
    const struct text *settings;   /* name, JSON, name, JSON, … as store_settings_list gives them */
    size_t settings_n;
    const struct text *staff;      /* id, JSON, id, JSON, … as store_staff_list gives them; only for rules_queue_remove */
    size_t staff_n;
};

bool rules_id_is_plain(struct text id); /* 1 to ID_MAX of a-z, 0-9 and - */
bool rules_queue_known(const struct rules *r, struct text id);
bool rules_queue_in_file(const struct rules *r, struct text id);
/* What is stored for the queue, or what its line in the broker's file amounts to, appended to @out; ERR_NOT_FOUND. */
int rules_queue_json(const struct rules *r, struct text id, struct buf *out) MUST_CHECK;

/* Check @json and append what is to be stored to @out. 0; else as settings_…_read, with @fault. */
int rules_queue(const struct rules *r, struct text id, struct text json, struct buf *out, struct frame_fault *fault) MUST_CHECK;
int rules_routing(struct text json, struct buf *out, struct frame_fault *fault) MUST_CHECK;
/* May the queue go? 0; ERR_NOT_FOUND; ERR_BAD_STATE with the reason in fault->remedy (static until the next). Whether somebody waits there is asked
 * by the store. */
int rules_queue_remove(const struct rules *r, struct text id, struct frame_fault *fault) MUST_CHECK;

/* A member of staff. @stored: the entry as it is; absent: somebody new. @password_hash: a new one; NULL: the old one stays. */
struct rules_agent {
    struct buf entry;          /* to store; with the password's hash */
    struct buf before, after;  /* for the audit and to be shown: without it; empty: nobody */
    uint64_t capacity, limits[3];
    bool had_password, has_password;
};
int rules_agent(const struct rules *r, struct text id, struct text stored, struct text json, const char *password_hash, struct rules_agent *out,
                struct frame_fault *fault) MUST_CHECK;
void rules_agent_done(struct rules_agent *a);
/* An entry without its secrets, appended to @out; else as it is stored, and not checked. ERR_BAD_FRAME: no JSON object. */
int rules_agent_public(struct text stored, struct buf *out, bool *has_password) MUST_CHECK;

#endif
