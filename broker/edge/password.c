#include "edge/password.h"

#include <sodium.h>

enum { PASSWORD_MAX = 1024 /* bytes; far past any passphrase, and a bound on the work */ };
_Static_assert(PASSWORD_HASH_BYTES >= crypto_pwhash_STRBYTES, "a hash fits");

int password_hash(struct text password, char out[PASSWORD_HASH_BYTES])
{
    if (password.n == 0 || password.n > PASSWORD_MAX) {
        return ERR_BAD_FIELD;
    }
    if (sodium_init() < 0) {
        return ERR_MEMORY;
    }
    char made[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str(made, password.s, password.n, crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE)) {
        return ERR_MEMORY;
    }
    return text_copy(text_of(made), out, PASSWORD_HASH_BYTES);
}

bool password_verify(const char *hash, struct text password)
{
    if (password.n == 0 || password.n > PASSWORD_MAX || sodium_init() < 0) {
        return false;
    }
    /* Reads up to crypto_pwhash_STRBYTES of the hash: a shorter one is copied to a full room first. */
    char room[crypto_pwhash_STRBYTES] = {0};
    if (text_copy(text_of(hash), room, sizeof room)) {
        return false;
    }
    return crypto_pwhash_str_verify(room, password.s, password.n) == 0;
}

void password_verify_nobody(struct text password)
{
    unsigned char key[32];
    static const unsigned char salt[crypto_pwhash_SALTBYTES] = {0};
    if (password.n == 0 || password.n > PASSWORD_MAX || sodium_init() < 0) {
        return; /* as quick as password_verify is with these */
    }
    (void)!crypto_pwhash(key, sizeof key, password.s, password.n, salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                         crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13); /* only the time counts */
}
