/* A preload library for loketd and its redis-server that notes what a power cut would spare. It changes nothing: every call is passed on; afterwards one line goes into a note file, with a write(2) of
 * its own, so that the notes survive kill -9 (the page cache is the kernel's). tests/chaos/power reads them after the kill and cuts the files back.
 *
 *   sync INODE SIZE     fsync or fdatasync of a file succeeded; SIZE was taken before the call, so what was written meanwhile does not count
 *   size INODE SIZE     the file was cut to SIZE
 *   make INODE PATH     a file came into being
 *   move INODE OLD NEW  a name was changed (what NEW meant before is kept in the keep folder by its inode)
 *   drop INODE PATH     a name was removed (its file is kept in the same way)
 *   folder PATH         fsync or fdatasync of a folder: the names in it are safe
 *   will make PATH, will move OLD NEW, will drop PATH   before each change of a name: the kill may come between the change and its note
 *
 * Only names below LOKET_SHIM_DIR are looked at. LOKET_SHIM_NOTES names the note file, LOKET_SHIM_KEEP the keep folder, on the same file system. Paths must have no spaces: they have none. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOTES_FD 900 /* out of the way of the program's own */

static struct {
    int notes;
    const char *dir, *keep;
    size_t dir_n;
    int (*open_)(const char *, int, ...);
    FILE *(*fopen_)(const char *, const char *);
    int (*fsync_)(int), (*fdatasync_)(int);
    int (*rename_)(const char *, const char *), (*unlink_)(const char *);
    int (*truncate_)(const char *, off_t), (*ftruncate_)(int, off_t);
} shim = {.notes = -1};

static void shim_fail(const char *why)
{
    (void)!write(2, why, strlen(why));
    _exit(70); /* a test without its notes would prove nothing */
}

static void *next(const char *name)
{
    void *at = dlsym(RTLD_NEXT, name);
    if (!at) {
        shim_fail("shim: a function of libc was not found\n");
    }
    return at;
}

#define NEXT(field, name) (*(void **)&shim.field = next(name))

/* Other libraries open files in their constructors, which may run before ours. */
static void shim_ready(void)
{
    if (shim.ftruncate_) {
        return;
    }
    NEXT(open_, "open64");
    NEXT(fopen_, "fopen64");
    NEXT(fsync_, "fsync");
    NEXT(fdatasync_, "fdatasync");
    NEXT(rename_, "rename");
    NEXT(unlink_, "unlink");
    NEXT(truncate_, "truncate64");
    NEXT(ftruncate_, "ftruncate64");
}

__attribute__((constructor)) static void shim_start(void)
{
    shim_ready();
    const char *notes = getenv("LOKET_SHIM_NOTES"), *dir = getenv("LOKET_SHIM_DIR"), *keep = getenv("LOKET_SHIM_KEEP");
    if (!notes || !dir || !keep) {
        shim_fail("shim: set LOKET_SHIM_NOTES, LOKET_SHIM_DIR and LOKET_SHIM_KEEP\n");
    }
    shim.dir = strdup(dir); /* Redis writes its title over the environment */
    shim.keep = strdup(keep);
    if (!shim.dir || !shim.keep) {
        shim_fail("shim: out of memory\n");
    }
    shim.dir_n = strlen(shim.dir);
    int fd = shim.open_(notes, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    shim.notes = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, NOTES_FD);
    if (shim.notes < 0) {
        shim_fail("shim: the note file cannot be opened\n");
    }
    close(fd);
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    char line[3 * PATH_MAX];
    va_list args;
    int keep = errno;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n <= 0 || n >= (int)sizeof line || write(shim.notes, line, (size_t)n) != n) {
        shim_fail("shim: a note could not be written\n");
    }
    errno = keep;
}

static bool path_absolute(const char *path, char out[PATH_MAX])
{
    char cwd[PATH_MAX];
    if (!shim.dir) {
        return false;
    }
    int n = path[0] == '/' ? snprintf(out, PATH_MAX, "%s", path)
                           : getcwd(cwd, sizeof cwd) ? snprintf(out, PATH_MAX, "%s/%s", cwd, path) : -1;
    return n > 0 && n < PATH_MAX && strncmp(out, shim.dir, shim.dir_n) == 0 && out[shim.dir_n] == '/';
}

static unsigned long long inode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? (unsigned long long)st.st_ino : 0;
}

/* Hold on to a file whose name is about to go: a cut may bring the name back. */
static void file_keep(const char *path, unsigned long long inode)
{
    char to[PATH_MAX];
    if (inode && snprintf(to, sizeof to, "%s/%llu", shim.keep, inode) < (int)sizeof to && link(path, to) != 0 && errno != EEXIST) {
        shim_fail("shim: a file could not be kept\n");
    }
}

/* --- names ------------------------------------------------------------------------------------------------------------------------------------ */

static void will_make(bool new, const char *path)
{
    if (new) {
        note("will make %s\n", path);
    }
}

static void opened(const char *path, unsigned long long before, bool cut)
{
    if (!before) {
        note("make %llu %s\n", inode_of(path), path);
    } else if (cut) {
        note("size %llu 0\n", before);
    }
}

static int open_any(const char *name, int flags, mode_t mode)
{
    char path[PATH_MAX];
    shim_ready();
    bool ours = (flags & (O_CREAT | O_TRUNC)) && path_absolute(name, path);
    unsigned long long before = ours ? inode_of(path) : 0;
    will_make(ours && !before && (flags & O_CREAT), path);
    int fd = shim.open_(name, flags, mode);
    if (ours && fd >= 0) {
        opened(path, before, flags & O_TRUNC);
    }
    return fd;
}

#define OPEN(symbol)                                                                    \
    int symbol(const char *name, int flags, ...)                                        \
    {                                                                                   \
        va_list args;                                                                   \
        va_start(args, flags);                                                          \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;         \
        va_end(args);                                                                   \
        return open_any(name, flags, mode);                                             \
    }
OPEN(open)
OPEN(open64)

FILE *fopen64(const char *name, const char *mode)
{
    char path[PATH_MAX];
    shim_ready();
    bool ours = mode[0] != 'r' && path_absolute(name, path);
    unsigned long long before = ours ? inode_of(path) : 0;
    will_make(ours && !before, path);
    FILE *f = shim.fopen_(name, mode);
    if (ours && f) {
        opened(path, before, mode[0] == 'w');
    }
    return f;
}

FILE *fopen(const char *name, const char *mode)
{
    return fopen64(name, mode);
}

int rename(const char *old, const char *new)
{
    char from[PATH_MAX], to[PATH_MAX];
    bool from_ours = path_absolute(old, from), to_ours = path_absolute(new, to);
    bool ours = from_ours && to_ours;
    unsigned long long inode = ours ? inode_of(from) : 0;
    if (ours) {
        file_keep(to, inode_of(to));
        note("will move %s %s\n", from, to);
    }
    int result = shim.rename_(old, new);
    if (ours && result == 0) {
        note("move %llu %s %s\n", inode, from, to);
    }
    return result;
}

int unlink(const char *name)
{
    char path[PATH_MAX];
    unsigned long long inode = path_absolute(name, path) ? inode_of(path) : 0;
    if (inode) {
        file_keep(path, inode);
        note("will drop %s\n", path);
    }
    int result = shim.unlink_(name);
    if (inode && result == 0) {
        note("drop %llu %s\n", inode, path);
    }
    return result;
}

/* --- content ---------------------------------------------------------------------------------------------------------------------------------- */

static int synced(int fd, int (*sync)(int))
{
    struct stat st;
    bool known = fstat(fd, &st) == 0; /* before: what is written while the disk works may not be on it */
    int result = sync(fd);
    if (result == 0 && known && S_ISREG(st.st_mode)) {
        note("sync %llu %lld\n", (unsigned long long)st.st_ino, (long long)st.st_size);
    } else if (result == 0 && known && S_ISDIR(st.st_mode)) {
        char link_name[64], path[PATH_MAX];
        (void)snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link_name, path, sizeof path - 1);
        if (n > 0) {
            note("folder %.*s\n", (int)n, path);
        }
    }
    return result;
}

int fsync(int fd)
{
    return synced(fd, shim.fsync_);
}

int fdatasync(int fd)
{
    return synced(fd, shim.fdatasync_);
}

int truncate64(const char *name, off_t size)
{
    char path[PATH_MAX];
    int result = shim.truncate_(name, size);
    if (result == 0 && path_absolute(name, path)) {
        note("size %llu %lld\n", inode_of(path), (long long)size);
    }
    return result;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

int ftruncate64(int fd, off_t size)
{
    struct stat st;
    int result = shim.ftruncate_(fd, size);
    if (result == 0 && fstat(fd, &st) == 0) {
        note("size %llu %lld\n", (unsigned long long)st.st_ino, (long long)size);
    }
    return result;
}
