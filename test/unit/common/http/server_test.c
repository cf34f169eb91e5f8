/* The server with valid requests: immediate and delayed replies, keep-alive. */
#include "test/unit/common/http/fixture.h"

static void
test_get(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    exchange(fd, "GET /a%20b/c?d=e%20f&g HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n",
             &reply);
    expect_member(&reply, "method", "GET");
    expect_member(&reply, "path", "/a%20b/c");
    expect_member(&reply, "query", "d=e%20f&g");
    expect_member(&reply, "authorization", "Bearer t");
    expect_member(&reply, "type", NULL);
    expect_member(&reply, "body", "");
    assert_string_equal(reply_header(&reply, "Content-Type"), "application/json");
    assert_string_equal(reply_header(&reply, "Connection"), "");
    reply_clear(&reply);
    close(fd);
}

static void
test_post(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    exchange(fd,
             "POST /create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
             "Content-Length: 7\r\n\r\n{\"a\":1}",
             &reply);
    expect_member(&reply, "method", "POST");
    expect_member(&reply, "body", "{\"a\":1}");
    expect_member(&reply, "type", "application/json");
    reply_clear(&reply);
    exchange(fd,
             "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
             &reply);
    expect_member(&reply, "method", "PUT");
    expect_member(&reply, "body", "abc0123456789");
    reply_clear(&reply);
    close(fd);
}

static void
test_methods(void **state)
{
    static const char *const methods[] = {"GET",     "POST",  "PUT",  "DELETE",
                                          "OPTIONS", "PATCH", "TRACE"};
    int fd = client_open();
    struct reply reply;
    char request[64];

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request, "%s / HTTP/1.1\r\nHost: x\r\n\r\n", methods[i]);
        exchange(fd, request, &reply);
        expect_member(&reply, "method", methods[i]);
        reply_clear(&reply);
    }
    close(fd);
}

/* A reply to HEAD has a Content-Length but no body: the next reply must follow directly. */
static void
test_head(void **state)
{
    int fd = client_open();
    struct reply reply;
    long length;

    (void)state;
    client_say(fd, "HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
    client_reply(fd, &reply, true);
    assert_int_equal(reply.status, 200);
    length = atol(reply_header(&reply, "Content-Length"));
    assert_true(length > 10);
    reply_clear(&reply);
    exchange(fd, "GET /xy HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
    expect_member(&reply, "path", "/xy");
    assert_int_equal(reply.length, length); /* HEAD, /x against GET, /xy */
    reply_clear(&reply);
    close(fd);
}

static void
test_largest(void **state)
{
    char *request = calloc(1, 65536), *at = request;
    int fd = client_open();
    struct reply reply;

    (void)state;
    at += sprintf(request, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
                  FIXTURE_BODY_MAX);
    memset(at, 'x', FIXTURE_BODY_MAX);
    exchange(fd, request, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"length\":16384"));
    reply_clear(&reply);
    memset(request, 'x', 8192);
    memcpy(request, "GET /", 5);
    strcpy(request + 4 + 8192, " HTTP/1.1\r\nHost: x\r\n\r\n");
    exchange(fd, request, &reply);
    assert_int_equal(reply.status, 200);
    reply_clear(&reply);
    free(request);
    close(fd);
}

static void
test_pipelining(void **state)
{
    int fd = client_open();
    struct reply reply;
    char path[16];

    (void)state;
    client_say(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
                   "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                   "GET /3 HTTP/1.1\r\nHost: x\r\n\r\nGET /4 HTTP/1.1\r\nHo");
    for (int i = 1; i <= 4; i++) {
        if (i == 4)
            client_say(fd, "st: x\r\n\r\n");
        client_reply(fd, &reply, false);
        snprintf(path, sizeof path, "/%d", i);
        expect_member(&reply, "path", path);
        reply_clear(&reply);
    }
    close(fd);
}

static void
test_byte_by_byte(void **state)
{
    static const char request[] = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    int fd = client_open();
    struct reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof request - 1; i++)
        assert_int_equal(client_send(fd, request + i, 1), 1);
    client_reply(fd, &reply, false);
    expect_member(&reply, "body", "abc");
    reply_clear(&reply);
    close(fd);
}

static void
test_close(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    exchange(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_ended(fd));
    reply_clear(&reply);
    close(fd);
}

static void
test_continue(void **state)
{
    int fd = client_open();
    struct reply reply;
    char interim[26] = "";

    (void)state;
    client_say(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                   "Expect: 100-continue\r\n\r\n");
    for (size_t i = 0; i < 25; i++)
        assert_int_equal(client_receive(fd, interim + i, 1), 1);
    assert_string_equal(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    exchange(fd, "abc", &reply);
    expect_member(&reply, "body", "abc");
    reply_clear(&reply);
    close(fd);
}

static void
test_deferred(void **state)
{
    int fds[3];
    struct reply reply;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        fds[i] = client_open();
        client_say(fds[i], "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
        wait_held(i + 1);
    }
    assert_int_equal(http_server_open_calls(server), 3);
    for (int i = 2; i >= 0; i--) { /* in reverse order */
        call_header(held[i], "Retry-After", "7");
        call_problem(held[i], 503, "busy", NULL, "number %d", i);
        client_reply(fds[i], &reply, false);
        expect_problem(&reply, 503, "busy");
        assert_string_equal(reply_header(&reply, "Retry-After"), "7");
        assert_int_equal(http_server_open_calls(server), i);
        reply_clear(&reply);
        close(fds[i]);
    }
}

static void
test_client_leaves(void **state)
{
    int fd = client_open();

    (void)state;
    client_say(fd, "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_held(1);
    close(fd);
    for (int i = 0; i < 20; i++)
        turn(-1);
    assert_int_equal(http_server_open_calls(server), 1);
    held[0]->sent = on_reply_sent;
    held[0]->sent_arg = &sent_count;
    call_problem(held[0], 503, "busy", NULL, "to nobody");
    for (int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;
         http_server_open_calls(server) && clock_monotonic_ms() < end;)
        turn(-1);
    assert_int_equal(http_server_open_calls(server), 0);
}

static void
test_sent(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) {
        exchange(fd, "GET /sent HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
        expect_member(&reply, "path", "/sent");
        turn(-1);
        assert_int_equal(sent_count, i);
        assert_int_equal(http_server_open_calls(server), 0);
        reply_clear(&reply);
    }
    exchange(fd, "GET /sent HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &reply);
    assert_true(client_ended(fd));
    assert_int_equal(sent_count, 3);
    reply_clear(&reply);
    close(fd);
}

/* If the client closes during a reply, no callback is made and nothing is kept. */
static void
test_not_sent(void **state)
{
    int fd = client_open();
    struct linger reset = {.l_onoff = 1};
    char bytes[1000];

    (void)state;
    client_say(fd, "GET /big-sent HTTP/1.1\r\nHost: x\r\n\r\n");
    client_receive(fd, bytes, sizeof bytes);
    assert_int_equal(http_server_open_calls(server), 1);
    assert_int_equal(sent_count, 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    wait_open_calls(0);
    assert_int_equal(sent_count, 0);
}

/* The request is there, and so is the end of its connection. */
static void
send_and_vanish(const char *request)
{
    struct linger reset = {.l_onoff = 1};
    int fd = client_open();

    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    for (int i = 0; i < 20; i++)
        turn(-1);
    assert_int_equal(http_server_open_calls(server), 0);
}

static void
test_nobody_waits_any_more(void **state)
{
    (void)state;
    send_and_vanish("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(handled, 0);
    send_and_vanish("POST /once HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(handled, 1);
}

static void
test_big(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    exchange(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
    assert_int_equal(reply.length, BIG_REPLY_BYTES);
    reply_clear(&reply);
    exchange(fd, "GET /next HTTP/1.1\r\nHost: x\r\n\r\n", &reply);
    expect_member(&reply, "path", "/next");
    reply_clear(&reply);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_get),
                                       TEST(test_post),
                                       TEST(test_methods),
                                       TEST(test_head),
                                       TEST(test_largest),
                                       TEST(test_pipelining),
                                       TEST(test_byte_by_byte),
                                       TEST(test_close),
                                       TEST(test_continue),
                                       TEST(test_deferred),
                                       TEST(test_client_leaves),
                                       TEST(test_sent),
                                       TEST(test_not_sent),
                                       TEST(test_nobody_waits_any_more),
                                       TEST(test_big)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
