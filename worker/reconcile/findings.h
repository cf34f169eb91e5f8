/* The last reconciliation, as it is kept in the queue: how far it is, and what it has found. */
#ifndef WORKER_RECONCILE_FINDINGS_H
#define WORKER_RECONCILE_FINDINGS_H

#include <jansson.h>

#include "worker/queue/queue.h"

#define FINDINGS_MAX 10000 /* that are kept; more are only counted */

/* For the caller to own; NULL: there was none. */
json_t *findings_job(struct queue *queue);

/* How far it is. finding: the last of those that the job counts as `found`; NULL: it has no new
 * one. Findings beyond `found` are of an earlier reconciliation, and are overwritten. */
int findings_put(struct queue *queue, const json_t *job, const json_t *finding, struct err *err);

/* At most limit findings of this job, from number `from` on; the caller owns the array. */
json_t *findings_read(struct queue *queue, const json_t *job, unsigned from, unsigned limit);

#endif
