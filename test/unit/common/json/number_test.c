/* The text of numbers in a JSON document. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/json/number.h"

static void
expect(const char *document, const char *name, const char *number)
{
    size_t length = strlen(document);
    char *exact = malloc(length), text[32] = "untouched"; /* exact size, without a trailing NUL */
    bool found;

    memcpy(exact, document, length);
    found = json_number_text(exact, length, name, text, sizeof text);
    free(exact);
    if (found != (number != NULL))
        fail_msg("%s in %s: %s", name, document, found ? text : "not found");
    if (number)
        assert_string_equal(text, number);
}

static void
test_plain_members(void **state)
{
    (void)state;
    expect("{\"a\":5}", "a", "5");
    expect("{\"a\": 5, \"b\" : 6}", "b", "6");
    expect(" \n{\t\"a\"\r:\n 1.50 } ", "a", "1.50");
    expect("{\"a\":-0.0e+5,\"b\":1}", "a", "-0.0e+5");
    expect("{\"a\":1E400}", "a", "1E400");
    expect("{\"a\":12345678901234567890.123456}", "a", "12345678901234567890.123456");
}

static void
test_no_number(void **state)
{
    (void)state;
    expect("{}", "a", NULL);
    expect(" { } ", "a", NULL);
    expect("{\"b\":5}", "a", NULL);
    expect("{\"a\":\"5\"}", "a", NULL);
    expect("{\"a\":null,\"b\":5}", "a", NULL);
    expect("{\"a\":true}", "a", NULL);
    expect("{\"a\":[5]}", "a", NULL);
    expect("{\"a\":{\"a\":5}}", "a", NULL);
    expect("{\"A\":5}", "a", NULL);
    expect("{\"aa\":5}", "a", NULL);
}

/* Values before the number must be skipped completely. */
static void
test_after_others(void **state)
{
    (void)state;
    expect("{\"x\":{\"a\":1,\"y\":[2,{\"a\":3}]},\"a\":4}", "a", "4");
    expect("{\"x\":[[],[{}],\"]\"],\"a\":4}", "a", "4");
    expect("{\"x\":\"\\\"a\\\":9,}\",\"a\":4}", "a", "4");
    expect("{\"x\":\"\\\\\",\"a\":4}", "a", "4");
    expect("{\"x\":[\"\\\\\\\"\",\"}\"],\"a\":4}", "a", "4");
    expect("{\"x\":null , \"y\":false,\"z\":-1e5 ,\"a\":4}", "a", "4");
    expect("{\"x\":\"\",\"\":1,\"a\":4}", "a", "4");
}

static void
test_escaped_names(void **state)
{
    (void)state;
    expect("{\"\\u0061mount\":7}", "amount", "7");
    expect("{\"\\u0061\\u006D\\u006f\\u0075nt\":7}", "amount", "7");
    expect("{\"\\\"\":1,\"amount\":7}", "amount", "7");
    expect("{\"am\\/ount\":1,\"amount\":7}", "amount", "7");
    expect("{\"\\ud83d\\ude00\":7}", "😀", "7");
}

static void
test_room(void **state)
{
    static const char document[] = "{\"a\":12345}";
    char text[6];

    (void)state;
    assert_true(json_number_text(document, strlen(document), "a", text, 6));
    assert_string_equal(text, "12345");
    assert_false(json_number_text(document, strlen(document), "a", text, 5));
}

static void
expect_marked(const char *document, const char *marked)
{
    size_t length = strlen(document);
    char *exact = malloc(length + !length), *copy;

    memcpy(exact, document, length);
    copy = json_number_mark(exact, length);
    assert_string_equal(copy, marked);
    free(copy);
    free(exact);
}

static void
test_marks(void **state)
{
    (void)state;
    expect_marked("[1, 2.50, -3e5, \"4.5\"]", "[1, \"\\u00012.50\", \"\\u0001-3e5\", \"4.5\"]");
    expect_marked("{\"1.5\":1.5}", "{\"1.5\":\"\\u00011.5\"}");
    expect_marked("\"\\\"1.5\"", "\"\\\"1.5\"");
    expect_marked("0.1", "\"\\u00010.1\"");
    expect_marked("", "");
    /* invalid JSON: only checks for reads past its end */
    expect_marked("\"1.5", "\"1.5");
    expect_marked("\"\\", "\"\\");
    expect_marked("1.", "\"\\u00011.\"");
}

/* What a parser and a writer of JSON do with it in between changes nothing. */
static void
expect_unmarked(const char *document, const char *expected)
{
    char *marked = json_number_mark(document, strlen(document)), *text, *dumped;
    json_t *value = json_loads(marked, JSON_DECODE_ANY, NULL);

    assert_non_null(value);
    dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    text = json_number_unmark(dumped);
    assert_string_equal(text, expected);
    free(text);
    free(dumped);
    free(marked);
    json_decref(value);
}

static void
test_mark(void **state)
{
    (void)state;
    expect_unmarked("[1, 2.500, -3e5, \"4.5\", 12345678901234567.89]",
                    "[1,2.500,-3e5,\"4.5\",12345678901234567.89]");
    expect_unmarked("{\"1.5\": 1.50, \"a\\\"b\": \"c\\\\\"}",
                    "{\"1.5\":1.50,\"a\\\"b\":\"c\\\\\"}");
    expect_unmarked("\"\\u0001x,1\"", "\"\\u0001x,1\"");
    expect_unmarked("\"\\\"\\u00012\"", "\"\\\"\\u00012\"");
    expect_unmarked("0.10", "0.10");
}

static void
test_plain_text(void **state)
{
    static const char *const pairs[][2] = {
        {"1.50e1", "15"},      {"5", "5"},
        {"5.0", "5"},          {"0", "0"},
        {"-0.0", "0"},         {"0e9", "0"},
        {"-1.5", "-1.5"},      {"1e-3", "0.001"},
        {"12e-1", "1.2"},      {"1E+3", "1000"},
        {"0.00010", "0.0001"}, {"123.456e2", "12345.6"},
        {"100", "100"},        {"9007199254740993.0", "9007199254740993"}};
    static const char *const bad[] = {"",   "-",  ".5",      "5.",       "1e", "1e+",   "1e 5",
                                      "x5", "5x", "1e99999", "1e-99999", "1 ", "1.5.5", "1e5.5"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_true(json_number_plain(pairs[i][0], text, sizeof text));
        assert_string_equal(text, pairs[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (json_number_plain(bad[i], text, sizeof text))
            fail_msg("\"%s\" became %s", bad[i], text);
    assert_false(json_number_plain("1e60", text, 40));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_members), cmocka_unit_test(test_no_number),
        cmocka_unit_test(test_after_others),  cmocka_unit_test(test_escaped_names),
        cmocka_unit_test(test_room),          cmocka_unit_test(test_marks),
        cmocka_unit_test(test_mark),          cmocka_unit_test(test_plain_text)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
