/* Words that were probably meant. */
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

    similar_try(&similar, NULL);
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
    assert_string_equal(meant("HEADERS"), "headers");
    assert_string_equal(meant("Work"), "worksheet_closed");
    assert_string_equal(meant("worksheetclosd"), "worksheet_closed");
    assert_null(meant("body"));
    assert_null(meant("x"));
    assert_null(meant(""));
    assert_null(meant("a word that is much longer than any of the words that are known here"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_similar)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
