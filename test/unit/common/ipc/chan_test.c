/* JSON lines over a socketpair. */
#include "test/unit/common/ipc/pair.h"

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
    assert_int_equal(chan_backlog(p->chan), 0); /* before the loop turns */
    json_decref(message);
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
                                       TEST(test_eof),
                                       TEST(test_sends_after_the_end),
                                       TEST(test_free_in_message),
                                       TEST(test_free_in_closed),
                                       TEST(test_free_before_closed),
                                       TEST(test_last_words)};

    signal(SIGPIPE, SIG_IGN);
    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
