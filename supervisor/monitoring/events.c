/* What is told, and when a new reader starts. */
#include "supervisor/monitoring/events.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/loop.h"
#include "supervisor/monitoring/event_readers.h"
#include "supervisor/monitoring/event_ring.h"
#include "supervisor/monitoring/event_rules.h"
#include "supervisor/monitoring/order_event.h"
#include "supervisor/monitoring/view.h"

#define IDS_PER_MS 1000 /* so a later daemon's ids are higher, and below 2^53 */

struct events {
    const struct daemon *daemon;
    struct event_readers *readers;
    json_int_t last_id;
    json_t *told;  /* slug → the integration as last reported; empty without readers */
    json_t *later; /* slugs whose figures are due when the timer fires */
    struct event *figures, *keep;
    struct event *confirm; /* pending: new readers wait for unconfirmed processes */
    bool tracking;         /* there is a reader, or was one lately */
    struct event_ring ring;
};

/* While a client reads, or has lately. */

static bool
all_confirmed(const struct events *events)
{
    for (size_t i = 0; i < events->daemon->total; i++)
        if (!child_watch_confirmed(events->daemon->children[i]))
            return false;
    return true;
}

/* Children tell what happens to their orders only while that is wanted. */
static void
watch_children(const struct events *events)
{
    struct timeval within = clock_timeval(EVENTS_CONFIRM_MS);

    for (size_t i = 0; i < events->daemon->total; i++)
        child_watch(events->daemon->children[i], events->tracking);
    if (!all_confirmed(events) && !evtimer_pending(events->confirm, NULL))
        evtimer_add(events->confirm, &within);
}

/* Unless a reader comes first. */
static void
keep_for_a_while(void *arg)
{
    struct events *events = arg;
    struct timeval keep = clock_timeval(EVENTS_KEEP_MS);

    evtimer_add(events->keep, &keep);
}

static void
track(struct events *events)
{
    if (events->tracking)
        return;
    events->tracking = true;
    keep_for_a_while(events);
    event_ring_open(&events->ring, events->last_id);
    watch_children(events);
}

static void
untrack(struct events *events)
{
    events->tracking = false;
    event_ring_close(&events->ring);
    json_object_clear(events->told);
    json_object_clear(events->later);
    evtimer_del(events->figures);
    watch_children(events);
}

static void
on_keep(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    untrack(arg);
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
    event_readers_send(events->readers, text);
    event_ring_add(&events->ring, events->last_id, text);
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
    for (size_t i = 0; i < events->daemon->child_count; i++) {
        const struct child *child = events->daemon->children[i];

        if (json_object_get(events->later, child->workshop->slug))
            tell_integration(events, child->workshop->slug, view_integration(child));
    }
    json_object_clear(events->later);
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

/* Orders. */

void
events_orders(struct events *events, const struct child *child, const json_t *orders, bool lost)
{
    const json_t *text;
    json_t *event;
    size_t i;

    if (!events->tracking || !is_configured(events, child))
        return;
    json_array_foreach(orders, i, text)
    {
        event = order_event(child->workshop, json_string_value(text));
        if (event)
            tell(events, "order", event);
        json_decref(event);
    }
    if (!lost)
        return;
    event = json_pack("{ss ss}", "workshop", child->workshop->name, "slug", child->workshop->slug);
    tell(events, "reset", event);
    json_decref(event);
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
    json_t *removed;

    if (!events->tracking)
        return;
    watch_children(events);
    removed = take_removed(events);
    for (size_t i = 0; i < json_array_size(removed); i++)
        tell(events, "removed", json_array_get(removed, i));
    json_decref(removed);
    for (size_t i = 0; i < events->daemon->child_count; i++)
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
send_snapshot(struct events *events, struct event_reader *reader)
{
    size_t length;
    char *health = view_health(events->daemon, &length);
    char *text = event_text(events, "snapshot", health);

    remember_all(events);
    event_reader_send(reader, text);
    free(text);
    free(health);
}

static void
send_kept(const struct events *events, struct event_reader *reader, json_int_t behind)
{
    unsigned index = event_ring_behind(&events->ring, behind);
    const char *text;

    event_reader_send(reader, ":\n\n"); /* so that it sees that it is connected */
    while ((text = event_ring_text(&events->ring, index++)))
        event_reader_send(reader, text);
}

static void
start_reader(struct event_reader *reader, json_int_t last_id, void *arg)
{
    struct events *events = arg;

    evtimer_del(events->keep);
    if (last_id < events->ring.forgotten_id)
        send_snapshot(events, reader);
    else
        send_kept(events, reader, last_id);
}

/* An order that is placed once a reader has its snapshot must be told. */
static void
start_if_confirmed(struct events *events)
{
    if (event_readers_wait(events->readers) &&
        (!evtimer_pending(events->confirm, NULL) || all_confirmed(events)))
        event_readers_start(events->readers);
}

static void
on_confirm(evutil_socket_t fd, short what, void *arg)
{
    struct events *events = arg;

    (void)fd;
    (void)what;
    event_readers_start(events->readers);
}

void
events_changed(struct events *events, const struct child *child)
{
    if (events->tracking && is_configured(events, child))
        look_at(events, child);
    start_if_confirmed(events);
}

/* Negative: it has none, or one that this daemon cannot go on behind. */
static json_int_t
resumable_id(const struct events *events, const char *text)
{
    char *end;
    long long id;

    if (!events->tracking || !text || !isdigit((unsigned char)*text))
        return -1;
    errno = 0;
    id = strtoll(text, &end, 10);
    return errno || *end || id < events->ring.forgotten_id || id > events->last_id ? -1 : id;
}

void
events_open(struct events *events, struct call *call)
{
    json_int_t last_id = resumable_id(events, call->fields[CALL_LAST_EVENT_ID]);

    if (!event_readers_add(events->readers, call, last_id))
        return;
    track(events);
    start_if_confirmed(events);
}

void
events_end(struct events *events)
{
    event_readers_end(events->readers);
}

struct events *
events_new(const struct daemon *daemon)
{
    struct events *events = mem_alloc(sizeof *events);
    const struct event_readers_host host = {start_reader, keep_for_a_while, events};

    events->daemon = daemon;
    events->told = json_object();
    events->later = json_object();
    events->last_id = daemon->started_wall_ms * IDS_PER_MS;
    events->keep = loop_timer(daemon->base, on_keep, events);
    events->figures = loop_timer(daemon->base, on_figures, events);
    events->confirm = loop_timer(daemon->base, on_confirm, events);
    events->readers = event_readers_new(daemon->base, &host);
    return events;
}

void
events_free(struct events *events)
{
    events_end(events);
    untrack(events);
    event_free(events->keep);
    event_free(events->figures);
    event_free(events->confirm);
    event_readers_free(events->readers);
    json_decref(events->told);
    json_decref(events->later);
    free(events);
}
