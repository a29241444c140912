/* What the tests of channels share. */
#ifndef LOKET_TESTS_CHANNELS_TEST_H
#define LOKET_TESTS_CHANNELS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cmocka.h>

#include "channels/email/mail_parse.h"

/* Fails with the row's name and both texts. "" and absent are different: NULL is absent. */
static inline void same_text(const char *row, const char *what, struct text got, const char *want)
{
    bool same = want ? got.s && text_is(got, want) : !got.s;
    if (!same) {
        fail_msg("%s: %s is %s\"%.*s\", not %s\"%s\"", row, what, got.s ? "" : "absent ", TEXT_ARG(got), want ? "" : "absent ", want ? want : "");
    }
}

static inline void check_row(const char *row, bool good, const char *what)
{
    if (!good) {
        fail_msg("%s: %s", row, what);
    }
}

static inline struct mail *parsed(struct text raw)
{
    struct mail *m = NULL;
    int err = mail_parse(raw, &m);
    if (err) {
        fail_msg("mail_parse: %s", err_name(err));
    }
    return m;
}

static inline struct mail *parsed_z(const char *raw)
{
    return parsed(text_of(raw));
}

static inline double seconds_cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

#endif
