/* Time: the wall clock for what people read and what outlives the process, the monotonic clock for
 * durations. */
#ifndef COMMON_BASE_CLOCK_H
#define COMMON_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>

#define CLOCK_TEXT_BYTES 25 /* "2026-11-24T08:15:30.123Z" and a NUL */

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t clock_monotonic_ms(void);

/* RFC 3339 in UTC with milliseconds. */
void clock_text(int64_t wall_ms, char text[CLOCK_TEXT_BYTES]);

/* A duration as libevent takes it; a negative one counts as 0. */
struct timeval clock_timeval(int64_t ms);

#endif
