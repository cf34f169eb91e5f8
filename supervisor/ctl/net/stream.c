/* The endless reply: the caller waits for it and a descriptor of its own at the same time. */
#include "supervisor/ctl/net/stream.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/loop.h"
#include "common/http/upstream.h"

struct stream {
    struct event_base *base;
    struct upstream_call *call; /* NULL: it has ended */
    const char *socket_path;
    struct sse *sse;
    sse_fn *on_event;
    void *arg;
    bool began;
    int refused; /* the HTTP status; 0: it was not */
    char *error; /* NULL while it goes on */
};

static int
on_part(const char *bytes, size_t count, void *arg)
{
    struct stream *stream = arg;

    if (!stream->began)
        stream->on_event("open", NULL, stream->arg);
    stream->began = true;
    return sse_feed(stream->sse, bytes, count);
}

/* Even a regular end is unexpected. */
static void
on_done(const struct upstream_reply *reply, void *arg)
{
    struct stream *stream = arg;

    stream->call = NULL;
    stream->refused = stream->began ? 0 : reply->status;
    if (stream->began)
        stream->error = mem_format("the daemon at %s closed the event stream", stream->socket_path);
    else if (stream->refused)
        stream->error = mem_format("the daemon at %s refused the event stream (HTTP %d)",
                                   stream->socket_path, stream->refused);
    else
        stream->error = client_no_reply(stream->socket_path, reply);
}

/* The request is sent at once: later, SIGPIPE is for what on_event writes. */
struct stream *
stream_open(const struct client *client, sse_fn *on_event, void *arg)
{
    const struct upstream_request request = {.method = "GET", .target = "/events"};
    struct stream *stream = mem_alloc(sizeof *stream);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);

    stream->base = loop_new();
    stream->socket_path = client_socket(client);
    stream->sse = sse_new(on_event, arg);
    stream->on_event = on_event;
    stream->arg = arg;
    stream->call =
        upstream_follow(stream->base, stream->socket_path, &request, 0, on_part, on_done, stream);
    event_base_loop(stream->base, EVLOOP_NONBLOCK);
    signal(SIGPIPE, before);
    return stream;
}

void
stream_close(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->call)
        upstream_cancel(stream->call);
    event_base_free(stream->base);
    sse_free(stream->sse);
    free(stream->error);
    free(stream);
}

static void
on_other(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* Waits first: received events are reported before the next wait. */
bool
stream_wait(struct stream *stream, int fd, int timeout_ms)
{
    struct timeval timeout = clock_timeval(timeout_ms < 0 ? 0 : timeout_ms);

    if (stream->call) {
        struct event *other = loop_event(stream->base, fd, EV_READ, on_other, NULL);

        event_add(other, timeout_ms < 0 ? NULL : &timeout);
        event_base_loop(stream->base, EVLOOP_ONCE);
        event_free(other);
    }
    return stream->call;
}

int
stream_refused(const struct stream *stream)
{
    return stream->refused;
}

const char *
stream_error(const struct stream *stream)
{
    return stream->error ? stream->error : "";
}
