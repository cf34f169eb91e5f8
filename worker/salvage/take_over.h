/* Inside the salvage: from what is readable of a queue to a new one. */
#ifndef WORKER_SALVAGE_TAKE_OVER_H
#define WORKER_SALVAGE_TAKE_OVER_H

#include "worker/queue/change.h"

/* Taking a queue over into a new one, in two passes: a line of history is put beside its order. */
struct salvage {
    const char *aside; /* for people */
    unsigned map_mib;
    const struct queue_keys *keys;
    struct queue *queue; /* the new one */
    struct queue_txn t;
    unsigned pending; /* entries in t */
    struct err *err;
    bool failed; /* see err */
    bool upgrade;
    bool from_tree;
    bool orders_pass;
    unsigned orders, for_a_person;
};

/* Makes a new queue in the folder `fresh`, of the file `records` (reader.h) and, unless NULL, of
 * the pages of the damaged file. -1 with *s->err. */
int take_over(struct salvage *s, const char *damaged, const char *records, const char *fresh);

#endif
