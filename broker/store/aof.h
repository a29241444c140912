/* The append-only file of an own redis-server, looked at before each start. After a power cut its end may be torn: a command that is cut off, a transaction
 * without its EXEC, zeros or old bytes where a write had not reached the disk. Redis 7.0 deals with the first alone. With zeros or old bytes it refuses to
 * start; from a transaction that is cut off within a command it keeps the beginning, takes what is written next for more of the same, and at the following
 * start carries out that half. What follows the last whole transaction was never synced, so it was never acked: it is moved aside, and the file ends cleanly.
 *
 * Never touches anything before the damage, and nothing at all when more lies behind it than a power cut can explain: then the disk is at fault, and somebody
 * must look. Called when no redis-server runs in @dir. */
#ifndef LOKET_STORE_AOF_H
#define LOKET_STORE_AOF_H

#include <stddef.h>

#include "base/err.h"

/* Bytes at the start of @bytes that are whole commands, and whole transactions (MULTI … EXEC): what Redis can read to its end. */
size_t aof_whole(const char *bytes, size_t n);

/* Mends the files that @dir/appendonlydir/appendonly.aof.manifest lists as increments. What is taken away is first written to @dir/torn-TIME-NAME and synced;
 * from the first torn place on, everything later goes too, so that what remains is what was there at one moment.
 *   cut_max  bytes; past it ERR_TOO_LARGE, and nothing was touched
 *   returns  0 (whole, mended, or nothing there yet), ERR_TOO_LARGE, ERR_IO, ERR_MEMORY; each is logged, with the remedy */
int aof_mend(const char *dir, size_t cut_max) MUST_CHECK;

#endif
