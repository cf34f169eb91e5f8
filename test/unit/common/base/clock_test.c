/* Clocks and their text. */
#include <fnmatch.h>
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
test_stamp(void **state)
{
    static const struct {
        int64_t ms;
        const char *text, *text_ms;
    } cases[] = {{0, "19700101T000000Z", "19700101T000000.000Z"},
                 {1795508130123, "20261124T081530Z", "20261124T081530.123Z"},
                 {1795508130999, "20261124T081530Z", "20261124T081530.999Z"},
                 {253402300799999, "99991231T235959Z", "99991231T235959.999Z"}};
    char text[CLOCK_STAMP_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clock_stamp(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(fnmatch(CLOCK_STAMP_PATTERN, text, 0), 0);
        assert_int_not_equal(fnmatch(CLOCK_STAMP_MS_PATTERN, text, 0), 0);
        clock_stamp_ms(cases[i].ms, text);
        assert_string_equal(text, cases[i].text_ms);
        assert_int_equal(fnmatch(CLOCK_STAMP_MS_PATTERN, text, 0), 0);
        assert_int_not_equal(fnmatch(CLOCK_STAMP_PATTERN, text, 0), 0);
    }
}

/* A day is whole. */
static void
test_periods(void **state)
{
    static const struct {
        const char *text;
        int64_t from_ms, to_ms;
    } cases[] = {{"2026-11-24", 1795478400000, 1795564799999},
                 {"2026-11-24T08:15:30.123Z", 1795508130123, 1795508130123},
                 {"2026-11-24T09:15:30.123 01:00", 1795508130123, 1795508130123}};
    static const char *const wrong[] = {"", "monday", "2026-11-2", "2026-02-29", "2026-11-24T08"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(clock_parse_from(cases[i].text, &ms), 0);
        assert_int_equal(ms, cases[i].from_ms);
        assert_int_equal(clock_parse_to(cases[i].text, &ms), 0);
        assert_int_equal(ms, cases[i].to_ms);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (clock_parse_from(wrong[i], &ms) == 0 || clock_parse_to(wrong[i], &ms) == 0)
            fail_msg("\"%s\" is taken", wrong[i]);
}

static void
test_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2026-11-24T08:15:30.123Z", 1795508130123},
                 {"2026-11-24t08:15:30.1z", 1795508130100},
                 {"2026-11-24 09:15:30.123999999+01:00", 1795508130123},
                 {"2026-11-24T02:45:30.12-05:30", 1795508130120},
                 {"2000-02-29T00:00:00Z", 951782400000},
                 {"9999-12-31T23:59:59.999Z", 253402300799999}};
    static const char *const wrong[] = {"",
                                        "now",
                                        "2026-11-24",
                                        "2026-11-24T08:15:30",
                                        "2026-11-24T08:15Z",
                                        "2026-02-29T00:00:00Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-00-01T00:00:00Z",
                                        "2026-01-32T00:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01T00:60:00Z",
                                        "2026-01-01T00:00:60Z",
                                        "2026-01-01T00:00:00.Z",
                                        "2026-01-01T00:00:00.1234567890Z",
                                        "2026-01-01T00:00:00+0100",
                                        "2026-01-01T00:00:00+24:00",
                                        "2026-01-01T00:00:00Zx",
                                        " 2026-01-01T00:00:00Z",
                                        "1969-12-31T23:59:59Z",
                                        "1970-01-01T00:00:00+01:00",
                                        "-026-01-01T00:00:00Z"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(clock_parse(cases[i].text, &ms), 0);
        assert_int_equal(ms, cases[i].ms);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (clock_parse(wrong[i], &ms) == 0)
            fail_msg("\"%s\" is taken", wrong[i]);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),    cmocka_unit_test(test_stamp),
        cmocka_unit_test(test_periods), cmocka_unit_test(test_parse),
        cmocka_unit_test(test_timeval), cmocka_unit_test(test_clocks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
