/* What a session has open outside this process: noted before anything else leaves, and closed. */
#include "test/unit/time_passes.h"
#include "test/unit/worker/browser.h"

/* --- the note --- */

static void
a_session_is_noted_before_the_next_request(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(world.at_disk, "s-1 "); /* as the line's request came */
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(world.log, "open/bot line/u-1 line/u-2 ");
    assert_on_disk(s, "s-1 ");
    assert_int_equal(delivery_closing(s->delivery), 0);
}

static void
what_a_dead_process_left_is_closed_first(void **state)
{
    struct scripted *s = *state;
    struct err err;

    assert_int_equal(queue_note_session(s->f.queue, NULL, "old-1", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, NULL, "old-2", &err), 0);
    world.browsers = 2;
    delivery_remake(s);
    delivery_tidy(s->delivery);
    assert_int_equal(delivery_closing(s->delivery), 2);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_non_null(strstr(world.log, "close/old-1 "));
    assert_non_null(strstr(world.log, "close/old-2 "));
    assert_string_equal(strstr(world.log, "open/"), "open/bot line/u-1 ");
    assert_on_disk(s, "s-1 ");
}

static void
a_killed_process_leaves_its_note(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    delivery_remake(s); /* the old one goes without a word */
    assert_on_disk(s, "s-1 ");
    delivery_tidy(s->delivery);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_on_disk(s, "");
    assert_int_equal(world.browsers, 0);
}

static void
notes_come_change_and_go(void **state)
{
    struct scripted *s = *state;
    char text[16];
    struct err err;
    json_t *notes;

    delivery_free(s->delivery);
    s->delivery = NULL;
    assert_null(queue_session_notes(s->f.queue));
    assert_int_equal(queue_note_session(s->f.queue, NULL, "a", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, NULL, "b", &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, "a", "c", &err), 0);
    assert_on_disk(s, "b c ");
    fixture_reopen(&s->f, 16);
    assert_on_disk(s, "b c ");
    assert_int_equal(queue_note_session(s->f.queue, "b", NULL, &err), 0);
    assert_int_equal(queue_note_session(s->f.queue, "nobody", NULL, &err), 0);
    assert_on_disk(s, "c ");
    for (int i = 0; i < QUEUE_SESSION_NOTES_MAX + 2; i++) {
        snprintf(text, sizeof text, "n-%d", i);
        assert_int_equal(queue_note_session(s->f.queue, NULL, text, &err), 0);
    }
    notes = queue_session_notes(s->f.queue);
    assert_int_equal(json_array_size(notes), QUEUE_SESSION_NOTES_MAX);
    assert_string_equal(json_string_value(json_array_get(notes, 0)), "n-2");
    json_decref(notes);
}

/* --- closing --- */

static void
an_idle_session_is_closed(void **state)
{
    struct scripted *s = *state;

    world.idle_s = 600;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    time_passes(600000);
    RUN_UNTIL(s->base, strstr(world.log, "close/") && !delivery_closing(s->delivery));
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(s, "");
    place(s, "u-2", "558");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(strstr(world.log, "close/"), "close/s-1 open/bot line/u-2 ");
}

static void
other_credentials_close_the_session_first(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    place_as(s, "u-2", "bea", "her-password");
    run_until_counts(s, ORDER_CREATED, 2);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 open/bea line/u-2 ");
    assert_int_equal(world.max_browsers, 1);
    assert_on_disk(s, "s-2 ");
}

static void
no_configuration_exceeds_the_drivers_limit(void **state)
{
    struct scripted *s = *state;

    s->workshop.max_in_flight = 5;
    s->otherwise = HOLD;
    delivery_remake(s);
    delivery_start(s->delivery);
    place(s, "u-1", "558");
    place(s, "u-2", "559");
    RUN_UNTIL(s->base, s->lines == 1);
    run_for(s->base, 50);
    assert_int_equal(delivery_in_hand(s->delivery), 1);
    assert_int_equal(s->lines, 1);
}

static void
two_at_once_never_have_two_sessions(void **state)
{
    struct scripted *s = *state;

    s->driver.max_in_flight_limit = 0;
    delivery_remake(s);
    delivery_start(s->delivery);
    place_as(s, "u-1", "bea", "her-password");
    place_as(s, "u-2", "tom", "his-password");
    place(s, "u-3", "558");
    run_until_counts(s, ORDER_CREATED, 3);
    assert_int_equal(world.opened, 3);
    assert_int_equal(world.max_browsers, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
}

static void
the_end_closes_what_is_open(void **state)
{
    struct scripted *s = *state;

    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    delivery_close(s->delivery);
    assert_int_equal(delivery_closing(s->delivery), 1);
    place(s, "u-2", "558");
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    run_for(s->base, 50);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(s, "");
    assert_int_equal(get(s->f.queue, "u-2").status, ORDER_PLACED);
}

static void
the_end_gives_up_the_order_that_is_under_way(void **state)
{
    struct scripted *s = *state;

    s->otherwise = HOLD;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
    delivery_close(s->delivery);
    assert_int_equal(delivery_in_hand(s->delivery), 0);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_int_equal(world.browsers, 0);
    assert_on_disk(s, "");
    assert_int_equal(get(s->f.queue, "u-1").status, ORDER_PROCESSING);
    assert_true(get(s->f.queue, "u-1").commit_sent);
}

static void
a_closing_that_hangs_stays_noted(void **state)
{
    struct scripted *s = *state;

    world.hang_close = true;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    place_as(s, "u-2", "bea", "her-password");
    RUN_UNTIL(s->base, strstr(world.log, "close/s-1 "));
    run_for(s->base, 50);
    assert_int_equal(s->lines, 1); /* it waits for the way */
    time_passes(s->closing_ms);
    run_until_counts(s, ORDER_CREATED, 2);
    assert_on_disk(s, "s-1 s-2 ");
}

static void
nothing_leaves_while_the_note_cannot_be_kept(void **state)
{
    struct scripted *s = *state;
    json_t *history;

    world.fill_disk = true;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, world.opened == 1);
    run_for(s->base, 100);
    assert_int_equal(s->lines, 0);
    assert_on_disk(s, "");
    disk_takes(true);
    run_until_counts(s, ORDER_CREATED, 1);
    assert_string_equal(world.log, "open/bot line/u-1 ");
    assert_string_equal(world.at_disk, "s-1 ");
    history = history_of(s->f.queue, "u-1");
    assert_string_equal(history_text(history, 2, "reason_code"), "erp_failure");
    json_decref(history);
}

static void
a_kill_is_a_step_like_others(void **state)
{
    struct scripted *s = *state;

    world.kill = true;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    delivery_close(s->delivery);
    assert_int_equal(world.asked, 1);
    run_for(s->base, 50);
    assert_int_equal(delivery_closing(s->delivery), 1);
    browser_killer_answer(s->browser_killer, 3);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_string_equal(world.log, "open/bot line/u-1 killed/3 close/s-1 ");
}

static void
a_kill_goes_with_its_job(void **state)
{
    struct scripted *s = *state;

    world.kill = true;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    delivery_close(s->delivery);
    delivery_remake(s);
    browser_killer_answer(s->browser_killer, 1);
    assert_string_equal(world.log, "open/bot line/u-1 ");
    assert_on_disk(s, "s-1 ");
}

/* --- a delay --- */

static int
count_delay(const struct event_base *base, const struct event *event, void *arg)
{
    struct timeval now, due;

    event_base_gettimeofday_cached((struct event_base *)base, &now);
    *(unsigned *)arg += event_pending(event, EV_TIMEOUT, &due) &&
                        due.tv_sec - now.tv_sec > 300; /* no other waits so long */
    return 0;
}

/* Timers of requests that are held for their delay of ten minutes. */
static unsigned
delays(struct scripted *s)
{
    unsigned count = 0;

    event_base_foreach_event(s->base, count_delay, &count);
    return count;
}

static void
a_request_is_held_for_its_delay(void **state)
{
    struct scripted *s = *state;

    world.delay_ms = 600000;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, world.opened == 1);
    run_for(s->base, 40);
    assert_int_equal(s->lines, 0);
    assert_false(get(s->f.queue, "u-1").commit_sent); /* not before it leaves */
}

static void
a_request_leaves_after_its_delay(void **state)
{
    struct scripted *s = *state;

    world.delay_ms = 20;
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    assert_int_equal(s->lines, 1);
}

static void
a_delayed_request_goes_with_its_job(void **state)
{
    struct scripted *s = *state;

    world.delay_ms = 600000;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, delays(s) == 1);
    delivery_close(s->delivery);
    RUN_UNTIL(s->base, !delivery_closing(s->delivery));
    assert_int_equal(delays(s), 0);
    assert_int_equal(s->lines, 0);
    assert_false(get(s->f.queue, "u-1").commit_sent);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, browser_setup, scripted_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_noted_before_the_next_request),
        TEST(what_a_dead_process_left_is_closed_first),
        TEST(a_killed_process_leaves_its_note),
        TEST(notes_come_change_and_go),
        TEST(an_idle_session_is_closed),
        TEST(other_credentials_close_the_session_first),
        TEST(no_configuration_exceeds_the_drivers_limit),
        TEST(two_at_once_never_have_two_sessions),
        TEST(the_end_closes_what_is_open),
        TEST(the_end_gives_up_the_order_that_is_under_way),
        TEST(a_closing_that_hangs_stays_noted),
        TEST(nothing_leaves_while_the_note_cannot_be_kept),
        TEST(a_kill_is_a_step_like_others),
        TEST(a_kill_goes_with_its_job),
        TEST(a_request_is_held_for_its_delay),
        TEST(a_request_leaves_after_its_delay),
        TEST(a_delayed_request_goes_with_its_job),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
