/* Values that a recipe cannot enter, lists that change on save, and how the order ends. */
#include "test/unit/erp-drivers/fake_attempt.h"

static json_t *
section(const char *name)
{
    return json_object_get(json_object_get(erp, "$recipe"), name);
}

static void
insert_step(const char *name, size_t place, const char *step)
{
    json_t *object = json_loads(step, 0, NULL);

    assert_non_null(object);
    json_array_insert_new(section(name), place, object);
}

/* --- values that no filter can produce --- */

static void
expect_refused(struct order *order, const char *code, const char *message)
{
    expect(attempt(order), ERP_REJECT, code);
    if (message)
        assert_string_equal(outcome.reason_text, message);
    assert_int_equal(fake.saves, 0);
    assert_int_equal(fake.commits, 0);
}

static void
test_amount(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    text_copy(order.product_amount, sizeof order.product_amount, "5.123");
    insert_step("create", 3,
                "{\"type\": \"{order.product_amount|number:,:2}\", \"into\": \"#amount\"}");
    for (int optional = 0; optional < 2; optional++) {
        json_object_set_new(json_array_get(section("create"), 3), "optional",
                            json_boolean(optional));
        expect_refused(&order, "amount_refused",
                       "cannot write the amount 5.123 as "
                       "\"{order.product_amount|number:,:2}\": too many decimal places");
        assert_int_equal(outcome.evidence_count, 0);
    }
}

static void
test_amount_by_another_name(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    text_copy(order.product_amount, sizeof order.product_amount, "5.123");
    insert_step("create", 3, "{\"set\": {\"q\": \"{order.product_amount}0\"}}");
    insert_step("create", 4, "{\"type\": \"{q|number:,:2}\", \"into\": \"#amount\"}");
    expect_refused(&order, "amount_refused", NULL);
}

static void
test_another_value_of_the_order(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    text_copy(order.worksheet, sizeof order.worksheet, "A 1");
    insert_step("create", 3, "{\"type\": \"{order.worksheet|number:,}\", \"into\": \"#amount\"}");
    expect_refused(&order, "erp_rejected",
                   "cannot write worksheet \"A 1\" as \"{order.worksheet|number:,}\"");
}

/* A bad value read from the page is the page's fault. */
static void
test_value_of_the_page(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 3, "{\"set\": {\"q\": \"7.125\"}}");
    insert_step("create", 4, "{\"type\": \"{q|number:,:2}\", \"into\": \"#amount\"}");
    expect_refused(&order, "ui_changed", NULL);
    assert_non_null(strstr(outcome.reason_text, "{q} does not fit the filter number"));
}

/* --- other lines --- */

#define BEFORE "{\"set\": {\"before\": \"[[\\\"20\\\",\\\"1,555\\\"],[\\\"30\\\",\\\"2\\\"]]\"}}"
#define AFTER(amount)                                                                              \
    "{\"set\": {\"after\": \"[[\\\"20\\\",\\\"" amount "\\\"],[\\\"30\\\",\\\"2\\\"]]\"}}"
#define UNCHANGED "{\"unchanged\": [\"{before}\", \"{after}\"], \"optional\": true}"

static void
test_others_change_before_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 6, BEFORE);
    insert_step("create", 7, AFTER("1,56"));
    insert_step("create", 8, UNCHANGED);
    expect_refused(&order, "erp_rejected",
                   "other lines have changed: row 1 was \"20 | 1,555\" and is \"20 | 1,56\"");
}

static void
test_others_stay(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 6, BEFORE);
    insert_step("create", 7, AFTER("1,555"));
    insert_step("create", 8, UNCHANGED);
    insert_step("verify", 0, UNCHANGED);
    expect(attempt(&order), ERP_CREATED, NULL);
}

/* The line is stored, but the other lines need manual repair. A retry finds the line. */
static void
test_others_change_by_the_commit(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 6, BEFORE);
    insert_step("verify", 0, AFTER("1,56"));
    insert_step("verify", 1, UNCHANGED);
    expect(attempt(&order), ERP_REJECT, "erp_rejected");
    assert_string_equal(outcome.reference, "L3");
    assert_string_equal(outcome.reason_text,
                        "the line is stored as ordered (L3), but saving it had side effects: other "
                        "lines have changed: row 1 was \"20 | 1,555\" and is \"20 | 1,56\"");
    assert_int_equal(fake.saves, 1);
    expect(attempt(&order), ERP_CREATED, NULL);
    assert_int_equal(fake.saves, 1);
}

/* Even if a later step fails too. */
static void
test_change_is_not_forgotten(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 6, BEFORE);
    insert_step("verify", 0, AFTER("1,56"));
    insert_step("verify", 1, UNCHANGED);
    fake.line_amount = "7";
    expect(attempt(&order), ERP_REJECT, "amount_refused");
    assert_non_null(strstr(outcome.reason_text, "is \"20 | 1,56\""));
    fake.saves = 0;
    order = order_of("u-2");
    fake.line_amount = "5";
    insert_step("verify", 2, "{\"fail\": \"worksheet_closed\", \"words\": \"it is red\"}");
    expect(attempt(&order), ERP_REJECT, "erp_rejected");
    assert_non_null(strstr(outcome.reason_text, "is \"20 | 1,56\""));
    fake.saves = 0;
    order = order_of("u-3");
    json_array_set_new(section("verify"), 2, json_pack("{s:s}", "fail", "ui_changed"));
    expect(attempt(&order), ERP_RETRY, "ui_changed");
    assert_non_null(strstr(outcome.reason_text, "is \"20 | 1,56\""));
}

static void
test_rows_that_come_and_go(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    insert_step("create", 3, "{\"set\": {\"before\": \"[[\\\"a\\\"]]\", \"after\": \"[]\"}}");
    insert_step("create", 4, UNCHANGED);
    expect_refused(&order, "erp_rejected", "other lines have changed: row 1, \"a\", is gone");
    json_array_remove(section("create"), 4);
    insert_step(
        "create", 4,
        "{\"unchanged\": [\"{after}\", \"{before}\"], \"words\": \"look at {order.worksheet}\"}");
    expect_refused(&order, "erp_rejected", "look at 558: row 1, \"a\", is new");
    json_array_remove(section("create"), 4);
    insert_step("create", 4, "{\"unchanged\": [\"one\", \"two\"]}");
    expect_refused(&order, "erp_rejected", "other lines have changed: \"one\" has become \"two\"");
}

/* --- a click that leads to another page --- */

static void
set_navigates(void)
{
    json_object_set_new(json_array_get(section("login"), 3), "navigates", json_true());
}

/* The wait does not repeat the click. */
static void
test_page_that_stays(void **state)
{
    struct order order = order_of("u-1");

    (void)state;
    set_navigates();
    fake.hides_menu = true;
    expect(attempt(&order), ERP_PARK, "auth_failed");
    assert_int_equal(fake.logins, 1);
    assert_in_range(fake.delayed_ms, 1700, 2300);
}

static void
test_page_that_is_left(void **state)
{
    (void)state;
    for (unsigned at = 1;; at++) {
        struct order order = order_of("u-1");
        enum erp_verdict verdict = ERP_RETRY;
        bool reached;

        set_navigates();
        fake.at = at;
        fake.way = FAKE_STALE;
        for (int i = 0; i < 4 && verdict == ERP_RETRY; i++)
            verdict = attempt(&order);
        reached = fake.requests >= at;
        if ((verdict == ERP_CREATED) != (fake.saves == 1) || fake.logins > fake.sessions)
            fail_msg("request %u: verdict %d, %u lines, %u clicks", at, verdict, fake.saves,
                     fake.logins);
        teardown(NULL);
        setup(NULL);
        if (!reached)
            return;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_amount),
        TEST(test_amount_by_another_name),
        TEST(test_another_value_of_the_order),
        TEST(test_value_of_the_page),
        TEST(test_others_change_before_the_commit),
        TEST(test_others_stay),
        TEST(test_others_change_by_the_commit),
        TEST(test_change_is_not_forgotten),
        TEST(test_rows_that_come_and_go),
        TEST(test_page_that_stays),
        TEST(test_page_that_is_left),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
