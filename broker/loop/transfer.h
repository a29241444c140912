/* One transfer with libcurl on the loop (HTTP, SMTP), behind this door; connections that stay open (IMAP): line.h. @done is called exactly
 * once for each accepted transfer, from the loop, never before transfer_start returns; it may start others. TLS is always required for mail,
 * and always verified against the system's certificates, unless the host is a loopback address (localhost, 127.…, ::1) and the caller says
 * TRANSFER_TLS_NONE; for any other host that word is not heard. For HTTP the URL's scheme decides. */
#ifndef LOKET_LOOP_TRANSFER_H
#define LOKET_LOOP_TRANSFER_H

#include <stdbool.h>

#include "base/buf.h"
#include "loop/loop.h"

struct transfers; /* one curl_multi */
int transfers_new(struct loop *l, struct transfers **out) MUST_CHECK;
void transfers_free(struct transfers **t); /* running transfers end with ERR_CLOSED; never from within a @done */

enum transfer_tls { TRANSFER_TLS_REQUIRED, TRANSFER_TLS_NONE };

struct transfer_request {
    const char *url;             /* http[s]: or smtp[s]:; all pointers are borrowed until return, and copied */
    const char *user, *password; /* NULL: none */
    const char *method;          /* HTTP: other than GET, or POST with a body; NULL: those */
    const char *const *headers;  /* HTTP; NULL-terminated; NULL: none */
    struct text body;            /* HTTP POST body, or the mail for SMTP; absent: none */
    const char *mail_from;       /* SMTP envelope */
    const char *const *mail_to;  /* SMTP envelope, NULL-terminated */
    enum transfer_tls tls;
    int64_t deadline_ms;         /* the whole transfer */
    size_t answer_bytes_max;     /* an answer beyond it ends the transfer with ERR_TOO_LARGE */
    bool repeatable; /* HTTP: may be done twice, so a kept connection may be used (libcurl then tries again by itself when that was dead) */
};
struct transfer_result {
    int err;             /* 0, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_CLOSED, ERR_SIGN_IN (password refused), ERR_REMOTE (it answered with an error),
                          * ERR_IO (no connection, or lost) */
    long code;           /* HTTP status, or the last SMTP reply code; 0: none */
    struct text answer;  /* body. Borrowed until return */
    const char *why;     /* the server's words when it refused (SMTP, IMAP sign-in), else curl's; for the log, never NULL; holds no password */
    /* The fate is unknown when err != 0. HTTP: some of the request has left. SMTP: all of the mail was handed to the connection (so its end may
     * have left, and only then can the server have taken it). */
    bool request_sent;
};
/* ERR_CLOSED, ERR_MEMORY, ERR_BAD_INPUT (an address that cannot stand in an SMTP envelope). */
int transfer_start(struct transfers *t, const struct transfer_request *r,
                   void (*done)(void *ctx, const struct transfer_result *result), void *ctx) MUST_CHECK;

#endif
