/* Attachments in a folder, by content: DIR/ab/abcdef… (SHA-256). On disk (file and folder fsynced) before the call returns. */
#ifndef LOKET_ADAPTERS_FILES_H
#define LOKET_ADAPTERS_FILES_H

#include "base/text.h"
#include "proto/limits.h"

struct files;
int files_open(const char *dir, struct files **out) MUST_CHECK; /* makes it, 0700; ERR_IO */
void files_close(struct files **f);
int files_put(struct files *f, struct text bytes, char hash[HASH_MAX + 1]) MUST_CHECK; /* ERR_IO, ERR_MEMORY; an existing one is not written again */
/* The path of @hash if it exists (64 lower-case hexadecimal digits are checked first). ERR_NOT_FOUND, ERR_BAD_INPUT. */
int files_path(struct files *f, struct text hash, char *out, size_t out_bytes) MUST_CHECK;

#endif
