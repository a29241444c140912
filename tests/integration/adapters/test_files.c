/* adapters/files.h: content by its hash, once, whole, and nothing else can be asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "cmocka_all.h"
#include "parts.h"

struct bench {
    char room[PATH_BYTES], dir[PATH_BYTES];
    struct files *files;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    room_make("files", b->room);
    (void)snprintf(b->dir, sizeof b->dir, "%.400s/attachments", b->room);
    *state = b;
    return files_open(b->dir, &b->files);
}

static int teardown(void **state)
{
    struct bench *b = *state;
    files_close(&b->files);
    room_remove(b->room);
    free(b);
    return 0;
}

static void put_and_found(void **state)
{
    struct bench *b = *state;
    static const struct {
        struct text bytes;
        const char *hash;
    } rows[] = {
        {TEXT_LITERAL("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, /* FIPS 180-2, appendix B.1 */
        {TEXT_LITERAL(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {{NULL, 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {TEXT_LITERAL("a\0b\xff"), "a37cc3026aae4d519e0b19c298fa913b4dccfdf0658cbccbb7deaa0226d5acdb"},
    };
    struct stat st, again;
    for (size_t i = 0; i < 4; i++) {
        char hash[HASH_MAX + 1], second[HASH_MAX + 1], path[4200];
        struct buf got;
        buf_init(&got, 1000);
        assert_int_equal(files_put(b->files, rows[i].bytes, hash), 0);
        assert_string_equal(hash, rows[i].hash);
        assert_int_equal(files_path(b->files, text_of(hash), path, sizeof path), 0);
        assert_true(file_read(path, &got));
        assert_int_equal(got.len, rows[i].bytes.n);
        assert_true(got.len == 0 || memcmp(got.data, rows[i].bytes.s, got.len) == 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600); /* ours alone */
        assert_int_equal(files_put(b->files, rows[i].bytes, second), 0);
        assert_string_equal(hash, second);
        assert_int_equal(stat(path, &again), 0);
        assert_int_equal(st.st_ino, again.st_ino); /* not written again */
        buf_done(&got);
    }
    assert_int_equal(stat(b->dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void half_a_file_is_mended(void **state) /* left by something that was not us: a full disk, a restored copy */
{
    struct bench *b = *state;
    char hash[HASH_MAX + 1], path[4200];
    struct buf got;
    buf_init(&got, 1000);
    assert_int_equal(files_put(b->files, TEXT_LITERAL("whole"), hash), 0);
    assert_int_equal(files_path(b->files, text_of(hash), path, sizeof path), 0);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(files_put(b->files, TEXT_LITERAL("whole"), hash), 0);
    assert_true(file_read(path, &got));
    assert_string_equal(got.data, "whole");
    buf_done(&got);
}

static void what_is_no_hash(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *hash;
        int err;
    } rows[] = {
        {"", ERR_BAD_INPUT},
        {"abc", ERR_BAD_INPUT},
        {"../../../../../../../../../../../../../../../../../../etc/passwd", ERR_BAD_INPUT},
        {"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", ERR_BAD_INPUT},
        {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag", ERR_BAD_INPUT},
        {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ada", ERR_BAD_INPUT},
        {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", ERR_NOT_FOUND},
    };
    char path[4200], small[20];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* In memory of its own and of its very length: nothing past its end is looked at. */
        char *exact = malloc(strlen(rows[i].hash) + !*rows[i].hash);
        memcpy(exact, rows[i].hash, strlen(rows[i].hash));
        int err = files_path(b->files, (struct text){exact, strlen(rows[i].hash)}, path, sizeof path);
        free(exact);
        if (err != rows[i].err) {
            fail_msg("\"%s\": %s", rows[i].hash, err_name(err));
        }
    }
    char hash[HASH_MAX + 1];
    assert_int_equal(files_put(b->files, TEXT_LITERAL("x"), hash), 0);
    assert_int_equal(files_path(b->files, text_of(hash), small, sizeof small), ERR_TOO_LARGE);
}

static void folders_that_cannot_be_written(void **state)
{
    struct bench *b = *state;
    char path[PATH_BYTES + 32], log[PATH_BYTES + 32], hash[HASH_MAX + 1];
    struct files *other = NULL;
    struct stderr_kept kept;
    (void)snprintf(log, sizeof log, "%.400s/log", b->room);
    stderr_keep(log, &kept);
    (void)snprintf(path, sizeof path, "%.400s/file", b->room);
    file_write(path, TEXT_LITERAL("not a folder"));
    int is_file = files_open(path, &other);
    (void)snprintf(path, sizeof path, "%.400s/file/below", b->room);
    int below_file = files_open(path, &other);
    (void)snprintf(path, sizeof path, "%.400s/no/such", b->room);
    int no_parent = files_open(path, &other);
    stderr_back(&kept);
    assert_int_equal(is_file, ERR_IO);
    assert_int_equal(below_file, ERR_IO);
    assert_int_equal(no_parent, ERR_IO);
    assert_null(other);
    assert_int_equal(file_count(log, "ev=attachments"), 3);
    assert_int_equal(file_count(log, "remedy="), 3);
    /* And one that goes away later: an error, not a file lost in silence; back, and it works. */
    assert_int_equal(rmdir(b->dir), 0);
    assert_int_equal(files_put(b->files, TEXT_LITERAL("x"), hash), ERR_IO);
    file_write(b->dir, TEXT_LITERAL("a file in its place"));
    assert_int_equal(files_put(b->files, TEXT_LITERAL("x"), hash), ERR_IO);
    assert_int_equal(unlink(b->dir), 0);
    assert_int_equal(mkdir(b->dir, 0700), 0);
    assert_int_equal(files_put(b->files, TEXT_LITERAL("x"), hash), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(put_and_found, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_file_is_mended, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_hash, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_that_cannot_be_written, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
