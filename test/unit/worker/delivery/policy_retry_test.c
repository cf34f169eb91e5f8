/* The decision after an attempt: when the next one is due, and when it is the last. */
#include "test/unit/worker/delivery/policy.h"

/* Waits at growing intervals, and asks once more when the time is up. */
static void
it_waits_for_its_worksheet(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "worksheet_not_found", "no sheet 558");
    a.attempt.hold = &hold;
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_PLACED, "worksheet_not_found", "no sheet 558", NOW + 1999);
    assert_true(a.order.held);
    a.order.attempts = 20;
    a.attempt.run_ms = NOW + 10 * HOUR - 5000;
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_PLACED, "worksheet_not_found", "no sheet 558", NOW + 5000);
    a.attempt.run_ms = NOW + 10 * HOUR;
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_ERROR, "worksheet_not_found", "no sheet 558", 0);
}

static void
each_reason_has_its_own_wait(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "worksheet_closed", "it is closed");
    a.attempt.hold = &hold;
    apply(&a);
    assert_int_equal(a.order.status, ORDER_PLACED);
    a.attempt.run_ms = NOW + HOUR;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "worksheet_closed", "it is closed", 0);
    attempt_of(&a, ERP_REJECT, "product_not_found", "no product");
    a.attempt.hold = &hold;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "product_not_found", "no product", 0);
}

/* Failures before the wait do not shorten it; the wait does not use up what an outage may take; and
 * both together have an end. */
static void
a_wait_and_an_outage(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_REJECT, "worksheet_not_found", "no sheet 558");
    a.attempt.hold = &hold;
    a.order.retry_since_ms = NOW - 20 * HOUR;
    apply(&a);
    assert_int_equal(a.order.status, ORDER_PLACED);
    assert_int_equal(a.order.retry_since_ms, NOW);
    a.attempt.verdict = ERP_RETRY;
    a.outcome.reason_code = "erp_unreachable";
    a.attempt.run_ms = NOW + 30 * HOUR;
    apply(&a);
    assert_int_equal(a.order.status, ORDER_PLACED);
    a.attempt.run_ms = NOW + 34 * HOUR;
    apply(&a);
    assert_string_equal(a.order.reason_code, "attempts_exhausted");
}

static void
technical_failures_are_retried(void **state)
{
    static const char *const codes[] = {"erp_unreachable", "erp_busy", "erp_failure",
                                        "browser_failure"};
    struct attempt a;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        attempt_of(&a, ERP_RETRY, codes[i], "look-up: cannot connect");
        assert_int_equal(apply(&a), POLICY_FAILS);
        assert_order(&a, ORDER_PLACED, codes[i], "look-up: cannot connect", NOW + 1999);
        assert_int_equal(a.order.retry_since_ms, NOW);
        assert_false(a.forget);
    }
}

static void
the_next_attempt_is_never_at_zero(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_busy", "");
    a.attempt.dice = 0;
    apply(&a);
    assert_int_equal(a.order.next_attempt_ms, NOW + 1);
}

/* --- backoff --- */

static void
backoff_is_within_its_bounds(void **state)
{
    static const int64_t caps[] = {2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000};

    (void)state;
    for (unsigned attempt = 1; attempt <= 9; attempt++) {
        assert_int_equal(policy_backoff_ms(&retry, attempt, 0), 0);
        assert_int_equal(policy_backoff_ms(&retry, attempt, UINT32_MAX), caps[attempt - 1] - 1);
        assert_int_equal(policy_backoff_ms(&retry, attempt, 1u << 31), caps[attempt - 1] / 2);
    }
    assert_int_equal(policy_backoff_ms(&retry, 0, UINT32_MAX), 1999);
    assert_int_equal(policy_backoff_ms(&retry, UINT32_MAX, UINT32_MAX), 299999);
}

static void
backoff_survives_great_limits(void **state)
{
    const struct retry_policy great = {.first_ms = 1, .max_ms = INT64_MAX / 2};

    (void)state;
    assert_in_range(policy_backoff_ms(&great, UINT32_MAX, UINT32_MAX), INT64_MAX / 4,
                    INT64_MAX / 2);
    assert_int_equal(policy_backoff_ms(&great, 1, UINT32_MAX), 0);
}

/* Uniform random numbers give uniform waits: each tenth of the range gets a tenth of them. */
static void
backoff_is_spread_evenly(void **state)
{
    unsigned tenths[10] = {0};
    const unsigned rolls = 10000;

    (void)state;
    for (unsigned i = 0; i < rolls; i++) {
        uint32_t dice = (uint32_t)(((uint64_t)i << 32) / rolls);

        tenths[policy_backoff_ms(&retry, 3, dice) / 800]++;
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(tenths[i], rolls / 10 - 2, rolls / 10 + 2);
}

/* --- give-up time --- */

static void
a_locked_worksheet_is_asked_patiently(void **state)
{
    static const struct {
        unsigned attempts;
        int64_t soonest_ms, latest_ms;
    } waits[] = {{1, 1000, 1999}, {3, 4000, 7999}, {50, 30000, 59999}};
    struct attempt a;

    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        attempt_of(&a, ERP_RETRY, "worksheet_locked", "open at Bea's");
        a.order.attempts = waits[i].attempts;
        a.attempt.dice = 0;
        assert_int_equal(apply(&a), POLICY_ANSWERS);
        assert_order(&a, ORDER_PLACED, "worksheet_locked", "open at Bea's",
                     NOW + waits[i].soonest_ms);
        a.attempt.dice = UINT32_MAX;
        assert_int_equal(apply(&a), POLICY_ANSWERS);
        assert_int_equal(a.order.next_attempt_ms, NOW + waits[i].latest_ms);
    }
}

static void
retries_of_a_locked_worksheet_end_too(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "worksheet_locked", "open at Bea's");
    a.order.retry_since_ms = NOW - 24 * HOUR;
    assert_int_equal(apply(&a), POLICY_ANSWERS);
    assert_order(&a, ORDER_ERROR, "attempts_exhausted", "worksheet_locked: open at Bea's", 0);
}

static void
exhaustion_names_the_last_reason(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_busy", "429");
    a.order.retry_since_ms = NOW - 24 * HOUR + 1;
    assert_int_equal(apply(&a), POLICY_FAILS);
    assert_int_equal(a.order.status, ORDER_PLACED);
    assert_int_equal(a.order.retry_since_ms, NOW - 24 * HOUR + 1);
    a.order.retry_since_ms = NOW - 24 * HOUR;
    assert_int_equal(apply(&a), POLICY_FAILS);
    assert_order(&a, ORDER_ERROR, "attempts_exhausted", "erp_busy: 429", 0);
}

/* The clock is set forward two days while the ERP is unreachable. */
static void
a_step_of_the_clock_exhausts_nothing(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_unreachable", "booting");
    a.attempt.run_ms = 1000;
    apply(&a);
    assert_int_equal(a.order.retry_since_ms, 1000);
    a.attempt.now_ms = NOW + 48 * HOUR;
    a.attempt.run_ms = 61000;
    assert_int_equal(apply(&a), POLICY_FAILS);
    assert_int_equal(a.order.status, ORDER_PLACED);
    a.attempt.now_ms = NOW;
    a.attempt.run_ms = 1000 + 24 * HOUR;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "attempts_exhausted", "erp_unreachable: booting", 0);
}

static void
exhaustion_tells_a_doubt(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_unreachable", "cut off");
    a.order.commit_sent = true;
    a.order.retry_since_ms = 1;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "attempts_exhausted",
                 "the line may be in the ERP, erp_unreachable: cut off", 0);
}

static void
exhaustion_tells_of_a_line_that_may_be_there(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_unreachable", "write: timed out");
    a.order.commit_sent = true;
    a.order.retry_since_ms = NOW - 24 * HOUR;
    apply(&a);
    assert_order(&a, ORDER_ERROR, "attempts_exhausted",
                 "the line may be in the ERP, erp_unreachable: write: timed out", 0);
}

static void
no_wait_is_longer_than_the_longest(void **state)
{
    struct retry_policy even = {2000, 2000, HOUR}, usual = {2000, 300000, HOUR};

    (void)state;
    assert_int_equal(policy_longest_ms(&usual), 300001);
    /* Waits may be up to twice the first one. */
    assert_int_equal(policy_longest_ms(&even), 4001);
}

static void
exhaustion_fits_the_longest_reason(void **state)
{
    struct attempt a;

    (void)state;
    attempt_of(&a, ERP_RETRY, "erp_failure", "");
    memset(a.outcome.reason_text, 'x', ORDER_REASON_TEXT_MAX);
    a.order.retry_since_ms = 1;
    apply(&a);
    assert_memory_equal(a.order.reason_text, "erp_failure: xxxx", 17);
    assert_in_range(strlen(a.order.reason_text), 400, ORDER_REASON_TEXT_MAX);
}

/* --- Retry-After --- */

static int64_t
wait_with(int64_t retry_after_ms, uint32_t dice)
{
    struct attempt a;

    attempt_of(&a, ERP_RETRY, "erp_busy", "");
    a.outcome.retry_after_ms = retry_after_ms;
    a.attempt.dice = dice;
    apply(&a);
    assert_int_equal(a.order.status, ORDER_PLACED);
    return a.order.next_attempt_ms - NOW;
}

static void
retry_after_is_respected(void **state)
{
    (void)state;
    assert_int_equal(wait_with(60000, UINT32_MAX), 60000);
    assert_int_equal(wait_with(1000, UINT32_MAX), 1999);
    assert_int_equal(wait_with(1000, 0), 1000);
    assert_int_equal(wait_with(300000, 0), 300000);
    assert_int_equal(wait_with(INT64_MAX, 0), 300000);
    assert_int_equal(wait_with(-5, 0), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_waits_for_its_worksheet),
        cmocka_unit_test(each_reason_has_its_own_wait),
        cmocka_unit_test(a_wait_and_an_outage),
        cmocka_unit_test(technical_failures_are_retried),
        cmocka_unit_test(the_next_attempt_is_never_at_zero),
        cmocka_unit_test(backoff_is_within_its_bounds),
        cmocka_unit_test(backoff_survives_great_limits),
        cmocka_unit_test(backoff_is_spread_evenly),
        cmocka_unit_test(a_locked_worksheet_is_asked_patiently),
        cmocka_unit_test(retries_of_a_locked_worksheet_end_too),
        cmocka_unit_test(exhaustion_names_the_last_reason),
        cmocka_unit_test(a_step_of_the_clock_exhausts_nothing),
        cmocka_unit_test(exhaustion_tells_a_doubt),
        cmocka_unit_test(exhaustion_tells_of_a_line_that_may_be_there),
        cmocka_unit_test(no_wait_is_longer_than_the_longest),
        cmocka_unit_test(exhaustion_fits_the_longest_reason),
        cmocka_unit_test(retry_after_is_respected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
