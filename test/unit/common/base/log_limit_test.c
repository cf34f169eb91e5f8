/* Repeated lines are dropped and counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/log_limit.h"

static void
test_dropped_lines_are_counted(void **state)
{
    struct log_kind *kind = NULL;
    int64_t at_ms = 1LL << 40;

    (void)state;
    for (int i = 0; i < LOG_LIMIT_BURST; i++)
        assert_non_null(log_limit("a", LOG_API, "x", at_ms));
    assert_null(log_limit("a", LOG_API, "y", at_ms));
    assert_null(log_limit("a", LOG_API, "z", at_ms + LOG_LIMIT_EACH_MS - 1));
    assert_null(log_limit_quiet(at_ms + LOG_LIMIT_EACH_MS, false));
    kind = log_limit("a", LOG_API, "w", at_ms + LOG_LIMIT_EACH_MS);
    assert_non_null(kind);
    assert_int_equal(kind->left_out, 2);
    assert_string_equal(kind->example, "z");
    assert_ptr_equal(log_limit_quiet(at_ms + 60 * LOG_LIMIT_EACH_MS, false), kind);
    kind->left_out = 0;
    assert_null(log_limit_quiet(at_ms, true));
    for (int i = 0; i < LOG_LIMIT_BURST; i++) /* the limit has recovered */
        assert_non_null(log_limit("a", LOG_API, "x", at_ms + 1000 * LOG_LIMIT_EACH_MS));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_dropped_lines_are_counted)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
