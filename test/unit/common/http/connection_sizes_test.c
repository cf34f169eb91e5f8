/* Requests that are too large, and chunked bodies. */
#include "test/unit/common/http/fixture.h"

#define REST " HTTP/1.1\r\nHost: x\r\n"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_chunk_extensions), TEST(test_long_targets),
                                       TEST(test_long_headers), TEST(test_large_bodies),
                                       TEST(test_chunks)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
