/* Attempts at orders with the fake browser, with invariants checked after each step. */
#ifndef TEST_FAKE_ATTEMPT_H
#define TEST_FAKE_ATTEMPT_H

#include "test/unit/erp-drivers/fake_browser.h"

static struct fake fake;
static json_t *erp;
static void *session;
static const struct erp_driver *driver;
static const struct credentials auth = {(char *)"bot", (char *)FAKE_PASSWORD};
static struct erp_outcome outcome;

static int
setup(void **state)
{
    struct json_faults faults = {NULL, 0};
    json_t *recipe = json_loads(fake_recipe, 0, NULL);

    (void)state;
    assert_non_null(recipe);
    if (!recipe_check(recipe, "fake", &faults))
        fail_msg("%s %s", faults.items[0].pointer, faults.items[0].text);
    erp = json_pack("{s:s s:s s:s s:o}", "url", "http://erp.example/app/", "$webdriver_url",
                    "http://driver.example:9515/", "$browser_mark", "00ff", "$recipe", recipe);
    fake = (struct fake){
        .rule = -1, .amount = "5,00", .line_amount = "5", .dialog = "Save it?", .now_ms = 1000};
    driver = erp_driver_find("webdriver");
    session = driver->session_new(erp);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    erp_outcome_clear(&outcome);
    driver->session_free(session);
    json_decref(erp);
    free(fake.body);
    return 0;
}

/* One attempt; order NULL: a closing job. */
static enum erp_verdict
attempt(struct order *order)
{
    struct erp_job job = {.workshop = "Bennys Auto", .order = order, .auth = order ? &auth : NULL};
    const struct erp_reply *taken = NULL;
    struct erp_reply reply;
    enum erp_verdict verdict;

    erp_outcome_clear(&outcome);
    for (;;) {
        erp_request_clear(&job.request);
        job.now_ms = fake.now_ms;
        verdict = driver->step(session, &job, taken, &outcome);
        if (verdict != ERP_SEND)
            break;
        assert_non_null(job.request.what);
        assert_true(job.request.kind == ERP_KILL_BROWSERS ||
                    !strstr(job.request.url, FAKE_PASSWORD));
        assert_non_null(driver->session_note(session)); /* noted before it is opened */
        if (order && job.request.commits)
            order->commit_sent = true;
        fake_reply(&fake, &job.request, &reply);
        taken = &reply;
    }
    driver->job_free(session, &job);
    erp_request_clear(&job.request);
    assert_null(strstr(outcome.reason_text, FAKE_PASSWORD));
    assert_true(fake.open == (driver->session_note(session) != NULL) || fake.at);
    return verdict;
}

static struct order
order_of(const char *uniqueid)
{
    struct order order = {.worksheet = "558", .product_nr = "10", .product_amount = "5"};

    text_copy(order.uniqueid, sizeof order.uniqueid, uniqueid);
    return order;
}

static void
expect(enum erp_verdict verdict, enum erp_verdict wanted, const char *code)
{
    if (verdict != wanted || (code && strcmp(outcome.reason_code, code)))
        fail_msg("%d (%s: %s) instead of %d (%s)", verdict, outcome.reason_code,
                 outcome.reason_text, wanted, code ? code : "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
