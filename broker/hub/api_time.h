/* Times in the API and in loketctl: RFC 3339. Pure. */
#ifndef LOKET_HUB_API_TIME_H
#define LOKET_HUB_API_TIME_H

#include "core/hours.h"

#define API_TIME_BYTES 32
void api_time_write(int64_t ms, char out[API_TIME_BYTES]); /* UTC, "2026-11-25T09:15:00.000Z" */
/* "2026-11-25T10:15:00+01:00"; "2026-11-25", the first moment of that day in @z; or milliseconds since 1970. ERR_BAD_FIELD. */
int api_time_read(struct text t, const struct hours_zone *z, int64_t *out) MUST_CHECK;

int64_t api_time_offset_ms(const struct hours_zone *z, int64_t ms);
/* The first moment of the local hour or day that @ms lies in. */
int64_t api_time_hour(const struct hours_zone *z, int64_t ms);
int64_t api_time_day(const struct hours_zone *z, int64_t ms);

#endif
