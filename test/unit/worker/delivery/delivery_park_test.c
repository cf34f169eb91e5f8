/* The worker loop if the ERP is unreachable: it parks and probes with one order. */
#include "test/unit/worker/scripted.h"

static void
five_failures_park_and_one_order_probes(void **state)
{
    struct scripted *s = *state;
    unsigned lines;

    s->otherwise = 500;
    delivery_start(s->delivery);
    place_many(s, 8);
    run_until_state(s, "parked");
    assert_string_equal(delivery_reason(s->delivery), "erp_failure");
    assert_non_null(delivery_text(s->delivery));
    assert_true(delivery_since_ms(s->delivery) > 0);
    assert_true(delivery_next_probe_ms(s->delivery) > 0);
    assert_true(s->lines >= 5);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    s->most_at_once = 0;
    lines = s->lines;
    RUN_UNTIL(s->base, s->lines >= lines + 4);
    assert_int_equal(s->most_at_once, 1);
    assert_string_equal(delivery_state(s->delivery), "parked");
    s->otherwise = 200;
    run_until_state(s, "running");
    assert_null(delivery_reason(s->delivery));
    assert_null(delivery_text(s->delivery));
    assert_int_equal(delivery_next_probe_ms(s->delivery), 0);
    run_until_counts(s, ORDER_CREATED, 8);
}

static void
four_failures_do_not_park(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, CUT, CUT, CUT, CUT, 200, CUT, CUT, CUT, CUT, 200);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "558");
    while (queue_count(s->f.queue, ORDER_CREATED) < 2) {
        assert_string_equal(delivery_state(s->delivery), "running");
        event_base_loop(s->base, EVLOOP_ONCE);
    }
    assert_int_equal(s->lines, 10);
}

/* An error reply may be the order's fault; no reply at all is not. */
static void
one_order_alone_does_not_park_unless_there_is_no_reply(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, 500, 500, 500, 500, 500, 500, 500);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    while (!queue_count(s->f.queue, ORDER_CREATED)) {
        assert_string_equal(delivery_state(s->delivery), "running");
        event_base_loop(s->base, EVLOOP_ONCE);
    }
    assert_int_equal(s->lines, 8);
    s->otherwise = CUT;
    place(s, "u-2", "558");
    run_until_state(s, "parked");
    assert_string_equal(delivery_reason(s->delivery), "erp_unreachable");
}

static void
a_probe_is_alone(void **state)
{
    struct scripted *s = *state;
    unsigned lines;

    s->otherwise = 500;
    delivery_start(s->delivery);
    place_many(s, 5);
    run_until_state(s, "parked");
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    s->otherwise = HOLD;
    RUN_UNTIL(s->base, s->held_count == 1);
    lines = s->lines;
    place(s, "late", "558");
    run_for(s->base, 100);
    delivery_wake(s->delivery);
    run_for(s->base, 50);
    assert_int_equal(s->lines, lines);
    assert_int_equal(delivery_in_hand(s->delivery), 1);
    s->otherwise = 200;
    release(s, 200);
    run_until_counts(s, ORDER_CREATED, 6);
}

/* A refusal is a reply, so the ERP is reachable. */
static void
a_probe_that_is_refused_ends_the_park(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, CUT, CUT, CUT, CUT, CUT, 422);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_state(s, "parked");
    run_until_counts(s, ORDER_ERROR, 1);
    assert_string_equal(delivery_state(s->delivery), "running");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 1);
}

/* No other order is left to probe with. */
static void
a_probe_takes_an_order_before_its_time(void **state)
{
    struct scripted *s = *state;
    struct queue_task task;

    s->workshop.retry = (struct retry_policy){.first_ms = 10, .max_ms = 3600000};
    put_new(s->f.queue, "early", "558");
    task = take(s->f.queue, 0, "early");
    task.order.next_attempt_ms = clock_wall_ms() + 600000;
    finish(s->f.queue, &task.order, ORDER_PLACED, "erp_busy");
    SCRIPT(s, 500, 500, 500, 500, 500);
    delivery_start(s->delivery);
    place_many(s, 5);
    run_until_counts(s, ORDER_ERROR, 5);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(get(s->f.queue, "early").attempts, 2);
    assert_string_equal(delivery_state(s->delivery), "running");
}

static void
a_worksheet_in_use_does_not_park(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, 423, 423, 423, 423, 423, 423, 423);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    while (!queue_count(s->f.queue, ORDER_CREATED)) {
        assert_string_equal(delivery_state(s->delivery), "running");
        event_base_loop(s->base, EVLOOP_ONCE);
    }
    assert_int_equal(s->lines, 8);
}

static void
a_start_ends_the_park(void **state)
{
    struct scripted *s = *state;

    s->otherwise = 500;
    delivery_start(s->delivery);
    place_many(s, 5);
    run_until_state(s, "parked");
    s->otherwise = 200;
    delivery_start(s->delivery);
    assert_string_equal(delivery_state(s->delivery), "running");
    run_until_counts(s, ORDER_CREATED, 5);
}

static void
a_stop_ends_the_park_too(void **state)
{
    struct scripted *s = *state;
    unsigned lines;

    s->otherwise = 500;
    delivery_start(s->delivery);
    place_many(s, 5);
    run_until_state(s, "parked");
    delivery_stop(s->delivery, "");
    assert_string_equal(delivery_state(s->delivery), "stopped");
    assert_null(delivery_reason(s->delivery));
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    lines = s->lines;
    run_for(s->base, 120);
    assert_int_equal(s->lines, lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(five_failures_park_and_one_order_probes),
        TEST(four_failures_do_not_park),
        TEST(one_order_alone_does_not_park_unless_there_is_no_reply),
        TEST(a_probe_is_alone),
        TEST(a_probe_that_is_refused_ends_the_park),
        TEST(a_probe_takes_an_order_before_its_time),
        TEST(a_worksheet_in_use_does_not_park),
        TEST(a_start_ends_the_park),
        TEST(a_stop_ends_the_park_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
