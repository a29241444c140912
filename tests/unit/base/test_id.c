#include "../test.h"

#include "base/id.h"
#include "base/map.h"

static void ids_are_26_of_the_alphabet_and_differ(void **state)
{
    (void)state;
    struct map seen;
    int value;
    unsigned met[256] = {0};
    map_init(&seen, 10000);
    for (int i = 0; i < 10000; i++) {
        char id[ID_BYTES];
        id_make(id);
        assert_int_equal(strlen(id), ID_CHARS);
        assert_int_equal(strspn(id, "0123456789abcdefghjkmnpqrstvwxyz"), ID_CHARS);
        assert_null(map_get(&seen, text_of(id)));
        assert_int_equal(map_set(&seen, text_of(id), &value), 0);
        for (int k = 0; k < ID_CHARS; k++) {
            met[(unsigned char)id[k]]++;
        }
    }
    map_done(&seen);
    /* All 32 digits are used about equally: 260,000 / 32 = 8,125 each; a digit that is missing or doubled would stand out. The last place
     * holds 3 random bits and is left out of no count: it draws from 8 digits, 1,250 more each. */
    for (const char *c = "0123456789abcdefghjkmnpqrstvwxyz"; *c; c++) {
        if (met[(unsigned char)*c] < 7000 || met[(unsigned char)*c] > 9800) {
            fail_msg("%c comes %u times", *c, met[(unsigned char)*c]);
        }
    }
}

static void random_fills_everything(void **state)
{
    (void)state;
    unsigned char together[300] = {0};
    for (int i = 0; i < 20; i++) {
        unsigned char once[300] = {0};
        random_bytes(once, sizeof once);
        for (size_t k = 0; k < sizeof once; k++) {
            together[k] |= once[k];
        }
    }
    for (size_t k = 0; k < sizeof together; k++) {
        assert_int_not_equal(together[k], 0); /* chance of a false alarm: 300 / 256^20 */
    }
    random_bytes(together, 0);
}

static void clocks(void **state)
{
    (void)state;
    int64_t wall = clock_wall_ms(), mono = clock_mono_ms();
    assert_true(wall > 1577836800000); /* 2020 */
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_ms();
        assert_true(now >= mono);
        mono = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_26_of_the_alphabet_and_differ), cmocka_unit_test(random_fills_everything),
                                       cmocka_unit_test(clocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
