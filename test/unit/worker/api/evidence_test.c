/* Evidence from the driver to the reply: only what the order names is shown. */
#include "common/ipc/reply_body.h"
#include "test/unit/worker/asking.h"
#include "test/unit/worker/evidence.h"
#include "worker/delivery/evidence.h"

static enum erp_verdict
changed_step(void *session, struct erp_job *job, const struct erp_reply *reply,
             struct erp_outcome *outcome)
{
    (void)session;
    (void)reply;
    job->state = job;
    *outcome = outcome_with("\x89PNG", "<p>a page");
    return ERP_REJECT;
}

static struct seen
ask_file(struct api *api, const char *uniqueid, const char *name, bool trusted)
{
    char target[512];

    snprintf(target, sizeof target, "/orders/%s/evidence/%s", uniqueid, name);
    return ask(api, "GET", target, NULL, trusted);
}

static struct order
one_that_failed(struct scripted *s, char name[128])
{
    json_t *history;

    s->driver.step = changed_step;
    delivery_remake(s);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_ERROR, 1);
    history = history_of(s->f.queue, "u-1");
    assert_int_equal(json_array_size(history), 3);
    snprintf(name, 128, "%s", name_at(json_object_get(json_array_get(history, 2), "evidence"), 0));
    assert_null(json_object_get(json_array_get(history, 1), "evidence"));
    json_decref(history);
    return get(s->f.queue, "u-1");
}

static void
the_history_names_it_and_the_api_shows_it(void **state)
{
    struct scripted *s = *state;
    char name[128], *path;
    struct order order = one_that_failed(s, name);
    struct api *api = api_of(s, false);
    struct seen seen;

    assert_string_equal(order.reason_code, "ui_changed");
    assert_non_null(strstr(order.reason_text, "#save not visible [evidence/u-1-"));
    assert_non_null(strstr(order.reason_text, name));
    seen = ask(api, "GET", "/orders/u-1/history", NULL, true);
    assert_int_equal(seen.status, 200);
    assert_non_null(strstr(seen.body, name));
    seen = ask_file(api, "u-1", name, false);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.type, "image/png");
    assert_string_equal(seen.body, "\x89PNG");
    strcpy(strrchr(name, '.'), ".html");
    seen = ask_file(api, "u-1", name, false);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.type, "text/plain; charset=utf-8");
    seen = ask_file(api, "u-1", name, true);
    assert_int_equal(seen.status, 200);
    assert_string_equal(seen.body, "<p>a page");
    path = evidence_path(queue_folder(s->f.queue), name);
    assert_int_equal(truncate(path, REPLY_BODY_OTHER_MAX + 1), 0);
    free(path);
    seen = ask_file(api, "u-1", name, true);
    assert_int_equal(seen.status, 406);
    assert_non_null(strstr(seen.body, "read evidence/"));
    assert_null(strstr(seen.body, s->f.folder)); /* the reader may be root, so no path is shown */
    api_free(api);
}

static void
only_what_the_order_names_is_shown(void **state)
{
    struct scripted *s = *state;
    char name[128], *path;
    struct api *api;

    one_that_failed(s, name);
    put_new(s->f.queue, "u-2", "559");
    api = api_new(&(struct api_setup){
        .base = s->base, .queue = s->f.queue, .delivery = s->delivery, .workshop = &s->workshop});
    assert_int_equal(ask_file(api, "u-2", name, false).status, 404);
    assert_int_equal(ask_file(api, "u-9", name, false).status, 404);
    assert_int_equal(ask_file(api, "u-1", "..%2Fdata.mdb", false).status, 404);
    assert_int_equal(ask_file(api, "u-1", "none.png", true).status, 404);
    path = evidence_path(s->f.folder, name);
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_non_null(strstr(ask_file(api, "u-1", name, false).body, "evidence_gone"));
    api_free(api);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {SCENE(the_history_names_it_and_the_api_shows_it),
                                       SCENE(only_what_the_order_names_is_shown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
