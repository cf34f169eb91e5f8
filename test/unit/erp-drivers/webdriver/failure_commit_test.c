/* Failures at and after the commit: whether the line is there, and a browser that is cut off from
 * the ERP. */
#include "test/unit/erp-drivers/fake_attempt.h"

/* The page reports an error although it stored the line. */
static void
test_refusal_after_a_save(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
    assert_int_equal(fake.sessions, 1);
    assert_int_equal(fake.delayed_ms, 0);
}

/* Without a confirmation, the ERP may still be processing it. */
static void
test_refusal_during_a_save(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.rule = 3;
    fake.says_no_when_saved = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_in_range(fake.delayed_ms, 3900, 4000);
}

static void
test_refusal_after_a_save_of_another_amount(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.line_amount = "4";
    expect(attempt(&order), ERP_REJECT, "amount_refused");
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
}

/* An error instead of the expected dialog ends the wait at once. */
static void
test_refusal_in_place_of_a_dialog(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.rule = 3;
    fake.asks_nothing = fake.says_no_when_saved = true;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_int_equal(fake.saves, 0);
    assert_in_range(fake.delayed_ms, 3900, 4000); /* only settle_s */
}

static void
test_refusal_at_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.refuses = true;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_string_equal(outcome.reason_text, "it says so");
    assert_string_equal(outcome.reference, "");
    assert_int_equal(fake.saves, 0);
    assert_int_equal(fake.commits, COMMIT_ACTS);
}

/* The look-up afterwards fails: the outcome is unknown, and the next attempt looks first. */
static void
test_refusal_and_no_look_up(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.hides_lines = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_string_equal(outcome.reason_text,
                        "the line may be in the ERP, but the look-up was refused: "
                        "worksheet_closed: it says so");
    fake.rule = -1;
    expect(attempt(&order), ERP_REJECT, "ui_changed");
    fake.hides_lines = false;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
}

/* An error rule that matches at once does not hide a stored line. */
static void
test_refusal_while_looking_up(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.says_no_at_once = true;
    fake.rule = 3;
    fake.saves = 1;
    expect(attempt(&order), ERP_CREATED, NULL);
    fake.saves = 0;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_int_equal(fake.commits, 0);
}

static void
test_other_dialog_at_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.dialog = "The worksheet is in use by Ann";
    expect(attempt(&order), ERP_RETRY, "worksheet_locked");
    assert_int_equal(fake.saves, 0);
    fake.dialog = "Whatever";
    expect(attempt(&order), ERP_RETRY, "ui_changed");
    fake.dialog = "Save it?";
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
}

/* --- the browser is cut off from the ERP --- */

/* The page shows the ERP's reply, which the proxy could not read: a new browser reads it back. */
static void
test_cut_off_and_confirmed(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.cuts_off = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
    assert_int_equal(fake.sessions, 2);
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.delayed_ms, 0);
}

static void
test_cut_off_and_not_confirmed(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.cuts_off = fake.forgets = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_int_equal(fake.saves, 1);
}

/* If the expected element never appears, the wait is short. */
static void
test_cut_off_without_an_answer(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    json_object_set_new(json_object_get(erp, "$recipe"), "timeout_s", json_integer(60));
    fake.cuts_off = fake.never_confirms = true;
    expect(attempt(&order), ERP_RETRY, "erp_unreachable");
    assert_string_equal(outcome.reason_text, "commit/2 wait: the ERP closed the connection");
    assert_in_range(fake.delayed_ms, 2700, 3300);
    assert_int_equal(fake.open, 0);
    fake.delayed_ms = 0;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_in_range(fake.delayed_ms, 3900, 4000); /* settle_s */
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
}

static void
test_cut_off_and_refused(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.cuts_off = fake.refuses = true;
    fake.rule = 3;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_int_equal(fake.saves, 0);
    assert_int_equal(fake.commits, COMMIT_ACTS);
    assert_int_equal(fake.sessions, 2);
}

/* A dropped attempt leaves a browser that can reach nothing. */
static void
test_cut_off_before(void **state)
{
    struct order first = order_of("u-1"), next = order_of("u-2");

    (void)state;
    fake.forgets = true;
    expect(attempt(&first), ERP_REJECT, "outcome_unknown");
    fake.forgets = false;
    fake.saves = 0;
    fake.cut = true;
    expect(attempt(&next), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.sessions, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_refusal_after_a_save),
                                       TEST(test_refusal_after_a_save_of_another_amount),
                                       TEST(test_refusal_during_a_save),
                                       TEST(test_refusal_in_place_of_a_dialog),
                                       TEST(test_refusal_at_the_commit),
                                       TEST(test_refusal_and_no_look_up),
                                       TEST(test_refusal_while_looking_up),
                                       TEST(test_other_dialog_at_commit),
                                       TEST(test_cut_off_and_confirmed),
                                       TEST(test_cut_off_and_not_confirmed),
                                       TEST(test_cut_off_without_an_answer),
                                       TEST(test_cut_off_and_refused),
                                       TEST(test_cut_off_before)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
