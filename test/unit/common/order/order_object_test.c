/* The order object, its states, and the corrections of a retry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/secret.h"
#include "common/order/order.h"

static const struct order sample = {.uniqueid = "u-1",
                                    .worksheet = "558",
                                    .product_nr = "10",
                                    .product_amount = "5",
                                    .status = ORDER_PLACED};

static void
expect_correction(const char *body, const char *worksheet, const char *product, const char *amount)
{
    struct order order = sample;
    struct order_faults faults;

    assert_int_equal(order_parse_corrections(body, strlen(body), &order, &faults), 0);
    assert_string_equal(order.worksheet, worksheet);
    assert_string_equal(order.product_nr, product);
    assert_string_equal(order.product_amount, amount);
    assert_string_equal(order.uniqueid, "u-1");
    order_faults_clear(&faults);
}

static void
test_corrections(void **state)
{
    (void)state;
    expect_correction("", "558", "10", "5");
    expect_correction("{}", "558", "10", "5");
    expect_correction("{\"worksheet\":559}", "559", "10", "5");
    expect_correction("{\"product_nr\":\"11\",\"product_amount\":5.50}", "558", "11", "5.50");
    expect_correction("{\"worksheet\":\"a\",\"product_nr\":\"b\",\"product_amount\":\"2\"}", "a",
                      "b", "2");
}

/* A rejected correction changes nothing. */
static void
test_refused_corrections(void **state)
{
    static const struct {
        const char *body, *code;
    } cases[] = {{"{\"worksheet\":\"9\",\"product_amount\":\"0\"}", "invalid_fields"},
                 {"{\"worksheet\":\"9\",\"product_nr\":1.5}", "invalid_fields"},
                 {"{\"worksheet\":\"\"}", "missing_fields"},
                 {"{\"product_amount\":null}", "missing_fields"},
                 {"{\"product_amount\":1e2}", "invalid_fields"},
                 {"{\"worksheet\":\"a\\u0000\"}", "invalid_fields"},
                 {"{\"worksheet\":\"9\",\"uniqueid\":\"other\"}", "invalid_fields"},
                 {"{\"worksheet\":\"9\",\"amount\":\"2\"}", "invalid_fields"},
                 {"{\"worksheet\":1,\"worksheet\":2}", "invalid_json"},
                 {"[]", "invalid_json"},
                 {"x", "invalid_json"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order order = sample;
        struct order_faults faults;

        assert_int_equal(
            order_parse_corrections(cases[i].body, strlen(cases[i].body), &order, &faults), -1);
        assert_string_equal(faults.code, cases[i].code);
        assert_memory_equal(&order, &sample, sizeof order);
        order_faults_clear(&faults);
    }
}

static void
expect_json(const struct order *order, const char *wanted)
{
    json_t *object = order_json(order, "Bennys \"Auto\"");
    char *text = json_dumps(object, JSON_COMPACT);

    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
    json_decref(object);
}

static void
test_json(void **state)
{
    struct order order = sample;

    (void)state;
    order.placed_ms = order.updated_ms = 1795508130123;
    expect_json(&order,
                "{\"workshop\":\"Bennys \\\"Auto\\\"\",\"uniqueid\":\"u-1\",\"worksheet\":\"558\","
                "\"product_nr\":\"10\",\"product_amount\":\"5\",\"status\":\"placed\","
                "\"reason_code\":null,\"reason_text\":null,\"attempts\":0,"
                "\"placed_at\":\"2026-11-24T08:15:30.123Z\","
                "\"updated_at\":\"2026-11-24T08:15:30.123Z\",\"next_attempt_at\":null,"
                "\"erp_reference\":null,\"by_hand\":false,\"needs_attention\":false,"
                "\"erp_product\":null,\"erp_amount\":null}");
    order.status = ORDER_ERROR;
    order.attempts = UINT32_MAX;
    order.next_attempt_ms = 1;
    strcpy(order.reason_code, "erp_busy");
    strcpy(order.reason_text, "später");
    strcpy(order.erp_reference, "77");
    strcpy(order.erp_product, "OIL-5W30");
    strcpy(order.erp_amount, "0.05");
    order.by_hand = true;
    expect_json(&order,
                "{\"workshop\":\"Bennys \\\"Auto\\\"\",\"uniqueid\":\"u-1\",\"worksheet\":\"558\","
                "\"product_nr\":\"10\",\"product_amount\":\"5\",\"status\":\"error\","
                "\"reason_code\":\"erp_busy\",\"reason_text\":\"später\",\"attempts\":4294967295,"
                "\"placed_at\":\"2026-11-24T08:15:30.123Z\","
                "\"updated_at\":\"2026-11-24T08:15:30.123Z\","
                "\"next_attempt_at\":\"1970-01-01T00:00:00.001Z\",\"erp_reference\":\"77\","
                "\"by_hand\":true,\"needs_attention\":true,\"erp_product\":\"OIL-5W30\","
                "\"erp_amount\":\"0.05\"}");
    strcpy(order.written_off, "spill");
    assert_false(order_needs_attention(&order));
}

static void
test_statuses(void **state)
{
    static const char *const names[] = {"placed", "processing", "created", "error"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(order_status_parse(names[i]), ORDER_PLACED + i);
        assert_string_equal(order_status_name((enum order_status)(ORDER_PLACED + i)), names[i]);
    }
    assert_int_equal(order_status_parse(""), 0);
    assert_int_equal(order_status_parse("Placed"), 0);
    assert_int_equal(order_status_parse("errors"), 0);
}

static void
test_same_content(void **state)
{
    struct order other = sample;

    (void)state;
    strcpy(other.product_amount, "05.00");
    strcpy(other.uniqueid, "u-2");
    assert_true(order_same_content(&sample, &other));
    strcpy(other.product_amount, "5.01");
    assert_false(order_same_content(&sample, &other));
    other = sample;
    strcpy(other.worksheet, "0558");
    assert_false(order_same_content(&sample, &other));
    other = sample;
    strcpy(other.product_nr, "11");
    assert_false(order_same_content(&sample, &other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_corrections),
                                       cmocka_unit_test(test_refused_corrections),
                                       cmocka_unit_test(test_json), cmocka_unit_test(test_statuses),
                                       cmocka_unit_test(test_same_content)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
