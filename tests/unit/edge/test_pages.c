#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/edge_internal.h"

static void paths(void **state)
{
    (void)state;
    static const struct {
        struct text path;
        const char *want; /* NULL: no such page */
    } rows[] = {
        {TEXT_LITERAL("/"), "index.html"},
        {TEXT_LITERAL("/console"), "console.html"},
        {TEXT_LITERAL("/console/"), "console.html"},
        {TEXT_LITERAL("/supervise"), "supervise.html"},
        {TEXT_LITERAL("/assets/main-B3x_9.js"), "assets/main-B3x_9.js"},
        {TEXT_LITERAL("/assets/fonts/a.b.woff2"), "assets/fonts/a.b.woff2"},
        {TEXT_LITERAL("/favicon.svg"), "favicon.svg"},
        {TEXT_LITERAL(""), NULL},
        {TEXT_LITERAL("/assets/"), NULL},
        {TEXT_LITERAL("/assets/../index.html"), NULL},
        {TEXT_LITERAL("/assets/..js"), NULL},
        {TEXT_LITERAL("/assets/a..js"), NULL},
        {TEXT_LITERAL("/assets/./a.js"), NULL},
        {TEXT_LITERAL("/assets//a.js"), NULL},
        {TEXT_LITERAL("/assets/.hidden.js"), NULL},
        {TEXT_LITERAL("/assets/a.js/"), NULL},
        {TEXT_LITERAL("/assets/a\0.js"), NULL},
        {TEXT_LITERAL("/assets/a\\b.js"), NULL},
        {TEXT_LITERAL("/assets/a%2e.js"), NULL},
        {TEXT_LITERAL("/assets/noending"), NULL},
        {TEXT_LITERAL("/assets/key.pem"), NULL},
        {TEXT_LITERAL("/other/a.js"), NULL},
        {TEXT_LITERAL("/../a.js"), NULL},
        {TEXT_LITERAL("assets/a.js"), NULL},
        {TEXT_LITERAL("//etc/passwd"), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[64] = "";
        int err = page_path(rows[i].path, out, sizeof out);
        if (rows[i].want ? err || strcmp(out, rows[i].want) != 0 : err != ERR_NOT_FOUND) {
            fail_msg("%.*s gave %d %s", TEXT_ARG(rows[i].path), err, out);
        }
    }
    char small[8];
    assert_int_equal(page_path(TEXT_LITERAL("/assets/long.js"), small, sizeof small), ERR_NOT_FOUND);
}

static void only_regular_files_are_opened(void **state)
{
    (void)state;
    char dir[] = "/tmp/loket_pages_XXXXXX", path[128];
    assert_non_null(mkdtemp(dir));
    struct page p;
    (void)snprintf(path, sizeof path, "%s/index.html", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs("<p>", f) >= 0 && fclose(f) == 0);
    assert_int_equal(page_open(dir, TEXT_LITERAL("/"), &p), 0);
    assert_int_equal(p.bytes, 3);
    assert_string_equal(p.cache, "no-cache");
    assert_string_equal(p.type, "text/html; charset=utf-8");
    close(p.fd);
    assert_int_equal(page_open_gzip(dir, TEXT_LITERAL("/"), &p), ERR_NOT_FOUND);
    char other[128];
    (void)snprintf(other, sizeof other, "%s/index.html.gz", dir);
    f = fopen(other, "w");
    assert_non_null(f);
    assert_true(fputs("gz", f) >= 0 && fclose(f) == 0);
    assert_int_equal(page_open_gzip(dir, TEXT_LITERAL("/"), &p), 0);
    assert_int_equal(p.bytes, 2);
    assert_string_equal(p.type, "text/html; charset=utf-8");
    close(p.fd);
    assert_int_equal(unlink(other), 0);
    (void)snprintf(other, sizeof other, "%s/link.js", dir);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(page_open(dir, TEXT_LITERAL("/link.js"), &p), ERR_NOT_FOUND);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(page_open(dir, TEXT_LITERAL("/link.js"), &p), ERR_NOT_FOUND);
    assert_int_equal(page_open(NULL, TEXT_LITERAL("/"), &p), ERR_NOT_FOUND);
    assert_int_equal(rmdir(other), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(only_regular_files_are_opened)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
