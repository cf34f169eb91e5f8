/* Worksheets whose first callback has failed: when it is tried again. */
#ifndef WORKER_CALLBACK_WAITING_H
#define WORKER_CALLBACK_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/order/order.h"

#define WAITING_MAX 256 /* worksheets; of more, the next one due */

struct waiting_worksheet {
    char worksheet[ORDER_VALUE_MAX + 1];
    unsigned attempts, failures; /* those that count for its delay, and all */
    bool refused;                /* the receiver does not want this very one */
    int64_t due_ms;              /* monotonic */
};

struct waiting {
    struct waiting_worksheet all[WAITING_MAX];
    size_t count;
    const int *delays_ms; /* after each failure, in a row; the last one repeats */
    size_t delay_count;
};

struct waiting_failure {
    const char *worksheet;
    bool refused; /* the receiver does not want this very one */
    bool well;    /* it has accepted others lately */
    int64_t least_ms,
        most_ms; /* until the next try: what the receiver asks for, and what is left */
};

typedef bool waiting_under_way(const char *worksheet, void *arg);

/* delays_ms is borrowed; NULL: from 0.2 s to 5 min. */
void waiting_init(struct waiting *waiting, const int *delays_ms, size_t delay_count);

void waiting_failed(struct waiting *waiting, const struct waiting_failure *failure,
                    waiting_under_way *under_way, void *arg);

/* The receiver has accepted one: what failed while it was not well is tried again soon. */
void waiting_hurry(struct waiting *waiting);

void waiting_forget(struct waiting *waiting, const char *worksheet);

/* When a worksheet may be tried again; 0: it does not wait. */
int64_t waiting_due_ms(struct waiting *waiting, const char *worksheet);

/* When the next one of those that are not under way is due; 0: there is none. */
int64_t waiting_next_ms(struct waiting *waiting, waiting_under_way *under_way, void *arg);

/* From the half of it up to all of it, so that workers do not knock in step. */
int64_t waiting_jittered(int64_t ms);

#endif
