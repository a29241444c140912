/* Outbound mail over SMTP (RFC 5321) with libcurl. 250: SENT. 4xx, no connection, our own sign-in refused: LATER. Any other 5xx: REFUSED with
 * the server's words. Connection lost after all of the mail was handed over: UNKNOWN (the caller sends again with the same Message-ID). */
#ifndef LOKET_ADAPTERS_SMTP_H
#define LOKET_ADAPTERS_SMTP_H

#include "channels/message.h"
#include "loop/transfer.h"

struct smtp_config {
    const char *address, *name;        /* the organisation's mailbox and display name */
    const char *url, *user, *password; /* user NULL: no authentication */
    enum transfer_tls tls;
};
int smtp_send(struct transfers *t, const struct smtp_config *c, const struct outbound *o, outbound_done done, void *ctx) MUST_CHECK;

#endif
