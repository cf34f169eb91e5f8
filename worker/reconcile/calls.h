/* GET and POST /reconcile. */
#ifndef WORKER_RECONCILE_CALLS_H
#define WORKER_RECONCILE_CALLS_H

#include "common/http/call.h"
#include "worker/reconcile/reconcile.h"

/* The last one, also while it runs. Takes over the call, here and below. */
void reconcile_get(struct queue *queue, const char *workshop, struct call *call);

/* Starts one. */
void reconcile_post(struct reconcile *reconcile, const char *workshop, struct call *call);

#endif
