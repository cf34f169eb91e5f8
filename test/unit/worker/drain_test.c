/* Shutdown with a session open in the ERP. */
#include "test/unit/time_passes.h"
#include "test/unit/worker/browser.h"

#include "worker/drain.h"

#define LONG_MS 600000

struct way_out {
    struct scripted *s;
    struct drain drain;
    int listening;
};

static int
listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int
setup(void **state)
{
    static const struct http_limits limits = {.connections = 8,
                                              .connections_per_peer = 8,
                                              .target_bytes = 1000,
                                              .header_bytes = 1000,
                                              .header_count = 10,
                                              .body_bytes = 1000,
                                              .queued_bytes = 1000,
                                              .head_ms = 1000,
                                              .body_ms = 1000,
                                              .idle_ms = 10000,
                                              .reply_ms = 1000};
    struct way_out *w = calloc(1, sizeof *w);
    struct scripted *s;

    browser_setup((void **)&s);
    w->s = s;
    w->drain = (struct drain){.base = s->base, .queue = s->f.queue, .delivery = s->delivery};
    w->drain.api = api_new(&(struct api_setup){.base = s->base,
                                               .queue = s->f.queue,
                                               .delivery = s->delivery,
                                               .workshop = &s->workshop,
                                               .changed = on_changed,
                                               .arg = s});
    w->listening = listen_somewhere();
    w->drain.server =
        http_server_new(s->base, w->listening, true, &limits, api_handle, w->drain.api);
    drain_open(&w->drain);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct way_out *w = *state;
    void *s = w->s;

    drain_close(&w->drain);
    api_free(w->drain.api);
    http_server_free(w->drain.server);
    free(w);
    return scripted_teardown(&s);
}

/* One order was created, and its session is still open. */
static void
deliver_one(struct scripted *s)
{
    place(s, "u-1", "558");
    run_until_counts(s, ORDER_CREATED, 1);
    RUN_UNTIL(s->base, !delivery_in_hand(s->delivery));
    assert_on_disk(s, "s-1 ");
}

static void
hold_one(struct scripted *s)
{
    s->otherwise = HOLD;
    place(s, "u-1", "558");
    RUN_UNTIL(s->base, s->lines == 1);
}

/* Runs until the drain ends the loop; returns how long it took. */
static int64_t
run_out(struct scripted *s)
{
    int64_t begin_ms = clock_monotonic_ms();

    assert_int_equal(event_base_dispatch(s->base), 0);
    assert_true(event_base_got_break(s->base));
    return clock_monotonic_ms() - begin_ms;
}

static void
a_stop_closes_what_is_open(void **state)
{
    struct way_out *w = *state;

    deliver_one(w->s);
    drain_start(&w->drain, LONG_MS);
    assert_true(run_out(w->s) < DEADLINE_MS);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(w->s, "");
}

static void
a_stop_waits_for_the_order_first(void **state)
{
    struct way_out *w = *state;

    world.delay_ms = 150;
    place(w->s, "u-1", "558");
    RUN_UNTIL(w->s->base, world.opened == 1);
    drain_start(&w->drain, LONG_MS);
    run_out(w->s);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_int_equal(get(w->s->f.queue, "u-1").status, ORDER_CREATED);
}

static void
a_slow_order_is_dropped_and_its_session_closed(void **state)
{
    struct way_out *w = *state;

    hold_one(w->s);
    drain_start(&w->drain, 100);
    assert_true(run_out(w->s) >= 100);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(w->s, "");
    assert_int_equal(get(w->s->f.queue, "u-1").status, ORDER_PROCESSING);
}

static void
a_kill_closes_within_its_second(void **state)
{
    struct way_out *w = *state;

    hold_one(w->s);
    drain_kill(&w->drain);
    drain_killed(&w->drain);
    run_out(w->s);
    assert_string_equal(world.log, "open/bot line/u-1 close/s-1 ");
    assert_on_disk(w->s, "");
}

static void
a_kill_does_not_wait_longer(void **state)
{
    struct way_out *w = *state;

    world.hang_close = true;
    deliver_one(w->s);
    drain_kill(&w->drain);
    drain_killed(&w->drain);
    RUN_UNTIL(w->s->base, strstr(world.log, "close/s-1 "));
    time_passes(1000);
    assert_true(run_out(w->s) < DEADLINE_MS);
    assert_on_disk(w->s, "s-1 "); /* for the next process */
}

static void
without_open_sessions_a_stop_ends_at_once(void **state)
{
    struct way_out *w = *state;

    drain_start(&w->drain, LONG_MS);
    drain_start(&w->drain, LONG_MS);
    assert_true(run_out(w->s) < DEADLINE_MS);
    assert_string_equal(world.log, "");
}

static int
client_connect(struct way_out *w)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(getsockname(w->listening, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, length), 0);
    RUN_UNTIL(w->s->base, http_server_connections(w->drain.server) == 1);
    return fd;
}

static void
send_request(evutil_socket_t fd, short what, void *arg)
{
    static const char request[] = "GET /alive HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

    (void)what;
    (void)arg;
    assert_int_equal(send(fd, request, sizeof request - 1, 0), sizeof request - 1);
}

/* It might not know whether its order was kept. */
static void
a_stop_reads_what_a_new_client_sends(void **state)
{
    struct way_out *w = *state;
    int fd = client_connect(w);
    struct event *later = event_new(w->s->base, fd, EV_WRITE, send_request, NULL);
    char reply[15] = "";

    drain_start(&w->drain, LONG_MS);
    event_add(later, NULL);
    run_out(w->s);
    assert_int_equal(recv(fd, reply, sizeof reply - 1, MSG_DONTWAIT), sizeof reply - 1);
    assert_memory_equal(reply, "HTTP/1.1 ", 9);
    event_free(later);
    close(fd);
}

static void
a_stop_does_not_wait_for_one_that_sends_nothing(void **state)
{
    struct way_out *w = *state;
    int fd = client_connect(w);

    drain_start(&w->drain, LONG_MS);
    time_passes(2000);
    assert_true(run_out(w->s) < DEADLINE_MS);
    close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stop_closes_what_is_open),
        TEST(a_stop_waits_for_the_order_first),
        TEST(a_slow_order_is_dropped_and_its_session_closed),
        TEST(a_kill_closes_within_its_second),
        TEST(a_kill_does_not_wait_longer),
        TEST(without_open_sessions_a_stop_ends_at_once),
        TEST(a_stop_reads_what_a_new_client_sends),
        TEST(a_stop_does_not_wait_for_one_that_sends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
