/* The append-only file after a power cut: what is whole, what is taken away, and when nothing may be touched. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/aof.h"

#define SET "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n*9\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"
#define BYTES(literal) literal, sizeof(literal) - 1

static void what_is_whole(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t n, whole;
    } rows[] = {
        {"nothing", BYTES(""), 0},
        {"one command", BYTES(SET), sizeof SET - 1},
        {"small letters", BYTES("*1\r\n$5\r\nmulti\r\n"), 0},
        {"a transaction", BYTES(SET MULTI SET SET EXEC), sizeof(SET MULTI SET SET EXEC) - 1},
        {"an open transaction", BYTES(SET MULTI SET), sizeof SET - 1},
        {"a transaction cut off in its command", BYTES(SET MULTI SET "*3\r\n$3\r\nSE"), sizeof SET - 1},
        {"a transaction cut off in its EXEC", BYTES(SET MULTI SET "*1\r\n$4\r\nEXEC\r"), sizeof SET - 1},
        {"a command cut off in a count", BYTES(SET "*1"), sizeof SET - 1},
        {"a command cut off behind a length", BYTES(SET "*1\r\n$4\r\n"), sizeof SET - 1},
        {"zeros", BYTES(SET "\0\0\0\0\0\0\0\0"), sizeof SET - 1},
        {"zeros in a transaction", BYTES(MULTI SET "\0\0\0\0" EXEC), 0},
        {"old bytes", BYTES(SET "xyz\r\n" SET), sizeof SET - 1},
        {"a negative length", BYTES(SET "*1\r\n$-1\r\n"), sizeof SET - 1},
        {"no words", BYTES(SET "*0\r\n"), sizeof SET - 1},
        {"a length past everything", BYTES(SET "*1\r\n$99999999999999999999\r\n"), sizeof SET - 1},
        {"a length past the end", BYTES(SET "*1\r\n$536870912\r\nabc\r\n"), sizeof SET - 1},
        {"a line feed alone", BYTES(SET "*1\n$1\na\n"), sizeof SET - 1},
        {"a note", BYTES("#TS:1700000000\r\n" SET), sizeof("#TS:1700000000\r\n" SET) - 1},
        {"a note cut off", BYTES(SET "#TS:17"), sizeof SET - 1},
        {"an old half transaction, since gone on from", BYTES(MULTI SET MULTI SET EXEC SET), sizeof(MULTI SET MULTI SET EXEC SET) - 1},
        {"an EXEC alone", BYTES(EXEC), sizeof EXEC - 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *copy = malloc(rows[i].n + 1); /* exactly as long: a read past it is seen by the sanitizer */
        assert_non_null(copy);
        memcpy(copy, rows[i].bytes, rows[i].n);
        size_t whole = aof_whole(copy, rows[i].n);
        free(copy);
        if (whole != rows[i].whole) {
            fail_msg("%s: %zu bytes are whole, not %zu", rows[i].name, rows[i].whole, whole);
        }
    }
}

/* Wherever it is cut, what is whole is a beginning that ends with a whole step, and looking again finds nothing more to take. */
static void every_cut(void **state)
{
    static const char bytes[] = SET MULTI SET SET EXEC SET MULTI SET EXEC;
    static const size_t ends[] = {0, sizeof SET - 1, sizeof(SET MULTI SET SET EXEC) - 1, sizeof(SET MULTI SET SET EXEC SET) - 1, sizeof bytes - 1};
    (void)state;
    for (size_t n = 0; n < sizeof bytes; n++) {
        size_t last = 0;
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            last = ends[i] <= n ? ends[i] : last;
        }
        assert_int_equal(aof_whole(bytes, n), last);
        assert_int_equal(aof_whole(bytes, last), last);
    }
}

/* --- in a folder -------------------------------------------------------------------------------------------------------------------------------- */

static char folder[] = "/tmp/loket-aof-XXXXXX";

static void put(const char *name, const char *bytes, size_t n)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void expect(const char *name, const char *bytes, size_t n)
{
    char path[256], got[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    assert_int_equal(fread(got, 1, sizeof got, f), n);
    assert_memory_equal(got, bytes, n);
    fclose(f);
}

/* Files that were put aside: their bytes in all; removed. */
static size_t aside(void)
{
    char command[128], line[64] = "0";
    (void)snprintf(command, sizeof command, "cat %s/torn-* 2>/dev/null | wc -c; rm -f %s/torn-*", folder, folder);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    pclose(f);
    return (size_t)strtoul(line, NULL, 10);
}

static int make_folder(void **state)
{
    char path[256];
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/appendonlydir", folder);
    return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define MANIFEST "appendonlydir/appendonly.aof.manifest"
#define FIRST "appendonlydir/appendonly.aof.4.incr.aof"
#define SECOND "appendonlydir/appendonly.aof.5.incr.aof"
#define TWO                                                  \
    "file appendonly.aof.3.base.rdb seq 3 type b\n"          \
    "file appendonly.aof.3.incr.aof seq 3 type h\n"          \
    "file appendonly.aof.4.incr.aof seq 4 type i\n"          \
    "file appendonly.aof.5.incr.aof seq 5 type i\n"

static void mends(void **state)
{
    (void)state;
    assert_int_equal(aof_mend(folder, 1000), 0); /* nothing there yet */
    put(MANIFEST, BYTES(TWO));
    assert_int_equal(aof_mend(folder, 1000), 0); /* listed, and not there: Redis' to say */

    put(FIRST, BYTES(SET SET));
    put(SECOND, BYTES(SET MULTI SET));
    assert_int_equal(aof_mend(folder, 1000), 0);
    expect(FIRST, BYTES(SET SET));
    expect(SECOND, BYTES(SET));
    assert_int_equal(aside(), sizeof(MULTI SET) - 1);

    assert_int_equal(aof_mend(folder, 0), 0); /* whole now: nothing to do */
    assert_int_equal(aside(), 0);

    /* Torn in the one before the last: the later one goes with it. */
    put(FIRST, BYTES(SET "\0\0\0"));
    put(SECOND, BYTES(SET));
    assert_int_equal(aof_mend(folder, 1000), 0);
    expect(FIRST, BYTES(SET));
    expect(SECOND, BYTES(""));
    assert_int_equal(aside(), 3 + sizeof SET - 1);
}

static void leaves_what_a_power_cut_does_not_explain(void **state)
{
    (void)state;
    put(MANIFEST, BYTES(TWO));
    put(FIRST, BYTES(SET));
    put(SECOND, BYTES(SET "xx" SET SET));
    assert_int_equal(aof_mend(folder, 2 + 2 * (sizeof SET - 1) - 1), ERR_TOO_LARGE);
    expect(SECOND, BYTES(SET "xx" SET SET));
    assert_int_equal(aside(), 0);
    assert_int_equal(aof_mend(folder, 2 + 2 * (sizeof SET - 1)), 0);
    expect(SECOND, BYTES(SET));
    assert_int_equal(aside(), 2 + 2 * (sizeof SET - 1));
}

/* Each rewrite that the power cut short leaves one more increment: with 16 of them nothing was mended any more. */
static void many_increments(void **state)
{
    char manifest[8192], line[80];
    int n = 0;
    (void)state;
    for (int i = 10; i < 50; i++) {
        n += snprintf(manifest + n, sizeof manifest - (size_t)n, "file appendonly.aof.%d.incr.aof seq %d type i\n", i, i);
        (void)snprintf(line, sizeof line, "appendonlydir/appendonly.aof.%d.incr.aof", i);
        put(line, BYTES(SET));
    }
    put(line, BYTES(SET "\0\0"));
    put(MANIFEST, manifest, (size_t)n);
    assert_int_equal(aof_mend(folder, 1000), 0);
    expect(line, BYTES(SET));
    assert_int_equal(aside(), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_whole), cmocka_unit_test(every_cut), cmocka_unit_test(mends),
                                       cmocka_unit_test(leaves_what_a_power_cut_does_not_explain),
                                       cmocka_unit_test(many_increments)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
