/* One function writes orders. Everything that must agree with a record is written here, beside it.
 */
#include "worker/queue/change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/queue/record.h"
#include "worker/queue/references.h"

#define WORKSHEET_KEY_BYTES (ORDER_VALUE_MAX + 1 + 8)

static struct bytes
key_worksheet(unsigned char key[WORKSHEET_KEY_BYTES], const char *worksheet, uint64_t seq)
{
    size_t length = strlen(worksheet) + 1;

    memcpy(key, worksheet, length);
    store_put_u64(key + length, seq);
    return (struct bytes){key, length + 8};
}

static struct bytes
key_due(unsigned char key[16], const struct order *order)
{
    store_put_u64(key, (uint64_t)order->next_attempt_ms);
    store_put_u64(key + 8, order->seq);
    return (struct bytes){key, 16};
}

bool
queue_history_from(struct store_txn *txn, const char *uniqueid, uint32_t *number,
                   struct bytes *record)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes from = queue_key_history(key, uniqueid, *number);
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_HISTORY, from) && cursor.key.size == from.size &&
                 memcmp(cursor.key.data, key, from.size - 4) == 0;

    if (found) {
        const unsigned char *at = (const unsigned char *)cursor.key.data + from.size - 4;

        *number = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
        *record = cursor.value;
    }
    store_cursor_close(&cursor);
    return found;
}

void
queue_begin(struct queue *queue, struct queue_txn *t)
{
    t->queue = queue;
    t->last_seq = queue->last_seq;
    memcpy(t->counts, queue->counts, sizeof t->counts);
    store_begin(queue->store, &t->txn, true);
}

int
queue_commit(struct queue_txn *t, struct err *err)
{
    if (store_commit(&t->txn, err))
        return -1;
    failpoint_here("queue.committed");
    t->queue->last_seq = t->last_seq;
    memcpy(t->queue->counts, t->counts, sizeof t->counts);
    return 0;
}

bool
queue_read(struct store_txn *txn, const char *uniqueid, struct order *order)
{
    struct bytes key = queue_key_text(uniqueid), record;
    json_t *content;
    bool sound;

    if (!store_get(txn, STORE_ORDERS, key, &record))
        return false;
    content = record_decode(key, record);
    sound = content && record_to_order(content, order) == 0;
    json_decref(content);
    if (!sound && !txn->error) {
        log_write(LOG_ERROR, LOG_API, uniqueid, "the record of this order is damaged");
        txn->error = EBADMSG;
    }
    return sound;
}

bool
queue_read_entry(struct store_txn *txn, struct bytes value, struct order *order)
{
    char uniqueid[ORDER_VALUE_MAX + 1];

    if (value.size >= sizeof uniqueid)
        return false;
    memcpy(uniqueid, value.data, value.size);
    uniqueid[value.size] = '\0';
    return queue_read(txn, uniqueid, order);
}

uint64_t
queue_first_behind(struct store_txn *txn, enum order_status status, uint64_t seq,
                   struct order *order)
{
    unsigned char key[9];
    struct store_cursor cursor;
    uint64_t found = 0;

    if (store_seek(&cursor, txn, STORE_STATUS, queue_key_status(key, status, seq + 1)) &&
        *(const unsigned char *)cursor.key.data == status &&
        queue_read_entry(txn, cursor.value, order))
        found = order->seq;
    store_cursor_close(&cursor);
    return found;
}

static bool
is_open(enum order_status status)
{
    return status == ORDER_PLACED || status == ORDER_PROCESSING;
}

/* The first order of the worksheet that is still open: `known`, if it is that one. */
static bool
worksheet_first(struct store_txn *txn, const char *worksheet, const struct order *known,
                struct order *first)
{
    unsigned char key[WORKSHEET_KEY_BYTES];
    struct bytes from = key_worksheet(key, worksheet, 0);
    size_t prefix = strlen(worksheet) + 1;
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_WORKSHEET, from) && cursor.key.size == from.size &&
                 memcmp(cursor.key.data, worksheet, prefix) == 0;

    if (found && store_get_u64((const unsigned char *)cursor.key.data + prefix) == known->seq)
        *first = *known;
    else
        found = found && queue_read_entry(txn, cursor.value, first);
    store_cursor_close(&cursor);
    return found;
}

/* Whether an order of the worksheet before this one is still open. */
static bool
is_behind(struct store_txn *txn, const struct order *order)
{
    unsigned char key[WORKSHEET_KEY_BYTES];
    struct bytes from = key_worksheet(key, order->worksheet, 0);
    struct store_cursor cursor;
    bool behind =
        store_seek(&cursor, txn, STORE_WORKSHEET, from) && cursor.key.size == from.size &&
        memcmp(cursor.key.data, from.data, from.size - 8) == 0 &&
        store_get_u64((const unsigned char *)cursor.key.data + from.size - 8) < order->seq;

    store_cursor_close(&cursor);
    return behind;
}

/* Whoever is first of its worksheet now, and waits, is due. */
static void
due_set(struct queue_txn *t, const char *worksheet, const struct order *known)
{
    unsigned char key[16];
    struct order first;

    if (worksheet_first(&t->txn, worksheet, known, &first) && first.status == ORDER_PLACED)
        store_put(&t->txn, STORE_DUE, key_due(key, &first), queue_key_text(first.uniqueid));
}

static void
index_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[WORKSHEET_KEY_BYTES];

    store_delete(&t->txn, STORE_STATUS, queue_key_status(key, 0, order->seq));
    store_delete(&t->txn, STORE_STATUS, queue_key_status(key, order->status, order->seq));
    store_delete(&t->txn, STORE_DUE, key_due(key, order));
    if (is_open(order->status))
        store_delete(&t->txn, STORE_WORKSHEET, key_worksheet(key, order->worksheet, order->seq));
    queue_reference_remove(t, order);
    t->counts[0]--;
    t->counts[order->status]--;
}

static void
index_add(struct queue_txn *t, const struct order *order)
{
    struct bytes id = queue_key_text(order->uniqueid);
    unsigned char key[WORKSHEET_KEY_BYTES];

    store_put(&t->txn, STORE_STATUS, queue_key_status(key, 0, order->seq), id);
    store_put(&t->txn, STORE_STATUS, queue_key_status(key, order->status, order->seq), id);
    if (is_open(order->status))
        store_put(&t->txn, STORE_WORKSHEET, key_worksheet(key, order->worksheet, order->seq), id);
    queue_reference_add(t, order);
    t->counts[0]++;
    t->counts[order->status]++;
}

static void
record_put(struct queue_txn *t, enum store_table table, struct bytes key, json_t *content)
{
    struct bytes record = record_encode(key, content);

    store_put(&t->txn, table, key, record);
    free((void *)record.data);
    json_decref(content);
}

static void
set_text(json_t *entry, const char *name, const char *text)
{
    json_object_set_new(entry, name, text && *text ? json_string(text) : json_null());
}

static json_t *
history_entry(const struct order *now, const struct queue_remark *remark)
{
    json_t *entry = json_pack("{s:I s:s s:I}", "at", (json_int_t)now->updated_ms, "status",
                              order_status_name(now->status), "attempt", (json_int_t)now->attempts);

    set_text(entry, "reason_code", now->reason_code);
    set_text(entry, "reason_text", now->reason_text);
    set_text(entry, "erp_reference", now->erp_reference);
    set_text(entry, "note", remark->note);
    json_object_set_new(entry, "duration_ms",
                        remark->duration_ms < 0 ? json_null() : json_integer(remark->duration_ms));
    json_object_set_new(entry, "changes",
                        remark->changes ? json_incref(remark->changes) : json_null());
    if (remark->evidence)
        json_object_set(entry, "evidence", (json_t *)remark->evidence);
    return entry;
}

void
queue_store(struct queue_txn *t, const struct order *was, struct order *now)
{
    if (was)
        index_remove(t, was);
    failpoint_here("queue.change");
    if (!now->seq)
        now->seq = ++t->last_seq;
    record_put(t, STORE_ORDERS, queue_key_text(now->uniqueid), record_from_order(now));
    index_add(t, now);
    if (was || !is_behind(&t->txn, now)) /* who is before a new one is due already */
        due_set(t, now->worksheet, now);
    if (was && strcmp(was->worksheet, now->worksheet))
        due_set(t, was->worksheet, now);
}

void
queue_change(struct queue_txn *t, const struct order *was, struct order *now,
             const struct queue_remark *remark)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];

    now->updated_ms = clock_wall_ms();
    now->trusted_ms = t->queue->time.trusted_ms;
    if (remark)
        record_put(t, STORE_HISTORY, queue_key_history(key, now->uniqueid, now->history_length++),
                   history_entry(now, remark));
    queue_store(t, was, now);
}

void
queue_meta_put(struct queue_txn *t, const char *name, const json_t *note)
{
    if (note)
        record_put(t, STORE_META, queue_key_text(name), json_incref((json_t *)note));
    else
        store_delete(&t->txn, STORE_META, queue_key_text(name));
}

json_t *
queue_meta_get(struct store_txn *txn, const char *name)
{
    struct bytes record;

    return store_get(txn, STORE_META, queue_key_text(name), &record)
               ? record_decode(queue_key_text(name), record)
               : NULL;
}

void
queue_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_HISTORY_KEY_BYTES];
    struct bytes record;

    index_remove(t, order);
    for (uint32_t i = 0;
         queue_history_from(&t->txn, order->uniqueid, &i, &record) && i < order->history_length;
         i++)
        store_delete(&t->txn, STORE_HISTORY, queue_key_history(key, order->uniqueid, i));
    store_delete(&t->txn, STORE_CREDENTIALS, queue_key_text(order->uniqueid));
    store_delete(&t->txn, STORE_ORDERS, queue_key_text(order->uniqueid));
    due_set(t, order->worksheet, order);
}
