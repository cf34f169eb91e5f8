/* A channel over a socketpair; the other end is a plain descriptor or a channel too. */
#ifndef TEST_UNIT_COMMON_IPC_PAIR_H
#define TEST_UNIT_COMMON_IPC_PAIR_H

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

static inline void
on_message(json_t *message, void *arg)
{
    struct pair *p = arg;

    json_array_append(p->messages, message);
    if (p->free_in_message) {
        chan_free(p->chan);
        p->chan = NULL;
    }
}

static inline void
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

static inline void
on_echo(json_t *message, void *arg)
{
    struct pair *p = arg;

    chan_send(p->other, message);
}

static inline void
on_other_closed(void *arg)
{
    (void)arg;
}

static inline int
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

static inline int
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

static inline void
turn(struct pair *p)
{
    event_base_loop(p->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Runs the loop until chan has received this many messages and closes. */
static inline void
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

static inline void
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

static inline void
put_text(struct pair *p, const char *text)
{
    put(p, text, strlen(text));
}

static inline void
expect_message(struct pair *p, size_t i, const char *wanted)
{
    char *text = json_dumps(json_array_get(p->messages, i), JSON_COMPACT);

    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static inline char *
long_line(size_t length)
{
    char *line = malloc(length + 1);

    memset(line, 'x', length);
    memcpy(line, "{\"a\":\"", 6);
    memcpy(line + length - 3, "\"}\n", 3);
    line[length] = '\0';
    return line;
}

#endif
