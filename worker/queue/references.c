/* The index of references, and the guard that it is for. */
#include "worker/queue/references.h"
#include "common/order/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
