/* What a line in Tryton holds, against what was ordered. */
#ifndef ERP_DRIVERS_TRYTON_COMPARE_H
#define ERP_DRIVERS_TRYTON_COMPARE_H

#include "erp-drivers/driver.h"

/* The fields that a search must ask for; JSON text of a list. */
#define TRYTON_LINE_FIELDS                                                                         \
    "[\"product.code\",\"quantity\",\"unit.symbol\",\"sale.reference\",\"sale.number\","           \
    "\"sale.state\",\"note\"]"

/* Ends the order by the rows that a search for its uniqueid found, one at least: ERP_CREATED where
 * one line holds what was ordered, else ERP_REJECT with words that tell what the ERP holds, and the
 * line's id as reference. amount_code: the reason where nothing but the amount differs. */
enum erp_verdict tryton_compare(const struct order *order, const json_t *rows, const char *what,
                                const char *amount_code, struct erp_outcome *outcome);

/* The first of the rows that is_ours accepts, and how many it accepts. A search may find more than
 * it was asked for: Tryton strips the value since 6.2, and a database's collation can ignore case.
 */
const json_t *tryton_rows_exact(const json_t *rows,
                                bool (*is_ours)(const json_t *, const struct order *),
                                const struct order *order, size_t *count);

/* Whether a product's row has the order's number as its code. */
bool tryton_is_product(const json_t *product, const struct order *order);

/* Whether a sale's row is the order's worksheet, by reference or by number. */
bool tryton_is_worksheet(const json_t *sale, const struct order *order);

#endif
