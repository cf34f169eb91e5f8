/* Inside the queue: which created order has which of the ERP's references. */
#ifndef WORKER_QUEUE_REFERENCES_H
#define WORKER_QUEUE_REFERENCES_H

#include "worker/queue/change.h"

#define QUEUE_REFERENCE_KEY_BYTES (ORDER_REFERENCE_MAX + 1 + 8)

/* For an order that is created and has a reference; nothing otherwise. An order in error has no
 * claim on the line that its reference names. */
void queue_reference_add(struct queue_txn *t, const struct order *order);
void queue_reference_remove(struct queue_txn *t, const struct order *order);

/* Whether *order would be created with the reference of another order. */
bool queue_reference_taken(struct store_txn *txn, const struct order *order);

/* Two orders that are one line are one line too few: ends *order in error where it is taken. */
void queue_reference_guard(struct store_txn *txn, struct order *order);

#endif
