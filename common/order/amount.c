/* Exact decimals as text. */
#include "common/order/amount.h"

#include <string.h>

#define WHOLE_DIGITS_MAX 9
#define FRACTION_DIGITS_MAX 6

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
