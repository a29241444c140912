/* The frame of each test program: one store for all its tests, under `b`. */
#ifndef LOKET_TESTS_STORE_MAIN_H
#define LOKET_TESTS_STORE_MAIN_H

#include "bench.h"

#include <string.h>

static struct bench *b;

static int open_bench(void **state)
{
    (void)state;
    b = bench_open("always");
    return 0;
}

static int close_bench(void **state)
{
    (void)state;
    bench_close(b);
    return 0;
}

#define RUN(tests) cmocka_run_group_tests(tests, open_bench, close_bench)

#endif
