/* Staff, settings, audit: changes by people. */
#include "store/store_internal.h"

int store_staff_put(struct store *s, struct text agent, struct text json, uint64_t capacity, const uint64_t limits[3],
                    const struct store_author *by, store_plain_done done, void *ctx, struct ticket t)
{
    struct number units, most[3], now;
    struct text argv[15] = {[4] = agent, json, number(capacity, &units), number(limits[0], &most[0]), number(limits[1], &most[1]),
                            number(limits[2], &most[2]), number(by->now_ms, &now), by->actor, by->before, by->after,
                            by->seen.s ? by->seen : TEXT_LITERAL("*")};
    if (agent.n == 0 || !free_of(agent, " ,|")) {
        return ERR_BAD_FIELD;
    }
    return call_plain(s, "loket_staff_put", 15, argv, done, ctx, t);
}

int store_staff_remove(struct store *s, struct text agent, const struct store_author *by, store_plain_done done, void *ctx, struct ticket t)
{
    return store_staff_put(s, agent, (struct text){NULL, 0}, 0, (const uint64_t[3]){0}, by, done, ctx, t);
}

int store_setting_put(struct store *s, struct text name, struct text json, struct text seen, const struct store_author *by, store_plain_done done,
                      void *ctx, struct ticket t)
{
    struct number now;
    struct text argv[9] = {[4] = name, json, seen.s ? seen : TEXT_LITERAL("*"), number(by->now_ms, &now), by->actor};
    return call_plain(s, "loket_setting_put", 9, argv, done, ctx, t);
}

int store_audit(struct store *s, const struct store_author *by, struct text action, struct text what, store_plain_done done, void *ctx,
                struct ticket t)
{
    struct number now;
    struct text argv[10] = {[4] = number(by->now_ms, &now), by->actor, action, what, by->before, by->after};
    return call_plain(s, "loket_audit", 10, argv, done, ctx, t);
}
