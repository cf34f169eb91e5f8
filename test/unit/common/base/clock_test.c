/* Clocks and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/clock.h"

static void
test_text(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00.000Z"},
                 {1, "1970-01-01T00:00:00.001Z"},
                 {1795508130123, "2026-11-24T08:15:30.123Z"},
                 {951782399999, "2000-02-28T23:59:59.999Z"},
                 {951782400000, "2000-02-29T00:00:00.000Z"},
                 {4102444800000, "2100-01-01T00:00:00.000Z"},
                 {253402300799999, "9999-12-31T23:59:59.999Z"}};
    char text[CLOCK_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clock_text(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void
test_timeval(void **state)
{
    struct timeval t = clock_timeval(12345);

    (void)state;
    assert_int_equal(t.tv_sec, 12);
    assert_int_equal(t.tv_usec, 345000);
    t = clock_timeval(-1);
    assert_int_equal(t.tv_sec, 0);
    assert_int_equal(t.tv_usec, 0);
    t = clock_timeval(999);
    assert_int_equal(t.tv_sec, 0);
    assert_int_equal(t.tv_usec, 999000);
}

static void
test_clocks(void **state)
{
    int64_t before = (int64_t)time(NULL) * 1000, wall = clock_wall_ms();
    int64_t first = clock_monotonic_ms();

    (void)state;
    assert_true(wall >= before && wall < before + 60000);
    assert_true(first > 0 && clock_monotonic_ms() >= first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_timeval),
                                       cmocka_unit_test(test_clocks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
