/* One message as every channel's adapter hands it to the hub, and as the hub hands it to a sender. Borrowed texts, UTF-8 (RFC 3629), no NUL. */
#ifndef LOKET_CHANNELS_MESSAGE_H
#define LOKET_CHANNELS_MESSAGE_H

#include "base/text.h"
#include "proto/frame.h" /* struct frame_attachment, limits */

#define INBOUND_REFERENCES_MAX 50

struct inbound {
    struct text channel;     /* "email" or "sms" */
    struct text source_id;   /* what makes it unique at its source: Message-ID and sender, or the provider's id; never absent */
    struct text queue;       /* of the mailbox or number it came to */
    struct text address;     /* the resident's, normalised (email_address_key, sms_number_normalise) */
    struct text name;        /* display name of the sender; may be absent */
    struct text subject;     /* decoded; absent: none */
    struct text subject_key; /* without Re:, Fwd:, Antw:, spaces folded, lower case */
    struct text message_id;  /* without brackets; absent: none */
    struct text references[INBOUND_REFERENCES_MAX]; /* In-Reply-To, then References from newest to oldest, no repeats */
    size_t references_n;
    struct text text;        /* at most TEXT_LARGE_MAX bytes */
    struct frame_attachment attachments[ATTACHMENTS_MAX]; /* already stored and on disk */
    size_t attachments_n;
    bool automatic;          /* RFC 3834 and friends: never to be answered automatically */
};

/* @done(@ctx, err) exactly once: 0 or ERR_DUPLICATE → confirm to the source; anything else → keep it there and offer it again later. */
typedef void (*inbound_done)(void *ctx, int err);
typedef int (*inbound_take)(void *hub, const struct inbound *m, inbound_done done, void *ctx); /* error: @done not called; offer again */

struct outbound {
    const char *channel;
    struct text conversation;
    uint64_t seq;
    struct text address;      /* of the resident */
    struct text resident_name;
    struct text text;
    struct text agent_name;
    struct text subject;      /* e-mail: of the conversation, without Re: */
    struct text message_id;   /* e-mail: ours, the same over all retries */
    struct text in_reply_to;  /* absent: none */
    struct text references;   /* Message-IDs separated by spaces, oldest first; absent: none */
    int64_t date_ms;          /* when the agent said it */
};

enum outbound_fate { OUTBOUND_SENT, OUTBOUND_LATER, OUTBOUND_REFUSED, OUTBOUND_UNKNOWN };
struct outbound_result {
    enum outbound_fate fate;  /* LATER: surely not sent, try again; REFUSED: surely not, for good; UNKNOWN: may have been sent */
    const char *reason;       /* the other side's words, printable, at most TEXT_LINE_MAX bytes; "" */
    const char *provider_id;  /* "" */
};
typedef void (*outbound_done)(void *ctx, const struct outbound_result *r); /* exactly once, never before return */

#endif
