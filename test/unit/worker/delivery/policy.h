/* An attempt, and what the policy makes of it. */
#ifndef TEST_UNIT_WORKER_DELIVERY_POLICY_H
#define TEST_UNIT_WORKER_DELIVERY_POLICY_H

#include "test/unit/worker/fixture.h"

#include "worker/delivery/policy.h"

#define NOW 1795594530000
#define HOUR 3600000

static const struct retry_policy retry = {
    .first_ms = 2000, .max_ms = 300000, .give_up_after_ms = 24 * HOUR};

static const struct hold_policy no_hold, hold = {.not_found_ms = 10 * HOUR, .closed_ms = HOUR};

struct attempt {
    struct order order;
    struct erp_outcome outcome;
    struct policy_attempt attempt;
    bool forget;
};

static inline void
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
                                         .hold = &no_hold,
                                         .can_look_up = true,
                                         .now_ms = NOW,
                                         .run_ms = NOW,
                                         .dice = UINT32_MAX};
}

static inline enum policy_sign
apply(struct attempt *a)
{
    return policy_apply(&a->order, &a->attempt, &a->forget);
}

static inline void
assert_order(const struct attempt *a, enum order_status status, const char *code, const char *text,
             int64_t next_ms)
{
    assert_int_equal(a->order.status, status);
    assert_string_equal(a->order.reason_code, code);
    assert_string_equal(a->order.reason_text, text);
    assert_int_equal(a->order.next_attempt_ms, next_ms);
}

#endif
