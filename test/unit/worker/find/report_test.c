/* Amounts are added up exactly. */
#include "test/unit/worker/fixture.h"

#include "worker/find/report.h"

static void
add(struct report *report, const char *product, const char *amount, enum order_status status)
{
    struct order order = order_of("u", "558, \"front\"");

    strcpy(order.product_nr, product);
    strcpy(order.product_amount, amount);
    order.status = status;
    order.placed_ms = 1795508130123;
    assert_true(report_add(report, &order));
}

static const char *
text(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static void
sums_are_exact(void **state)
{
    struct report *report = report_new(REPORT_PRODUCT);
    json_t *shown, *row;

    (void)state;
    for (int i = 0; i < 10; i++)
        add(report, "10", "0.1", ORDER_CREATED);
    add(report, "10", "999999999.999999", ORDER_PLACED);
    add(report, "10", "000.00000100", ORDER_ERROR);
    add(report, "9", "4.70", ORDER_PROCESSING);
    shown = report_json(report);
    row = json_array_get(json_object_get(shown, "rows"), 0);
    assert_string_equal(text(row, "product"), "10");
    assert_string_equal(text(row, "created"), "1");
    assert_string_equal(text(row, "waiting"), "999999999.999999");
    assert_string_equal(text(row, "error"), "0.000001");
    assert_string_equal(text(row, "placed"), "1000000001");
    assert_string_equal(text(row, "by_hand"), "0");
    assert_int_equal(json_integer_value(json_object_get(row, "orders")), 12);
    row = json_array_get(json_object_get(shown, "rows"), 1);
    assert_string_equal(text(row, "waiting"), "4.7");
    assert_string_equal(text(json_object_get(shown, "total"), "placed"), "1000000005.7");
    json_decref(shown);
    report_free(report);
}

static void
by_hand_and_written_off_are_apart(void **state)
{
    struct report *report = report_new(REPORT_DAY);
    struct order order = order_of("u", "558");
    json_t *shown, *row;

    (void)state;
    order.placed_ms = 1795508130123;
    order.status = ORDER_CREATED;
    order.by_hand = true;
    assert_true(report_add(report, &order));
    order.by_hand = false;
    order.status = ORDER_ERROR;
    strcpy(order.written_off, "spill");
    assert_true(report_add(report, &order));
    shown = report_json(report);
    row = json_array_get(json_object_get(shown, "rows"), 0);
    assert_string_equal(text(row, "day"), "2026-11-24");
    assert_string_equal(text(row, "by_hand"), "5");
    assert_string_equal(text(row, "written_off"), "5");
    assert_string_equal(text(row, "error"), "0");
    assert_string_equal(text(row, "created"), "0");
    json_decref(shown);
    report_free(report);
}

static void
csv_is_quoted(void **state)
{
    struct report *report = report_new(REPORT_WORKSHEET);
    size_t length;
    char *csv;

    (void)state;
    add(report, "10", "5", ORDER_CREATED);
    csv = report_csv(report, &length);
    assert_string_equal(csv, "worksheet,orders,placed,created,waiting,error,by_hand,written_off\r\n"
                             "\"558, \"\"front\"\"\",1,5,5,0,0,0,0\r\n");
    assert_int_equal(length, strlen(csv));
    free(csv);
    report_free(report);
}

static void
rows_are_bounded(void **state)
{
    struct report *report = report_new(REPORT_WORKSHEET);
    struct order order = order_of("u", "");

    (void)state;
    for (unsigned i = 0; i < REPORT_ROWS_MAX; i++) {
        snprintf(order.worksheet, sizeof order.worksheet, "%u", i);
        assert_true(report_add(report, &order));
    }
    assert_true(report_add(report, &order));
    strcpy(order.worksheet, "one more");
    assert_false(report_add(report, &order));
    report_free(report);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(by_hand_and_written_off_are_apart),
        cmocka_unit_test(csv_is_quoted),
        cmocka_unit_test(rows_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
