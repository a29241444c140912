/* frame_seeds FOLDER: one seed a verb, form and way of filling, for fuzz_frame_msgpack and fuzz_frame_json, in FOLDER/TARGET/. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/check.h"
#include "frame_tools.h"

static int seed_write(const char *folder, const char *target, const struct frame *f, enum fill how, struct text bytes)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", folder, target);
    if (n < 0 || (size_t)n >= sizeof path || (mkdir(path, 0755) && errno != EEXIST)) {
        return -1;
    }
    n = snprintf(path, sizeof path, "%s/%s/%s-%d", folder, target, frame_verb_name(f->verb), how);
    FILE *out = n > 0 && (size_t)n < sizeof path ? fopen(path, "wb") : NULL;
    if (!out) {
        return -1;
    }
    int way = table_verbs[f->verb].way & TABLE_UP ? '0' : '1'; /* fuzz_frame.h: even up, odd down */
    bool written = fputc(way, out) != EOF && fwrite(bytes.s, 1, bytes.n, out) == bytes.n;
    return fclose(out) == 0 && written ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct buf bytes;
    int failed = argc == 2 ? 0 : -1;
    buf_init(&bytes, FRAME_DOWN_BYTES_MAX);
    for (int v = VERB_NONE + 1; !failed && v < VERB_COUNT; v++) {
        for (int how = FILL_MUST; !failed && how <= FILL_EMPTY; how++) {
            struct fill_room *room = fill_room_new();
            struct frame f;
            frame_fill(&f, (enum frame_verb)v, (enum fill)how, room);
            for (int form = FRAME_MSGPACK; how != FILL_LIMIT && !failed && form <= FRAME_JSON; form++) { /* long texts teach a fuzzer nothing */
                buf_clear(&bytes);
                CHECK(frame_encode((enum frame_form)form, &f, &bytes) == 0);
                failed = seed_write(argv[1], form == FRAME_JSON ? "fuzz_frame_json" : "fuzz_frame_msgpack", &f, (enum fill)how, buf_text(&bytes));
            }
            fill_room_free(&room);
        }
    }
    buf_done(&bytes);
    if (failed) {
        (void)fprintf(stderr, "usage: frame_seeds FOLDER (that exists and can be written)\n");
    }
    return failed ? 1 : 0;
}
