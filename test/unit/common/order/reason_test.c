/* The table of reason codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/order/reason.h"

/* The contract's reason codes, and what the worker does for each. */
static const struct {
    const char *code;
    enum reason_action action;
} contract[] = {
    {"worksheet_not_found", REASON_REJECT},
    {"worksheet_closed", REASON_REJECT},
    {"product_not_found", REASON_REJECT},
    {"amount_refused", REASON_REJECT},
    {"erp_rejected", REASON_REJECT},
    {"product_unmapped", REASON_REJECT},
    {"amount_implausible", REASON_REJECT},
    {"worksheet_locked", REASON_WAIT},
    {"erp_unreachable", REASON_RETRY},
    {"erp_busy", REASON_RETRY},
    {"erp_failure", REASON_RETRY},
    {"auth_failed", REASON_PARK},
    {"outcome_unknown", REASON_REJECT},
    {"ui_changed", REASON_REJECT},
    {"browser_failure", REASON_RETRY},
    {"attempts_exhausted", REASON_REJECT},
    {"cleared", REASON_REJECT},
    {"written_off", REASON_REJECT},
};

#define COUNT (sizeof contract / sizeof *contract)

static void
test_contract(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct reason *reason = reason_find(contract[i].code);

        assert_non_null(reason);
        assert_string_equal(reason->code, contract[i].code);
        assert_int_equal(reason->action, contract[i].action);
    }
    assert_null(reason_find(""));
    assert_null(reason_find("worksheet"));
}

/* Orders use only codes of the contract. */
static void
test_nothing_else(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct reason *reason; (reason = reason_at(count)); count++) {
        assert_ptr_equal(reason_find(reason->code), reason);
        assert_true(strlen(reason->meaning) > 10);
        assert_int_equal(reason->meaning[strlen(reason->meaning) - 1], '.');
    }
    assert_int_equal(count, COUNT + 1);
    assert_int_equal(reason_find("session_lost")->action, REASON_LOG_IN);
}

/* After these, no check in the ERP is needed. */
static void
test_refusals(void **state)
{
    static const char refusals[] = " worksheet_not_found worksheet_closed product_not_found "
                                   "amount_refused erp_rejected ";

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const char *at = strstr(refusals, contract[i].code);

        assert_int_equal(reason_is_refusal(contract[i].code), at && at[-1] == ' ');
    }
    assert_false(reason_is_refusal("session_lost"));
    assert_false(reason_is_refusal(""));
}

static void
test_recipe(void **state)
{
    static const char *const own[] = {"product_unmapped", "amount_implausible",
                                      "attempts_exhausted", "cleared", "written_off"};
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_null(reason_find_recipe(own[i]));
    for (size_t i = 0; reason_at(i); i++)
        count += reason_find_recipe(reason_at(i)->code) != NULL;
    assert_int_equal(count, COUNT + 1 - sizeof own / sizeof *own);
    assert_null(reason_find_recipe("no_such_code"));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract), cmocka_unit_test(test_nothing_else),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_recipe)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
