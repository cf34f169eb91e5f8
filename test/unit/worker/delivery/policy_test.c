/* The decision after an attempt. Pure functions: clock and random numbers are arguments. */
#include "test/unit/worker/fixture.h"

#include "worker/delivery/policy.h"

#define NOW 1795594530000
#define HOUR 3600000

static const struct retry_policy retry = {
    .first_ms = 2000, .max_ms = 300000, .give_up_after_ms = 24 * HOUR};

struct attempt {
    struct order order;
    struct erp_outcome outcome;
    struct policy_attempt attempt;
    bool forget;
};

static void
attempt_of(struct attempt *a, enum erp_verdict verdict, const char *code, const char *text)
{
    *a = (struct attempt){.order = order_of("u-1", "558"), .forget = true};
    a->order.status = ORDER_PROCESSING;
    a->order.attempts = 1;
    a->order.next_attempt_ms = 5;
    strcpy(a->order.reason_code, "erp_busy");
    strcpy(a->order.reason_text, "an earlier one");
    a->outcome.reason_code = code;
    snprintf(a->outcome.reason_text, sizeof a->outcome.reason_text, "%s", text);
    a->attempt = (struct policy_attempt){.verdict = verdict,
                                         .outcome = &a->outcome,
                                         .retry = &retry,
                                         .can_look_up = true,
                                         .now_ms = NOW,
                                         .run_ms = NOW,
                                         .dice = UINT32_MAX};
}

static enum policy_sign
apply(struct attempt *a)
{
    return policy_apply(&a->order, &a->attempt, &a->forget);
}

static void
assert_order(const struct attempt *a, enum order_status status, const char *code, const char *text,
             int64_t next_ms)
{
    assert_int_equal(a->order.status, status);
    assert_string_equal(a->order.reason_code, code);
    assert_string_equal(a->order.reason_text, text);
    assert_int_equal(a->order.next_attempt_ms, next_ms);
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
        cmocka_unit_test(created),
        cmocka_unit_test(found_beside_a_neighbour),
        cmocka_unit_test(rejected),
        cmocka_unit_test(a_changed_page_leaves_a_doubt),
        cmocka_unit_test(own_credentials_end_the_order),
        cmocka_unit_test(configured_credentials_park),
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
        cmocka_unit_test(a_request_that_may_have_been_sent_is_not_repeated_blindly),
        cmocka_unit_test(unsent_requests_and_lines_that_can_be_looked_up_are_retried),
        cmocka_unit_test(an_answer_ends_the_doubt),
        cmocka_unit_test(foreign_text_is_cleaned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
