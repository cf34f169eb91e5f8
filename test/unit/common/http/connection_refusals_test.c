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

static char *
filled(size_t length, const char *start, const char *end)
{
    size_t start_length = strlen(start), end_length = strlen(end);
    char *text = malloc(start_length + length + end_length + 1);

    memcpy(text, start, start_length);
    memset(text + start_length, 'x', length);
    strcpy(text + start_length + length, end);
    return text;
}

static void
expect_filled(size_t length, const char *start, const char *end, int status, const char *code)
{
    char *request = filled(length, start, end);

    expect_refused(request, status, code);
    free(request);
}

static void
test_long_targets(void **state)
{
    static const size_t lengths[] = {8192,  8200,  12000, 16300, 16371, 16384, 17000,
                                     18000, 20400, 20480, 21000, 70000, 300000};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        expect_filled(lengths[i], "GET /", REST "\r\n", 414, "uri_too_long");
    expect_filled(70000, "GET /", "", 414, "uri_too_long"); /* an endless line */
}

static void
test_long_headers(void **state)
{
    static const size_t lengths[] = {16369, 16400, 17000, 20000, 40000, 300000};
    char *many = calloc(1, 400000), *at;
    int fd = client_open();
    struct reply reply;

    (void)state;
    at = filled(16368, "GET / HTTP/1.1\r\nHost: x\r\nA: ", "\r\n\r\n"); /* 16,384 bytes in total */
    client_say(fd, at);
    free(at);
    client_reply(fd, &reply, false);
    expect_member(&reply, "path", "/");
    reply_clear(&reply);
    close(fd);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        expect_filled(lengths[i], "GET / HTTP/1.1\r\nHost: x\r\nA: ", "\r\n\r\n", 431,
                      "headers_too_large");
    expect_filled(40000, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nA: ", "", 431,
                  "headers_too_large");
    at = many + sprintf(many, "POST / HTTP/1.1\r\nContent-Length: 3\r\n");
    for (int i = 0; i < 20000; i++)
        at += sprintf(at, "A%d: b\r\n", i);
    strcpy(at, "\r\nabc");
    expect_refused(many, 431, "headers_too_large");
    free(many);
    expect_filled(100, "GET / HTTP/1.1\r\nHost: x\r\nA ", "\r\n\r\n", 400, "bad_request");
}

static void
expect_body(size_t length, bool chunked, const char *more)
{
    char head[256];
    char *body;

    if (chunked)
        snprintf(head, sizeof head, "POST /" REST "%sTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                 more, length);
    else
        snprintf(head, sizeof head, "POST /" REST "%sContent-Length: %zu\r\n\r\n", more, length);
    body = filled(length, head, chunked ? "\r\n0\r\n\r\n" : "");
    expect_refused(body, 413, "content_too_large");
    free(body);
}

static void
test_large_bodies(void **state)
{
    static const size_t lengths[] = {FIXTURE_BODY_MAX + 1, 17 << 10, 32769, 200 << 10, 5 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        expect_body(lengths[i], false, "");
        expect_body(lengths[i], false, "Expect: 100-continue\r\n");
        expect_body(lengths[i], false, "Connection: close\r\n");
        expect_body(lengths[i], true, "");
    }
}

/* Many small chunks, and malformed ones. */
static void
test_chunks(void **state)
{
    static const char *const broken[] = {"zz\r\nabc\r\n",     "-1\r\nabc\r\n",     "0x0\r\n\r\n",
                                         "3\nabc\r\n",        "3 \r\nabc\r\n",     "\r\n",
                                         "3\r\nabcd\r\n",     "3\r\nabc\n",        "3\r\nab\r\n",
                                         ";a=b\r\nabc\r\n",   "3;\x01\r\nabc\r\n", " 3\r\nabc\r\n",
                                         "0\r\nNo colon\r\n", "3;a\rb\r\nabc\r\n"};
    static const char *const large[] = {"ffffffffffffffff\r\n", "7fffffffffffffff\r\nabc",
                                        "4001\r\nabc"};
    char *request = calloc(1, 400000), *at;

    (void)state;
    at = request + sprintf(request, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20000; i++)
        at += sprintf(at, "2\r\nab\r\n");
    strcpy(at, "0\r\n\r\n");
    expect_refused(request, 413, "content_too_large");
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        sprintf(request, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n", broken[i]);
        expect_refused(request, 400, "bad_request");
    }
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        sprintf(request, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n", large[i]);
        expect_refused(request, 413, "content_too_large");
    }
    free(request);
}

/* RFC 9112, 7.1: chunk extensions and trailers are skipped, up to a limit. */
static void
test_chunk_extensions(void **state)
{
    int fd = client_open();
    struct reply reply;
    char *request;

    (void)state;
    client_say(fd, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n"
                   "3;a=b;c=\"d ;\"\r\nabc\r\n2 ; x\r\nde\r\n0;q\r\n"
                   "Content-Type: text/html\r\nX: y\r\n\r\n");
    client_reply(fd, &reply, false);
    expect_member(&reply, "body", "abcde");
    expect_member(&reply, "type", NULL);
    reply_clear(&reply);
    close(fd);
    request = filled(17000, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n3;", "\r\nabc\r\n");
    expect_refused(request, 431, "headers_too_large");
    free(request);
    request = calloc(1, 40000);
    strcpy(request, "POST /" REST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        size_t used = strlen(request);

        memset(request + used, 'x', 9000);
        memcpy(request + used, "1;", 2);
        strcpy(request + used + 9000, "\r\na\r\n");
    }
    expect_refused(request, 431, "headers_too_large");
    free(request);
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
                                       TEST(test_chunk_extensions),
                                       TEST(test_methods),
                                       TEST(test_targets),
                                       TEST(test_connect),
                                       TEST(test_framing),
                                       TEST(test_smuggled),
                                       TEST(test_long_targets),
                                       TEST(test_long_headers),
                                       TEST(test_large_bodies),
                                       TEST(test_chunks),
                                       TEST(test_expectation),
                                       TEST(test_other_connections_continue),
                                       TEST(test_peer)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
