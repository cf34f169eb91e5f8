#include "common/ipc/chan.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/base/secret.h"
#include "common/json/text.h"

#define UNIT_BYTES 4096 /* a message's cost, counted against the rate */
#define START_BYTES 64  /* enough to know a line's limit */

struct chan {
    struct bufferevent *bev;
    struct event *closing; /* reports the end in a turn of its own */
    struct event *resume;  /* resumes reading after a pause */
    struct chan_limits limits;
    int64_t second_ms; /* start of the interval that `spent` counts */
    size_t spent;
    struct chan_events events;
    void *arg;
    size_t searched;  /* input bytes known to contain no end of line: a long line is scanned once */
    bool broken;      /* no more messages in either direction */
    bool dispatching; /* inside a callback: chan_free only marks */
    bool freed;
};

static void
chan_release(struct chan *chan)
{
    bufferevent_free(chan->bev);
    event_free(chan->closing);
    event_free(chan->resume);
    free(chan);
}

void
chan_free(struct chan *chan)
{
    if (!chan)
        return;
    chan->freed = chan->broken = true;
    if (!chan->dispatching)
        chan_release(chan);
}

static void
chan_break(struct chan *chan)
{
    if (chan->broken)
        return;
    chan->broken = true;
    bufferevent_disable(chan->bev, EV_READ | EV_WRITE);
    event_active(chan->closing, EV_TIMEOUT, 0);
}

static void
on_closing(evutil_socket_t fd, short what, void *arg)
{
    struct chan *chan = arg;

    (void)fd;
    (void)what;
    chan->dispatching = true;
    chan->events.closed(chan->arg);
    chan->dispatching = false;
    if (chan->freed)
        chan_release(chan);
}

/* --- limits --- */

static bool
is_lean(const struct chan *chan, const char *line, size_t length)
{
    return !chan->limits.values || json_text_within(line, length, chan->limits.values);
}

static size_t
line_max(const struct chan *chan, const char *start, size_t length)
{
    return chan->limits.line_bytes ? chan->limits.line_bytes(start, length) : CHAN_LINE_MAX;
}

/* Of an incomplete line. */
static bool
is_too_long(const struct chan *chan, struct evbuffer *input)
{
    char start[START_BYTES];
    size_t length = evbuffer_get_length(input);
    ev_ssize_t known = evbuffer_copyout(input, start, sizeof start);

    return length > START_BYTES && length > line_max(chan, start, (size_t)known);
}

/* Whether another message may be read now; if not, reading resumes in the next second. */
static bool
may_read(struct chan *chan)
{
    int64_t now_ms = clock_monotonic_ms();
    struct timeval rest;

    if (now_ms - chan->second_ms >= 1000) {
        chan->second_ms = now_ms;
        chan->spent = 0;
    }
    if (!chan->limits.per_s || chan->spent < chan->limits.per_s)
        return true;
    rest = clock_timeval(chan->second_ms + 1000 - now_ms);
    bufferevent_disable(chan->bev, EV_READ);
    evtimer_add(chan->resume, &rest);
    return false;
}

/* --- reading --- */

static void
dispatch_line(struct chan *chan, char *line, size_t length)
{
    json_t *message = NULL;

    chan->spent += 1 + length / UNIT_BYTES;
    if (length <= line_max(chan, line, length) && is_lean(chan, line, length))
        message = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    secret_wipe(line, length);
    if (json_is_object(message))
        chan->events.message(message, chan->arg);
    else
        chan_break(chan);
    json_decref(message);
}

/* The next whole line, or NULL; free() it. */
static char *
next_line(struct chan *chan, struct evbuffer *input, size_t *length)
{
    struct evbuffer_ptr from;

    evbuffer_ptr_set(input, &from, chan->searched, EVBUFFER_PTR_SET);
    if (evbuffer_search_eol(input, &from, NULL, EVBUFFER_EOL_LF).pos < 0) {
        chan->searched = evbuffer_get_length(input);
        return NULL;
    }
    chan->searched = 0;
    return evbuffer_readln(input, length, EVBUFFER_EOL_LF);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct chan *chan = arg;
    struct evbuffer *input = bufferevent_get_input(bev);
    bool all = false;

    chan->dispatching = true;
    while (!all && !chan->broken && may_read(chan)) {
        size_t length;
        char *line = next_line(chan, input, &length);

        if (line)
            dispatch_line(chan, line, length);
        all = !line;
        free(line);
    }
    chan->dispatching = false;
    if (chan->freed)
        chan_release(chan);
    else if (all && is_too_long(chan, input))
        chan_break(chan);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct chan *chan = arg;

    (void)fd;
    (void)what;
    if (chan->broken)
        return;
    bufferevent_enable(chan->bev, EV_READ);
    on_read(chan->bev, chan);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        chan_break(arg);
}

/* All is written: the next message needs no event. */
static void
on_written(struct bufferevent *bev, void *arg)
{
    (void)arg;
    bufferevent_disable(bev, EV_WRITE);
}

struct chan *
chan_new(struct event_base *base, int fd, const struct chan_events *events, void *arg)
{
    struct chan *chan = mem_alloc(sizeof *chan);

    evutil_make_socket_nonblocking(fd);
    evutil_make_socket_closeonexec(fd);
    chan->events = *events;
    chan->arg = arg;
    chan->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
    chan->closing = loop_control_event(base, -1, 0, on_closing, chan);
    chan->resume = loop_timer(base, on_resume, chan);
    if (!chan->bev)
        die_abort("out of memory for a channel");
    bufferevent_priority_set(chan->bev, LOOP_CONTROL);
    bufferevent_setcb(chan->bev, on_read, on_written, on_event, chan);
    bufferevent_disable(chan->bev, EV_WRITE);
    bufferevent_enable(chan->bev, EV_READ);
    return chan;
}

void
chan_limit(struct chan *chan, const struct chan_limits *limits)
{
    chan->limits = *limits;
}

void
chan_send(struct chan *chan, const json_t *message)
{
    char *line;
    size_t length;

    if (chan->broken)
        return;
    line = json_dumps(message, JSON_COMPACT);
    if (!line)
        die_abort("cannot write a message as JSON");
    length = strlen(line);
    line[length] = '\n';
    if (bufferevent_write(chan->bev, line, length + 1))
        die_abort("out of memory for a message");
    loop_write_now(chan->bev); /* an error is found by the event */
    if (chan_backlog(chan) > CHAN_BACKLOG_MAX)
        chan_break(chan);
    else if (chan_backlog(chan))
        bufferevent_enable(chan->bev, EV_WRITE);
    secret_wipe(line, length);
    free(line);
}

void
chan_flush(struct chan *chan, int within_ms)
{
    struct pollfd peer = {.fd = bufferevent_getfd(chan->bev), .events = POLLOUT};
    int64_t end_ms = clock_monotonic_ms() + within_ms, left_ms = within_ms;

    while (!chan->broken && chan_backlog(chan) && left_ms >= 0 &&
           (poll(&peer, 1, (int)left_ms) >= 0 || errno == EINTR)) {
        if (loop_write_now(chan->bev) < 0 && errno != EAGAIN && errno != EINTR)
            break;
        left_ms = end_ms - clock_monotonic_ms();
    }
}

size_t
chan_backlog(const struct chan *chan)
{
    return evbuffer_get_length(bufferevent_get_output(chan->bev));
}
