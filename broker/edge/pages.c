/* The three faces and their assets. Only names of a known shape reach the file system. */
#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/edge_internal.h"

static const struct {
    const char *path, *file;
} faces[] = {
    {"/", "index.html"},         {"/index.html", "index.html"},         {"/console", "console.html"},
    {"/console/", "console.html"}, {"/supervise", "supervise.html"}, {"/supervise/", "supervise.html"},
};

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
};

/* Letters, digits, '-', '_' and single dots inside a segment; segments never begin with a dot, so there is no "..". */
static bool name_is_fit(struct text name)
{
    char before = '/';
    for (size_t i = 0; i < name.n; i++) {
        char c = name.s[i];
        bool edge_of_word = before == '/' || before == '.';
        if (!isalnum((unsigned char)c) && !((c == '-' || c == '_') || ((c == '.' || c == '/') && !edge_of_word))) {
            return false;
        }
        before = c;
    }
    return name.n > 0 && before != '/' && before != '.';
}

int page_path(struct text path, char *out, size_t out_bytes)
{
    for (size_t i = 0; i < sizeof faces / sizeof *faces; i++) {
        if (text_is(path, faces[i].path)) {
            return text_copy(text_of(faces[i].file), out, out_bytes) ? ERR_NOT_FOUND : 0;
        }
    }
    /* /assets/NAME…, and what a build puts beside the pages: /favicon.svg, /manifest.webmanifest */
    bool deep = path.n > 8 && memcmp(path.s, "/assets/", 8) == 0;
    if (path.n < 2 || path.s[0] != '/') {
        return ERR_NOT_FOUND;
    }
    struct text name = {path.s + 1, path.n - 1};
    if (!name_is_fit(name) || (!deep && memchr(name.s, '/', name.n)) || text_copy(name, out, out_bytes)) {
        return ERR_NOT_FOUND;
    }
    return page_type(out) ? 0 : ERR_NOT_FOUND;
}

const char *page_type(const char *file)
{
    size_t n = strlen(file);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t m = strlen(types[i].ending);
        if (n > m && strcmp(file + n - m, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return NULL;
}

static int page_open_as(const char *web_dir, struct text path, const char *ending, struct page *out)
{
    char file[256], whole[4096];
    if (!web_dir || page_path(path, file, sizeof file) ||
        (size_t)snprintf(whole, sizeof whole, "%s/%s%s", web_dir, file, ending) >= sizeof whole) {
        return ERR_NOT_FOUND;
    }
    int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat about;
    if (fd < 0) {
        return ERR_NOT_FOUND;
    }
    if (fstat(fd, &about) || !S_ISREG(about.st_mode)) {
        close(fd);
        return ERR_NOT_FOUND;
    }
    struct page p = {.fd = fd, .bytes = (uint64_t)about.st_size, .type = page_type(file)};
    /* Assets carry a hash of their content in their name; the pages that name them are asked for again each time. */
    p.cache = strncmp(file, "assets/", 7) == 0 ? "public, max-age=31536000, immutable" : "no-cache";
    (void)snprintf(p.tag, sizeof p.tag, "\"%" PRIx64 "-%" PRIx64 "%09lx\"", p.bytes, (uint64_t)about.st_mtim.tv_sec,
                   about.st_mtim.tv_nsec); /* 16 + 1 + 16 + 9 + 2 quotes: fits 48 */
    *out = p;
    return 0;
}

int page_open(const char *web_dir, struct text path, struct page *out)
{
    return page_open_as(web_dir, path, "", out);
}

int page_open_gzip(const char *web_dir, struct text path, struct page *out)
{
    return page_open_as(web_dir, path, ".gz", out);
}
