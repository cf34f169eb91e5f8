/* Bodies of POST /create and PUT …/retry, and the order object. */
#include "test/unit/common/order/body.h"

static void
test_sound(void **state)
{
    (void)state;
    expect_taken(body_with(NULL, NULL, ""));
    assert_string_equal(o.order.worksheet, "558");
    assert_string_equal(o.order.product_nr, "10");
    assert_string_equal(o.order.product_amount, "5");
    assert_string_equal(o.order.uniqueid, "u-1");
    assert_int_equal(o.order.status, ORDER_PLACED);
    assert_true(o.order.own_credentials);
    assert_int_equal(o.order.attempts, 0);
    assert_int_equal(o.order.placed_ms, 0);
    assert_int_equal(o.order.seq, 0);
    assert_string_equal(o.credentials.username, "admin");
    assert_string_equal(o.credentials.password, "gygag");
    forget();
}

static void
test_missing(void **state)
{
    static const char two_missing[] = "{\"workshop\":\"x\",\"uniqueid\":1,\"product_amount\":1}";
    static const char *const blanks[] = {NULL, "null", "\"\"", "\"   \""};

    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < sizeof blanks / sizeof *blanks; k++)
            expect_refused(member_names[i], blanks[k], "missing_fields");
    expect_fault("{}", 2, true, "missing_fields",
                 "[\"workshop\",\"worksheet\",\"product_nr\",\"product_amount\",\"uniqueid\","
                 "\"username\",\"password\"]");
    assert_int_equal(parse_bytes(two_missing, strlen(two_missing), false), -1);
    assert_string_equal(o.faults.detail, "worksheet and product_nr are missing");
    forget();
}

/* One text for all that is wrong, so that nobody has to try again for each. */
static void
test_each_is_explained(void **state)
{
    const char *body = body_with("worksheet", "\"\"", "");

    (void)state;
    assert_int_equal(parse_bytes(body, strlen(body), false), -1);
    assert_string_equal(o.faults.detail, "worksheet is missing or empty");
    forget();
    body =
        "{\"workshop\":\"Bennys Auto\",\"worksheet\":true,\"product_nr\":1.5,\"product_amount\":1,"
        "\"uniqueid\":1}";
    assert_int_equal(parse_bytes(body, strlen(body), false), -1);
    assert_string_equal(o.faults.detail,
                        "worksheet must be a string; product_nr must be a string or "
                        "an integer");
    forget();
}

static void
test_wrong_workshop(void **state)
{
    static const char *const others[] = {"\"Other\"", "\"bennys auto\"", "\"Bennys  Auto\"",
                                         "\"Bennys Auto2\""};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_refused("workshop", others[i], "wrong_workshop");
    expect_refused("workshop", "5", "invalid_fields");
}

static void
test_duplicates(void **state)
{
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        char more[64];
        const char *body;

        snprintf(more, sizeof more, ",\"%s\":%s", member_names[i], member_values[i]);
        body = body_with(NULL, NULL, more);
        expect_fault(body, strlen(body), true, "invalid_json", NULL);
    }
    expect_fault("{\"\\u0061\":1,\"a\":2}", 18, true, "invalid_json", NULL);
}

static void
test_utf8(void **state)
{
    static const char *const values[] = {"\"\xff\"",         "\"\xc3\"",    "\"\xc0\xaf\"",
                                         "\"\xed\xa0\x80\"", "\"\\ud800\"", "\"\xf4\x90\x80\x80\""};

    (void)state;
    for (size_t k = 0; k < sizeof values / sizeof *values; k++)
        expect_refused("worksheet", values[k], "invalid_json");
}

static void
test_shape(void **state)
{
    static const char *const bodies[] = {"",  " ",   "[]",  "5",   "null",          "\"x\"",
                                         "{", "{}x", "{},", "{a}", "\xef\xbb\xbf{", "{\"a\":1,}"};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect_fault(bodies[i], strlen(bodies[i]), true, "invalid_json", NULL);
    expect_fault("{}\0", 3, true, "invalid_json", NULL);
    expect_fault("{\"worksheet\":5\0}", 16, true, "invalid_json", NULL); /* the parser accepts it */
}

static void
test_escaped_and_unknown(void **state)
{
    (void)state;
    expect_taken("{\"works\\u0068op\":\"" SHOP "\",\"product\\u005famount\":5.50,"
                 "\"x\":{\"product_amount\":7,\"worksheet\":[1,{\"uniqueid\":\"}\"}]},"
                 "\"worksheet\":558,\"product_nr\":10,\"uniqueid\":1,\"username\":\"a\","
                 "\"password\":\"\\\"},{\",\"\":null,\"deep\":[[[\"\\\\\"]]]}");
    assert_string_equal(o.order.product_amount, "5.50");
    assert_string_equal(o.order.worksheet, "558");
    assert_string_equal(o.credentials.password, "\"},{");
    forget();
}

/* The parser's message quotes the text near the error. */
static void
test_no_password_in_errors(void **state)
{
    static const char *const bodies[] = {"{\"password\":\"hunter2\" x}",
                                         "{\"password\":\"hunter2",
                                         "{\"password\":\"hunter2\xff\"}",
                                         "{\"password\":hunter2}",
                                         "{\"password\":\"hunter2\\q\"}",
                                         "{\"a\":\"hunter2\",\"a\":\"hunter2\"}",
                                         "{\"hunter2\":1,\"hunter2\":2}",
                                         "{\"password\":\"hunter2\x01\"}",
                                         "{\"password\":\"hunter2 near \" x \"hunter2\"}",
                                         "[\"hunter2\"]"};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_int_equal(parse_bytes(bodies[i], strlen(bodies[i]), true), -1);
        assert_string_equal(o.faults.code, "invalid_json");
        if (strstr(o.faults.detail, "hunter") || strstr(o.faults.detail, "nter2"))
            fail_msg("%s", o.faults.detail);
        assert_non_null(strstr(o.faults.detail, "line 1"));
        forget();
    }
    assert_int_equal(parse_bytes("{\"password\":[\"hunter2\"]}", 24, true), -1);
    assert_null(strstr(o.faults.detail, "hunter2"));
    forget();
}

static void
test_credentials(void **state)
{
    const char *body = body_with("password", NULL, "");

    (void)state;
    expect_fault(body, strlen(body), false, "missing_fields", "[\"password\"]");
    expect_fault(body, strlen(body), true, "missing_fields", "[\"password\"]");
    body = body_with("username", "\"\"", "");
    expect_fault(body, strlen(body), false, "missing_fields", "[\"username\"]");
    body = body_with("password", "5", "");
    expect_fault(body, strlen(body), false, "invalid_fields", "[\"password\"]");
    body = "{\"workshop\":\"" SHOP "\",\"worksheet\":1,\"product_nr\":2,\"product_amount\":3,"
           "\"uniqueid\":4}";
    expect_fault(body, strlen(body), true, "missing_fields", "[\"username\",\"password\"]");
    assert_int_equal(parse_bytes(body, strlen(body), false), 0);
    assert_null(o.credentials.username);
    assert_null(o.credentials.password);
    assert_false(o.order.own_credentials);
    forget();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sound),
                                       cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_each_is_explained),
                                       cmocka_unit_test(test_wrong_workshop),
                                       cmocka_unit_test(test_duplicates),
                                       cmocka_unit_test(test_utf8),
                                       cmocka_unit_test(test_shape),
                                       cmocka_unit_test(test_escaped_and_unknown),
                                       cmocka_unit_test(test_no_password_in_errors),
                                       cmocka_unit_test(test_credentials)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
