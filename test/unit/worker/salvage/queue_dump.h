/* A queue as JSON, so that two of them can be compared. */
#ifndef TEST_UNIT_WORKER_SALVAGE_QUEUE_DUMP_H
#define TEST_UNIT_WORKER_SALVAGE_QUEUE_DUMP_H

#include "test/unit/worker/fixture.h"

#define DUMP_ORDERS 1000

/* The ends of attempts that recovery notes when a queue is opened have the opening's time. */
static inline void
dump_forget_recovery(json_t *order, json_t *history)
{
    json_t *entry = json_array_get(history, json_array_size(history) - 1);
    const char *note = json_string_value(json_object_get(entry, "note"));

    if (!note || strcmp(note, "the worker ended during this attempt"))
        return;
    json_object_del(entry, "at");
    json_object_del(order, "updated_ms");
}

static inline json_t *
dump_order(const struct order *order)
{
    return json_pack(
        "{s:s s:s s:s s:s s:i s:s s:s s:s s:I s:I s:I s:I s:I s:I s:b s:b s:I s:I}", "uniqueid",
        order->uniqueid, "worksheet", order->worksheet, "product_nr", order->product_nr,
        "product_amount", order->product_amount, "status", (int)order->status, "reason_code",
        order->reason_code, "reason_text", order->reason_text, "erp_reference",
        order->erp_reference, "attempts", (json_int_t)order->attempts, "placed_ms",
        (json_int_t)order->placed_ms, "updated_ms", (json_int_t)order->updated_ms,
        "next_attempt_ms", (json_int_t)order->next_attempt_ms, "seq", (json_int_t)order->seq,
        "history_length", (json_int_t)order->history_length, "commit_sent", order->commit_sent,
        "own_credentials", order->own_credentials, "queued_ms", (json_int_t)order->queued_ms,
        "retry_since_ms", (json_int_t)order->retry_since_ms);
}

static inline void
dump_name(const struct order *order, void *arg)
{
    json_array_append_new(arg, json_string(order->uniqueid));
}

/* Every order with its history, newest first, and the queue's notes. */
static inline json_t *
dump_queue(struct queue *queue)
{
    json_t *names = json_array(), *orders = json_array();
    struct queue_page page = {
        .newest_first = true, .limit = DUMP_ORDERS, .each = dump_name, .arg = names};
    struct err err;

    assert_int_equal(queue_page(queue, &page, &err), 0);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        struct order order = get(queue, name);
        json_t *dumped = dump_order(&order), *history = history_of(queue, name);

        dump_forget_recovery(dumped, history);
        json_object_set_new(dumped, "history", history);
        json_array_append_new(orders, dumped);
    }
    json_decref(names);
    return json_pack("{s:o s:o? s:i s:i s:i s:i}", "orders", orders, "sessions",
                     queue_session_notes(queue), "placed", (int)queue_count(queue, ORDER_PLACED),
                     "processing", (int)queue_count(queue, ORDER_PROCESSING), "created",
                     (int)queue_count(queue, ORDER_CREATED), "error",
                     (int)queue_count(queue, ORDER_ERROR));
}

#endif
