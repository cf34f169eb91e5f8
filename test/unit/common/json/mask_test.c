/* Every encoding in which a password may appear in a body. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/json/mask.h"

static void
is_masked(const char *text)
{
    char copy[256];

    strcpy(copy, text);
    mask_password(copy, "a\"b/<&c d\xc3\xa5");
    if (strspn(copy, "-*") != strlen(copy))
        fail_msg("%s: %s", text, copy);
}

static void
each_spelling_is_masked(void **state)
{
    (void)state;
    is_masked("-a\"b/<&c d\xc3\xa5-");
    is_masked("-a\\\"b/<&c d\xc3\xa5-");
    is_masked("-a\\\"b\\/<&c d\xc3\xa5-");
    is_masked("-a\\\"b/<&c d\\u00E5-");
    is_masked("-a\"b/&lt;&amp;c d\xc3\xa5-");
    is_masked("-a&quot;b/&lt;&amp;c d\xc3\xa5-");
    is_masked("-a\\\"b/&lt;&amp;c d\xc3\xa5-"); /* a page's source inside a reply */
    is_masked("-a%22b%2F%3C%26c%20d%C3%A5-");
    is_masked("-a%22b%2F%3C%26c+d%C3%A5-");
}

static void
other_text_stays(void **state)
{
    char text[] = "abc a\"b/", short_one[] = "abc";

    (void)state;
    mask_password(text, "a\"b/<");
    assert_string_equal(text, "abc a\"b/");
    mask_password(short_one, "abc");
    assert_string_equal(short_one, "abc");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_spelling_is_masked),
                                       cmocka_unit_test(other_text_stays)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
