/* Counting, and numbers as text. */
#include "common/order/counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"

#define NUMBERS (sizeof(struct counters) / sizeof(uint64_t))
#define MOST (UINT64_C(1) << 53)

_Static_assert(NUMBERS * sizeof(uint64_t) == sizeof(struct counters), "there is nothing else");
_Static_assert(NUMBERS * 17 + 1 <= COUNTERS_TEXT_BYTES, "the longest text has room");

/* A file takes milliseconds, an API some hundred, a browser seconds. */
static const uint32_t bounds_ms[COUNTERS_BUCKETS] = {10,   50,   100,   250,   500,  1000,
                                                     2500, 5000, 10000, 30000, 60000};

uint32_t
counters_bound_ms(unsigned bucket)
{
    return bounds_ms[bucket];
}

void
counters_attempt(struct counters *counters, int64_t duration_ms)
{
    unsigned bucket = 0;

    while (bucket < COUNTERS_BUCKETS && duration_ms > bounds_ms[bucket])
        bucket++;
    counters->attempts++;
    counters->durations[bucket]++;
    counters->duration_ms += (uint64_t)duration_ms;
}

void
counters_error(struct counters *counters, const char *reason_code)
{
    const struct reason *reason;

    for (size_t i = 0; i < COUNTERS_REASONS && (reason = reason_at(i)); i++)
        if (strcmp(reason->code, reason_code) == 0)
            counters->errors[i]++;
}

void
counters_text(const struct counters *counters, char text[COUNTERS_TEXT_BYTES])
{
    const uint64_t *numbers = (const uint64_t *)counters;
    size_t used = 0;

    for (size_t i = 0; i < NUMBERS; i++)
        used += (size_t)snprintf(text + used, COUNTERS_TEXT_BYTES - used, "%s%llu", i ? " " : "",
                                 (unsigned long long)(numbers[i] < MOST ? numbers[i] : MOST));
}

int
counters_parse(const char *text, struct counters *counters)
{
    struct counters read;
    uint64_t *numbers = (uint64_t *)&read;
    char *end;

    for (size_t i = 0; i < NUMBERS; i++, text = end) {
        if (i && *text++ != ' ')
            return -1;
        if (*text < '0' || *text > '9')
            return -1;
        errno = 0;
        numbers[i] = strtoull(text, &end, 10);
        if (errno || numbers[i] > MOST)
            return -1;
    }
    if (*text)
        return -1;
    *counters = read;
    return 0;
}
