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

/* A time in UTC for a file name: "20261124T081530Z", or "20261124T081530.123Z" with milliseconds.
 * Names sort by time. The patterns are for fnmatch(3). */
#define CLOCK_STAMP_BYTES 21
void clock_stamp(int64_t wall_ms, char text[CLOCK_STAMP_BYTES]);
void clock_stamp_ms(int64_t wall_ms, char text[CLOCK_STAMP_BYTES]);

#define CLOCK_DIGITS_3 "[0-9][0-9][0-9]"
#define CLOCK_STAMP_SECONDS                                                                        \
    CLOCK_DIGITS_3 CLOCK_DIGITS_3 "[0-9][0-9]T" CLOCK_DIGITS_3 CLOCK_DIGITS_3
#define CLOCK_STAMP_PATTERN CLOCK_STAMP_SECONDS "Z"
#define CLOCK_STAMP_MS_PATTERN CLOCK_STAMP_SECONDS "." CLOCK_DIGITS_3 "Z"

/* Reads RFC 3339: a date and a time with "Z" or an offset, up to nine digits of a second; what is
 * smaller than a millisecond is dropped. -1: it is none, or before 1970. */
int clock_parse(const char *text, int64_t *wall_ms);

#define CLOCK_NOT_A_TIME "must be a time such as 2026-11-24T08:15:30Z, or a day such as 2026-11-24"

/* The ends of a period: the same, or a day, of which `from` takes the first millisecond in UTC and
 * `to` the last. -1: it is neither (CLOCK_NOT_A_TIME). */
int clock_parse_from(const char *text, int64_t *wall_ms);
int clock_parse_to(const char *text, int64_t *wall_ms);

/* A duration as libevent takes it; a negative one counts as 0. */
struct timeval clock_timeval(int64_t ms);

#endif
