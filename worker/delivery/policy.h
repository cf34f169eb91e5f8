/* What follows from an attempt: the order's next state, and what it says about the ERP. Pure
 * functions: clock and random numbers are arguments. */
#ifndef WORKER_DELIVERY_POLICY_H
#define WORKER_DELIVERY_POLICY_H

#include "common/config/config.h"
#include "erp-drivers/driver.h"

enum policy_sign {
    POLICY_ANSWERS, /* the ERP is up: it accepted or refused the order, or its worksheet is in use
                     */
    POLICY_FAILS,   /* technical trouble; several in a row park the worker */
    POLICY_REFUSES  /* the configured credentials are refused: park at once */
};

struct policy_attempt {
    enum erp_verdict verdict; /* neither ERP_SEND nor ERP_WAIT */
    const struct erp_outcome *outcome;
    const struct retry_policy *retry;
    const struct hold_policy *hold;
    bool own_credentials; /* the attempt used the order's own */
    bool can_look_up;
    const char *neighbour; /* another workshop that writes to this ERP; NULL: none is known */
    int64_t now_ms;        /* wall clock */
    int64_t run_ms;        /* how long the worker has run, see queue_run_ms */
    uint32_t dice;         /* uniform over all values */
};

/* Sets status, reason, reference, next_attempt_ms and retry_since_ms of *order. Sets *forget if the
 * order's own credentials are no longer needed. */
enum policy_sign policy_apply(struct order *order, const struct policy_attempt *attempt,
                              bool *forget);

/* Whether the line of an order in error may be in the ERP: a request that may have stored it was
 * sent, and no look-up since then has found nothing. */
bool policy_line_may_exist(const struct order *order);

/* Full jitter: uniform in 0 … min(max, first * 2^(attempt - 1)). attempt counts from 1. Source:
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. */
int64_t policy_backoff_ms(const struct retry_policy *retry, unsigned attempt, uint32_t dice);

/* No wait is longer: a longer one means that the clock was set back. */
int64_t policy_longest_ms(const struct retry_policy *retry);

#endif
