/* The decision after an attempt: what an outcome means. Pure functions: clock and random numbers
 * are arguments. */
#include "test/unit/worker/delivery/policy.h"

/* The reply to the request that may create the line; it cannot be asked again. */
static void
a_sent_request_that_cannot_be_looked_up_does_not_wait(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "worksheet_closed", "it is closed");
    a.attempt.hold = &hold;
    a.attempt.can_look_up = false;
    a.order.commit_sent = true;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "worksheet_closed", "it is closed", 0);
}

/* If another workshop writes to the same ERP, a line found before anything was sent may not be
 * ours. */
static void
found_beside_a_neighbour(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_CREATED, NULL, "");
    strcpy(a.outcome.reference, "17");
    a.attempt.neighbour = "Carls Cars";
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_int_equal(a.order.status, ORDER_ERROR);
    assert_string_equal(a.order.reason_code, "outcome_unknown");
    assert_non_null(strstr(a.order.reason_text, "line 17 "));
    assert_non_null(strstr(a.order.reason_text, "\"Carls Cars\""));
    assert_string_equal(a.order.erp_reference, "");
    a.order.status = ORDER_PROCESSING;
    a.order.commit_sent = true; /* it looked before, so the line is ours */
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_CREATED, "", "", 0);
    assert_string_equal(a.order.erp_reference, "17");
}

static void
created(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_CREATED, NULL, "");
    strcpy(a.outcome.reference, "47\x01"
                                "11");
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_CREATED, "", "", 0);
    assert_string_equal(a.order.erp_reference, "47 11");
    assert_false(a.forget);
}

static void
rejected(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "worksheet_closed", "it is closed");
    strcpy(a.outcome.reference, "4711");
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_ERROR, "worksheet_closed", "it is closed", 0);
    assert_string_equal(a.order.erp_reference, "4711");
    assert_int_equal(a.order.retry_since_ms, 0);
    assert_false(a.forget);
}

static void
a_changed_page_leaves_a_doubt(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "ui_changed", "lookup/2: no such table");
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_ERROR, "ui_changed", "lookup/2: no such table", 0);
    attempt_of(&a, ERP_REJECT, "ui_changed", "lookup/2: no such table");
    a.order.commit_sent = true; /* sent by an earlier attempt, and the look-up failed */
    apply(&a);
    assert_order(&a, ORDER_ERROR, "ui_changed",
                 "the line may be in the ERP, lookup/2: no such table", 0);
    memset(a.outcome.reason_text, 'x', sizeof a.outcome.reason_text - 1);
    apply(&a);
    assert_int_equal(strncmp(a.order.reason_text, "the line may be in the ERP, xxx", 31), 0);
}

static void
own_credentials_end_the_order(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_PARK, "auth_failed", "no such user");
    a.attempt.own_credentials = true;
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_ERROR, "auth_failed", "no such user", 0);
    assert_true(a.forget);
}

static void
configured_credentials_park(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_PARK, "auth_failed", "no such user");
    assert_int_equal(apply(&a), POLICY_REFUSES);
    assert_order(&a, ORDER_PLACED, "auth_failed", "no such user", 0);
    assert_false(a.forget);
}

/* --- unknown outcomes --- */

static void
a_request_that_may_have_been_sent_is_not_repeated_blindly(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_unreachable",
               "the connection was lost before the reply arrived");
    a.attempt.can_look_up = false;
    a.order.commit_sent = true;
    assert_int_equal(apply(&a), POLICY_FAILS);
    assert_order(&a, ORDER_ERROR, "outcome_unknown",
                 "the connection was lost before the reply arrived", 0);
}

static void
unsent_requests_and_lines_that_can_be_looked_up_are_retried(void **state)
{
    struct attempt a;

    (void)state;
    for (int look_up = 0; look_up < 2; look_up++) {
        attempt_of(&a, ERP_RETRY, "erp_unreachable", "cut off");
        a.attempt.can_look_up = look_up;
        a.order.commit_sent = look_up;
        assert_int_equal(apply(&a), POLICY_FAILS);
        assert_int_equal(a.order.status, ORDER_PLACED);
        assert_int_equal(a.order.commit_sent, look_up);
    }
}

/* A definite answer counts, even if a request was sent before. */
static void
an_answer_ends_the_doubt(void **state)
{
    static const enum erp_verdict verdicts[] = {ERP_CREATED, ERP_REJECT};
    struct attempt a;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        attempt_of(&a, verdicts[i], "amount_refused", "");
        a.attempt.can_look_up = false;
        a.order.commit_sent = true;
        assert_int_equal(apply(&a), POLICY_ANSWERS);
        assert_int_equal(a.order.status, i ? ORDER_ERROR : ORDER_CREATED);
    }
}

static void
foreign_text_is_cleaned(void **state)
{
    static const enum erp_verdict verdicts[] = {ERP_REJECT, ERP_RETRY, ERP_PARK};
    struct attempt a;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        attempt_of(&a, verdicts[i], "auth_failed", "a\xff\xc3\xa4\x1b[31m\n\xed\xa0\x80");
        apply(&a);
        assert_string_equal(a.order.reason_text, "a?\xc3\xa4 [31m ???");
    }
    attempt_of(&a, ERP_RETRY, "erp_failure", "\xff");
    a.order.retry_since_ms = 1;
    apply(&a);
    assert_string_equal(a.order.reason_text, "erp_failure: ?");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sent_request_that_cannot_be_looked_up_does_not_wait),
        cmocka_unit_test(created),
        cmocka_unit_test(found_beside_a_neighbour),
        cmocka_unit_test(rejected),
        cmocka_unit_test(a_changed_page_leaves_a_doubt),
        cmocka_unit_test(own_credentials_end_the_order),
        cmocka_unit_test(configured_credentials_park),
        cmocka_unit_test(a_request_that_may_have_been_sent_is_not_repeated_blindly),
        cmocka_unit_test(unsent_requests_and_lines_that_can_be_looked_up_are_retried),
        cmocka_unit_test(an_answer_ends_the_doubt),
        cmocka_unit_test(foreign_text_is_cleaned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
