/* Retrying failed orders if the ERP can be searched by worksheet only. */
#include "test/unit/worker/asking.h"

/* A failed order; sent: a request that may have stored its line was sent. */
static void
put_in_error(struct queue *queue, const char *uniqueid, const char *reason, bool sent,
             const char *reference)
{
    struct queue_task task;
    struct err err;

    put_new(queue, uniqueid, "558");
    task = take(queue, INT64_MAX, uniqueid);
    if (sent)
        assert_int_equal(queue_commit_sent(queue, &task.order, &err), 0);
    strcpy(task.order.erp_reference, reference);
    finish(queue, &task.order, ORDER_ERROR, reason);
}

static struct seen
retry(struct api *api, const char *uniqueid, const char *body)
{
    char target[64];

    snprintf(target, sizeof target, "/orders/%s/retry", uniqueid);
    return ask(api, "PUT", target, body, true);
}

static void
a_line_that_may_be_there_is_not_made_on_another_worksheet(void **state)
{
    static const char other[] = "{\"worksheet\": \"559\"}";
    struct scripted *s = *state;
    struct api *api = api_of(s, true);
    struct seen seen;

    put_in_error(s->f.queue, "exhausted", "attempts_exhausted", true, "");
    put_in_error(s->f.queue, "changed", "ui_changed", true, "");
    put_in_error(s->f.queue, "amount", "amount_refused", true, "L3");
    put_in_error(s->f.queue, "restored", "erp_rejected", false, "L4");
    put_in_error(s->f.queue, "unseen", "outcome_unknown", true, "");
    seen = retry(api, "exhausted", other);
    assert_int_equal(seen.status, 409);
    assert_non_null(strstr(seen.body, "\"outcome_unknown\""));
    assert_non_null(strstr(seen.body, "on worksheet 558"));
    assert_int_equal(retry(api, "changed", other).status, 409);
    assert_int_equal(retry(api, "amount", other).status, 409);
    assert_int_equal(retry(api, "restored", other).status, 409);
    assert_string_equal(get(s->f.queue, "exhausted").worksheet, "558");
    assert_int_equal(retry(api, "unseen", other).status, 409);
    assert_int_equal(retry(api, "unseen", NULL).status, 200);
    assert_true(get(s->f.queue, "unseen").commit_sent); /* looked up once more */
    assert_int_equal(retry(api, "exhausted", NULL).status, 200);
    assert_int_equal(retry(api, "changed", "{\"product_amount\": \"6\"}").status, 200);
    api_free(api);
}

static void
a_line_that_is_not_there_is(void **state)
{
    static const char other[] = "{\"worksheet\": \"559\"}";
    struct scripted *s = *state;
    struct api *api = api_of(s, true);

    put_in_error(s->f.queue, "unsent", "ui_changed", false, "");
    put_in_error(s->f.queue, "refused", "worksheet_closed", true, "");
    assert_int_equal(retry(api, "unsent", other).status, 200);
    assert_int_equal(retry(api, "refused", other).status, 200);
    assert_string_equal(get(s->f.queue, "refused").worksheet, "559");
    api_free(api);
}

static void
an_erp_that_finds_it_anywhere_takes_every_correction(void **state)
{
    struct scripted *s = *state;
    struct api *api = api_of(s, false);

    put_in_error(s->f.queue, "amount", "amount_refused", true, "L3");
    put_in_error(s->f.queue, "asked", "outcome_unknown", true, "");
    assert_int_equal(retry(api, "amount", "{\"worksheet\": \"559\"}").status, 200);
    assert_int_equal(retry(api, "asked", NULL).status, 200);
    assert_false(get(s->f.queue, "asked").commit_sent); /* a person has checked */
    api_free(api);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, scripted_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_line_that_may_be_there_is_not_made_on_another_worksheet),
        SCENE(a_line_that_is_not_there_is),
        SCENE(an_erp_that_finds_it_anywhere_takes_every_correction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
