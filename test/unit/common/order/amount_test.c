/* Exact decimals as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/order/order.h"

static void
test_valid(void **state)
{
    static const char *const texts[] = {
        "5",     "1",    "007",       "0.000001",     "999999999.999999",
        "0.5",   "00.5", "10.50000",  "000000001",    "123456789",
        "1.000", "05",   "5.0000000", "1.1234560000", "0.00000100000000"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!amount_valid(texts[i]))
            fail_msg("%s is refused", texts[i]);
}

static void
test_invalid(void **state)
{
    static const char *const texts[] = {
        "",    "0",  "0.0", "000.000000", "-1",         "1e5",       "NaN",  "Infinity", "5,5",
        ".5",  "5.", "+5",  "1.1234567",  "9999999999", "0.0000000", " 5",   "5 ",       "5.5.5",
        "0x5", "1_", "٥",   "1.5e0",      "5..1",       ".",         "--1",  "5-",       "1 000",
        "1'0", "\n", "5\n", "0000000001", "0.00000010", "inf",       "five", "$5",       "5€"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (amount_valid(texts[i]))
            fail_msg("\"%s\" is taken", texts[i]);
}

static void
test_equal(void **state)
{
    static const char *const equal[][2] = {{"5", "5.0"},      {"05", "5"},         {"5.50", "5.5"},
                                           {"0.5", "00.500"}, {"10", "10.000000"}, {"1", "1"}};
    static const char *const different[][2] = {
        {"5", "50"},  {"5", "0.5"},    {"5.05", "5.5"}, {"1.000001", "1"},
        {"100", "1"}, {"0.1", "0.01"}, {"12", "1.2"},   {"999999999.999999", "999999999"}};

    (void)state;
    for (size_t i = 0; i < sizeof equal / sizeof *equal; i++)
        assert_true(amount_equal(equal[i][0], equal[i][1]) &&
                    amount_equal(equal[i][1], equal[i][0]));
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        assert_false(amount_equal(different[i][0], different[i][1]) ||
                     amount_equal(different[i][1], different[i][0]));
}

static void
test_scale(void **state)
{
    (void)state;
    assert_int_equal(amount_scale("5"), 0);
    assert_int_equal(amount_scale("5.0"), 0);
    assert_int_equal(amount_scale("4.70"), 1);
    assert_int_equal(amount_scale("4.07"), 2);
    assert_int_equal(amount_scale("0.000001"), 6);
}

static void
test_canonical(void **state)
{
    static const char *const pairs[][2] = {{"5", "5"},
                                           {"5.0", "5"},
                                           {"007", "7"},
                                           {"0.50", "0.5"},
                                           {"00.5", "0.5"},
                                           {"10", "10"},
                                           {"100.010", "100.01"},
                                           {"0.000001", "0.000001"},
                                           {"999999999.999999", "999999999.999999"}};
    char text[ORDER_VALUE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        amount_canonical(pairs[i][0], text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void
test_compare(void **state)
{
    (void)state;
    assert_int_equal(amount_compare("5", "05.000"), 0);
    assert_true(amount_compare("5.000001", "5") > 0);
    assert_true(amount_compare("9", "10") < 0);
    assert_true(amount_compare("999999999.999999", "999999999.999998") > 0);
}

/* Each of these is inexact in binary floating point, or has more digits than a double keeps. */
static void
test_multiply(void **state)
{
    static const char *const cases[][3] = {
        {"5", "0.01", "0.05"},
        {"1.005", "100", "100.5"},
        {"0.1", "3", "0.3"},
        {"1.1", "1.1", "1.21"},
        {"0.000001", "0.000001", "0.000000000001"},
        {"123456789.123456", "987654321.654321", "121932631315347490.569424853376"},
        {"999999999.999999", "999999999.999999", "999999999999998000.000000000001"},
        {"10.50", "2.0000000", "21"},
        {"7", "1", "7"}};
    char product[AMOUNT_PRODUCT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        amount_multiply(cases[i][0], cases[i][1], product);
        assert_string_equal(product, cases[i][2]);
        amount_multiply(cases[i][1], cases[i][0], product);
        assert_string_equal(product, cases[i][2]);
    }
}

static void
test_round(void **state)
{
    static const struct {
        const char *product;
        unsigned places;
        enum amount_rounding rounding;
        enum amount_fit fit;
        const char *amount;
    } cases[] = {{"0.05", 2, AMOUNT_REFUSE, AMOUNT_FITS, "0.05"},
                 {"0.05", 6, AMOUNT_REFUSE, AMOUNT_FITS, "0.05"},
                 {"0.051", 2, AMOUNT_REFUSE, AMOUNT_TOO_FINE, NULL},
                 {"0.000000000001", 6, AMOUNT_REFUSE, AMOUNT_TOO_FINE, NULL},
                 {"2.345", 2, AMOUNT_HALF_UP, AMOUNT_ROUNDED, "2.35"},
                 {"2.344999999999", 2, AMOUNT_HALF_UP, AMOUNT_ROUNDED, "2.34"},
                 {"2.345", 2, AMOUNT_DOWN, AMOUNT_ROUNDED, "2.34"},
                 {"2.340000000001", 2, AMOUNT_UP, AMOUNT_ROUNDED, "2.35"},
                 {"2.34", 2, AMOUNT_UP, AMOUNT_FITS, "2.34"},
                 {"9.995", 2, AMOUNT_HALF_UP, AMOUNT_ROUNDED, "10"},
                 {"2.5", 0, AMOUNT_HALF_UP, AMOUNT_ROUNDED, "3"},
                 {"12", 0, AMOUNT_REFUSE, AMOUNT_FITS, "12"},
                 {"0.004", 2, AMOUNT_HALF_UP, AMOUNT_VANISHES, NULL},
                 {"0.999", 0, AMOUNT_DOWN, AMOUNT_VANISHES, NULL},
                 {"0.001", 2, AMOUNT_UP, AMOUNT_ROUNDED, "0.01"},
                 {"1000000000", 2, AMOUNT_REFUSE, AMOUNT_TOO_LARGE, NULL},
                 {"999999999.999", 2, AMOUNT_HALF_UP, AMOUNT_TOO_LARGE, NULL},
                 {"999999999.999999", 6, AMOUNT_REFUSE, AMOUNT_FITS, "999999999.999999"}};
    char amount[AMOUNT_PRODUCT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(amount_round(cases[i].product, cases[i].places, cases[i].rounding, amount),
                         cases[i].fit);
        if (!cases[i].amount)
            continue;
        assert_string_equal(amount, cases[i].amount);
        assert_true(amount_valid(amount));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),     cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_equal),     cmocka_unit_test(test_scale),
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_compare),
        cmocka_unit_test(test_multiply),  cmocka_unit_test(test_round)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
