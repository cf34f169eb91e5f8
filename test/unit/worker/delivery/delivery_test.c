/* The worker loop: order of delivery, retries, and results. */
#include "test/unit/worker/scripted.h"

static void
an_order_becomes_a_line(void **state)
{
    struct scripted *s = *state;
    struct order order;

    delivery_start(s->delivery);
    assert_string_equal(delivery_state(s->delivery), "running");
    assert_null(delivery_reason(s->delivery));
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    order = get(s->f.queue, "u-1");
    assert_string_equal(order.erp_reference, "line-u-1");
    assert_string_equal(order.reason_code, "");
    assert_int_equal(order.attempts, 1);
    assert_string_equal(s->seen, "u-1 ");
    assert_string_equal(s->users, "bot ");
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_true(s->changes > 0);
}

static void
nothing_starts_while_stopped(void **state)
{
    struct scripted *s = *state;

    assert_string_equal(delivery_state(s->delivery), "stopped");
    place(s, "u-1", "558");
    run_for(s->base, 80);
    assert_int_equal(s->lines, 0);
    assert_int_equal(queue_count(s->f.queue, ORDER_PLACED), 1);
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 1);
}

static void
technical_failures_are_retried(void **state)
{
    struct scripted *s = *state;
    json_t *history;

    SCRIPT(s, 500, 503, CUT, 429);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(s->lines, 5);
    assert_int_equal(get(s->f.queue, "u-1").attempts, 5);
    history = history_of(s->f.queue, "u-1");
    assert_int_equal(json_array_size(history), 11);
    assert_string_equal(history_text(history, 2, "reason_code"), "erp_failure");
    assert_string_equal(history_text(history, 4, "reason_code"), "erp_busy");
    assert_string_equal(history_text(history, 6, "reason_code"), "erp_unreachable");
    assert_string_equal(history_text(history, 8, "reason_code"), "erp_busy");
    json_decref(history);
    assert_string_equal(delivery_state(s->delivery), "running");
}

static void
a_refusal_ends_the_order(void **state)
{
    struct scripted *s = *state;
    struct order order;

    SCRIPT(s, 422);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    order = get(s->f.queue, "u-1");
    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, "worksheet_closed");
    assert_string_equal(order.reason_text, "it is closed");
    assert_int_equal(s->lines, 2);
}

/* --- concurrency --- */

static void
the_limit_is_honoured(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    s->workshop.max_in_flight = 3;
    delivery_remake(s);
    delivery_start(s->delivery);
    for (int i = 0; i < 7; i++)
        place(s, (char[]){(char)('a' + i), '\0'}, (char[]){(char)('a' + i), '\0'});
    RUN_UNTIL(s->base, s->held_count == 3);
    run_for(s->base, 80);
    assert_int_equal(s->lines, 3);
    assert_int_equal(delivery_in_hand(s->delivery), 3);
    assert_int_equal(queue_count(s->f.queue, ORDER_PROCESSING), 3);
    s->otherwise = 200;
    release(s, 200);
    run_until_counts(s, ORDER_CREATED, 7);
    assert_int_equal(s->lines, 7);
    assert_int_equal(s->most_at_once, 3);
}

static void
the_driver_has_a_limit_of_its_own(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    s->driver.max_in_flight = 2;
    delivery_remake(s);
    delivery_start(s->delivery);
    for (int i = 0; i < 4; i++)
        place(s, (char[]){(char)('a' + i), '\0'}, (char[]){(char)('a' + i), '\0'});
    RUN_UNTIL(s->base, s->held_count == 2);
    run_for(s->base, 50);
    assert_int_equal(s->lines, 2);
    s->otherwise = 200;
    release(s, 200);
    run_until_counts(s, ORDER_CREATED, 4);
}

static void
a_worksheet_is_served_in_order(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    place(s, "c", "558");
    place(s, "b", "558");
    place(s, "a", "558");
    delivery_start(s->delivery);
    for (unsigned i = 1; i <= 3; i++) {
        RUN_UNTIL(s->base, s->held_count == 1);
        run_for(s->base, 40);
        assert_int_equal(s->lines, i);
        release(s, i == 2 ? 422 : 200);
    }
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(s->seen, "c b a ");
    assert_int_equal(s->most_at_once, 1);
}

static void
a_locked_worksheet_blocks_no_other(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, 423);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    place(s, "u-2", "559");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_int_equal(get(s->f.queue, "u-1").attempts, 2);
    assert_int_equal(get(s->f.queue, "u-2").attempts, 1);
}

/* --- stopping --- */

static void
a_stop_lets_orders_in_flight_finish(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, HOLD);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "558");
    RUN_UNTIL(s->base, s->held_count == 1);
    delivery_stop(s->delivery, "");
    delivery_stop(s->delivery, "");
    assert_string_equal(delivery_state(s->delivery), "stopped");
    assert_int_equal(delivery_in_hand(s->delivery), 1);
    release(s, 200);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_CREATED);
    run_for(s->base, 80);
    assert_int_equal(s->lines, 1);
    assert_int_equal(get(s->f.queue, "u-2").status, ORDER_PLACED);
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 2);
}

static void
an_order_given_up_is_found_by_the_next(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, HOLD);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->held_count == 1);
    delivery_free(s->delivery);
    s->delivery = NULL;
    s->held_count = s->at_once = 0;
    fixture_reopen(&s->f, 16);
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_PLACED);
    assert_true(get(s->f.queue, "u-1").commit_sent);
    delivery_remake(s);
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(get(s->f.queue, "u-1").attempts, 2);
}

/* --- waiting for a worksheet --- */

/* 422 is worksheet_closed. The ERP works: the worker goes on, and others go first. */
static void
a_held_order_is_in_nobodys_way(void **state)
{
    struct scripted *s = *state;
    struct order order;

    s->workshop.hold.closed_ms = 3600000;
    SCRIPT(s, 422, 422, 422, 422, 422, 422, 422, 200);
    delivery_start(s->delivery);
    place(s, "closed", "558");
    RUN_UNTIL(s->base, s->lines == 7 && get(s->f.queue, "closed").status == ORDER_PLACED);
    order = get(s->f.queue, "closed");
    assert_string_equal(order.reason_code, "worksheet_closed");
    assert_string_equal(order.reason_text, "it is closed");
    assert_true(order.next_attempt_ms > 0);
    assert_string_equal(delivery_state(s->delivery), "running");
    place(s, "u-2", "559");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_int_equal(queue_count(s->f.queue, ORDER_ERROR), 0);
}

static void
a_held_order_ends_when_its_time_is_up(void **state)
{
    struct scripted *s = *state;

    s->workshop.hold.closed_ms = 60;
    s->otherwise = 422;
    delivery_start(s->delivery);
    place(s, "closed", "558");
    run_until_counts(s, ORDER_ERROR, 1);
    assert_string_equal(get(s->f.queue, "closed").reason_code, "worksheet_closed");
    assert_true(get(s->f.queue, "closed").attempts > 1);
    assert_string_equal(delivery_state(s->delivery), "running");
}

/* --- files --- */

static enum erp_verdict
step_of_files(void *session, struct erp_job *job, const struct erp_reply *reply,
              struct erp_outcome *outcome)
{
    (void)session;
    if (reply && reply->status != 200)
        return erp_end(outcome, ERP_RETRY, "erp_unreachable", "%s", reply->error);
    if (job->state)
        return erp_end(outcome, ERP_CREATED, NULL, "%s", "");
    job->request.kind = reply ? ERP_FILE_RENAME : ERP_FILE_WRITE;
    job->request.commits = reply != NULL;
    if (asprintf(&job->request.url, "%s/.part", scene->f.folder) < 0 ||
        asprintf(&job->request.target, "%s/line", scene->f.folder) < 0)
        abort();
    job->request.body = strdup("a line\n");
    job->request.body_length = 7;
    if (reply)
        job->state = job;
    return ERP_SEND;
}

static void
a_file_is_written(void **state)
{
    struct scripted *s = *state;
    char path[96];

    s->driver.step = step_of_files;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    snprintf(path, sizeof path, "%s/line", s->f.folder);
    assert_true(file_holds(path, "a line\n"));
    assert_true(get(s->f.queue, "u-1").commit_sent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(an_order_becomes_a_line),
                                       TEST(nothing_starts_while_stopped),
                                       TEST(technical_failures_are_retried),
                                       TEST(a_refusal_ends_the_order),
                                       TEST(the_limit_is_honoured),
                                       TEST(the_driver_has_a_limit_of_its_own),
                                       TEST(a_worksheet_is_served_in_order),
                                       TEST(a_locked_worksheet_blocks_no_other),
                                       TEST(a_stop_lets_orders_in_flight_finish),
                                       TEST(a_held_order_is_in_nobodys_way),
                                       TEST(a_held_order_ends_when_its_time_is_up),
                                       TEST(an_order_given_up_is_found_by_the_next),
                                       TEST(a_file_is_written)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
