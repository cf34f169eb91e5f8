/* Life cycle of the browser (a fake one): reuse, close, adoption, kill. */
#include "test/unit/erp-drivers/fake_attempt.h"

#include "erp-drivers/webdriver/browser.h"

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
    assert_int_equal(fake.killed, 1); /* first, because it may hang */
    driver->session_adopt(session, "nonsense");
    assert_null(driver->session_note(session));
}

/* --- leftovers --- */

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
    assert_int_equal(fake.kills, 4);
    assert_int_equal(fake.requests, 5);
}

/* The wait has a limit. */
static void
test_start_that_came_to_nothing(void **state)
{
    (void)state;
    fake.elsewhere = true;
    lose_the_start(FAKE_LOSE);
    assert_in_range(fake.delayed_ms, 5500, 6500);
    assert_int_equal(fake.requests, fake.kills + 1);
}

static void
test_start_refused(void **state)
{
    (void)state;
    lose_the_start(FAKE_STALE); /* any error name */
    assert_int_equal(fake.kills, 1);
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
test_usual_life_without_kills(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    expect(attempt(&order), ERP_CREATED, NULL);
    expect(attempt(NULL), ERP_CREATED, NULL);
    assert_int_equal(fake.kills, 0);
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

/* Only its driver can end a browser of a Grid, so the request is repeated once, after a wait. */
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
    assert_int_equal(fake.kills, 1);
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
    assert_int_equal(fake.kills, 3);
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

/* The workshop's arguments are added; ours cannot be overridden. */
static void
expect_preferences(const char *name, const char *options, const char *ours)
{
    json_t *setup_of =
        json_pack("{s:s s:{s:i s:b}}", "name", name, "preferences", "a.b", 7, ours, 1);
    json_t *capabilities, *preferences;
    struct browser *b;

    json_object_set_new(erp, "browser", setup_of);
    b = browser_new(erp);
    capabilities = browser_capabilities(b);
    preferences = json_object_get(
        json_object_get(
            json_object_get(json_object_get(capabilities, "capabilities"), "alwaysMatch"), options),
        "prefs");
    assert_int_equal(json_integer_value(json_object_get(preferences, "a.b")), 7);
    assert_true(json_is_false(json_object_get(preferences, ours)));
    assert_string_equal(json_string_value(json_object_get(preferences, "intl.accept_languages")),
                        "en");
    json_decref(capabilities);
    browser_free(b);
    json_object_del(erp, "browser");
}

static void
test_preferences(void **state)
{
    (void)state;
    expect_preferences("chrome", "goog:chromeOptions", "credentials_enable_service");
    expect_preferences("firefox", "moz:firefoxOptions", "signon.rememberSignons");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_recycled),
        TEST(test_closing_job),
        TEST(test_adopted),
        TEST(test_start_without_reply),
        TEST(test_start_that_came_to_nothing),
        TEST(test_start_refused),
        TEST(test_start_unsent),
        TEST(test_usual_life_without_kills),
        TEST(test_idle_browser_hangs),
        TEST(test_elsewhere_the_driver_is_asked_again),
        TEST(test_elsewhere_it_stays_noted),
        TEST(test_start_adopted),
        TEST(test_marked),
        TEST(test_preferences),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
