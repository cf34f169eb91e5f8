/* Outcomes that are unknown, and a full disk: nothing is sent twice. */
#include "test/unit/worker/scripted.h"

/* --- unknown outcomes --- */

static void
without_look_up_nothing_is_sent_twice(void **state)
{
    struct scripted *s = *state;
    struct order order;

    SCRIPT(s, CUT);
    s->driver.can_look_up = false;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_ERROR, 1);
    order = get(s->f.queue, "u-1");
    assert_string_equal(order.reason_code, "outcome_unknown");
    assert_int_equal(s->lines, 1);
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(s->seen, "u-1 u-2 ");
}

static void
without_look_up_a_lost_attempt_is_not_repeated(void **state)
{
    struct scripted *s = *state;
    struct queue_task task;
    struct order order;
    struct err err;

    put_new(s->f.queue, "u-1", "558");
    task = take(s->f.queue, 0, "u-1");
    assert_int_equal(queue_commit_sent(s->f.queue, &task.order, &err), 0);
    fixture_reopen(&s->f, 16);
    s->driver.can_look_up = false;
    delivery_remake(s);
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_ERROR, 1);
    order = get(s->f.queue, "u-1");
    assert_string_equal(order.reason_code, "outcome_unknown");
    assert_true(*order.reason_text);
    assert_int_equal(s->lines, 0);
    assert_int_equal(queue_retry(s->f.queue, &order, false, NULL, &err), 1);
    delivery_wake(s->delivery);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(s->lines, 1);
}

/* --- full disk --- */

static void
fill_disk(struct scripted *s, const char *uniqueid)
{
    (void)s;
    (void)uniqueid;
    disk_takes(false);
}

static void
an_end_waits_for_room_on_the_disk(void **state)
{
    struct scripted *s = *state;

    s->on_line = fill_disk;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    run_for(s->base, 200);
    assert_int_equal(delivery_in_hand(s->delivery), 1);
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_PROCESSING);
    s->on_line = NULL;
    disk_takes(true);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(get(s->f.queue, "u-1").erp_reference, "line-u-1");
    assert_int_equal(s->lines, 1);
}

static enum erp_verdict
step_on_full_disk(void *session, struct erp_job *job, const struct erp_reply *reply,
                  struct erp_outcome *outcome)
{
    if (job->order->attempts == 1)
        disk_takes(false);
    return scripted_step(session, job, reply, outcome);
}

static void
a_request_that_cannot_be_recorded_is_not_sent(void **state)
{
    struct scripted *s = *state;
    json_t *history;

    s->driver.step = step_on_full_disk;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, delivery_in_hand(s->delivery) == 1);
    run_for(s->base, 100);
    disk_takes(true);
    assert_int_equal(s->lines, 0);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(s->lines, 1);
    history = history_of(s->f.queue, "u-1");
    assert_string_equal(history_text(history, 2, "reason_code"), "erp_failure");
    json_decref(history);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(without_look_up_nothing_is_sent_twice),
                                       TEST(without_look_up_a_lost_attempt_is_not_repeated),
                                       TEST(an_end_waits_for_room_on_the_disk),
                                       TEST(a_request_that_cannot_be_recorded_is_not_sent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
