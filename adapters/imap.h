/* One mailbox over IMAP (RFC 3501, RFC 4315): polls (@poll_ms), fetches what is not yet confirmed, hands each mail to the hub and confirms it
 * only after the hub's done said 0 or ERR_DUPLICATE. Confirmed = flagged \Seen together with the keyword $Loket where the server allows
 * keywords (PERMANENTFLAGS \*), else \Seen alone; what a person has read in another program is still taken in when keywords work. A mailbox
 * that may not be flagged at all is not taken from. One mail at a time in order of UID. A failure is logged once, and tried again (1 s
 * doubling to 30 s, with jitter). Nothing is ever deleted or moved.
 *
 * What becomes of a mail
 * - its attachments are on disk (files_put) before it is offered; reading and storing happen on a worker thread;
 * - the raw source is attached too (message/rfc822) when the mail has no readable text or attachment, when something of it did not fit, or
 *   when it has more attachments than a message holds; a line in the text says so. Not with every mail: it would double what is stored, and
 *   the mailbox keeps it;
 * - larger than MAIL_BYTES_MAX: its first MB is fetched, read for sender, subject and words, and attached; a line in the text names mailbox
 *   and UID;
 * - no readable sender: the address is absent (never a made-up one, which could collide): the store then opens a conversation with a new
 *   resident;
 * - our own address as sender, and automatic mail (RFC 3834): taken in with automatic = true;
 * - refused by the hub for what is in it: offered once more as a note with the raw source; refused again: logged, passed over, tried again
 *   every 30 s, while the mails after it go on. The same for a mail that the server will not give out, or on which the connection was lost
 *   three times.
 *
 * Why libcurl only opens the connection (loop/line.h: TLS, STARTTLS, sign-in) and the commands are ours; tried with 7.88.1: its FETCH by
 * CURLOPT_CUSTOMREQUEST gives the literal's lines to the header callback, but a line of the mail that begins with "* " to the write callback
 * too. By its source, not tried: a line that begins with the tag ends the command, and of lines longer than its buffer all but 40 bytes are
 * thrown away (a SEARCH over a large mailbox is one). Its ;UID=n form has the literal whole, but fetches BODY[], which sets \Seen before the mail is taken in. */
#ifndef LOKET_ADAPTERS_IMAP_H
#define LOKET_ADAPTERS_IMAP_H

#include "adapters/files.h"
#include "channels/message.h"
#include "loop/transfer.h"

struct imap_config {
    const char *address, *queue;          /* mailbox address; queue its mail goes to; borrowed for the life of the source */
    const char *url, *user, *password;    /* imap[s]://host:port/INBOX; RFC 5092: %XX in the mailbox's name */
    enum transfer_tls tls;
    int64_t poll_ms;                      /* default 1000 when 0 */
};
struct imap_source;
/* @c is copied, its texts are borrowed. @take as in channels/message.h; its done may come before it returns, and after imap_close.
 * ERR_BAD_CONFIG (url), ERR_MEMORY. */
int imap_open(struct loop *l, struct transfers *t, struct files *f, const struct imap_config *c, inbound_take take, void *hub,
              struct imap_source **out) MUST_CHECK;
void imap_close(struct imap_source **s); /* waits for the worker that reads a mail; @f is not touched after it */

#endif
