#include "store/aof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define AOF_NAME_MAX 128
#define AOF_FILES_MAX 10000 /* Redis makes one for each rewrite, and keeps all since the last that was finished */
#define AOF_ARGUMENTS_MAX (1 << 20)
#define AOF_ARGUMENT_BYTES_MAX (512u << 20) /* proto-max-bulk-len */

/* --- reading ----------------------------------------------------------------------------------------------------------------------------------- */

struct aof_cursor {
    const char *at, *end;
};

/* @mark, decimal digits, CR LF. */
static bool read_count(struct aof_cursor *c, char mark, uint64_t max, uint64_t *out)
{
    if (c->at == c->end || *c->at != mark) {
        return false;
    }
    const char *lf = memchr(c->at, '\n', (size_t)(c->end - c->at) < 24 ? (size_t)(c->end - c->at) : 24);
    if (!lf || lf - c->at < 3 || lf[-1] != '\r' || text_to_u64((struct text){c->at + 1, (size_t)(lf - 1 - (c->at + 1))}, out) || *out > max) {
        return false;
    }
    c->at = lf + 1;
    return true;
}

static bool read_argument(struct aof_cursor *c, struct text *out)
{
    uint64_t bytes;
    if (!read_count(c, '$', AOF_ARGUMENT_BYTES_MAX, &bytes) || (uint64_t)(c->end - c->at) < bytes + 2 || memcmp(c->at + bytes, "\r\n", 2) != 0) {
        return false;
    }
    *out = (struct text){c->at, (size_t)bytes};
    c->at += bytes + 2;
    return true;
}

/* One command; its first word. A line that begins with # is a note by Redis: it counts as a command without a word. */
static bool read_command(struct aof_cursor *c, struct text *word)
{
    uint64_t count;
    struct text argument;
    *word = (struct text){NULL, 0};
    if (c->at < c->end && *c->at == '#') {
        const char *lf = memchr(c->at, '\n', (size_t)(c->end - c->at));
        c->at = lf ? lf + 1 : c->at;
        return lf != NULL;
    }
    if (!read_count(c, '*', AOF_ARGUMENTS_MAX, &count) || count == 0) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!read_argument(c, &argument)) {
            return false;
        }
        *word = i == 0 ? argument : *word;
    }
    return true;
}

static bool word_is(struct text word, const char *name)
{
    return word.n == strlen(name) && strncasecmp(word.s, name, word.n) == 0;
}

size_t aof_whole(const char *bytes, size_t n)
{
    struct aof_cursor c = {bytes, bytes + n};
    struct text word;
    size_t whole = 0;
    bool open = false;
    while (read_command(&c, &word)) {
        /* MULTI within MULTI: an old file in which Redis went on behind half a transaction. It can be read, and is no damage of today. */
        open = word_is(word, "MULTI") || (open && !word_is(word, "EXEC"));
        whole = open ? whole : (size_t)(c.at - bytes);
    }
    return whole;
}

/* --- files ------------------------------------------------------------------------------------------------------------------------------------- */

struct aof_file {
    char name[AOF_NAME_MAX];
    size_t bytes, keep;
};

struct aof_files {
    struct aof_file *list;
    size_t n;
};

static int files_add(struct aof_files *f, const char *name)
{
    if (f->n == AOF_FILES_MAX || strchr(name, '/')) {
        return ERR_TOO_LARGE;
    }
    struct aof_file *list = realloc(f->list, (f->n + 1) * sizeof *list);
    if (!list) {
        return ERR_MEMORY;
    }
    f->list = list;
    f->list[f->n] = (struct aof_file){.bytes = 0};
    (void)snprintf(f->list[f->n++].name, AOF_NAME_MAX, "%s", name); /* read as at most so much */
    return 0;
}

/* The increments that the manifest lists, in their order. Lines are "file NAME seq N type b|h|i". */
static int files_list(const char *dir, struct aof_files *files)
{
    char path[4300], line[512], name[AOF_NAME_MAX], type;
    unsigned long long seq;
    (void)snprintf(path, sizeof path, "%s/appendonlydir/appendonly.aof.manifest", dir);
    FILE *f = fopen(path, "re");
    if (!f) {
        return errno == ENOENT ? 0 : ERR_IO;
    }
    int err = 0;
    while (!err && fgets(line, sizeof line, f)) {
        if (sscanf(line, "file %127s seq %llu type %c", name, &seq, &type) == 3 && type == 'i') {
            err = files_add(files, name);
        }
    }
    fclose(f);
    return err;
}

static int file_open(const char *dir, const struct aof_file *file, int flags)
{
    char path[4400];
    (void)snprintf(path, sizeof path, "%s/appendonlydir/%s", dir, file->name);
    return open(path, flags | O_CLOEXEC);
}

static int file_look(const char *dir, struct aof_file *file)
{
    struct stat st;
    int fd = file_open(dir, file, O_RDONLY);
    if (fd < 0) {
        return errno == ENOENT ? 0 : ERR_IO; /* Redis says that it is missing */
    }
    int err = fstat(fd, &st) == 0 ? 0 : ERR_IO;
    if (!err && st.st_size > 0) {
        file->bytes = (size_t)st.st_size;
        char *map = mmap(NULL, file->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        err = map == MAP_FAILED ? ERR_IO : 0;
        if (!err) {
            (void)madvise(map, file->bytes, MADV_SEQUENTIAL); /* a hint */
            file->keep = aof_whole(map, file->bytes);
            munmap(map, file->bytes);
        }
    }
    close(fd);
    return err;
}

static int copy_rest(int from, int to, size_t at)
{
    char piece[65536];
    for (;;) {
        ssize_t n = pread(from, piece, sizeof piece, (off_t)at);
        if (n <= 0) {
            return n == 0 && fsync(to) == 0 ? 0 : ERR_IO;
        }
        for (ssize_t done = 0; done < n;) {
            ssize_t wrote = write(to, piece + done, (size_t)(n - done));
            if (wrote <= 0) {
                return ERR_IO;
            }
            done += wrote;
        }
        at += (size_t)n;
    }
}

static int folder_sync(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd >= 0 && fsync(fd) == 0 ? 0 : ERR_IO;
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

/* First the copy is safe, then the file is cut. */
static int file_mend(const char *dir, const struct aof_file *file)
{
    char aside[4400];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(aside, sizeof aside, "%s/torn-%lld.%03ld-%s", dir, (long long)now.tv_sec, now.tv_nsec / 1000000, file->name);
    int from = file_open(dir, file, O_RDWR), to = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int err = from >= 0 && to >= 0 ? copy_rest(from, to, file->keep) : ERR_IO;
    err = err ? err : folder_sync(dir);
    err = err ? err : ftruncate(from, (off_t)file->keep) == 0 && fsync(from) == 0 ? 0 : ERR_IO;
    if (from >= 0) {
        close(from);
    }
    if (to >= 0) {
        close(to);
    }
    if (!err) {
        log_event(LOG_WARN, "redis_mended",
                  "file=%s at_byte=%zu torn_bytes=%zu kept=\"%s\" why=\"not stopped in order; what was not synced was never acked\"", file->name, file->keep,
                  file->bytes - file->keep, aside);
    }
    return err;
}

static int mend(const char *dir, size_t cut_max, struct aof_files *f)
{
    size_t torn = 0, cut = 0;
    int err = files_list(dir, f);
    for (size_t i = 0; !err && i < f->n; i++) {
        err = file_look(dir, &f->list[i]);
        if (torn > 0) {
            f->list[i].keep = 0; /* what came later than the damage */
        }
        cut += f->list[i].bytes - f->list[i].keep;
        torn += f->list[i].keep < f->list[i].bytes;
    }
    if (!err && cut > cut_max) {
        log_event(LOG_ERROR, "redis_damaged",
                  "folder=\"%s/appendonlydir\" behind_bytes=%zu remedy=\"the disk may be at fault: restore a copy, or run redis-check-aof --fix and lose what "
                  "lies behind the damage\"",
                  dir, cut);
        return ERR_TOO_LARGE;
    }
    for (size_t i = f->n; !err && torn > 0 && i-- > 0;) { /* the last first: a crash between two leaves the damage to be found again */
        err = f->list[i].keep < f->list[i].bytes ? file_mend(dir, &f->list[i]) : 0;
    }
    if (err) {
        log_event(LOG_ERROR, "redis_mend", "folder=\"%s\" why=\"%s\" remedy=\"see that its files can be read and written\"", dir,
                  err == ERR_IO ? strerror(errno) : err_text(err));
    }
    return err;
}

int aof_mend(const char *dir, size_t cut_max)
{
    struct aof_files files = {NULL, 0};
    int err = mend(dir, cut_max, &files);
    free(files.list);
    return err;
}
