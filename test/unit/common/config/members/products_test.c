/* Members of a workshop's file: max_amount, products, hold. */
#include "test/unit/common/config/config_files.h"

static void
given(const char *more)
{
    char document[1200];

    snprintf(document, sizeof document, BENNY ",%s}", more);
    write_file("shops/a.json", document);
}

static void
refused(const char *more, const char *pointer, const char *text)
{
    char document[1200];

    snprintf(document, sizeof document, BENNY ",%s}", more);
    expect_one(document, pointer, text);
}

static void
test_sound(void **state)
{
    struct daemon_config *config;
    const struct workshop_config *w;
    struct order_mapped mapped;
    struct err err;

    (void)state;
    given("\"max_amount\":\"100\",\"products\":{\"10\":{\"erp_product\":\"OIL-5W30\","
          "\"factor\":\"0.01\",\"decimals\":2,\"rounding\":\"half_up\",\"max_amount\":\"12\"},"
          "\"a/b~c\":{},\"*\":{}},"
          "\"hold\":{\"worksheet_not_found_s\":3600,\"worksheet_closed_s\":0.5}");
    config = load_sound();
    w = config->workshops[0];
    assert_int_equal(w->hold.not_found_ms, 3600000);
    assert_int_equal(w->hold.closed_ms, 500);
    assert_string_equal(w->rules.max_amount, "100");
    assert_int_equal(rules_map(&w->rules, "10", "5", false, &mapped, &err), 0);
    assert_string_equal(mapped.product, "OIL-5W30");
    assert_string_equal(mapped.amount, "0.05");
    config_free(config);
}

static void
test_defaults(void **state)
{
    struct daemon_config *config;

    (void)state;
    given("\"hold\":{},\"retention_days\":400");
    config = load_sound();
    assert_int_equal(config->workshops[0]->hold.not_found_ms, 0);
    assert_int_equal(config->workshops[0]->hold.closed_ms, 0);
    assert_null(config->workshops[0]->rules.max_amount);
    assert_null(config->workshops[0]->rules.products);
    config_free(config);
}

/* A number would be held in binary floating point. */
static void
test_decimals_are_texts(void **state)
{
    static const char *const bad[] = {"12",      "0.5",           "\"0\"",  "\"-1\"",
                                      "\"1e3\"", "\"\"",          "\"x\"",  "null",
                                      "\"5,5\"", "\"0.0000001\"", "\" 5\"", "\"9999999999\""};
    char more[200];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(more, sizeof more, "\"max_amount\":%s", bad[i]);
        refused(more, "/max_amount", "");
        snprintf(more, sizeof more, "\"products\":{\"10\":{\"factor\":%s}}", bad[i]);
        refused(more, "/products/10/factor", "");
        snprintf(more, sizeof more, "\"products\":{\"10\":{\"max_amount\":%s}}", bad[i]);
        refused(more, "/products/10/max_amount", "");
    }
    refused("\"max_amount\":\"0\"", "/max_amount", "exact decimal greater than 0");
    refused("\"max_amount\":5", "/max_amount", "must be a string");
}

static void
test_products(void **state)
{
    (void)state;
    refused("\"products\":[]", "/products", "must be an object");
    refused("\"products\":{\"10\":\"OIL\"}", "/products/10", "must be an object");
    refused("\"products\":{\"a/b\":{\"erp\":\"x\"}}", "/products/a~1b/erp", "unknown member");
    refused("\"products\":{\"1\":{\"erp_product\":\"\"}}", "/products/1/erp_product", "1 to 128");
    refused("\"products\":{\"1\":{\"erp_product\":5}}", "/products/1/erp_product", "string");
    refused("\"products\":{\"1\":{\"decimals\":7}}", "/products/1/decimals", "0 to 6");
    refused("\"products\":{\"1\":{\"decimals\":\"2\"}}", "/products/1/decimals", "whole number");
    refused("\"products\":{\"1\":{\"rounding\":\"even\"}}", "/products/1/rounding",
            "\"refuse\", \"half_up\", \"up\", \"down\"");
    refused("\"products\":{\"\":{}}", "/products/", "1 to 128 bytes");
    refused("\"products\":{\" 1\":{}}", "/products/ 1", "white space");
    refused("\"products\":{\"A\\u0308\":{}}", "/products/A\u0308", "NFC");
}

static void
test_hold(void **state)
{
    (void)state;
    refused("\"hold\":5", "/hold", "must be an object");
    refused("\"hold\":{\"worksheet_not_found_s\":-1}", "/hold/worksheet_not_found_s",
            "number from 0");
    refused("\"hold\":{\"worksheet_locked_s\":1}", "/hold/worksheet_locked_s", "unknown member");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sound),    TEST(test_defaults), TEST(test_decimals_are_texts),
        TEST(test_products), TEST(test_hold),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
