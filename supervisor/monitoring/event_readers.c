#include "supervisor/monitoring/event_readers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/loop.h"

struct event_reader {
    TAILQ_ENTRY(event_reader) link;
    struct event_readers *readers;
    struct call *call; /* while it waits */
    json_int_t last_id;
    struct call_stream *stream; /* afterwards */
    size_t backlog_max;
};

TAILQ_HEAD(event_reader_list, event_reader);

struct event_readers {
    struct event_readers_host host;
    struct event_reader_list waiting, started;
    unsigned count; /* of both */
    bool ended;
    struct event *beat;
};

static void
forget(struct event_reader *reader)
{
    struct event_readers *readers = reader->readers;

    TAILQ_REMOVE(&readers->started, reader, link);
    free(reader);
    readers->count--;
    if (!TAILQ_EMPTY(&readers->started))
        return;
    evtimer_del(readers->beat);
    readers->host.none(readers->host.arg);
}

static void
on_left(void *arg)
{
    forget(arg);
}

static void
send_or_cut(struct event_reader *reader, const char *text, size_t length)
{
    if (call_stream_backlog(reader->stream) <= reader->backlog_max) {
        call_stream_send(reader->stream, text, length);
        return;
    }
    log_info("dropping slow client of /events");
    call_stream_cut(reader->stream);
    forget(reader);
}

void
event_readers_send(struct event_readers *readers, const char *text)
{
    size_t length = strlen(text);
    struct event_reader *next;

    for (struct event_reader *reader = TAILQ_FIRST(&readers->started); reader; reader = next) {
        next = TAILQ_NEXT(reader, link);
        send_or_cut(reader, text, length);
    }
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_readers_send(arg, ":\n\n");
}

static void
refuse(const struct event_readers *readers, struct call *call)
{
    call_header(call, "Retry-After", "5");
    call_problem(call, 503, readers->ended ? "stopping" : "too_many_readers", NULL,
                 readers->ended ? "the daemon is stopping"
                                : "too many readers: %u are already connected",
                 EVENT_READERS_MAX);
}

bool
event_readers_add(struct event_readers *readers, struct call *call, json_int_t last_id)
{
    struct event_reader *reader;

    if (readers->ended || readers->count >= EVENT_READERS_MAX) {
        refuse(readers, call);
        return false;
    }
    reader = mem_alloc(sizeof *reader);
    *reader = (struct event_reader){.readers = readers, .call = call, .last_id = last_id};
    TAILQ_INSERT_TAIL(&readers->waiting, reader, link);
    readers->count++;
    return true;
}

/* No longer counted: start counts it again. */
static struct event_reader *
take_waiting(struct event_readers *readers)
{
    struct event_reader *reader = TAILQ_FIRST(&readers->waiting);

    if (reader) {
        TAILQ_REMOVE(&readers->waiting, reader, link);
        readers->count--;
    }
    return reader;
}

bool
event_readers_wait(const struct event_readers *readers)
{
    return !TAILQ_EMPTY(&readers->waiting);
}

static void
start(struct event_readers *readers, struct event_reader *reader)
{
    struct timeval pause = clock_timeval(EVENT_READERS_BEAT_MS);

    reader->stream = call_stream_start(reader->call, "text/event-stream", on_left, reader);
    if (!reader->stream) { /* the peer has gone */
        free(reader);
        return;
    }
    if (TAILQ_EMPTY(&readers->started))
        event_add(readers->beat, &pause);
    TAILQ_INSERT_TAIL(&readers->started, reader, link);
    readers->count++;
    readers->host.start(reader, reader->last_id, readers->host.arg);
    reader->backlog_max = call_stream_backlog(reader->stream) + EVENT_READERS_BACKLOG_MAX;
}

void
event_readers_start(struct event_readers *readers)
{
    struct event_reader *reader;

    while ((reader = take_waiting(readers)))
        start(readers, reader);
}

void
event_reader_send(struct event_reader *reader, const char *text)
{
    call_stream_send(reader->stream, text, strlen(text));
}

void
event_readers_end(struct event_readers *readers)
{
    struct event_reader *reader;

    readers->ended = true;
    while ((reader = TAILQ_FIRST(&readers->started))) {
        call_stream_end(reader->stream);
        forget(reader);
    }
    while ((reader = take_waiting(readers))) {
        refuse(readers, reader->call);
        free(reader);
    }
}

struct event_readers *
event_readers_new(struct event_base *base, const struct event_readers_host *host)
{
    struct event_readers *readers = mem_alloc(sizeof *readers);

    readers->host = *host;
    TAILQ_INIT(&readers->waiting);
    TAILQ_INIT(&readers->started);
    readers->beat = loop_event(base, -1, EV_PERSIST, on_beat, readers);
    return readers;
}

void
event_readers_free(struct event_readers *readers)
{
    event_free(readers->beat);
    free(readers);
}
