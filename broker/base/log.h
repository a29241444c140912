/* One line an event to standard error: time, level, `ev=`, then key=value pairs with units in the names.
 *   log_event(LOG_INFO, "conversation_assigned", "conversation=%s agent=%s wait_ms=%lld", cid, agent, wait);
 * Never text, address, number, token or name of a resident. Values with spaces are the caller's to quote. */
#ifndef LOKET_BASE_LOG_H
#define LOKET_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_set_level(enum log_level level); /* default LOG_INFO */
int log_level_parse(const char *name, enum log_level *out); /* "debug" "info" "warn" "error"; ERR_BAD_CONFIG */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
