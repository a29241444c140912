/* An agent's answer as a mail: RFC 5322, UTF-8 text/plain (format=flowed not used), correct In-Reply-To and References. Header injection is impossible:
 * a line end in an address or in our id, and NUL anywhere but in a name or subject, is ERR_BAD_INPUT; names and subjects get a space for it, and ids of
 * others that hold one are left out. */
#ifndef LOKET_CHANNELS_EMAIL_MAIL_BUILD_H
#define LOKET_CHANNELS_EMAIL_MAIL_BUILD_H

#include "channels/message.h"

/* @from_address, @from_name: the organisation's mailbox. Appends the whole mail with CRLF to @out. ERR_BAD_INPUT, ERR_FULL, ERR_MEMORY. */
int mail_build(const struct outbound *o, const char *from_address, const char *from_name, struct buf *out) MUST_CHECK;

/* Message-ID of an outbound message, always the same for the same (conversation, seq): "CONVERSATION.SEQ@DOMAIN". */
int mail_message_id_make(struct text conversation, uint64_t seq, const char *domain, char out[MESSAGE_ID_MAX + 1]) MUST_CHECK;

#endif
