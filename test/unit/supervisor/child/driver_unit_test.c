/* Names of units: each workshop's is its own, and fits into a user's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "supervisor/child/driver_unit.h"

static void
test_short_slugs_are_names(void **state)
{
    char name[DRIVER_UNIT_NAME_BYTES];

    (void)state;
    driver_unit_name("bennys-auto", name);
    assert_string_equal(name, "bennys-auto");
    driver_unit_name("a23456789012345678901234", name);
    assert_string_equal(name, "a23456789012345678901234");
}

static void
test_long_slugs_are_told_apart(void **state)
{
    static const char *const slugs[] = {
        "a234567890123456789012345", "a234567890123456789012346",
        "a23456789012345678901234567890123456789012345678901234567890123a",
        "a23456789012345678901234567890123456789012345678901234567890123b"};
    char names[4][DRIVER_UNIT_NAME_BYTES];

    (void)state;
    for (int i = 0; i < 4; i++) {
        driver_unit_name(slugs[i], names[i]);
        assert_int_equal(strlen(names[i]), 25);
        assert_memory_equal(names[i], "a2345678-", 9);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_short_slugs_are_names),
                                       cmocka_unit_test(test_long_slugs_are_told_apart)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
