/* What a process says: only what is known and sound is kept. */
#include "test/unit/supervisor/child/child.h"

/* Watchers hear of every push. */
static void
each_push_is_told(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    say(f, "{\"type\":\"ready\"}\n");
    for (int i = 0; i < 3; i++) {
        int before = f->changes;

        say(f, "{\"type\":\"status\",\"alive\":{\"queue_length\":1}}\n");
        assert_int_equal(f->changes, before + 1);
    }
    assert_int_equal(f->child->status.queue_length, 1);
}

/* Pinging a thousand idle workers would cost more than anything else that they do. */
static void
a_sign_of_life_puts_the_ping_off(void **state)
{
    static const char *const signs[] = {"{\"type\":\"pong\"}\n",
                                        "{\"type\":\"status\",\"alive\":{\"queue_length\":1}}\n"};
    const struct timeval another = {.tv_sec = 3600};
    struct fixture *f = *state;

    get_ready(f);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct timeval due, now;

        f->child->unanswered = 3;
        evtimer_add(f->child->timer, &another);
        say(f, signs[i]);
        assert_int_equal(f->child->unanswered, 0);
        assert_true(event_pending(f->child->timer, EV_TIMEOUT, &due));
        event_base_gettimeofday_cached(f->base, &now);
        assert_in_range(due.tv_sec - now.tv_sec, 2, 60);
    }
}

static long
seconds_to_ping(struct fixture *f)
{
    struct timeval due, now;

    assert_true(event_pending(f->child->timer, EV_TIMEOUT, &due));
    event_base_gettimeofday_cached(f->base, &now);
    return due.tv_sec - now.tv_sec;
}

static void
connect_to(const struct child *child)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int client = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(getsockname(child->listen_fd, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
    close(client);
}

/* It is left alone until there is something to do. */
static void
one_that_is_asleep_is_pinged_soon_only_after_a_call_or_a_client(void **state)
{
    static const char *const naps[] = {"{\"type\":\"pong\",\"asleep\":true}\n",
                                       "{\"type\":\"status\",\"alive\":{},\"asleep\":true}\n"};
    struct fixture *f = *state;
    json_t *call = json_pack("{ss}", "type", "call");

    get_ready(f);
    for (size_t i = 0; i < sizeof naps / sizeof *naps; i++) {
        say(f, naps[i]);
        assert_in_range(seconds_to_ping(f), 600, 700);
        say(f, "{\"type\":\"pong\",\"asleep\":false}\n");
        assert_in_range(seconds_to_ping(f), 2, 20);
        say(f, naps[i]);
        assert_true(child_send(f->child, call));
        assert_in_range(seconds_to_ping(f), 2, 20);
    }
    say(f, naps[0]);
    connect_to(f->child);
    turn(f);
    assert_in_range(seconds_to_ping(f), 2, 20);
    say(f, naps[0]); /* it has not accepted the connection */
    assert_in_range(seconds_to_ping(f), 2, 20);
    json_decref(call);
}

/* A client must not put off the end of one that hangs. */
static void
one_that_is_being_pinged_gains_no_time_by_a_client(void **state)
{
    const struct timeval next = {.tv_sec = 1};
    struct fixture *f = *state;

    get_ready(f);
    say(f, "{\"type\":\"pong\",\"asleep\":true}\n");
    f->child->unanswered = 1;
    evtimer_add(f->child->timer, &next);
    connect_to(f->child);
    turn(f);
    assert_in_range(seconds_to_ping(f), 0, 1);
}

static void
a_refusal_says_why(void **state)
{
    struct fixture *f = *state;

    child_start(f->child);
    say(f, "{\"type\":\"refused\",\"reason\":\"no Landlock\\u0007 here\"}\n");
    child_reaped(f->child, STATUS(78));
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_FAILED);
    assert_string_equal(f->child->last_error, "no Landlock  here");
}

static void
last_words_count(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    assert_int_equal(write(f->peer, "{\"type\":\"killed\"}\n", 18), 18);
    child_reaped(f->child, 9); /* before the channel was read */
    assert_int_equal(f->child->state, CHILD_STOPPING);
    hang_up(f);
    assert_int_equal(f->child->state, CHILD_STOPPED);
    assert_int_equal(f->child->wanted, CHILD_DOWN);
    assert_int_equal(f->child->listen_fd, -1);
    assert_int_equal(f->spawns, 1);
}

static void
a_stopped_worker_stays_stopped(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"stopped\"}}\n");
    hang_up(f);
    child_reaped(f->child, 9);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"stopped\"}\n");
    say(f, "{\"type\":\"ready\"}\n");
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"parked\"}}\n");
    assert_true(f->child->worker_wanted);
    child_stop(f->child); /* what it reports of its worker while it stops was not requested */
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"stopped\"}}\n");
    assert_true(f->child->worker_wanted);
}

static void
a_stop_among_its_last_words_counts(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    child_reaped(f->child, 9);
    say(f, "{\"type\":\"status\",\"alive\":{\"worker\":\"stopped\"}}\n");
    assert_false(f->child->worker_wanted);
    hang_up(f);
    assert_string_equal(heard(f), "{\"type\":\"config\",\"worker\":\"stopped\"}\n");
}

/* Replaced files of the system are no fault of the process. */
static void
a_renewal_is_no_restart(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    for (unsigned short_lived = 0; short_lived < 2; short_lived++) {
        if (!short_lived)
            f->child->ready_ms -= CHILD_SHORT_LIFE_MS;
        say(f, "{\"type\":\"bye\",\"waiting\":0,\"renews\":true}\n");
        child_reaped(f->child, 0);
        hang_up(f);
        assert_int_equal(f->child->state, CHILD_STARTING);
        assert_int_equal(f->child->restarts, short_lived);
        say(f, "{\"type\":\"ready\"}\n");
    }
}

static void
broken_framing_ends_it(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    say(f, "no json\n");
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_null(f->child->chan);
}

static void
a_change_on_its_port_is_passed_on(void **state)
{
    struct fixture *f = *state;
    json_t *expected = json_pack("{ss sn ss si sn}", "who", "gui", "address", "what", "PUT /kill",
                                 "status", 200, "code");

    get_ready(f);
    say(f, "{\"type\":\"audit\",\"who\":\"gui\",\"address\":null,\"what\":\"PUT "
           "/kill\",\"status\":200,"
           "\"code\":null,\"by\":{\"who\":\"root\"},\"workshop\":\"another\"}\n");
    assert_true(json_equal(f->audit, expected));
    say(f, "{\"type\":\"audit\",\"who\":\"x\",\"status\":\"200\",\"what\":\"x\"}\n"); /* not a whole
                                                                                         one */
    assert_true(json_equal(f->audit, expected));
    json_decref(expected);
}

/* Of what it says of itself only what is known is kept, where it is what it should be. */
static void
a_status_is_what_it_should_be(void **state)
{
    struct fixture *f = *state;

    get_ready(f);
    say(f, "{\"type\":\"status\",\"alive\":{\"queue_length\":7,\"x\":[[],[]],\"worker\":{},"
           "\"orders\":{\"placed\":-1,\"error\":2,\"y\":{}},\"worker_reason\":null,"
           "\"oldest_placed_age_s\":\"long\"}}\n");
    assert_string_equal(f->child->status.alive,
                        "{\"worker_reason\":null,\"queue_length\":7,\"orders\":{\"error\":2}}");
    assert_int_equal(f->child->status.orders[ORDER_ERROR], 2);
    assert_int_equal(f->child->status.orders[ORDER_PLACED], 0);
    say(f, "{\"type\":\"status\",\"alive\":[]}\n");
    assert_int_equal(f->child->status.queue_length, 7);
    child_stop(f->child);
    say(f, "{\"type\":\"bye\",\"waiting\":-5}\n");
    assert_int_equal(f->child->waiting, -1);
}

static void
a_status_of_many_values_ends_it(void **state)
{
    struct fixture *f = *state;
    char line[4096] = "{\"type\":\"status\",\"alive\":{\"x\":[";

    get_ready(f);
    while (strlen(line) < sizeof line - 16)
        strcat(line, "[],");
    strcat(line, "[]]}}\n");
    say(f, line);
    assert_int_equal(f->child->state, CHILD_STOPPING);
    assert_null(f->child->chan);
}

/* Also by a process that is starting: its slice did not say so. */
static void
a_watch_is_confirmed(void **state)
{
    struct fixture *f = *state;
    int before;

    child_start(f->child);
    child_watch(f->child, true);
    assert_non_null(strstr(heard(f), "{\"type\":\"watch\",\"on\":true}"));
    child_watch(f->child, false);
    say(f, "{\"type\":\"ready\"}\n{\"type\":\"watching\"}\n");
    assert_false(child_watch_confirmed(f->child));
    before = f->changes;
    say(f, "{\"type\":\"watching\"}\n{\"type\":\"watching\"}\n");
    assert_true(child_watch_confirmed(f->child) && f->changes == before + 1);
    child_watch(f->child, true);
    assert_false(child_watch_confirmed(f->child));
    hang_up(f);
    assert_true(child_watch_confirmed(f->child));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_push_is_told),
        TEST(a_sign_of_life_puts_the_ping_off),
        TEST(one_that_is_asleep_is_pinged_soon_only_after_a_call_or_a_client),
        TEST(one_that_is_being_pinged_gains_no_time_by_a_client),
        TEST(a_refusal_says_why),
        TEST(a_watch_is_confirmed),
        TEST(a_change_on_its_port_is_passed_on),
        TEST(a_renewal_is_no_restart),
        TEST(last_words_count),
        TEST(a_stopped_worker_stays_stopped),
        TEST(a_stop_among_its_last_words_counts),
        TEST(broken_framing_ends_it),
        TEST(a_status_is_what_it_should_be),
        TEST(a_status_of_many_values_ends_it),
    };

    prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
