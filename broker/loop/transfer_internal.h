/* What transfer.c and line.c share: libcurl shows in these two alone. */
#ifndef LOKET_LOOP_TRANSFER_INTERNAL_H
#define LOKET_LOOP_TRANSFER_INTERNAL_H

#include <curl/curl.h>

#include "base/list.h"
#include "loop/transfer.h"

#define TRANSFER_WHY_BYTES 400

struct transfer {
    struct list in_running;
    struct transfers *all;
    CURL *easy;
    struct curl_slist *headers, *to;
    struct buf body, answer;
    size_t sent;
    char error[CURL_ERROR_SIZE], last_line[TRANSFER_WHY_BYTES];
    int reply; /* SMTP: the last code, but that of QUIT */
    char *secret; /* the password, to keep it out of `why`; NULL: none */
    bool is_smtp, is_mail, more_lines, stays_open;
    void (*done)(void *ctx, const struct transfer_result *result);
    void *ctx;
};

/* Connect and sign in only (CURLOPT_CONNECT_ONLY). After @done with err 0 the connection is open and @out lives on until transfer_drop; after any
 * other @done it is gone. */
int transfer_start_open(struct transfers *all, const struct transfer_request *r, void (*done)(void *ctx, const struct transfer_result *result),
                        void *ctx, struct transfer **out) MUST_CHECK;
void transfer_drop(struct transfer *t); /* @done is not called any more */
struct loop *transfers_loop(const struct transfers *all);

#endif
