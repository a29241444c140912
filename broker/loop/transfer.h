/* One transfer with libcurl on the loop (HTTP, IMAP, SMTP), behind this door. @done is called exactly once for each accepted transfer,
 * from the loop, never before return. TLS is verified against the system's certificates unless the host is a loopback address and the
 * caller says TRANSFER_TLS_NONE. */
#ifndef LOKET_LOOP_TRANSFER_H
#define LOKET_LOOP_TRANSFER_H

#include <stdbool.h>

#include "base/buf.h"
#include "loop/loop.h"

struct transfers; /* one curl_multi */
int transfers_new(struct loop *l, struct transfers **out) MUST_CHECK;
void transfers_free(struct transfers **t); /* running transfers end with ERR_CLOSED */

enum transfer_tls { TRANSFER_TLS_REQUIRED, TRANSFER_TLS_NONE };

struct transfer_request {
    const char *url;             /* all pointers are borrowed until return, and copied */
    const char *user, *password; /* NULL: none */
    const char *command;         /* IMAP: custom command (CURLOPT_CUSTOMREQUEST); HTTP: method other than GET/POST; NULL: none */
    const char *const *headers;  /* HTTP; NULL-terminated; NULL: none */
    struct text body;            /* HTTP POST body, or the mail for SMTP; absent: none. Copied. */
    const char *mail_from;       /* SMTP envelope */
    const char *const *mail_to;  /* SMTP envelope, NULL-terminated */
    enum transfer_tls tls;
    int64_t deadline_ms;         /* the whole transfer */
    size_t answer_bytes_max;     /* an answer beyond it ends the transfer with ERR_TOO_LARGE */
    bool keep;                   /* IMAP: the connection is kept for the next transfer to the same host and user */
};
struct transfer_result {
    int err;             /* 0, ERR_TIMEOUT, ERR_TOO_LARGE, ERR_CLOSED, ERR_REMOTE (it answered with an error), ERR_IO (no connection) */
    long code;           /* HTTP status, or the last SMTP/IMAP reply code curl knows; 0: none */
    struct text answer;  /* body; for IMAP the untagged lines and literals. Borrowed until return */
    const char *why;     /* curl's words for the log, never NULL; holds no credentials */
    bool request_sent;   /* something of the request may have reached the other side: the fate is unknown when err != 0 */
};
int transfer_start(struct transfers *t, const struct transfer_request *r,
                   void (*done)(void *ctx, const struct transfer_result *result), void *ctx) MUST_CHECK;

#endif
