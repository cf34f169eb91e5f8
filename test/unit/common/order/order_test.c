/* Bodies of POST /create and PUT …/retry, and the order object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/secret.h"
#include "common/order/order.h"

#define SHOP "Bennys Auto"

struct outcome {
    int result;
    struct order order;
    struct credentials credentials;
    struct order_faults faults;
};

static struct outcome o;

static int
parse_bytes(const char *body, size_t length, bool need_credentials)
{
    char *exact = malloc(length + !length); /* exact size, without a trailing NUL */

    memcpy(exact, body, length);
    o.result =
        order_parse(exact, length, SHOP, need_credentials, &o.order, &o.credentials, &o.faults);
    free(exact);
    return o.result;
}

static void
forget(void)
{
    credentials_clear(&o.credentials);
    order_faults_clear(&o.faults);
}

static void
expect_fault(const char *body, size_t length, bool need, const char *code, const char *fields)
{
    char *text;

    if (parse_bytes(body, length, need) == 0)
        fail_msg("taken: %.*s", (int)length, body);
    if (strcmp(o.faults.code, code))
        fail_msg("%s instead of %s (%s): %.*s", o.faults.code, code, o.faults.detail, (int)length,
                 body);
    assert_true(*o.faults.detail);
    assert_null(o.credentials.username);
    assert_null(o.credentials.password);
    if (fields) {
        text = json_dumps(o.faults.fields, JSON_COMPACT);
        assert_non_null(text);
        assert_string_equal(text, fields);
        free(text);
    } else {
        assert_null(o.faults.fields);
    }
    forget();
}

static const char *const member_names[] = {"workshop", "worksheet", "product_nr", "product_amount",
                                           "uniqueid", "username",  "password"};
static const char *const member_values[] = {"\"" SHOP "\"", "\"558\"",   "\"10\"",   "\"5\"",
                                            "\"u-1\"",      "\"admin\"", "\"gygag\""};

/* A valid body with one member's value replaced (NULL: left out) and `more` appended. */
static const char *
body_with(const char *name, const char *value, const char *more)
{
    static char body[8192];
    size_t used = 0;

    for (size_t i = 0; i < 7; i++) {
        const char *v = name && strcmp(name, member_names[i]) == 0 ? value : member_values[i];

        if (v)
            used += (size_t)snprintf(body + used, sizeof body - used, "%s\"%s\":%s",
                                     used ? "," : "{", member_names[i], v);
    }
    snprintf(body + used, sizeof body - used, "%s}", more);
    return body;
}

static void
expect_refused(const char *name, const char *value, const char *code)
{
    const char *body = body_with(name, value, "");
    char fields[64];

    snprintf(fields, sizeof fields, "[\"%s\"]", name);
    expect_fault(body, strlen(body), true, code, strcmp(code, "invalid_json") == 0 ? NULL : fields);
}

static void
expect_taken(const char *body)
{
    if (parse_bytes(body, strlen(body), true))
        fail_msg("%s: %s", o.faults.detail, body);
}

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

/* Accepted in any Unicode normalisation. */
static void
test_text_is_normalised(void **state)
{
    struct credentials credentials;
    struct order_faults faults;
    struct order order;
    const char *body;

    (void)state;
    expect_taken(body_with("uniqueid", "\"Zoe\xcc\x88\"", ""));
    assert_string_equal(o.order.uniqueid, "Zo\xc3\xab");
    forget();
    expect_taken(body_with("worksheet", "\"Zo\\u0065\\u0308\"", ""));
    assert_string_equal(o.order.worksheet, "Zo\xc3\xab");
    forget();
    expect_taken(body_with("password", "\"Zoe\xcc\x88\"", "")); /* passed to the ERP as is */
    assert_string_equal(o.credentials.password, "Zoe\xcc\x88");
    forget();
    body = "{\"workshop\":\"Zoe\xcc\x88\",\"worksheet\":1,\"product_nr\":1,\"product_amount\":5."
           "0000000,"
           "\"uniqueid\":1}";
    assert_int_equal(
        order_parse(body, strlen(body), "Zo\xc3\xab", false, &order, &credentials, &faults), 0);
    assert_string_equal(order.product_amount, "5.0000000");
}

static void
test_invisible_text_is_refused(void **state)
{
    static const struct {
        const char *value, *wrong;
    } cases[] = {
        {"\" 1\"", "begins with white space"},          {"\"1\\u00a0\"", "ends with white space"},
        {"\"1\xe3\x80\x80\"", "ends with white space"}, {"\"1\\u200b2\"", "invisible character"},
        {"\"\\ufeff1\"", "invisible character"},        {"\"\\u200b\"", "invisible character"},
        {"\"1\\u20282\"", "control character"},         {"\"1\\u0000\"", "control character"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t m = 0; m < 7; m++) {
            const char *body = body_with(member_names[m], cases[i].value, "");
            bool clash = m == 0; /* also for another workshop */

            assert_int_equal(parse_bytes(body, strlen(body), true), -1);
            assert_string_equal(o.faults.code, "invalid_fields");
            if (!clash && !strstr(o.faults.detail, cases[i].wrong))
                fail_msg("%s: %s", body, o.faults.detail);
            assert_memory_equal(o.faults.detail, member_names[m], strlen(member_names[m]));
            forget();
            expect_refused(member_names[m], "\"\\u00a0\xe2\x80\x83 \"", "missing_fields");
        }
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
test_amounts(void **state)
{
    static const char *const good[] = {"5",    "0.000001", "999999999.999999", "5.0",
                                       "5.50", "1.123456", "999999999"};
    static const char *const bad[] = {"0", "-1", "1e5", "1.1234567", "9999999999", "0.0", "1E-2"};
    static const char *const bad_strings[] = {"NaN", "5,5", ".5", "5.",
                                              "+5",  "x",   "5 ", "Infinity"};
    static const char *const no_json[] = {"NaN", "5,5", ".5",       "5.",   "+5",
                                          "007", "0x5", "Infinity", "1e999"};
    char quoted[64];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", good[i]);
        expect_taken(body_with("product_amount", quoted, ""));
        assert_string_equal(o.order.product_amount, good[i]);
        forget();
        expect_taken(body_with("product_amount", good[i], ""));
        assert_string_equal(o.order.product_amount, good[i]);
        forget();
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", bad[i]);
        expect_refused("product_amount", quoted, "invalid_fields");
        expect_refused("product_amount", bad[i], "invalid_fields");
    }
    for (size_t i = 0; i < sizeof bad_strings / sizeof *bad_strings; i++) {
        snprintf(quoted, sizeof quoted, "\"%s\"", bad_strings[i]);
        expect_refused("product_amount", quoted, "invalid_fields");
    }
    for (size_t i = 0; i < sizeof no_json / sizeof *no_json; i++)
        expect_refused("product_amount", no_json[i], "invalid_json");
    expect_taken(body_with("product_amount", "\"007\"", ""));
    assert_string_equal(o.order.product_amount, "007");
    forget();
    expect_refused("product_amount", "true", "invalid_fields");
    expect_refused("product_amount", "[5]", "invalid_fields");
}

static void
test_integers(void **state)
{
    static const char *const names[] = {"worksheet", "uniqueid", "product_nr"};
    static const char *const reals[] = {"1.0", "1e2", "-0.5", "1E0"};
    char digits[160];

    (void)state;
    memset(digits, '7', sizeof digits);
    for (size_t i = 0; i < 3; i++) {
        digits[ORDER_VALUE_MAX] = '\0';
        expect_taken(body_with(names[i], digits, ""));
        assert_string_equal(i == 0   ? o.order.worksheet
                            : i == 1 ? o.order.uniqueid
                                     : o.order.product_nr,
                            digits);
        forget();
        expect_taken(body_with(names[i], "9007199254740993", ""));
        forget();
        digits[ORDER_VALUE_MAX] = '7';
        digits[ORDER_VALUE_MAX + 1] = '\0';
        expect_refused(names[i], digits, "invalid_fields");
        for (size_t k = 0; k < sizeof reals / sizeof *reals; k++)
            expect_refused(names[i], reals[k], "invalid_fields");
        expect_refused(names[i], "false", "invalid_fields");
        expect_refused(names[i], "{}", "invalid_fields");
    }
    expect_refused("username", "5", "invalid_fields");
    expect_refused("password", "5", "invalid_fields");
}

static void
test_controls(void **state)
{
    static const char *const values[] = {"\"a\\u0000b\"", "\"\\u0000\"",  "\" \\u0000\"",
                                         "\"a\\u0001\"",  "\"a\\nb\"",    "\"\\t\"",
                                         "\"a\\u001f\"",  "\"a\\u007f\"", "\"a\x7f\"",
                                         "\"\\u0080\"",   "\"a\\u009f\"", "\"\xc2\x9b\""};

    (void)state;
    for (size_t i = 0; i < 7; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            expect_refused(member_names[i], values[k], "invalid_fields");
    expect_refused("worksheet", "\"a\x01\"", "invalid_json");
    expect_taken(body_with("worksheet", "\"a\\u00a0ä€😀\"", ""));
    assert_string_equal(o.order.worksheet, "a\xc2\xa0ä€😀");
    forget();
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
test_lengths(void **state)
{
    char value[600];

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        size_t most = i == 6 ? ORDER_PASSWORD_MAX : ORDER_VALUE_MAX;

        snprintf(value, sizeof value, "\"%0*d\"", (int)most + 1, 7);
        if (i == 3) {
            expect_refused(member_names[i], value, "invalid_fields");
            continue;
        }
        expect_refused(member_names[i], value, "invalid_fields");
        snprintf(value, sizeof value, "\"%0*d\"", (int)most, 7);
        if (i == 0)
            continue; /* the name of another workshop */
        expect_taken(body_with(member_names[i], value, ""));
        forget();
    }
    /* the limit is in bytes, not characters */
    strcpy(value, "\"");
    for (int i = 0; i < 65; i++)
        strcat(value, "ä");
    strcat(value, "\"");
    expect_refused("worksheet", value, "invalid_fields");
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
                                       cmocka_unit_test(test_text_is_normalised),
                                       cmocka_unit_test(test_invisible_text_is_refused),
                                       cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_wrong_workshop),
                                       cmocka_unit_test(test_duplicates),
                                       cmocka_unit_test(test_amounts),
                                       cmocka_unit_test(test_integers),
                                       cmocka_unit_test(test_controls),
                                       cmocka_unit_test(test_utf8),
                                       cmocka_unit_test(test_lengths),
                                       cmocka_unit_test(test_shape),
                                       cmocka_unit_test(test_escaped_and_unknown),
                                       cmocka_unit_test(test_no_password_in_errors),
                                       cmocka_unit_test(test_credentials)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
