/* Looks created orders up in the ERP again, in the background: is the line still there, and as it
 * was ordered? Slow on purpose, and only while no order is due. Its state is in the queue, so that
 * a restarted worker goes on. */
#ifndef WORKER_RECONCILE_RECONCILE_H
#define WORKER_RECONCILE_RECONCILE_H

#include "worker/delivery/delivery.h"

struct reconcile;

struct reconcile_setup {
    struct event_base *base;
    struct queue *queue;
    struct delivery *delivery;
    unsigned per_minute;
};

/* Goes on with what an earlier process has begun. */
struct reconcile *reconcile_new(const struct reconcile_setup *setup);
void reconcile_free(struct reconcile *reconcile);

/* Orders placed from…to (wall clock, both included). 1: it runs; 0: one runs already; -1 with *err.
 */
int reconcile_start(struct reconcile *reconcile, int64_t from_ms, int64_t to_ms, struct err *err);

/* The one that runs, borrowed; NULL: none does. */
const json_t *reconcile_job(const struct reconcile *reconcile);

#endif
