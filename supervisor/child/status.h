/* The status that a process pushes: its reply to GET /alive, kept as text, and what the daemon
 * itself needs of it. Kept as JSON values it would take five times the memory. */
#ifndef SUPERVISOR_CHILD_STATUS_H
#define SUPERVISOR_CHILD_STATUS_H

#include <jansson.h>

#include "common/order/order.h"

#define CHILD_WORKER_MAX 32
#define CHILD_REASON_MAX 64

struct child_status {
    char *alive; /* compact JSON, owned; NULL: none, and all that follows is empty */
    char worker[CHILD_WORKER_MAX + 1], worker_reason[CHILD_REASON_MAX + 1]; /* empty: not there */
    /* 0: not there */
    json_int_t queue_length, needs_attention, oldest_placed_age_s, orders[ORDER_ERROR + 1];
    json_int_t uptime_s; /* when it was pushed; -1: not there */
};

/* alive: an object (borrowed). Replaces what there was. */
void child_status_set(struct child_status *status, const json_t *alive);

void child_status_clear(struct child_status *status);

#endif
