/* Exact decimals as text: never rounded, never in binary floating point. */
#ifndef COMMON_ORDER_AMOUNT_H
#define COMMON_ORDER_AMOUNT_H

#include <stdbool.h>

/* Whether text is a decimal greater than 0 with at most 9 digits before the point and 6 after it,
 * not counting padding zeros. */
bool amount_valid(const char *text);

/* Numeric comparison of two valid amounts: "5", "5.0" and "05" are equal. */
bool amount_equal(const char *a, const char *b);

/* The number of digits after the point, without trailing zeros: 1 for "4.70". */
unsigned amount_scale(const char *text);

/* The canonical text: no leading or trailing zeros, no empty fraction. out has as many bytes as
 * text. */
void amount_canonical(const char *text, char *out);

#endif
