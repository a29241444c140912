#include "../test.h"

#include <stdlib.h>

#include "base/buf.h"

static void grows_and_stays_terminated(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100000);
    assert_null(b.data);
    assert_true(text_is(buf_text(&b), ""));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(buf_addf(&b, "%03d,", i), 0);
        assert_int_equal(b.data[b.len], '\0');
    }
    assert_int_equal(b.len, 4000);
    assert_memory_equal(b.data, "000,001,", 8);
    assert_memory_equal(b.data + 3996, "999,", 4);
    buf_done(&b);
    assert_null(b.data);
    buf_done(&b); /* twice is once */
}

static void cap_is_exact(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_add(&b, "12345", 5), 0);
    assert_int_equal(buf_add(&b, "678901", 6), ERR_FULL);
    assert_true(text_is(buf_text(&b), "12345")); /* nothing was cut and taken */
    assert_int_equal(buf_addf(&b, "%s", "678901"), ERR_FULL);
    assert_true(text_is(buf_text(&b), "12345"));
    assert_int_equal(buf_addf(&b, "%s", "67890"), 0);
    assert_true(text_is(buf_text(&b), "1234567890"));
    assert_int_equal(buf_add_byte(&b, 'x'), ERR_FULL);
    assert_int_equal(buf_add(&b, NULL, 0), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_FULL);
    buf_done(&b);
    buf_init(&b, 0);
    assert_int_equal(buf_add_byte(&b, 'x'), ERR_FULL);
    assert_int_equal(buf_add_z(&b, ""), 0);
    buf_done(&b);
}

static void keeps_bytes_as_they_are(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64);
    assert_int_equal(buf_add(&b, "a\0b", 3), 0);
    assert_int_equal(buf_add_text(&b, TEXT_LITERAL("\xff\xfe")), 0);
    assert_int_equal(buf_add_text(&b, (struct text){NULL, 0}), 0);
    assert_memory_equal(b.data, "a\0b\xff\xfe", 6);
    assert_int_equal(b.len, 5);
    buf_done(&b);
}

static void eats_from_the_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 64);
    assert_int_equal(buf_add_z(&b, "abcdef"), 0);
    buf_eat(&b, 0);
    assert_true(text_is(buf_text(&b), "abcdef"));
    buf_eat(&b, 2);
    assert_true(text_is(buf_text(&b), "cdef"));
    assert_int_equal(b.data[b.len], '\0');
    buf_eat(&b, 4);
    assert_int_equal(b.len, 0);
    size_t room = b.room;
    assert_int_equal(buf_add_z(&b, "again"), 0);
    assert_int_equal(b.room, room); /* the memory was kept */
    buf_clear(&b);
    assert_true(text_is(buf_text(&b), ""));
    assert_int_equal(b.room, room);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows_and_stays_terminated), cmocka_unit_test(cap_is_exact),
                                       cmocka_unit_test(keeps_bytes_as_they_are), cmocka_unit_test(eats_from_the_front)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
