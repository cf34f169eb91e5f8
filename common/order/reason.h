/* Reason codes: why an order has no line in the ERP, or not yet. They are part of the contract with
 * clients; a new one is one row in reason.c. */
#ifndef COMMON_ORDER_REASON_H
#define COMMON_ORDER_REASON_H

#include <stdbool.h>
#include <stddef.h>

#define REASON_WORKSHEET_NOT_FOUND "worksheet_not_found"
#define REASON_WORKSHEET_CLOSED "worksheet_closed"
#define REASON_PRODUCT_NOT_FOUND "product_not_found"
#define REASON_AMOUNT_REFUSED "amount_refused"
#define REASON_ERP_REJECTED "erp_rejected"
#define REASON_PRODUCT_UNMAPPED "product_unmapped"
#define REASON_AMOUNT_IMPLAUSIBLE "amount_implausible"
#define REASON_WORKSHEET_LOCKED "worksheet_locked"
#define REASON_ERP_UNREACHABLE "erp_unreachable"
#define REASON_ERP_BUSY "erp_busy"
#define REASON_ERP_FAILURE "erp_failure"
#define REASON_AUTH_FAILED "auth_failed"
#define REASON_OUTCOME_UNKNOWN "outcome_unknown"
#define REASON_UI_CHANGED "ui_changed"
#define REASON_BROWSER_FAILURE "browser_failure"
#define REASON_ATTEMPTS_EXHAUSTED "attempts_exhausted"
#define REASON_CLEARED "cleared"
#define REASON_WRITTEN_OFF "written_off"

/* Only given by recipes; never the final reason of an order. */
#define REASON_SESSION_LOST "session_lost"

/* What the worker does. */
enum reason_action {
    REASON_REJECT, /* the order becomes `error` at once */
    REASON_RETRY,  /* backoff; after several of these in a row the worker parks itself */
    REASON_WAIT,   /* patient retry: the ERP works, and determines when */
    REASON_PARK,  /* the worker parks itself, or an order with credentials of its own is rejected */
    REASON_LOG_IN /* logs in anew, and goes on */
};

struct reason {
    const char *code;
    const char *meaning; /* one sentence */
    enum reason_action action;
    bool refusal;   /* the ERP has been searched for the order's line and does not have it */
    bool in_recipe; /* a recipe may give it */
};

/* NULL: unknown code. */
const struct reason *reason_find(const char *code);

/* The code at index i; NULL after the last. */
const struct reason *reason_at(size_t i);

/* The code if a recipe may give it; NULL: it may not. */
const struct reason *reason_find_recipe(const char *code);

/* Whether the code exists and is a refusal. */
bool reason_is_refusal(const char *code);

#endif
