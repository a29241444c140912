/* One mailbox over IMAP (RFC 3501, RFC 4315) with libcurl: polls (@poll_ms), fetches what is not yet confirmed, hands each mail to the hub and confirms it only after the hub's done said 0 or
 * ERR_DUPLICATE. Confirmed = flagged \Seen together with the keyword $Loket where the server allows keywords (PERMANENTFLAGS \*), else \Seen alone; what a person has read in
 * another program is still taken in when keywords work. One mail at a time in order of UID; a failure is logged, and tried again (1 s doubling to 30 s, with jitter). */
#ifndef LOKET_ADAPTERS_IMAP_H
#define LOKET_ADAPTERS_IMAP_H

#include "adapters/files.h"
#include "channels/message.h"
#include "loop/transfer.h"

struct imap_config {
    const char *address, *queue;          /* mailbox address; queue its mail goes to; borrowed for the life of the source */
    const char *url, *user, *password;    /* imap[s]://host:port/INBOX */
    enum transfer_tls tls;
    int64_t poll_ms;                      /* default 1000 when 0 */
};
struct imap_source;
int imap_open(struct loop *l, struct transfers *t, struct files *f, const struct imap_config *c, inbound_take take, void *hub, struct imap_source **out) MUST_CHECK;
void imap_close(struct imap_source **s);

#endif
