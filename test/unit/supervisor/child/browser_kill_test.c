/* Browsers are ended for a child that asks: its own, at a pace. */
#include "test/unit/supervisor/child/child.h"

/* What it says next, whenever it comes. */
static const char *
heard_later(struct fixture *f)
{
    const char *text = heard(f);

    for (int i = 0; !*text && i < 10000; i++, text = heard(f))
        usleep(1000);
    return text;
}

/* Whatever it says itself, it is its own that are ended. */
static void
its_browsers_are_ended(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES], another[BROWSER_MARK_BYTES], line[128];
    struct marked own, foreign;

    marked_start();
    browser_mark_new(mark);
    browser_mark_new(another);
    own = marked_new(BROWSER_MARK_SWITCH, mark, "");
    foreign = marked_new(BROWSER_MARK_SWITCH, another, "");
    f->mark = mark;
    child_start(f->child);
    heard(f);
    snprintf(line, sizeof line, "{\"type\":\"kill_browsers\",\"browser_mark\":\"%s\"}\n", another);
    say(f, line);
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":1}\n");
    marked_assert_killed(&own);
    marked_assert_alive(&foreign);
    marked_end(&foreign);
}

/* A successor asks while the one before it is still being served. */
static void
those_that_ask_at_once_get_one_answer(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES];
    struct marked own;

    marked_start();
    browser_mark_new(mark);
    f->mark = mark;
    child_start(f->child);
    heard(f);
    own = marked_new(BROWSER_MARK_SWITCH, mark, "");
    say(f, "{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_"
           "browsers\"}\n");
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":1}\n");
    marked_assert_killed(&own);
    assert_null(f->child->killer);
    say(f, "{\"type\":\"kill_browsers\"}\n");
    assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
}

/* Each takes a process: one that asks and asks gets one a pause. */
static void
kills_come_at_their_pace(void **state)
{
    struct fixture *f = *state;
    char mark[BROWSER_MARK_BYTES];
    int64_t begin_ms = clock_monotonic_ms();

    browser_mark_new(mark);
    f->mark = mark;
    child_start(f->child);
    heard(f);
    for (int i = 0; i < 4; i++) {
        say(f, "{\"type\":\"kill_browsers\"}\n{\"type\":\"kill_browsers\"}\n");
        assert_string_equal(heard_later(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
    }
    assert_true(clock_monotonic_ms() - begin_ms >= 3 * KILL_PAUSE_MS - 10);
}

static void
one_without_browsers_is_told_so(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    heard(f);
    say(f, "{\"type\":\"kill_browsers\"}\n");
    assert_string_equal(heard(f), "{\"type\":\"browsers_killed\",\"ended\":0}\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_browsers_are_ended),
        TEST(those_that_ask_at_once_get_one_answer),
        TEST(one_without_browsers_is_told_so),
        TEST(kills_come_at_their_pace),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
