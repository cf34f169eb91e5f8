/* The worker loop if the ERP rejects the credentials: retries never lock an account; and jobs that
 * share a login. */
#include "test/unit/worker/scripted.h"

/* --- rejected credentials --- */

static void
configured_credentials_park_until_started(void **state)
{
    struct scripted *s = *state;

    s->otherwise = 401;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_state(s, "parked");
    assert_string_equal(delivery_reason(s->delivery), "auth_failed");
    assert_non_null(delivery_text(s->delivery));
    assert_int_equal(delivery_next_probe_ms(s->delivery), 0);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_PLACED);
    assert_string_equal(get(s->f.queue, "u-1").reason_code, "auth_failed");
    place(s, "u-2", "559");
    run_for(s->base, 150);
    assert_int_equal(s->lines, 1);
    s->otherwise = 200;
    delivery_start(s->delivery);
    assert_string_equal(delivery_state(s->delivery), "running");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_int_equal(s->lines, 3);
}

static void
a_start_asks_once_more_and_parks_again(void **state)
{
    struct scripted *s = *state;

    s->otherwise = 401;
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    for (unsigned i = 1; i <= 3; i++) {
        run_until_state(s, "parked");
        RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
        assert_int_equal(s->lines, i);
        delivery_start(s->delivery);
    }
}

static void
own_credentials_that_are_refused_are_not_sent_again(void **state)
{
    struct scripted *s = *state;
    struct order order;

    SCRIPT(s, 401);
    delivery_start(s->delivery);
    place_as(s, "u-1", "bea", "wrong");
    run_until_counts(s, ORDER_ERROR, 1);
    order = get(s->f.queue, "u-1");
    assert_string_equal(order.reason_code, "auth_failed");
    assert_string_equal(order.reason_text, "who is this");
    assert_false(order.own_credentials);
    place_as(s, "u-2", "bea", "wrong");
    run_until_counts(s, ORDER_ERROR, 2);
    order = get(s->f.queue, "u-2");
    assert_string_equal(order.reason_code, "auth_failed");
    assert_false(order.commit_sent);
    assert_int_equal(s->lines, 1);
    assert_string_equal(delivery_state(s->delivery), "running");
    place_as(s, "u-3", "bea", "right");
    place(s, "u-4", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(s->users, "bea bea bot ");
}

static void
own_credentials_take_precedence(void **state)
{
    struct scripted *s = *state;

    delivery_start(s->delivery);
    place_as(s, "u-1", "bea", "right");
    run_until_counts(s, ORDER_CREATED, 1);
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(s->users, "bea bot ");
}

static void
without_credentials_nothing_is_sent(void **state)
{
    struct scripted *s = *state;

    credentials_clear(&s->configured);
    s->configured = (struct credentials){NULL, NULL};
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(s->users, "nobody ");
}

/* As after a restart of the process. */
static void
restart(struct scripted *s)
{
    delivery_free(s->delivery);
    s->delivery = NULL;
    fixture_reopen(&s->f, 16);
    delivery_remake(s);
    delivery_boot(s->delivery);
}

static void
a_restart_remembers_configured_credentials(void **state)
{
    struct scripted *s = *state;

    s->otherwise = 401;
    delivery_boot(s->delivery);
    assert_string_equal(delivery_state(s->delivery), "running");
    place(s, "u-1", "558");
    run_until_state(s, "parked");
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    for (int i = 0; i < 3; i++) {
        restart(s);
        assert_string_equal(delivery_state(s->delivery), "parked");
        assert_string_equal(delivery_reason(s->delivery), "auth_failed");
        run_for(s->base, 60);
        assert_int_equal(s->lines, 1);
    }
    s->otherwise = 200;
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 1);
    restart(s);
    assert_string_equal(delivery_state(s->delivery), "running");
}

static void
a_restart_remembers_own_credentials(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, 401);
    delivery_boot(s->delivery);
    place_as(s, "u-1", "bea", "wrong");
    run_until_counts(s, ORDER_ERROR, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_false(file_holds(data_path(&s->f), "wrong"));
    restart(s);
    assert_string_equal(delivery_state(s->delivery), "running");
    place_as(s, "u-2", "bea", "wrong");
    run_until_counts(s, ORDER_ERROR, 2);
    place_as(s, "u-3", "bea", "right");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(s->seen, "u-1 u-3 ");
}

/* --- a shared login --- */

static void
orders_waiting_for_a_login_are_woken(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, HOLD);
    s->login_first = true;
    place_many(s, 4);
    delivery_start(s->delivery);
    RUN_UNTIL(s->base, s->held_count == 1);
    run_for(s->base, 50);
    assert_int_equal(s->logins, 1);
    assert_int_equal(s->lines, 0);
    assert_int_equal(delivery_in_hand(s->delivery), 4);
    assert_false(get(s->f.queue, "u-0").commit_sent);
    release(s, 200);
    run_until_counts(s, ORDER_CREATED, 4);
    assert_int_equal(s->logins, 1);
    assert_int_equal(s->lines, 4);
}

static void
another_user_does_not_wait(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, HOLD);
    s->login_first = true;
    place(s, "u-1", "558");
    delivery_start(s->delivery);
    RUN_UNTIL(s->base, s->held_count == 1);
    place_as(s, "u-2", "bea", "right");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(get(s->f.queue, "u-2").status, ORDER_CREATED);
    release(s, 200);
    run_until_counts(s, ORDER_CREATED, 2);
    assert_int_equal(s->logins, 2);
}

static void
a_failed_login_is_retried_by_the_next_order(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, CUT);
    s->login_first = true;
    place_many(s, 3);
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 3);
    assert_int_equal(s->lines, 3);
    assert_int_equal(s->logins, 2);
}

/* Three orders wait for one login; a rejection applies to all of them. */
static void
a_login_that_is_refused_is_sent_once(void **state)
{
    struct scripted *s = *state;

    SCRIPT(s, HOLD);
    s->otherwise = 401;
    s->login_first = true;
    place_many(s, 3);
    delivery_start(s->delivery);
    RUN_UNTIL(s->base, s->held_count == 1);
    release(s, 401);
    run_until_state(s, "parked");
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_int_equal(s->logins, 1);
    assert_int_equal(s->lines, 0);
    assert_int_equal(queue_count(s->f.queue, ORDER_PLACED), 3);
    s->otherwise = 200;
    delivery_start(s->delivery);
    run_until_counts(s, ORDER_CREATED, 3);
    assert_int_equal(s->logins, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(configured_credentials_park_until_started),
        TEST(a_start_asks_once_more_and_parks_again),
        TEST(own_credentials_that_are_refused_are_not_sent_again),
        TEST(own_credentials_take_precedence),
        TEST(without_credentials_nothing_is_sent),
        TEST(a_restart_remembers_configured_credentials),
        TEST(a_restart_remembers_own_credentials),
        TEST(orders_waiting_for_a_login_are_woken),
        TEST(another_user_does_not_wait),
        TEST(a_failed_login_is_retried_by_the_next_order),
        TEST(a_login_that_is_refused_is_sent_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
