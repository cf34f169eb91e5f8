/* What follows an exit, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "supervisor/child/rules.h"

static void
backoff_doubles_up_to_its_limit(void **state)
{
    static const int64_t expected[] = {100,  200,   400,   800,   1600, 3200,
                                       6400, 12800, 25600, 30000, 30000};

    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(child_backoff_ms(i), expected[i]);
    assert_int_equal(child_backoff_ms(4000000000u), 30000);
}

static void
short_lives_wait_for_seconds(void **state)
{
    (void)state;
    assert_int_equal(child_backoff_ms(child_short_lives_failures(4)), 100);
    assert_int_equal(child_backoff_ms(child_short_lives_failures(6)), 400);
    assert_int_equal(child_backoff_ms(child_short_lives_failures(4000000000u)), 3200);
}

static void
each_end_has_its_sequel(void **state)
{
    static const struct {
        struct child_end end;
        enum child_state next;
    } cases[] = {
        {{CHILD_DOWN, false, true, false, 0, 0}, CHILD_STOPPED},
        {{CHILD_DOWN, true, true, false, -1, 0},
         CHILD_STOPPED}, /* stopped while it was being restarted */
        {{CHILD_DOWN, false, false, false, 78, 0}, CHILD_STOPPED},
        {{CHILD_UP, false, true, false, -1, 0}, CHILD_STARTING},
        {{CHILD_UP, false, true, false, 0, 0}, CHILD_STARTING},
        {{CHILD_UP, false, true, false, 78, 0}, CHILD_STARTING},
        {{CHILD_UP, false, true, false, -1, 3}, CHILD_STARTING},
        {{CHILD_UP, false, true, false, -1, 4}, CHILD_BACKOFF},
        {{CHILD_UP, true, true, false, -1, 4}, CHILD_STARTING},
        {{CHILD_DOWN, false, true, false, -1, 4}, CHILD_STOPPED},
        {{CHILD_UP, true, false, false, 0, 0}, CHILD_STARTING},
        {{CHILD_UP, false, false, false, 0, 0}, CHILD_BACKOFF},
        {{CHILD_UP, false, false, false, 127, 0}, CHILD_BACKOFF},
        {{CHILD_UP, false, false, false, -1, 0}, CHILD_BACKOFF},
        {{CHILD_UP, false, false, false, 78, 0}, CHILD_FAILED},
        {{CHILD_DOWN, false, false, true, 0, 0}, CHILD_STOPPED},
        {{CHILD_DOWN, true, false, true, 0, 0},
         CHILD_STOPPED}, /* started, then stopped meanwhile */
        {{CHILD_UP, false, false, true, 0, 0}, CHILD_FAILED},
        {{CHILD_UP, true, false, true, -1, 0}, CHILD_STARTING},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(child_after_exit(&cases[i].end), cases[i].next);
}

static void
an_end_is_told_in_words(void **state)
{
    static const struct {
        struct child_exit end;
        const char *text;
    } cases[] = {
        {{1, -1, 9}, "killed by signal 9 (Killed)"},
        {{1, -1, 11}, "killed by signal 11 (Segmentation fault)"},
        {{1, 0, 0}, "exit status 0"},
        {{1, 1, 0}, "exit status 1"},
        {{1, 74, 0}, "exit status 74 (cannot use the queue)"},
        {{1, 75, 0}, "exit status 75 (another process uses the queue)"},
        {{1, 78, 0}, "exit status 78 (configuration error)"},
        {{1, 127, 0}, "exit status 127 (cannot execute the worker)"},
    };
    char text[96];

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        child_exit_text(&cases[i].end, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void
states_are_named_as_in_the_contract(void **state)
{
    (void)state;
    assert_string_equal(child_state_name(CHILD_STOPPED), "stopped");
    assert_string_equal(child_state_name(CHILD_STARTING), "starting");
    assert_string_equal(child_state_name(CHILD_RUNNING), "running");
    assert_string_equal(child_state_name(CHILD_STOPPING), "stopping");
    assert_string_equal(child_state_name(CHILD_BACKOFF), "backoff");
    assert_string_equal(child_state_name(CHILD_FAILED), "failed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_doubles_up_to_its_limit),
        cmocka_unit_test(short_lives_wait_for_seconds),
        cmocka_unit_test(each_end_has_its_sequel),
        cmocka_unit_test(an_end_is_told_in_words),
        cmocka_unit_test(states_are_named_as_in_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
