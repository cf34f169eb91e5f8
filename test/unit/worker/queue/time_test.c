/* A wrong clock makes the queue neither forget nor give up. */
#include "test/unit/worker/fixture.h"

#include "common/base/clock.h"
#include "worker/queue/change.h"

#define HOUR_MS 3600000LL
#define DAY_MS (24 * HOUR_MS)
#define YEAR_MS (365 * DAY_MS)
#define KEEP_MS (400 * DAY_MS)

/* What the worker does now and then. */
static unsigned
forget(struct queue *queue, int64_t wall_ms, int64_t monotonic_ms)
{
    int64_t before_ms = queue_trusted_ms(queue, wall_ms, monotonic_ms) - KEEP_MS;
    struct err err;
    int count = queue_expire(queue, before_ms, 1000, &err);

    assert_true(count >= 0);
    return (unsigned)count;
}

static void
a_clock_that_is_ahead_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms();

    put_created(f->queue, "a", "558");
    assert_int_equal(forget(f->queue, wall_ms, 1000), 0);
    for (int64_t at_ms = 0; at_ms < DAY_MS; at_ms += HOUR_MS)
        assert_int_equal(forget(f->queue, wall_ms + 2 * YEAR_MS, 1000 + at_ms), 0);
    fixture_reopen(f, 16);
    for (int64_t at_ms = 0; at_ms < DAY_MS; at_ms += HOUR_MS)
        assert_int_equal(forget(f->queue, wall_ms + 2 * YEAR_MS, 1000 + at_ms), 0);
    get(f->queue, "a");
}

static void
a_clock_that_is_right_forgets_what_is_old(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms();

    put_created(f->queue, "a", "558");
    put_failed(f->queue, "b", "559");
    put_new(f->queue, "c", "560");
    for (int64_t at_ms = 0; at_ms < KEEP_MS; at_ms += 10 * DAY_MS)
        assert_int_equal(forget(f->queue, wall_ms + at_ms, 1000 + at_ms), 0);
    assert_int_equal(forget(f->queue, wall_ms + KEEP_MS + HOUR_MS, 1000 + KEEP_MS + HOUR_MS), 1);
    assert_int_equal(queue_count(f->queue, ORDER_CREATED), 0);
    assert_int_equal(queue_count(f->queue, ORDER_ERROR), 1);
    assert_int_equal(queue_count(f->queue, ORDER_PLACED), 1);
}

/* A machine that runs six hours a day. */
static void
the_queues_time_keeps_up(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms(), trusted_ms = 0;

    put_created(f->queue, "a", "558");
    for (int day = 0; day < 20; day++, wall_ms += DAY_MS) {
        fixture_reopen(f, 16);
        queue_trusted_ms(f->queue, wall_ms, 1000);
        trusted_ms = queue_trusted_ms(f->queue, wall_ms + 6 * HOUR_MS, 1000 + 6 * HOUR_MS);
        assert_in_range(wall_ms + 6 * HOUR_MS - trusted_ms, 0, DAY_MS);
    }
}

/* A machine without a battery begins in 1970 and is right a minute later. */
static void
a_clock_that_was_behind_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms();
    struct queue_txn t;
    struct order was, now;
    struct err err;

    put_created(f->queue, "a", "558");
    forget(f->queue, wall_ms, 1000);
    assert_int_equal(forget(f->queue, 5000, 2000), 0);
    was = now = get(f->queue, "a");
    queue_begin(f->queue, &t);
    queue_change(&t, &was, &now, NULL);
    now.updated_ms = 5000;
    queue_store(&t, &now, &now);
    assert_int_equal(queue_commit(&t, &err), 0);
    assert_int_equal(forget(f->queue, wall_ms, 62000), 0);
    assert_int_equal(forget(f->queue, wall_ms + HOUR_MS, 62000 + HOUR_MS), 0);
    get(f->queue, "a");
}

static void
a_queue_of_an_earlier_version_begins_with_its_newest_order(void **state)
{
    struct fixture *f = *state;
    struct queue_txn t;
    struct order order = order_of("a", "558");
    struct err err;

    queue_begin(f->queue, &t);
    order.status = ORDER_CREATED;
    order.updated_ms = clock_wall_ms() - 3 * YEAR_MS; /* or is the clock ahead? */
    queue_store(&t, NULL, &order);
    assert_int_equal(queue_commit(&t, &err), 0);
    fixture_reopen(f, 16);
    assert_int_equal(forget(f->queue, clock_wall_ms(), 1000), 0);
    assert_int_equal(forget(f->queue, clock_wall_ms(), 1000 + HOUR_MS), 0);
}

static void
one_day_removes_a_share(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms() / DAY_MS * DAY_MS;
    struct queue_txn t;
    struct err err;

    queue_trusted_ms(f->queue, wall_ms, 1000);
    queue_begin(f->queue, &t);
    for (unsigned i = 0; i < 3000; i++) {
        struct order order = order_of("", "558");

        snprintf(order.uniqueid, sizeof order.uniqueid, "a-%u", i);
        order.status = ORDER_CREATED;
        queue_store(&t, NULL, &order);
    }
    assert_int_equal(queue_commit(&t, &err), 0);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 200, &err), 200);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 200, &err), 100);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 200, &err), 0);
    fixture_reopen(f, 16);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 200, &err), 0);
    queue_trusted_ms(f->queue, wall_ms, 1000);
    queue_trusted_ms(f->queue, wall_ms + DAY_MS, 1000 + DAY_MS);
    assert_int_equal(queue_expire(f->queue, INT64_MAX, 1000, &err), 270);
}

static void
another_time_on_the_disk_is_seen(void **state)
{
    struct fixture *f = *state;
    int64_t wall_ms = clock_wall_ms();

    put_created(f->queue, "a", "558");
    assert_true(queue_disk_agrees(f->queue, wall_ms));
    assert_false(queue_disk_agrees(f->queue, wall_ms + 2 * YEAR_MS));
    assert_false(queue_disk_agrees(f->queue, wall_ms - 2 * YEAR_MS));
}

/* --- how long it has run --- */

static void
time_runs_only_while_the_worker_does(void **state)
{
    struct fixture *f = *state;
    int64_t began_ms = queue_run_ms(f->queue), stopped_ms;
    struct queue_task task;

    assert_true(began_ms > 0);
    assert_int_equal(queue_run_ms(f->queue), began_ms);
    queue_set_running(f->queue, true);
    while (queue_run_ms(f->queue) < began_ms + 20)
        continue;
    queue_set_running(f->queue, false);
    stopped_ms = queue_run_ms(f->queue);
    assert_int_equal(queue_run_ms(f->queue), stopped_ms);
    put_new(f->queue, "a", "558");
    task = take(f->queue, INT64_MAX, "a");
    task.order.retry_since_ms = stopped_ms;
    finish(f->queue, &task.order, ORDER_PLACED, "erp_busy");
    fixture_reopen(f, 16);
    assert_int_equal(queue_run_ms(f->queue), stopped_ms);
    assert_int_equal(get(f->queue, "a").retry_since_ms, stopped_ms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_clock_that_is_ahead_forgets_nothing),
        TEST(a_clock_that_is_right_forgets_what_is_old),
        TEST(the_queues_time_keeps_up),
        TEST(a_clock_that_was_behind_forgets_nothing),
        TEST(a_queue_of_an_earlier_version_begins_with_its_newest_order),
        TEST(one_day_removes_a_share),
        TEST(another_time_on_the_disk_is_seen),
        TEST(time_runs_only_while_the_worker_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
