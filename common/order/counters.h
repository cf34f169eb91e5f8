/* What a worker has counted since it started, for monitoring; as one text on the channel. */
#ifndef COMMON_ORDER_COUNTERS_H
#define COMMON_ORDER_COUNTERS_H

#include <stdint.h>

#define COUNTERS_REASONS 32 /* room for the table of reasons */
#define COUNTERS_BUCKETS 11
#define COUNTERS_TEXT_BYTES 1536

struct counters {
    uint64_t created;
    uint64_t errors[COUNTERS_REASONS]; /* by their index in the table of reasons */
    uint64_t attempts;
    uint64_t durations[COUNTERS_BUCKETS + 1]; /* attempts by duration; the last one: longer */
    uint64_t duration_ms;                     /* of all */
    uint64_t last_success_ms;                 /* wall clock; 0: none */
    uint64_t callbacks_accepted, callbacks_failed, callbacks_given_up;
    uint64_t callbacks_waiting; /* now */
};

/* The upper bound of a bucket. */
uint32_t counters_bound_ms(unsigned bucket);

/* An attempt has ended. */
void counters_attempt(struct counters *counters, int64_t duration_ms);

/* An order has ended in error. */
void counters_error(struct counters *counters, const char *reason_code);

void counters_text(const struct counters *counters, char text[COUNTERS_TEXT_BYTES]);

/* -1: it is no such text; *counters is unchanged. */
int counters_parse(const char *text, struct counters *counters);

#endif
