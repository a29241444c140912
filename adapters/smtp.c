#include "adapters/smtp.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "channels/email/mail_build.h"

#define SMTP_DEADLINE_MS 30000
#define SMTP_ANSWER_BYTES_MAX 65536

struct sending {
    outbound_done done;
    void *ctx;
};

static void smtp_done(void *ctx, const struct transfer_result *r)
{
    struct sending *s = ctx;
    struct outbound_result result = {.reason = r->err ? r->why : "", .provider_id = ""};
    /* RFC 4954, section 6: our sign-in is refused or missing. That is for an administrator to mend; the mail can do nothing about it. */
    bool sign_in = r->err == ERR_SIGN_IN || r->code == 530 || r->code == 534 || r->code == 535 || r->code == 538;
    if (r->err == 0) {
        result.fate = OUTBOUND_SENT;
    } else if (sign_in) {
        result.fate = OUTBOUND_LATER;
    } else if (r->code >= 500 && r->code < 600) {
        result.fate = OUTBOUND_REFUSED;
    } else if (r->request_sent && !(r->code >= 400 && r->code < 500)) {
        result.fate = OUTBOUND_UNKNOWN; /* all of it left, and no answer came back */
    } else {
        result.fate = OUTBOUND_LATER;
    }
    s->done(s->ctx, &result);
    free(s);
}

int smtp_send(struct transfers *t, const struct smtp_config *c, const struct outbound *o, outbound_done done, void *ctx)
{
    char to[ADDRESS_MAX + 1];
    struct buf mail;
    buf_init(&mail, 1u << 20); /* TEXT_LARGE_MAX in base64 and headers fit many times */
    int err = text_copy(o->address, to, sizeof to);
    err = err ? err : mail_build(o, c->address, c->name, &mail);
    struct sending *s = err ? NULL : calloc(1, sizeof *s);
    if (!err && !s) {
        err = ERR_MEMORY;
    }
    if (!err) {
        *s = (struct sending){done, ctx};
        const char *rcpt[] = {to, NULL};
        struct transfer_request r = {.url = c->url, .user = c->user, .password = c->password, .body = buf_text(&mail), .mail_from = c->address,
                                     .mail_to = rcpt, .tls = c->tls, .deadline_ms = SMTP_DEADLINE_MS, .answer_bytes_max = SMTP_ANSWER_BYTES_MAX};
        err = transfer_start(t, &r, smtp_done, s);
    }
    if (err) {
        free(s);
    }
    buf_done(&mail);
    return err;
}
