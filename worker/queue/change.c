/* One function writes orders. Everything that must agree with a record is written here, beside it.
 */
#include "worker/queue/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/queue/blocks.h"
#include "worker/queue/references.h"

#define INDEX_AT_ONCE 256
#define EXPIRE_LOOK 1000 /* orders looked at in one transaction */
#define SHARE 10         /* of the created orders on one day … */
#define SHARE_MIN 100    /* … or so many */

/* --- the indexes of open orders --- */

static bool
is_open(enum order_status status)
{
    return status == ORDER_PLACED || status == ORDER_PROCESSING;
}

bool
queue_is_indexed(const struct queue_txn *t, uint64_t seq)
{
    return !t->backlog || seq < t->backlog;
}

/* The seq of the first order of the worksheet that is still open; 0: there is none. */
static uint64_t
worksheet_first(struct store_txn *txn, const char *worksheet)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];
    struct bytes from = queue_key_worksheet(key, worksheet, 0);
    size_t prefix = from.size - QUEUE_SEQ_BYTES;
    struct store_cursor cursor;
    uint64_t seq = 0;

    if (store_seek(&cursor, txn, STORE_WORKSHEET, from) && cursor.key.size == from.size &&
        memcmp(cursor.key.data, worksheet, prefix) == 0)
        seq = store_get_u64((const unsigned char *)cursor.key.data + prefix);
    store_cursor_close(&cursor);
    return seq;
}

/* The order that is first of its worksheet now, and waits, is due: `known`, if it is that one. */
static void
due_set(struct queue_txn *t, const char *worksheet, const struct order *known)
{
    uint64_t seq = worksheet_first(&t->txn, worksheet);
    unsigned char key[QUEUE_DUE_KEY_BYTES];
    struct order first;

    if (!seq)
        return;
    if (seq == known->seq)
        first = *known;
    else if (!queue_read_seq(&t->txn, seq, &first, NULL))
        return;
    if (first.status == ORDER_PLACED)
        store_put(&t->txn, STORE_DUE, queue_key_due(key, &first), (struct bytes){"", 0});
}

static void
index_open_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];

    if (!is_open(order->status) || !queue_is_indexed(t, order->seq))
        return;
    store_delete(&t->txn, STORE_DUE, queue_key_due(key, order));
    store_delete(&t->txn, STORE_WORKSHEET, queue_key_worksheet(key, order->worksheet, order->seq));
}

static void
index_open_add(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_WORKSHEET_KEY_BYTES];

    store_put(&t->txn, STORE_WORKSHEET, queue_key_worksheet(key, order->worksheet, order->seq),
              (struct bytes){"", 0});
}

/* Those before a new order are due already. */
static void
index_new(struct queue_txn *t, const struct order *order)
{
    bool first = !worksheet_first(&t->txn, order->worksheet);
    unsigned char key[QUEUE_DUE_KEY_BYTES];

    index_open_add(t, order);
    if (first)
        store_put(&t->txn, STORE_DUE, queue_key_due(key, order), (struct bytes){"", 0});
}

bool
queue_index_some(struct queue_txn *t)
{
    struct order order;
    unsigned count = 0;
    uint64_t seq = t->backlog ? t->backlog - 1 : 0;

    if (!t->backlog)
        return false;
    while (count < INDEX_AT_ONCE &&
           (seq = queue_first_behind(&t->txn, ORDER_PLACED, seq, &order))) {
        index_new(t, &order);
        t->backlog = seq + 1;
        count++;
    }
    if (count < INDEX_AT_ONCE)
        t->backlog = 0;
    return count != 0;
}

/* --- what people look for --- */

static void
index_trouble_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_REASON_KEY_BYTES];

    if (*order->reason_code)
        store_delete(&t->txn, STORE_REASONS, queue_key_reason(key, order->reason_code, order->seq));
    if (!order_needs_attention(order))
        return;
    store_delete(&t->txn, STORE_ATTENTION, queue_key_seq(key, order->seq));
    t->counts[QUEUE_ATTENTION]--;
}

static void
index_trouble_add(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_REASON_KEY_BYTES];

    if (*order->reason_code)
        store_put(&t->txn, STORE_REASONS, queue_key_reason(key, order->reason_code, order->seq),
                  (struct bytes){"", 0});
    if (!order_needs_attention(order))
        return;
    store_put(&t->txn, STORE_ATTENTION, queue_key_seq(key, order->seq), (struct bytes){"", 0});
    t->counts[QUEUE_ATTENTION]++;
}

/* --- changes --- */

static void
index_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_SEQ_BYTES];

    store_delete(&t->txn, queue_table(order->status), queue_key_seq(key, order->seq));
    index_open_remove(t, order);
    index_trouble_remove(t, order);
    queue_reference_remove(t, order);
    t->counts[0]--;
    t->counts[order->status]--;
}

static void
index_add(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_SEQ_BYTES];

    store_append(&t->txn, queue_table(order->status), queue_key_seq(key, order->seq),
                 (struct bytes){"", 0});
    if (is_open(order->status) && queue_is_indexed(t, order->seq))
        index_open_add(t, order);
    index_trouble_add(t, order);
    queue_reference_add(t, order);
    t->counts[0]++;
    t->counts[order->status]++;
}

static void
give_seq(struct queue_txn *t, struct order *order)
{
    if (queue_block_of(t->last_seq + 1) != queue_block_of(t->last_seq))
        queue_block_write(&t->txn, queue_block_of(t->last_seq));
    order->seq = ++t->last_seq;
    if (!order->born)
        order->born = order->seq;
    if (!t->backlog && t->counts[ORDER_PLACED] >= QUEUE_EAGER)
        t->backlog = order->seq;
}

/* Encoded before anything is written: its credentials may still lie in the record that goes. */
static struct bytes
encode(struct queue_txn *t, const struct order *was, const struct order *now,
       const struct bytes *sealed, unsigned char buffer[RECORD_ORDER_MAX])
{
    struct bytes kept = {NULL, 0};
    struct order present;

    if (sealed)
        kept = *sealed;
    else if (was && now->own_credentials && !queue_read_record(&t->txn, was->seq, &present, &kept))
        kept = (struct bytes){NULL, 0};
    return record_encode_order(buffer, now, now->own_credentials ? kept : (struct bytes){NULL, 0});
}

static void
move(struct queue_txn *t, const struct order *was, const struct order *now)
{
    unsigned char key[QUEUE_SEQ_BYTES], seq_key[QUEUE_SEQ_BYTES];

    if (was && was->seq != now->seq) {
        store_delete(&t->txn, STORE_ORDERS, queue_key_seq(key, was->seq));
        queue_block_forget(&t->txn, was->seq);
    }
    if (!was || was->seq != now->seq)
        store_put(&t->txn, STORE_IDS, queue_key_text(now->uniqueid),
                  queue_key_seq(seq_key, now->seq));
}

/* Whether no index would say anything else. */
static bool
same_indexes(const struct order *was, const struct order *now)
{
    return was && was->seq == now->seq && was->status == now->status &&
           was->next_attempt_ms == now->next_attempt_ms &&
           strcmp(was->worksheet, now->worksheet) == 0 &&
           strcmp(was->reason_code, now->reason_code) == 0 &&
           order_needs_attention(was) == order_needs_attention(now) &&
           strcmp(was->erp_reference, now->erp_reference) == 0;
}

static void
put_record(struct queue_txn *t, bool present, struct bytes key, struct bytes record)
{
    if (present)
        store_put(&t->txn, STORE_ORDERS, key, record);
    else
        store_append(&t->txn, STORE_ORDERS, key, record);
}

void
queue_store_sealed(struct queue_txn *t, const struct order *was, struct order *now,
                   const struct bytes *sealed)
{
    unsigned char key[QUEUE_SEQ_BYTES], buffer[RECORD_ORDER_MAX];
    bool same = same_indexes(was, now);
    struct bytes record;

    if (!now->seq)
        give_seq(t, now);
    record = encode(t, was, now, sealed, buffer);
    if (!same) {
        if (was)
            index_remove(t, was);
        failpoint_here("queue.change");
        move(t, was, now);
        index_add(t, now);
    }
    put_record(t, was && was->seq == now->seq, queue_key_seq(key, now->seq), record);
    if (!same && queue_is_indexed(t, now->seq)) {
        due_set(t, now->worksheet, now);
        if (was && strcmp(was->worksheet, now->worksheet))
            due_set(t, was->worksheet, now);
    }
}

void
queue_store(struct queue_txn *t, const struct order *was, struct order *now)
{
    queue_store_sealed(t, was, now, NULL);
}

bool
queue_insert(struct queue_txn *t, struct order *order, struct bytes sealed)
{
    unsigned char key[QUEUE_SEQ_BYTES], buffer[RECORD_ORDER_MAX];
    struct bytes seq_key = queue_key_seq(key, t->last_seq + 1), present;

    if (!store_insert(&t->txn, STORE_IDS, queue_key_text(order->uniqueid), seq_key, &present))
        return false;
    order->seq = order->born = 0;
    give_seq(t, order);
    order->history_length = 1;
    order->updated_ms = order->placed_ms;
    order->trusted_ms = t->queue->time.trusted_ms;
    failpoint_here("queue.insert");
    store_append(&t->txn, STORE_ORDERS, seq_key, record_encode_order(buffer, order, sealed));
    store_append(&t->txn, STORE_PLACED, seq_key, (struct bytes){"", 0});
    if (queue_is_indexed(t, order->seq))
        index_new(t, order);
    t->counts[0]++;
    t->counts[ORDER_PLACED]++;
    queue_event_note(t->queue, order, -1);
    return true;
}

/* --- */

void
queue_change(struct queue_txn *t, const struct order *was, struct order *now,
             const struct queue_remark *remark)
{
    now->updated_ms = clock_wall_ms();
    now->trusted_ms = t->queue->time.trusted_ms;
    if (remark)
        queue_line_put(t, now, remark);
    queue_store(t, was, now);
    if (!remark)
        return;
    queue_event_note(t->queue, now, remark->duration_ms);
    if (now->status == ORDER_CREATED || now->status == ORDER_ERROR)
        queue_callback_add(t, now);
}

void
queue_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes record;

    index_remove(t, order);
    for (uint32_t i = 0; queue_history_from(&t->txn, order->born, &i, &record); i++)
        store_delete(&t->txn, STORE_HISTORY, queue_key_history(key, order->born, i));
    store_delete(&t->txn, STORE_IDS, queue_key_text(order->uniqueid));
    store_delete(&t->txn, STORE_ORDERS, queue_key_seq(key, order->seq));
    queue_block_forget(&t->txn, order->seq);
}

/* --- what is forgotten --- */

/* One that was mended late stands among old ones: it is passed over. */
static unsigned
expire_some(struct queue_txn *t, int64_t before_ms, unsigned limit)
{
    unsigned removed = 0, looked_at = 0;
    struct order order;
    uint64_t seq = 0;

    while (removed < limit && looked_at++ < EXPIRE_LOOK &&
           (seq = queue_first_behind(&t->txn, ORDER_CREATED, seq, &order)))
        if (order.updated_ms < before_ms && order.trusted_ms < before_ms) {
            queue_remove(t, &order);
            removed++;
        }
    return removed;
}

/* How many more may go today. */
static unsigned
share_left(const struct queue *queue)
{
    unsigned removed = queue->time.removed,
             share = (queue->counts[ORDER_CREATED] + removed) / SHARE;

    if (share < SHARE_MIN)
        share = SHARE_MIN;
    return share > removed ? share - removed : 0;
}

int
queue_expire(struct queue *queue, int64_t before_ms, unsigned limit, struct err *err)
{
    unsigned left = share_left(queue), count;
    struct queue_txn t;

    queue_begin(queue, &t);
    count = expire_some(&t, before_ms, limit < left ? limit : left);
    queue->time.removed += count;
    if (count)
        queue_time_put(&t);
    return queue_commit(&t, err) ? -1 : (int)count;
}
