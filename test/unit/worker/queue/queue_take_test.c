/* The queue as the worker loop sees it: who is due, what an attempt ends in, and where an order's
 * own credentials are. */
#include "test/unit/worker/fixture.h"

#include "worker/queue/record.h"

#include <signal.h>
#include <sys/resource.h>

#include "common/base/clock.h"

#define USER "mechanic-of-the-test"
#define PASSWORD "geheim-0815-of-the-test"

static unsigned
take_many(struct queue *queue, int64_t latest_ms, struct queue_task *tasks, unsigned limit)
{
    struct err err;
    int count = queue_take(queue, latest_ms, tasks, limit, &err);

    assert_true(count >= 0);
    return (unsigned)count;
}

static void
one_of_each_worksheet_is_taken(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[8];

    put_new(f->queue, "a1", "55");
    put_new(f->queue, "a2", "55");
    put_new(f->queue, "b1", "558");
    put_new(f->queue, "a3", "55");
    put_new(f->queue, "c1", "5");
    assert_int_equal(take_many(f->queue, 0, tasks, 8), 3);
    assert_string_equal(tasks[0].order.uniqueid, "a1");
    assert_string_equal(tasks[1].order.uniqueid, "b1");
    assert_string_equal(tasks[2].order.uniqueid, "c1");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tasks[i].order.status, ORDER_PROCESSING);
        assert_int_equal(tasks[i].order.attempts, 1);
        assert_null(tasks[i].credentials.username);
    }
    assert_int_equal(get(f->queue, "a1").status, ORDER_PROCESSING);
    assert_int_equal(get(f->queue, "a2").status, ORDER_PLACED);
    take_nothing(f->queue, INT64_MAX);
    assert_int_equal(queue_next_due_ms(f->queue), INT64_MAX);
    put_new(f->queue, "a4", "55");
    take_nothing(f->queue, INT64_MAX);
}

static void
a_worksheet_keeps_its_order(void **state)
{
    static const enum order_status ends[] = {ORDER_CREATED, ORDER_ERROR, ORDER_CREATED};
    static const char *const ids[] = {"z", "y", "x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++)
        put_new(f->queue, ids[i], "558");
    for (size_t i = 0; i < 3; i++) {
        struct queue_task task = take(f->queue, 0, ids[i]);

        take_nothing(f->queue, INT64_MAX);
        finish(f->queue, &task.order, ends[i], i == 1 ? "erp_rejected" : "");
    }
    take_nothing(f->queue, INT64_MAX);
    assert_int_equal(queue_length(f->queue), 0);
}

static void
the_limit_is_kept(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[8];

    put_new(f->queue, "a", "1");
    put_new(f->queue, "b", "2");
    put_new(f->queue, "c", "3");
    assert_int_equal(take_many(f->queue, 0, tasks, 2), 2);
    assert_string_equal(tasks[1].order.uniqueid, "b");
    assert_int_equal(queue_count(f->queue, ORDER_PROCESSING), 2);
    assert_int_equal(take_many(f->queue, 0, tasks, 8), 1);
    assert_string_equal(tasks[0].order.uniqueid, "c");
}

static void
an_order_is_due_at_its_time(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    assert_int_equal(queue_next_due_ms(f->queue), INT64_MAX);
    put_new(f->queue, "u-1", "558");
    assert_int_equal(queue_next_due_ms(f->queue), 0);
    task = take(f->queue, 0, "u-1");
    task.order.next_attempt_ms = 1000;
    strcpy(task.order.reason_text, "busy");
    finish(f->queue, &task.order, ORDER_PLACED, "erp_busy");
    assert_int_equal(queue_next_due_ms(f->queue), 1000);
    put_new(f->queue, "u-2", "558");
    assert_int_equal(queue_next_due_ms(f->queue), 1000);
    take_nothing(f->queue, 999);
    task = take(f->queue, 1000, "u-1");
    assert_int_equal(task.order.attempts, 2);
    assert_int_equal(task.order.next_attempt_ms, 0);
    assert_string_equal(task.order.reason_code, "erp_busy");
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_int_equal(queue_next_due_ms(f->queue), 0);
    take(f->queue, 0, "u-2");
}

static void
the_earliest_is_taken_first(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[3];

    put_new(f->queue, "late", "1");
    put_new(f->queue, "soon", "2");
    assert_int_equal(take_many(f->queue, 0, tasks, 3), 2);
    tasks[0].order.next_attempt_ms = 2000;
    tasks[1].order.next_attempt_ms = 1000;
    finish(f->queue, &tasks[0].order, ORDER_PLACED, "erp_busy");
    finish(f->queue, &tasks[1].order, ORDER_PLACED, "erp_busy");
    put_new(f->queue, "now", "3");
    assert_int_equal(take_many(f->queue, 2000, tasks, 3), 3);
    assert_string_equal(tasks[0].order.uniqueid, "now");
    assert_string_equal(tasks[1].order.uniqueid, "soon");
    assert_string_equal(tasks[2].order.uniqueid, "late");
}

static void
a_follower_is_due_when_the_first_is_cleared(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct order order;
    struct err err;

    put_new(f->queue, "u-1", "558");
    task = take(f->queue, 0, "u-1");
    task.order.next_attempt_ms = 5000;
    finish(f->queue, &task.order, ORDER_PLACED, "worksheet_locked");
    put_new(f->queue, "u-2", "558");
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 10, &err), 2);
    put_new(f->queue, "u-3", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_retry(f->queue, &order, false, &err), 1);
    task = take(f->queue, 0, "u-3");
    finish(f->queue, &task.order, ORDER_CREATED, "");
    take(f->queue, 0, "u-1");
}

static void
a_retry_frees_its_old_worksheet(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[4];
    struct order order;
    struct err err;

    put_failed(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "558");
    order = get(f->queue, "u-1");
    strcpy(order.worksheet, "559");
    assert_int_equal(queue_retry(f->queue, &order, false, &err), 1);
    assert_int_equal(take_many(f->queue, 0, tasks, 4), 2);
    assert_string_equal(tasks[0].order.uniqueid, "u-2");
    assert_string_equal(tasks[1].order.uniqueid, "u-1");
}

static void
commit_sent_is_on_disk(void **state)
{
    struct fixture *f = *state;
    json_t *history;
    struct queue_task task;
    struct err err;

    put_new(f->queue, "u-1", "558");
    task = take(f->queue, 0, "u-1");
    assert_false(task.order.commit_sent);
    assert_int_equal(queue_commit_sent(f->queue, &task.order, &err), 0);
    assert_true(task.order.commit_sent);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 2);
    json_decref(history);
    fixture_reopen(f, 16);
    assert_true(get(f->queue, "u-1").commit_sent);
    task = take(f->queue, 0, "u-1");
    assert_true(task.order.commit_sent);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 1);
}

/* --- credentials --- */

static void
put_secret(struct fixture *f, const char *uniqueid)
{
    struct order order = order_of(uniqueid, "558");
    struct credentials credentials = {secret_string(USER), secret_string(PASSWORD)};

    put_answered(f->queue, &order, &credentials, QUEUE_PLACED);
    credentials_clear(&credentials);
}

/* How many sealed credentials the queue holds, read past the queue. */
static unsigned
sealed_count(struct fixture *f)
{
    struct store_cursor cursor;
    struct store_txn txn;
    struct store *store;
    struct err err;
    unsigned count = 0;
    bool found;

    queue_close(f->queue);
    store = store_open(f->folder, 16, &err);
    assert_non_null(store);
    store_begin(store, &txn, false);
    found = store_seek(&cursor, &txn, STORE_ORDERS, (struct bytes){NULL, 0});
    for (; found; found = store_next(&cursor)) {
        struct bytes sealed;
        struct order order;

        assert_int_equal(record_decode_order(cursor.key, cursor.value, &order, &sealed), 0);
        count += sealed.size > 0;
    }
    store_cursor_close(&cursor);
    assert_int_equal(store_end(&txn, &err), 0);
    store_close(store);
    fixture_open(f, 16);
    return count;
}

static void
credentials_are_sealed_and_come_back(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    put_secret(f, "u-1");
    assert_true(file_holds(data_path(f), "u-1"));
    assert_false(file_holds(data_path(f), PASSWORD));
    assert_false(file_holds(data_path(f), USER));
    assert_int_equal(sealed_count(f), 1);
    task = take(f->queue, 0, "u-1");
    assert_string_equal(task.credentials.username, USER);
    assert_string_equal(task.credentials.password, PASSWORD);
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_PLACED, "erp_busy");
    assert_int_equal(sealed_count(f), 1);
    assert_false(file_holds(data_path(f), PASSWORD));
}

static void
a_duplicate_keeps_the_first_credentials(void **state)
{
    struct fixture *f = *state;
    struct order again = order_of("u-1", "558");
    struct credentials others = {secret_string("other"), secret_string("else")};
    struct queue_task task;

    put_secret(f, "u-1");
    put_answered(f->queue, &again, &others, QUEUE_DUPLICATE);
    task = take(f->queue, 0, "u-1");
    assert_string_equal(task.credentials.password, PASSWORD);
    credentials_clear(&task.credentials);
    credentials_clear(&others);
}

static void
credentials_go_with_the_order(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    put_secret(f, "u-1");
    task = take(f->queue, 0, "u-1");
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_false(task.order.own_credentials);
    assert_false(get(f->queue, "u-1").own_credentials);
    assert_int_equal(sealed_count(f), 0);
}

static void
credentials_stay_in_error_unless_forgotten(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct err err;

    put_secret(f, "u-1");
    task = take(f->queue, 0, "u-1");
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_ERROR, "worksheet_closed");
    assert_int_equal(sealed_count(f), 1);
    assert_int_equal(queue_retry(f->queue, &task.order, false, &err), 1);
    task = take(f->queue, 0, "u-1");
    assert_string_equal(task.credentials.password, PASSWORD);
    credentials_clear(&task.credentials);
    task.order.status = ORDER_ERROR;
    assert_int_equal(queue_finish(f->queue, &task.order,
                                  &(struct queue_end){.duration_ms = 1, .forget = true}, &err),
                     0);
    assert_int_equal(sealed_count(f), 0);
    assert_false(get(f->queue, "u-1").own_credentials);
}

static void
credentials_go_when_resolved_or_expired(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct err err;

    put_secret(f, "u-1");
    task = take(f->queue, 0, "u-1");
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_ERROR, "worksheet_closed");
    assert_int_equal(queue_resolve(f->queue, &task.order, NULL, &err), 1);
    assert_int_equal(sealed_count(f), 0);
    put_secret(f, "u-2");
    task = take(f->queue, 0, "u-2");
    credentials_clear(&task.credentials);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 10, &err), 2);
    assert_int_equal(sealed_count(f), 0);
}

static void
another_key_opens_no_credentials(void **state)
{
    struct fixture *f = *state;
    struct order order;

    put_secret(f, "u-1");
    put_new(f->queue, "u-2", "558");
    memset(f->key, 8, sizeof f->key);
    fixture_reopen(f, 16);
    take_nothing(f->queue, 0);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, "auth_failed");
    take(f->queue, 0, "u-2");
}

static int
finish_without_disk(struct fixture *f, struct order *order)
{
    struct rlimit limit, small;
    struct err err;
    int result;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    result = queue_finish(f->queue, order, &(struct queue_end){.duration_ms = 1}, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    return result;
}

/* The worker loop tries to record an end until it is recorded. */
static void
an_end_that_failed_is_repeated_whole(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    put_secret(f, "u-1");
    task = take(f->queue, 0, "u-1");
    credentials_clear(&task.credentials);
    task.order.status = ORDER_CREATED;
    assert_int_equal(finish_without_disk(f, &task.order), -1);
    assert_int_equal(queue_count(f->queue, ORDER_PROCESSING), 1);
    assert_int_equal(get(f->queue, "u-1").status, ORDER_PROCESSING);
    finish(f->queue, &task.order, ORDER_CREATED, "");
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 1);
    assert_int_equal(sealed_count(f), 0);
    assert_false(get(f->queue, "u-1").own_credentials);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_of_each_worksheet_is_taken),
        TEST(a_worksheet_keeps_its_order),
        TEST(the_limit_is_kept),
        TEST(an_order_is_due_at_its_time),
        TEST(the_earliest_is_taken_first),
        TEST(a_follower_is_due_when_the_first_is_cleared),
        TEST(a_retry_frees_its_old_worksheet),
        TEST(commit_sent_is_on_disk),
        TEST(credentials_are_sealed_and_come_back),
        TEST(a_duplicate_keeps_the_first_credentials),
        TEST(credentials_go_with_the_order),
        TEST(credentials_stay_in_error_unless_forgotten),
        TEST(credentials_go_when_resolved_or_expired),
        TEST(another_key_opens_no_credentials),
        TEST(an_end_that_failed_is_repeated_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
