/* loketctl: settings and staff, read and kept while a command looks at them. */
#include "ctl.h"

#include <stdlib.h>

const struct text *ctl_find(const struct text *pairs, size_t n, struct text name)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (text_equal(pairs[i], name)) {
            return &pairs[i + 1];
        }
    }
    return NULL;
}

static int texts_keep(const struct text *texts, size_t n, struct text **out, struct buf *room)
{
    size_t bytes = 0, at = 0;
    for (size_t i = 0; i < n; i++) {
        bytes += texts[i].n;
    }
    buf_init(room, bytes + 1);
    *out = calloc(n + 1, sizeof **out);
    int err = *out ? buf_reserve(room, bytes) : ERR_MEMORY;
    for (size_t i = 0; !err && i < n; i++) {
        err = buf_add_text(room, texts[i]);
        (*out)[i] = (struct text){room->data + at, texts[i].n};
        at += texts[i].n;
    }
    return err;
}

static void world_staff(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct ctl *c = ctx;
    int (*then)(struct ctl *) = (int (*)(struct ctl *))t->p;
    err = err ? err : texts_keep(texts, n, &c->staff, &c->staff_room);
    c->rules.staff = c->staff;
    c->rules.staff_n = n;
    err = err ? err : then(c);
    if (err) {
        ctl_done(c, NULL, err);
    }
}

static void world_settings(void *ctx, const struct ticket *t, int err, const struct text *texts, size_t n)
{
    struct ctl *c = ctx;
    err = err ? err : texts_keep(texts, n, &c->settings, &c->settings_room);
    c->rules.settings = c->settings;
    c->rules.settings_n = n;
    err = err ? err : store_staff_list(c->store, world_staff, c, *t);
    if (err) {
        ctl_done(c, NULL, err);
    }
}

int ctl_world(struct ctl *c, int (*then)(struct ctl *c))
{
    for (unsigned i = 0; i < c->config->queues_count; i++) {
        const struct config_queue *q = &c->config->queues[i];
        c->queues_of_file[i] = (struct hub_queue){q->id, q->name_nl, q->name_en};
    }
    c->rules.file = c->queues_of_file;
    c->rules.file_n = c->config->queues_count;
    return store_settings_list(c->store, world_settings, c, (struct ticket){.p = (void *)then});
}
