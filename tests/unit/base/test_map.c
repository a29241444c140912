#include "../test.h"

#include <stdlib.h>

#include "base/map.h"

enum { MANY = 20000 };

static struct text key_of(unsigned i, char room[32])
{
    int n = snprintf(room, 32, "key-%u", i);
    return (struct text){room, (size_t)n};
}

static void few(void **state)
{
    (void)state;
    struct map m;
    int one = 1, two = 2;
    map_init(&m, 2);
    assert_null(map_get(&m, TEXT_LITERAL("a")));
    assert_null(map_remove(&m, TEXT_LITERAL("a")));
    assert_int_equal(map_set(&m, TEXT_LITERAL("a"), &one), 0);
    assert_int_equal(map_set(&m, TEXT_LITERAL(""), &two), 0); /* empty is a key, too */
    assert_ptr_equal(map_get(&m, TEXT_LITERAL("a")), &one);
    assert_ptr_equal(map_get(&m, TEXT_LITERAL("")), &two);
    assert_ptr_equal(map_get(&m, (struct text){NULL, 0}), &two);
    assert_int_equal(map_set(&m, TEXT_LITERAL("b"), &one), ERR_FULL);
    assert_int_equal(map_set(&m, TEXT_LITERAL("a"), &two), 0); /* replacing is not adding */
    assert_ptr_equal(map_get(&m, TEXT_LITERAL("a")), &two);
    assert_ptr_equal(map_remove(&m, TEXT_LITERAL("a")), &two);
    assert_null(map_get(&m, TEXT_LITERAL("a")));
    assert_int_equal(map_set(&m, TEXT_LITERAL("b"), &one), 0);
    assert_int_equal(m.count, 2);
    map_done(&m);
    assert_int_equal(m.count, 0);
    assert_null(map_get(&m, TEXT_LITERAL("b")));
}

static void keys_are_bytes_and_copied(void **state)
{
    (void)state;
    struct map m;
    int one = 1, two = 2;
    char key[] = "a\0b";
    map_init(&m, 10);
    assert_int_equal(map_set(&m, (struct text){key, 3}, &one), 0);
    assert_int_equal(map_set(&m, (struct text){key, 1}, &two), 0);
    memset(key, 'x', sizeof key);
    assert_ptr_equal(map_get(&m, (struct text){"a\0b", 3}), &one);
    assert_ptr_equal(map_get(&m, TEXT_LITERAL("a")), &two);
    assert_null(map_get(&m, (struct text){"a\0c", 3}));
    map_done(&m);
}

static void many(void **state)
{
    (void)state;
    static unsigned values[MANY];
    struct map m;
    char room[32];
    map_init(&m, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        values[i] = i;
        assert_int_equal(map_set(&m, key_of(i, room), &values[i]), 0);
    }
    assert_int_equal(m.count, MANY);
    for (unsigned i = 0; i < MANY; i += 3) {
        assert_ptr_equal(map_remove(&m, key_of(i, room)), &values[i]);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_ptr_equal(map_get(&m, key_of(i, room)), i % 3 == 0 ? NULL : &values[i]);
    }
    static bool met[MANY];
    size_t at = 0, n = 0;
    struct text key;
    void *value;
    while (map_next(&m, &at, &key, &value)) {
        unsigned i = *(unsigned *)value;
        assert_false(met[i]);
        assert_true(text_equal(key, key_of(i, room)));
        met[i] = true;
        n++;
    }
    assert_int_equal(n, m.count);
    map_done(&m);
}

/* A map whose entries come and go, as sessions do, must not grow without end: what was removed is dropped when it is built anew. */
static void turnover_does_not_grow(void **state)
{
    (void)state;
    struct map m;
    char room[32];
    int value = 1;
    map_init(&m, 100);
    for (unsigned i = 0; i < 200000; i++) {
        assert_int_equal(map_set(&m, key_of(i, room), &value), 0);
        if (i >= 50) {
            assert_non_null(map_remove(&m, key_of(i - 50, room)));
        }
    }
    assert_int_equal(m.count, 50);
    assert_true(m.room <= 256);
    map_done(&m);
}

static void removing_while_walking(void **state)
{
    (void)state;
    static unsigned values[1000];
    struct map m;
    char room[32];
    map_init(&m, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        values[i] = i;
        assert_int_equal(map_set(&m, key_of(i, room), &values[i]), 0);
    }
    size_t at = 0, n = 0;
    struct text key;
    void *value;
    while (map_next(&m, &at, &key, &value)) {
        n++;
        if (*(unsigned *)value % 2 == 0) {
            assert_ptr_equal(map_remove(&m, key), value);
        }
    }
    assert_int_equal(n, 1000);
    assert_int_equal(m.count, 500);
    at = 0;
    while (map_next(&m, &at, NULL, &value)) {
        assert_int_equal(*(unsigned *)value % 2, 1);
    }
    map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(few), cmocka_unit_test(keys_are_bytes_and_copied), cmocka_unit_test(many),
                                       cmocka_unit_test(turnover_does_not_grow), cmocka_unit_test(removing_while_walking)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
