/* loketctl: what its files share. One command a function: ctl_…_NAME(c) is called once the store is there, returns an error or sees to it that
 * ctl_end is called later. */
#ifndef LOKET_CTL_H
#define LOKET_CTL_H

#include <jansson.h>
#include <stdio.h>

#include "config.h"
#include "hub/api_rules.h"

#define CTL_SETS_MAX 64
#define CTL_ANSWER_MS 10000 /* so long the store may take for one answer */

struct ctl {
    struct loop *loop;
    struct store *store;
    struct config *config;
    struct loop_timer *deadline, *timer;
    int (*command)(struct ctl *c);
    /* As given on the command line; NULL: not. */
    const char *id, *name, *role, *queues, *skills, *languages, *must_accept, *file, *from, *to, *by, *interval;
    const char *limits[CTL_SETS_MAX], *weights[CTL_SETS_MAX], *sets[CTL_SETS_MAX]; /* "chat=2", "key=value" */
    size_t limits_n, weights_n, sets_n;
    uint64_t capacity, limit;
    bool password_stdin, wait, csv;

    bool started;
    int result;
    struct frame_arena *arena;
    json_t *json;                /* what is to be set, from the options or standard input; owned */
    char hash[128];              /* of the password; "" none */
    struct hub_queue queues_of_file[HUB_QUEUES_MAX];
    struct rules rules;          /* settings and staff once they are read; they borrow from these: */
    struct text *settings, *staff;
    struct buf settings_room, staff_room;
    void *more;                  /* of one command */
};

/* ctl.c */
void ctl_end(struct ctl *c, int result);
void ctl_done(void *ctx, const struct ticket *t, int err);       /* the end of most commands: says what failed */
void ctl_say(struct ctl *c, const char *format, ...) __attribute__((format(printf, 2, 3))); /* "loketctl: …" and the end, 1 */
void ctl_still(struct ctl *c);                                   /* it goes on: the store has its time again */
struct store_author ctl_author(void);
int ctl_fault(struct ctl *c, int err, const struct frame_fault *fault); /* says it as the API does; 0: the end was called */

/* ctl_world.c */
int ctl_world(struct ctl *c, int (*then)(struct ctl *c)); /* read settings and staff into c->rules first */
const struct text *ctl_find(const struct text *pairs, size_t n, struct text name); /* NULL: none */

/* ctl_staff.c */
int ctl_staff_list(struct ctl *c);
int ctl_staff_prepare(struct ctl *c); /* before the store: options and password; 0, or the exit code */
int ctl_password_prepare(struct ctl *c);
int ctl_staff_add(struct ctl *c);
int ctl_staff_remove(struct ctl *c);
int ctl_staff_password(struct ctl *c);
int ctl_session(struct ctl *c);

/* ctl_settings.c */
int ctl_json_prepare(struct ctl *c); /* before the store: reads the JSON; 0, or the exit code */
int ctl_queue_list(struct ctl *c);
int ctl_queue_show(struct ctl *c);
int ctl_queue_set(struct ctl *c);
int ctl_queue_remove(struct ctl *c);
int ctl_routing_show(struct ctl *c);
int ctl_routing_set(struct ctl *c);
int ctl_agent_show(struct ctl *c);
int ctl_agent_set(struct ctl *c);

/* ctl_look.c, ctl_stats.c, ctl_nodes.c */
int ctl_status(struct ctl *c);
int ctl_export(struct ctl *c);
int ctl_audit(struct ctl *c);
int ctl_stats(struct ctl *c);
int ctl_nodes(struct ctl *c);
int ctl_drain(struct ctl *c);

#endif
