/* Raw mail to words: RFC 5322 and MIME by GMime, behind this door. No I/O. Never fails on bad mail: what cannot be read becomes raw_only with what could
 * be found; the caller attaches the raw source of what is raw_only, damaged or cut. Costs bounded time and memory: the limits below. Texts are UTF-8 without
 * control characters (mail_text: but \n and \t). Threads may each read a mail of their own. */
#ifndef LOKET_CHANNELS_EMAIL_MAIL_PARSE_H
#define LOKET_CHANNELS_EMAIL_MAIL_PARSE_H

#include "channels/message.h"

#define MAIL_BYTES_MAX (40u << 20) /* 25 MB of content is 34 MB in base64 */
#define MAIL_PARTS_MAX 200
#define MAIL_DEPTH_MAX 20

struct mail_part {
    struct text name, type; /* decoded file name (made safe), media type; for attachments */
    struct text bytes;      /* decoded content */
};

struct mail; /* owns everything below */
int mail_parse(struct text raw, struct mail **out) MUST_CHECK; /* ERR_MEMORY, ERR_TOO_LARGE only */
void mail_free(struct mail **m);

/* Borrowed from @m: */
struct text mail_from(const struct mail *m);       /* address key; absent when none can be read */
struct text mail_from_name(const struct mail *m);
struct text mail_reply_to(const struct mail *m);   /* address key of Reply-To when given, else of From */
struct text mail_subject(const struct mail *m);
struct text mail_subject_key(const struct mail *m);
struct text mail_message_id(const struct mail *m); /* without brackets; absent when none */
size_t mail_references(const struct mail *m, struct text out[INBOUND_REFERENCES_MAX]); /* RFC 5322 section 3.6.4, comments allowed */
struct text mail_text(const struct mail *m);       /* text/plain preferred, else HTML as plain words; at most TEXT_LARGE_MAX bytes, UTF-8 */
bool mail_is_automatic(const struct mail *m);      /* RFC 3834 Auto-Submitted, Precedence, List-Id, empty Return-Path, DSN */
bool mail_is_raw_only(const struct mail *m);       /* nothing readable, neither words nor attachments: all is in the raw source alone */
bool mail_is_damaged(const struct mail *m);        /* some of the words' bytes could not be read and stand as U+FFFD: the raw source has them */
bool mail_is_cut(const struct mail *m);            /* a limit was met: words or attachments are missing that the raw source has */
size_t mail_parts_n(const struct mail *m);         /* attachments */
const struct mail_part *mail_part_at(const struct mail *m, size_t i);
/* Source id: Message-ID and sender; for mail without one, SHA-256 of the raw bytes. */
struct text mail_source_id(const struct mail *m);

/* The form in which addresses are compared and stored: domain in lower case; local part too (no provider in use tells case apart). ERR_BAD_INPUT. */
int email_address_key(struct text address, char out[ADDRESS_MAX + 1]) MUST_CHECK;

#endif
