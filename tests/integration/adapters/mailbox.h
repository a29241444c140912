/* The adapter under test on a mailbox, and a hub that notes what it is given and answers as the test wants. */
#ifndef LOKET_TESTS_MAILBOX_H
#define LOKET_TESTS_MAILBOX_H

#include "adapters/imap.h"
#include "cmocka_all.h"
#include "post.h"

#define USER "balie@example.net"
#define TAKEN_MAX 3000

struct taken {
    char subject[100], address[ADDRESS_MAX + 1], source_id[600], text[3000];
    size_t text_bytes, attachments_n, references_n;
    struct { char name[LABEL_MAX + 1], type[LABEL_MAX + 1], hash[HASH_MAX + 1]; uint64_t bytes; bool there; } attachments[ATTACHMENTS_MAX];
    bool automatic, has_address;
};

struct mailbox {
    struct post post;
    struct loop *loop;
    struct transfers *transfers;
    struct files *files;
    struct imap_source *source;
    struct taken *taken; /* the last at taken_n - 1 */
    size_t taken_n;
    /* How the hub answers: */
    bool hold;           /* not at once: by mailbox_answer */
    int answers[16];     /* to the first takes, in order; later ones with 0 */
    size_t answers_n;
    int refuses;         /* what take returns; 0: it takes */
    const char *fatal_subject; /* mails with it are answered ERR_BAD_FIELD, unless they come as raw source */
    bool fatal_raw;      /* … and even then */
    inbound_done done;   /* held */
    void *done_ctx;
    const char *password;
};
int mailbox_setup(void **state);
int mailbox_teardown(void **state);
void mailbox_open(struct mailbox *m);
void mailbox_answer(struct mailbox *m, int err);
void mailbox_deliver(struct mailbox *m, const char *subject, const char *body);
bool mailbox_took(struct mailbox *m, size_t n, int64_t deadline_ms); /* until @n takes in all */
bool mailbox_flagged(struct mailbox *m, const char *criteria, size_t n, int64_t deadline_ms);

#endif
