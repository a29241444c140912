/* Settings as JSON text: from a browser, a file, or a Redis that was restored. Read, checked, written in their normal form, which must read the same again; and the clocks
 * that run in whatever hours came out. The first byte chooses the record. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "hub/settings.h"

static struct frame_arena *arena;
static struct frame_fault fault;

static bool known(void *ctx, struct text id)
{
    (void)ctx;
    return id.n < 12;
}

static void again_is_the_same(struct buf *form, int (*read)(struct text json, struct buf *out))
{
    struct buf second;
    buf_init(&second, SETTINGS_BYTES_MAX * 4);
    CHECK(read(buf_text(form), &second) == 0);
    CHECK(text_equal(buf_text(form), buf_text(&second)));
    buf_done(&second);
}

static int queue_form(struct text json, struct buf *out)
{
    struct frame_queue_settings set;
    int err = settings_queue_read(json, known, NULL, arena, &set, &fault);
    return err ? err : settings_queue_write(&set, out);
}

static int routing_form(struct text json, struct buf *out)
{
    struct frame_routing_settings set;
    int err = settings_routing_read(json, arena, &set, &fault);
    return err ? err : settings_routing_write(&set, out);
}

static int agent_form(struct text json, struct buf *out)
{
    struct frame_agent_settings set;
    int err = settings_agent_read(json, known, NULL, arena, &set, &fault);
    return err ? err : settings_agent_write(&set, out);
}

static void clocks_run(struct text json)
{
    struct frame_queue_settings set;
    static struct hours hours;
    const struct hours_zone zone = {.changes = {{0, 3600}, {1774746000000, 7200}, {1792893600000, 3600}}, .n = 3};
    const int64_t now = 1795575000000;
    if (settings_queue_read(json, known, NULL, arena, &set, &fault) == 0 && settings_hours(&set, &hours) == 0) {
        int64_t opens = hours_next_open(&hours, &zone, now), due = hours_add(&hours, &zone, now, 3600000);
        CHECK(opens >= now && (opens == INT64_MAX || hours_is_open(&hours, &zone, opens)));
        CHECK(due >= now && (due == INT64_MAX || hours_between(&hours, &zone, now, due) == 3600000));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int (*const forms[])(struct text json, struct buf *out) = {queue_form, routing_form, agent_form};
    if (n == 0) {
        return 0;
    }
    arena = arena ? arena : frame_arena_new();
    CHECK(arena != NULL);
    struct text json = {(const char *)data + 1, n - 1};
    struct buf form;
    buf_init(&form, SETTINGS_BYTES_MAX * 4);
    if (forms[data[0] % 3](json, &form) == 0) {
        again_is_the_same(&form, forms[data[0] % 3]);
    }
    buf_done(&form);
    char *password = NULL;
    struct frame_agent_settings set;
    if (settings_agent_stored(json, arena, &set, &password, &fault)) {
        CHECK(fault.path[0] == '\0' || fault.remedy != NULL);
    }
    free(password);
    clocks_run(json);
    return 0;
}
