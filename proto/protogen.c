/* Writes what is made from the wire's table:
 *   protogen ts [FILE]                web/client/frames.gen.ts
 *   protogen md TEMPLATE [FILE]       proto/PROTOCOL.md, from proto/protocol.head.md
 *   protogen map PAGE [FILE]          broker/README.md, from itself: what stands between its markers
 * Without FILE to standard output. A FILE that would not change is not touched. */
#include "proto/protogen.h"

#include <stdio.h>
#include <string.h>

static int file_read(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return ERR_IO;
    }
    char chunk[65536];
    size_t n;
    int err = 0;
    while (!err && (n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        err = buf_add(out, chunk, n);
    }
    err = err ? err : ferror(f) ? ERR_IO : 0;
    (void)fclose(f); /* read only */
    return err;
}

static int file_write(const char *path, struct text content)
{
    struct buf before;
    buf_init(&before, PROTOGEN_BYTES_MAX);
    bool same = file_read(path, &before) == 0 && text_equal(buf_text(&before), content);
    buf_done(&before);
    if (same) {
        return 0;
    }
    FILE *f = fopen(path, "wb");
    if (!f) {
        return ERR_IO;
    }
    bool written = fwrite(content.s, 1, content.n, f) == content.n;
    return fclose(f) == 0 && written ? 0 : ERR_IO;
}

int protogen_map(struct text page, struct buf *out)
{
    static const char begin[] = "<!-- states:begin", end[] = "<!-- states:end";
    const char *from = memmem(page.s, page.n, begin, sizeof begin - 1), *to = memmem(page.s, page.n, end, sizeof end - 1);
    const char *line = from ? memchr(from, '\n', page.n - (size_t)(from - page.s)) : NULL;
    if (!line || !to || to < line) {
        return ERR_BAD_INPUT;
    }
    int err = buf_add(out, page.s, (size_t)(line + 1 - page.s));
    err = err ? err : protogen_states(out);
    return err ? err : buf_add(out, to, page.n - (size_t)(to - page.s));
}

static int usage(void)
{
    (void)fputs("usage: protogen ts [FILE]\n       protogen md TEMPLATE [FILE]\n       protogen map PAGE [FILE]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    bool ts = argc >= 2 && strcmp(argv[1], "ts") == 0, md = argc >= 3 && strcmp(argv[1], "md") == 0;
    bool map = argc >= 3 && strcmp(argv[1], "map") == 0;
    int file_at = ts ? 2 : 3;
    if ((!ts && !md && !map) || argc > file_at + 1) {
        return usage();
    }
    struct buf template_bytes, out;
    buf_init(&template_bytes, PROTOGEN_BYTES_MAX);
    buf_init(&out, PROTOGEN_BYTES_MAX);
    int err = md || map ? file_read(argv[2], &template_bytes) : 0;
    err = err ? err : ts    ? protogen_ts(&out)
          : map ? protogen_map(buf_text(&template_bytes), &out)
                : protogen_md(buf_text(&template_bytes), &out);
    if (!err && argc > file_at) {
        err = file_write(argv[file_at], buf_text(&out));
    } else if (!err) {
        err = fwrite(out.data, 1, out.len, stdout) == out.len ? 0 : ERR_IO;
    }
    if (err) {
        (void)fprintf(stderr, "protogen: %s: %s\n", argv[1], err_text(err));
    }
    buf_done(&template_bytes);
    buf_done(&out);
    return err ? 1 : 0;
}
