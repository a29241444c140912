/* The one table of errors: an int return of 0 is success, any other is an ERR_ value from errors.def. */
#ifndef LOKET_BASE_ERR_H
#define LOKET_BASE_ERR_H

enum err {
    ERR_NONE = 0,
#define ERR(name, text, close_code, retry) ERR_##name,
#include "errors.def"
#undef ERR
    ERR_COUNT
};

enum err_class { ERR_CLASS_FATAL, ERR_CLASS_RETRY, ERR_CLASS_AGAIN };

const char *err_name(int err);      /* lower case, as on the wire: "store_away"; "none" for 0 */
const char *err_text(int err);      /* one English sentence part, for logs and error frames */
int err_close_code(int err);        /* WebSocket close code, 0 when the error does not close a session */
enum err_class err_class(int err);
int err_from_name(const char *name); /* ERR_COUNT when there is no such name */

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
