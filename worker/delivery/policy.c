/* From an outcome to a state. */
#include "worker/delivery/policy.h"

#include <stdio.h>
#include <string.h>

#include "common/order/reason.h"

#define PATIENT_MAX_MS 60000

static int64_t
backoff_cap_ms(const struct retry_policy *retry, unsigned attempt)
{
    int64_t cap = retry->first_ms;

    while (attempt-- > 1 && cap < retry->max_ms)
        cap *= 2;
    return cap < retry->max_ms ? cap : retry->max_ms;
}

static int64_t
share_of(int64_t whole, uint32_t dice)
{
    return (int64_t)((unsigned __int128)(uint64_t)whole * dice >> 32);
}

int64_t
policy_backoff_ms(const struct retry_policy *retry, unsigned attempt, uint32_t dice)
{
    return share_of(backoff_cap_ms(retry, attempt), dice);
}

int64_t
policy_longest_ms(const struct retry_policy *retry)
{
    return (retry->max_ms > 2 * retry->first_ms ? retry->max_ms : 2 * retry->first_ms) + 1;
}

/* A person has the worksheet open: retry without limit, at growing intervals of up to a minute. */
static int64_t
patient_ms(const struct retry_policy *retry, unsigned attempt, uint32_t dice)
{
    int64_t cap = backoff_cap_ms(retry, attempt);

    if (cap > PATIENT_MAX_MS && retry->first_ms < PATIENT_MAX_MS)
        cap = PATIENT_MAX_MS;
    return cap / 2 + share_of(cap / 2, dice);
}

static void
set_reason(struct order *order, const char *code, const char *text)
{
    text_copy(order->reason_code, sizeof order->reason_code, code);
    text_copy(order->reason_text, sizeof order->reason_text, text);
    text_clean(order->reason_text);
}

static void
set_reference(struct order *order, const char *reference)
{
    text_copy(order->erp_reference, sizeof order->erp_reference, reference);
    text_clean(order->erp_reference);
}

static void
end_in_error(struct order *order, const char *code, const char *text)
{
    order->status = ORDER_ERROR;
    order->next_attempt_ms = 0;
    set_reason(order, code, text);
}

/* A person who enters it by hand must look first. A retry does that by itself. */
static const char *
doubt(const struct order *order)
{
    return order->commit_sent ? "the line may be in the ERP, " : "";
}

/* Time spent waiting for the worksheet does not count as a failure of the ERP. */
static int64_t
give_up_after_ms(const struct order *order, const struct policy_attempt *a)
{
    int64_t held_ms =
        a->hold->not_found_ms > a->hold->closed_ms ? a->hold->not_found_ms : a->hold->closed_ms;

    return a->retry->give_up_after_ms + (order->held ? held_ms : 0);
}

static void
exhaust(struct order *order, const struct erp_outcome *last)
{
    char text[sizeof order->reason_text];

    snprintf(text, sizeof text, "%s%s: %.*s", doubt(order), last->reason_code,
             (int)sizeof text - 96, last->reason_text);
    end_in_error(order, REASON_ATTEMPTS_EXHAUSTED, text);
}

static enum policy_sign
apply_retry(struct order *order, const struct policy_attempt *a)
{
    const struct reason *reason = reason_find(a->outcome->reason_code);
    bool patient = reason && reason->action == REASON_WAIT;
    int64_t wait = patient ? patient_ms(a->retry, order->attempts, a->dice)
                           : policy_backoff_ms(a->retry, order->attempts, a->dice);
    enum policy_sign sign = patient ? POLICY_ANSWERS : POLICY_FAILS;

    if (order->commit_sent && !a->can_look_up) {
        end_in_error(order, REASON_OUTCOME_UNKNOWN, a->outcome->reason_text);
        return sign;
    }
    if (!order->retry_since_ms)
        order->retry_since_ms = a->run_ms;
    if (a->run_ms - order->retry_since_ms >= give_up_after_ms(order, a)) {
        exhaust(order, a->outcome);
        return sign;
    }
    if (wait < a->outcome->retry_after_ms)
        wait = a->outcome->retry_after_ms < a->retry->max_ms ? a->outcome->retry_after_ms
                                                             : a->retry->max_ms;
    order->status = ORDER_PLACED;
    order->next_attempt_ms = a->now_ms + (wait > 0 ? wait : 1);
    set_reason(order, a->outcome->reason_code, a->outcome->reason_text);
    return sign;
}

static int64_t
hold_ms(const struct policy_attempt *a)
{
    if (strcmp(a->outcome->reason_code, REASON_WORKSHEET_NOT_FOUND) == 0)
        return a->hold->not_found_ms;
    return strcmp(a->outcome->reason_code, REASON_WORKSHEET_CLOSED) == 0 ? a->hold->closed_ms : 0;
}

/* It asks again at growing intervals, and once more when its time is up. Without a look-up, no one
 * asks again what a sent request has become. */
static bool
may_wait(struct order *order, const struct policy_attempt *a)
{
    int64_t limit = hold_ms(a), cap = backoff_cap_ms(a->retry, order->attempts), left, wait;

    if (!limit || (order->commit_sent && !a->can_look_up))
        return false;
    if (!order->held)
        order->retry_since_ms = a->run_ms;
    order->held = true;
    left = order->retry_since_ms + limit - a->run_ms;
    if (left <= 0)
        return false;
    wait = cap / 2 + share_of(cap / 2, a->dice);
    wait = wait < left ? wait : left;
    order->status = ORDER_PLACED;
    order->next_attempt_ms = a->now_ms + (wait > 0 ? wait : 1);
    set_reason(order, a->outcome->reason_code, a->outcome->reason_text);
    return true;
}

/* Every other refusal comes after a look-up of existing lines. */
static bool
is_blind(const char *code)
{
    return strcmp(code, REASON_UI_CHANGED) == 0;
}

static void
reject(struct order *order, const struct erp_outcome *outcome)
{
    bool blind = is_blind(outcome->reason_code);
    char text[sizeof order->reason_text];

    snprintf(text, sizeof text, "%s%.*s", blind ? doubt(order) : "", (int)sizeof text - 32,
             outcome->reason_text);
    end_in_error(order, outcome->reason_code, blind ? text : outcome->reason_text);
    set_reference(order, outcome->reference);
}

bool
policy_line_may_exist(const struct order *order)
{
    return *order->erp_reference || (order->commit_sent && !reason_is_refusal(order->reason_code));
}

static enum policy_sign
apply_refused_credentials(struct order *order, const struct policy_attempt *a, bool *forget)
{
    if (a->own_credentials) {
        *forget = true;
        end_in_error(order, a->outcome->reason_code, a->outcome->reason_text);
        return POLICY_ANSWERS;
    }
    order->status = ORDER_PLACED;
    order->next_attempt_ms = 0;
    set_reason(order, a->outcome->reason_code, a->outcome->reason_text);
    return POLICY_REFUSES;
}

/* A line that existed before anything was sent is this order's if its queue was restored from a
 * backup, or else another workshop's with the same uniqueid. */
static bool
may_be_a_neighbours(const struct order *order, const struct policy_attempt *a)
{
    return a->neighbour && !order->commit_sent;
}

static enum policy_sign
apply_created(struct order *order, const struct policy_attempt *a)
{
    char text[sizeof order->reason_text];

    if (may_be_a_neighbours(order, a)) {
        snprintf(text, sizeof text,
                 "line %s existed in the ERP before anything was sent, and workshop \"%s\" writes "
                 "to the same ERP: check which order the line belongs to; if it is not this one, "
                 "enter this order by hand",
                 a->outcome->reference, a->neighbour);
        end_in_error(order, REASON_OUTCOME_UNKNOWN, text);
        return POLICY_ANSWERS;
    }
    order->status = ORDER_CREATED;
    order->next_attempt_ms = 0;
    set_reason(order, "", a->outcome->reason_text);
    set_reference(order, a->outcome->reference);
    return POLICY_ANSWERS;
}

enum policy_sign
policy_apply(struct order *order, const struct policy_attempt *a, bool *forget)
{
    *forget = false;
    switch (a->verdict) {
    case ERP_CREATED:
        return apply_created(order, a);
    case ERP_REJECT:
        if (!may_wait(order, a))
            reject(order, a->outcome);
        return POLICY_ANSWERS;
    case ERP_PARK:
        return apply_refused_credentials(order, a, forget);
    default:
        return apply_retry(order, a);
    }
}
