/* One place that decides whether a line is the ordered one. */
#include "erp-drivers/engine/line.h"

#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"

void
found_clear(struct found *found)
{
    free(found->reference);
    free(found->product_nr);
    free(found->amount);
    free(found->worksheet);
    free(found->words);
    *found = (struct found){.is = false};
}

/* A person has to mend the others; a retry finds ours. */
static enum erp_verdict
as_ordered(const struct found *found, const char *changed, struct erp_outcome *outcome)
{
    if (!*changed)
        return erp_end(outcome, ERP_CREATED, NULL, "%s", found->words ? found->words : "");
    return erp_end(outcome, ERP_REJECT, REASON_ERP_REJECTED,
                   "the line is stored as ordered (%s), but saving it had side effects: %s",
                   found->reference, changed);
}

enum erp_verdict
found_compare(const struct found *found, const struct order *order, const char *amount_code,
              const char *changed, struct erp_outcome *outcome)
{
    bool same = strcmp(found->product_nr, order->product_nr) == 0 &&
                (!found->worksheet || strcmp(found->worksheet, order->worksheet) == 0);
    bool equal = amount_valid(found->amount) && amount_equal(found->amount, order->product_amount);
    enum erp_verdict verdict;

    if (same && equal)
        verdict = as_ordered(found, changed, outcome);
    else
        verdict =
            erp_end(outcome, ERP_REJECT, same ? amount_code : REASON_ERP_REJECTED,
                    "line %s of the ERP carries this uniqueid and holds %s of product %s%s%s; "
                    "ordered: %s of %s on %s%s%s",
                    found->reference, found->amount, found->product_nr,
                    found->worksheet ? " on worksheet " : "",
                    found->worksheet ? found->worksheet : "", order->product_amount,
                    order->product_nr, order->worksheet, *changed ? "; " : "", changed);
    text_copy(outcome->reference, sizeof outcome->reference, found->reference);
    text_clean(outcome->reference);
    return verdict;
}

enum erp_verdict
found_nothing(const struct order *order, struct erp_outcome *outcome)
{
    return erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                   "the ERP accepted the line, but does not show it: look for the uniqueid %s in "
                   "the ERP, then resolve or retry the order",
                   order->uniqueid);
}

void
found_facts(const struct found *found, const struct order *order, struct erp_facts *facts)
{
    if (found->is)
        erp_facts_line(facts, order, found->reference, found->product_nr, found->amount,
                       found->worksheet);
    else
        facts->line = ERP_LINE_MISSING;
}
