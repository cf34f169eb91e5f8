/* A workshop's own rules, between the tap and the ERP's article: which product and amount the ERP's
 * line gets, and which amounts are implausible.
 *
 * Amounts stay exact decimals. What is refused here is refused before the ERP is asked. */
#ifndef COMMON_ORDER_RULES_H
#define COMMON_ORDER_RULES_H

#include "common/order/order.h"

#define RULES_NOTE_BYTES 256

/* Checked by common/config/members/products.c; borrowed from the workshop's document. */
struct order_rules {
    const char *max_amount; /* of an ordered amount; NULL: none */
    const json_t *products; /* by product number, or "*"; NULL: products are not mapped */
};

/* What an order's line gets. */
struct order_mapped {
    char product[ORDER_VALUE_MAX + 1];
    char amount[ORDER_VALUE_MAX + 1];
    char note[RULES_NOTE_BYTES]; /* how the amount was rounded; empty: it was not */
};

/* The names of enum amount_rounding in a configuration, in its order. */
#define RULES_ROUNDING_NAMES "refuse", "half_up", "up", "down"

/* Maps a product (in NFC) and its amount. amount: NULL for the product alone. confirmed: a person
 * says that the amount is right, so max_amount does not apply. -1: refused; err->code is the reason
 * code. */
int rules_map(const struct order_rules *rules, const char *product_nr, const char *amount,
              bool confirmed, struct order_mapped *mapped, struct err *err);

#endif
