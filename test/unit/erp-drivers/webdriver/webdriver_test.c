/* The WebDriver engine against a fake browser: the normal path, lost replies, and steps that are
 * never repeated. */
#include "test/unit/erp-drivers/fake_attempt.h"

#include "common/shape/shape.h"
#include "erp-drivers/webdriver/run.h"

/* --- the normal path --- */

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

/* A request of an earlier attempt may still be in flight. */
static void
test_settles_before_the_look_up(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    order.commit_sent = true;
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_in_range(fake.delayed_ms, 3900, 4000);
}

/* --- failures --- */

/* Whichever request fails and however: there is one line in the end, and the retries are bounded.
 */
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

/* Dropping a job leaves the page in the middle. */
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

/* --- typed text --- */

static void
test_foreign_text_presses_no_key(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    text_copy(order.worksheet, sizeof order.worksheet, "558\xee\x80\x87"); /* U+E007: Enter */
    expect(attempt(&order), ERP_REJECT, "erp_rejected");
    assert_false(order.commit_sent);
    assert_int_equal(fake.saves, 0);
}

/* --- ids from the server --- */

static const char *const odd_ids[] = {"a/../../session", "/../",      "?a",           "a#b",
                                      "%2e%2e/",         "\\\"'\\\\", "\\r\\n\\u0001"};

static void
test_odd_ids_stay_in_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd_ids / sizeof *odd_ids; i++) {
        struct order order = order_of("u-1");

        fake.session_id = fake.element_id = odd_ids[i];
        expect(attempt(&order), ERP_CREATED, NULL);
        expect(attempt(NULL), ERP_CREATED, NULL);
        assert_false(fake.open);
        fake.saves = 0;
    }
}

static void
test_ids_that_no_url_can_hold(void **state)
{
    static char long_id[1001];
    const char *const bad_ids[] = {"", ".", "..", "a\\u0000b", long_id};

    (void)state;
    memset(long_id, 'x', sizeof long_id - 1);
    for (size_t i = 0; i < sizeof bad_ids / sizeof *bad_ids; i++) {
        struct order order = order_of("u-1");

        fake.session_id = bad_ids[i];
        fake.element_id = NULL;
        expect(attempt(&order), ERP_RETRY, "browser_failure");
        assert_false(fake.open); /* a kill is the only way to end it */
        fake.session_id = NULL;
        fake.element_id = bad_ids[i];
        expect(attempt(&order), ERP_REJECT, "ui_changed");
        assert_false(order.commit_sent);
        expect(attempt(NULL), ERP_CREATED, NULL);
    }
    assert_int_equal(fake.saves, 0);
}

static void
test_every_verb_has_a_function(void **state)
{
    const struct recipe_verb_row *row;

    (void)state;
    for (size_t i = 0; (row = recipe_verb_row(false, i)); i++)
        assert_non_null(run_find_verb(row->shape.members->name));
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
        TEST(test_foreign_text_presses_no_key),
        TEST(test_odd_ids_stay_in_their_place),
        TEST(test_ids_that_no_url_can_hold),
        cmocka_unit_test(test_every_verb_has_a_function),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
