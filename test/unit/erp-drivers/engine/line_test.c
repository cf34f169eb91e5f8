/* Whether a line is the ordered one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "erp-drivers/engine/line.h"

static const struct order order = {
    .uniqueid = "u-1", .worksheet = "558", .product_nr = "10", .product_amount = "5.50"};

static void
expect(const char *product, const char *amount, const char *worksheet, const char *changed,
       const char *code)
{
    const struct found found = {true,           (char *)"7/1",     (char *)product,
                                (char *)amount, (char *)worksheet, NULL};
    struct erp_outcome outcome;
    enum erp_verdict verdict = found_compare(&found, &order, "amount_refused", changed, &outcome);

    assert_int_equal(verdict, code ? ERP_REJECT : ERP_CREATED);
    assert_string_equal(outcome.reference, "7/1");
    if (code)
        assert_string_equal(outcome.reason_code, code);
}

static void
test_compare(void **state)
{
    (void)state;
    expect("10", "5.5", NULL, "", NULL);
    expect("10", "05.500", "558", "", NULL);
    expect("10", "55", NULL, "", "amount_refused");
    expect("10", "-5.5", NULL, "", "amount_refused");
    expect("10", "", NULL, "", "amount_refused");
    expect("1010", "5.5", NULL, "", "erp_rejected");
    expect("10", "5.5", "5581", "", "erp_rejected");
    expect("10", "5.5", NULL, "row 2 is gone", "erp_rejected");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
