/* The table. */
#include "common/order/reason.h"

#include <string.h>

static const struct reason reasons[] = {
    {REASON_WORKSHEET_NOT_FOUND, "The worksheet does not exist in the ERP.", REASON_REJECT, true,
     true},
    {REASON_WORKSHEET_CLOSED, "The worksheet no longer accepts lines.", REASON_REJECT, true, true},
    {REASON_PRODUCT_NOT_FOUND, "The product does not exist in the ERP.", REASON_REJECT, true, true},
    {REASON_AMOUNT_REFUSED, "The ERP does not accept the amount.", REASON_REJECT, true, true},
    {REASON_ERP_REJECTED, "The ERP refuses the order.", REASON_REJECT, true, true},
    {REASON_PRODUCT_UNMAPPED, "The product is not in the workshop's product mapping.",
     REASON_REJECT, false, false},
    {REASON_AMOUNT_IMPLAUSIBLE, "The amount is larger than the workshop allows.", REASON_REJECT,
     false, false},
    {REASON_WORKSHEET_LOCKED, "Another user has the worksheet open, or it changed meanwhile.",
     REASON_WAIT, false, true},
    {REASON_ERP_UNREACHABLE, "The ERP is unreachable.", REASON_RETRY, false, true},
    {REASON_ERP_BUSY, "The ERP is busy or limits the rate of requests.", REASON_RETRY, false, true},
    {REASON_ERP_FAILURE, "The ERP failed, or its reply is invalid.", REASON_RETRY, false, true},
    {REASON_AUTH_FAILED, "The ERP refuses the credentials.", REASON_PARK, false, true},
    {REASON_OUTCOME_UNKNOWN,
     "Nobody can tell whether the order has its line: look in the ERP before it is retried.",
     REASON_REJECT, false, true},
    {REASON_UI_CHANGED, "A page of the ERP does not match the recipe.", REASON_REJECT, false, true},
    {REASON_BROWSER_FAILURE, "The browser or its driver failed.", REASON_RETRY, false, true},
    {REASON_ATTEMPTS_EXHAUSTED, "The order was retried until the configured time limit.",
     REASON_REJECT, false, false},
    {REASON_CLEARED, "clear_queue removed the order from the queue.", REASON_REJECT, false, false},
    {REASON_WRITTEN_OFF, "A person decided that the order is never billed.", REASON_REJECT, false,
     false},
    {REASON_SESSION_LOST, "The ERP ended the session.", REASON_LOG_IN, false, true},
};

const struct reason *
reason_at(size_t i)
{
    return i < sizeof reasons / sizeof *reasons ? &reasons[i] : NULL;
}

const struct reason *
reason_find(const char *code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].code, code) == 0)
            return &reasons[i];
    return NULL;
}

const struct reason *
reason_find_recipe(const char *code)
{
    const struct reason *reason = reason_find(code);

    return reason && reason->in_recipe ? reason : NULL;
}

bool
reason_is_refusal(const char *code)
{
    const struct reason *reason = reason_find(code);

    return reason && reason->refusal;
}
