/* Stopping the worker with a reason and an end. */
#include "common/base/clock.h"
#include "test/unit/worker/asking.h"

#define DAY_MS 86400000LL

static struct seen
stop(struct api *api, const char *body)
{
    return ask(api, "PUT", "/stop_worker", body, true);
}

static struct seen
stop_until(struct api *api, const char *reason, int64_t until_ms)
{
    char time[CLOCK_TEXT_BYTES], body[256];

    clock_text(until_ms, time);
    snprintf(body, sizeof body, "{\"reason\": \"%s\", \"until\": \"%s\"}", reason, time);
    return stop(api, body);
}

/* The member of /alive, as text. */
static void
expect_alive(struct api *api, const char *name, const char *value)
{
    json_t *alive = api_alive(api);

    if (value)
        assert_string_equal(json_string_value(json_object_get(alive, name)), value);
    else
        assert_true(json_is_null(json_object_get(alive, name)));
    json_decref(alive);
}

/* Another process of the same queue. */
static struct api *
reborn(struct scripted *s, struct api *api, const char *worker)
{
    api_free(api);
    delivery_stop(s->delivery, "");
    api = api_of(s, false);
    api_boot(api, worker);
    return api;
}

static void
the_reason_is_shown(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);
    int64_t until_ms = clock_wall_ms() + DAY_MS;
    char until[CLOCK_TEXT_BYTES], text[64];

    api_boot(api, "running");
    expect_alive(api, "worker", "running");
    assert_int_equal(stop(api, "{\"reason\": \"stocktaking\"}").status, 200);
    expect_alive(api, "worker", "stopped");
    expect_alive(api, "worker_reason", NULL);
    expect_alive(api, "worker_text", "stocktaking");
    expect_alive(api, "worker_until", NULL);
    assert_int_equal(stop_until(api, "ERP update", until_ms).status, 200);
    clock_text(until_ms, until);
    expect_alive(api, "worker_text", "ERP update");
    expect_alive(api, "worker_until", until);
    snprintf(text, sizeof text, "{\"reason\": null, \"until\": \"%s\"}", until);
    assert_int_equal(stop(api, text).status, 200);
    snprintf(text, sizeof text, "until %s", until);
    expect_alive(api, "worker_text", text);
    assert_int_equal(stop(api, NULL).status, 200);
    expect_alive(api, "worker_text", NULL);
    expect_alive(api, "worker_until", NULL);
    assert_int_equal(ask(api, "PUT", "/start_worker", NULL, true).status, 200);
    expect_alive(api, "worker", "running");
    api_free(api);
}

static void
a_wrong_body_changes_nothing(void **state)
{
    static const char *const wrong[][2] = {
        {"[]", "invalid_json"},
        {"{\"reason\": ", "invalid_json"},
        {"{\"reason\": 5}", "reason"},
        {"{\"reason\": \"\"}", "reason"},
        {"{\"reason\": \" \"}", "reason"},
        {"{\"reason\": \"a\\nb\"}", "reason"},
        {"{\"until\": 5}", "until"},
        {"{\"until\": \"tomorrow\"}", "until"},
        {"{\"until\": \"2020-01-01T00:00:00Z\"}", "in the future"},
        {"{\"until\": \"9000-01-01T00:00:00Z\"}", "within a year"},
        {"{\"reasons\": \"x\"}", "reasons"},
        {"{\"reason\": \"x\", \"reason\": \"y\"}", "invalid_json"},
    };
    struct scripted *s = *state;
    struct api *api = api_of(s, false);

    api_boot(api, "running");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct seen seen = stop(api, wrong[i][0]);

        assert_int_equal(seen.status, 400);
        if (!strstr(seen.body, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], seen.body);
    }
    expect_alive(api, "worker", "running");
    api_free(api);
}

static void
it_starts_by_itself(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);

    api_boot(api, "running");
    assert_int_equal(stop_until(api, "a moment", clock_wall_ms() + 200).status, 200);
    expect_alive(api, "worker", "stopped");
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    expect_alive(api, "worker", "running");
    expect_alive(api, "worker_text", NULL);
    expect_alive(api, "worker_until", NULL);
    api_free(api);
}

static void
a_later_stop_has_no_end(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);

    api_boot(api, "running");
    assert_int_equal(stop_until(api, "a moment", clock_wall_ms() + 50).status, 200);
    assert_int_equal(stop(api, NULL).status, 200);
    event_base_loopexit(s->base, &(struct timeval){0, 150000});
    event_base_dispatch(s->base);
    expect_alive(api, "worker", "stopped");
    api = reborn(s, api, "stopped");
    expect_alive(api, "worker", "stopped");
    api_free(api);
}

/* The starter passes on what a person has set since, or nothing if it does not know. */
static void
it_outlives_the_process(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);

    api_boot(api, "running");
    assert_int_equal(stop_until(api, "ERP update", clock_wall_ms() + DAY_MS).status, 200);
    api = reborn(s, api, "stopped");
    expect_alive(api, "worker", "stopped");
    expect_alive(api, "worker_text", "ERP update");
    api = reborn(s, api, "");
    expect_alive(api, "worker_text", "ERP update");
    api = reborn(s, api, "running");
    expect_alive(api, "worker", "running");
    api = reborn(s, api, "");
    expect_alive(api, "worker", "running");

    assert_int_equal(stop(api, "{\"reason\": \"stocktaking\"}").status, 200);
    api = reborn(s, api, "stopped");
    expect_alive(api, "worker_text", "stocktaking");
    api = reborn(s, api, "");
    expect_alive(api, "worker", "running");
    api_free(api);
}

/* The process was away when the end came. */
static void
it_starts_late(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);
    int64_t until_ms = clock_wall_ms() + 50;

    api_boot(api, "running");
    assert_int_equal(stop_until(api, "a moment", until_ms).status, 200);
    while (clock_wall_ms() < until_ms)
        ;
    api = reborn(s, api, "stopped");
    expect_alive(api, "worker", "running");
    api = reborn(s, api, "stopped"); /* the supervisor has not heard of that */
    expect_alive(api, "worker", "running");
    api_free(api);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(the_reason_is_shown),     SCENE(a_wrong_body_changes_nothing),
        SCENE(it_starts_by_itself),     SCENE(a_later_stop_has_no_end),
        SCENE(it_outlives_the_process), SCENE(it_starts_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
