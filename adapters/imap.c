/* The life of one mailbox. imap.h says what is promised; imap_wire.h has the bytes, imap_job.h what becomes of a mail.
 *
 *   AWAY ─ wait ─ OPENING ─ SELECT ─ SEARCH ─┬─ nothing new: PAUSE (poll_ms) ─ NOOP ─ SEARCH
 *     ^                                      └─ FETCH (1 MB a command) ─ TAKE (a worker, then the hub) ─ STORE ─ the next UID
 *     └──── any failure of the connection. Whatever was known of UIDs is forgotten: a mail that was taken and not flagged is offered
 *           again, as a duplicate. */
#include "adapters/imap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/imap_job.h"
#include "adapters/imap_wire.h"
#include "adapters/trouble.h"
#include "base/check.h"
#include "base/log.h"
#include "loop/line.h"

#define IMAP_MAGIC 0x13a91309u
#define IMAP_KEYWORD "$Loket"
#define IMAP_POLL_MS 1000
#define IMAP_OPEN_MS 30000
#define IMAP_COMMAND_MS 30000       /* one command; the largest answer is a chunk */
#define IMAP_CHUNK_BYTES (1u << 20)
#define IMAP_BATCH_MAX 1000         /* UIDs of one search; the rest comes with the next */
#define IMAP_PASSED_MAX 256         /* mails passed over until the whole mailbox is searched again */
#define IMAP_WHOLE_MS 600000        /* … which is so often: somebody may have taken a flag off */
#define IMAP_WHOLE_SOON_MS 30000    /* … or so often while a mail was passed over */
#define IMAP_LOST_MAX 3             /* a mail on which the connection is lost so often is passed over */

enum imap_state { AWAY, OPENING, SELECT, SEARCH, PAUSE, NOOP, FETCH, TAKE, STORE };

struct imap_source {
    unsigned magic;
    struct loop *loop;
    struct transfers *transfers;
    struct files *files;
    struct imap_config config;
    inbound_take take;
    void *hub;
    enum imap_state state;
    struct loop_timer *timer;   /* of the state: a pause, or the deadline of a command */
    struct line *line;          /* NULL when away */
    struct imap_wire wire;
    struct buf mailbox;         /* quoted */
    char tag[24];
    unsigned tags_n;
    struct trouble connection, taking;
    bool keywords, seen_flag;   /* what may be stored for good */
    bool flags_told, keyword_told;
    uint64_t uidvalidity;
    uint64_t low;               /* every mail below is confirmed or passed over */
    uint64_t uids[IMAP_BATCH_MAX], passed[IMAP_PASSED_MAX]; /* of the last search, ascending */
    size_t uids_n, uids_at, passed_n;
    bool more;                  /* the search found more than a batch */
    int64_t whole_ms;           /* when the whole mailbox is searched again */
    uint64_t lost_uid;
    unsigned lost_n;
    size_t chunk_bytes;         /* of the last FETCH */
    bool got_body;
    struct imap_job *job;
    bool job_stale;             /* its connection is gone: what comes of it is not to be flagged */
};

static void source_next(struct imap_source *s);

static void mail_pass(struct imap_source *s, uint64_t uid, int err, const char *why)
{
    log_event(LOG_ERROR, "mail_passed_over", "queue=%s uid=%llu err=%s why=\"%s\" next=\"it stays in the mailbox; again in %d s\"", s->config.queue,
              (unsigned long long)uid, err_name(err), why, IMAP_WHOLE_SOON_MS / 1000);
    if (s->passed_n < IMAP_PASSED_MAX) {
        s->passed[s->passed_n++] = uid;
    }
    int64_t soon = loop_now_ms(s->loop) + IMAP_WHOLE_SOON_MS;
    s->whole_ms = s->whole_ms < soon ? s->whole_ms : soon;
}

static bool mail_is_passed(const struct imap_source *s, uint64_t uid)
{
    for (size_t i = 0; i < s->passed_n; i++) {
        if (s->passed[i] == uid) {
            return true;
        }
    }
    return false;
}

static void source_drop(struct imap_source *s, int err, struct text why)
{
    if (s->state == FETCH) {
        uint64_t uid = s->uids[s->uids_at];
        s->lost_n = s->lost_uid == uid ? s->lost_n + 1 : 1;
        s->lost_uid = uid;
        if (s->lost_n >= IMAP_LOST_MAX) {
            mail_pass(s, uid, err, "the connection is lost on it each time");
            s->lost_n = 0;
        }
        imap_job_free(&s->job);
    }
    line_close(&s->line);
    s->job_stale = s->job != NULL;
    s->state = AWAY;
    loop_timer_start(s->timer, trouble_tell(&s->connection, "imap_away", err, why), 0);
}

/* --- what we say ------------------------------------------------------------------------------------------------------------------------------ */

static void say(struct imap_source *s, enum imap_state state, struct buf *command, int err)
{
    s->state = state;
    (void)snprintf(s->tag, sizeof s->tag, "L%u", ++s->tags_n);
    char head[32];
    (void)snprintf(head, sizeof head, "%s ", s->tag);
    err = err ? err : line_send(s->line, text_of(head));
    err = err ? err : buf_add_z(command, "\r\n");
    err = err ? err : line_send(s->line, buf_text(command));
    buf_done(command);
    loop_timer_start(s->timer, IMAP_COMMAND_MS, 0);
    if (err) {
        source_drop(s, err, text_of(err_text(err)));
    }
}

static void say_plain(struct imap_source *s, enum imap_state state, const char *words, struct text argument)
{
    struct buf b;
    buf_init(&b, 8192);
    say(s, state, &b, buf_addf(&b, "%s%.*s", words, TEXT_ARG(argument)));
}

static void say_search(struct imap_source *s)
{
    struct buf b;
    int64_t now = loop_now_ms(s->loop);
    if (now >= s->whole_ms) {
        s->low = 1;
        s->passed_n = 0;
        s->whole_ms = now + IMAP_WHOLE_MS;
    }
    s->uids_n = s->uids_at = 0;
    s->more = false;
    buf_init(&b, 256);
    say(s, SEARCH, &b, buf_addf(&b, "UID SEARCH UID %llu:* %s", (unsigned long long)s->low, s->keywords ? "UNKEYWORD " IMAP_KEYWORD : "UNSEEN"));
}

static void say_fetch(struct imap_source *s)
{
    struct buf b;
    struct imap_mail *m = imap_job_mail(s->job);
    s->got_body = false;
    buf_init(&b, 256);
    say(s, FETCH, &b, buf_addf(&b, "UID FETCH %llu (UID RFC822.SIZE BODY.PEEK[]<%zu.%u>)", (unsigned long long)m->uid, m->raw.len, IMAP_CHUNK_BYTES));
}

static void say_store(struct imap_source *s)
{
    struct buf b;
    s->flags_told = s->keyword_told = false;
    buf_init(&b, 256);
    say(s, STORE, &b, buf_addf(&b, "UID STORE %llu +FLAGS (\\Seen%s)", (unsigned long long)s->uids[s->uids_at], s->keywords ? " " IMAP_KEYWORD : ""));
}

/* --- a mail's way ----------------------------------------------------------------------------------------------------------------------------- */

static void pause_for(struct imap_source *s, int64_t wait_ms)
{
    s->state = PAUSE;
    loop_timer_start(s->timer, wait_ms, 0);
}

static void job_ended(void *ctx, int err)
{
    struct imap_source *s = ctx;
    MAGIC_CHECK(s, IMAP_MAGIC);
    s->job = NULL;
    if (s->job_stale) {
        s->job_stale = false;
        if (s->state == TAKE) {
            source_next(s); /* it was waited for */
        }
    } else if (!err || err == ERR_DUPLICATE) {
        trouble_over(&s->taking, "mail_goes_on");
        say_store(s);
    } else if (err_class(err) == ERR_CLASS_FATAL) {
        mail_pass(s, s->uids[s->uids_at++], err, err_text(err));
        source_next(s);
    } else {
        pause_for(s, trouble_tell(&s->taking, "mail_waits", err, text_of(err_text(err))));
    }
}

static void source_next(struct imap_source *s)
{
    if (s->job) { /* of the connection before: one mail at a time */
        s->state = TAKE;
        loop_timer_stop(s->timer);
        return;
    }
    while (s->uids_at < s->uids_n && mail_is_passed(s, s->uids[s->uids_at])) {
        s->uids_at++;
    }
    if (s->uids_at < s->uids_n) {
        s->job = imap_job_new(s->take, s->hub, job_ended, s);
        if (!s->job) {
            source_drop(s, ERR_MEMORY, text_of(err_text(ERR_MEMORY)));
            return;
        }
        struct imap_mail *m = imap_job_mail(s->job);
        m->uid = s->uids[s->uids_at];
        m->uidvalidity = s->uidvalidity;
        m->address = s->config.address;
        m->queue = s->config.queue;
        m->files = s->files;
        say_fetch(s);
        return;
    }
    s->low = s->uids_n > 0 ? s->uids[s->uids_n - 1] + 1 : s->low;
    if (s->more) {
        say_search(s);
    } else {
        pause_for(s, s->config.poll_ms);
    }
}

/* A chunk is there: the next, or all of it to the worker. */
static void fetched(struct imap_source *s)
{
    struct imap_mail *m = imap_job_mail(s->job);
    if (!s->got_body) { /* removed since the search */
        imap_job_free(&s->job);
        s->uids_at++;
        source_next(s);
        return;
    }
    s->lost_n = 0;
    bool whole = s->chunk_bytes != IMAP_CHUNK_BYTES;
    if (!whole && m->size <= MAIL_BYTES_MAX && m->raw.len + IMAP_CHUNK_BYTES <= MAIL_BYTES_MAX) {
        say_fetch(s);
        return;
    }
    if (!whole) {
        m->beginning_only = true;
        m->raw.len = IMAP_CHUNK_BYTES;
        m->size = m->size > MAIL_BYTES_MAX ? m->size : MAIL_BYTES_MAX;
    }
    s->state = TAKE;
    loop_timer_stop(s->timer);
    int err = imap_job_run(s->job, s->loop);
    if (err) {
        imap_job_free(&s->job);
        pause_for(s, trouble_tell(&s->taking, "mail_waits", err, text_of(err_text(err))));
    }
}

/* --- what the server says --------------------------------------------------------------------------------------------------------------------- */

static void uid_found(struct imap_source *s, uint64_t uid)
{
    if (uid < s->low || (s->uids_n == IMAP_BATCH_MAX && uid > s->uids[s->uids_n - 1])) {
        s->more = s->more || uid >= s->low;
        return; /* "N:*" always names the last mail too (RFC 3501, section 6.4.8) */
    }
    size_t at = s->uids_n;
    while (at > 0 && s->uids[at - 1] > uid) {
        at--;
    }
    if (at > 0 && s->uids[at - 1] == uid) {
        return;
    }
    s->more = s->more || s->uids_n == IMAP_BATCH_MAX;
    s->uids_n -= s->uids_n == IMAP_BATCH_MAX;
    memmove(&s->uids[at + 1], &s->uids[at], (s->uids_n - at) * sizeof s->uids[0]);
    s->uids[at] = uid;
    s->uids_n++;
}

static void heard_fetch(struct imap_source *s, struct text line)
{
    uint64_t uid = 0, size = 0;
    if (s->state == FETCH && s->wire.has_body && s->job) {
        struct imap_mail *m = imap_job_mail(s->job);
        if (imap_number_after(line, "UID", &uid) && uid != m->uid) {
            return;
        }
        m->size = imap_number_after(line, "RFC822.SIZE", &size) ? size : m->size;
        s->chunk_bytes = s->wire.body.len;
        s->got_body = buf_add_text(&m->raw, buf_text(&s->wire.body)) == 0;
    } else if (s->state == STORE && imap_number_after(line, "UID", &uid) && uid == s->uids[s->uids_at]) {
        s->flags_told = true;
        s->keyword_told = imap_list_has(line, "FLAGS", IMAP_KEYWORD);
    }
}

static void heard_untagged(struct imap_source *s, struct text line)
{
    uint64_t number;
    struct text rest = line, first = imap_word(&rest), second = imap_word(&rest);
    if (imap_word_is(first, "BYE")) {
        source_drop(s, ERR_REMOTE, line);
    } else if (imap_word_is(first, "SEARCH") && s->state == SEARCH) {
        for (struct text word = second; word.s; word = imap_word(&rest)) {
            if (text_to_u64(word, &number) == 0) {
                uid_found(s, number);
            }
        }
    } else if (imap_word_is(second, "FETCH")) {
        heard_fetch(s, line);
    } else if (s->state == SELECT && imap_number_after(line, "UIDVALIDITY", &number)) {
        if (s->uidvalidity && s->uidvalidity != number) {
            log_event(LOG_WARN, "uidvalidity_changed", "queue=%s next=\"every mail without a flag is looked at again\"", s->config.queue);
            s->passed_n = 0;
        }
        s->uidvalidity = number;
    } else if (s->state == SELECT && imap_word_is(second, "[PERMANENTFLAGS")) {
        s->keywords = imap_list_has(line, "PERMANENTFLAGS", "\\*") || imap_list_has(line, "PERMANENTFLAGS", IMAP_KEYWORD);
        s->seen_flag = imap_list_has(line, "PERMANENTFLAGS", "\\Seen");
    }
}

static void heard_select(struct imap_source *s, bool ok, struct text line)
{
    bool read_only = line.n >= 11 && strncasecmp(line.s, "[READ-ONLY]", 11) == 0;
    if (!ok || read_only || (!s->keywords && !s->seen_flag)) {
        source_drop(s, ok ? ERR_FORBIDDEN : ERR_REMOTE, ok ? TEXT_LITERAL("this user may set no flags in the mailbox") : line);
        return;
    }
    trouble_over(&s->connection, "imap_back");
    s->whole_ms = 0;
    say_search(s);
}

static void heard_store(struct imap_source *s, bool ok)
{
    if (s->keywords && (!ok || (s->flags_told && !s->keyword_told))) {
        log_event(LOG_WARN, "imap_keyword", "queue=%s why=\"the server keeps no keyword, though it said so\" next=\"\\Seen alone from here\"",
                  s->config.queue);
        s->keywords = false;
        if (!ok) {
            say_store(s);
            return;
        }
    } else if (!ok) {
        mail_pass(s, s->uids[s->uids_at], ERR_REMOTE, "taken in, but the server would not flag it");
    }
    s->uids_at++;
    source_next(s);
}

static void heard_tagged(struct imap_source *s, struct text line)
{
    struct text rest = line;
    bool ok = imap_word_is(imap_word(&rest), "OK");
    switch (s->state) {
    case SELECT:
        heard_select(s, ok, ok ? rest : line);
        break;
    case STORE:
        heard_store(s, ok);
        break;
    case FETCH:
        if (ok) {
            fetched(s);
        } else {
            imap_job_free(&s->job);
            mail_pass(s, s->uids[s->uids_at++], ERR_REMOTE, "the server does not give it out");
            source_next(s);
        }
        break;
    default:
        if (!ok) {
            source_drop(s, ERR_REMOTE, line);
        } else if (s->state == SEARCH) {
            source_next(s);
        } else {
            say_search(s);
        }
    }
}

static void heard(struct imap_source *s, struct text line)
{
    struct text rest = line, tag = imap_word(&rest);
    bool waits = s->state != PAUSE && s->state != TAKE;
    if (text_is(tag, "*")) {
        heard_untagged(s, rest);
    } else if (waits && text_is(tag, s->tag)) {
        heard_tagged(s, rest);
    } else {
        source_drop(s, ERR_REMOTE, TEXT_LITERAL("not an answer to what was asked"));
    }
}

static void on_bytes(void *ctx, struct text bytes)
{
    struct imap_source *s = ctx;
    MAGIC_CHECK(s, IMAP_MAGIC);
    int got = 1;
    while (s->line && (got = imap_wire_next(&s->wire, &bytes)) == 1) {
        heard(s, buf_text(&s->wire.line));
    }
    if (got < 0) {
        source_drop(s, ERR_REMOTE, TEXT_LITERAL("not IMAP, or larger than was asked for"));
    }
}

static void on_up(void *ctx)
{
    struct imap_source *s = ctx;
    MAGIC_CHECK(s, IMAP_MAGIC);
    s->keywords = false;
    s->seen_flag = true; /* no PERMANENTFLAGS: every flag that is known may be stored (RFC 3501, section 6.3.1) */
    say_plain(s, SELECT, "SELECT ", buf_text(&s->mailbox));
}

static void on_down(void *ctx, int err, const char *why)
{
    struct imap_source *s = ctx;
    MAGIC_CHECK(s, IMAP_MAGIC);
    source_drop(s, err, text_of(why));
}

/* --- life ------------------------------------------------------------------------------------------------------------------------------------- */

static void source_open(struct imap_source *s)
{
    static const struct line_events events = {.up = on_up, .bytes = on_bytes, .down = on_down};
    struct transfer_request r = {.url = s->config.url, .user = s->config.user, .password = s->config.password, .tls = s->config.tls,
                                 .deadline_ms = IMAP_OPEN_MS};
    imap_wire_reset(&s->wire);
    s->state = OPENING;
    int err = line_open(s->transfers, &r, &events, s, &s->line);
    if (err) {
        source_drop(s, err, text_of(err_text(err)));
    }
}

static void timer_fired(void *ctx)
{
    struct imap_source *s = ctx;
    MAGIC_CHECK(s, IMAP_MAGIC);
    if (s->state == AWAY) {
        source_open(s);
    } else if (s->state == PAUSE) {
        say_plain(s, NOOP, "NOOP", (struct text){NULL, 0}); /* so that the server looks for new mail before it searches */
    } else {
        source_drop(s, ERR_TIMEOUT, text_of(err_text(ERR_TIMEOUT)));
    }
}

int imap_open(struct loop *l, struct transfers *t, struct files *f, const struct imap_config *c, inbound_take take, void *hub,
              struct imap_source **out)
{
    struct imap_source *s = calloc(1, sizeof *s);
    if (!s) {
        return ERR_MEMORY;
    }
    s->magic = IMAP_MAGIC;
    s->loop = l;
    s->transfers = t;
    s->files = f;
    s->config = *c;
    s->config.poll_ms = c->poll_ms > 0 ? c->poll_ms : IMAP_POLL_MS;
    s->take = take;
    s->hub = hub;
    trouble_init(&s->connection, c->queue);
    trouble_init(&s->taking, c->queue);
    imap_wire_init(&s->wire);
    buf_init(&s->mailbox, 4096);
    int err = imap_mailbox_of(c->url, &s->mailbox);
    err = err ? err : loop_timer_new(l, timer_fired, s, &s->timer);
    if (err) {
        imap_close(&s);
        return err;
    }
    loop_timer_start(s->timer, 0, 0);
    *out = s;
    return 0;
}

void imap_close(struct imap_source **source)
{
    struct imap_source *s = *source;
    if (!s) {
        return;
    }
    MAGIC_CHECK(s, IMAP_MAGIC);
    if (s->job && s->state == FETCH) {
        imap_job_free(&s->job);
    } else if (s->job) {
        imap_job_orphan(&s->job);
    }
    line_close(&s->line);
    loop_timer_free(&s->timer);
    imap_wire_done(&s->wire);
    buf_done(&s->mailbox);
    s->magic = 0;
    free(s);
    *source = NULL;
}
