/* Passwords of local accounts: Argon2id by libsodium (crypto_pwhash_str, interactive limits: 64 MiB). About 50 ms and blocking: run it through loop_work. */
#ifndef LOKET_EDGE_PASSWORD_H
#define LOKET_EDGE_PASSWORD_H

#include "base/text.h"

#define PASSWORD_HASH_BYTES 128
int password_hash(struct text password, char out[PASSWORD_HASH_BYTES]) MUST_CHECK; /* ERR_MEMORY, ERR_BAD_FIELD (empty or longer than 1024 bytes) */
bool password_verify(const char *hash, struct text password);
/* The same work against a hash of nothing, so that an unknown user costs what a wrong password does. */
void password_verify_nobody(struct text password);

#endif
