/* How failures are classified: reason, before or after the commit, and the evidence kept. */
#include "test/unit/erp-drivers/fake_attempt.h"

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

static json_t *
each_of_find(void)
{
    json_t *pieces = json_object_get(json_object_get(erp, "$recipe"), "pieces");

    return json_array_get(json_object_get(pieces, "find"), 1);
}

static void
expect_twice(struct order *order)
{
    expect(attempt(order), ERP_REJECT, "outcome_unknown");
    assert_string_equal(outcome.reason_text,
                        "the line exists twice: L3 and L4; delete one, then retry");
    assert_int_equal(outcome.evidence_count, 2);
}

/* Even in an optional step: otherwise the line would be considered missing. */
static void
test_two_lines_of_one_id(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.saves = 1;
    fake.shows_twice = true;
    for (int optional = 0; optional < 2; optional++) {
        json_object_set_new(each_of_find(), "optional", json_boolean(optional));
        expect_twice(&order);
    }
    json_object_set_new(each_of_find(), "only", json_false());
    expect_twice(&order);
    assert_int_equal(fake.commits, 0);
    fake.shows_twice = false; /* one line was deleted */
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_string_equal(outcome.reference, "L3");
    assert_int_equal(fake.commits, 0);
}

/* Also if an earlier request stored it, or if only the read-back shows two. */
static void
test_two_lines_after_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.shows_twice = true;
    expect_twice(&order);
    assert_int_equal(fake.saves, 1);
    assert_true(order.commit_sent);
    expect_twice(&order);
    assert_int_equal(fake.saves, 1);
}

/* A search in a single row cannot prove that it is the only one. */
static void
test_two_lines_with_rows_inside(void **state)
{
    struct order order = order_of("u-1");
    json_t *steps = json_object_get(each_of_find(), "do"),
           *found = json_incref(json_array_get(steps, 2));

    (void)state;
    fake.saves = 1;
    fake.shows_twice = true;
    json_array_remove(steps, 2);
    json_array_append_new(steps, json_pack("{s:s s:[o]}", "each", "li", "do", found));
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_non_null(strstr(outcome.reason_text, "the line exists twice: L1 and L1;"));
    assert_int_equal(fake.commits, 0);
}

/* Rows without a found condition cannot be told apart. */
static void
test_two_rows_without_a_line(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    fake.saves = 1;
    fake.shows_twice = true;
    json_array_clear(json_object_get(each_of_find(), "do"));
    expect(attempt(&order), ERP_REJECT, "ui_changed");
    assert_non_null(strstr(outcome.reason_text, "2 rows match"));
    assert_int_equal(fake.commits, 0);
}

static void
test_a_text_that_may_be_our_id(void **state)
{
    struct order order = order_of("u 1");

    (void)state;
    fake.shows_other_id = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_non_null(strstr(outcome.reason_text, "td holds u 1"));
    assert_int_equal(fake.commits, 0);
}

/* After a commit whose reply was lost, "no line" would create a second one. */
static void
test_an_answer_without_rows(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    order.commit_sent = true;
    fake.forgets_rows = true;
    attempt(&order);
    assert_int_equal(fake.commits, 0);
    assert_non_null(strstr(outcome.reason_text, "unexpected answer from the page"));
}

/* It would appear in every URL and on disk. */
static void
test_a_session_with_a_long_id(void **state)
{
    struct order order = order_of("u-1");
    char *value = mem_format("{\"sessionId\":\"%0300d\"}", 1);

    (void)state;
    fake.session = value;
    expect(attempt(&order), ERP_RETRY, "browser_failure");
    assert_int_equal(fake.logins, 0);
    fake.session = NULL;
    free(value);
}

/* Checked before a browser is opened. */
static void
test_an_id_that_can_not_be_told_from_others(void **state)
{
    struct order order = order_of("H  x");

    (void)state;
    expect(attempt(&order), ERP_REJECT, "erp_rejected");
    assert_non_null(strstr(outcome.reason_text, "two consecutive spaces"));
    order.commit_sent = true;
    expect(attempt(&order), ERP_REJECT, "outcome_unknown");
    assert_int_equal(fake.requests, 0);
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

/* No rule matches the message: the password is still not retried. */
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

/* A rule mistakes a rejected password for a rejected order: the next order does not retry the
 * password. */
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

/* The message came during the login, so the password is not retried. */
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

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_page_changed),
                                       TEST(test_rule_gives_the_reason),
                                       TEST(test_two_lines_of_one_id),
                                       TEST(test_two_lines_after_the_commit),
                                       TEST(test_two_lines_with_rows_inside),
                                       TEST(test_two_rows_without_a_line),
                                       TEST(test_a_text_that_may_be_our_id),
                                       TEST(test_an_answer_without_rows),
                                       TEST(test_a_session_with_a_long_id),
                                       TEST(test_an_id_that_can_not_be_told_from_others),
                                       TEST(test_wrong_password_once),
                                       TEST(test_login_that_leads_nowhere),
                                       TEST(test_login_is_no_refusal_of_the_order),
                                       TEST(test_session_lost_in_the_login),
                                       TEST(test_session_lost)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
