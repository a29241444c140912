/* Signed, expiring tokens: "KIND.SUBJECT.SESSION.ROLE.EXPIRES.MAC", MAC = base64url(HMAC-SHA-256(secret, all before it)). Pure but for the secret.
 * Kind `s`: the session cookie of staff (subject: agent id). Kind `r`: a resident's proof (subject: conversation id). */
#ifndef LOKET_EDGE_TOKEN_H
#define LOKET_EDGE_TOKEN_H

#include "proto/frame.h"

#define TOKEN_COOKIE "loket_session"
#define TOKEN_STAFF_MS (12ll * 3600 * 1000)        /* one working day */
#define TOKEN_RESIDENT_MS (30ll * 24 * 3600 * 1000)

struct token {
    char kind;                       /* 's' or 'r' */
    char subject[ID_MAX + 1];
    char session[ID_MAX + 1];        /* random id of this sign-in, for revoking; 'r': resident id */
    enum frame_role role;
    int64_t expires_ms;
};
int token_make(const unsigned char secret[32], const struct token *t, char out[TOKEN_MAX + 1]) MUST_CHECK; /* ERR_BAD_FIELD: a '.' or control in a part */
/* ERR_BAD_TOKEN: not ours, altered, expired at @now_ms (wall), of another kind. Constant time in the MAC. */
int token_read(const unsigned char secret[32], struct text in, char kind, int64_t now_ms, struct token *out) MUST_CHECK;

#endif
