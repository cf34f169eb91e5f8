/* The workshop's rules, when an order is taken. */
#include "test/unit/worker/fixture.h"

#include "common/order/reason.h"

static json_t *products;
static struct order_rules rules;

static void
given(struct fixture *f, const char *text, const char *max_amount)
{
    json_decref(products);
    products = text ? json_loads(text, 0, NULL) : NULL;
    assert_true(!text || products);
    rules = (struct order_rules){max_amount, products};
    queue_set_rules(f->queue, &rules);
}

static int
teardown(void **state)
{
    json_decref(products);
    products = NULL;
    return fixture_teardown(state);
}

static void
put_amount(struct queue *queue, const char *uniqueid, const char *amount)
{
    struct order order = order_of(uniqueid, uniqueid);

    strcpy(order.product_amount, amount);
    put_answered(queue, &order, NULL, QUEUE_PLACED);
}

static void
expect_for_erp(const struct order *order, const char *product, const char *amount)
{
    struct order for_erp;

    order_for_erp(order, &for_erp);
    assert_string_equal(for_erp.product_nr, product);
    assert_string_equal(for_erp.product_amount, amount);
    assert_string_equal(order->product_nr, "10");
}

/* Placed again by a person. */
static void
retry(struct queue *queue, const char *uniqueid, const char *body)
{
    struct order order = get(queue, uniqueid);
    struct order_faults faults;
    struct author by;
    struct err err;

    author_set(&by, "ann", AUTHOR_SOCKET);
    assert_int_equal(order_parse_corrections(body, strlen(body), &order, &faults), 0);
    assert_int_equal(queue_retry(queue, &order, false, &by, &err), 1);
}

static void
what_the_erp_gets_is_on_disk_before_it_is_asked(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct order order;

    given(f, "{\"10\": {\"erp_product\": \"OIL\", \"factor\": \"0.01\", \"decimals\": 2}}", NULL);
    put_amount(f->queue, "u-1", "5");
    task = take(f->queue, INT64_MAX, "u-1");
    expect_for_erp(&task.order, "OIL", "0.05");
    order = get(f->queue, "u-1");
    assert_true(order.mapped);
    assert_string_equal(order.erp_product, "OIL");
    assert_string_equal(order.erp_amount, "0.05");
    assert_string_equal(order.product_amount, "5");
}

static void
what_is_the_same_is_not_told(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    given(f, "{\"*\": {\"decimals\": 2}}", NULL);
    put_amount(f->queue, "u-1", "5.00");
    task = take(f->queue, INT64_MAX, "u-1");
    assert_true(task.order.mapped);
    assert_string_equal(task.order.erp_product, "");
    assert_string_equal(task.order.erp_amount, "");
    expect_for_erp(&task.order, "10", "5.00");
}

/* A reload between two attempts, or a death: the second one looks for what the first one may have
 * sent. */
static void
a_changed_mapping_waits_for_a_person(void **state)
{
    static const char *const later[] = {"{\"*\": {\"erp_product\": \"OTHER\", \"factor\": \"9\"}}",
                                        "{}", NULL};
    struct fixture *f = *state;
    struct queue_task task;
    struct err err;

    given(f, "{\"10\": {\"erp_product\": \"OIL\", \"factor\": \"0.01\"}}", NULL);
    put_amount(f->queue, "u-1", "5");
    task = take(f->queue, INT64_MAX, "u-1");
    assert_int_equal(queue_commit_sent(f->queue, &task.order, &err), 0);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        fixture_reopen(f, 16); /* it was being processed, and is placed again */
        given(f, later[i], "0.5");
        task = take(f->queue, INT64_MAX, "u-1");
        expect_for_erp(&task.order, "OIL", "0.05");
    }
    finish(f->queue, &task.order, ORDER_ERROR, "erp_rejected");
    given(f, "{\"10\": {\"erp_product\": \"OTHER\"}}", NULL);
    retry(f->queue, "u-1", "");
    assert_false(get(f->queue, "u-1").mapped);
    task = take(f->queue, INT64_MAX, "u-1");
    expect_for_erp(&task.order, "OTHER", "5");
}

/* The same where there was no mapping at first. */
static void
a_mapping_that_comes_later_waits_for_a_person(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    put_amount(f->queue, "u-1", "5");
    task = take(f->queue, INT64_MAX, "u-1");
    finish(f->queue, &task.order, ORDER_PLACED, "erp_unreachable");
    given(f, "{\"10\": {\"erp_product\": \"OIL\", \"factor\": \"2\"}}", "1");
    task = take(f->queue, INT64_MAX, "u-1");
    expect_for_erp(&task.order, "10", "5");
}

static void
a_refused_order_is_not_taken(void **state)
{
    struct fixture *f = *state;
    json_t *history;
    struct order order;

    given(f, "{\"11\": {}}", NULL);
    put_amount(f->queue, "u-1", "5");
    take_nothing(f->queue, INT64_MAX);
    order = get(f->queue, "u-1");
    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, REASON_PRODUCT_UNMAPPED);
    assert_int_equal(order.attempts, 0);
    assert_int_equal(queue_length(f->queue), 0);
    history = history_of(f->queue, "u-1");
    assert_int_equal(json_array_size(history), 2);
    assert_string_equal(history_text(history, 1, "reason_code"), REASON_PRODUCT_UNMAPPED);
    json_decref(history);
    retry(f->queue, "u-1", "{\"product_nr\": \"11\"}");
    take(f->queue, INT64_MAX, "u-1");
}

/* The line may have been sent before a person changed the order. */
static void
a_refusal_tells_a_doubt(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    struct err err;

    put_amount(f->queue, "u-1", "5");
    task = take(f->queue, INT64_MAX, "u-1");
    assert_int_equal(queue_commit_sent(f->queue, &task.order, &err), 0);
    finish(f->queue, &task.order, ORDER_ERROR, REASON_ATTEMPTS_EXHAUSTED);
    given(f, NULL, "4");
    retry(f->queue, "u-1", "");
    take_nothing(f->queue, INT64_MAX);
    assert_string_equal(get(f->queue, "u-1").reason_code, REASON_AMOUNT_IMPLAUSIBLE);
    assert_non_null(strstr(get(f->queue, "u-1").reason_text, "the line may be in the ERP, "));
}

static void
a_confirmed_amount_is_taken(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;

    given(f, NULL, "4");
    put_amount(f->queue, "u-1", "5");
    take_nothing(f->queue, INT64_MAX);
    assert_string_equal(get(f->queue, "u-1").reason_code, REASON_AMOUNT_IMPLAUSIBLE);
    retry(f->queue, "u-1", "");
    take_nothing(f->queue, INT64_MAX);
    retry(f->queue, "u-1", "{\"confirm\": true}");
    task = take(f->queue, INT64_MAX, "u-1");
    finish(f->queue, &task.order, ORDER_ERROR, "worksheet_closed");
    retry(f->queue, "u-1", "{\"worksheet\": \"559\"}"); /* it is still the same amount */
    task = take(f->queue, INT64_MAX, "u-1");
    finish(f->queue, &task.order, ORDER_ERROR, "worksheet_closed");
    retry(f->queue, "u-1", "{\"product_amount\": \"50\"}");
    take_nothing(f->queue, INT64_MAX);
    assert_string_equal(get(f->queue, "u-1").reason_code, REASON_AMOUNT_IMPLAUSIBLE);
}

static void
the_history_tells_of_a_rounding(void **state)
{
    struct fixture *f = *state;
    struct queue_task task;
    json_t *history;

    given(f, "{\"10\": {\"factor\": \"0.1\", \"decimals\": 1, \"rounding\": \"half_up\"}}", NULL);
    put_amount(f->queue, "u-1", "5.5");
    task = take(f->queue, INT64_MAX, "u-1");
    expect_for_erp(&task.order, "10", "0.6");
    history = history_of(f->queue, "u-1");
    assert_string_equal(history_text(history, 1, "note"),
                        "the amount 5.5 × 0.1 = 0.55 was rounded to 0.6");
    json_decref(history);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(what_the_erp_gets_is_on_disk_before_it_is_asked),
        SCENE(what_is_the_same_is_not_told),
        SCENE(a_changed_mapping_waits_for_a_person),
        SCENE(a_mapping_that_comes_later_waits_for_a_person),
        SCENE(a_refused_order_is_not_taken),
        SCENE(a_refusal_tells_a_doubt),
        SCENE(a_confirmed_amount_is_taken),
        SCENE(the_history_tells_of_a_rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
