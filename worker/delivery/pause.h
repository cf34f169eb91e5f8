/* A stop of the worker that a person asked for: why, and until when. It is kept in the queue, so
 * that it outlives the process.
 *
 * The worker starts again by itself when the wall clock has come to `until`, or when as much time
 * has passed as was left when it was stopped: a clock that was set back must not keep orders from
 * being delivered for longer than intended. */
#ifndef WORKER_DELIVERY_PAUSE_H
#define WORKER_DELIVERY_PAUSE_H

#include "worker/delivery/delivery.h"

#define PAUSE_REASON_MAX 255           /* bytes */
#define PAUSE_LONGEST_MS 31622400000LL /* 366 days */

struct pause;

/* Everything is borrowed for its life. */
struct pause *pause_new(struct event_base *base, struct queue *queue, struct delivery *delivery);
void pause_free(struct pause *pause);

/* At process start. worker: "running" (a person has started it), "stopped" (a person has stopped
 * it), or "": as the last process left it, and running if it was stopped without an end. */
void pause_boot(struct pause *pause, const char *worker);

/* Stops the worker. reason: UTF-8; may be empty. until_ms: wall clock; 0: until someone starts it.
 * -1 with *err: this cannot be kept, and nothing has changed. */
int pause_stop(struct pause *pause, const char *reason, int64_t until_ms, struct err *err);

/* Starts the worker. */
void pause_end(struct pause *pause);

/* The process is about to exit: the worker does not start any more. */
void pause_freeze(struct pause *pause);

/* When the stopped worker will start by itself (wall clock); 0: it is not stopped, or has no end.
 */
int64_t pause_until_ms(const struct pause *pause);

#endif
