/* Whether all of a queue is sound: records by their checksums, and what the tables say of each
 * other. In parts, so that it can go on beside the work. */
#ifndef WORKER_QUEUE_CHECK_H
#define WORKER_QUEUE_CHECK_H

#include "worker/queue/record.h"

#define QUEUE_CHECK_KEY_BYTES 512 /* LMDB's longest key, and one */

/* Where it stands: {.table = 0} at the beginning. */
struct queue_check {
    bool writes; /* each entry as well, and keeps nothing of it: some damage shows only then */
    unsigned table;
    unsigned char key[QUEUE_CHECK_KEY_BYTES];
    size_t key_size; /* 0: at the first entry */
};

/* Looks at up to `limit` further entries. 1: there are more; 0: all is sound; -1 with *err. */
int queue_check_some(struct store *store, struct queue_check *check, unsigned limit,
                     struct err *err);

#endif
