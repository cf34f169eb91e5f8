#include "common/base/clock.h"
#include "common/base/failpoint.h"

#include <stdio.h>
#include <time.h>

static int64_t
clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME) + failpoint_clock_ms();
}

int64_t
clock_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

void
clock_text(int64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char whole[CLOCK_TEXT_BYTES];

    gmtime_r(&seconds, &utc);
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, CLOCK_TEXT_BYTES, "%.19s.%03uZ", whole, (unsigned)(wall_ms % 1000) % 1000);
}

struct timeval
clock_timeval(int64_t ms)
{
    if (ms < 0)
        ms = 0;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}
