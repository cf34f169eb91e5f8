/* What people do to orders in error: correct and retry them, resolve them, write them off. */
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/failpoint.h"
#include "common/order/reason.h"
#include "worker/queue/change.h"
#include "worker/queue/references.h"

static void
add_change(json_t *changes, const char *name, const char *was, const char *now)
{
    if (strcmp(was, now))
        json_object_set_new(changes, name, json_pack("[s, s]", was, now));
}

typedef void mend_order(struct order *now, const struct order *correction, json_t *changes);

/* Lets `mend` make the new order of the present one. */
static void
change_one(struct queue_txn *t, const struct order *was, struct order *order,
           const struct queue_remark *remark, mend_order *mend)
{
    struct queue_remark full = *remark;
    json_t *changes = json_object();
    struct order now = *was;

    mend(&now, order, changes);
    full.changes = json_object_size(changes) ? changes : NULL;
    if (now.status == ORDER_CREATED)
        now.own_credentials = false;
    if (queue_reference_taken(&t->txn, &now))
        now.erp_reference[0] = '\0'; /* another one's line: what was typed in is not it */
    queue_change(t, was, &now, &full);
    *order = now;
    json_decref(changes);
    failpoint_here("queue.mend");
}

static int
change_error(struct queue *queue, struct order *order, const struct queue_remark *remark,
             mend_order *mend, struct err *err)
{
    struct queue_txn t;
    struct order was;
    bool fits;

    queue_begin(queue, &t);
    fits = queue_read(&t.txn, order->uniqueid, &was) && was.status == ORDER_ERROR;
    if (fits)
        change_one(&t, &was, order, remark, mend);
    return queue_commit(&t, err) ? -1 : fits;
}

/* It is looked up by itself, whatever a person has seen. */
static void
mend_again(struct order *now, const struct order *correction, json_t *changes)
{
    add_change(changes, "worksheet", now->worksheet, correction->worksheet);
    add_change(changes, "product_nr", now->product_nr, correction->product_nr);
    add_change(changes, "product_amount", now->product_amount, correction->product_amount);
    text_copy(now->worksheet, sizeof now->worksheet, correction->worksheet);
    text_copy(now->product_nr, sizeof now->product_nr, correction->product_nr);
    text_copy(now->product_amount, sizeof now->product_amount, correction->product_amount);
    now->status = ORDER_PLACED;
    now->reason_code[0] = now->reason_text[0] = '\0';
    now->attempts = 0;
    now->confirm = correction->confirm;
    now->erp_product[0] = now->erp_amount[0] = now->written_off[0] = '\0';
    now->mapped = now->held = false;
    now->seq = 0; /* at the end of its worksheet, like a new one */
    now->next_attempt_ms = now->retry_since_ms = 0;
    now->queued_ms = clock_wall_ms();
}

static void
mend_retry(struct order *now, const struct order *correction, json_t *changes)
{
    if (strcmp(now->reason_code, REASON_OUTCOME_UNKNOWN) == 0)
        now->commit_sent = false; /* a person has looked: the line is not in the ERP */
    mend_again(now, correction, changes);
}

int
queue_retry(struct queue *queue, struct order *order, bool in_doubt, const struct author *by,
            struct err *err)
{
    const struct queue_remark remark = {.duration_ms = -1, .by = by};

    return change_error(queue, order, &remark, in_doubt ? mend_again : mend_retry, err);
}

static enum queue_retried
retry_one(struct queue_txn *t, const char *uniqueid, const struct queue_remark *remark)
{
    struct order was, order;

    if (!queue_read(&t->txn, uniqueid, &was))
        return QUEUE_NOT_FOUND;
    if (was.status != ORDER_ERROR)
        return QUEUE_NOT_IN_ERROR;
    order = was;
    change_one(t, &was, &order, remark, mend_again);
    return QUEUE_RETRIED;
}

int
queue_retry_some(struct queue *queue, const char *const *uniqueids, enum queue_retried *results,
                 size_t count, const struct author *by, struct err *err)
{
    const struct queue_remark remark = {.duration_ms = -1, .by = by};
    struct queue_txn t;

    queue_begin(queue, &t);
    for (size_t i = 0; i < count; i++)
        results[i] = retry_one(&t, uniqueids[i], &remark);
    failpoint_here("queue.retry_some");
    return queue_commit(&t, err);
}

static void
mend_resolve(struct order *now, const struct order *correction, json_t *changes)
{
    (void)correction;
    (void)changes;
    now->status = ORDER_CREATED;
    now->by_hand = true;
    now->reason_code[0] = now->reason_text[0] = now->written_off[0] = '\0';
}

int
queue_resolve(struct queue *queue, struct order *order, const char *note, const struct author *by,
              struct err *err)
{
    const struct queue_remark remark = {.duration_ms = -1, .note = note, .by = by};

    return change_error(queue, order, &remark, mend_resolve, err);
}

/* The history keeps the reason why it was in error. */
static void
mend_write_off(struct order *now, const struct order *correction, json_t *changes)
{
    (void)changes;
    text_copy(now->written_off, sizeof now->written_off, correction->written_off);
    text_copy(now->reason_code, sizeof now->reason_code, REASON_WRITTEN_OFF);
    text_copy(now->reason_text, sizeof now->reason_text, correction->reason_text);
}

int
queue_write_off(struct queue *queue, struct order *order, const char *reason, const char *note,
                const struct author *by, struct err *err)
{
    const struct queue_remark remark = {.duration_ms = -1, .note = note, .by = by};

    text_copy(order->written_off, sizeof order->written_off, reason);
    snprintf(order->reason_text, sizeof order->reason_text, "written off: %s", reason);
    return change_error(queue, order, &remark, mend_write_off, err);
}
