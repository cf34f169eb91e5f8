/* Our line as the ERP holds it, against what was ordered. */
#ifndef ERP_DRIVERS_ENGINE_LINE_H
#define ERP_DRIVERS_ENGINE_LINE_H

#include "erp-drivers/driver.h"

/* All texts are owned. */
struct found {
    bool is;
    char *reference, *product_nr, *amount;
    char *worksheet, *words; /* may be NULL; words: what people may want to know */
};

void found_clear(struct found *found);

/* ERP_CREATED where the line holds what was ordered, else ERP_REJECT with what it holds, and the
 * line's reference in both cases. amount_code: the reason where nothing but the amount differs.
 * changed: what the save did besides, or empty. */
enum erp_verdict found_compare(const struct found *found, const struct order *order,
                               const char *amount_code, const char *changed,
                               struct erp_outcome *outcome);

/* Where it is not there after the ERP has accepted it. It is not sent again. */
enum erp_verdict found_nothing(const struct order *order, struct erp_outcome *outcome);

/* What ERP_LOOK_UP tells of it. */
void found_facts(const struct found *found, const struct order *order, struct erp_facts *facts);

#endif
