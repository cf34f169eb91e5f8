/* Exact decimals as text: never rounded, never in binary floating point. */
#ifndef COMMON_ORDER_AMOUNT_H
#define COMMON_ORDER_AMOUNT_H

#include <stdbool.h>

/* Whether text is a decimal greater than 0 with at most 9 digits before the point and 6 after it,
 * not counting padding zeros. */
bool amount_valid(const char *text);

/* Numeric comparison of two valid amounts: "5", "5.0" and "05" are equal. */
bool amount_equal(const char *a, const char *b);

/* Less than 0, 0 or more than 0 as a is smaller than b, equal or greater; both are valid. */
int amount_compare(const char *a, const char *b);

/* The number of digits after the point, without trailing zeros: 1 for "4.70". */
unsigned amount_scale(const char *text);

/* The canonical text: no leading or trailing zeros, no empty fraction. out has as many bytes as
 * text. */
void amount_canonical(const char *text, char *out);

#define AMOUNT_PLACES_MAX 6     /* digits after the point */
#define AMOUNT_PRODUCT_BYTES 32 /* 18 digits, a point, 12 digits, a NUL */

/* The exact product of two valid amounts, canonical. It may have too many digits for an amount. */
void amount_multiply(const char *a, const char *b, char product[AMOUNT_PRODUCT_BYTES]);

enum amount_rounding { AMOUNT_REFUSE, AMOUNT_HALF_UP, AMOUNT_UP, AMOUNT_DOWN };

enum amount_fit {
    AMOUNT_FITS,     /* as it is */
    AMOUNT_ROUNDED,  /* it has been rounded */
    AMOUNT_TOO_FINE, /* AMOUNT_REFUSE: it has more digits after the point */
    AMOUNT_VANISHES, /* rounded, it would be 0 */
    AMOUNT_TOO_LARGE /* more digits before the point than an amount has */
};

/* Makes a valid amount of a product (of amount_multiply), with at most `places` digits after the
 * point. amount is set, and canonical, where it fits or has been rounded. */
enum amount_fit amount_round(const char *product, unsigned places, enum amount_rounding rounding,
                             char amount[AMOUNT_PRODUCT_BYTES]);

#endif
