/* The file requests of all jobs, carried out together once in a turn of the loop: one transaction
 * records which of them can create a line, and one sync of the folder is enough. No request waits
 * for company: its turn is the next one. */
#ifndef WORKER_DELIVERY_TURN_H
#define WORKER_DELIVERY_TURN_H

#include "worker/delivery/steps.h"

struct turn_events {
    void (*reply)(struct steps *steps, const struct erp_reply *reply);
    void (*not_sent)(struct steps *steps, const struct err *why);
    void (*commits)(void); /* a request that can create a line is about to be carried out */
};

/* events: static. */
struct turn *turn_new(struct event_base *base, struct queue *queue,
                      const struct turn_events *events);
void turn_free(struct turn *turn);

/* One of the events follows, in a later turn of the loop. */
void turn_add(struct turn *turn, struct steps *steps);

/* It gets no reply. Does nothing if it is not there. */
void turn_remove(struct steps *steps);

#endif
