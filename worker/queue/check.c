/* Table by table, each part in a transaction of its own. */
#include "worker/queue/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/queue/blocks.h"
#include "worker/queue/change.h"
#include "worker/queue/keys.h"

#define CHECK_AT_ONCE 400 /* entries: one or two milliseconds */

struct part {
    struct store_txn *txn;
    uint64_t backlog, newest;
};

static bool
has(struct store_txn *txn, enum store_table table, struct bytes key)
{
    struct bytes value;

    return store_get(txn, table, key, &value);
}

static bool
is_note(struct bytes key, struct bytes value)
{
    json_t *note = record_decode(key, value);
    bool sealed = key.size == strlen(QUEUE_META_HASH_KEY) &&
                  memcmp(key.data, QUEUE_META_HASH_KEY, key.size) == 0;
    bool sound = note || sealed;

    json_decref(note);
    return sound;
}

static bool
is_record(struct bytes key, struct bytes value)
{
    json_t *content = record_decode(key, value);

    json_decref(content);
    return content;
}

static bool
is_line(struct bytes key, struct bytes value)
{
    return is_record(key, value) && key.size == QUEUE_HISTORY_KEY_BYTES;
}

/* An order that waits and is in no index would wait for ever. */
static bool
is_findable(const struct part *part, const struct order *order)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];
    struct bytes own = queue_key_worksheet(key, order->worksheet, order->seq);

    return (order->status != ORDER_PLACED && order->status != ORDER_PROCESSING) ||
           (part->backlog && order->seq >= part->backlog) || has(part->txn, STORE_WORKSHEET, own);
}

/* One that needs a person, and that no list shows, is forgotten. */
static bool
is_seen(const struct part *part, struct bytes key, const struct order *order)
{
    unsigned char reason[QUEUE_REASON_KEY_BYTES], block[QUEUE_SEQ_BYTES];
    uint64_t first = queue_block_of(order->seq);

    return (!order_needs_attention(order) || has(part->txn, STORE_ATTENTION, key)) &&
           (!*order->reason_code ||
            has(part->txn, STORE_REASONS,
                queue_key_reason(reason, order->reason_code, order->seq))) &&
           (first >= queue_block_of(part->newest) ||
            has(part->txn, STORE_BLOCKS, queue_key_seq(block, first)));
}

static bool
is_block(struct bytes value)
{
    struct queue_block block;

    return queue_block_read(value, &block) == 0;
}

static bool
is_order(const struct part *part, struct bytes key, struct bytes value)
{
    struct order order;
    struct bytes seq_key;

    return record_decode_order(key, value, &order, NULL) == 0 &&
           store_get(part->txn, STORE_IDS, queue_key_text(order.uniqueid), &seq_key) &&
           seq_key.size == key.size && memcmp(seq_key.data, key.data, key.size) == 0 &&
           has(part->txn, queue_table(order.status), key) && is_findable(part, &order) &&
           is_seen(part, key, &order);
}

static bool
is_sound(const struct part *part, unsigned table, struct bytes key, struct bytes value)
{
    switch (table) {
    case STORE_META:
        return is_note(key, value);
    case STORE_ORDERS:
        return is_order(part, key, value);
    case STORE_HISTORY:
        return is_line(key, value);
    case STORE_CALLBACKS:
        return is_record(key, value);
    case STORE_BLOCKS:
        return is_block(value);
    default:
        return true;
    }
}

/* No entry too many or too few. */
static bool
counts_agree(struct store_txn *txn)
{
    size_t orders = store_count(txn, STORE_ORDERS), by_status = 0;

    for (int status = ORDER_PLACED; status <= ORDER_ERROR; status++)
        by_status += store_count(txn, queue_table((enum order_status)status));
    return orders == by_status && orders == store_count(txn, STORE_IDS);
}

/* Further than the key where the last part ended: a damaged tree may lead back. */
static bool
is_further(const struct queue_check *check, struct bytes key)
{
    size_t size = key.size < check->key_size ? key.size : check->key_size;
    int order = memcmp(key.data, check->key, size);

    return !check->key_size || order > 0 || (order == 0 && key.size > check->key_size);
}

/* The entries of one table. False: something is wrong. */
static bool
check_table(const struct part *part, struct queue_check *check, unsigned *limit)
{
    struct store_cursor cursor;
    bool sound = true, found = store_seek(&cursor, part->txn, (enum store_table)check->table,
                                          (struct bytes){check->key, check->key_size});

    if (found && check->key_size && !is_further(check, cursor.key))
        found = store_next(&cursor); /* the one that was the last */
    for (; found && sound && *limit; found = store_next(&cursor), --*limit) {
        sound = cursor.key.size < sizeof check->key && is_further(check, cursor.key) &&
                is_sound(part, check->table, cursor.key, cursor.value);
        if (sound)
            memcpy(check->key, cursor.key.data, check->key_size = cursor.key.size);
        if (sound && check->writes)
            store_put(part->txn, (enum store_table)check->table, cursor.key, cursor.value);
    }
    store_cursor_close(&cursor);
    if (!found && sound) {
        check->table++;
        check->key_size = 0;
    }
    return sound;
}

static uint64_t
backlog_of(struct store_txn *txn)
{
    json_t *note = queue_meta_get(txn, QUEUE_META_BACKLOG);
    uint64_t seq = (uint64_t)json_integer_value(json_object_get(note, "seq"));

    json_decref(note);
    return seq;
}

int
queue_check_some(struct store *store, struct queue_check *check, unsigned limit, struct err *err)
{
    struct store_txn txn;
    struct part part = {.txn = &txn};
    bool sound = true;

    store_begin(store, &txn, check->writes);
    part.backlog = backlog_of(&txn);
    part.newest = queue_newest_seq(&txn);
    while (sound && limit && check->table < STORE_TABLES)
        sound = check_table(&part, check, &limit);
    if (sound && check->table == STORE_TABLES)
        sound = counts_agree(&txn);
    if (!sound && !txn.error)
        txn.error = EBADMSG;
    if (store_end(&txn, err))
        return -1;
    return check->table < STORE_TABLES;
}

int
queue_check_part(struct queue *queue, struct err *err)
{
    int more;

    if (!store_unsure(queue->store))
        return 0;
    if (!queue->check)
        queue->check = mem_alloc(sizeof *queue->check);
    more = queue_check_some(queue->store, queue->check, CHECK_AT_ONCE, err);
    if (more > 0)
        return 1;
    free(queue->check);
    queue->check = NULL;
    if (more == 0)
        store_checked(queue->store);
    return more;
}
