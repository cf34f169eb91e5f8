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

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_valid), cmocka_unit_test(test_invalid),
                                       cmocka_unit_test(test_equal), cmocka_unit_test(test_scale),
                                       cmocka_unit_test(test_canonical)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
