#include "hub/figures.h"

#define DAY_MS 86400000ll

void figures_add(struct figures *f, struct text metric, uint64_t sum)
{
    static const struct {
        const char *name;
        size_t offset;
    } shown[] = {{"answered", offsetof(struct figures, answered)}, {"in_level", offsetof(struct figures, in_level)},
                 {"over_level", offsetof(struct figures, over_level)},
                 {"abandoned", offsetof(struct figures, abandoned)}, {"wait_ms", offsetof(struct figures, wait_ms)},
                 {"handled", offsetof(struct figures, handled)}, {"handle_ms", offsetof(struct figures, handle_ms)}};
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (text_is(metric, shown[i].name)) {
            *(uint64_t *)(void *)((char *)f + shown[i].offset) += sum;
            return;
        }
    }
}

void figures_join(struct figures *f, const struct figures *more)
{
    f->answered += more->answered;
    f->in_level += more->in_level;
    f->over_level += more->over_level;
    f->abandoned += more->abandoned;
    f->wait_ms += more->wait_ms;
    f->handled += more->handled;
    f->handle_ms += more->handle_ms;
}

void figures_show(const struct figures *f, struct frame_queue_row *row)
{
    row->answered = f->answered;
    row->in_level = f->in_level;
    row->over_level = f->over_level;
    row->abandoned = f->abandoned;
    row->answer_ms = f->answered > 0 ? f->wait_ms / f->answered : 0;
    row->handle_ms = f->handled > 0 ? f->handle_ms / f->handled : 0;
}

static int64_t offset_ms(const struct hours_zone *z, int64_t at_ms)
{
    int64_t offset_s = z->n > 0 ? z->changes[0].offset_s : 0;
    for (size_t i = 1; i < z->n && z->changes[i].from_ms <= at_ms; i++) {
        offset_s = z->changes[i].offset_s;
    }
    return offset_s * 1000;
}

int64_t figures_midnight(const struct hours_zone *z, int64_t now_ms)
{
    int64_t local = now_ms + offset_ms(z, now_ms);
    int64_t midnight = local - ((local % DAY_MS) + DAY_MS) % DAY_MS;
    /* The clock may have been changed since: then it is midnight by the offset of that moment. */
    int64_t at = midnight - offset_ms(z, now_ms);
    return midnight - offset_ms(z, at);
}

struct figures_pace figures_pace(const uint64_t *given_ms, size_t n, int64_t now_ms)
{
    struct figures_pace p = {0, 0};
    if (n == 0) {
        return p;
    }
    int64_t since_oldest = now_ms - (int64_t)given_ms[n - 1];
    p.window_ms = n >= FIGURES_PACE_MAX || since_oldest < FIGURES_PACE_MS ? since_oldest : FIGURES_PACE_MS;
    for (size_t i = 0; i < n; i++) {
        p.answered += now_ms - (int64_t)given_ms[i] <= p.window_ms;
    }
    return p;
}
