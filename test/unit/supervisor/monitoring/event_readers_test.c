/* The readers of the events: where each starts, who is too slow, and how they end. */
#include "test/unit/supervisor/monitoring/reader.h"

/* A reader that does not read is closed at the limit; the others continue. */
static void
a_slow_reader_is_cut_off(void **state)
{
    struct reader *slow = open_reader(false), *other = open_reader(true);
    size_t snapshot = strlen(slow->text);

    (void)state;
    for (int i = 0; !slow->cut && i < 100000; i++) {
        push(0, i % 2 ? "running" : "parked", 0, 1);
        free(other->text);
        other->text = NULL;
    }
    assert_true(slow->cut);
    assert_in_range(strlen(slow->text), EVENT_READERS_BACKLOG_MAX,
                    snapshot + EVENT_READERS_BACKLOG_MAX + 4096);
    assert_false(other->cut);
    push(1, "running", 0, 1);
    assert_non_null(other->text);
}

/* The last reader may be closed while removals are sent. */
static void
the_last_reader_is_cut_off_during_a_send(void **state)
{
    struct reader *slow = open_reader(false);
    char *block = mem_alloc(EVENT_READERS_BACKLOG_MAX + 2);

    (void)state;
    memset(block, 'x', EVENT_READERS_BACKLOG_MAX + 1);
    reader_send(&slow->stream, block, EVENT_READERS_BACKLOG_MAX + 1);
    free(block);
    daemon_there.child_count = config.workshop_count = 0;
    events_reconfigured(events);
    assert_true(slow->cut);
    assert_string_equal(got(open_reader(true), NULL), "4 snapshot");
}

static void
a_reader_goes_on_where_it_was(void **state)
{
    struct reader *one = open_reader(true);

    (void)state;
    happens(0, "placed - u-1", false);
    assert_string_equal(got(one, NULL), "1 snapshot, 2 order");
    one->stream.closed(one->stream.arg);
    happens(0, "created - u-1", false);
    push(0, "parked", 0, 1);
    assert_string_equal(got(open_reader_behind("2", true), NULL), "3 order, 4 integration");
    assert_string_equal(got(open_reader_behind("4", true), NULL), "");
    assert_string_equal(got(open_reader_behind("5", true), NULL), "5 snapshot"); /* not ours */
    assert_string_equal(got(open_reader_behind("-1", true), NULL), "6 snapshot");
    assert_string_equal(got(open_reader_behind("2x", true), NULL), "7 snapshot");
    assert_string_equal(got(open_reader_behind("7", true), NULL), "");
}

static void
what_is_too_old_begins_anew(void **state)
{
    char newest[16];

    (void)state;
    assert_string_equal(got(open_reader_behind("0", true), NULL), "1 snapshot");
    readers[0].takes = true;
    for (unsigned i = 0; i <= EVENT_RING_MAX; i++) {
        happens(0, "placed - u-1", false);
        free(readers[0].text);
        readers[0].text = NULL;
    }
    assert_non_null(strstr(got(open_reader_behind("1", true), NULL), "snapshot"));
    snprintf(newest, sizeof newest, "%u", EVENT_RING_MAX + 1);
    assert_null(strstr(got(open_reader_behind(newest, true), NULL), "snapshot"));
}

static void
readers_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_READERS_MAX; i++)
        assert_int_equal(open_reader(true)->refused, 0);
    assert_int_equal(open_reader(true)->refused, 503);
    readers[0].stream.closed(readers[0].stream.arg); /* one disconnects */
    reader_count--;
    readers[reader_count].refused = 0;
    assert_int_equal(open_reader(true)->refused, 0);
}

static int process_fd;

/* A child with a process that does not read its channel. */
static void
give_process(int i)
{
    static const struct chan_events no_events;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    children[i]->chan = chan_new(base, pair[0], &no_events, NULL);
    process_fd = pair[1];
}

static void
end_process(int i)
{
    chan_free(children[i]->chan);
    children[i]->chan = NULL;
    close(process_fd);
}

/* Until then an order could be placed without an event. */
static void
a_reader_starts_once_all_processes_know(void **state)
{
    struct reader *one, *two;

    (void)state;
    give_process(0);
    one = open_reader(true);
    two = open_reader_behind("0", true);
    happens(1, "placed - u-1", false);
    events_changed(events, children[1]);
    assert_true(!one->text && !two->text);
    children[0]->watches_sent = 0;
    events_changed(events, children[0]);
    assert_non_null(strstr(got(one, NULL), "snapshot"));
    assert_string_equal(got(two, NULL), "1 order, 2 integration, 3 integration");
    end_process(0);
}

static void
a_process_that_ends_is_not_waited_for(void **state)
{
    struct reader *one;

    (void)state;
    give_process(0);
    one = open_reader(true);
    assert_null(one->text);
    end_process(0);
    events_changed(events, children[0]);
    assert_non_null(strstr(got(one, NULL), "snapshot"));
}

static void
a_process_that_hangs_is_not_waited_for(void **state)
{
    struct reader *one, *gone;

    (void)state;
    give_process(0);
    one = open_reader(true);
    gone = open_reader(true);
    gone->gone = true;
    assert_null(one->text);
    wait_for_text(one);
    assert_string_equal(got(one, NULL), "1 snapshot");
    assert_string_equal(got(open_reader(true), NULL), "2 snapshot");
    end_process(0);
}

static void
the_end_ends_all(void **state)
{
    struct reader *one = open_reader(true), *two = open_reader(false), *waiting;

    (void)state;
    give_process(0);
    children[0]->watches_sent = 1;
    events_reconfigured(events);
    waiting = open_reader(true);
    assert_int_equal(waiting->refused, 0);
    events_end(events);
    assert_true(one->ended && two->ended);
    assert_int_equal(waiting->refused, 503);
    end_process(0);
    assert_int_equal(open_reader(true)->refused, 503);
    events_free(events);
    events = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(a_slow_reader_is_cut_off),
                                       TEST(the_last_reader_is_cut_off_during_a_send),
                                       TEST(a_reader_goes_on_where_it_was),
                                       TEST(what_is_too_old_begins_anew),
                                       TEST(readers_are_counted),
                                       TEST(a_reader_starts_once_all_processes_know),
                                       TEST(a_process_that_ends_is_not_waited_for),
                                       TEST(a_process_that_hangs_is_not_waited_for),
                                       TEST(the_end_ends_all)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
