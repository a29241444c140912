/* 3GPP TS 23.038 text and E.164 numbers. Pure. */
#ifndef LOKET_CHANNELS_SMS_SMS_TEXT_H
#define LOKET_CHANNELS_SMS_SMS_TEXT_H

#include "base/text.h"

struct sms_size {
    bool gsm7;        /* all of it is in the GSM 7-bit default alphabet with its extension table */
    unsigned units;   /* septets, or UTF-16 code units */
    unsigned parts;   /* 160 / 153 septets, 70 / 67 code units (TS 23.040: 6 octets of header in each part) */
};
int sms_size(struct text t, struct sms_size *out) MUST_CHECK; /* ERR_BAD_UTF8 */

/* To "+31612345678": spaces, hyphens, dots, slashes, brackets dropped; 00 → +; a national 0 → +@country (digits, "31"; "": left as it is). Alphanumeric
 * senders (at most 11 characters of ASCII) and short codes stay as they are. ERR_BAD_INPUT: empty, longer than 15 digits, other characters. */
int sms_number_normalise(struct text number, const char *country, char out[32]) MUST_CHECK;

#endif
