/* One queue's settings. */
#include "hub/settings_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static const struct settings_key keys[] = {
    {.key = "drop_preferred_s", .number = 30},
    {.key = "tell_s", .number = 600},
    {.key = "offer_s", .number = 20, .zero_is_wrong = "must be 1 or more: nobody can answer an offer of no time; left out it is 20"},
    {.key = "reopen_s", .number = 86400},
    {.key = "return_s", .number = 300},
    {.key = "outside", .text = "queue"},
    {.list = "skills", .key = "level", .number = 1, .zero_is_absent = true},
    {.list = "preferred", .key = "level", .number = 1, .zero_is_absent = true},
    {.list = "levels", .key = "warn_s", .number = 60},
};
static const struct settings_kind kind = {RECORD_queue_settings, keys, sizeof keys / sizeof *keys};

static const char need_hh_mm[] = "must be a time of day, `HH:MM` from 00:00 to 24:00";
static const char need_later[] = "must be later than `from`; hours that end after midnight are two rules, the first until 24:00";

static const char need_other[] = "must be the id of another queue that exists";

static bool is_day(struct text t)
{
    unsigned day;
    return hours_day_parse(t, &day) == 0;
}

static bool is_reason(struct text t)
{
    return settings_is_plain(t, WORD_MAX, "_-");
}

/* "HH:MM" to "HH:MM" of @list[i]. */
static int span_check(struct text from, struct text to, const char *list, size_t i, struct frame_fault *fault)
{
    unsigned from_min, to_min;
    if (hours_minute_parse(from, &from_min)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, need_hh_mm, "%s[%zu].from", list, i);
    }
    if (hours_minute_parse(to, &to_min)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, need_hh_mm, "%s[%zu].to", list, i);
    }
    return from_min < to_min ? 0 : frame_fault_at(fault, ERR_BAD_FIELD, need_later, "%s[%zu].to", list, i);
}

static int hours_check(const struct frame_queue_settings *q, struct frame_fault *fault)
{
    int err = 0;
    for (size_t i = 0; !err && i < q->hours_n; i++) {
        const struct frame_hours_rule *r = &q->hours[i];
        char path[FRAME_PATH_BYTES];
        (void)snprintf(path, sizeof path, "hours[%zu].days", i);
        err = r->days_n > 0
                  ? settings_check_words(r->days, r->days_n, is_day, "must be a day: `mon` `tue` `wed` `thu` `fri` `sat` `sun`", path, fault)
                  : frame_fault_at(fault, ERR_BAD_FIELD, "must name at least one day", "%s", path);
        err = err ? err : span_check(r->from, r->to, "hours", i, fault);
    }
    return err;
}

static int holiday_check(const struct frame_queue_settings *q, size_t i, struct frame_fault *fault)
{
    const struct frame_holiday *h = &q->holidays[i];
    int32_t day;
    if (hours_date_parse(h->date, &day)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be a date that exists, `YYYY-MM-DD`", "holidays[%zu].date", i);
    }
    for (size_t k = 0; k < i; k++) {
        if (text_equal(h->date, q->holidays[k].date) && !(h->from.s && q->holidays[k].from.s)) {
            return frame_fault_at(fault, ERR_BAD_FIELD, "must stand once when the day is closed; it may stand again with other hours",
                                  "holidays[%zu].date", i);
        }
    }
    if (!h->from.s != !h->to.s) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "is needed with its other half; without both the day is closed", "holidays[%zu].%s", i,
                              h->from.s ? "to" : "from");
    }
    return h->from.s ? span_check(h->from, h->to, "holidays", i, fault) : 0;
}

/* The clock of `answer_s` rings no alarm, so only the other two bound the warning: 20 seconds to answer in would leave no room for one. */
static int level_check(const struct frame_queue_settings *q, size_t i, struct frame_fault *fault)
{
    const struct frame_level *l = &q->levels[i];
    char path[FRAME_PATH_BYTES];
    (void)snprintf(path, sizeof path, "levels[%zu].channel", i);
    int err = l->channel.s ? settings_check_channel(l->channel, path, fault) : 0;
    for (size_t k = 0; !err && k < i; k++) {
        if (text_equal(l->channel, q->levels[k].channel)) {
            err = frame_fault_at(fault, ERR_BAD_FIELD, "must be named once, and left out once at most", "%s", path);
        }
    }
    uint64_t shortest = l->first_response_s && (!l->resolution_s || l->first_response_s < l->resolution_s) ? l->first_response_s : l->resolution_s;
    if (!err && shortest && l->warn_s >= shortest) {
        err = frame_fault_at(fault, ERR_BAD_FIELD, "must be less than `first_response_s` and `resolution_s`; 0: no warning; left out it is 60",
                             "levels[%zu].warn_s", i);
    }
    return err;
}

/* Something on both sides of one @, no blanks: what is shown to people, not where mail is sent from here. */
static bool is_address(struct text t)
{
    const char *at = t.n > 0 ? memchr(t.s, '@', t.n) : NULL;
    for (size_t i = 0; i < t.n; i++) {
        if ((unsigned char)t.s[i] <= 0x20 || t.s[i] == 0x7f || (t.s[i] == '@' && t.s + i != at)) {
            return false;
        }
    }
    return at && at > t.s && at + 1 < t.s + t.n;
}

static int outside_check(const struct frame_queue_settings *q, struct frame_fault *fault)
{
    if (!text_is(q->outside, "queue") && !text_is(q->outside, "message") && !text_is(q->outside, "close")) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be `queue`, `message` or `close`", "outside");
    }
    if (q->outside_email.s && !is_address(q->outside_email)) {
        return frame_fault_at(fault, ERR_BAD_FIELD, "must be an e-mail address, such as info@example.org", "outside_email");
    }
    int err = q->outside_nl.s ? settings_check_line(q->outside_nl, "outside_nl", fault) : 0;
    return err || !q->outside_en.s ? err : settings_check_line(q->outside_en, "outside_en", fault);
}

static int queue_check(const struct frame_queue_settings *q, settings_queue_known known, void *ctx, struct frame_fault *fault)
{
    int err = settings_check_line(q->name_nl, "name_nl", fault);
    err = err ? err : settings_check_line(q->name_en, "name_en", fault);
    err = err ? err : settings_check_skills(q->skills, q->skills_n, "skills", fault);
    err = err ? err : settings_check_skills(q->preferred, q->preferred_n, "preferred", fault);
    err = err ? err : settings_check_queues(q->widen_to, q->widen_to_n, known, ctx, need_other, "widen_to", fault);
    err = err ? err : settings_check_words(q->reasons, q->reasons_n, is_reason, "must be a code of 1 to 32 of a-z, 0-9, _ and -", "reasons", fault);
    err = err ? err : hours_check(q, fault);
    for (size_t i = 0; !err && i < q->holidays_n; i++) {
        err = holiday_check(q, i, fault);
    }
    err = err ? err : outside_check(q, fault);
    if (!err && q->overflow_to.s && (!settings_is_plain(q->overflow_to, ID_MAX, "-") || (known && !known(ctx, q->overflow_to)))) {
        err = frame_fault_at(fault, ERR_BAD_FIELD, need_other, "overflow_to");
    }
    for (size_t i = 0; !err && i < q->levels_n; i++) {
        err = level_check(q, i, fault);
    }
    return err;
}

int settings_queue_read(struct text json, settings_queue_known known, void *ctx, struct frame_arena *arena, struct frame_queue_settings *out,
                        struct frame_fault *fault)
{
    struct frame_queue_settings set;
    int err = settings_decode(&kind, json, arena, &set, fault);
    err = err ? err : queue_check(&set, known, ctx, fault);
    if (!err) {
        *out = set;
    }
    return err;
}

int settings_queue_write(const struct frame_queue_settings *set, struct buf *out)
{
    return settings_encode(&kind, set, NULL, out);
}

/* --- for core ------------------------------------------------------------ */

_Static_assert(HOURS_MAX == HOURS_RULES_MAX, "core holds as many rules as a setting");
_Static_assert(HOLIDAYS_MAX == HOURS_HOLIDAYS_MAX, "core holds as many holidays as a setting");

int settings_hours(const struct frame_queue_settings *set, struct hours *out)
{
    struct hours h = {.rules_n = set->hours_n, .holidays_n = set->holidays_n};
    int err = 0;
    CHECK(set->hours_n <= HOURS_RULES_MAX && set->holidays_n <= HOURS_HOLIDAYS_MAX);
    for (size_t i = 0; !err && i < set->hours_n; i++) {
        const struct frame_hours_rule *r = &set->hours[i];
        for (size_t k = 0; !err && k < r->days_n; k++) {
            unsigned day = 0;
            err = hours_day_parse(r->days[k], &day);
            h.rules[i].days |= 1u << day;
        }
        err = err ? err : hours_minute_parse(r->from, &h.rules[i].from_min);
        err = err ? err : hours_minute_parse(r->to, &h.rules[i].to_min);
    }
    for (size_t i = 0; !err && i < set->holidays_n; i++) {
        const struct frame_holiday *d = &set->holidays[i];
        err = hours_date_parse(d->date, &h.holidays[i].day);
        err = err || !d->from.s ? err : hours_minute_parse(d->from, &h.holidays[i].from_min);
        err = err || !d->from.s ? err : hours_minute_parse(d->to, &h.holidays[i].to_min);
    }
    if (!err) {
        *out = h;
    }
    return err;
}
