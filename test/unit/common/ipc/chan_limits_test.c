/* What a channel takes: long lines, floods, and a peer that does not read. */
#include "test/unit/common/ipc/pair.h"
#include "test/unit/time_passes.h"

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

    chan_limit(p->chan, &slow);
    put_text(p, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}\n{\"a\":5}\n");
    close(p->fd);
    p->fd = -1;
    run_until(p, 3, 0);
    turn(p);
    assert_int_equal(json_array_size(p->messages), 3);
    time_passes(1000);
    run_until(p, 5, 1);
    expect_message(p, 4, "{\"a\":5}");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_limits),    TEST(test_within_limits), TEST(test_a_flood_is_read_slowly),
        TEST(test_long_line), TEST(test_too_long_line), TEST(test_backlog)};

    signal(SIGPIPE, SIG_IGN);
    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
