/* A connection that stays open, made by libcurl and then ours: libcurl resolves, connects, secures (TLS and STARTTLS as in transfer.h) and
 * signs in; the protocol's words after that are the caller's. For IMAP, where libcurl's own commands cannot do the job (adapters/imap.h says why).
 *
 *     line_open ── up ── bytes … bytes ── down          down comes once, also instead of up; after it only line_close is left to do
 *
 * Every callback comes from the loop, never before the call that caused it returns; line_close is allowed in each of them. No deadline but
 * that of opening: the caller knows what it waits for. */
#ifndef LOKET_LOOP_LINE_H
#define LOKET_LOOP_LINE_H

#include "loop/transfer.h"

#define LINE_OUT_BYTES_MAX 65536 /* not yet written; commands are short */

struct line;
struct line_events {
    void (*up)(void *ctx);
    void (*bytes)(void *ctx, struct text bytes);           /* borrowed until return; at most 16 kB */
    void (*down)(void *ctx, int err, const char *why);     /* as in struct transfer_result; ERR_CLOSED: the other side closed it */
};

/* Of @r: url, user, password, tls, and deadline_ms (of opening). ERR_MEMORY. */
int line_open(struct transfers *t, const struct transfer_request *r, const struct line_events *events, void *ctx, struct line **out) MUST_CHECK;
int line_send(struct line *l, struct text bytes) MUST_CHECK; /* copied; ERR_FULL, ERR_CLOSED (not up, or down), ERR_MEMORY */
void line_close(struct line **l);                            /* no callback any more */

#endif
