/* Words that somebody may have meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/json/similar.h"

static const char *
meant(const char *word)
{
    static const char *const known[] = {"into", "headers", "worksheet_closed", "json", "at"};
    struct similar similar = {.word = word};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        similar_try(&similar, known[i]);
    return similar.best;
}

static void
test_similar(void **state)
{
    (void)state;
    assert_string_equal(meant("intoo"), "into");
    assert_string_equal(meant("int"), "into");
    assert_string_equal(meant("haeders"), "headers");
    assert_string_equal(meant("worksheetclosd"), "worksheet_closed");
    assert_null(meant("body"));
    assert_null(meant("x"));
    assert_null(meant(""));
    assert_null(
        meant("a word that is longer than all that anybody would take the trouble to know"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_similar)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
