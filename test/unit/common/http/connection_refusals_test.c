/* Malformed requests, and the reply to each. */
#include "test/unit/common/http/fixture.h"

#define REST " HTTP/1.1\r\nHost: x\r\n"

static void
test_request_lines(void **state)
{
    static const char *const lines[] = {"x",
                                        "GET",
                                        "GET /",
                                        "GET / HTTP/1.1 x",
                                        "GET / http/1.1",
                                        "GET / HTTP/1",
                                        "GET  HTTP/1.1",
                                        "\x16\x03\x01",
                                        "GET /\tHTTP/1.1",
                                        "",
                                        "GET /a b HTTP/1.1",
                                        "GET  / HTTP/1.1",
                                        "GET /  HTTP/1.1",
                                        "GET / HTTP/1.1 ",
                                        "GET / RTSP/1.0",
                                        "GET / HTTP/11",
                                        "GET /a\x80 HTTP/1.1",
                                        "GET /a\x7f HTTP/1.1",
                                        "GET /a#b HTTP/1.1"};
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(request, sizeof request, "%s\r\nHost: x\r\n\r\n", lines[i]);
        expect_refused(request, 400, "bad_request");
    }
}

static void
test_versions(void **state)
{
    static const char *const versions[] = {"0.9", "1.2", "2.0", "3.0"};
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        snprintf(request, sizeof request, "GET / HTTP/%s\r\nHost: x\r\n\r\n", versions[i]);
        expect_refused(request, 505, "version_not_supported");
    }
}

static void
test_methods(void **state)
{
    (void)state;
    expect_refused("BREW /pot" REST "\r\n", 501, "not_implemented");
    expect_refused("get /" REST "\r\n", 501, "not_implemented");
    expect_refused("PROPFIND /" REST "Content-Length: 3\r\n\r\nabc", 501, "not_implemented");
}

static void
test_targets(void **state)
{
    static const char *const targets[] = {"//x",         "https://h/x",  "*",         "x",
                                          "h:80",        "/a\x01",       "//",        "\\x",
                                          "http:///x",   "http://h#x",   "http://",   "http://h//x",
                                          "http://u@h/", "http://u:p@h", "http:/h/x", "ftp://h/x"};
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        snprintf(request, sizeof request, "GET %s" REST "\r\n", targets[i]);
        expect_refused(request, 400, "bad_request");
    }
}

/* RFC 9112, 3.2.2: every server must accept the absolute form. */
static void
test_absolute_form(void **state)
{
    static const char *const requests[][2] = {{"http://h/x?y", "/x"},
                                              {"HTTP://h:80", "/"},
                                              {"http://[::1]:80/a/b", "/a/b"},
                                              {"http://h?y=z@q", "/"}};
    int fd = client_open();
    struct reply reply;
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        snprintf(request, sizeof request, "GET %s" REST "\r\n", requests[i][0]);
        client_say(fd, request);
        client_reply(fd, &reply, false);
        expect_member(&reply, "path", requests[i][1]);
        reply_clear(&reply);
    }
    close(fd);
    expect_refused("GET http://h/ HTTP/1.1\r\n\r\n", 400, "bad_request");
}

static void
test_connect(void **state)
{
    (void)state;
    expect_refused("CONNECT h:80" REST "\r\n", 400, "bad_request");
}

/* An Upgrade offer is ignored, and cannot hide another request. */
static void
test_upgrade(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    client_say(fd, "GET /1" REST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"
                   "GET /2" REST "\r\n");
    for (int i = 0; i < 2; i++) {
        client_reply(fd, &reply, false);
        expect_member(&reply, "path", i ? "/2" : "/1");
        reply_clear(&reply);
    }
    close(fd);
}

/* Line ends that two parsers could interpret differently. */
static void
test_lines(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: x\r\n";
    static const char *const lines[] = {
        "A: b\nC: d\r\n", "A: b\rC: d\r\n", "A: b\r\r\n", "\n",
        "A: b\x01\r\n",   "A: \x7f\r\n",    "A: b\n",     " A: b\r\n",
        "A: b\r\n c\r\n", "A: b\r\n\tc\r\n"};
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(request, sizeof request, "%s%s\r\n", head, lines[i]);
        expect_refused(request, 400, "bad_request");
    }
    expect_refused("GET / HTTP/1.1\nHost: x\n\n", 400, "bad_request");
    expect_refused_bytes("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 35, 400, "bad_request");
}

static void
test_hosts(void **state)
{
    static const char *const fields[] = {"",
                                         "Host: x\r\nHost: x\r\n",
                                         "Host: x y\r\n",
                                         "Host: x/\r\n",
                                         "Host: u@x\r\n",
                                         "Host: x, y\r\n",
                                         "Host : x\r\n"};
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\n%s\r\n", fields[i]);
        expect_refused(request, 400, "bad_request");
    }
}

static void
test_content_encoding(void **state)
{
    (void)state;
    expect_refused("POST /" REST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415,
                   "unsupported_media_type");
}

static void
test_framing(void **state)
{
    static const char *const fields[] = {
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n",
        "Transfer-Encoding:\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 3x\r\n",
        "Content-Length: -3\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length : 3\r\n",
        "Content-Type: a\r\nContent-Type: b\r\n",
        "Authorization: a\r\nAuthorization: b\r\n",
        "No colon\r\n",
        ": no name\r\n",
        "Two words: x\r\n",
        "A\tb: x\r\n"};
    char request[256];

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        snprintf(request, sizeof request, "POST /" REST "%s\r\n3\r\nabc\r\n0\r\n\r\n", fields[i]);
        expect_refused(request, 400, "bad_request");
    }
}

/* A body is never parsed as a request, whatever the method. */
static void
test_smuggled(void **state)
{
    static const char *const methods[] = {"GET", "DELETE", "OPTIONS"};
    int fd = client_open();
    struct reply reply;
    char request[256];

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request,
                 "%s /1" REST "Content-Length: 32\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
                 "GET /2" REST "\r\n",
                 methods[i]);
        client_say(fd, request);
        client_reply(fd, &reply, false);
        expect_member(&reply, "path", "/1");
        reply_clear(&reply);
        client_reply(fd, &reply, false);
        expect_member(&reply, "path", "/2");
        reply_clear(&reply);
    }
    close(fd);
    expect_refused("TRACE /" REST "Content-Length: 3\r\n\r\nabc", 400, "bad_request");
    expect_refused("TRACE /" REST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
                   "bad_request");
    fd = client_open();
    client_say(fd, "HEAD /" REST "Content-Length: 3\r\n\r\nabc");
    client_reply(fd, &reply, true);
    assert_int_equal(reply.status, 400);
    assert_true(client_ended(fd));
    reply_clear(&reply);
    close(fd);
    expect_refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
                   "bad_request");
}

static void
test_expectation(void **state)
{
    (void)state;
    expect_refused("POST /" REST "Content-Length: 3\r\nExpect: magic\r\n\r\nabc", 417,
                   "expectation_failed");
}

/* A bad client does not affect other connections. */
static void
test_other_connections_continue(void **state)
{
    int fd = client_open();
    struct reply reply;

    (void)state;
    client_say(fd, "GET /1" REST "\r\n");
    client_reply(fd, &reply, false);
    reply_clear(&reply);
    expect_refused("x\r\n\r\n", 400, "bad_request");
    client_say(fd, "GET /2" REST "\r\n");
    client_reply(fd, &reply, false);
    expect_member(&reply, "path", "/2");
    reply_clear(&reply);
    close(fd);
}

static bool
refuse_peer(int fd, void *arg)
{
    assert_true(fd >= 0);
    return arg != NULL;
}

static void
test_peer(void **state)
{
    int fd;
    struct reply reply;

    (void)state;
    http_server_check_peer(server, refuse_peer, NULL);
    expect_refused("GET /" REST "\r\n", 403, "forbidden");
    http_server_check_peer(server, refuse_peer, "x");
    fd = client_open();
    client_say(fd, "GET /" REST "\r\n");
    client_reply(fd, &reply, false);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"trusted\":true"));
    reply_clear(&reply);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_request_lines),
                                       TEST(test_versions),
                                       TEST(test_lines),
                                       TEST(test_hosts),
                                       TEST(test_absolute_form),
                                       TEST(test_upgrade),
                                       TEST(test_content_encoding),
                                       TEST(test_methods),
                                       TEST(test_targets),
                                       TEST(test_connect),
                                       TEST(test_framing),
                                       TEST(test_smuggled),
                                       TEST(test_expectation),
                                       TEST(test_other_connections_continue),
                                       TEST(test_peer)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
