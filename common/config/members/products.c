/* The members `max_amount` and `products` of a workshop's file: its rules about what is ordered. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text_value.h"
#include "common/config/parts.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define DECIMAL                                                                                    \
    .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = ORDER_VALUE_MAX,                              \
    .pattern = CONFIG_DECIMAL_PATTERN

static const char *const roundings[] = {RULES_ROUNDING_NAMES, NULL};

static const struct json_member product_members[] = {
    {.name = "erp_product", .kind = JSON_KIND_TEXT, .minimum = 1, .maximum = ORDER_VALUE_MAX},
    {.name = "factor", DECIMAL},
    {.name = "decimals", .kind = JSON_KIND_INTEGER, .minimum = 0, .maximum = AMOUNT_PLACES_MAX},
    {.name = "rounding", .kind = JSON_KIND_CHOICE, .choices = roundings},
    {.name = "max_amount", DECIMAL},
};

const struct json_table *
config_product_table(void)
{
    static const struct json_table all = {product_members, COUNT(product_members)};

    return &all;
}

/* A JSON number would be held in binary, and is refused as a wrong type. */
static void
check_decimal(const json_t *object, const char *name, const struct json_location *location)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (text && *text && !text_value_wrong(text, strlen(text)) && !amount_valid(text))
        json_check_fault(location, name,
                         "must be an exact decimal greater than 0, such as \"0.01\": at most 9 "
                         "digits before the point and 6 after it");
}

static bool
is_nfc(const char *text)
{
    char *normal = text_nfc(text);
    bool same = strcmp(normal, text) == 0;

    free(normal);
    return same;
}

/* An order's number is in NFC: no other spelling would ever match. */
static const char *
number_wrong(const char *number)
{
    size_t length = strlen(number);

    if (!length || length > ORDER_VALUE_MAX)
        return "a product number has 1 to 128 bytes";
    if (text_is_blank(number))
        return "is blank";
    if (text_value_wrong(number, length))
        return text_value_wrong(number, length);
    return is_nfc(number) ? NULL : "a product number must be in Unicode's form NFC";
}

static void
check_product(const char *number, const json_t *product, const struct json_location *products)
{
    const char *wrong = number_wrong(number);
    char pointer[2 * ORDER_VALUE_MAX + 16] = "/products";
    const struct json_location location = {products->file, pointer, products->faults};

    if (wrong)
        json_check_fault(products, number, "%s", wrong);
    if (!json_is_object(product)) {
        json_check_fault(products, number, "must be an object");
        return;
    }
    json_pointer_add(pointer, sizeof pointer, number);
    json_check_members(product, product_members, COUNT(product_members), &location);
    check_decimal(product, "factor", &location);
    check_decimal(product, "max_amount", &location);
}

void
config_rules_read(const json_t *document, struct order_rules *rules,
                  const struct json_location *root)
{
    const struct json_location location = {root->file, "/products", root->faults};
    json_t *products = json_object_get(document, "products"), *product;
    const char *number;

    check_decimal(document, "max_amount", root);
    rules->max_amount = json_string_value(json_object_get(document, "max_amount"));
    rules->products = json_is_object(products) ? products : NULL;
    if (json_object_size(rules->products) > CONFIG_PRODUCTS_MAX) {
        json_check_fault(root, "products", "has more than %d members", CONFIG_PRODUCTS_MAX);
        return;
    }
    if (rules->products)
        json_object_foreach(products, number, product) check_product(number, product, &location);
}
