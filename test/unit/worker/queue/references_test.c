/* No two orders are created as one line of the ERP. */
#include "test/unit/worker/fixture.h"

#include "worker/queue/change.h"
#include "worker/salvage/salvage.h"

#define ERP "{\"system\":\"tryton\",\"url\":\"https://erp.example.com/a/\"}"
#define OTHER_ERP "{\"system\":\"tryton\",\"url\":\"https://erp.example.com/b/\"}"

/* Ends an attempt at the order as the ERP's line with this reference. */
static struct order
end_with(struct queue *queue, struct queue_task *task, enum order_status status,
         const char *reference)
{
    strcpy(task->order.erp_reference, reference);
    finish(queue, &task->order, status, status == ORDER_ERROR ? "erp_rejected" : "");
    return get(queue, task->order.uniqueid);
}

static struct order
attempt(struct queue *queue, const char *uniqueid, enum order_status status, const char *reference)
{
    struct queue_task task;

    put_new(queue, uniqueid, uniqueid);
    task = take(queue, INT64_MAX, uniqueid);
    return end_with(queue, &task, status, reference);
}

static struct order
attempt_again(struct queue *queue, const char *uniqueid, const char *reference)
{
    struct order order = get(queue, uniqueid);
    struct queue_task task;
    struct err err;

    assert_int_equal(queue_retry(queue, &order, false, NULL, &err), 1);
    task = take(queue, INT64_MAX, uniqueid);
    return end_with(queue, &task, ORDER_CREATED, reference);
}

static void
assert_created(struct order order, const char *reference)
{
    assert_int_equal(order.status, ORDER_CREATED);
    assert_string_equal(order.erp_reference, reference);
    assert_string_equal(order.reason_code, "");
}

static void
assert_doubtful(struct order order, const char *words)
{
    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, "outcome_unknown");
    assert_string_equal(order.erp_reference, "");
    if (!strstr(order.reason_text, words))
        fail_msg("no \"%s\" in: %s", words, order.reason_text);
}

static void
set_erp(struct queue *queue, const char *erp)
{
    struct err err;

    if (queue_set_erp(queue, erp, &err))
        fail_msg("%s", err.text);
}

/* --- the guard --- */

static void
one_line_is_not_two_orders(void **state)
{
    struct fixture *f = *state;
    json_t *history;

    assert_created(attempt(f->queue, "H  x", ORDER_CREATED, "17"), "17");
    assert_doubtful(attempt(f->queue, "H x", ORDER_CREATED, "17"),
                    "line 17 already belongs to order \"H  x\"");
    assert_created(get(f->queue, "H  x"), "17");
    history = history_of(f->queue, "H x");
    assert_string_equal(history_text(history, 2, "status"), "error");
    assert_string_equal(history_text(history, 2, "reason_code"), "outcome_unknown");
    json_decref(history);
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 1);
    assert_int_equal(queue_count(f->queue, ORDER_ERROR), 1);
    fixture_reopen(f, 16);
    assert_doubtful(attempt(f->queue, "third", ORDER_CREATED, "17"), "\"H  x\"");
}

static void
a_reference_is_compared_as_a_whole(void **state)
{
    static const char *const references[] = {"17", "1", "170", "17 ", "", "x/17", "17\x01"};
    struct fixture *f = *state;
    char id[2] = "a";

    for (size_t i = 0; i < sizeof references / sizeof *references; i++, id[0]++)
        assert_created(attempt(f->queue, id, ORDER_CREATED, references[i]), references[i]);
    assert_created(attempt(f->queue, id, ORDER_CREATED, ""), "");
}

static void
a_long_reference_has_its_place(void **state)
{
    struct fixture *f = *state;
    char reference[ORDER_REFERENCE_MAX + 1] = {0}, id[ORDER_VALUE_MAX + 1] = {0};

    memset(reference, 'r', sizeof reference - 1);
    memset(id, 'i', sizeof id - 1);
    assert_created(attempt(f->queue, id, ORDER_CREATED, reference), reference);
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, reference), id);
    reference[sizeof reference - 2] = 's';
    assert_created(attempt(f->queue, "c", ORDER_CREATED, reference), reference);
}

static void
an_end_that_was_not_recorded_is_the_same_order(void **state)
{
    struct fixture *f = *state;
    const struct queue_end end = {.duration_ms = 1};
    struct queue_task task;
    struct err err;

    put_new(f->queue, "a", "558");
    task = take(f->queue, INT64_MAX, "a");
    task.order.status = ORDER_CREATED;
    strcpy(task.order.erp_reference, "17");
    disk_takes(false);
    assert_int_equal(queue_finish(f->queue, &task.order, &end, &err), -1);
    disk_takes(true);
    assert_created(end_with(f->queue, &task, ORDER_CREATED, "17"), "17");
}

/* --- what people do --- */

static void
an_order_in_error_claims_no_line(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(attempt(f->queue, "a", ORDER_ERROR, "17").status, ORDER_ERROR);
    assert_created(attempt(f->queue, "b", ORDER_CREATED, "17"), "17");
    assert_doubtful(attempt_again(f->queue, "a", "17"), "\"b\"");
    assert_created(attempt_again(f->queue, "a", "18"), "18");
}

static void
an_order_placed_again_keeps_its_reference(void **state)
{
    struct fixture *f = *state;
    struct order order = attempt(f->queue, "a", ORDER_ERROR, "17");
    struct err err;

    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    assert_string_equal(get(f->queue, "a").erp_reference, "17");
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 1, NULL, &err), 1);
    assert_created(attempt_again(f->queue, "a", "17"), "17");
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, "17"), "\"a\"");
}

static void
what_is_resolved_keeps_the_line_that_it_had(void **state)
{
    struct fixture *f = *state;
    struct order order = attempt(f->queue, "a", ORDER_ERROR, "17");
    struct err err;

    assert_int_equal(queue_resolve(f->queue, &order, "amount mended", NULL, &err), 1);
    assert_created(get(f->queue, "a"), "17");
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, "17"), "\"a\"");
}

static void
what_is_resolved_takes_no_line_away(void **state)
{
    struct fixture *f = *state;
    struct order order = attempt(f->queue, "a", ORDER_ERROR, "17");
    struct err err;

    assert_created(attempt(f->queue, "b", ORDER_CREATED, "17"), "17");
    assert_int_equal(queue_resolve(f->queue, &order, "typed in", NULL, &err), 1);
    assert_created(get(f->queue, "a"), "");
    assert_created(get(f->queue, "b"), "17");
    order = attempt(f->queue, "c", ORDER_CREATED, "17");
    assert_doubtful(order, "\"b\"");
    assert_int_equal(queue_resolve(f->queue, &order, "typed in", NULL, &err), 1);
    assert_created(get(f->queue, "c"), "");
}

static void
a_forgotten_order_frees_its_reference(void **state)
{
    struct fixture *f = *state;
    struct err err;

    assert_created(attempt(f->queue, "a", ORDER_CREATED, "17"), "17");
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 10, &err), 1);
    assert_created(attempt(f->queue, "b", ORDER_CREATED, "17"), "17");
    assert_doubtful(attempt(f->queue, "c", ORDER_CREATED, "17"), "\"b\"");
}

/* --- queues of other times --- */

/* As an earlier version leaves it: without an index. */
static void
drop_index(struct fixture *f)
{
    struct bytes entry = {NULL, 0}, note = {"references", 10};
    struct store_cursor cursor;
    struct store_txn txn;
    struct store *store;
    struct err err;

    queue_close(f->queue);
    f->queue = NULL;
    store = store_open(f->folder, 16, &err);
    assert_non_null(store);
    store_begin(store, &txn, true);
    while (store_seek(&cursor, &txn, STORE_REFERENCES, (struct bytes){NULL, 0})) {
        char key[256];

        entry = (struct bytes){memcpy(key, cursor.key.data, cursor.key.size), cursor.key.size};
        store_cursor_close(&cursor);
        store_delete(&txn, STORE_REFERENCES, entry);
    }
    store_cursor_close(&cursor);
    store_delete(&txn, STORE_META, note);
    assert_int_equal(store_commit(&txn, &err), 0);
    store_close(store);
    fixture_open(f, 16);
}

/* Created, each with its uniqueid as its reference: a-0, a-1, … */
static void
create_many(struct queue *queue, unsigned count)
{
    struct queue_txn t;
    struct err err;

    queue_begin(queue, &t);
    for (unsigned i = 0; i < count; i++) {
        struct order order = order_of("", "558");

        snprintf(order.uniqueid, sizeof order.uniqueid, "a-%u", i);
        strcpy(order.erp_reference, order.uniqueid);
        order.status = ORDER_CREATED;
        queue_store(&t, NULL, &order);
    }
    assert_int_equal(queue_commit(&t, &err), 0);
}

static void
an_earlier_queue_gets_its_index(void **state)
{
    struct fixture *f = *state;

    assert_created(attempt(f->queue, "a", ORDER_CREATED, "17"), "17");
    drop_index(f);
    /* Earlier versions let this happen; both stay as they are. */
    assert_created(attempt(f->queue, "b", ORDER_CREATED, "17"), "17");
    set_erp(f->queue, ERP);
    assert_created(get(f->queue, "a"), "17");
    assert_created(get(f->queue, "b"), "17");
    assert_doubtful(attempt(f->queue, "c", ORDER_CREATED, "17"), "\"a\"");
    set_erp(f->queue, ERP);
    assert_doubtful(attempt_again(f->queue, "c", "17"), "\"a\"");
}

static void
a_long_queue_gets_its_index_in_parts(void **state)
{
    struct fixture *f = *state;

    create_many(f->queue, 2100);
    drop_index(f);
    set_erp(f->queue, ERP);
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, "a-0"), "\"a-0\"");
    assert_doubtful(attempt(f->queue, "c", ORDER_CREATED, "a-999"), "\"a-999\"");
    assert_doubtful(attempt(f->queue, "d", ORDER_CREATED, "a-1000"), "\"a-1000\"");
    assert_doubtful(attempt(f->queue, "e", ORDER_CREATED, "a-2099"), "\"a-2099\"");
    set_erp(f->queue, OTHER_ERP);
    assert_created(attempt_again(f->queue, "b", "a-0"), "a-0");
    assert_created(attempt_again(f->queue, "e", "a-2099"), "a-2099");
}

static void
another_erp_counts_anew(void **state)
{
    struct fixture *f = *state;
    struct err err;

    set_erp(f->queue, ERP);
    assert_created(attempt(f->queue, "a", ORDER_CREATED, "17"), "17");
    fixture_reopen(f, 16);
    set_erp(f->queue, ERP);
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, "17"), "\"a\"");
    set_erp(f->queue, OTHER_ERP);
    assert_created(attempt_again(f->queue, "b", "17"), "17");
    assert_doubtful(attempt(f->queue, "c", ORDER_CREATED, "17"), "\"b\"");
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 1, &err), 1); /* a, which is in no index */
    assert_doubtful(attempt_again(f->queue, "c", "17"), "\"b\"");
}

static void
a_salvaged_queue_has_its_index(void **state)
{
    struct fixture *f = *state;
    const char none[8] = "";
    struct err err;
    int fd;

    set_erp(f->queue, ERP);
    assert_created(attempt(f->queue, "a", ORDER_CREATED, "17"), "17");
    queue_close(f->queue);
    f->queue = NULL;
    fd = open(data_path(f), O_WRONLY);
    for (int page = 0; page < 2; page++) /* neither header is any good */
        assert_int_equal(pwrite(fd, none, sizeof none, page * 4096 + 16), sizeof none);
    close(fd);
    assert_int_equal(salvage_check(f->folder, 16, &(struct queue_keys){f->key, NULL}, &err), 0);
    fixture_open(f, 16);
    assert_created(get(f->queue, "a"), "17");
    set_erp(f->queue, ERP);
    assert_doubtful(attempt(f->queue, "b", ORDER_CREATED, "17"), "\"a\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_line_is_not_two_orders),
        TEST(a_reference_is_compared_as_a_whole),
        TEST(a_long_reference_has_its_place),
        TEST(an_end_that_was_not_recorded_is_the_same_order),
        TEST(an_order_in_error_claims_no_line),
        TEST(an_order_placed_again_keeps_its_reference),
        TEST(what_is_resolved_keeps_the_line_that_it_had),
        TEST(what_is_resolved_takes_no_line_away),
        TEST(a_forgotten_order_frees_its_reference),
        TEST(an_earlier_queue_gets_its_index),
        TEST(a_long_queue_gets_its_index_in_parts),
        TEST(another_erp_counts_anew),
        TEST(a_salvaged_queue_has_its_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
