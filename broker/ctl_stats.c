/* loketctl stats: the figures of a period, as a table or as CSV. */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>

#include "hub/api_sums.h"

#define STATS_BYTES_MAX (16u << 20)
#define COLUMNS_MAX 16

/* Of the many columns of the CSV those that a table has room for, with shorter heads. */
static const struct column {
    const char *csv, *head;
} columns[] = {{"from", "from"},
               {"queue", "queue"},
               {"channel", "channel"},
               {"agent", "agent"},
               {"arrived", "arrived"},
               {"answered", "answered"},
               {"answer_ms_average", "asa_ms"},
               {"within_level_percent", "level%"},
               {"abandoned", "abandoned"},
               {"first_in_time_percent", "first%"},
               {"handled", "handled"},
               {"handle_ms_average", "handle_ms"},
               {"missed", "missed"},
               {"declined", "declined"},
               {"occupancy_percent", "occupied%"}};
#define COLUMNS_N (sizeof columns / sizeof columns[0])
_Static_assert(COLUMNS_N <= COLUMNS_MAX, "room");

/* The @n-th cell of a line; ours need no quotes. */
static struct text cell(const char *line, size_t n)
{
    for (; n > 0; n--) {
        line += strcspn(line, ",\r");
        line += *line == ',';
    }
    return (struct text){line, strcspn(line, ",\r")};
}

static void table_print(const char *csv, bool intervals)
{
    int at[COLUMNS_MAX], width[COLUMNS_MAX];
    for (size_t k = 0; k < COLUMNS_N; k++) {
        at[k] = -1;
        width[k] = (int)strlen(columns[k].head);
        for (int i = 0; cell(csv, (size_t)i).n > 0 && at[k] < 0; i++) {
            at[k] = text_is(cell(csv, (size_t)i), columns[k].csv) && (intervals || k > 0) ? i : -1;
        }
    }
    for (int print = 0; print < 2; print++) {
        for (const char *line = csv; *line; line += strcspn(line, "\n") + 1) {
            for (size_t k = 0; k < COLUMNS_N; k++) {
                struct text value = at[k] < 0 ? (struct text){NULL, 0} : line == csv ? text_of(columns[k].head) : cell(line, (size_t)at[k]);
                if (at[k] >= 0 && print) {
                    struct text shown = value.n > 0 ? value : TEXT_LITERAL("-");
                    printf(k < 4 ? "%-*.*s  " : "%*.*s  ", width[k], TEXT_ARG(shown));
                } else if ((int)value.n > width[k]) {
                    width[k] = (int)value.n;
                }
            }
            if (print) {
                putchar('\n');
            }
        }
    }
}

static void stats_end(struct ctl *c)
{
    struct sums *s = c->more;
    struct buf out;
    buf_init(&out, STATS_BYTES_MAX);
    int err = sums_close(s);
    err = err ? err : sums_csv(s, &out);
    if (!err && c->csv) {
        fwrite(out.data, 1, out.len, stdout);
    } else if (!err) {
        table_print(out.data, s->by & SUMS_INTERVAL);
        if (s->n == 0) {
            puts("(nothing happened)");
        }
    }
    buf_done(&out);
    sums_done(s);
    ctl_done(c, NULL, err);
}

static void stats_page(void *ctx, const struct ticket *t, int err, const struct store_sum *sums, size_t n, uint64_t next_ms)
{
    struct ctl *c = ctx;
    struct sums *s = c->more;
    ctl_still(c);
    for (size_t i = 0; !err && i < n; i++) {
        err = sums_add(s, &sums[i]);
    }
    if (err == ERR_TOO_LARGE) {
        ctl_say(c, "%s", sums_too_many);
        return;
    }
    if (!err && (int64_t)next_ms >= s->to_ms) {
        stats_end(c);
        return;
    }
    err = err ? err : store_sums_get(c->store, next_ms, (uint64_t)sums_page(s, (int64_t)next_ms, n), stats_page, c, *t);
    if (err) {
        ctl_done(c, NULL, err);
    }
}

static void stats_settled(void *ctx, const struct ticket *t, int err)
{
    struct ctl *c = ctx;
    struct sums *s = c->more;
    err = err ? err : store_sums_get(c->store, (uint64_t)s->from_ms, (uint64_t)sums_page(s, s->from_ms, 0), stats_page, c, *t);
    if (err) {
        ctl_done(c, NULL, err);
    }
}

static int stats_run(struct ctl *c)
{
    static struct sums s;
    const char *const names[] = {"from", "to", "by", "interval"}, *const values[] = {c->from, c->to, c->by, c->interval};
    const struct text *stored = ctl_find(c->settings, c->rules.settings_n, TEXT_LITERAL("routing"));
    struct frame_fault fault = {.remedy = ""};
    json_t *routing = stored ? json_loadb(stored->s, stored->n, 0, NULL) : NULL;
    const char *zone = json_string_value(json_object_get(routing, "timezone"));
    int err = sums_init(&s, zone ? zone : "", clock_wall_ms());
    json_decref(routing);
    c->more = &s;
    for (size_t i = 0; !err && i < 4; i++) {
        err = values[i] ? sums_ask(&s, names[i], text_of(values[i]), &fault) : 0;
    }
    err = err ? err : sums_ready(&s, &fault);
    if (err) {
        return fault.remedy[0] ? ctl_fault(c, err, &fault) : err;
    }
    return store_settle(c->store, (uint64_t)clock_wall_ms(), stats_settled, c, (struct ticket){0});
}

int ctl_stats(struct ctl *c)
{
    return ctl_world(c, stats_run);
}
