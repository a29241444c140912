#include "mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/id.h"

int mailbox_setup(void **state)
{
    struct mailbox *m = calloc(1, sizeof *m);
    char files[PATH_BYTES];
    m->taken = calloc(TAKEN_MAX, sizeof *m->taken);
    post_make(&m->post, "imap");
    (void)snprintf(files, sizeof files, "%.400s/files", m->post.dir);
    CHECK(m->taken && loop_new(&m->loop) == 0 && transfers_new(m->loop, &m->transfers) == 0 && files_open(files, &m->files) == 0);
    m->password = "demo";
    *state = m;
    return 0;
}

int mailbox_teardown(void **state)
{
    struct mailbox *m = *state;
    imap_close(&m->source);
    if (m->done) {
        mailbox_answer(m, ERR_CLOSED);
    }
    transfers_free(&m->transfers);
    files_close(&m->files);
    loop_free(&m->loop);
    post_done(&m->post);
    free(m->taken);
    free(m);
    return 0;
}

static void note(struct mailbox *m, const struct inbound *in)
{
    CHECK(m->taken_n < TAKEN_MAX);
    struct taken *t = &m->taken[m->taken_n++];
    (void)snprintf(t->subject, sizeof t->subject, "%.*s", in->subject.n < 99 ? (int)in->subject.n : 99, in->subject.s ? in->subject.s : "");
    (void)snprintf(t->address, sizeof t->address, "%.*s", TEXT_ARG(in->address));
    (void)snprintf(t->source_id, sizeof t->source_id, "%.*s", TEXT_ARG(in->source_id));
    (void)snprintf(t->text, sizeof t->text, "%.*s", in->text.n < 2999 ? (int)in->text.n : 2999, in->text.s ? in->text.s : "");
    t->text_bytes = in->text.n;
    t->automatic = in->automatic;
    t->has_address = in->address.s != NULL;
    t->references_n = in->references_n;
    t->attachments_n = in->attachments_n;
    assert_true(text_is(in->channel, "email"));
    assert_true(text_is(in->queue, "burgerzaken"));
    assert_true(in->source_id.n > 0);
    assert_true(text_is_utf8(in->text));
    for (size_t i = 0; i < in->attachments_n; i++) {
        char path[4200];
        (void)snprintf(t->attachments[i].name, sizeof t->attachments[i].name, "%.*s", TEXT_ARG(in->attachments[i].name));
        (void)snprintf(t->attachments[i].type, sizeof t->attachments[i].type, "%.*s", TEXT_ARG(in->attachments[i].type));
        (void)snprintf(t->attachments[i].hash, sizeof t->attachments[i].hash, "%.*s", TEXT_ARG(in->attachments[i].hash));
        t->attachments[i].bytes = in->attachments[i].bytes;
        t->attachments[i].there = files_path(m->files, in->attachments[i].hash, path, sizeof path) == 0; /* before the take returns */
    }
}

static int take(void *hub, const struct inbound *in, inbound_done done, void *ctx)
{
    struct mailbox *m = hub;
    if (m->refuses) {
        return m->refuses;
    }
    assert_null(m->done); /* one at a time */
    note(m, in);
    bool raw = in->attachments_n == 1 && text_is(in->attachments[0].type, "message/rfc822");
    int err = m->taken_n <= m->answers_n ? m->answers[m->taken_n - 1] : 0;
    if (m->fatal_subject && ((text_is(in->subject, m->fatal_subject) && !raw) || (raw && m->fatal_raw))) {
        err = ERR_BAD_FIELD;
    }
    if (m->hold) {
        m->done = done;
        m->done_ctx = ctx;
    } else {
        done(ctx, err);
    }
    return 0;
}

void mailbox_answer(struct mailbox *m, int err)
{
    inbound_done done = m->done;
    CHECK(done != NULL);
    m->done = NULL;
    done(m->done_ctx, err);
}

void mailbox_open(struct mailbox *m)
{
    struct imap_config c = {
        .address = USER, .queue = "burgerzaken", .url = m->post.url, .user = USER, .password = m->password, .tls = TRANSFER_TLS_NONE, .poll_ms = 50};
    assert_int_equal(imap_open(m->loop, m->transfers, m->files, &c, take, m, &m->source), 0);
}

void mailbox_deliver(struct mailbox *m, const char *subject, const char *body)
{
    static unsigned n;
    char mail[4096];
    (void)snprintf(mail, sizeof mail,
                   "From: Piet de Vries <Piet@Example.ORG>\r\nTo: <" USER ">\r\nSubject: %s\r\nMessage-ID: <m%u@example.org>\r\n\r\n%s\r\n", subject,
                   ++n, body);
    post_deliver(&m->post, USER, text_of(mail));
}

struct took {
    struct mailbox *m;
    size_t n;
};

static bool took_enough(void *ctx)
{
    struct took *t = ctx;
    return t->m->taken_n >= t->n;
}

bool mailbox_took(struct mailbox *m, size_t n, int64_t deadline_ms)
{
    struct took t = {m, n};
    return loop_until(m->loop, took_enough, &t, deadline_ms);
}

bool mailbox_flagged(struct mailbox *m, const char *criteria, size_t n, int64_t deadline_ms)
{
    for (int64_t end = clock_mono_ms() + deadline_ms; clock_mono_ms() < end;) {
        loop_turn(m->loop, 20);
        if (post_count(&m->post, USER, criteria) == n) {
            return true;
        }
    }
    return false;
}
