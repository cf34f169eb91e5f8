/* Templates: what is rejected, what is expanded, and that a hostile value stays a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/template/template.h"

static bool
known(const char *name, void *arg)
{
    (void)arg;
    return strncmp(name, "order.", 6) == 0 || strncmp(name, "credentials.", 12) == 0 ||
           strcmp(name, "x") == 0;
}

static const char *
value_of(const char *name, void *arg)
{
    if (strcmp(name, "order.amount") == 0)
        return "1234567.5";
    return strcmp(name, "x") == 0 || strcmp(name, "order.x") == 0 ? arg : NULL;
}

static void
check(const char *text, const char *needs, bool password, bool sound)
{
    const struct template_rules rules = {known, NULL, password, needs, NULL};
    char wrong[TEMPLATE_WRONG_BYTES] = "";

    if (template_check(text, &rules, wrong) != sound)
        fail_msg("%s: %s", text, sound ? wrong : "is taken");
    assert_true(sound == !*wrong);
}

static void
test_check(void **state)
{
    static const char *const sound[] = {
        "",           "plain", "{x}",          "a{x}b{x|trim|upper}c",
        "{{x}}",      "}}{{",  "{x|number:,}", "{x|number:.':2}",
        "{order.any}"};
    static const char *const faulty[] = {"{",
                                         "}",
                                         "{x",
                                         "x}",
                                         "{}",
                                         "{ x }",
                                         "{y}",
                                         "{x|}",
                                         "{x|none}",
                                         "{x|trim:1}",
                                         "{x|number}",
                                         "{x|number:}",
                                         "{x|number:;}",
                                         "{x|number:,,}",
                                         "{x|number:,:}",
                                         "{x|number:,:23}",
                                         "{x|number:,.:x}",
                                         "{.x}",
                                         "{x.}",
                                         "{1}",
                                         "{{{x",
                                         "{x|trim|trim|trim|trim|trim|trim|trim}",
                                         "{x|number:,,,,,,,,,,}",
                                         "{credentials.password}",
                                         "{order.\"}",
                                         "{{}"};

    (void)state;
    for (size_t i = 0; i < sizeof sound / sizeof *sound; i++)
        check(sound[i], NULL, false, true);
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++)
        check(faulty[i], NULL, false, false);
}

static void
test_password_has_one_place(void **state)
{
    (void)state;
    check("{credentials.password}", NULL, true, true);
    check("{credentials.password}", NULL, false, false);
    check("{credentials.password|urlencode}", NULL, true, false);
    check("{credentials.basic}", NULL, false, false);
    check("{credentials.username}", NULL, false, true);
}

static void
test_foreign_text_is_escaped(void **state)
{
    (void)state;
    check("/search?q={order.x}", "urlencode", false, false);
    check("/search?q={order.x|urlencode}", "urlencode", false, true);
    check("/search?q={order.x|json|urlencode}", "urlencode", false, true);
    check("/search?q={order.x|css}", "urlencode", false, false);
    check("/search?q={order.x|number:.}", "urlencode", false, true);
    check("{x}/edit", "urlencode", false, true);
}

static void
expand(const char *text, const char *value, const char *expected)
{
    char wrong[TEMPLATE_WRONG_BYTES] = "";
    char *result = template_expand(text, value_of, (void *)value, wrong);

    if (!result || !expected) {
        if (result || expected)
            fail_msg("%s: %s", text, result ? result : wrong);
        assert_true(*wrong);
    } else {
        assert_string_equal(result, expected);
    }
    template_free(result);
}

static void
test_expand(void **state)
{
    (void)state;
    expand("", "v", "");
    expand("a{x}b{{{x}}}", "v", "avb{v}");
    expand("{x}", "{x}", "{x}");
    expand("{x|trim}", " \t a b \n", "a b");
    expand("{x|upper}{x|lower}", "aB\xc3\xa4",
           "AB\xc3\xa4"
           "ab\xc3\xa4");
    expand("{order.unset}", "v", NULL);
    expand("{x", "v", NULL);
}

static void
test_or(void **state)
{
    (void)state;
    expand("{x|or:7}", "v", "v");
    expand("{x|or:7}", "", "7");
    expand("{unset|or:7}", "v", "7");
    expand("{unset|or}", "v", "");
    expand("{unset|or:a|upper}", "v", "A");
    expand("{unset|upper|or}", "v", NULL);
}

static void
test_hostile_values(void **state)
{
    static const char hostile[] = "a\"b'c\\d<e>]&f=g/h#i?{j}\n";

    (void)state;
    expand("{x|urlencode}", hostile, "a%22b%27c%5Cd%3Ce%3E%5D%26f%3Dg%2Fh%23i%3F%7Bj%7D%0A");
    expand("{x|json}", hostile, "\"a\\\"b'c\\\\d<e>]&f=g/h#i?{j}\\n\"");
    expand("{x|json}", "\xff", NULL);
    expand("//a[.={x|xpath}]", "558", "//a[.='558']");
    expand("//a[.={x|xpath}]", "o'5", "//a[.=\"o'5\"]");
    expand("//a[.={x|xpath}]", "'or\"1", "//a[.=concat('',\"'\",'or\"1')]");
    expand("#r{x|css}", "5\"]a", "#r\\35 \\\"\\]a");
    expand("[id=\"{x|css}\"]", "\\\"", "[id=\"\\\\\\\"\"]");
    expand("{x|xml}", hostile, "a&quot;b&apos;c\\d&lt;e&gt;]&amp;f=g/h#i?{j}\n");
    expand("[{x|odata}]", "o'5", "[o''5]");
    expand("{x|economic}", "a$b(c)*,[d]", "a$$b$(c$)$*$,$[d$]");
    expand("{x|sqlfilters}", "o'5 %_$", "o'5 %_$");
    expand("{x|sqlfilters}", "a(b", NULL);
    expand("{x|sqlfilters}", "a\"b", NULL);
    expand("{x|base64}", "user:pass", "dXNlcjpwYXNz");
    expand("{x|css}", "-", "\\-");
    expand("{x|css}", "-5-_a\x01", "-\\35 -_a\\1 ");
}

static void
test_numbers_are_written(void **state)
{
    (void)state;
    expand("{x|number:,}", "1234.5", "1234,5");
    expand("{x|number:.}", "05.50", "5.5");
    expand("{x|number:,.}", "1234567.5", "1.234.567,5");
    expand("{x|number:,.}", "123", "123");
    expand("{x|number:.,:2}", "1234", "1,234.00");
    expand("{x|number:,:2}", "4.7", "4,70");
    expand("{x|number:,:2}", "4.755", NULL);
    expand("{x|number:,:0}", "4.5", NULL);
    expand("{x|number:,:0}", "4.0", "4");
    expand("{x|number:,}", "1e5", NULL);
    expand("{x|number:,}", "", NULL);
    expand("{order.amount|number:.'}", "", "1'234'567.5");
}

static void
test_numbers_are_read(void **state)
{
    static const struct {
        const char *text;
        struct number_format format;
        const char *plain;
    } cases[] = {
        {"5", {'.', 0}, "5"},
        {" 5.50\n", {'.', 0}, "5.5"},
        {"0", {'.', 0}, "0"},
        {"007,0", {',', 0}, "7"},
        {"1.234.567,50", {',', '.'}, "1234567.5"},
        {"1,234.5", {'.', ','}, "1234.5"},
        {"12\u00a0345,6", {',', ' '}, "12345.6"},
        {"12\u202f345", {',', ' '}, "12345"},
        {"1\u2019234", {'.', '\''}, "1234"},
        {"-5,5", {',', 0}, "-5.5"},
        {"\u22125", {',', 0}, "-5"},
        {"1234,5", {',', '.'}, "1234.5"},
        {"1,5", {'.', ','}, NULL},
        {"1.5", {',', '.'}, NULL},
        {"1.5", {',', 0}, NULL},
        {"1234.567,5", {',', '.'}, NULL},
        {"1 234", {',', '.'}, NULL},
        {"1..234", {',', '.'}, NULL},
        {"5 l", {'.', 0}, NULL},
        {"", {'.', 0}, NULL},
        {"5.", {'.', 0}, NULL},
        {".5", {'.', 0}, NULL},
        {"--5", {'.', 0}, NULL},
        {"5.5.5", {'.', 0}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char plain[64] = "";
        bool taken = template_number(cases[i].text, &cases[i].format, plain, sizeof plain);

        if (taken != (cases[i].plain != NULL) || (taken && strcmp(plain, cases[i].plain)))
            fail_msg("\"%s\" is read as \"%s\"", cases[i].text, taken ? plain : "nothing");
    }
}

static void
test_numbers_need_room(void **state)
{
    const struct number_format format = {'.', 0};
    char plain[8], digits[400];

    (void)state;
    memset(digits, '7', sizeof digits);
    digits[sizeof digits - 1] = '\0';
    assert_true(template_number("12345", &format, plain, sizeof plain));
    assert_false(template_number("123456.5", &format, plain, sizeof plain));
    assert_false(template_number(digits, &format, plain, sizeof plain));
}

static void
test_surrounds(void **state)
{
    static const struct {
        const char *text;
        bool is;
        char before, after;
    } cases[] = {
        {"{a}", true, '\0', '\0'}, {"x[{a}]y", true, '[', ']'}, {"{{{a}}}", true, '{', '}'},
        {"#{a}", true, '#', '\0'}, {"{a|trim}", false, 0, 0},   {"{a}{a}", false, 0, 0},
        {"{a} {b}", false, 0, 0},  {"{b}", false, 0, 0},        {"a", false, 0, 0},
        {"{{a}}", false, 0, 0},    {"{a", false, 0, 0},         {"", false, 0, 0}};
    char before, after;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (template_surrounds(cases[i].text, "a", &before, &after) != cases[i].is)
            fail_msg("%s", cases[i].text);
        if (cases[i].is && (before != cases[i].before || after != cases[i].after))
            fail_msg("%s: %c %c", cases[i].text, before, after);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_surrounds),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_password_has_one_place),
        cmocka_unit_test(test_foreign_text_is_escaped),
        cmocka_unit_test(test_expand),
        cmocka_unit_test(test_or),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_numbers_are_written),
        cmocka_unit_test(test_numbers_are_read),
        cmocka_unit_test(test_numbers_need_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
