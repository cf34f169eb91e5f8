/* What the queue owes a receiver: with each end of an order, in order, until it is taken off. */
#include "test/unit/worker/fixture.h"

#include "worker/queue/change.h"

static bool
skip_none(const char *worksheet, void *arg)
{
    (void)worksheet;
    (void)arg;
    return false;
}

static bool
skip_this(const char *worksheet, void *arg)
{
    return strcmp(worksheet, arg) == 0;
}

static struct queue_callback
next_of(struct queue *queue, const char *after, const char *skipped)
{
    struct queue_callback callback;
    struct err err;
    int found = queue_callback_next(queue, after, skipped ? skip_this : skip_none, (void *)skipped,
                                    &callback, &err);

    assert_int_equal(found, 1);
    assert_non_null(callback.body);
    return callback;
}

static void
no_next(struct queue *queue, const char *after)
{
    struct queue_callback callback;
    struct err err;

    assert_int_equal(queue_callback_next(queue, after, skip_none, NULL, &callback, &err), 0);
}

/* It tells of this end of this order. */
static void
assert_tells(const struct queue_callback *callback, const char *uniqueid, const char *status)
{
    json_t *body = json_loads(callback->body, 0, NULL);

    assert_string_equal(json_string_value(json_object_get(body, "uniqueid")), uniqueid);
    assert_string_equal(json_string_value(json_object_get(body, "status")), status);
    assert_string_equal(json_string_value(json_object_get(body, "workshop")), "Bennys Auto");
    json_decref(body);
}

static void
take_off(struct queue *queue, struct queue_callback *callback)
{
    const struct queue_callback *const done[] = {callback};
    struct err err;

    assert_int_equal(queue_callbacks_done(queue, done, 1, &err), 0);
    free(callback->body);
}

static void
nothing_is_owed_unless_it_is_wanted(void **state)
{
    struct fixture *f = *state;

    put_created(f->queue, "u-1", "558");
    assert_int_equal(queue_callbacks_waiting(f->queue), 0);
    no_next(f->queue, "");
}

static void
each_end_in_the_order_of_its_worksheet(void **state)
{
    struct fixture *f = *state;
    struct queue_callback callback;
    struct order order;
    struct err err;

    queue_call_back(f->queue, "Bennys Auto");
    put_failed(f->queue, "u-1", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_resolve(f->queue, &order, "by hand", NULL, &err), 1);
    put_created(f->queue, "u-2", "558");
    put_new(f->queue, "u-3", "77");
    assert_int_equal(queue_clear(f->queue, UINT64_MAX, 10, NULL, &err), 1);
    assert_int_equal(queue_callbacks_waiting(f->queue), 4);
    callback = next_of(f->queue, "", NULL);
    assert_tells(&callback, "u-1", "error");
    take_off(f->queue, &callback);
    callback = next_of(f->queue, "", NULL);
    assert_tells(&callback, "u-1", "created");
    take_off(f->queue, &callback);
    callback = next_of(f->queue, "", NULL);
    assert_tells(&callback, "u-2", "created");
    free(callback.body);
    callback = next_of(f->queue, "558", NULL);
    assert_tells(&callback, "u-3", "error");
    free(callback.body);
    callback = next_of(f->queue, "", "558");
    assert_tells(&callback, "u-3", "error");
    take_off(f->queue, &callback);
    no_next(f->queue, "558");
    assert_int_equal(queue_callbacks_waiting(f->queue), 1);
}

/* Nothing is told twice over, but for what comes between. */
static void
a_retry_is_no_end(void **state)
{
    struct fixture *f = *state;
    struct order order;
    struct err err;

    queue_call_back(f->queue, "Bennys Auto");
    put_failed(f->queue, "u-1", "558");
    order = get(f->queue, "u-1");
    assert_int_equal(queue_retry(f->queue, &order, false, NULL, &err), 1);
    take(f->queue, INT64_MAX, "u-1");
    assert_int_equal(queue_callbacks_waiting(f->queue), 1);
}

static void
they_survive_with_their_identity(void **state)
{
    struct fixture *f = *state;
    struct queue_callback before, after;

    queue_call_back(f->queue, "Bennys Auto");
    put_created(f->queue, "u-1", "558");
    before = next_of(f->queue, "", NULL);
    fixture_reopen(f, 16);
    assert_int_equal(queue_callbacks_waiting(f->queue), 1);
    queue_call_back(f->queue, "Another Name");
    after = next_of(f->queue, "", NULL);
    assert_string_equal(before.id, after.id);
    assert_string_equal(before.body, after.body);
    assert_true(after.age_ms >= 0 && after.age_ms < DEADLINE_MS);
    put_created(f->queue, "u-2", "77");
    free(after.body);
    after = next_of(f->queue, "558", NULL);
    assert_string_not_equal(before.id, after.id);
    free(before.body);
    free(after.body);
}

static void
a_receiver_that_is_gone_is_owed_nothing(void **state)
{
    struct fixture *f = *state;

    queue_call_back(f->queue, "Bennys Auto");
    put_created(f->queue, "u-1", "558");
    fixture_reopen(f, 16);
    queue_call_back(f->queue, NULL);
    assert_int_equal(queue_callbacks_waiting(f->queue), 0);
    fixture_reopen(f, 16);
    assert_int_equal(queue_callbacks_waiting(f->queue), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_owed_unless_it_is_wanted), TEST(each_end_in_the_order_of_its_worksheet),
        TEST(a_retry_is_no_end), TEST(they_survive_with_their_identity),
        TEST(a_receiver_that_is_gone_is_owed_nothing)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
