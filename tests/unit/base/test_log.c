/* Log lines: one event, one line, whatever another system's words hold. Standard error is a file while a line is written. */
#include "../test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static char written[8192];

#define LINE(...) (line_begin(), log_event(__VA_ARGS__), line_end())

static FILE *file;
static int before_fd;

static void line_begin(void)
{
    file = tmpfile();
    assert_non_null(file);
    (void)fflush(stderr);
    before_fd = dup(STDERR_FILENO);
    assert_true(before_fd >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
}

static const char *line_end(void)
{
    (void)fflush(stderr);
    assert_true(dup2(before_fd, STDERR_FILENO) >= 0);
    (void)close(before_fd);
    rewind(file);
    size_t n = fread(written, 1, sizeof written - 1, file);
    written[n] = '\0';
    (void)fclose(file);
    return written;
}

static void a_line_is_complete(void **state)
{
    (void)state;
    const char *line = LINE(LOG_INFO, "conversation_assigned", "conversation=%s wait_ms=%d", "abc", 8120);
    assert_int_equal(strspn(line, "0123456789-T:.Z"), 24); /* 2025-12-01T00:00:00.000Z */
    assert_string_equal(line + 24, " level=info ev=conversation_assigned conversation=abc wait_ms=8120\n");
    assert_non_null(strstr(LINE(LOG_ERROR, "x", "a=1"), " level=error ev=x a=1\n"));
}

/* A mail server's answer with a line end in it used to be able to write a second event. */
static void nobody_else_begins_a_line(void **state)
{
    (void)state;
    const char *line = LINE(LOG_WARN, "message_out_later", "why=\"%s\"", "451 later\r\n2025-01-01T00:00:00.000Z level=info ev=signed_in\x1b[2J\t");
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    for (const char *c = line; c[1]; c++) {
        assert_true((unsigned char)*c >= 0x20);
    }
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    for (size_t n = 900; n < 1100; n++) {
        char text[1100];
        memset(text, 'x', n);
        text[n] = '\0';
        const char *line = LINE(LOG_WARN, "e", "%s", text);
        assert_true(strlen(line) <= 1024);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    }
}

static void levels(void **state)
{
    (void)state;
    enum log_level level;
    assert_string_equal(LINE(LOG_DEBUG, "e", "a=1"), "");
    assert_int_equal(log_level_parse("debug", &level), 0);
    log_set_level(level);
    assert_non_null(strstr(LINE(LOG_DEBUG, "e", "a=1"), "level=debug"));
    assert_int_equal(log_level_parse("error", &level), 0);
    log_set_level(level);
    assert_string_equal(LINE(LOG_WARN, "e", "a=1"), "");
    assert_int_equal(log_level_parse("loud", &level), ERR_BAD_CONFIG);
    assert_int_equal(level, LOG_ERROR);
    log_set_level(LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_is_complete), cmocka_unit_test(nobody_else_begins_a_line),
                                       cmocka_unit_test(long_lines_are_cut), cmocka_unit_test(levels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
