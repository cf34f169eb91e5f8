/* Compares a line in Tryton with the order. */
#ifndef ERP_DRIVERS_TRYTON_COMPARE_H
#define ERP_DRIVERS_TRYTON_COMPARE_H

#include "erp-drivers/driver.h"

/* The fields that a search must ask for; JSON text of a list. */
#define TRYTON_LINE_FIELDS                                                                         \
    "[\"product.code\",\"quantity\",\"unit.symbol\",\"sale.reference\",\"sale.number\","           \
    "\"sale.state\",\"note\"]"

/* The outcome for the rows that a search for the order's uniqueid found, at least one: ERP_CREATED
 * if one line matches the order, else ERP_REJECT with a description of what the ERP contains, and
 * the line's id as reference. amount_code: the reason if only the amount differs. */
enum erp_verdict tryton_compare(const struct order *order, const json_t *rows, const char *what,
                                const char *amount_code, struct erp_outcome *outcome);

/* The first of the rows that is_ours accepts, and the number of accepted ones. A search may return
 * more than was asked for: Tryton strips the value since 6.2, and a database's collation can ignore
 * case. */
const json_t *tryton_rows_exact(const json_t *rows,
                                bool (*is_ours)(const json_t *, const struct order *),
                                const struct order *order, size_t *count);

/* Whether a product row's code is the order's number. */
bool tryton_is_product(const json_t *product, const struct order *order);

/* Whether a sale row is the order's worksheet, by reference or by number. */
bool tryton_is_worksheet(const json_t *sale, const struct order *order);

#endif
