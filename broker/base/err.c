#include "base/err.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
    int close_code;
    enum err_class class;
} err_table[ERR_COUNT] = {
    [ERR_NONE] = {"NONE", "no error", 0, ERR_CLASS_FATAL},
#define ERR(name_, text_, code_, class_) [ERR_##name_] = {#name_, text_, code_, ERR_CLASS_##class_},
#include "base/errors.def"
#undef ERR
};

/* The table holds upper case, because the preprocessor does; the wire wants lower case. Made once, on first use. */
const char *err_name(int err)
{
    static char lower[ERR_COUNT][16];
    if (err < 0 || err >= ERR_COUNT) {
        return "unknown";
    }
    char *name = lower[err];
    if (name[0] == '\0') {
        for (size_t i = 0; i + 1 < sizeof lower[0] && err_table[err].name[i] != '\0'; i++) {
            name[i] = (char)tolower((unsigned char)err_table[err].name[i]);
        }
    }
    return name;
}

const char *err_text(int err)
{
    return err < 0 || err >= ERR_COUNT ? "unknown error" : err_table[err].text;
}

int err_close_code(int err)
{
    return err < 0 || err >= ERR_COUNT ? 0 : err_table[err].close_code;
}

enum err_class err_class(int err)
{
    return err < 0 || err >= ERR_COUNT ? ERR_CLASS_FATAL : err_table[err].class;
}

int err_from_name(const char *name)
{
    for (int err = 0; err < ERR_COUNT; err++) {
        if (strcmp(err_name(err), name) == 0) {
            return err;
        }
    }
    return ERR_COUNT;
}
