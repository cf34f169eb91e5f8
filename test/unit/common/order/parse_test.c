/* Which values the members of a body may have. */
#include "test/unit/common/order/body.h"

/* Accepted in any Unicode normalisation. */
static void
test_text_is_normalised(void **state)
{
    struct credentials credentials;
    struct order_faults faults;
    struct order order;
    const char *body;

    (void)state;
    expect_taken(body_with("uniqueid", "\"Zoe\xcc\x88\"", ""));
    assert_string_equal(o.order.uniqueid, "Zo\xc3\xab");
    forget();
    expect_taken(body_with("worksheet", "\"Zo\\u0065\\u0308\"", ""));
    assert_string_equal(o.order.worksheet, "Zo\xc3\xab");
    forget();
    expect_taken(body_with("password", "\"Zoe\xcc\x88\"", "")); /* passed to the ERP as is */
    assert_string_equal(o.credentials.password, "Zoe\xcc\x88");
    forget();
    body = "{\"workshop\":\"Zoe\xcc\x88\",\"worksheet\":1,\"product_nr\":1,\"product_amount\":5."
           "0000000,"
           "\"uniqueid\":1}";
    assert_int_equal(
        order_parse(body, strlen(body), "Zo\xc3\xab", false, &order, &credentials, &faults), 0);
    assert_string_equal(order.product_amount, "5.0000000");
}

static void
test_invisible_text_is_refused(void **state)
{
    static const struct {
        const char *value, *wrong;
    } cases[] = {
        {"\" 1\"", "begins with white space"},          {"\"1\\u00a0\"", "ends with white space"},
        {"\"1\xe3\x80\x80\"", "ends with white space"}, {"\"1\\u200b2\"", "invisible character"},
        {"\"\\ufeff1\"", "invisible character"},        {"\"\\u200b\"", "invisible character"},
        {"\"1\\u20282\"", "control character"},         {"\"1\\u0000\"", "control character"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t m = 0; m < 7; m++) {
            const char *body = body_with(member_names[m], cases[i].value, "");
            bool clash = m == 0; /* also for another workshop */

            assert_int_equal(parse_bytes(body, strlen(body), true), -1);
            assert_string_equal(o.faults.code, "invalid_fields");
            if (!clash && !strstr(o.faults.detail, cases[i].wrong))
                fail_msg("%s: %s", body, o.faults.detail);
            assert_memory_equal(o.faults.detail, member_names[m], strlen(member_names[m]));
            forget();
            expect_refused(member_names[m], "\"\\u00a0\xe2\x80\x83 \"", "missing_fields");
        }
}

static void
test_amounts(void **state)
{
    static const char *const good[] = {"5",    "0.000001", "999999999.999999", "5.0",
                                       "5.50", "1.123456", "999999999"};
    static const char *const bad[] = {"0", "-1", "1e5", "1.1234567", "9999999999", "0.0", "1E-2"};
    static const char *const bad_strings[] = {"NaN", "5,5", ".5", "5.",
                                              "+5",  "x",   "5 ", "Infinity"};
    static const char *const no_json[] = {"NaN", "5,5", ".5",       "5.",   "+5",
                                          "007", "0x5", "Infinity", "1e999"};
    char quoted[64];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", good[i]);
        expect_taken(body_with("product_amount", quoted, ""));
        assert_string_equal(o.order.product_amount, good[i]);
        forget();
        expect_taken(body_with("product_amount", good[i], ""));
        assert_string_equal(o.order.product_amount, good[i]);
        forget();
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", bad[i]);
        expect_refused("product_amount", quoted, "invalid_fields");
        expect_refused("product_amount", bad[i], "invalid_fields");
    }
    for (size_t i = 0; i < sizeof bad_strings / sizeof *bad_strings; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", bad_strings[i]);
        expect_refused("product_amount", quoted, "invalid_fields");
    }
    for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++)
        expect_refused("product_amount", no_json[i], "invalid_json");
    expect_taken(body_with("product_amount", "\"007\"", ""));
    assert_string_equal(o.order.product_amount, "007");
    forget();
    expect_refused("product_amount", "true", "invalid_fields");
    expect_refused("product_amount", "[5]", "invalid_fields");
}

static void
test_integers(void **state)
{
    static const char *const names[] = {"worksheet", "uniqueid", "product_nr"};
    static const char *const reals[] = {"1.0", "1e2", "-0.5", "1E0"};
    char digits[160];

    (void)state;
    memset(digits, '7', sizeof digits);
    for (size_t i = 0; i < 3; i++) {
        digits[ORDER_VALUE_MAX] = '\0';
        expect_taken(body_with(names[i], digits, ""));
        assert_string_equal(i == 0   ? o.order.worksheet
                            : i == 1 ? o.order.uniqueid
                                     : o.order.product_nr,
                            digits);
        forget();
        expect_taken(body_with(names[i], "9007199254740993", ""));
        forget();
        digits[ORDER_VALUE_MAX] = '7';
        digits[ORDER_VALUE_MAX + 1] = '\0';
        expect_refused(names[i], digits, "invalid_fields");
        for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
            expect_refused(names[i], reals[k], "invalid_fields");
        expect_refused(names[i], "false", "invalid_fields");
        expect_refused(names[i], "{}", "invalid_fields");
    }
    expect_refused("username", "5", "invalid_fields");
    expect_refused("password", "5", "invalid_fields");
}

static void
test_controls(void **state)
{
    static const char *const values[] = {"\"a\\u0000b\"", "\"\\u0000\"",  "\" \\u0000\"",
                                         "\"a\\u0001\"",  "\"a\\nb\"",    "\"\\t\"",
                                         "\"a\\u001f\"",  "\"a\\u007f\"", "\"a\x7f\"",
                                         "\"\\u0080\"",   "\"a\\u009f\"", "\"\xc2\x9b\""};

    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            expect_refused(member_names[i], values[k], "invalid_fields");
    expect_refused("worksheet", "\"a\x01\"", "invalid_json");
    expect_taken(body_with("worksheet", "\"a\\u00a0ä€😀\"", ""));
    assert_string_equal(o.order.worksheet, "a\xc2\xa0ä€😀");
    forget();
}

static void
test_lengths(void **state)
{
    char value[600];

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        size_t most = i == 6 ? ORDER_PASSWORD_MAX : ORDER_VALUE_MAX;

        snprintf(value, sizeof value, "\"%0*d\"", (int)most + 1, 7);
        if (i == 3) {
            expect_refused(member_names[i], value, "invalid_fields");
            continue;
        }
        expect_refused(member_names[i], value, "invalid_fields");
        snprintf(value, sizeof value, "\"%0*d\"", (int)most, 7);
        if (i == 0)
            continue; /* the name of another workshop */
        expect_taken(body_with(member_names[i], value, ""));
        forget();
    }
    /* the limit is in bytes, not characters */
    strcpy(value, "\"");
    for (int i = 0; i < 65; i++)
        strcat(value, "ä");
    strcat(value, "\"");
    expect_refused("worksheet", value, "invalid_fields");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text_is_normalised),
                                       cmocka_unit_test(test_invisible_text_is_refused),
                                       cmocka_unit_test(test_amounts),
                                       cmocka_unit_test(test_integers),
                                       cmocka_unit_test(test_controls),
                                       cmocka_unit_test(test_lengths)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
