/* Kill requests for browsers: one at a time, each answered later, with a time limit. */
#include "test/unit/worker/server.h"

#include "worker/io/browser_kill.h"

static struct event_base *base;
static struct browser_killer *browser_killer;
static unsigned asked, answers, ended, late;

static void
on_ask(void *arg)
{
    assert_ptr_equal(arg, &asked);
    asked++;
}

static void
on_done(const struct erp_reply *reply, void *arg)
{
    assert_ptr_equal(arg, &answers);
    answers++;
    ended += reply->ended;
    late += !reply->complete;
}

static void
on_done_ask_again(const struct erp_reply *reply, void *arg)
{
    on_done(reply, arg);
    browser_killer_ask(browser_killer, 60000, on_done, &answers);
}

static int
setup(void **state)
{
    (void)state;
    asked = answers = ended = late = 0;
    base = event_base_new();
    browser_killer = browser_killer_new(base, on_ask, &asked);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    browser_killer_free(browser_killer);
    event_base_free(base);
    return 0;
}

static void
an_answer_is_passed_on(void **state)
{
    (void)state;
    browser_killer_ask(browser_killer, 60000, on_done, &answers);
    assert_int_equal(asked, 1);
    assert_int_equal(answers, 0);
    browser_killer_answer(browser_killer, 2);
    assert_int_equal(answers, 1);
    assert_int_equal(ended, 2);
}

static void
a_later_request_gets_its_own_kill(void **state)
{
    (void)state;
    browser_killer_ask(browser_killer, 60000, on_done, &answers);
    browser_killer_ask(browser_killer, 60000, on_done_ask_again, &answers);
    assert_int_equal(asked, 1);
    browser_killer_answer(browser_killer, 1);
    assert_int_equal(answers, 1);
    assert_int_equal(asked, 2);
    browser_killer_answer(browser_killer, 0);
    assert_int_equal(answers, 2);
    assert_int_equal(asked, 3); /* requested from inside a callback */
    browser_killer_answer(browser_killer, 0);
    assert_int_equal(answers, 3);
    assert_int_equal(ended, 1);
    assert_int_equal(asked, 3);
}

static void
a_cancelled_request_gets_no_answer(void **state)
{
    struct browser_kill_request *request =
        browser_killer_ask(browser_killer, 60000, on_done, &answers);

    (void)state;
    browser_killer_ask(browser_killer, 60000, on_done, &answers);
    browser_killer_cancel(request);
    browser_killer_answer(browser_killer, 1);
    assert_int_equal(answers, 0);
    browser_killer_answer(browser_killer, 3);
    assert_int_equal(answers, 1);
    assert_int_equal(ended, 3);
}

static void
a_request_has_a_time_limit(void **state)
{
    (void)state;
    browser_killer_ask(browser_killer, 10, on_done, &answers);
    RUN_UNTIL(base, answers == 1);
    assert_int_equal(late, 1);
    browser_killer_answer(browser_killer, 1); /* too late */
    assert_int_equal(ended, 0);
}

static void
without_a_supervisor_nothing_is_killed(void **state)
{
    (void)state;
    browser_killer_free(browser_killer);
    browser_killer = browser_killer_new(base, NULL, NULL);
    browser_killer_ask(browser_killer, 60000, on_done, &answers);
    assert_int_equal(answers, 0); /* never from inside the call */
    RUN_UNTIL(base, answers == 1);
    assert_int_equal(late + ended, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_passed_on), TEST(a_later_request_gets_its_own_kill),
        TEST(a_cancelled_request_gets_no_answer), TEST(a_request_has_a_time_limit),
        TEST(without_a_supervisor_nothing_is_killed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
