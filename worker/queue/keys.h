/* Inside the queue: what on disk depends on the workshop's key. */
#ifndef WORKER_QUEUE_KEYS_H
#define WORKER_QUEUE_KEYS_H

#include "worker/queue/change.h"

/* An order's own credentials, sealed in `buffer`; empty where credentials is NULL or has none. */
struct bytes queue_seal(const struct queue_keys *keys, const struct order *order,
                        const struct credentials *credentials,
                        unsigned char buffer[RECORD_SEALED_MAX]);

/* -1: neither key opens them. */
int queue_unseal(const struct queue_keys *keys, const struct order *order, struct bytes sealed,
                 struct credentials *credentials);

/* Sealed credentials: as they are where keys->key opens them, sealed anew where keys->old does.
 * The caller frees *data; NULL where neither opens them. */
struct bytes queue_reseal(const struct queue_keys *keys, const char *uniqueid, struct bytes sealed);

/* What sessions must remember (memory.c). */
int queue_reseal_memory(struct queue *queue, struct err *err);

#define QUEUE_META_HASH_KEY "hash_key" /* sealed, no record */

/* Once the queue is open: seals anew what is sealed with the old key, in transactions of a bounded
 * size; cut short, it goes on the next time. Sees to the key of the hashes. */
int queue_keys_open(struct queue *queue, struct err *err);

#endif
