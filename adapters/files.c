#include "adapters/files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"

struct files {
    char dir[3900];
};

int files_open(const char *dir, struct files **out)
{
    struct files *f = calloc(1, sizeof *f);
    if (!f) {
        return ERR_MEMORY;
    }
    struct stat st;
    bool there = (mkdir(dir, 0700) == 0 || errno == EEXIST) && stat(dir, &st) == 0;
    if (there && !S_ISDIR(st.st_mode)) {
        there = false;
        errno = ENOTDIR;
    }
    if (!there || access(dir, R_OK | W_OK | X_OK) != 0 || text_copy(text_of(dir), f->dir, sizeof f->dir)) {
        log_event(LOG_ERROR, "attachments", "folder=\"%s\" why=\"%s\" remedy=\"name another with `data:`\"", dir, strerror(errno));
        free(f);
        return ERR_IO;
    }
    *out = f;
    return 0;
}

void files_close(struct files **f)
{
    free(*f);
    *f = NULL;
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

static int write_whole(int fd, struct text bytes)
{
    for (size_t at = 0; at < bytes.n;) {
        ssize_t n = write(fd, bytes.s + at, bytes.n - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ERR_IO;
        }
        at += (size_t)n;
    }
    return fsync(fd) == 0 ? 0 : ERR_IO;
}

int files_put(struct files *f, struct text bytes, char hash[HASH_MAX + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    char dir[3920], path[4090], next[4095], id[ID_BYTES];
    if (EVP_Digest(bytes.s ? bytes.s : "", bytes.n, sum, &n, EVP_sha256(), NULL) != 1 || n != 32) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < 32; i++) {
        hash[2 * i] = digits[sum[i] >> 4];
        hash[2 * i + 1] = digits[sum[i] & 15];
    }
    hash[64] = '\0';
    (void)snprintf(dir, sizeof dir, "%s/%.2s", f->dir, hash);
    (void)snprintf(path, sizeof path, "%s/%s", dir, hash);
    struct stat st;
    if (stat(path, &st) == 0 && (uint64_t)st.st_size == bytes.n) {
        /* Renamed into place only when it was whole and on disk; whether its name is, only who renamed it knows. */
        return folder_sync(dir) || folder_sync(f->dir) ? ERR_IO : 0;
    }
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    id_make(id);
    (void)snprintf(next, sizeof next, "%s/.%s", dir, id);
    int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    int err = write_whole(fd, bytes);
    if (close(fd) != 0) {
        err = ERR_IO;
    }
    err = err ? err : rename(next, path) == 0 ? 0 : ERR_IO;
    err = err ? err : folder_sync(dir);
    err = err ? err : folder_sync(f->dir); /* also when the folder was there: its maker may have been killed before this */
    if (err) {
        (void)unlink(next);
    }
    return err;
}

int files_path(struct files *f, struct text hash, char *out, size_t out_bytes)
{
    for (size_t i = 0; i < hash.n; i++) {
        if (!((hash.s[i] >= '0' && hash.s[i] <= '9') || (hash.s[i] >= 'a' && hash.s[i] <= 'f'))) {
            return ERR_BAD_INPUT;
        }
    }
    if (hash.n != HASH_MAX) {
        return ERR_BAD_INPUT;
    }
    int n = snprintf(out, out_bytes, "%s/%.2s/%.64s", f->dir, hash.s, hash.s);
    return n > 0 && (size_t)n < out_bytes ? (access(out, R_OK) == 0 ? 0 : ERR_NOT_FOUND) : ERR_TOO_LARGE;
}
