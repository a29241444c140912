/* SMS through Kannel's smsbox: sendsms over HTTP out, get-url and dlr-url in (Kannel user guide, "Using the HTTP Interface to Send SMS Messages",
 * "Delivery Reports"). */
#ifndef LOKET_ADAPTERS_KANNEL_H
#define LOKET_ADAPTERS_KANNEL_H

#include "channels/message.h"
#include "loop/transfer.h"

struct kannel_config {
    const char *number, *queue;            /* our number (E.164) and the queue its texts go to */
    const char *country;                   /* digits of the calling code that a national number is meant in ("31"); NULL: numbers stay as they come */
    const char *url, *user, *password;     /* http://host:port/cgi-bin/sendsms */
    const char *hook_url, *hook_secret;    /* where Kannel reaches us */
};
/* 200, 202: SENT (accepted or queued), 4xx: REFUSED, 503: LATER, nothing reached: LATER, no answer after the request left: UNKNOWN. Asks for
 * delivery reports (dlr-mask 31) with a dlr-url that names conversation and seq. UTF-8 and long texts: GSM 7 when it fits, UCS-2 otherwise;
 * concatenation is Kannel's. ERR_TOO_LARGE: more than KANNEL_PARTS_MAX messages; Kannel drops what is past its `max-messages` in silence, so
 * that setting must not be lower. ERR_BAD_UTF8, ERR_MEMORY. */
#define KANNEL_PARTS_MAX 20
int kannel_send(struct transfers *t, const struct kannel_config *c, const struct outbound *o, outbound_done done, void *ctx) MUST_CHECK;

/* Query string of GET /hook/sms/kannel/in. Decoded texts lie in @room. ERR_FORBIDDEN (secret, compared in constant time), ERR_BAD_INPUT.
 * @m's queue is the number's. */
int kannel_inbound(const struct kannel_config *configs, size_t n, struct text query, struct buf *room, struct inbound *m) MUST_CHECK;

/* Query string of GET /hook/sms/kannel/dlr. @state: "delivered" (1), "failed" (2, 16), "sent" (4, 8); ERR_FORBIDDEN, ERR_BAD_INPUT. */
struct kannel_report { struct text conversation; uint64_t seq; const char *state; struct text reason; };
int kannel_delivery(const struct kannel_config *configs, size_t n, struct text query, struct buf *room, struct kannel_report *out) MUST_CHECK;

#endif
