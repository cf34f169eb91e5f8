/* How pauses grow, for whom, and when they end. */
#include "supervisor/console/people/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/base/secret.h"

#define NOW_MS 10000000

static void
test_the_first_ones_are_free(void **state)
{
    struct backoff *backoff = backoff_new();

    (void)state;
    for (int i = 0; i < BACKOFF_FREE; i++) {
        assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS), 0);
        backoff_failed(backoff, "ann", "here", NOW_MS);
    }
    assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS), 0);
    backoff_failed(backoff, "ann", "here", NOW_MS);
    assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS), BACKOFF_FIRST_MS);
    backoff_failed(backoff, "ann", "here", NOW_MS);
    assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS), 2 * BACKOFF_FIRST_MS);
    assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS + 2 * BACKOFF_FIRST_MS), 0);
    backoff_free(backoff);
}

static void
test_limits_and_forgiveness(void **state)
{
    struct backoff *backoff = backoff_new();

    (void)state;
    for (int i = 0; i < 100; i++)
        backoff_failed(backoff, "ann", "here", NOW_MS);
    assert_int_equal(backoff_wait_ms(backoff, "bob", "here", NOW_MS), BACKOFF_ADDRESS_MAX_MS);
    assert_int_equal(backoff_wait_ms(backoff, "ann", "elsewhere", NOW_MS), BACKOFF_USER_MAX_MS);
    backoff_succeeded(backoff, "ann");
    assert_int_equal(backoff_wait_ms(backoff, "ann", "elsewhere", NOW_MS), 0);
    assert_int_equal(backoff_wait_ms(backoff, "ann", "here", NOW_MS), BACKOFF_ADDRESS_MAX_MS);
    backoff_free(backoff);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_first_ones_are_free),
                                       cmocka_unit_test(test_limits_and_forgiveness)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
