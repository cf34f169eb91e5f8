/* Which events are sent, and when. */
#include "test/unit/supervisor/monitoring/reader.h"
#include "test/unit/time_passes.h"

static void
a_reader_starts_with_a_snapshot(void **state)
{
    struct reader *one, *two;
    json_t *data;

    (void)state;
    push(1, "running", 3, 1); /* without readers nothing is stored and no id is used */
    one = open_reader(true);
    assert_string_equal(got(one, &data), "1 snapshot");
    assert_int_equal(json_array_size(json_object_get(data, "integrations")), 2);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(data, "summary"), "queue_length")), 3);
    json_decref(data);
    two = open_reader(true);
    assert_string_equal(got(two, NULL), "2 snapshot");
    assert_string_equal(got(one, NULL), "");
}

static void
states_are_sent_at_once(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    push(0, "running", 0, 1);
    push(0, "running", 0, 2); /* only older ones */
    assert_string_equal(got(one, &data), "1 snapshot, 2 integration");
    assert_string_equal(text_of(data, "slug"), "anns");
    assert_string_equal(text_of(data, "process"), "running");
    json_decref(data);
    push(0, "parked", 0, 3);
    assert_string_equal(got(one, &data), "3 integration");
    assert_string_equal(text_of(data, "worker"), "parked");
    json_decref(data);
    strcpy(children[0]->last_error, "it broke");
    events_changed(events, children[0]);
    children[0]->restarts++;
    events_changed(events, children[0]);
    assert_string_equal(got(one, NULL), "4 integration, 5 integration");
}

static void
figures_are_sent_together(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    push(0, "running", 0, 1);
    push(1, "running", 0, 1);
    got(one, NULL);
    for (int i = 1; i <= 50; i++)
        push(0, "running", i, i);
    assert_string_equal(got(one, NULL), "");
    time_passes(EVENTS_FIGURES_MS);
    wait_for_text(one);
    assert_string_equal(got(one, &data), "4 integration");
    assert_int_equal(json_integer_value(json_object_get(data, "queue_length")), 50);
    json_decref(data);
    push(0, "running", 7, 1);
    push(0, "parked", 8, 1); /* sent at once, together with the pending figures */
    assert_string_equal(got(one, NULL), "5 integration");
    push(1, "running", 1, 1);
    assert_string_equal(got(one, NULL), "");
    time_passes(EVENTS_FIGURES_MS);
    wait_for_text(one);
    assert_string_equal(got(one, &data), "6 integration");
    assert_string_equal(text_of(data, "slug"), "bennys");
    json_decref(data);
}

static void
a_removal_is_sent(void **state)
{
    struct reader *one = open_reader(true);
    json_t *data;

    (void)state;
    daemon_there.child_count = config.workshop_count = 1; /* bennys is removed */
    events_changed(events, children[1]);
    events_reconfigured(events);
    assert_string_equal(got(one, &data), "1 snapshot, 2 removed");
    assert_string_equal(text_of(data, "slug"), "bennys");
    json_decref(data);
    events_changed(events, children[1]);
    assert_string_equal(got(one, NULL), "");
    daemon_there.child_count = config.workshop_count = 2;
    workshops[0].active = true;
    events_reconfigured(events);
    assert_string_equal(got(one, NULL), "3 integration, 4 integration"); /* changed, and back */
    workshops[0].active = false;
}

static void
what_happens_to_orders_is_sent(void **state)
{
    struct reader *one;
    json_t *data;

    (void)state;
    happens(0, "created - u-0", false); /* no reader */
    assert_false(children[0]->watched);
    one = open_reader(true);
    assert_true(children[0]->watched && children[1]->watched);
    happens(0, "error erp_rejected u 1", false);
    assert_string_equal(got(one, &data), "1 snapshot, 2 order");
    assert_string_equal(text_of(data, "slug"), "anns");
    assert_string_equal(text_of(data, "uniqueid"), "u 1");
    assert_string_equal(text_of(data, "status"), "error");
    assert_string_equal(text_of(data, "reason_code"), "erp_rejected");
    json_decref(data);
    happens(1, "placed - u-2", false);
    assert_string_equal(got(one, &data), "3 order");
    assert_true(json_is_null(json_object_get(data, "reason_code")));
    json_decref(data);
    happens(1, "created - u-3", true);
    assert_string_equal(got(one, NULL), "4 order, 5 reset");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_reader_starts_with_a_snapshot),
                                       TEST(states_are_sent_at_once),
                                       TEST(figures_are_sent_together), TEST(a_removal_is_sent),
                                       TEST(what_happens_to_orders_is_sent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
