/* Product mapping and implausible amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/order/reason.h"
#include "common/order/rules.h"

static json_t *products;
static struct order_rules rules;
static struct order_mapped mapped;
static struct err err;

static void
given(const char *text, const char *max_amount)
{
    json_decref(products);
    products = text ? json_loads(text, 0, NULL) : NULL;
    assert_true(!text || products);
    rules = (struct order_rules){max_amount, products};
}

static int
teardown(void **state)
{
    (void)state;
    json_decref(products);
    products = NULL;
    return 0;
}

static void
expect(const char *number, const char *amount, const char *product, const char *result,
       const char *note)
{
    assert_int_equal(rules_map(&rules, number, amount, false, &mapped, &err), 0);
    assert_string_equal(mapped.product, product);
    assert_string_equal(mapped.amount, result);
    assert_string_equal(mapped.note, note);
}

static void
expect_refusal(const char *number, const char *amount, const char *code, const char *words)
{
    assert_int_equal(rules_map(&rules, number, amount, false, &mapped, &err), -1);
    assert_string_equal(err.code, code);
    if (!strstr(err.text, words))
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* Without rules the order goes as it is, digit for digit. */
static void
test_none(void **state)
{
    (void)state;
    given(NULL, NULL);
    expect("10", "5.0", "10", "5.0", "");
    expect("*", "999999999.999999", "*", "999999999.999999", "");
}

static void
test_mapping(void **state)
{
    (void)state;
    given("{\"10\": {\"erp_product\": \"OIL-5W30\", \"factor\": \"0.01\", \"decimals\": 2},"
          " \"11\": {\"factor\": \"1000\"}, \"12\": {\"erp_product\": \"X\"}, \"13\": {}}",
          NULL);
    expect("10", "5", "OIL-5W30", "0.05", "");
    expect("10", "500.0", "OIL-5W30", "5", "");
    expect("11", "1.005", "11", "1005", "");
    expect("12", "4.70", "X", "4.70", "");
    expect("13", "4.70", "13", "4.70", "");
    expect_refusal("99", "1", REASON_PRODUCT_UNMAPPED, "product 99");
    expect_refusal("*", "1", REASON_PRODUCT_UNMAPPED, "product *");
    given("{}", NULL);
    expect_refusal("10", "1", REASON_PRODUCT_UNMAPPED, "product 10");
}

static void
test_any_other(void **state)
{
    (void)state;
    given("{\"10\": {\"erp_product\": \"A\"}, \"*\": {\"factor\": \"2\"}}", NULL);
    expect("10", "1.5", "A", "1.5", "");
    expect("7", "1.5", "7", "3", "");
    given("{\"*\": {\"erp_product\": \"REST\"}}", NULL);
    expect("7", "1.5", "REST", "1.5", "");
}

static void
test_rounding(void **state)
{
    (void)state;
    given("{\"1\": {\"factor\": \"0.1\", \"decimals\": 2},"
          " \"2\": {\"factor\": \"0.1\", \"decimals\": 2, \"rounding\": \"half_up\"},"
          " \"3\": {\"factor\": \"0.1\", \"decimals\": 2, \"rounding\": \"up\"},"
          " \"4\": {\"factor\": \"0.1\", \"decimals\": 2, \"rounding\": \"down\"},"
          " \"5\": {\"factor\": \"0.1\", \"decimals\": 2, \"rounding\": \"refuse\"},"
          " \"6\": {\"decimals\": 0, \"rounding\": \"half_up\"}}",
          NULL);
    expect_refusal("1", "1.25", REASON_AMOUNT_REFUSED, "1.25 × 0.1 = 0.125 has more than 2");
    expect("2", "1.25", "2", "0.13", "the amount 1.25 × 0.1 = 0.125 was rounded to 0.13");
    expect("3", "1.21", "3", "0.13", "the amount 1.21 × 0.1 = 0.121 was rounded to 0.13");
    expect("4", "1.29", "4", "0.12", "the amount 1.29 × 0.1 = 0.129 was rounded to 0.12");
    expect_refusal("5", "1.25", REASON_AMOUNT_REFUSED, "does not round");
    expect("6", "2.5", "6", "3", "the amount 2.5 was rounded to 3");
    expect("2", "1.2", "2", "0.12", "");
}

/* A line of nothing would bill nothing. */
static void
test_bounds(void **state)
{
    (void)state;
    given("{\"1\": {\"factor\": \"0.01\", \"decimals\": 2, \"rounding\": \"half_up\"},"
          " \"2\": {\"factor\": \"1000\"}, \"3\": {\"factor\": \"0.000001\"}}",
          NULL);
    expect_refusal("1", "0.4", REASON_AMOUNT_REFUSED, "rounds to 0");
    expect_refusal("2", "1000000", REASON_AMOUNT_REFUSED, "9 digits");
    expect_refusal("3", "0.5", REASON_AMOUNT_REFUSED, "more than 6 decimal places");
}

static void
test_max_amount(void **state)
{
    (void)state;
    given("{\"10\": {\"factor\": \"0.01\", \"max_amount\": \"12\"},"
          " \"11\": {\"max_amount\": \"200\"}, \"*\": {}}",
          "100");
    expect("10", "12.00", "10", "0.12", "");
    expect_refusal("10", "12.000001", REASON_AMOUNT_IMPLAUSIBLE, "more than 12");
    expect("11", "200", "11", "200", "");
    expect("12", "100", "12", "100", "");
    expect_refusal("12", "100.5", REASON_AMOUNT_IMPLAUSIBLE, "more than 100");
    assert_int_equal(rules_map(&rules, "12", "100.5", true, &mapped, &err), 0);
    assert_string_equal(mapped.amount, "100.5");
    given(NULL, "100");
    expect_refusal("12", "101", REASON_AMOUNT_IMPLAUSIBLE, "more than 100");
}

static void
test_product_alone(void **state)
{
    (void)state;
    given("{\"10\": {\"erp_product\": \"OIL-5W30\"}}", "1");
    assert_int_equal(rules_map(&rules, "10", NULL, false, &mapped, &err), 0);
    assert_string_equal(mapped.product, "OIL-5W30");
    assert_string_equal(mapped.amount, "");
    expect_refusal("11", NULL, REASON_PRODUCT_UNMAPPED, "11");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),          cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_any_other),     cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_bounds),        cmocka_unit_test(test_max_amount),
        cmocka_unit_test(test_product_alone),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
