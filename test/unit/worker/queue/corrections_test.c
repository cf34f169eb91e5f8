/* What ends, corrects and resolves orders, and the history that tells of it. */
#include "test/unit/worker/queue/counts.h"

#include "worker/queue/change.h"

static void
clear_ends_what_is_placed(void **state)
{
    struct fixture *f = *state;
    struct order order;
    json_t *history;
    struct err err;

    put_six(f->queue);
    assert_int_equal(queue_clear(f->queue, 0, 10, NULL, &err), 0);
    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 1, NULL, &err), 1);
    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 10, NULL, &err), 1);
    assert_counts(f->queue, 0, 1, 1, 4);
    order = get(f->queue, "c");
    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, "cleared");
    assert_int_equal(order.next_attempt_ms, 0);
    assert_string_equal(get(f->queue, "b").reason_code, "erp_rejected");
    assert_int_equal(get(f->queue, "d").status, ORDER_PROCESSING);
    history = history_of(f->queue, "c");
    assert_string_equal(history_text(history, json_array_size(history) - 1, "reason_code"),
                        "cleared");
    json_decref(history);
    take_nothing(f->queue, INT64_MAX);
    assert_int_equal(queue_next_due_ms(f->queue), INT64_MAX);
    assert_int_equal(queue_oldest_placed_ms(f->queue), 0);
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 10, NULL, &err), 0);
}

static void
history_tells_every_change(void **state)
{
    static const char *const statuses[] = {"placed", "processing", "placed", "processing",
                                           "created"};
    static const json_int_t attempts[] = {0, 1, 1, 2, 2};
    struct fixture *f = *state;
    struct queue_task task;
    json_t *history;

    put_new(f->queue, "u-1", "558");
    task = take(f->queue, INT64_MAX, "u-1");
    strcpy(task.order.reason_text, "503");
    task.order.next_attempt_ms = 1;
    finish(f->queue, &task.order, ORDER_PLACED, "erp_busy");
    task = take(f->queue, INT64_MAX, "u-1");
    strcpy(task.order.erp_reference, "77");
    finish(f->queue, &task.order, ORDER_CREATED, "");
    fixture_reopen(f, 16);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 5);
    for (size_t i = 0; i < 5; i++) {
        json_t *entry = json_array_get(history, i);

        assert_string_equal(history_text(history, i, "status"), statuses[i]);
        assert_int_equal(json_integer_value(json_object_get(entry, "attempt")), attempts[i]);
        assert_true(json_integer_value(json_object_get(entry, "at")) > 1500000000000);
        assert_string_equal(history_text(history, i, "note"), "");
        assert_true(json_is_null(json_object_get(entry, "changes")));
        assert_int_equal(json_is_integer(json_object_get(entry, "duration_ms")), i == 2 || i == 4);
    }
    assert_string_equal(history_text(history, 2, "reason_code"), "erp_busy");
    assert_string_equal(history_text(history, 2, "reason_text"), "503");
    assert_string_equal(history_text(history, 4, "erp_reference"), "77");
    json_decref(history);
}

static void
assert_change(json_t *entry, const char *member, const char *was, const char *now)
{
    json_t *change = json_object_get(json_object_get(entry, "changes"), member);

    assert_string_equal(json_string_value(json_array_get(change, 0)), was);
    assert_string_equal(json_string_value(json_array_get(change, 1)), now);
}

static void
a_retry_corrects_and_goes_to_the_end(void **state)
{
    struct fixture *f = *state;
    struct order order;
    uint64_t last;
    json_t *history, *entry;
    struct err err;

    put_failed(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "559");
    last = get(f->queue, "u-2").seq;
    order = get(f->queue, "u-1");
    strcpy(order.worksheet, "559");
    strcpy(order.product_amount, "6");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    assert_true(order.seq > last);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_PLACED);
    assert_string_equal(order.worksheet, "559");
    assert_string_equal(order.product_amount, "6");
    assert_string_equal(order.reason_code, "");
    assert_int_equal(order.attempts, 0);
    assert_int_equal(order.retry_since_ms, 0);
    assert_true(order.seq > last);
    assert_true(order.queued_ms >= order.placed_ms);
    history = history_of(f->queue, "u-1");
    entry = json_array_get(history, json_array_size(history) - 1);
    assert_change(entry, "worksheet", "558", "559");
    assert_change(entry, "product_amount", "5", "6");
    assert_int_equal(json_object_size(json_object_get(entry, "changes")), 2);
    json_decref(history);
    take(f->queue, INT64_MAX, "u-2");
    take_nothing(f->queue, INT64_MAX);
    assert_counts(f->queue, 1, 1, 0, 0);
}

static void
a_retry_without_corrections_has_no_changes(void **state)
{
    struct fixture *f = *state;
    json_t *history;
    struct order order;
    struct err err;

    put_failed(f->queue, "u-1", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 4);
    assert_true(json_is_null(json_object_get(json_array_get(history, 3), "changes")));
    json_decref(history);
    take(f->queue, 0, "u-1");
}

/* A person who retries an order whose outcome is unknown has looked into the ERP. */
static void
a_retry_of_an_unknown_outcome_starts_afresh(void **state)
{
    static const char *const reasons[] = {"outcome_unknown", "cleared"};
    struct fixture *f = *state;
    struct err err;

    for (size_t i = 0; i < 2; i++) {
        struct queue_task task;

        put_new(f->queue, reasons[i], reasons[i]);
        task = take(f->queue, 0, reasons[i]);
        assert_int_equal(queue_commit_sent(f->queue, &task.order, &err), 0);
        finish(f->queue, &task.order, ORDER_ERROR, reasons[i]);
        assert_int_equal(queue_retry(f->queue, &task.order, false, NULL, &err), 1);
        assert_int_equal(get(f->queue, reasons[i]).commit_sent, i == 1);
        take(f->queue, 0, reasons[i]);
    }
}

static void
a_resolved_order_is_created(void **state)
{
    struct fixture *f = *state;
    struct order order;
    json_t *history;
    struct err err;

    put_failed(f->queue, "u-1", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_resolve(f->queue, &order, "typed in by hand", NULL, &err), 1);
    assert_int_equal(order.status, ORDER_CREATED);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_CREATED);
    assert_string_equal(order.reason_code, "");
    history = history_of(f->queue, "u-1");
    assert_string_equal(history_text(history, 3, "note"), "typed in by hand");
    assert_string_equal(history_text(history, 3, "status"), "created");
    json_decref(history);
    take_nothing(f->queue, INT64_MAX);
    assert_counts_on_disk(f, 0, 1, 0);
}

/* A record that is whole and lies: counting up to its length would take hours. */
static void
a_history_is_as_long_as_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct order was, order;
    struct queue_txn t;
    json_t *history;
    struct err err;

    put_failed(f->queue, "u-1", "558");
    put_failed(f->queue, "u-10", "559");
    was = order = get(f->queue, "u-1");
    order.history_length = UINT32_MAX;
    queue_begin(f->queue, &t);
    queue_store(&t, &was, &order);
    assert_int_equal(queue_commit(&t, &err), 0);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), was.history_length);
    json_decref(history);
    queue_begin(f->queue, &t);
    queue_remove(&t, &order);
    assert_int_equal(queue_commit(&t, &err), 0);
    assert_int_equal(queue_get(f->queue, "u-1", &order, &err), 0);
    history = history_of(f->queue, "u-10");
    assert_int_equal(json_array_size(history), was.history_length);
    json_decref(history);
    put_new(f->queue, "u-1", "558");
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 1);
    json_decref(history);
}

static void
only_an_order_in_error_is_retried_or_resolved(void **state)
{
    static const char *const ids[] = {"a", "c", "d", "unknown"};
    struct fixture *f = *state;
    struct err err;

    put_six(f->queue);
    for (size_t i = 0; i < 4; i++) {
        struct order order = order_of(ids[i], "other");

        assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 0);
        assert_int_equal(queue_resolve(f->queue, &order, NULL, NULL, &err), 0);
    }
    assert_counts(f->queue, 2, 1, 1, 2);
    assert_string_equal(get(f->queue, "c").worksheet, "c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(clear_ends_what_is_placed),
                                       TEST(history_tells_every_change),
                                       TEST(a_retry_corrects_and_goes_to_the_end),
                                       TEST(a_retry_without_corrections_has_no_changes),
                                       TEST(a_retry_of_an_unknown_outcome_starts_afresh),
                                       TEST(a_resolved_order_is_created),
                                       TEST(a_history_is_as_long_as_what_is_there),
                                       TEST(only_an_order_in_error_is_retried_or_resolved)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
