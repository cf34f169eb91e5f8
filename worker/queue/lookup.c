/* From indexes to orders and lines: what an index names must be there. */
#include <errno.h>
#include <string.h>

#include "common/base/log.h"
#include "worker/queue/change.h"

enum store_table
queue_table(enum order_status status)
{
    static const enum store_table tables[] = {STORE_ORDERS,
                                              [ORDER_PLACED] = STORE_PLACED,
                                              [ORDER_PROCESSING] = STORE_PROCESSING,
                                              [ORDER_CREATED] = STORE_CREATED,
                                              [ORDER_ERROR] = STORE_ERROR,
                                              [QUEUE_ATTENTION] = STORE_ATTENTION};

    return tables[status];
}

static bool
damaged(struct store_txn *txn, const char *uniqueid, const char *what)
{
    if (!txn->error) {
        log_write(LOG_ERROR, LOG_API, uniqueid, "%s", what);
        txn->error = EBADMSG;
    }
    return false;
}

bool
queue_read_record(struct store_txn *txn, uint64_t seq, struct order *order, struct bytes *sealed)
{
    unsigned char buffer[QUEUE_SEQ_BYTES];
    struct bytes key = queue_key_seq(buffer, seq), record;

    if (!store_get(txn, STORE_ORDERS, key, &record))
        return damaged(txn, NULL, "the record of an order is missing");
    return record_decode_order(key, record, order, sealed) == 0 ||
           damaged(txn, NULL, "the record of an order is damaged");
}

/* An order is listed or delivered only if its uniqueid finds it. */
bool
queue_read_seq(struct store_txn *txn, uint64_t seq, struct order *order, struct bytes *sealed)
{
    struct bytes place;

    if (!queue_read_record(txn, seq, order, sealed))
        return false;
    return (store_get(txn, STORE_IDS, queue_key_text(order->uniqueid), &place) &&
            place.size == QUEUE_SEQ_BYTES && store_get_u64(place.data) == seq) ||
           damaged(txn, order->uniqueid, "the index entry of this order is damaged");
}

static bool
read_found(struct store_txn *txn, const char *uniqueid, struct bytes place, struct order *order)
{
    if (place.size != QUEUE_SEQ_BYTES)
        return damaged(txn, uniqueid, "the index entry of this order is damaged");
    if (!queue_read_record(txn, store_get_u64(place.data), order, NULL))
        return false;
    return strcmp(order->uniqueid, uniqueid) == 0 ||
           damaged(txn, uniqueid, "the index entry of this order points to another order");
}

bool
queue_read(struct store_txn *txn, const char *uniqueid, struct order *order)
{
    struct bytes place;

    return store_get(txn, STORE_IDS, queue_key_text(uniqueid), &place) &&
           read_found(txn, uniqueid, place, order);
}

uint64_t
queue_newest_seq(struct store_txn *txn)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    uint64_t seq = 0;

    if (store_seek_before(&cursor, txn, STORE_ORDERS, queue_key_seq(key, UINT64_MAX)))
        seq = store_get_u64(cursor.key.data);
    store_cursor_close(&cursor);
    return seq;
}

uint64_t
queue_first_behind(struct store_txn *txn, enum order_status status, uint64_t seq,
                   struct order *order)
{
    unsigned char key[QUEUE_SEQ_BYTES];
    struct store_cursor cursor;
    uint64_t found = 0;

    if (store_seek(&cursor, txn, queue_table(status), queue_key_seq(key, seq + 1)) &&
        queue_read_seq(txn, store_get_u64(cursor.key.data), order, NULL))
        found = order->seq;
    store_cursor_close(&cursor);
    return found;
}

bool
queue_history_from(struct store_txn *txn, uint64_t born, uint32_t *number, struct bytes *record)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes from = queue_key_history(key, born, *number);
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_HISTORY, from) && cursor.key.size == from.size &&
                 memcmp(cursor.key.data, key, QUEUE_SEQ_BYTES) == 0;

    if (found) {
        const unsigned char *at = (const unsigned char *)cursor.key.data + QUEUE_SEQ_BYTES;

        *number = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        *record = cursor.value;
    }
    store_cursor_close(&cursor);
    return found;
}
