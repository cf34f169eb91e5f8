/* When the end of a connection closes the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "worker/proxy/gate.h"

#define POST "POST /save HTTP/1.1\r\nHost: erp\r\n\r\na=b"

static struct gate_stream
after_request(void)
{
    struct gate_stream stream = {.kind = GATE_STREAM_NEW};

    assert_true(gate_stream_up(&stream, GATE_ARMED, POST, strlen(POST)));
    return stream;
}

/* Whether the gate closes after this reply ends; sent in one piece and byte by byte. */
static bool
shuts_after(const char *reply, int status)
{
    struct gate_stream whole = after_request(), bytes = after_request();
    int seen = 0;

    assert_int_equal(gate_stream_down(&whole, reply, strlen(reply)), status);
    for (const char *c = reply; *c; c++)
        if (!seen)
            seen = gate_stream_down(&bytes, c, 1);
    assert_int_equal(seen, status);
    assert_int_equal(gate_stream_shuts(&bytes, false), gate_stream_shuts(&whole, false));
    return gate_stream_shuts(&whole, false);
}

static void
test_a_reply_counts_when_its_head_is_complete(void **state)
{
    (void)state;
    assert_true(shuts_after("", 0));
    assert_true(shuts_after("HTTP/1.1 20", 0));
    assert_true(shuts_after("HTTP/1.1 200 OK\r\n", 0));
    assert_true(shuts_after("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 0));
    assert_false(shuts_after("HTTP/1.1 200 OK\r\n\r\n", 0));
    assert_false(shuts_after("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 0));
    assert_false(shuts_after("HTTP/1.0 302 Found\nLocation: /\n\n", 0));
    assert_false(shuts_after("HTTP/1.1 500 Oops\r\nA: b\r\n\r\nbody", 0));
}

static void
test_an_interim_reply_does_not_count(void **state)
{
    (void)state;
    assert_true(shuts_after("HTTP/1.1 100 Continue\r\n\r\n", 0));
    assert_true(shuts_after("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0));
    assert_true(shuts_after("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 0));
    assert_false(shuts_after("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 0));
}

static void
test_what_makes_a_browser_repeat(void **state)
{
    (void)state;
    assert_true(shuts_after("HTTP/1.1 408 Request Timeout\r\n\r\n", 408));
    assert_true(shuts_after("HTTP/1.1 421 Misdirected\r\n\r\n", 421));
    assert_true(shuts_after("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 408 x\r\n\r\n", 408));
    assert_false(shuts_after("HTTP/1.1 404 Not Found\r\n\r\n", 0));
}

static void
test_each_request_of_a_connection(void **state)
{
    const char *reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct gate_stream stream = after_request();

    (void)state;
    assert_false(gate_stream_up(&stream, GATE_ARMED, "more", 4)); /* part of the same body */
    assert_int_equal(gate_stream_down(&stream, reply, strlen(reply)), 0);
    assert_false(gate_stream_shuts(&stream, false));
    assert_true(gate_stream_up(&stream, GATE_ARMED, "GET / HTTP/1.1\r\n", 16));
    assert_true(gate_stream_shuts(&stream, false));
}

/* Leaving a page aborts its images, and a browser repeats requests that the ERP has cut off. */
static void
test_what_the_browser_gives_up(void **state)
{
    const char *image = "GET /logo.png HTTP/1.1\r\nHost: erp\r\n\r\n";
    struct gate_stream stream = {.kind = GATE_STREAM_NEW}, post = after_request();

    (void)state;
    gate_stream_up(&stream, GATE_ARMED, image, strlen(image));
    assert_false(gate_stream_shuts(&stream, true));
    assert_true(gate_stream_shuts(&stream, false));
    assert_true(gate_stream_shuts(&post, true));
    gate_stream_down(&stream, "HTTP/1.1 200 OK\r\n\r\n", 19);
    gate_stream_up(&stream, GATE_ARMED, POST, strlen(POST));
    assert_true(gate_stream_shuts(&stream, true));
}

static void
test_before_the_commit_nothing_counts(void **state)
{
    struct gate_stream stream = {.kind = GATE_STREAM_NEW};

    (void)state;
    gate_stream_up(&stream, GATE_OPEN, POST, strlen(POST));
    assert_false(gate_stream_shuts(&stream, false));
    gate_stream_up(&stream, GATE_ARMED, "x", 1);
    assert_true(gate_stream_shuts(&stream, false));
    gate_stream_arm(&stream);
    assert_false(gate_stream_shuts(&stream, false));
}

/* TLS and other unreadable data: a reply may be anything, even a session ticket. */
static void
test_encrypted_bytes_are_never_a_reply(void **state)
{
    static const char *const replies[] = {"\x17\x03\x03\x01", "HTTP/1.1 200 OK\r\n\r\n", "x"};
    const char hello[] = "\x16\x03\x01";

    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct gate_stream stream = {.kind = GATE_STREAM_NEW};

        assert_false(gate_stream_up(&stream, GATE_ARMED, hello, 3));
        gate_stream_down(&stream, replies[i], strlen(replies[i]));
        assert_true(gate_stream_shuts(&stream, false));
    }
}

static void
test_other_protocols_after_http(void **state)
{
    (void)state;
    assert_true(shuts_after("HTTP/1.1 101 Switching Protocols\r\n\r\nframes", 0));
    assert_true(shuts_after("<html>of HTTP/0.9</html>\r\n\r\n", 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reply_counts_when_its_head_is_complete),
        cmocka_unit_test(test_an_interim_reply_does_not_count),
        cmocka_unit_test(test_what_makes_a_browser_repeat),
        cmocka_unit_test(test_each_request_of_a_connection),
        cmocka_unit_test(test_what_the_browser_gives_up),
        cmocka_unit_test(test_before_the_commit_nothing_counts),
        cmocka_unit_test(test_encrypted_bytes_are_never_a_reply),
        cmocka_unit_test(test_other_protocols_after_http)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
