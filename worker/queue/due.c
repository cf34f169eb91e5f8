/* What the delivery asks of the queue: due orders and their ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/order/reason.h"
#include "worker/queue/keys.h"
#include "worker/queue/references.h"

#define INDEX_ROUNDS 4 /* in one transaction */

/* *last_ms: when the last of them is due; 0: at once, as a new one. */
static unsigned
due_seqs(struct store_txn *txn, int64_t latest_ms, uint64_t *seqs, unsigned limit,
         uint64_t *last_ms)
{
    struct store_cursor cursor;
    unsigned count = 0;
    bool found = store_seek(&cursor, txn, STORE_DUE, (struct bytes){NULL, 0});

    *last_ms = 0;
    for (; found && count < limit; found = store_next(&cursor)) {
        uint64_t due_ms = store_get_u64(cursor.key.data);

        if (due_ms > (uint64_t)latest_ms)
            break;
        *last_ms = due_ms;
        seqs[count++] = store_get_u64((const unsigned char *)cursor.key.data + 8);
    }
    store_cursor_close(&cursor);
    return count;
}

/* Out of the backlog come as many as it takes to find enough that are due at once: they go first.
 */
static unsigned
find_due(struct queue_txn *t, int64_t latest_ms, uint64_t *seqs, unsigned limit)
{
    uint64_t last_ms;
    unsigned due = due_seqs(&t->txn, latest_ms, seqs, limit, &last_ms);

    for (int round = 0; (due < limit || last_ms) && round < INDEX_ROUNDS && queue_index_some(t);
         round++)
        due = due_seqs(&t->txn, latest_ms, seqs, limit, &last_ms);
    return due;
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

/* A person who enters it by hand must look first. */
static void
take_refused(struct order *order, const struct err *refusal)
{
    order->status = ORDER_ERROR;
    text_copy(order->reason_code, sizeof order->reason_code, refusal->code);
    snprintf(order->reason_text, sizeof order->reason_text, "%s%.460s",
             order->commit_sent ? "the line may be in the ERP, " : "", refusal->text);
    text_clean(order->reason_text);
}

static void
settle(struct order *order, const struct order_mapped *mapped)
{
    if (strcmp(mapped->product, order->product_nr))
        text_copy(order->erp_product, sizeof order->erp_product, mapped->product);
    if (strcmp(mapped->amount, order->product_amount))
        text_copy(order->erp_amount, sizeof order->erp_amount, mapped->amount);
    order->mapped = true;
}

/* Once, in the transaction that begins the first attempt. Whatever the configuration says later,
 * the look-ups of the next attempts compare with what this one may have sent. */
static void
map(const struct order_rules *rules, struct order *order, struct order_mapped *mapped)
{
    static const struct order_rules none;
    struct err refusal;

    *mapped = (struct order_mapped){.note = ""};
    if (order->mapped)
        return;
    if (rules_map(rules ? rules : &none, order->product_nr, order->product_amount, order->confirm,
                  mapped, &refusal))
        take_refused(order, &refusal);
    else
        settle(order, mapped);
}

static void
log_refused(const struct order *order)
{
    log_each(LOG_WARNING, LOG_ORDERLINE, order->uniqueid, "placed -> error, %s: %s",
             order->reason_code, order->reason_text);
}

static bool
take_one(struct queue_txn *t, uint64_t seq, struct queue_task *task)
{
    struct queue_remark remark = queue_plain_remark;
    struct order_mapped mapped;
    struct bytes sealed;
    struct order was;

    if (!queue_read_seq(&t->txn, seq, &was, &sealed))
        return false;
    task->order = was;
    task->order.next_attempt_ms = 0;
    map(t->queue->rules, &task->order, &mapped);
    if (*mapped.note)
        remark.note = mapped.note;
    if (task->order.status == ORDER_ERROR) {
        log_refused(&task->order);
    } else if (queue_unseal(&t->queue->keys, &was, sealed, &task->credentials)) {
        take_unreadable(&task->order);
    } else {
        task->order.status = ORDER_PROCESSING;
        task->order.attempts++;
    }
    queue_change(t, &was, &task->order, &remark);
    return task->order.status == ORDER_PROCESSING;
}

void
queue_set_rules(struct queue *queue, const struct order_rules *rules)
{
    queue->rules = rules;
}

int
queue_take(struct queue *queue, int64_t latest_ms, struct queue_task *tasks, unsigned limit,
           struct err *err)
{
    uint64_t *seqs = mem_alloc(limit * sizeof *seqs);
    struct queue_txn t;
    unsigned count = 0, due;
    bool changed;

    queue_begin(queue, &t);
    due = find_due(&t, latest_ms, seqs, limit);
    for (unsigned i = 0; i < due; i++)
        count += take_one(&t, seqs[i], &tasks[count]);
    changed = due || t.backlog != queue->backlog;
    if (changed)
        failpoint_here("queue.take");
    free(seqs);
    if (changed && queue_commit(&t, err) == 0)
        return (int)count;
    for (unsigned i = 0; i < count; i++)
        credentials_clear(&tasks[i].credentials);
    if (changed)
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

    if (queue->backlog)
        return 0; /* there may be one among them */
    store_begin(queue->store, &txn, false);
    if (store_seek(&cursor, &txn, STORE_DUE, (struct bytes){NULL, 0}))
        due = (int64_t)store_get_u64(cursor.key.data);
    store_cursor_close(&cursor);
    return store_end(&txn, &err) ? INT64_MAX : due;
}

int
queue_commit_sent_all(struct queue *queue, struct order *const *orders, size_t count,
                      struct err *err)
{
    struct queue_txn t;

    queue_begin(queue, &t);
    for (size_t i = 0; i < count; i++) {
        struct order was = *orders[i];

        orders[i]->commit_sent = true;
        queue_change(&t, &was, orders[i], NULL);
    }
    failpoint_here("queue.commit_sent");
    if (queue_commit(&t, err) == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        orders[i]->commit_sent = false;
    return -1;
}

int
queue_commit_sent(struct queue *queue, struct order *order, struct err *err)
{
    return queue_commit_sent_all(queue, &order, 1, err);
}

static void
finish_one(struct queue_txn *t, struct order *order, const struct queue_end *end)
{
    const struct queue_remark remark = {.duration_ms = end->duration_ms, .evidence = end->evidence};
    struct order was;

    if (!queue_read(&t->txn, order->uniqueid, &was))
        return;
    queue_reference_guard(&t->txn, order);
    /* *order may bear the marks of a commit that failed. */
    if (end->forget || order->status == ORDER_CREATED)
        order->own_credentials = false;
    queue_change(t, &was, order, &remark);
    if (order->retry_since_ms)
        queue_time_put(t);
}

int
queue_finish_all(struct queue *queue, struct order *const *orders, const struct queue_end *ends,
                 size_t count, struct err *err)
{
    struct queue_txn t;

    queue_begin(queue, &t);
    for (size_t i = 0; i < count; i++)
        finish_one(&t, orders[i], &ends[i]);
    failpoint_here("queue.finish");
    return queue_commit(&t, err);
}

int
queue_finish(struct queue *queue, struct order *order, const struct queue_end *end, struct err *err)
{
    return queue_finish_all(queue, &order, end, 1, err);
}
