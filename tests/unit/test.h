/* What every cmocka program needs before <cmocka.h>, and the names of a table's rows in a failure. */
#ifndef LOKET_TESTS_UNIT_TEST_H
#define LOKET_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof *(table))

/* Like assert_true, but says which row of which table failed. */
#define ROW_TRUE(row, x) \
    do { \
        if (!(x)) { \
            fail_msg("row %s: %s", (row), #x); \
        } \
    } while (0)

#endif
