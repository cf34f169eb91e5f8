/* Six orders, and how many of each status a queue must have. */
#ifndef TEST_UNIT_WORKER_QUEUE_COUNTS_H
#define TEST_UNIT_WORKER_QUEUE_COUNTS_H

#include "test/unit/worker/fixture.h"

#include "worker/queue/queue.h"

static inline void
assert_counts(struct queue *queue, unsigned placed, unsigned processing, unsigned created,
              unsigned error)
{
    assert_int_equal(queue_count(queue, ORDER_PLACED), placed);
    assert_int_equal(queue_count(queue, ORDER_PROCESSING), processing);
    assert_int_equal(queue_count(queue, ORDER_CREATED), created);
    assert_int_equal(queue_count(queue, ORDER_ERROR), error);
    assert_int_equal(queue_count(queue, 0), placed + processing + created + error);
    assert_int_equal(queue_length(queue), placed + processing);
}

/* What is counted in memory must be what is on disk. */
static inline void
assert_counts_on_disk(struct fixture *f, unsigned placed, unsigned created, unsigned error)
{
    assert_counts(f->queue, placed, 0, created, error);
    fixture_reopen(f, 16);
    assert_counts(f->queue, placed, 0, created, error);
}

/* a created, b error, c placed, d processing, e placed, f error */
static inline void
put_six(struct queue *queue)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
    struct queue_task task;

    for (size_t i = 0; i < 6; i++)
        put_new(queue, ids[i], ids[i]);
    for (size_t i = 0; i < 6; i++) {
        task = take(queue, INT64_MAX, ids[i]);
        if (i == 0)
            finish(queue, &task.order, ORDER_CREATED, "");
        else if (i == 1 || i == 5)
            finish(queue, &task.order, ORDER_ERROR, "erp_rejected");
        else if (i != 3) {
            task.order.next_attempt_ms = INT64_MAX / 2;
            finish(queue, &task.order, ORDER_PLACED, "erp_busy");
        }
    }
}

#endif
