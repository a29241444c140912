#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void check_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "level=error ev=check_failed check=\"%s\" at=%s:%d next=\"aborting; this is a bug in Loket\"\n",
            expression, file, line);
    abort();
}
