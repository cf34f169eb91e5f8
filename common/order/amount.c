/* Exact decimals as text. */
#include "common/order/amount.h"

#include <stdint.h>
#include <string.h>

#define WHOLE_DIGITS_MAX 9
#define FRACTION_DIGITS_MAX AMOUNT_PLACES_MAX
#define PRODUCT_PLACES (2u * AMOUNT_PLACES_MAX)

/* A valid amount without its padding zeros: pointers into the text. */
struct decimal {
    const char *whole, *fraction;
    size_t whole_length, fraction_length;
};

static struct decimal
decimal_split(const char *text)
{
    struct decimal d = {.whole = text, .whole_length = strspn(text, "0123456789")};

    d.fraction = text + d.whole_length + (text[d.whole_length] == '.');
    d.fraction_length = strlen(d.fraction);
    while (d.fraction_length && d.fraction[d.fraction_length - 1] == '0')
        d.fraction_length--;
    while (d.whole_length && *d.whole == '0') {
        d.whole++;
        d.whole_length--;
    }
    return d;
}

bool
amount_valid(const char *text)
{
    size_t whole = strspn(text, "0123456789"), fraction = 0;

    if (text[whole] == '.') {
        fraction = strspn(text + whole + 1, "0123456789");
        if (!fraction || text[whole + 1 + fraction])
            return false;
    } else if (text[whole]) {
        return false;
    }
    while (fraction && text[whole + fraction] == '0')
        fraction--;
    return whole && whole <= WHOLE_DIGITS_MAX && fraction <= FRACTION_DIGITS_MAX &&
           strpbrk(text, "123456789");
}

bool
amount_equal(const char *a, const char *b)
{
    struct decimal x = decimal_split(a), y = decimal_split(b);

    return x.whole_length == y.whole_length && x.fraction_length == y.fraction_length &&
           memcmp(x.whole, y.whole, x.whole_length) == 0 &&
           memcmp(x.fraction, y.fraction, x.fraction_length) == 0;
}

unsigned
amount_scale(const char *text)
{
    return (unsigned)decimal_split(text).fraction_length;
}

void
amount_canonical(const char *text, char *out)
{
    struct decimal d = decimal_split(text);

    if (!d.whole_length)
        *out++ = '0';
    memcpy(out, d.whole, d.whole_length);
    out += d.whole_length;
    if (d.fraction_length) {
        *out++ = '.';
        memcpy(out, d.fraction, d.fraction_length);
        out += d.fraction_length;
    }
    *out = '\0';
}

/* --- arithmetic: in whole numbers of the smallest unit, which are exact --- */

/* The digits as a number, with so many places after the point. */
static unsigned __int128
units(const char *text, unsigned places)
{
    struct decimal d = decimal_split(text);
    unsigned __int128 value = 0;

    for (size_t i = 0; i < d.whole_length; i++)
        value = value * 10 + (unsigned)(d.whole[i] - '0');
    for (size_t i = 0; i < places; i++)
        value = value * 10 + (i < d.fraction_length ? (unsigned)(d.fraction[i] - '0') : 0);
    return value;
}

static void
units_text(unsigned __int128 value, unsigned places, char text[AMOUNT_PRODUCT_BYTES])
{
    char digits[AMOUNT_PRODUCT_BYTES], *at = digits + sizeof digits - 1;

    *at = '\0';
    for (unsigned i = 0; value || i <= places; i++, value /= 10) {
        if (i == places && places)
            *--at = '.';
        *--at = (char)('0' + (unsigned)(value % 10));
    }
    amount_canonical(at, text);
}

static unsigned __int128
power_of_ten(unsigned exponent)
{
    unsigned __int128 power = 1;

    while (exponent--)
        power *= 10;
    return power;
}

int
amount_compare(const char *a, const char *b)
{
    unsigned __int128 x = units(a, AMOUNT_PLACES_MAX), y = units(b, AMOUNT_PLACES_MAX);

    return (x > y) - (x < y);
}

/* Both have at most 15 digits, so the product has 30: it fits. */
void
amount_multiply(const char *a, const char *b, char product[AMOUNT_PRODUCT_BYTES])
{
    units_text(units(a, AMOUNT_PLACES_MAX) * units(b, AMOUNT_PLACES_MAX), PRODUCT_PLACES, product);
}

static bool
rounds_up(enum amount_rounding rounding, unsigned __int128 rest, unsigned __int128 unit)
{
    return rounding == AMOUNT_UP || (rounding == AMOUNT_HALF_UP && rest >= unit / 2);
}

enum amount_fit
amount_round(const char *product, unsigned places, enum amount_rounding rounding,
             char amount[AMOUNT_PRODUCT_BYTES])
{
    unsigned __int128 unit = power_of_ten(PRODUCT_PLACES - places);
    unsigned __int128 exact = units(product, PRODUCT_PLACES), rest = exact % unit;
    unsigned __int128 value = exact / unit + (rest && rounds_up(rounding, rest, unit));

    if (rest && rounding == AMOUNT_REFUSE)
        return AMOUNT_TOO_FINE;
    if (!value)
        return AMOUNT_VANISHES;
    if (value >= power_of_ten(WHOLE_DIGITS_MAX + places))
        return AMOUNT_TOO_LARGE;
    units_text(value, places, amount);
    return rest ? AMOUNT_ROUNDED : AMOUNT_FITS;
}
