/* Finds orders, newest first, in steps of bounded effort: through the index that leaves the fewest
 * to look at. */
#ifndef WORKER_FIND_FIND_H
#define WORKER_FIND_FIND_H

#include "worker/find/filter.h"
#include "worker/queue/queue.h"

#define FIND_STEP 1000   /* orders looked at in a step: a millisecond or two */
#define FIND_LONG 100000 /* … and in a reply, which then says where to go on */

struct find {
    const struct find_filter *filter;
    uint64_t after;  /* goes on with orders before this one; 0: with the newest */
    uint64_t newest; /* set at the beginning: later ones are not looked at */
    unsigned looked; /* the effort so far, in orders */
    bool done;       /* there are no more */
    /* For each that fits; false: ends the step, and the next one goes on behind it. */
    bool (*each)(const struct order *order, void *arg);
    void *arg;
};

/* Goes on until the step is over, or all is done. -1 with *err. */
int find_some(struct queue *queue, struct find *find, struct err *err);

/* When the newest order that needs attention was placed, in wall-clock ms; 0: there is none. */
int64_t find_newest_attention(struct queue *queue);

/* Whether an order that was there at the beginning has been placed again since: then it may have
 * been seen twice, or not at all. */
bool find_disturbed(struct queue *queue, const struct find *find);

#endif
