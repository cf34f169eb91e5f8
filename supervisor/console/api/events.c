/* The daemon's events for each browser: those of its account's workshops. */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "supervisor/console/api/internal.h"

#define READERS_MAX 512
#define BACKLOG_MAX (256u << 10)
#define BEAT_MS 15000

struct reader {
    TAILQ_ENTRY(reader) link;
    struct readers *readers;
    struct call_stream *stream;
    char name[ACCOUNT_NAME_MAX + 1], session[65];
};

struct readers {
    struct web *web;
    struct event *beat;
    TAILQ_HEAD(, reader) list;
    unsigned count;
};

static void
on_left(void *arg)
{
    struct reader *reader = arg;

    TAILQ_REMOVE(&reader->readers->list, reader, link);
    reader->readers->count--;
    free(reader);
}

static void
send_text(struct reader *reader, const char *text, size_t length)
{
    if (call_stream_backlog(reader->stream) <= BACKLOG_MAX) {
        call_stream_send(reader->stream, text, length);
        return;
    }
    call_stream_cut(reader->stream);
    on_left(reader);
}

static char *
event_text(const char *name, const char *data)
{
    return mem_format("event: %s\ndata: %s\n\n", name, data);
}

void
readers_tell(const char *name, const char *slug, bool disputed, const char *data, void *arg)
{
    struct readers *readers = arg;
    const json_t *accounts = people_accounts(readers->web->people);
    char *text = event_text(name, data);
    struct reader *next;

    for (struct reader *reader = TAILQ_FIRST(&readers->list); reader; reader = next) {
        const json_t *account = accounts_find(accounts, reader->name);

        next = TAILQ_NEXT(reader, link);
        if (account && (!slug || account_role(account, disputed ? NULL : slug)))
            send_text(reader, text, strlen(text));
    }
    free(text);
}

/* A session that has ended gets no more events. */
static bool
holds(const struct reader *reader)
{
    const struct web *web = reader->readers->web;
    const json_t *accounts = people_accounts(web->people);

    if (!*reader->session)
        return accounts_find(accounts, reader->name) != NULL;
    return sessions_hold(web->sessions, reader->session, accounts);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct readers *readers = arg;
    struct reader *next;

    (void)fd;
    (void)what;
    for (struct reader *reader = TAILQ_FIRST(&readers->list); reader; reader = next) {
        next = TAILQ_NEXT(reader, link);
        if (holds(reader)) {
            send_text(reader, ":\n\n", 3);
        } else {
            call_stream_end(reader->stream);
            on_left(reader);
        }
    }
}

/* An event for each daemon: whether it is there. */
static char *
states_text(const struct daemons *daemons)
{
    char *text = mem_string("");

    for (size_t i = 0; i < daemons->count; i++) {
        const struct link *one = &daemons->links[i];
        char *data = daemons->count > 1 ? mem_format("{\"daemon\":\"%s\"}", one->socket->name)
                                        : mem_string("{}");
        char *state = event_text(feed_is_up(one->feed) ? "reset" : "down", data);
        char *longer = mem_format("%s%s", text, state);

        free(text);
        free(state);
        free(data);
        text = longer;
    }
    return text;
}

static void
begin(struct reader *reader)
{
    struct readers *readers = reader->readers;
    char *text = states_text(readers->web->daemons);

    TAILQ_INSERT_TAIL(&readers->list, reader, link);
    readers->count++;
    send_text(reader, text, strlen(text));
    free(text);
}

void
events_stream(struct call *call, void *context)
{
    const struct request *request = context;
    struct readers *readers = request->web->readers;
    struct reader *reader;

    if (readers->count >= READERS_MAX) {
        call_header(call, "Retry-After", "5");
        call_problem(call, 503, "too_many_readers", NULL, "too many browsers are connected");
        return;
    }
    reader = mem_alloc(sizeof *reader);
    reader->readers = readers;
    text_copy(reader->name, sizeof reader->name, account_name(request->account));
    text_copy(reader->session, sizeof reader->session, request->session);
    call_header_add(call, "X-Accel-Buffering", "no");
    reader->stream = call_stream_start(call, "text/event-stream", on_left, reader);
    if (reader->stream)
        begin(reader);
    else
        free(reader);
}

struct readers *
readers_new(struct web *web)
{
    struct readers *readers = mem_alloc(sizeof *readers);
    struct timeval pause = clock_timeval(BEAT_MS);

    readers->web = web;
    TAILQ_INIT(&readers->list);
    readers->beat = loop_event(web->base, -1, EV_PERSIST, on_beat, readers);
    event_add(readers->beat, &pause);
    return readers;
}

void
readers_free(struct readers *readers)
{
    while (!TAILQ_EMPTY(&readers->list)) {
        struct reader *reader = TAILQ_FIRST(&readers->list);

        call_stream_end(reader->stream);
        on_left(reader);
    }
    event_free(readers->beat);
    free(readers);
}
