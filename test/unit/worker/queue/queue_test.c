/* The queue as the API sees it: orders are taken once, listed, cleared, retried and resolved. */
#include "test/unit/worker/fixture.h"

#include "common/base/clock.h"
#include "worker/queue/change.h"

#define PAGE_MAX 16

struct seen {
    char ids[PAGE_MAX][ORDER_VALUE_MAX + 1];
    unsigned count;
};

static void
see(const struct order *order, void *arg)
{
    struct seen *seen = arg;

    assert_in_range(seen->count, 0, PAGE_MAX - 1);
    strcpy(seen->ids[seen->count++], order->uniqueid);
}

static void
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
static void
assert_counts_on_disk(struct fixture *f, unsigned placed, unsigned created, unsigned error)
{
    assert_counts(f->queue, placed, 0, created, error);
    fixture_reopen(f, 16);
    assert_counts(f->queue, placed, 0, created, error);
}

/* --- put --- */

static void
a_new_order_is_placed(void **state)
{
    struct fixture *f = *state;
    struct order order = order_of("u-1", "558"), kept;
    int64_t before = clock_wall_ms();
    struct queue_put put = put_answered(f->queue, &order, NULL, QUEUE_PLACED);

    assert_int_equal(put.queue_length, 1);
    kept = get(f->queue, "u-1");
    assert_int_equal(kept.status, ORDER_PLACED);
    assert_string_equal(kept.worksheet, "558");
    assert_string_equal(kept.product_nr, "10");
    assert_string_equal(kept.product_amount, "5");
    assert_int_equal(kept.attempts, 0);
    assert_in_range(kept.placed_ms, before, clock_wall_ms());
    assert_int_equal(kept.queued_ms, kept.placed_ms);
    assert_int_equal(kept.next_attempt_ms, 0);
    assert_true(kept.seq > 0);
    assert_int_equal(queue_oldest_placed_ms(f->queue), kept.queued_ms);
    assert_counts(f->queue, 1, 0, 0, 0);
}

static void
an_unknown_order_is_not_found(void **state)
{
    struct fixture *f = *state;
    json_t *history = NULL;
    struct order order;
    struct err err;

    put_new(f->queue, "u-1", "558");
    assert_int_equal(queue_get(f->queue, "u-2", &order, &err), 0);
    assert_int_equal(queue_get(f->queue, "u-", &order, &err), 0);
    assert_int_equal(queue_history(f->queue, "u-2", &history, &err), 0);
    json_decref(history);
    assert_int_equal(queue_oldest_placed_ms(f->queue) > 0, 1);
}

static void
the_same_order_again_is_a_duplicate(void **state)
{
    struct fixture *f = *state;
    struct order again = order_of("u-1", "558");
    struct queue_put put;

    put_new(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "558");
    strcpy(again.product_amount, "05.0");
    put = put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_int_equal(put.queue_length, 2);
    assert_string_equal(again.product_amount, "5");
    assert_int_equal(again.seq, get(f->queue, "u-1").seq);
    assert_counts_on_disk(f, 2, 0, 0);
    again = order_of("u-1", "558");
    put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_counts(f->queue, 2, 0, 0, 0);
}

static void
a_duplicate_tells_the_present_state(void **state)
{
    struct fixture *f = *state;
    struct order again = order_of("u-1", "558");

    put_failed(f->queue, "u-1", "558");
    put_answered(f->queue, &again, NULL, QUEUE_DUPLICATE);
    assert_int_equal(again.status, ORDER_ERROR);
    assert_string_equal(again.reason_code, "worksheet_closed");
    assert_counts_on_disk(f, 0, 0, 1);
}

static void
other_content_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct order others[3];

    put_new(f->queue, "u-1", "558");
    for (size_t i = 0; i < 3; i++)
        others[i] = order_of("u-1", "558");
    strcpy(others[0].worksheet, "559");
    strcpy(others[1].product_nr, "11");
    strcpy(others[2].product_amount, "5.000001");
    for (size_t i = 0; i < 3; i++)
        put_answered(f->queue, &others[i], NULL, QUEUE_CONFLICT);
    assert_string_equal(get(f->queue, "u-1").worksheet, "558");
    assert_string_equal(get(f->queue, "u-1").product_amount, "5");
    assert_counts_on_disk(f, 1, 0, 0);
}

static void
a_group_is_put_together(void **state)
{
    static const enum queue_answer answers[] = {QUEUE_PLACED, QUEUE_DUPLICATE, QUEUE_CONFLICT,
                                                QUEUE_PLACED};
    static const unsigned lengths[] = {1, 1, 1, 2};
    struct fixture *f = *state;
    struct order orders[4] = {order_of("u-1", "558"), order_of("u-1", "558"),
                              order_of("u-1", "559"), order_of("u-2", "558")};
    struct queue_put puts[4] = {{.order = &orders[0]}};

    for (size_t i = 0; i < 4; i++)
        puts[i].order = &orders[i];
    queue_put(f->queue, puts, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(puts[i].answer, answers[i]);
        assert_int_equal(puts[i].queue_length, lengths[i]);
    }
    assert_counts_on_disk(f, 2, 0, 0);
    assert_string_equal(get(f->queue, "u-1").worksheet, "558");
}

/* --- pages --- */

/* Reads page after page and expects those ids, a space between two. */
static void
assert_pages(struct queue *queue, unsigned statuses, bool newest_first, unsigned limit,
             const char *ids)
{
    struct seen seen = {.count = 0};
    struct queue_page page = {.statuses = statuses,
                              .newest_first = newest_first,
                              .limit = limit,
                              .each = see,
                              .arg = &seen};
    char got[PAGE_MAX * 8] = "";
    struct err err;
    unsigned before;

    do {
        before = seen.count;
        assert_int_equal(queue_page(queue, &page, &err), 0);
        assert_in_range(seen.count - before, 0, limit);
        page.after = page.next;
    } while (page.next);
    for (unsigned i = 0; i < seen.count; i++) {
        strcat(got, i ? " " : "");
        strcat(got, seen.ids[i]);
    }
    assert_string_equal(got, ids);
}

/* a created, b error, c placed, d processing, e placed, f error */
static void
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

static void
pages_follow_the_order_of_arrival(void **state)
{
    struct fixture *f = *state;
    const unsigned open = 1u << ORDER_PLACED | 1u << ORDER_PROCESSING, error = 1u << ORDER_ERROR,
                   created = 1u << ORDER_CREATED;

    assert_pages(f->queue, 0, false, 3, "");
    assert_pages(f->queue, open, true, 3, "");
    put_six(f->queue);
    assert_counts(f->queue, 2, 1, 1, 2);
    for (unsigned limit = 1; limit < 8; limit++) {
        assert_pages(f->queue, 0, false, limit, "a b c d e f");
        assert_pages(f->queue, 0, true, limit, "f e d c b a");
        assert_pages(f->queue, open, false, limit, "c d e");
        assert_pages(f->queue, open, true, limit, "e d c");
        assert_pages(f->queue, error | created, false, limit, "a b f");
        assert_pages(f->queue, error | created, true, limit, "f b a");
        assert_pages(f->queue, error, true, limit, "f b");
        assert_pages(f->queue, created, false, limit, "a");
        assert_pages(f->queue, 1u << ORDER_PROCESSING, true, limit, "d");
    }
}

static void
a_page_goes_on_where_its_mark_is_gone(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.count = 0};
    struct queue_page page = {.statuses = 1u << ORDER_ERROR, .limit = 1, .each = see, .arg = &seen};
    struct order order = order_of("a", "a");
    struct err err;

    put_failed(f->queue, "a", "a");
    put_failed(f->queue, "b", "b");
    assert_int_equal(queue_page(f->queue, &page, &err), 0);
    assert_string_equal(seen.ids[0], "a");
    assert_int_equal(queue_retry(f->queue, &order, false, &err), 1);
    page.after = page.next;
    assert_int_equal(queue_page(f->queue, &page, &err), 0);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.ids[1], "b");
    assert_int_equal(page.next, 0);
}

/* --- what people do --- */

static void
clear_ends_what_is_placed(void **state)
{
    struct fixture *f = *state;
    struct order order;
    json_t *history;
    struct err err;

    put_six(f->queue);
    assert_int_equal(queue_clear(f->queue, 0, 10, &err), 0);
    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 1, &err), 1);
    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 10, &err), 1);
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
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 10, &err), 0);
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
    assert_int_equal(queue_retry(f->queue, &order, false, &err), 1);
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
    assert_int_equal(queue_retry(f->queue, &order, false, &err), 1);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 4);
    assert_true(json_is_null(json_object_get(json_array_get(history, 3), "changes")));
    json_decref(history);
    take(f->queue, 0, "u-1");
}

/* Whoever retries an order whose outcome is unknown has looked into the ERP. */
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
        assert_int_equal(queue_retry(f->queue, &task.order, false, &err), 1);
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
    assert_int_equal(queue_resolve(f->queue, &order, "typed in by hand", &err), 1);
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

        assert_int_equal(queue_retry(f->queue, &order, false, &err), 0);
        assert_int_equal(queue_resolve(f->queue, &order, NULL, &err), 0);
    }
    assert_counts(f->queue, 2, 1, 1, 2);
    assert_string_equal(get(f->queue, "c").worksheet, "c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Whoever asked for it was killed before the copy was moved away. */
static void
a_copy_left_behind_is_removed(void **state)
{
    struct fixture *f = *state;
    char *name, *path;
    struct err err;

    put_new(f->queue, "a", "558");
    name = queue_backup(f->queue, &err);
    assert_non_null(name);
    path = mem_format("%s/%s", f->folder, name);
    assert_int_equal(access(path, F_OK), 0);
    fixture_reopen(f, 16);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 1);
    free(path);
    free(name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_order_is_placed),
        TEST(an_unknown_order_is_not_found),
        TEST(the_same_order_again_is_a_duplicate),
        TEST(a_duplicate_tells_the_present_state),
        TEST(other_content_is_a_conflict),
        TEST(a_group_is_put_together),
        TEST(pages_follow_the_order_of_arrival),
        TEST(a_page_goes_on_where_its_mark_is_gone),
        TEST(clear_ends_what_is_placed),
        TEST(history_tells_every_change),
        TEST(a_retry_corrects_and_goes_to_the_end),
        TEST(a_retry_without_corrections_has_no_changes),
        TEST(a_retry_of_an_unknown_outcome_starts_afresh),
        TEST(a_resolved_order_is_created),
        TEST(a_history_is_as_long_as_what_is_there),
        TEST(only_an_order_in_error_is_retried_or_resolved),
        TEST(a_copy_left_behind_is_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
