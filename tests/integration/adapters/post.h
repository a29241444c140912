/* A post office for the tests: Dovecot and a mail server from deploy/parts, mail into them, and a look at the flags that is not ours. */
#ifndef LOKET_TESTS_POST_H
#define LOKET_TESTS_POST_H

#include "parts.h"

struct post {
    char dir[PATH_BYTES], url[PATH_BYTES], log[PATH_BYTES]; /* url: imap://127.0.0.1:PORT/INBOX */
    int imap, lmtp, smtp;
    pid_t dovecot, mta;
};
void post_make(struct post *p, const char *name); /* a room, ports; nothing runs yet */
void post_settings(struct post *p, const char *settings); /* more of dovecot.conf, from the next start on */
void post_dovecot(struct post *p);                /* starts it and waits until it listens */
void post_mta(struct post *p);
void post_done(struct post *p);

void post_deliver(struct post *p, const char *user, struct text mail); /* over LMTP; on disk when it returns */
void post_place(struct post *p, const char *user, unsigned n, struct text mail); /* into the Maildir, without a server: thousands at once */

/* One IMAP command in the INBOX of @user, and all that came back, appended. */
void post_ask(struct post *p, const char *user, const char *command, struct buf *out);
size_t post_count(struct post *p, const char *user, const char *criteria); /* UID SEARCH @criteria: how many */

#endif
