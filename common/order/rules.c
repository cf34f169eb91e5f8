/* The rules of `products` and `max_amount`. */
#include "common/order/rules.h"

#include <stdio.h>
#include <string.h>

#include "common/order/reason.h"

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static enum amount_rounding
rounding_of(const json_t *product)
{
    static const char *const roundings[] = {RULES_ROUNDING_NAMES, NULL};
    const char *name = text_of(product, "rounding");

    for (int i = 0; name && roundings[i]; i++)
        if (strcmp(roundings[i], name) == 0)
            return (enum amount_rounding)i;
    return AMOUNT_REFUSE;
}

static unsigned
places_of(const json_t *product)
{
    const json_t *decimals = json_object_get(product, "decimals");

    return decimals ? (unsigned)json_integer_value(decimals) : AMOUNT_PLACES_MAX;
}

/* What is configured for one product is meant for it, and so overrides what is for all. */
static const char *
max_amount(const struct order_rules *rules, const json_t *product)
{
    const char *own = text_of(product, "max_amount");

    return own ? own : rules->max_amount;
}

static int
refuse_amount(enum amount_fit fit, const char *words, unsigned places, struct err *err)
{
    if (fit == AMOUNT_TOO_FINE)
        return err_set(err, REASON_AMOUNT_REFUSED,
                       "%s has more than %u decimal places, and the product mapping does not round",
                       words, places);
    if (fit == AMOUNT_VANISHES)
        return err_set(err, REASON_AMOUNT_REFUSED, "%s rounds to 0 with %u decimal places", words,
                       places);
    return err_set(err, REASON_AMOUNT_REFUSED, "%s has more than 9 digits before the point", words);
}

/* A mapping that leaves the number as it is leaves its spelling, too. */
static int
map_amount(const json_t *product, const char *ordered, struct order_mapped *mapped, struct err *err)
{
    const char *factor = text_of(product, "factor");
    char exact[AMOUNT_PRODUCT_BYTES], result[AMOUNT_PRODUCT_BYTES], words[RULES_NOTE_BYTES / 2];
    enum amount_fit fit;

    amount_multiply(ordered, factor ? factor : "1", exact);
    fit = amount_round(exact, places_of(product), rounding_of(product), result);
    if (factor)
        snprintf(words, sizeof words, "the amount %.40s × %.20s = %s", ordered, factor, exact);
    else
        snprintf(words, sizeof words, "the amount %.40s", ordered);
    if (fit != AMOUNT_FITS && fit != AMOUNT_ROUNDED)
        return refuse_amount(fit, words, places_of(product), err);
    if (fit == AMOUNT_ROUNDED)
        snprintf(mapped->note, sizeof mapped->note, "%s was rounded to %s", words, result);
    text_copy(mapped->amount, sizeof mapped->amount,
              amount_equal(ordered, result) ? ordered : result);
    return 0;
}

int
rules_map(const struct order_rules *rules, const char *product_nr, const char *amount,
          bool confirmed, struct order_mapped *mapped, struct err *err)
{
    const json_t *own = json_object_get(rules->products, product_nr);
    const json_t *product = own ? own : json_object_get(rules->products, "*");
    const char *name = text_of(product, "erp_product"), *most = max_amount(rules, product);

    *mapped = (struct order_mapped){.note = ""};
    if (rules->products && !product)
        return err_set(err, REASON_PRODUCT_UNMAPPED,
                       "product %s is not in the workshop's products, which have no \"*\"",
                       product_nr);
    text_copy(mapped->product, sizeof mapped->product, name ? name : product_nr);
    if (!amount)
        return 0;
    if (most && !confirmed && amount_compare(amount, most) > 0)
        return err_set(err, REASON_AMOUNT_IMPLAUSIBLE,
                       "the amount %.40s is more than %s, the most that the workshop allows for "
                       "product %s: correct it, or confirm it with a retry",
                       amount, most, product_nr);
    return map_amount(product, amount, mapped, err);
}
