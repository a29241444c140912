#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

static enum log_level log_level_least = LOG_INFO;
static const char *const log_level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level)
{
    log_level_least = level;
}

int log_level_parse(const char *name, enum log_level *out)
{
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, log_level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return ERR_BAD_CONFIG;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (level < log_level_least) {
        return;
    }
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    char line[1024]; /* one write(2) a line, so that lines of several processes do not mix */
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ level=%s ev=%s ", now.tv_nsec / 1000000,
                          log_level_names[level], event);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + n, sizeof line - n - 1, format, args);
    va_end(args);
    if (more > 0) {
        n += (size_t)more;
    }
    if (n > sizeof line - 2) {
        n = sizeof line - 2;
    }
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)line[i] < 0x20) {
            line[i] = ' '; /* another system's words may hold a line end */
        }
    }
    line[n++] = '\n';
    (void)!fwrite(line, 1, n, stderr); /* nowhere to report a failing log */
}
