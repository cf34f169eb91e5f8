/* What the delivery asks of the queue: due orders and their ends. */
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/order/reason.h"
#include "worker/queue/keys.h"
#include "worker/queue/references.h"

static unsigned
due_ids(struct store_txn *txn, int64_t latest_ms, char (*ids)[ORDER_VALUE_MAX + 1], unsigned limit)
{
    struct store_cursor cursor;
    unsigned count = 0;
    bool found = store_seek(&cursor, txn, STORE_DUE, (struct bytes){"", 1});

    for (; found && count < limit; found = store_next(&cursor)) {
        if (store_get_u64(cursor.key.data) > (uint64_t)latest_ms ||
            cursor.value.size > ORDER_VALUE_MAX)
            break;
        memcpy(ids[count], cursor.value.data, cursor.value.size);
        ids[count++][cursor.value.size] = '\0';
    }
    store_cursor_close(&cursor);
    return count;
}

/* Only a master key that was changed by hand can do this; the order must not block its worksheet.
 */
static void
take_unreadable(struct order *order)
{
    order->status = ORDER_ERROR;
    text_copy(order->reason_code, sizeof order->reason_code, REASON_AUTH_FAILED);
    text_copy(order->reason_text, sizeof order->reason_text,
              "cannot open the order's credentials: they were sealed with another key");
}

static bool
take_one(struct queue_txn *t, const char *uniqueid, struct queue_task *task)
{
    struct order was;

    if (!queue_read(&t->txn, uniqueid, &was))
        return false;
    task->order = was;
    task->order.next_attempt_ms = 0;
    if (queue_credentials_get(t, &was, &task->credentials)) {
        take_unreadable(&task->order);
    } else {
        task->order.status = ORDER_PROCESSING;
        task->order.attempts++;
    }
    queue_change(t, &was, &task->order, &queue_plain_remark);
    return task->order.status == ORDER_PROCESSING;
}

int
queue_take(struct queue *queue, int64_t latest_ms, struct queue_task *tasks, unsigned limit,
           struct err *err)
{
    char(*ids)[ORDER_VALUE_MAX + 1] = mem_alloc(limit * sizeof *ids);
    struct queue_txn t;
    unsigned count = 0, due;

    queue_begin(queue, &t);
    due = due_ids(&t.txn, latest_ms, ids, limit);
    for (unsigned i = 0; i < due; i++)
        count += take_one(&t, ids[i], &tasks[count]);
    if (due)
        failpoint_here("queue.take");
    free(ids);
    if (due && queue_commit(&t, err) == 0)
        return (int)count;
    for (unsigned i = 0; i < count; i++)
        credentials_clear(&tasks[i].credentials);
    if (due)
        return -1;
    return store_end(&t.txn, err);
}

int64_t
queue_next_due_ms(struct queue *queue)
{
    struct store_cursor cursor;
    struct store_txn txn;
    struct err err;
    int64_t due = INT64_MAX;

    store_begin(queue->store, &txn, false);
    if (store_seek(&cursor, &txn, STORE_DUE, (struct bytes){"", 1}))
        due = (int64_t)store_get_u64(cursor.key.data);
    store_cursor_close(&cursor);
    return store_end(&txn, &err) ? INT64_MAX : due;
}

int
queue_commit_sent(struct queue *queue, struct order *order, struct err *err)
{
    struct order was = *order;
    struct queue_txn t;

    order->commit_sent = true;
    queue_begin(queue, &t);
    queue_change(&t, &was, order, NULL);
    failpoint_here("queue.commit_sent");
    return queue_commit(&t, err);
}

int
queue_finish(struct queue *queue, struct order *order, const struct queue_end *end, struct err *err)
{
    const struct queue_remark remark = {.duration_ms = end->duration_ms, .evidence = end->evidence};
    struct queue_txn t;
    struct order was;

    queue_begin(queue, &t);
    if (queue_read(&t.txn, order->uniqueid, &was)) {
        queue_reference_guard(&t.txn, order);
        /* *order may bear the marks of a commit that failed. */
        if (was.own_credentials && (end->forget || order->status == ORDER_CREATED)) {
            store_delete(&t.txn, STORE_CREDENTIALS, queue_key_text(order->uniqueid));
            order->own_credentials = false;
        }
        queue_change(&t, &was, order, &remark);
        if (order->retry_since_ms)
            queue_time_put(&t);
    }
    failpoint_here("queue.finish");
    return queue_commit(&t, err);
}
