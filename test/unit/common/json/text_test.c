/* Errors in JSON: message and position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/json/text.h"

static void
a_comma_too_many_is_named(void **state)
{
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {"{\"a\": 1,}", "line 1, column 8: trailing comma before '}'"},
        {"{\n  \"a\": \"\xc3\xa4\",\n  \"b\": 2,\n}\n",
         "line 3, column 9: trailing comma before '}'"},
        {"{\"a\": \"\xc3\xa4\" ,\t}", "line 1, column 11: trailing comma before '}'"},
        {"{\"a\": [1, 2,\r\n]}", "line 1, column 12: trailing comma before ']'"},
        {"\xef\xbb\xbf{\"a\": 1,}", "line 1, column 8: trailing comma before '}'"},
        {"{,}", NULL},
        {"{\"a\": 1,, }", NULL},
        {"{\"a\": }", NULL},
        {"{\"a\": 1 \"b\": 2,}", NULL},
        {"}", NULL},
        {",}", NULL},
        {"", NULL},
        {"{\"a\": \",}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err;

        assert_null(json_text_read(cases[i].text, strlen(cases[i].text), 0, &err));
        assert_string_equal(err.code, "invalid_json");
        if (cases[i].fault)
            assert_string_equal(err.text, cases[i].fault);
        else if (strcmp(cases[i].text, "{,}"))
            assert_null(strstr(err.text, "trailing comma before"));
    }
}

static void
read_as(const char *text, size_t length, const char *fault)
{
    struct err err = {.text = ""};
    json_t *value = json_text_read(text, length, 0, &err);

    assert_int_equal(value != NULL, fault == NULL);
    if (fault)
        assert_non_null(strstr(err.text, fault));
    assert_null(strstr(err.text, "hunter2"));
    json_decref(value);
}

#define READ_AS(text, fault) read_as(text, sizeof text - 1, fault)

static void
what_else_may_stand_there(void **state)
{
    (void)state;
    READ_AS("{}", NULL);
    READ_AS("\xef\xbb\xbf{}", NULL);
    READ_AS("\xef\xbb\xbf\n{}", NULL);
    READ_AS("\xef\xbb\xbf\xef\xbb\xbf{}", "line 1, column");
    READ_AS("\xef\xbb{}", "line ");
    READ_AS("\xef\xbb\xbf", "line 1, column");
    READ_AS("{\"a\": 5\0}", "line 1, column 8: unexpected NUL byte");
    READ_AS("{\"a\": 1, \"a\": 1}", "duplicate");
    READ_AS("{\"password\": \"hunter2\" x}", "line 1, column ");
}

static void
values_are_counted(void **state)
{
    static const struct {
        const char *text;
        size_t values;
    } cases[] = {
        {"5", 1},
        {"[]", 2},
        {"[[],[],[]]", 7},
        {"{\"a\": 1, \"b\": \"c\"}", 5},
        {"\",,,[[[{{:\"", 1},
        {"\"\\\",,,\"", 1},
        {"[\"\\\\\", 5]", 3},
        {"", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;

        assert_true(json_text_within(text, strlen(text), cases[i].values));
        assert_false(json_text_within(text, strlen(text), cases[i].values - 1));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_comma_too_many_is_named),
        cmocka_unit_test(what_else_may_stand_there),
        cmocka_unit_test(values_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
