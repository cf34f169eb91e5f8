/* Inside the queue: what on disk depends on the workshop's key. */
#ifndef WORKER_QUEUE_KEYS_H
#define WORKER_QUEUE_KEYS_H

#include "worker/queue/change.h"

/* The orders' own credentials, sealed. */
void queue_credentials_put(struct queue_txn *t, const struct order *order,
                           const struct credentials *credentials);
int queue_credentials_get(struct queue_txn *t, const struct order *order,
                          struct credentials *credentials);

/* A sealed value under its key: as it is where keys->key opens it, sealed anew where keys->old
 * does. The caller frees *data; NULL where neither opens it. */
struct bytes queue_reseal(const struct queue_keys *keys, struct bytes key, struct bytes sealed);

/* Once the queue is open: seals anew what is sealed with the old key, in transactions of a bounded
 * size; cut short, it goes on the next time. Sees to the key of the hashes. */
int queue_keys_open(struct queue *queue, struct err *err);

#endif
