/* Where an order's own credentials are, and when they go. */
#include "test/unit/worker/queue/secrets.h"

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
    assert_int_equal(queue_retry(f->queue, &task.order, false, NULL, &err), 1);
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
    assert_int_equal(queue_resolve(f->queue, &task.order, NULL, NULL, &err), 1);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(credentials_are_sealed_and_come_back),
                                       TEST(a_duplicate_keeps_the_first_credentials),
                                       TEST(credentials_go_with_the_order),
                                       TEST(credentials_stay_in_error_unless_forgotten),
                                       TEST(credentials_go_when_resolved_or_expired),
                                       TEST(another_key_opens_no_credentials)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
