/* One mail in the hands of a worker thread (read: imap_mail.h) and then of the hub (take). It may outlive its connection and its source. */
#ifndef LOKET_ADAPTERS_IMAP_JOB_H
#define LOKET_ADAPTERS_IMAP_JOB_H

#include "adapters/imap_mail.h"
#include "loop/loop.h"

struct imap_job;
/* @ended(@ctx, err) once, from the loop, at the end of what imap_job_run began: 0 and ERR_DUPLICATE: confirm; else what the hub (or reading) said.
 * The job is gone after it. What the hub would not have for what is in it is offered once more as raw source before that. */
struct imap_job *imap_job_new(inbound_take take, void *hub, void (*ended)(void *ctx, int err), void *ctx); /* NULL: no memory */
struct imap_mail *imap_job_mail(struct imap_job *j); /* to be filled before it runs */
int imap_job_run(struct imap_job *j, struct loop *l) MUST_CHECK; /* ERR_FULL, ERR_MEMORY: @ended not called */
void imap_job_free(struct imap_job **j);             /* one that does not run */
void imap_job_orphan(struct imap_job **j); /* one that runs: @ended is not called any more, and nothing borrowed is touched after the return */

#endif
