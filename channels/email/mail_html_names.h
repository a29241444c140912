/* The character names of HTML 4 (section 24), and apos: those that mailers write. */
#ifndef LOKET_CHANNELS_MAIL_HTML_NAMES_H
#define LOKET_CHANNELS_MAIL_HTML_NAMES_H

#include "base/text.h"

/* 0: no such name. Names are case-sensitive. */
uint32_t html_name_code_point(struct text name);

#endif
