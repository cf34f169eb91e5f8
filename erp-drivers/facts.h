/* What an ERP says about a worksheet before pumping, and about a line that it has. */
#ifndef ERP_DRIVERS_FACTS_H
#define ERP_DRIVERS_FACTS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/order/order.h"

enum erp_line { ERP_LINE_UNKNOWN, ERP_LINE_MISSING, ERP_LINE_SAME, ERP_LINE_CHANGED };

/* Texts are cut to fit. Empty: not known. */
struct erp_facts {
    /* ERP_CHECK. The states are those of GET /worksheets/{worksheet}: static, NULL is unknown. */
    const char *state, *product, *amount;
    char state_text[ORDER_REASON_TEXT_MAX + 1], amount_text[ORDER_REASON_TEXT_MAX + 1];
    char title[2 * ORDER_VALUE_MAX], name[2 * ORDER_VALUE_MAX], unit[64];
    /* ERP_LOOK_UP: the line, and what it holds. */
    enum erp_line line;
    char reference[ORDER_REFERENCE_MAX + 1];
    char found_worksheet[ORDER_VALUE_MAX + 1], found_product[ORDER_VALUE_MAX + 1],
        found_amount[ORDER_VALUE_MAX + 1];
};

/* The worksheet takes lines; the product is known; the amount would be accepted. */
void erp_facts_open(struct erp_facts *facts, const char *title);
void erp_facts_product(struct erp_facts *facts, const char *name, const char *unit);
void erp_facts_amount(struct erp_facts *facts);

/* What a refusal says about them; false: the code is about none of them. */
bool erp_facts_refused(struct erp_facts *facts, const char *reason_code, const char *words);

/* The order's line, against what was ordered. worksheet NULL: not known. amount: a plain decimal.
 */
void erp_facts_line(struct erp_facts *facts, const struct order *order, const char *reference,
                    const char *product_nr, const char *amount, const char *worksheet);

/* "missing", "same", "changed" or "unknown". */
const char *erp_line_name(enum erp_line line);

/* {"reference", "worksheet", "product_nr", "product_amount"}: what the line holds, null where it is
 * not known; the caller owns it. */
json_t *erp_facts_found(const struct erp_facts *facts);

/* The reply of GET /worksheets/{worksheet}, without `checked_at`; the caller owns it. order: what
 * was asked for. */
json_t *erp_facts_json(const struct erp_facts *facts, const struct order *order);

#endif
