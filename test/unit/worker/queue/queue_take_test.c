/* The queue as the worker loop sees it: who is due, and what an attempt ends in. */
#include "test/unit/worker/queue/secrets.h"

#include <signal.h>
#include <sys/resource.h>

#include "common/base/clock.h"

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
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 10, NULL, &err), 2);
    put_new(f->queue, "u-3", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
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
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
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

/* What is done while the disk is full. */
static int
without_disk(struct fixture *f, int (*what)(struct queue *queue, struct queue_task *tasks))
{
    struct queue_task tasks[2];
    struct rlimit limit, small;
    int result;

    put_new(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "559");
    assert_int_equal(take_many(f->queue, 0, tasks, 2), 2);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    result = what(f->queue, tasks);
    setrlimit(RLIMIT_FSIZE, &limit);
    return result;
}

static int
mark_both(struct queue *queue, struct queue_task *tasks)
{
    struct order *orders[] = {&tasks[0].order, &tasks[1].order};
    struct err err;
    int result = queue_commit_sent_all(queue, orders, 2, &err);

    assert_int_equal(tasks[0].order.commit_sent, result == 0);
    assert_int_equal(tasks[1].order.commit_sent, result == 0);
    return result;
}

static int
finish_both(struct queue *queue, struct queue_task *tasks)
{
    const struct queue_end ends[] = {{.duration_ms = 1}, {.duration_ms = 2}};
    struct order *orders[] = {&tasks[0].order, &tasks[1].order};
    struct err err;

    tasks[0].order.status = tasks[1].order.status = ORDER_CREATED;
    strcpy(tasks[0].order.erp_reference, "line 1");
    strcpy(tasks[1].order.erp_reference, "line 1");
    return queue_finish_all(queue, orders, ends, 2, &err);
}

static void
marks_are_set_for_all_or_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(without_disk(f, mark_both), -1);
    assert_false(get(f->queue, "u-1").commit_sent);
    assert_false(get(f->queue, "u-2").commit_sent);
}

static void
ends_are_recorded_for_all_or_none(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(without_disk(f, finish_both), -1);
    assert_int_equal(queue_count(f->queue, ORDER_PROCESSING), 2);
}

static void
several_are_marked_and_end_together(void **state)
{
    struct fixture *f = *state;
    struct queue_task tasks[2];

    put_new(f->queue, "u-1", "558");
    put_new(f->queue, "u-2", "559");
    assert_int_equal(take_many(f->queue, 0, tasks, 2), 2);
    assert_int_equal(mark_both(f->queue, tasks), 0);
    assert_true(get(f->queue, "u-1").commit_sent);
    assert_true(get(f->queue, "u-2").commit_sent);
    assert_int_equal(finish_both(f->queue, tasks), 0);
    assert_int_equal(get(f->queue, "u-1").status, ORDER_CREATED);
    assert_string_equal(get(f->queue, "u-2").reason_code, "outcome_unknown"); /* one line for two */
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
    const struct CMUnitTest tests[] = {TEST(one_of_each_worksheet_is_taken),
                                       TEST(marks_are_set_for_all_or_none),
                                       TEST(ends_are_recorded_for_all_or_none),
                                       TEST(several_are_marked_and_end_together),
                                       TEST(a_worksheet_keeps_its_order),
                                       TEST(the_limit_is_kept),
                                       TEST(an_order_is_due_at_its_time),
                                       TEST(the_earliest_is_taken_first),
                                       TEST(a_follower_is_due_when_the_first_is_cleared),
                                       TEST(a_retry_frees_its_old_worksheet),
                                       TEST(commit_sent_is_on_disk),
                                       TEST(an_end_that_failed_is_repeated_whole)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
