/* Streamed replies: their parts, an end from either side, slow readers. */
#include "test/unit/common/http/fixture.h"
#include "test/unit/time_passes.h"

static struct call_stream *stream;
static unsigned closed_count;

static void
on_closed(void *arg)
{
    assert_ptr_equal(arg, &closed_count);
    closed_count++;
    stream = NULL;
}

static int
stream_setup(void **state)
{
    stream = NULL;
    closed_count = 0;
    return setup(state);
}

/* Sends the request and starts a stream as its reply. */
static int
open_stream(const char *request)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;
    unsigned before = held_count;
    int fd = client_open();

    client_say(fd, request);
    while (held_count == before && clock_monotonic_ms() < end)
        turn(-1);
    assert_int_equal(held_count, before + 1);
    stream = call_stream_start(held[before], "text/event-stream", on_closed, &closed_count);
    return fd;
}

#define GET "GET /hold HTTP/1.1\r\nHost: x\r\n\r\n"

/* Everything until the connection closes. */
static const char *
whole(int fd)
{
    static char text[4096];
    size_t used = 0, got;

    while ((got = client_receive(fd, text + used, sizeof text - 1 - used)))
        used += got;
    text[used] = '\0';
    return text;
}

static void
wait_closed(unsigned count)
{
    int64_t end = clock_monotonic_ms() + FIXTURE_DEADLINE_MS;

    while (closed_count < count && clock_monotonic_ms() < end)
        turn(-1);
    assert_int_equal(closed_count, count);
}

static void
test_parts(void **state)
{
    int fd = open_stream(GET);
    struct reply reply = {0};
    char part[16] = "";

    (void)state;
    assert_int_equal(http_server_open_calls(server), 0);
    read_head(fd, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_header(&reply, "Content-Type"), "text/event-stream");
    assert_string_equal(reply_header(&reply, "Transfer-Encoding"), "chunked");
    assert_string_equal(reply_header(&reply, "Cache-Control"), "no-store");
    assert_string_equal(reply_header(&reply, "Content-Length"), "");
    call_stream_send(stream, "one", 3);
    for (size_t used = 0; used < 8;)
        used += client_receive(fd, part + used, 8 - used);
    assert_string_equal(part, "3\r\none\r\n");
    call_stream_send(stream, "two", 3);
    call_stream_end(stream);
    assert_string_equal(whole(fd), "3\r\ntwo\r\n0\r\n\r\n");
    assert_int_equal(closed_count, 0);
    close(fd);
}

/* In HTTP/1.0 the stream ends with the connection, even if the client asked for keep-alive. */
static void
test_http_1_0(void **state)
{
    int fd = open_stream("GET /hold HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const char *text;

    (void)state;
    call_stream_send(stream, "one", 3);
    call_stream_end(stream);
    text = whole(fd);
    assert_null(strcasestr(text, "content-length"));
    assert_null(strcasestr(text, "chunked"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\none");
    close(fd);
}

static void
test_head(void **state)
{
    int fd = open_stream("HEAD /hold HTTP/1.1\r\nHost: x\r\n\r\n");
    const char *text;

    (void)state;
    assert_null(stream);
    text = whole(fd);
    assert_non_null(strstr(text, "Content-Type: text/event-stream\r\n"));
    assert_null(strcasestr(text, "content-length"));
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(http_server_open_calls(server), 0);
    assert_int_equal(closed_count, 0);
    close(fd);
}

static void
test_client_leaves(void **state)
{
    int fd = open_stream(GET);

    (void)state;
    call_stream_send(stream, "one", 3);
    turn(-1);
    close(fd);
    wait_closed(1);
}

/* Bytes that the client sent before the stream began do not hide its close. */
static void
test_client_floods_and_leaves(void **state)
{
    static char request[100000];
    int fd;

    (void)state;
    memset(request, 'x', sizeof request - 1);
    memcpy(request, GET, strlen(GET));
    fd = open_stream(request);
    call_stream_send(stream, "one", 3);
    shutdown(fd, SHUT_WR);
    wait_closed(1);
    close(fd);
}

/* The client closed before the stream began. */
static void
test_client_gone_before_the_stream(void **state)
{
    int fd = client_open();

    (void)state;
    client_say(fd, GET);
    while (!held_count)
        turn(-1);
    close(fd);
    for (int i = 0; i < 20; i++)
        turn(-1);
    stream = call_stream_start(held[0], "text/event-stream", on_closed, &closed_count);
    if (stream) /* the close was not noticed yet */
        wait_closed(1);
    assert_int_equal(http_server_open_calls(server), 0);
}

/* Unread data shows in the backlog and is freed with the stream. */
static void
test_cut(void **state)
{
    static char block[65536];
    int fd = open_stream(GET);

    (void)state;
    for (int i = 0; i < 200 && call_stream_backlog(stream) < (1u << 20); i++) {
        call_stream_send(stream, block, sizeof block);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_in_range(call_stream_backlog(stream), 1u << 20, 16u << 20);
    call_stream_cut(stream);
    for (int i = 0; i < 5; i++)
        turn(-1);
    while (client_receive(fd, block, sizeof block))
        ;
    assert_int_equal(closed_count, 0); /* no callback for the side that closed */
    close(fd);
}

/* The idle timeout does not apply to a stream, although its reader sends nothing. */
static void
test_outlasts_idle_connections(void **state)
{
    struct http_limits limits = usual_limits;
    int fd, idle;

    (void)state;
    http_server_free(server);
    server = http_server_new(base, listen_somewhere(), true, &limits, on_call, "context");
    fd = open_stream(GET);
    idle = client_open();
    turn(idle);
    time_passes(limits.idle_ms + 1000);
    assert_true(client_ended(idle)); /* idle is newer and closed already */
    assert_int_equal(closed_count, 0);
    call_stream_end(stream);
    assert_non_null(strstr(whole(fd), "\r\n0\r\n\r\n"));
    close(idle);
    close(fd);
}

static void
test_server_closes_first(void **state)
{
    int fds[3] = {open_stream(GET)}, ended;

    (void)state;
    fds[1] = open_stream(GET);
    call_stream_send(stream, "end", 3);
    call_stream_end(stream); /* while data is in flight */
    fds[2] = open_stream(GET);
    call_stream_cut(stream);
    ended = (int)closed_count;
    http_server_free(server);
    server = NULL;
    assert_int_equal(closed_count, ended + 1); /* only for the first stream */
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void
no_reply(struct call *call, int status, const char *type, const char *body, size_t length)
{
    assert_non_null(call);
    assert_string_equal(type, "application/problem+json");
    assert_true(body && length);
    closed_count = (unsigned)status;
}

static void
test_a_carrier_without_streams(void **state)
{
    struct call *call = call_new("GET", "/", NULL, 0, NULL, NULL);

    (void)state;
    call->send = no_reply;
    assert_null(call_stream_start(call, "text/event-stream", on_closed, &closed_count));
    assert_int_equal(closed_count, 501);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, stream_setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {STREAM_TEST(test_parts),
                                       STREAM_TEST(test_http_1_0),
                                       STREAM_TEST(test_head),
                                       STREAM_TEST(test_client_leaves),
                                       TEST(test_client_floods_and_leaves),
                                       STREAM_TEST(test_client_gone_before_the_stream),
                                       STREAM_TEST(test_cut),
                                       STREAM_TEST(test_outlasts_idle_connections),
                                       STREAM_TEST(test_server_closes_first),
                                       STREAM_TEST(test_a_carrier_without_streams)};

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
