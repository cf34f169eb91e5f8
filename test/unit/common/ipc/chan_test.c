/* JSON lines over a socketpair. */
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/ipc/chan.h"

#define DEADLINE_MS 10000

/* One end is a chan; the other is a plain descriptor or a chan too. */
struct pair {
    struct event_base *base;
    struct chan *chan, *other;
    int fd;
    json_t *messages; /* received by chan */
    int closed;       /* how often on_close was called */
    bool free_in_message, free_in_closed, send_in_closed;
};

static void
on_message(json_t *message, void *arg)
{
    struct pair *p = arg;

    json_array_append(p->messages, message);
    if (p->free_in_message) {
        chan_free(p->chan);
        p->chan = NULL;
    }
}

static void
on_closed(void *arg)
{
    struct pair *p = arg;
    json_t *late = json_object();

    p->closed++;
    if (p->send_in_closed)
        chan_send(p->chan, late);
    json_decref(late);
    if (p->free_in_closed) {
        chan_free(p->chan);
        p->chan = NULL;
    }
}

static void
on_echo(json_t *message, void *arg)
{
    struct pair *p = arg;

    chan_send(p->other, message);
}

static void
on_other_closed(void *arg)
{
    (void)arg;
}

static int
setup(void **state)
{
    static const struct chan_events events = {on_message, on_closed};
    struct pair *p = calloc(1, sizeof *p);
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return -1;
    p->base = event_base_new();
    p->messages = json_array();
    p->chan = chan_new(p->base, ends[0], &events, p);
    p->fd = ends[1];
    evutil_make_socket_nonblocking(p->fd);
    *state = p;
    return 0;
}

static int
teardown(void **state)
{
    struct pair *p = *state;

    chan_free(p->chan);
    chan_free(p->other);
    if (p->fd >= 0)
        close(p->fd);
    event_base_free(p->base);
    json_decref(p->messages);
    free(p);
    return 0;
}

static void
turn(struct pair *p)
{
    event_base_loop(p->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Runs the loop until chan has received this many messages and closes. */
static void
run_until(struct pair *p, size_t messages, int closed)
{
    int64_t end = clock_monotonic_ms() + DEADLINE_MS;

    while ((json_array_size(p->messages) < messages || p->closed < closed) &&
           clock_monotonic_ms() < end)
        turn(p);
    for (int i = 0; i < 3; i++) /* and nothing else arrives */
        turn(p);
    assert_int_equal(json_array_size(p->messages), messages);
    assert_int_equal(p->closed, closed);
}

static void
put(struct pair *p, const char *bytes, size_t length)
{
    int64_t end = clock_monotonic_ms() + DEADLINE_MS;

    while (length && clock_monotonic_ms() < end) {
        ssize_t written = send(p->fd, bytes, length, MSG_NOSIGNAL);

        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
        turn(p);
    }
    assert_int_equal(length, 0);
}

static void
put_text(struct pair *p, const char *text)
{
    put(p, text, strlen(text));
}

static void
expect_message(struct pair *p, size_t i, const char *wanted)
{
    char *text = json_dumps(json_array_get(p->messages, i), JSON_COMPACT);

    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void
test_both_ways(void **state)
{
    static const struct chan_events echo = {on_echo, on_other_closed};
    struct pair *p = *state;
    json_t *message = json_pack("{s:s s:s}", "type", "call", "body", "ä\n\"x");

    p->other = chan_new(p->base, p->fd, &echo, p);
    p->fd = -1;
    chan_send(p->chan, message);
    chan_send(p->chan, message);
    json_decref(message);
    run_until(p, 2, 0);
    expect_message(p, 0, "{\"type\":\"call\",\"body\":\"ä\\n\\\"x\"}");
    assert_int_equal(chan_backlog(p->chan), 0);
}

static void
test_wire(void **state)
{
    struct pair *p = *state;
    json_t *message = json_pack("{s:i}", "a", 1);
    char bytes[32] = "";

    chan_send(p->chan, message);
    assert_int_equal(chan_backlog(p->chan), 8);
    json_decref(message);
    turn(p);
    assert_int_equal(recv(p->fd, bytes, sizeof bytes, 0), 8);
    assert_string_equal(bytes, "{\"a\":1}\n");
    assert_true(fcntl(p->fd, F_GETFL) & O_NONBLOCK);
}

static void
test_split_and_joined(void **state)
{
    static const char text[] = "{\"a\":1}\n{\"b\":\"x\\u0000y\"}\n";
    struct pair *p = *state;

    for (size_t i = 0; i < sizeof text - 1; i++)
        put(p, text + i, 1);
    run_until(p, 2, 0);
    put_text(p, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\"");
    run_until(p, 5, 0);
    put_text(p, ":4}\n");
    run_until(p, 6, 0);
    expect_message(p, 1, "{\"b\":\"x\\u0000y\"}");
    expect_message(p, 4, "{\"a\":3}");
    expect_message(p, 5, "{\"a\":4}");
}

static void
test_broken(void **state)
{
    static const char *const lines[] = {"\n",         "x\n",
                                        "[]\n",       "5\n",
                                        "{\"a\":1\n", "{\"a\":\xff}\n",
                                        "null\n",     "{\"a\":1,\"a\":2}\n",
                                        "{} {}\n"};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct pair *p = *state;

        put_text(p, "{\"a\":1}\n");
        put_text(p, lines[i]);
        send(p->fd, "{\"a\":2}\n", 8, MSG_NOSIGNAL);
        run_until(p, 1, 1);
        teardown(state);
        assert_int_equal(setup(state), 0);
    }
}

static size_t
short_but_for_replies(const char *start, size_t length)
{
    return length > 2 && start[2] == 'r' ? 100000 : 200;
}

static const struct chan_limits limits = {short_but_for_replies, 10, 0};

static char *
repeated(const char *start, const char *part, size_t times, const char *end)
{
    char *text = malloc(strlen(start) + times * strlen(part) + strlen(end) + 1), *at = text;

    at = stpcpy(at, start);
    for (size_t i = 0; i < times; i++)
        at = stpcpy(at, part);
    strcpy(at, end);
    return text;
}

/* A message over the limits is reported at once, without waiting for its line end. */
static void
expect_break(void **state, char *text)
{
    struct pair *p = *state;

    chan_limit(p->chan, &limits);
    put_text(p, "{\"a\":1}\n");
    send(p->fd, text, strlen(text), MSG_NOSIGNAL);
    run_until(p, 1, 1);
    free(text);
    teardown(state);
    assert_int_equal(setup(state), 0);
}

static void
test_limits(void **state)
{
    expect_break(state, repeated("{\"a\":\"", "x", 300, "\"}\n"));
    expect_break(state, repeated("{\"a\":\"", "x", 300, ""));
    expect_break(state, repeated("{\"a\":[", "[],", 20, "[]]}\n"));
    expect_break(state, repeated("{\"a\":[", "1,", 20, "1]}\n"));
    expect_break(state, repeated("{", "\"a\\\"\":1,", 20, "\"b\":1}\n"));
    expect_break(state, repeated("", "{\"a\":", 20, "1}}}}}}}}}}}}}}}}}}}}\n"));
}

/* JSON inside a string stays one value. */
static void
test_within_limits(void **state)
{
    struct pair *p = *state;
    char *text = repeated("{\"r\":\"", "[],:{\\\"", 2000, "\"}\n");

    chan_limit(p->chan, &limits);
    put_text(p, "{\"a\":[1,2,3,4]}\n");
    put_text(p, text);
    run_until(p, 2, 0);
    free(text);
}

/* The rest is read in the next second; nothing is lost. */
static void
test_a_flood_is_read_slowly(void **state)
{
    static const struct chan_limits slow = {NULL, 0, 3};
    struct pair *p = *state;
    int64_t begin_ms = clock_monotonic_ms();

    chan_limit(p->chan, &slow);
    put_text(p, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n");
    close(p->fd);
    p->fd = -1;
    run_until(p, 5, 1);
    expect_message(p, 4, "{\"a\":5}");
    assert_true(clock_monotonic_ms() - begin_ms >= 900);
}

static void
test_eof(void **state)
{
    struct pair *p = *state;

    put_text(p, "{\"a\":1}\n{\"half\"");
    close(p->fd);
    p->fd = -1;
    run_until(p, 1, 1);
}

static void
test_sends_after_the_end(void **state)
{
    struct pair *p = *state;
    json_t *message = json_object();

    p->send_in_closed = true;
    close(p->fd);
    p->fd = -1;
    chan_send(p->chan, message);
    run_until(p, 0, 1);
    chan_send(p->chan, message);
    json_decref(message);
    run_until(p, 0, 1);
}

static void
test_free_in_message(void **state)
{
    struct pair *p = *state;

    p->free_in_message = true;
    put_text(p, "{\"a\":1}\n{\"a\":2}\n");
    run_until(p, 1, 0);
    assert_null(p->chan);
}

static void
test_free_in_closed(void **state)
{
    struct pair *p = *state;

    p->free_in_closed = true;
    close(p->fd);
    p->fd = -1;
    run_until(p, 0, 1);
    assert_null(p->chan);
}

/* Freed between the error and its delayed callback. */
static void
test_free_before_closed(void **state)
{
    struct pair *p = *state;
    json_t *message = json_object();

    close(p->fd);
    p->fd = -1;
    chan_send(p->chan, message);
    json_decref(message);
    chan_free(p->chan);
    p->chan = NULL;
    run_until(p, 0, 0);
    chan_free(NULL);
}

static char *
long_line(size_t length)
{
    char *line = malloc(length + 1);

    memset(line, 'x', length);
    memcpy(line, "{\"a\":\"", 6);
    memcpy(line + length - 3, "\"}\n", 3);
    line[length] = '\0';
    return line;
}

static void
test_long_line(void **state)
{
    struct pair *p = *state;
    char *line = long_line(CHAN_LINE_MAX);

    put(p, line, CHAN_LINE_MAX);
    run_until(p, 1, 0);
    free(line);
}

static void
test_too_long_line(void **state)
{
    struct pair *p = *state;
    size_t length = CHAN_LINE_MAX + 65536;
    char *line = long_line(length);
    int64_t end = clock_monotonic_ms() + DEADLINE_MS;

    line[length - 1] = 'x'; /* the line never ends */
    for (size_t i = 0; i < length && !p->closed && clock_monotonic_ms() < end;) {
        ssize_t written = send(p->fd, line + i, length - i, MSG_NOSIGNAL);

        i += written > 0 ? (size_t)written : 0;
        turn(p);
    }
    free(line);
    run_until(p, 0, 1);
}

/* If the peer does not read, nothing blocks, and it is considered dead at a limit. */
static void
test_backlog(void **state)
{
    struct pair *p = *state;
    json_t *message = json_object();
    char *body = long_line(1 << 20);

    body[(1 << 20) - 1] = '\0';
    json_object_set_new(message, "body", json_string(body));
    free(body);
    for (int i = 0; i < 15; i++) {
        chan_send(p->chan, message);
        turn(p);
    }
    assert_int_equal(p->closed, 0);
    assert_in_range(chan_backlog(p->chan), 10u << 20, CHAN_BACKLOG_MAX);
    for (int i = 0; i < 3; i++)
        chan_send(p->chan, message);
    json_decref(message);
    assert_int_equal(p->closed, 0); /* never called from chan_send */
    run_until(p, 0, 1);
}

static void
test_last_words(void **state)
{
    struct pair *p = *state;
    json_t *bye = json_pack("{s:s}", "type", "bye"), *much = json_object();
    char text[64], *body = long_line(1 << 20);
    ssize_t length;

    chan_send(p->chan, bye);
    chan_flush(p->chan, DEADLINE_MS); /* without the loop */
    length = read(p->fd, text, sizeof text);
    assert_int_equal(length, 15);
    assert_memory_equal(text, "{\"type\":\"bye\"}\n", 15);
    body[(1 << 20) - 1] = '\0';
    json_object_set_new(much, "body", json_string(body));
    chan_send(p->chan, much);
    chan_flush(p->chan, 20); /* more than the peer reads */
    assert_true(chan_backlog(p->chan) > 0);
    close(p->fd);
    p->fd = -1;
    chan_flush(p->chan, DEADLINE_MS); /* the peer is gone */
    free(body);
    json_decref(much);
    json_decref(bye);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_both_ways),
                                       TEST(test_wire),
                                       TEST(test_split_and_joined),
                                       TEST(test_broken),
                                       TEST(test_limits),
                                       TEST(test_within_limits),
                                       TEST(test_a_flood_is_read_slowly),
                                       TEST(test_eof),
                                       TEST(test_sends_after_the_end),
                                       TEST(test_free_in_message),
                                       TEST(test_free_in_closed),
                                       TEST(test_free_before_closed),
                                       TEST(test_long_line),
                                       TEST(test_too_long_line),
                                       TEST(test_backlog),
                                       TEST(test_last_words)};

    signal(SIGPIPE, SIG_IGN);
    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
