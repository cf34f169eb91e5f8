/* The reference guard, from a driver's outcome to the end of the order: with the scripted driver,
 * and with the file driver, whose references are made from the uniqueid. */
#include "test/unit/worker/scripted.h"

/* The order with this reference. */
static void
has_line(struct scripted *s, const char *uniqueid, const char *reference)
{
    struct queue_task task;

    put_new(s->f.queue, uniqueid, uniqueid);
    task = take(s->f.queue, INT64_MAX, uniqueid);
    strcpy(task.order.erp_reference, reference);
    finish(s->f.queue, &task.order, ORDER_CREATED, "");
}

static void
assert_doubtful(struct scripted *s, const char *uniqueid, const char *words)
{
    struct order order = get(s->f.queue, uniqueid);

    assert_int_equal(order.status, ORDER_ERROR);
    assert_string_equal(order.reason_code, "outcome_unknown");
    assert_string_equal(order.erp_reference, "");
    if (!strstr(order.reason_text, words))
        fail_msg("no \"%s\" in: %s", words, order.reason_text);
}

static void
another_orders_line_is_not_a_success(void **state)
{
    struct scripted *s = *state;

    has_line(s, "u-0", "line-u-1");
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_doubtful(s, "u-1", "line line-u-1 already belongs to order \"u-0\"");
    assert_string_equal(get(s->f.queue, "u-2").erp_reference, "line-u-2");
    assert_string_equal(delivery_state(s->delivery), "running");
    assert_string_equal(s->seen, "u-1 u-2 ");
}

static void
another_orders_file_is_not_a_success(void **state)
{
    struct scripted *s = *state;
    char path[128];

    json_object_set_new(s->workshop.document, "erp",
                        json_pack("{s:s s:s}", "system", "file", "folder", s->f.folder));
    s->driver = *erp_driver_find("file");
    delivery_remake(s);
    has_line(s, "u-0", "u-1.csv");
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_doubtful(s, "u-1", "line u-1.csv already belongs to order \"u-0\"");
    assert_string_equal(get(s->f.queue, "u-2").erp_reference, "u-2.csv");
    snprintf(path, sizeof path, "%s/u-1.csv", s->f.folder);
    assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(another_orders_line_is_not_a_success),
        TEST(another_orders_file_is_not_a_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
