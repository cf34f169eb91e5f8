/* The index of references, and the guard that it is for. */
#include "worker/queue/references.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/order/reason.h"

#define AT_ONCE 1000 /* entries in one transaction */

static struct bytes
key_of(unsigned char key[QUEUE_REFERENCE_KEY_BYTES], const char *reference, uint64_t seq)
{
    size_t length = strlen(reference) + 1;

    memcpy(key, reference, length);
    store_put_u64(key + length, seq);
    return (struct bytes){key, length + 8};
}

static bool
has_line(const struct order *order)
{
    return order->status == ORDER_CREATED && *order->erp_reference;
}

void
queue_reference_add(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_REFERENCE_KEY_BYTES];

    if (has_line(order))
        store_put(&t->txn, STORE_REFERENCES, key_of(key, order->erp_reference, order->seq),
                  queue_key_text(order->uniqueid));
}

void
queue_reference_remove(struct queue_txn *t, const struct order *order)
{
    unsigned char key[QUEUE_REFERENCE_KEY_BYTES];

    if (has_line(order))
        store_delete(&t->txn, STORE_REFERENCES, key_of(key, order->erp_reference, order->seq));
}

/* --- the guard --- */

/* The first other order with this reference; false: there is none. Earlier versions may have left
 * several. */
static bool
find_other(struct store_txn *txn, const struct order *order, char other[ORDER_VALUE_MAX + 1])
{
    unsigned char key[QUEUE_REFERENCE_KEY_BYTES];
    struct bytes from = key_of(key, order->erp_reference, 0), own = queue_key_text(order->uniqueid);
    struct store_cursor cursor;
    bool found = store_seek(&cursor, txn, STORE_REFERENCES, from);

    *other = '\0';
    for (; found && !*other; found = store_next(&cursor)) {
        if (cursor.key.size != from.size || memcmp(cursor.key.data, from.data, from.size - 8) != 0)
            break;
        if (cursor.value.size > ORDER_VALUE_MAX ||
            (cursor.value.size == own.size && memcmp(cursor.value.data, own.data, own.size) == 0))
            continue;
        memcpy(other, cursor.value.data, cursor.value.size);
        other[cursor.value.size] = '\0';
    }
    store_cursor_close(&cursor);
    return *other != '\0';
}

bool
queue_reference_taken(struct store_txn *txn, const struct order *order)
{
    char other[ORDER_VALUE_MAX + 1];

    return has_line(order) && find_other(txn, order, other);
}

void
queue_reference_guard(struct store_txn *txn, struct order *order)
{
    char other[ORDER_VALUE_MAX + 1];

    if (!has_line(order) || !find_other(txn, order, other))
        return;
    order->status = ORDER_ERROR;
    text_copy(order->reason_code, sizeof order->reason_code, REASON_OUTCOME_UNKNOWN);
    snprintf(order->reason_text, sizeof order->reason_text,
             "ERP line %s already belongs to order \"%s\": check in the ERP which of the "
             "two orders it is for, and whether the other has a line",
             order->erp_reference, other);
    order->erp_reference[0] = '\0';
}

/* --- the index of a queue that has none, or another ERP's --- */

/* Takes up to AT_ONCE created orders behind *seq into the index; false: there are no more. */
static bool
add_some(struct queue_txn *t, uint64_t *seq)
{
    struct order order;
    unsigned count = 0;

    while (count++ < AT_ONCE) {
        uint64_t next = queue_first_behind(&t->txn, ORDER_CREATED, *seq, &order);

        if (!next)
            return false;
        queue_reference_add(t, &order);
        *seq = next;
    }
    return true;
}

static bool
drop_some(struct queue_txn *t, uint64_t *seq)
{
    unsigned char key[QUEUE_REFERENCE_KEY_BYTES];
    struct store_cursor cursor;
    unsigned count = 0;
    bool found = true;

    (void)seq;
    while (found && count++ < AT_ONCE) {
        struct bytes entry = {key, 0};

        found = store_seek(&cursor, &t->txn, STORE_REFERENCES, (struct bytes){NULL, 0}) &&
                cursor.key.size <= sizeof key;
        if (found)
            memcpy(key, cursor.key.data, entry.size = cursor.key.size);
        store_cursor_close(&cursor);
        if (found)
            store_delete(&t->txn, STORE_REFERENCES, entry);
    }
    return found;
}

static int
note_erp(struct queue *queue, const char *erp, struct err *err)
{
    json_t *note = json_pack("{s:s}", "erp", erp);
    struct queue_txn t;

    queue_begin(queue, &t);
    queue_meta_put(&t, QUEUE_META_REFERENCES, note);
    json_decref(note);
    return queue_commit(&t, err);
}

/* Killed half-way, it is begun again: the note comes last. */
static int
remake(struct queue *queue, bool (*some)(struct queue_txn *t, uint64_t *seq), struct err *err)
{
    struct queue_txn t;
    uint64_t seq = 0;
    bool more = true;

    while (more) {
        queue_begin(queue, &t);
        more = some(&t, &seq);
        failpoint_here("queue.references");
        if (queue_commit(&t, err))
            return -1;
    }
    return 0;
}

int
queue_set_erp(struct queue *queue, const char *erp, struct err *err)
{
    struct store_txn txn;
    const char *last;
    json_t *note;
    bool same;
    int result = 0;

    store_begin(queue->store, &txn, false);
    note = queue_meta_get(&txn, QUEUE_META_REFERENCES);
    if (store_end(&txn, err)) {
        json_decref(note);
        return -1;
    }
    last = json_string_value(json_object_get(note, "erp"));
    same = last && strcmp(erp, last) == 0;
    if (!same)
        result = remake(queue, last ? drop_some : add_some, err);
    if (last && !same && result == 0)
        log_info("the ERP has changed: ignoring the line references of earlier orders");
    json_decref(note);
    return same || result ? result : note_erp(queue, erp, err);
}
