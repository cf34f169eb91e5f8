/* Readers of events, and their streams. */
#include "supervisor/control/events.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/control/event_rules.h"
#include "supervisor/control/view.h"

struct reader {
    TAILQ_ENTRY(reader) link;
    struct events *events;
    struct call_stream *stream;
    size_t backlog_max;
};

struct events {
    const struct daemon *daemon;
    TAILQ_HEAD(, reader) readers;
    unsigned count;
    bool ended;
    json_int_t last_id;
    json_t *told;  /* slug → the integration as last reported; empty without readers */
    json_t *later; /* slugs whose figures are due when the timer fires */
    struct event *figures, *beat;
};

/* Readers. */

static void
forget(struct reader *reader)
{
    struct events *events = reader->events;

    TAILQ_REMOVE(&events->readers, reader, link);
    free(reader);
    if (--events->count)
        return;
    json_object_clear(events->told);
    json_object_clear(events->later);
    evtimer_del(events->figures);
    evtimer_del(events->beat);
}

static void
on_left(void *arg)
{
    forget(arg);
}

static void
send_or_cut(struct reader *reader, const char *text, size_t length)
{
    if (call_stream_backlog(reader->stream) <= reader->backlog_max) {
        call_stream_send(reader->stream, text, length);
        return;
    }
    log_info("dropping slow client of /events");
    call_stream_cut(reader->stream);
    forget(reader);
}

static void
send_all(struct events *events, const char *text)
{
    size_t length = strlen(text);
    struct reader *next;

    for (struct reader *reader = TAILQ_FIRST(&events->readers); reader; reader = next) {
        next = TAILQ_NEXT(reader, link);
        send_or_cut(reader, text, length);
    }
}

static char *
event_text(struct events *events, const char *name, const char *data)
{
    return mem_format("id: %lld\nevent: %s\ndata: %s\n\n", (long long)++events->last_id, name,
                      data);
}

static void
tell(struct events *events, const char *name, const json_t *data)
{
    char *line = json_dumps(data, JSON_COMPACT), *text;

    if (!line)
        die_abort("cannot write an event as JSON");
    text = event_text(events, name, line);
    send_all(events, text);
    free(text);
    free(line);
}

/* Integrations. */

/* Takes over view. */
static void
tell_integration(struct events *events, const char *slug, json_t *view)
{
    json_object_del(events->later, slug);
    json_object_set(events->told, slug, view);
    tell(events, "integration", view);
    json_decref(view);
}

static void
tell_later(struct events *events, const char *slug)
{
    struct timeval pause = clock_timeval(EVENTS_FIGURES_MS);

    json_object_set_new(events->later, slug, json_true());
    if (!evtimer_pending(events->figures, NULL))
        evtimer_add(events->figures, &pause);
}

static void
look_at(struct events *events, const struct child *child)
{
    const char *slug = child->workshop->slug;
    json_t *view = view_integration(child);
    enum event_change change = event_change(json_object_get(events->told, slug), view);

    if (change == EVENT_STATE) {
        tell_integration(events, slug, view);
        return;
    }
    if (change == EVENT_FIGURES)
        tell_later(events, slug);
    json_decref(view);
}

static void
on_figures(evutil_socket_t fd, short what, void *arg)
{
    struct events *events = arg;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < events->daemon->child_count && events->count; i++) {
        const struct child *child = events->daemon->children[i];

        if (json_object_get(events->later, child->workshop->slug))
            tell_integration(events, child->workshop->slug, view_integration(child));
    }
    json_object_clear(events->later);
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    send_all(arg, ":\n\n");
}

/* A child that is leaving no longer belongs to an integration. */
static bool
is_configured(const struct events *events, const struct child *child)
{
    for (size_t i = 0; i < events->daemon->child_count; i++)
        if (events->daemon->children[i] == child)
            return true;
    return false;
}

void
events_changed(struct events *events, const struct child *child)
{
    if (events->count && is_configured(events, child))
        look_at(events, child);
}

/* Reports integrations that are no longer configured as removed. They are collected first, since
 * the last reader may be cut off in between. */
static json_t *
take_removed(struct events *events)
{
    json_t *removed = json_array(), *view;
    const char *slug;
    void *next;

    json_object_foreach_safe(events->told, next, slug, view)
    {
        if (config_find(events->daemon->config, slug))
            continue;
        json_array_append_new(removed, json_pack("{sO ss}", "workshop",
                                                 json_object_get(view, "workshop"), "slug", slug));
        json_object_del(events->told, slug);
    }
    return removed;
}

void
events_reconfigured(struct events *events)
{
    json_t *removed = take_removed(events);

    for (size_t i = 0; i < json_array_size(removed) && events->count; i++)
        tell(events, "removed", json_array_get(removed, i));
    json_decref(removed);
    for (size_t i = 0; i < events->daemon->child_count && events->count; i++)
        look_at(events, events->daemon->children[i]);
}

/* A new reader. */

static void
remember_all(struct events *events)
{
    for (size_t i = 0; i < events->daemon->child_count; i++) {
        const struct child *child = events->daemon->children[i];
        const char *slug = child->workshop->slug;

        if (!json_object_get(events->told, slug))
            json_object_set_new(events->told, slug, view_integration(child));
    }
}

static void
add_reader(struct events *events, struct reader *reader)
{
    struct timeval pause = clock_timeval(EVENTS_BEAT_MS);
    size_t length;
    char *health = view_health(events->daemon, &length);
    char *text = event_text(events, "snapshot", health);

    TAILQ_INSERT_TAIL(&events->readers, reader, link);
    if (events->count++ == 0)
        event_add(events->beat, &pause);
    remember_all(events);
    call_stream_send(reader->stream, text, strlen(text));
    reader->backlog_max = call_stream_backlog(reader->stream) + EVENTS_BACKLOG_MAX;
    free(text);
    free(health);
}

void
events_open(struct events *events, struct call *call)
{
    struct reader *reader;

    if (events->ended || events->count >= EVENTS_READERS_MAX) {
        call_header(call, "Retry-After", "5");
        call_problem(call, 503, events->ended ? "stopping" : "too_many_readers", NULL,
                     events->ended ? "the daemon is stopping"
                                   : "too many readers: %u are already connected",
                     events->count);
        return;
    }
    reader = mem_alloc(sizeof *reader);
    reader->events = events;
    reader->stream = call_stream_start(call, "text/event-stream", on_left, reader);
    if (reader->stream)
        add_reader(events, reader);
    else
        free(reader);
}

void
events_end(struct events *events)
{
    events->ended = true;
    while (!TAILQ_EMPTY(&events->readers)) {
        struct reader *reader = TAILQ_FIRST(&events->readers);

        call_stream_end(reader->stream);
        forget(reader);
    }
}

struct events *
events_new(const struct daemon *daemon)
{
    struct events *events = mem_alloc(sizeof *events);

    events->daemon = daemon;
    events->told = json_object();
    events->later = json_object();
    events->figures = loop_timer(daemon->base, on_figures, events);
    events->beat = loop_event(daemon->base, -1, EV_PERSIST, on_beat, events);
    TAILQ_INIT(&events->readers);
    return events;
}

void
events_free(struct events *events)
{
    events_end(events);
    event_free(events->figures);
    event_free(events->beat);
    json_decref(events->told);
    json_decref(events->later);
    free(events);
}
