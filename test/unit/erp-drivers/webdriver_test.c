/* The WebDriver engine against a browser that is not there: the walk, what is lost, what is never
 * done twice, and what a reason says. */
#include "fake_attempt.h"

#include "erp-drivers/webdriver_attempt.h"

#define COMMIT_ACTS 2 /* the click, and the dialog that it opens */

/* --- the walk --- */

static void
test_created(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
    assert_int_equal(fake.logins, 1);
    assert_true(order.commit_sent);
}

static void
test_one_login_for_all(void **state)
{
    struct order first = order_of("u-1"), second = order_of("u-2");

    (void)state;
    expect(attempt(&first), ERP_CREATED, NULL);
    fake.saves = 0;
    expect(attempt(&second), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.sessions, 1);
}

static void
test_found(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.saves = 1;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, 0);
}

static void
test_found_another(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.saves = 1;
    fake.line_amount = "7";
    expect(attempt(&order), ERP_REJECT, "erp_rejected");
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
}

static void
test_amount_before_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.amount = "5,01";
    expect(attempt(&order), ERP_REJECT, "amount_refused");
    assert_string_equal(outcome.reason_text, "the page makes 5.01 of it");
    assert_int_equal(fake.saves, 0);
    assert_int_equal(fake.commits, 0);
}

static void
test_amount_after_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.line_amount = "5.001";
    expect(attempt(&order), ERP_REJECT, "amount_refused");
    assert_string_equal(outcome.reference, "L3");
}

static void
test_taken_but_not_shown(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.forgets = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_int_equal(fake.saves, 1);
}

/* What an earlier attempt sent may still be on its way. */
static void
test_settles_before_the_look_up(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    order.commit_sent = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_in_range(fake.delayed_ms, 3900, 4000);
}

/* --- trouble --- */

/* Whatever goes wrong with whichever request: there is one line in the end, and nobody asks for
 * ever. */
static void
each_request(enum fake_way way)
{
    for (unsigned at = 1;; at++) {
        struct order order = order_of("u-1");
        enum erp_verdict verdict = ERP_RETRY;
        bool reached;

        fake.at = at;
        fake.way = way;
        for (int i = 0; i < 4 && verdict == ERP_RETRY; i++)
            verdict = attempt(&order);
        reached = fake.requests >= at;
        if (fake.saves > 1 || (verdict == ERP_CREATED) != (fake.saves == 1))
            fail_msg("request %u: verdict %d (%s: %s), %u lines", at, verdict, outcome.reason_code,
                     outcome.reason_text, fake.saves);
        if (verdict == ERP_RETRY)
            fail_msg("request %u: %s: %s", at, outcome.reason_code, outcome.reason_text);
        attempt(NULL);
        if (fake.open || driver->session_note(session))
            fail_msg("request %u: a browser is left", at);
        teardown(NULL);
        setup(NULL);
        if (!reached)
            return;
    }
}

static void
test_each_reply_lost(void **state)
{
    (void)state;
    each_request(FAKE_LOSE);
}

static void
test_each_request_unsent(void **state)
{
    (void)state;
    each_request(FAKE_UNSENT);
}

static void
test_each_reply_nonsense(void **state)
{
    (void)state;
    each_request(FAKE_NONSENSE);
}

static void
test_browser_dies_at_each_request(void **state)
{
    (void)state;
    each_request(FAKE_DEAD);
}

static void
test_element_is_stale_at_each_request(void **state)
{
    (void)state;
    each_request(FAKE_STALE);
}

static void
test_dialog_in_the_way_at_each_request(void **state)
{
    (void)state;
    each_request(FAKE_IN_THE_WAY);
}

static void
test_browser_hangs_at_each_request(void **state)
{
    (void)state;
    each_request(FAKE_HANG);
}

static void
test_dead_browser_is_replaced(void **state)
{
    struct order order = order_of("u-1"), next = order_of("u-2");

    (void)state;
    expect(attempt(&order), ERP_CREATED, NULL);
    fake.saves = 0;
    fake.at = fake.requests + 1;
    fake.way = FAKE_DEAD;
    expect(attempt(&next), ERP_RETRY, "browser_failure");
    assert_null(driver->session_note(session));
    expect(attempt(&next), ERP_CREATED, NULL);
    assert_int_equal(fake.sessions, 2);
    assert_int_equal(fake.logins, 2);
}

/* Whoever ends a job in the middle leaves the page in the middle. */
static void
test_given_up_in_the_middle(void **state)
{
    struct order order = order_of("u-1");
    struct erp_job job = {.workshop = "Bennys Auto", .order = &order, .auth = &auth};
    const struct erp_reply *taken = NULL;
    struct erp_reply reply;

    (void)state;
    do {
        erp_request_clear(&job.request);
        job.now_ms = fake.now_ms;
        assert_int_equal(driver->step(session, &job, taken, &outcome), ERP_SEND);
        if (!job.request.commits)
            fake_reply(&fake, &job.request, &reply);
        taken = &reply;
    } while (!job.request.commits);
    driver->job_free(session, &job);
    erp_request_clear(&job.request);
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.left, 1);
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.saves, 1);
}

/* --- reasons --- */

static void
test_page_changed(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_worksheet = true;
    expect(attempt(&order), ERP_REJECT, "ui_changed");
    assert_string_equal(outcome.reason_text,
                        "create/2 \"the worksheet\": #worksheet is not there within 2 s");
    assert_int_equal(outcome.evidence_count, 2);
    assert_string_equal(outcome.evidence[0].kind, "png");
    assert_memory_equal(outcome.evidence[0].bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_string_equal(outcome.evidence[1].kind, "html");
    assert_null(strstr(outcome.evidence[1].bytes, "7351"));
    assert_null(strstr(outcome.evidence[1].bytes, "secret"));
    assert_in_range(fake.delayed_ms, 1700, 2300);
}

static void
test_rule_gives_the_reason(void **state)
{
    struct order order = order_of("u-1"), next = order_of("u-2");

    (void)state;
    fake.hides_worksheet = true;
    fake.rule = 3;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_string_equal(outcome.reason_text, "it says so");
    assert_int_equal(outcome.evidence_count, 0);
    fake.hides_worksheet = false;
    fake.rule = -1;
    expect(attempt(&next), ERP_CREATED, NULL);
    assert_int_equal(fake.logins, 1);
}

static void
test_wrong_password_once(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_menu = true;
    fake.rule = 1;
    expect(attempt(&order), ERP_PARK, "auth_failed");
    assert_int_equal(fake.logins, 1);
    assert_int_equal(fake.open, 0);
}

/* No rule knows the words of a refused password: it is not tried again either. */
static void
test_login_that_leads_nowhere(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_menu = true;
    expect(attempt(&order), ERP_PARK, "auth_failed");
    assert_int_equal(fake.logins, 1);
    assert_int_equal(outcome.evidence_count, 2);
}

/* A rule takes the words of a refused password for those of a refused order: the next order does
 * not try it again. */
static void
test_login_is_no_refusal_of_the_order(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_menu = true;
    fake.rule = 3;
    expect(attempt(&order), ERP_PARK, "auth_failed");
    assert_int_equal(fake.logins, 1);
}

/* A login that says so has not got in: the password is not tried again for it. */
static void
test_session_lost_in_the_login(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_menu = true;
    fake.rule = 0;
    expect(attempt(&order), ERP_PARK, "auth_failed");
    assert_int_equal(fake.logins, 1);
    assert_int_equal(outcome.evidence_count, 2);
}

static void
test_session_lost(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.hides_worksheet = true;
    fake.rule = 0;
    expect(attempt(&order), ERP_RETRY, "erp_failure");
    assert_int_equal(fake.logins, 2);
    assert_int_equal(fake.sessions, 1);
    assert_int_equal(fake.saves, 0);
}

/* A page that says no, and has stored the line. */
static void
test_refusal_after_a_save(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
    assert_int_equal(fake.sessions, 1);
    assert_int_equal(fake.delayed_ms, 0);
}

/* Before the ERP has confirmed it, it may still be at it. */
static void
test_refusal_during_a_save(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.rule = 3;
    fake.says_no_when_saved = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_in_range(fake.delayed_ms, 3900, 4000);
}

static void
test_refusal_after_a_save_of_another_amount(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.line_amount = "4";
    expect(attempt(&order), ERP_REJECT, "amount_refused");
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.saves, 1);
}

/* The page says no where a dialog was expected: it is not waited for until its time is up. */
static void
test_refusal_in_place_of_a_dialog(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.rule = 3;
    fake.asks_nothing = fake.says_no_when_saved = true;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_int_equal(fake.saves, 0);
    assert_in_range(fake.delayed_ms, 3900, 4000); /* settle_s alone */
}

static void
test_refusal_at_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.refuses = true;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_string_equal(outcome.reason_text, "it says so");
    assert_string_equal(outcome.reference, "");
    assert_int_equal(fake.saves, 0);
    assert_int_equal(fake.commits, COMMIT_ACTS);
}

/* The look-up after it fails: nobody knows, and the next attempt looks first. */
static void
test_refusal_and_no_look_up(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.rule = 3;
    fake.hides_lines = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_string_equal(outcome.reason_text,
                        "the line may be in the ERP, which does not let it be looked up: "
                        "worksheet_closed: it says so");
    fake.rule = -1;
    expect(attempt(&order), ERP_REJECT, "ui_changed");
    fake.hides_lines = false;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
    assert_int_equal(fake.commits, COMMIT_ACTS);
}

/* A rule that says no at once does not keep a line from being found. */
static void
test_refusal_while_looking_up(void **state)
{
    struct order order = order_of("u-1");
    json_t *rule = json_array_get(json_object_get(json_object_get(erp, "$recipe"), "errors"), 3);

    (void)state;
    json_object_set_new(rule, "at_once", json_true());
    fake.says_no_at_once = true;
    fake.rule = 3;
    fake.saves = 1;
    expect(attempt(&order), ERP_CREATED, NULL);
    fake.saves = 0;
    expect(attempt(&order), ERP_REJECT, "worksheet_closed");
    assert_int_equal(fake.commits, 0);
}

static void
test_other_dialog_at_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.dialog = "The worksheet is in use by Ann";
    expect(attempt(&order), ERP_RETRY, "worksheet_locked");
    assert_int_equal(fake.saves, 0);
    fake.dialog = "Whatever";
    expect(attempt(&order), ERP_RETRY, "ui_changed");
    fake.dialog = "Save it?";
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
}

/* --- the browser's life --- */

static void
test_recycled(void **state)
{
    (void)state;
    for (int i = 0; i < 7; i++) {
        struct order order = order_of("u-1");

        fake.saves = 0;
        expect(attempt(&order), ERP_CREATED, NULL);
    }
    assert_int_equal(fake.sessions, 3);
    assert_int_equal(fake.logouts, 2);
    assert_int_equal(fake.deleted, 2);
    fake.now_ms += 1000 * 1000;
    {
        struct order order = order_of("u-8");

        expect(attempt(&order), ERP_CREATED, NULL);
    }
    assert_int_equal(fake.sessions, 4);
}

static void
test_closing_job(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.requests, 0);
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(driver->session_note(session),
                        "{\"url\":\"http://driver.example:9515/\",\"id\":\"s1\"}");
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.logouts, 1);
    assert_int_equal(fake.deleted, 1);
    assert_null(driver->session_note(session));
}

static void
test_adopted(void **state)
{
    (void)state;
    fake.open = true;
    driver->session_adopt(session, "{\"url\":\"http://other.example/\",\"id\":\"s1\"}");
    assert_non_null(driver->session_note(session));
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.requests, 2);
    assert_int_equal(fake.swept, 1); /* first: it may hang */
    driver->session_adopt(session, "nonsense");
    assert_null(driver->session_note(session));
}

/* --- what may be left of it --- */

static void
lose_the_start(enum fake_way way)
{
    struct order order = order_of("u-1");

    fake.at = 1;
    fake.way = way;
    expect(attempt(&order), ERP_RETRY, "browser_failure");
    assert_null(driver->session_note(session));
}

static void
test_start_without_reply(void **state)
{
    (void)state;
    fake.appears_after = 3;
    lose_the_start(FAKE_LOSE);
    assert_false(fake.open);
    assert_int_equal(fake.sweeps, 4);
    assert_int_equal(fake.requests, 5);
}

/* It is waited for, but not for ever. */
static void
test_start_that_came_to_nothing(void **state)
{
    (void)state;
    fake.elsewhere = true;
    lose_the_start(FAKE_LOSE);
    assert_in_range(fake.delayed_ms, 5500, 6500);
    assert_int_equal(fake.requests, fake.sweeps + 1);
}

static void
test_start_refused(void **state)
{
    (void)state;
    lose_the_start(FAKE_STALE); /* an error of any name */
    assert_int_equal(fake.sweeps, 1);
    assert_int_equal(fake.delayed_ms, 0);
}

static void
test_start_unsent(void **state)
{
    (void)state;
    lose_the_start(FAKE_UNSENT);
    assert_int_equal(fake.requests, 1);
}

static void
test_usual_life_without_sweeps(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    expect(attempt(&order), ERP_CREATED, NULL);
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.sweeps, 0);
    assert_int_equal(fake.deleted, 1);
}

/* A closing job has ten seconds. */
static void
test_idle_browser_hangs(void **state)
{
    struct order order = order_of("u-1");
    int64_t began_ms;

    (void)state;
    expect(attempt(&order), ERP_CREATED, NULL);
    began_ms = fake.now_ms;
    fake.at = fake.requests + 1;
    fake.way = FAKE_HANG;
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_false(fake.open);
    assert_in_range(fake.now_ms - began_ms, 1, 9000);
}

/* A Grid's: nothing but its driver can end it, so that is asked twice, with patience. */
static void
test_elsewhere_the_driver_is_asked_again(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.elsewhere = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    fake.at = fake.requests + 2; /* after the log-out */
    fake.way = FAKE_HANG;
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.requests, fake.at + 2);
    assert_int_equal(fake.sweeps, 1);
}

static void
test_elsewhere_it_stays_noted(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.elsewhere = true;
    fake.at = 3;
    fake.way = FAKE_HANG;
    expect(attempt(&order), ERP_RETRY, "browser_failure");
    assert_non_null(driver->session_note(session));
    fake.hangs = false;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.deleted, 1);
    assert_int_equal(fake.sessions, 2);
}

static void
test_start_adopted(void **state)
{
    (void)state;
    fake.open = true;
    fake.appears_after = 2;
    driver->session_adopt(session, "{\"url\":\"http://driver.example:9515/\"}");
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_false(fake.open);
    assert_int_equal(fake.sweeps, 3);
    assert_null(driver->session_note(session));
}

static bool
is_marked(const char *name)
{
    json_t *setup_of = json_pack("{s:s*}", "name", name), *capabilities;
    struct browser *b;
    bool marked;
    char *text;

    json_object_set_new(erp, "browser", setup_of);
    b = browser_new(erp);
    capabilities = browser_capabilities(b);
    text = json_dumps(capabilities, 0);
    marked = strstr(text, "\"--pumpline-browser=00ff\"") != NULL;
    free(text);
    json_decref(capabilities);
    browser_free(b);
    json_object_del(erp, "browser");
    return marked;
}

static void
test_marked(void **state)
{
    (void)state;
    assert_true(is_marked(NULL));
    assert_true(is_marked("chrome"));
    assert_true(is_marked("firefox"));
}

static void
test_every_verb_has_a_function(void **state)
{
    (void)state;
    for (size_t i = 0; recipe_verb_at(i); i++)
        assert_non_null(step_find(recipe_verb_at(i)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_created),
        TEST(test_one_login_for_all),
        TEST(test_found),
        TEST(test_found_another),
        TEST(test_amount_before_commit),
        TEST(test_amount_after_commit),
        TEST(test_taken_but_not_shown),
        TEST(test_settles_before_the_look_up),
        TEST(test_each_reply_lost),
        TEST(test_each_request_unsent),
        TEST(test_each_reply_nonsense),
        TEST(test_browser_dies_at_each_request),
        TEST(test_element_is_stale_at_each_request),
        TEST(test_dialog_in_the_way_at_each_request),
        TEST(test_browser_hangs_at_each_request),
        TEST(test_dead_browser_is_replaced),
        TEST(test_given_up_in_the_middle),
        TEST(test_page_changed),
        TEST(test_rule_gives_the_reason),
        TEST(test_wrong_password_once),
        TEST(test_login_that_leads_nowhere),
        TEST(test_login_is_no_refusal_of_the_order),
        TEST(test_session_lost_in_the_login),
        TEST(test_session_lost),
        TEST(test_refusal_after_a_save),
        TEST(test_refusal_after_a_save_of_another_amount),
        TEST(test_refusal_during_a_save),
        TEST(test_refusal_in_place_of_a_dialog),
        TEST(test_refusal_at_the_commit),
        TEST(test_refusal_and_no_look_up),
        TEST(test_refusal_while_looking_up),
        TEST(test_other_dialog_at_commit),
        TEST(test_recycled),
        TEST(test_closing_job),
        TEST(test_adopted),
        TEST(test_start_without_reply),
        TEST(test_start_that_came_to_nothing),
        TEST(test_start_refused),
        TEST(test_start_unsent),
        TEST(test_usual_life_without_sweeps),
        TEST(test_idle_browser_hangs),
        TEST(test_elsewhere_the_driver_is_asked_again),
        TEST(test_elsewhere_it_stays_noted),
        TEST(test_start_adopted),
        TEST(test_marked),
        cmocka_unit_test(test_every_verb_has_a_function),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
