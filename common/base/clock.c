#include "common/base/clock.h"
#include "common/base/failpoint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

/* The first `length` characters of a time, without the separators, and a Z. */
static void
stamp(int64_t wall_ms, size_t length, char text[CLOCK_STAMP_BYTES])
{
    char time[CLOCK_TEXT_BYTES], *to = text;

    clock_text(wall_ms, time);
    for (size_t i = 0; i < length; i++)
        if (time[i] != '-' && time[i] != ':')
            *to++ = time[i];
    memcpy(to, "Z", sizeof "Z");
}

void
clock_stamp(int64_t wall_ms, char text[CLOCK_STAMP_BYTES])
{
    stamp(wall_ms, sizeof "2026-11-24T08:15:30" - 1, text);
}

void
clock_stamp_ms(int64_t wall_ms, char text[CLOCK_STAMP_BYTES])
{
    stamp(wall_ms, sizeof "2026-11-24T08:15:30.123" - 1, text);
}

/* So many digits, which make a number from least to most, and go on behind them. */
static bool
take_digits(const char **text, unsigned digits, int least, int most, int *number)
{
    *number = 0;
    for (unsigned i = 0; i < digits; i++) {
        if ((*text)[i] < '0' || (*text)[i] > '9')
            return false;
        *number = *number * 10 + ((*text)[i] - '0');
    }
    *text += digits;
    return *number >= least && *number <= most;
}

static bool
take_one_of(const char **text, const char *characters)
{
    return **text && strchr(characters, *(*text)++);
}

/* The digits behind the second, if any. */
static bool
take_fraction(const char **text, int *ms)
{
    unsigned digits = 0;

    *ms = 0;
    if (**text != '.')
        return true;
    for (++*text; **text >= '0' && **text <= '9'; ++*text, digits++)
        if (digits < 3)
            *ms = *ms * 10 + (**text - '0');
    for (unsigned i = digits; i < 3; i++)
        *ms *= 10;
    return digits && digits <= 9;
}

static bool
take_offset(const char **text, int *minutes)
{
    int sign = **text == '-' ? -1 : 1, hours;

    *minutes = 0;
    if (**text == 'Z' || **text == 'z')
        return *++*text == '\0';
    if (!take_one_of(text, "+-") || !take_digits(text, 2, 0, 23, &hours) ||
        !take_one_of(text, ":") || !take_digits(text, 2, 0, 59, minutes))
        return false;
    *minutes = sign * (hours * 60 + *minutes);
    return !**text;
}

int
clock_parse(const char *text, int64_t *wall_ms)
{
    struct tm utc = {0}, again;
    int year, month, ms, minutes;
    time_t seconds;

    if (!take_digits(&text, 4, 1970, 9999, &year) || !take_one_of(&text, "-") ||
        !take_digits(&text, 2, 1, 12, &month) || !take_one_of(&text, "-") ||
        !take_digits(&text, 2, 1, 31, &utc.tm_mday) || !take_one_of(&text, "Tt ") ||
        !take_digits(&text, 2, 0, 23, &utc.tm_hour) || !take_one_of(&text, ":") ||
        !take_digits(&text, 2, 0, 59, &utc.tm_min) || !take_one_of(&text, ":") ||
        !take_digits(&text, 2, 0, 59, &utc.tm_sec) || !take_fraction(&text, &ms) ||
        !take_offset(&text, &minutes))
        return -1;
    utc.tm_year = year - 1900;
    utc.tm_mon = month - 1;
    again = utc;
    seconds = timegm(&again);
    if (again.tm_mday != utc.tm_mday || seconds < minutes * 60LL)
        return -1;
    *wall_ms = ((int64_t)seconds - minutes * 60LL) * 1000 + ms;
    return 0;
}

#define DAY_BYTES (sizeof "2026-11-24" - 1)
#define OFFSET_BYTES (sizeof "+01:00" - 1)
#define DAY_MS 86400000LL

/* An unencoded + in a query has become a space. */
static int
parse_time_or_day(const char *text, bool *is_day, int64_t *wall_ms)
{
    char time[64];
    size_t length;

    *is_day = strlen(text) == DAY_BYTES;
    length = (size_t)snprintf(time, sizeof time, "%s%s", text, *is_day ? "T00:00:00Z" : "");
    if (length >= sizeof time)
        return -1;
    if (length > 2 * DAY_BYTES && time[length - OFFSET_BYTES] == ' ')
        time[length - OFFSET_BYTES] = '+';
    return clock_parse(time, wall_ms);
}

int
clock_parse_from(const char *text, int64_t *wall_ms)
{
    bool is_day;

    return parse_time_or_day(text, &is_day, wall_ms);
}

int
clock_parse_to(const char *text, int64_t *wall_ms)
{
    bool is_day;

    if (parse_time_or_day(text, &is_day, wall_ms))
        return -1;
    *wall_ms += is_day ? DAY_MS - 1 : 0;
    return 0;
}

struct timeval
clock_timeval(int64_t ms)
{
    if (ms < 0)
        ms = 0;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}
