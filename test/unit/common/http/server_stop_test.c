/* The end of a server: draining, and calls that outlive it. */
#include "test/unit/common/http/fixture.h"

/* Draining: open connections are served to the end, and the listening socket is closed. */
static void
test_stop_accepting(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    exchange(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
    reply_clear(&reply);
    http_server_stop_accepting(server);
    http_server_stop_accepting(server);
    exchange(fd, "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
    expect_member(&reply, "path", "/3");
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_ended(fd));
    reply_clear(&reply);
    assert_int_equal(handled, 2);
    close(fd);
    assert_true(client_refused());
}

/* A call may outlive its server: its reply is discarded. */
static void
test_free_with_open_calls(void **state)
{
    int fds[3];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        fds[i] = client_open();
        client_say(fds[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
        wait_held(i + 1);
    }
    fds[2] = client_open(); /* one reply in flight, with a callback for its end */
    client_say(fds[2], "GET /big-sent HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_open_calls(3);
    http_server_free(server);
    server = NULL;
    held[0]->sent = on_reply_sent;
    held[0]->sent_arg = &sent_count;
    call_reply(held[0], 200, json_object());
    call_problem(held[1], 503, "stopping", NULL, "x");
    assert_int_equal(sent_count, 0);
    for (unsigned i = 0; i < 3; i++) {
        client_drain(fds[i]);
        close(fds[i]);
    }
}

static void
test_free_idle(void **state)
{
    int fds[2] = {client_open(), client_open()};

    (void)state;
    client_say(fds[0], "GET /x HTTP/1.1\r\nHos");
    turn(-1);
    close(fds[0]);
    close(fds[1]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_stop_accepting), TEST(test_free_with_open_calls),
                                       TEST(test_free_idle)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
