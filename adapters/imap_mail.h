/* One fetched mail on its way to one struct inbound. The costly half (parsing, storing attachments: fsync) runs on a worker thread and touches
 * nothing but this. */
#ifndef LOKET_ADAPTERS_IMAP_MAIL_H
#define LOKET_ADAPTERS_IMAP_MAIL_H

#include "adapters/files.h"
#include "channels/email/mail_parse.h"

struct imap_mail {
    /* Filled by the caller: */
    struct buf raw;              /* as fetched; owned */
    uint64_t uid, uidvalidity;
    uint64_t size;               /* RFC822.SIZE */
    bool beginning_only;         /* larger than MAIL_BYTES_MAX: @raw holds its first part */
    const char *address, *queue; /* of the mailbox; borrowed */
    struct files *files;         /* borrowed */
    /* Filled by imap_mail_read and imap_mail_plain: */
    int err;                     /* 0, ERR_MEMORY, ERR_IO */
    struct inbound inbound;      /* points into this */
    struct mail *mail;
    struct buf text;
    char hashes[ATTACHMENTS_MAX][HASH_MAX + 1];
    char source_id[HASH_MAX + 64];
};
void imap_mail_init(struct imap_mail *m);
void imap_mail_done(struct imap_mail *m);
void imap_mail_read(struct imap_mail *m);  /* on a worker thread */
/* After it, for what the hub would not have: nothing of what was parsed but the source id; a note, and the raw source. */
void imap_mail_plain(struct imap_mail *m);

#endif
