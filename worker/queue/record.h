/* How an order and a line of its history lie on disk: a version byte, a checksum over key and
 * content, the content as JSON. A record that was damaged, or that stands under another's key, is
 * not taken for an order. */
#ifndef WORKER_QUEUE_RECORD_H
#define WORKER_QUEUE_RECORD_H

#include <jansson.h>

#include "common/order/order.h"
#include "worker/queue/store.h"

/* Keys, as the tables sort them. */
struct bytes queue_key_text(const char *text);

/* status, seq. */
struct bytes queue_key_status(unsigned char key[9], unsigned status, uint64_t seq);

#define QUEUE_HISTORY_KEY_BYTES (ORDER_VALUE_MAX + 1 + 4)
struct bytes queue_key_history(unsigned char key[QUEUE_HISTORY_KEY_BYTES], const char *uniqueid,
                               uint32_t number);

/* The caller frees *data. */
struct bytes record_encode(struct bytes key, const json_t *content);

/* NULL where the record is damaged; the caller owns the result. */
json_t *record_decode(struct bytes key, struct bytes record);

json_t *record_from_order(const struct order *order);

/* -1: a member is missing, of the wrong type, or what no queue writes. */
int record_to_order(const json_t *content, struct order *order);

#endif
