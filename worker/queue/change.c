/* One function writes orders. Everything that must agree with a record is written here, beside it.
 */
#include "worker/queue/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/queue/references.h"

#define INDEX_AT_ONCE 256

struct bytes
queue_key_worksheet(unsigned char key[QUEUE_WORKSHEET_KEY_BYTES], const char *worksheet,
                    uint64_t seq)
{
    size_t length = strlen(worksheet) + 1;

    memcpy(key, worksheet, length);
    store_put_u64(key + length, seq);
    return (struct bytes){key, length + QUEUE_SEQ_BYTES};
}

struct bytes
queue_key_due(unsigned char key[QUEUE_DUE_KEY_BYTES], const struct order *order)
{
    store_put_u64(key, (uint64_t)order->next_attempt_ms);
    store_put_u64(key + 8, order->seq);
    return (struct bytes){key, QUEUE_DUE_KEY_BYTES};
}

/* --- transactions --- */

void
queue_begin(struct queue *queue, struct queue_txn *t)
{
    t->queue = queue;
    t->last_seq = queue->last_seq;
    t->backlog = queue->backlog;
    memcpy(t->counts, queue->counts, sizeof t->counts);
    store_begin(queue->store, &t->txn, true);
}

static void
put_backlog(struct queue_txn *t)
{
    json_t *note = t->backlog ? json_pack("{s:I}", "seq", (json_int_t)t->backlog) : NULL;

    queue_meta_put(t, QUEUE_META_BACKLOG, note);
    json_decref(note);
}

int
queue_commit(struct queue_txn *t, struct err *err)
{
    if (t->backlog != t->queue->backlog)
        put_backlog(t);
    if (store_commit(&t->txn, err))
        return -1;
    failpoint_here("queue.committed");
    t->queue->last_seq = t->last_seq;
    t->queue->backlog = t->backlog;
    memcpy(t->queue->counts, t->counts, sizeof t->counts);
    return 0;
}

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

/* Whoever is first of its worksheet now, and waits, is due: `known`, if it is that one. */
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

/* Whoever is before a new one is due already. */
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

/* --- changes --- */

static void
index_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_SEQ_BYTES];

    store_delete(&t->txn, queue_table(order->status), queue_key_seq(key, order->seq));
    index_open_remove(t, order);
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
    queue_reference_add(t, order);
    t->counts[0]++;
    t->counts[order->status]++;
}

static void
give_seq(struct queue_txn *t, struct order *order)
{
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
    unsigned char key[QUEUE_SEQ_BYTES], place[QUEUE_SEQ_BYTES];

    if (was && was->seq != now->seq)
        store_delete(&t->txn, STORE_ORDERS, queue_key_seq(key, was->seq));
    if (!was || was->seq != now->seq)
        store_put(&t->txn, STORE_IDS, queue_key_text(now->uniqueid),
                  queue_key_seq(place, now->seq));
}

/* Whether no index would say anything else. */
static bool
same_indexes(const struct order *was, const struct order *now)
{
    return was && was->seq == now->seq && was->status == now->status &&
           was->next_attempt_ms == now->next_attempt_ms &&
           strcmp(was->worksheet, now->worksheet) == 0 &&
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
    struct bytes place = queue_key_seq(key, t->last_seq + 1), present;

    if (!store_insert(&t->txn, STORE_IDS, queue_key_text(order->uniqueid), place, &present))
        return false;
    order->seq = order->born = 0;
    give_seq(t, order);
    order->history_length = 1;
    order->updated_ms = order->placed_ms;
    order->trusted_ms = t->queue->time.trusted_ms;
    failpoint_here("queue.insert");
    store_append(&t->txn, STORE_ORDERS, place, record_encode_order(buffer, order, sealed));
    store_append(&t->txn, STORE_PLACED, place, (struct bytes){"", 0});
    if (queue_is_indexed(t, order->seq))
        index_new(t, order);
    t->counts[0]++;
    t->counts[ORDER_PLACED]++;
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
}
