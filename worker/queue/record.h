/* How an order and a line of its history lie on disk: a version byte, a checksum over key and
 * content, the content. A record that was damaged, or that stands under another's key, is not taken
 * for an order. */
#ifndef WORKER_QUEUE_RECORD_H
#define WORKER_QUEUE_RECORD_H

#include <jansson.h>

#include "common/base/secret.h"
#include "common/order/order.h"
#include "worker/store/store.h"

/* Keys, as the tables sort them. */
struct bytes queue_key_text(const char *text);

#define QUEUE_SEQ_BYTES 8
#define QUEUE_SEQ_MAX (1ull << 61) /* so that there are numbers behind it */
struct bytes queue_key_seq(unsigned char key[QUEUE_SEQ_BYTES], uint64_t seq);

#define QUEUE_HISTORY_KEY_BYTES (QUEUE_SEQ_BYTES + 4)
struct bytes queue_key_history(unsigned char key[QUEUE_HISTORY_KEY_BYTES], uint64_t born,
                               uint32_t number);

/* --- an order: a fixed layout --- */

#define RECORD_SEALED_MAX (ORDER_VALUE_MAX + 1 + ORDER_PASSWORD_MAX + SECRET_OVERHEAD_BYTES)
#define RECORD_ORDER_MAX 2560

/* Under queue_key_seq(order->seq). sealed: its own credentials, at most RECORD_SEALED_MAX. The
 * result lies in `buffer`. */
struct bytes record_encode_order(unsigned char buffer[RECORD_ORDER_MAX], const struct order *order,
                                 struct bytes sealed);

/* Also a record of format 2. -1: it is damaged, or is what no queue writes. *sealed lies in the
 * record; NULL: not asked for. */
int record_decode_order(struct bytes key, struct bytes record, struct order *order,
                        struct bytes *sealed);

/* What an order is searched by. The texts lie in the record, without a NUL. */
struct record_brief {
    int64_t placed_ms;
    struct bytes uniqueid, worksheet, product_nr;
};

/* The same without the effort of its checksum: for a look before record_decode_order. -1: it is too
 * short. */
int record_brief(struct bytes record, struct record_brief *brief);

/* --- history and notes: JSON --- */

/* The caller frees *data. */
struct bytes record_encode(struct bytes key, const json_t *content);

/* NULL where the record is damaged; the caller owns the result. */
json_t *record_decode(struct bytes key, struct bytes record);

#endif
