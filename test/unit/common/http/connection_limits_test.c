/* Limits on what one connection can use: time, memory, descriptors. */
#include <sys/resource.h>

#include "test/unit/common/http/fixture.h"
#include "test/unit/time_passes.h"

#define REST " HTTP/1.1\r\nHost: x\r\n"

/* If a client keeps sending and does not read its replies, the server stops reading from it. */
static void
test_flood(void **state)
{
    static char bytes[65536];
    int small = 32768, fd;
    size_t taken = 0;

    (void)state;
    setsockopt(listen_fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    setsockopt(listen_fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    fd = client_open();
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    client_say(fd, "GET /big" REST "\r\n");
    for (int stalled = 0; stalled < 50 && taken < 8u << 20;) {
        ssize_t written = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);

        taken += written > 0 ? (size_t)written : 0;
        stalled = written > 0 ? 0 : stalled + 1;
        turn(-1);
    }
    assert_int_equal(handled, 1);
    assert_in_range(taken, 32768, 1u << 20);
    /* The loop returned each time, before the reply deadline closed the connection. */
    assert_true(send(fd, bytes, 1, MSG_NOSIGNAL) < 0);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

/* Pipelined requests are queued, and all are answered. */
static void
test_flood_of_requests(void **state)
{
    char request[1100];
    int fd = client_open();
    struct reply reply;

    (void)state;
    snprintf(request, sizeof request, "GET /next" REST "Padding: %01000d\r\n\r\n", 0);
    client_say(fd, "GET /hold" REST "\r\n");
    for (int i = 0; i < 100; i++)
        client_say(fd, request);
    while (!held_count)
        turn(-1);
    call_reply(held[0], 200, json_pack("{s:s}", "path", "/hold"));
    for (int i = 0; i <= 100; i++) {
        client_reply(fd, &reply, false);
        expect_member(&reply, "path", i ? "/next" : "/hold");
        reply_clear(&reply);
    }
    close(fd);
}

static int
setup_hasty(void **state)
{
    struct http_limits limits = usual_limits;

    (void)state;
    limits.head_ms = limits.body_ms = 300;
    return server_start(&limits);
}

/* Sending a byte now and then does not extend the deadline. */
static void
drip(const char *start, const char *drop)
{
    int fd = client_open();
    int64_t began = clock_monotonic_ms();
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    struct reply reply;

    client_say(fd, start);
    while (poll(&wait, 1, 0) == 0 && clock_monotonic_ms() - began < FIXTURE_DEADLINE_MS) {
        send(fd, drop, strlen(drop), MSG_NOSIGNAL);
        time_passes(20);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    client_reply(fd, &reply, false);
    expect_problem(&reply, 408, "request_timeout");
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(clock_monotonic_ms() - began >= 300);
    assert_true(clock_monotonic_ms() - began < 5000);
    assert_true(client_ended(fd));
    assert_int_equal(handled, 0);
    reply_clear(&reply);
    close(fd);
}

static void
test_drip_feed(void **state)
{
    (void)state;
    drip("G", "E");
    drip("GET /" REST, "A: b\r\n");
    drip("POST /" REST "Content-Length: 5000\r\n\r\n", "x");
    drip("POST /" REST "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n");
}

/* Idle connections and slow handlers do not count as slow requests. */
static void
test_deadline_spares(void **state)
{
    int idle = client_open(), waiting = client_open();
    struct reply reply;

    (void)state;
    client_say(idle, "GET /1" REST "\r\n");
    client_reply(idle, &reply, false);
    reply_clear(&reply);
    client_say(waiting, "GET /hold" REST "\r\n");
    wait_held(1);
    for (int scans = 0; scans < 3; scans++) {
        time_passes(300);
        turn(-1);
    }
    call_reply(held[0], 200, json_pack("{s:s}", "path", "/hold"));
    client_reply(waiting, &reply, false);
    expect_member(&reply, "path", "/hold");
    reply_clear(&reply);
    client_say(idle, "GET /2" REST "\r\n");
    client_reply(idle, &reply, false);
    expect_member(&reply, "path", "/2");
    reply_clear(&reply);
    close(idle);
    close(waiting);
}

/* With no free descriptor, a client waits in the backlog until there is one, and the loop does not
 * spin. (Fails under valgrind: there accept() succeeds and the client is lost.) */
static void
test_out_of_descriptors(void **state)
{
    int fd = client_open(), turns = 0; /* waits in the backlog */
    int64_t end = clock_monotonic_ms() + 450;
    struct rlimit limit, none;
    struct reply reply;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_true(send(fd, "GET /1" REST "\r\n", strlen("GET /1" REST "\r\n"), 0) > 0);
    while (clock_monotonic_ms() < end) {
        event_base_loop(base, EVLOOP_ONCE);
        turns++;
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(handled, 0);
    assert_in_range(turns, 2, 30); /* retried now and then */
    client_reply(fd, &reply, false);
    expect_member(&reply, "path", "/1");
    reply_clear(&reply);
    close(fd);
}

#define HASTY(name) cmocka_unit_test_setup_teardown(name, setup_hasty, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_flood), TEST(test_flood_of_requests),
                                       TEST(test_out_of_descriptors), HASTY(test_drip_feed),
                                       HASTY(test_deadline_spares)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
