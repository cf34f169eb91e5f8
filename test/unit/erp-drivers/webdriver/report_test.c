/* The report of a dry run: every step once, the variables it sets, no password. */
#include "test/unit/erp-drivers/fake_attempt.h"

#include "erp-drivers/webdriver/dryrun.h"

static char told[8192];

static void
on_told(const struct webdriver_event *event, void *arg)
{
    static const char *const kinds[] = {[WEBDRIVER_BEGINS] = "begins",
                                        [WEBDRIVER_SETS] = "sets",
                                        [WEBDRIVER_ENDS] = "ends",
                                        [WEBDRIVER_FAILS] = "fails",
                                        [WEBDRIVER_RENEWS] = "renews"};
    size_t used = strlen(told);

    (void)arg;
    assert_int_equal(event->now_ms, fake.now_ms);
    snprintf(told + used, sizeof told - used, "%s %s|%s\n", kinds[event->kind], event->name,
             event->message);
}

static enum erp_verdict
told_attempt(struct order *order)
{
    *told = '\0';
    webdriver_trace(session, on_told, NULL);
    return attempt(order);
}

static void
test_steps(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    expect(told_attempt(&order), ERP_CREATED, NULL);
    assert_non_null(strstr(told, "begins lookup/0 call|\nends |\n"
                                 "begins lookup/0 > find/0 goto|\nends |\n"));
    assert_non_null(strstr(told, "begins create/4 read|\nsets seen|5\nends |\n"
                                 "begins create/5 assert|\nends |\nbegins commit/0 click|\n"));
    assert_null(strstr(told, "fails"));
}

static void
test_password(void **state)
{
    struct order order = order_of("u-1");
    json_t *find =
        json_object_get(json_object_get(json_object_get(erp, "$recipe"), "pieces"), "find");
    json_t *steps = json_object_get(json_array_get(find, 1), "do");

    (void)state;
    json_array_insert_new(
        steps, 2,
        json_loads("{\"when\": {\"equal\": [\"{found_amount}\", \"x\"]}, \"then\": []}", 0, NULL));
    fake.saves = 1;
    fake.line_amount = "bot-<secret>&\\\"7351";
    expect(told_attempt(&order), ERP_REJECT, NULL);
    assert_non_null(strstr(told, "sets found_amount|********\n"));
    assert_non_null(strstr(told, "do/2 when|\nends "));
    assert_null(strstr(told, "secret"));
}

static void
test_failure_after_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.refuses = true;
    expect(told_attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_non_null(strstr(told, "ends |\nfails commit|it says so\nbegins lookup/0 call|\n"));
    assert_null(strstr(told, "renews"));
}

static void
test_session_lost(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_worksheet = true;
    fake.rule = 0;
    expect(told_attempt(&order), ERP_RETRY, "erp_failure");
    assert_non_null(strstr(told, "fails create/2 \"the worksheet\"|#worksheet is not there\n"
                                 "renews |it says so\nbegins login/0 goto|\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_steps), TEST(test_password),
                                       TEST(test_failure_after_the_commit),
                                       TEST(test_session_lost)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
