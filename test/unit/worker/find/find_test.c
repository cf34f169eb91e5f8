/* Searching a queue: each way to the orders finds the same ones as looking at all of them. */
#include "test/unit/worker/fixture.h"

#include "worker/find/find.h"

#define ORDERS 6000 /* more than are looked at one by one */
#define GROUP 500

static struct find_filter filter;

static void
put_many(struct queue *queue)
{
    static struct order orders[GROUP];
    static struct queue_put puts[GROUP];

    for (unsigned from = 0; from < ORDERS; from += GROUP) {
        for (unsigned i = 0; i < GROUP; i++) {
            char uniqueid[32], worksheet[32];

            snprintf(uniqueid, sizeof uniqueid, "order-%05u-x", from + i);
            snprintf(worksheet, sizeof worksheet, "W%u", (from + i) / 3);
            orders[i] = order_of(uniqueid, worksheet);
            snprintf(orders[i].product_nr, sizeof orders[i].product_nr, "P%u", (from + i) % 7);
            puts[i] = (struct queue_put){.order = &orders[i]};
        }
        queue_put(queue, puts, GROUP);
        assert_int_equal(puts[GROUP - 1].answer, QUEUE_PLACED);
    }
}

static int
setup(void **state)
{
    struct fixture *f;

    fixture_setup(state);
    f = *state;
    put_many(f->queue);
    find_filter_any(&filter);
    return 0;
}

struct seen {
    unsigned count, stop_after;
    uint64_t last;
    char first[ORDER_VALUE_MAX + 1];
};

static bool
see(const struct order *order, void *arg)
{
    struct seen *seen = arg;

    assert_true(!seen->last || order->seq < seen->last); /* newest first, none twice */
    assert_true(find_filter_fits(&filter, order));
    if (!seen->count++)
        strcpy(seen->first, order->uniqueid);
    seen->last = order->seq;
    return !seen->stop_after || seen->count % seen->stop_after;
}

static struct find
find_all(struct queue *queue, struct seen *seen)
{
    struct find find = {.filter = &filter, .each = see, .arg = seen};
    struct err err;

    while (!find.done)
        assert_int_equal(find_some(queue, &find, &err), 0);
    return find;
}

static unsigned
count(struct queue *queue)
{
    struct seen seen = {.count = 0}, halting = {.stop_after = 3};

    find_all(queue, &seen);
    find_all(queue, &halting); /* a search that stops misses none */
    assert_int_equal(halting.count, seen.count);
    return seen.count;
}

static void
texts_are_found(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.count = 0};

    strcpy(filter.worksheet, "W7"); /* not W70, W71 … */
    assert_int_equal(count(f->queue), 3);
    find_all(f->queue, &seen);
    assert_string_equal(seen.first, "order-00023-x");
    strcpy(filter.product_nr, "P0");
    assert_int_equal(count(f->queue), 1);
    filter.worksheet[0] = '\0';
    assert_int_equal(count(f->queue), (ORDERS + 6) / 7);
    strcpy(filter.q, "order-0002");
    assert_int_equal(count(f->queue), 2); /* 21 and 28 */
    filter.product_nr[0] = '\0';
    assert_int_equal(count(f->queue), 10);
    strcpy(filter.q, "-x");
    assert_int_equal(count(f->queue), ORDERS);
    strcpy(filter.q, "W1999");
    assert_int_equal(count(f->queue), 3);
    strcpy(filter.q, "nowhere");
    assert_int_equal(count(f->queue), 0);
}

/* What is found through blocks is as little effort as they are. */
static void
few_orders_are_looked_at(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.count = 0};

    strcpy(filter.worksheet, "W7");
    assert_true(find_all(f->queue, &seen).looked < 600);
    filter.worksheet[0] = '\0';
    filter.attention = true;
    assert_int_equal(find_all(f->queue, &seen).looked, 0);
}

static void
troubled_orders_are_found(void **state)
{
    struct fixture *f = *state;
    struct order order;
    struct err err;

    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 5, NULL, &err), 5);
    filter.attention = true;
    assert_int_equal(count(f->queue), 5);
    strcpy(filter.worksheet, "W0");
    assert_int_equal(count(f->queue), 3);
    filter.worksheet[0] = '\0';
    strcpy(filter.reason_code, "cleared");
    assert_int_equal(count(f->queue), 5);
    strcpy(filter.reason_code, "erp_busy");
    assert_int_equal(count(f->queue), 0);
    order = get(f->queue, "order-00002-x");
    assert_int_equal(queue_write_off(f->queue, &order, "spill", "on the floor", NULL, &err), 1);
    assert_int_equal(queue_count(f->queue, QUEUE_ATTENTION), 4);
    strcpy(filter.reason_code, "cleared");
    assert_int_equal(count(f->queue), 4);
    filter.attention = false;
    strcpy(filter.reason_code, "written_off");
    assert_int_equal(count(f->queue), 1);
    filter.reason_code[0] = '\0';
    filter.status = ORDER_ERROR;
    assert_int_equal(count(f->queue), 5);
    filter.no_attention = true;
    assert_int_equal(count(f->queue), 1);
    filter.status = ORDER_PLACED;
    assert_int_equal(count(f->queue), ORDERS - 5);
}

/* It is found where it is now, and no longer where it was. */
static void
a_corrected_order_is_found(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.count = 0};
    struct find find;
    struct order order;
    struct err err;

    strcpy(filter.worksheet, "W1");
    find = find_all(f->queue, &seen);
    assert_int_equal(seen.count, 3);
    assert_false(find_disturbed(f->queue, &find));
    assert_int_equal(queue_clear(f->queue, queue_last_seq(f->queue), 5, NULL, &err), 5);
    order = get(f->queue, "order-00003-x");
    strcpy(order.worksheet, "corrected");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    assert_true(find_disturbed(f->queue, &find));
    assert_int_equal(count(f->queue), 2);
    strcpy(filter.worksheet, "corrected");
    assert_int_equal(count(f->queue), 1);
}

static void
times_are_found(void **state)
{
    struct fixture *f = *state;
    struct order order = get(f->queue, "order-03000-x");
    unsigned before, behind;

    filter.to_ms = order.placed_ms;
    before = count(f->queue);
    filter.to_ms = INT64_MAX;
    filter.from_ms = order.placed_ms + 1;
    behind = count(f->queue);
    assert_int_equal(before + behind, ORDERS);
    assert_true(before >= 3001);
    filter.from_ms = INT64_MAX;
    assert_int_equal(count(f->queue), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(texts_are_found),           TEST(few_orders_are_looked_at),
        TEST(troubled_orders_are_found), TEST(a_corrected_order_is_found),
        TEST(times_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
