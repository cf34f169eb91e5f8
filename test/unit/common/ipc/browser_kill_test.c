/* Killing browsers, with real processes that look like browsers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/ipc/browser_kill.h"
#include "test/unit/common/marked.h"

static char mark[BROWSER_MARK_BYTES];

static int
setup(void **state)
{
    (void)state;
    marked_start();
    browser_mark_new(mark);
    return 0;
}

static void
a_browser_is_killed_with_its_descendants(void **state)
{
    struct marked browser = marked_new(BROWSER_MARK_SWITCH, mark, "");

    (void)state;
    assert_int_equal(browser_kill_marked(mark), 1);
    marked_assert_killed(&browser);
    assert_int_equal(browser_kill_marked(mark), 0);
}

static void
a_stopped_browser_is_killed(void **state)
{
    struct marked browser = marked_new(BROWSER_MARK_SWITCH, mark, ""),
                  other = marked_new(BROWSER_MARK_SWITCH, mark, "");

    (void)state;
    kill(browser.child, SIGSTOP);
    kill(browser.pid, SIGSTOP);
    assert_int_equal(browser_kill_marked(mark), 2);
    marked_assert_killed(&browser);
    marked_assert_killed(&other);
}

static void
other_processes_stay(void **state)
{
    char close[BROWSER_MARK_BYTES];
    struct marked others[4];

    (void)state;
    text_copy(close, sizeof close, mark);
    close[sizeof close - 2] ^= 1;
    others[0] = marked_new(BROWSER_MARK_SWITCH, close, "");
    others[1] = marked_new(BROWSER_MARK_SWITCH, mark, "0");
    others[2] = marked_new("x" BROWSER_MARK_SWITCH, mark, "");
    others[3] = marked_new("", mark, "");
    assert_int_equal(browser_kill_marked(mark), 0);
    for (int i = 0; i < 4; i++)
        marked_assert_alive(&others[i]);
    for (int i = 0; i < 4; i++)
        marked_end(&others[i]);
}

static void
marks_differ_between_workshops(void **state)
{
    char first[] = "/tmp/kill_test.XXXXXX", second[] = "/tmp/kill_test.XXXXXX";
    char one[BROWSER_MARK_BYTES], again[BROWSER_MARK_BYTES], other[BROWSER_MARK_BYTES],
        elsewhere[BROWSER_MARK_BYTES];
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(first));
    assert_non_null(mkdtemp(second));
    assert_int_equal(browser_mark(first, "bennys", one, &err), 0);
    assert_int_equal(browser_mark(first, "bennys", again, &err), 0);
    assert_int_equal(browser_mark(first, "carls", other, &err), 0);
    assert_int_equal(browser_mark(second, "bennys", elsewhere, &err), 0);
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
    assert_string_not_equal(one, elsewhere);
    assert_int_equal(rmdir(first), 0);
    assert_int_equal(rmdir(second), 0);
    assert_int_equal(browser_mark(first, "bennys", one, &err), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_browser_is_killed_with_its_descendants, setup),
        cmocka_unit_test_setup(a_stopped_browser_is_killed, setup),
        cmocka_unit_test_setup(other_processes_stay, setup),
        cmocka_unit_test(marks_differ_between_workshops)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
