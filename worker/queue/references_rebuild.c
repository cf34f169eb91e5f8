/* The index of references of a queue that has none, or another ERP's. */
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/queue/references.h"

#define AT_ONCE 1000 /* entries in one transaction */

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
