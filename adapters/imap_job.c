#include "adapters/imap_job.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/log.h"

struct imap_job {
    struct imap_mail mail;
    inbound_take take;
    void *hub;
    void (*ended)(void *ctx, int err); /* NULL: orphan */
    void *ctx;
    bool plain;         /* offered in its plainest form */
    bool asking, told;  /* the hub may answer before take returns */
    int told_err;
    bool working;       /* guarded by @lock */
    pthread_mutex_t lock;
    pthread_cond_t rests;
};

struct imap_job *imap_job_new(inbound_take take, void *hub, void (*ended)(void *ctx, int err), void *ctx)
{
    struct imap_job *j = calloc(1, sizeof *j);
    if (j) {
        imap_mail_init(&j->mail);
        j->take = take;
        j->hub = hub;
        j->ended = ended;
        j->ctx = ctx;
        pthread_mutex_init(&j->lock, NULL);
        pthread_cond_init(&j->rests, NULL);
    }
    return j;
}

struct imap_mail *imap_job_mail(struct imap_job *j)
{
    return &j->mail;
}

void imap_job_free(struct imap_job **job)
{
    struct imap_job *j = *job;
    if (j) {
        imap_mail_done(&j->mail);
        pthread_mutex_destroy(&j->lock);
        pthread_cond_destroy(&j->rests);
        free(j);
        *job = NULL;
    }
}

static void job_work(void *ctx) /* on a worker thread */
{
    struct imap_job *j = ctx;
    imap_mail_read(&j->mail);
    pthread_mutex_lock(&j->lock);
    j->working = false;
    pthread_cond_signal(&j->rests);
    pthread_mutex_unlock(&j->lock);
}

static void job_end(struct imap_job *j, int err)
{
    void (*ended)(void *, int) = j->ended;
    void *ctx = j->ctx;
    imap_job_free(&j);
    if (ended) {
        ended(ctx, err);
    }
}

static void job_taken(void *ctx, int err);

static int job_ask(struct imap_job *j)
{
    j->told = false;
    j->asking = true;
    int err = j->mail.err ? j->mail.err : j->take(j->hub, &j->mail.inbound, job_taken, j);
    j->asking = false;
    return err;
}

/* What the hub said, or was not even asked for. */
static void job_answered(struct imap_job *j, int err)
{
    while (err && err != ERR_DUPLICATE && err_class(err) == ERR_CLASS_FATAL && !j->plain && j->ended) {
        log_event(LOG_WARN, "mail_not_taken", "queue=%s uid=%llu err=%s next=\"offered as raw source\"", j->mail.queue,
                  (unsigned long long)j->mail.uid, err_name(err));
        j->plain = true;
        imap_mail_plain(&j->mail);
        err = job_ask(j);
        if (!err && !j->told) {
            return;
        }
        err = err ? err : j->told_err;
    }
    job_end(j, err);
}

static void job_taken(void *ctx, int err)
{
    struct imap_job *j = ctx;
    CHECK(!j->told);
    j->told = true;
    j->told_err = err;
    if (!j->asking) {
        job_answered(j, err);
    }
}

static void job_read(void *ctx)
{
    struct imap_job *j = ctx;
    if (!j->ended) {
        job_end(j, ERR_CLOSED);
        return;
    }
    int err = job_ask(j);
    if (err || j->told) {
        job_answered(j, err ? err : j->told_err);
    }
}

int imap_job_run(struct imap_job *j, struct loop *l)
{
    j->working = true;
    int err = loop_work(l, job_work, job_read, j);
    if (err) {
        j->working = false; /* nobody else knows of it */
    }
    return err;
}

void imap_job_orphan(struct imap_job **job)
{
    struct imap_job *j = *job;
    pthread_mutex_lock(&j->lock);
    while (j->working) {
        pthread_cond_wait(&j->rests, &j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    j->ended = NULL;
    *job = NULL;
}
