/* Two workshops and the readers of their events, which are buffers. */
#ifndef TEST_UNIT_SUPERVISOR_MONITORING_READER_H
#define TEST_UNIT_SUPERVISOR_MONITORING_READER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/ipc/chan.h"
#include "supervisor/monitoring/event_readers.h"
#include "supervisor/monitoring/event_ring.h"
#include "supervisor/monitoring/events.h"

/* A reader; the stream must be its first member. */
struct reader {
    struct call_stream stream;
    char *text; /* sent but not read yet */
    bool takes; /* its backlog stays empty */
    bool gone;  /* before it starts */
    bool ended, cut;
    int refused; /* status */
};

static struct reader readers[EVENT_READERS_MAX + 1];
static unsigned reader_count;
static struct event_base *base;
static struct workshop_config workshops[2];
static struct workshop_config *configured[2] = {&workshops[0], &workshops[1]};
static struct daemon_config config;
static struct child children_there[2], *children[2];
static struct daemon daemon_there;
static struct events *events;

static inline void
reader_send(struct call_stream *stream, const char *data, size_t length)
{
    struct reader *reader = (struct reader *)stream;
    size_t used = reader->text ? strlen(reader->text) : 0;

    reader->text = mem_resize(reader->text, used + length + 1);
    memcpy(reader->text + used, data, length);
    reader->text[used + length] = '\0';
}

static inline size_t
reader_backlog(const struct call_stream *stream)
{
    const struct reader *reader = (const struct reader *)stream;

    return reader->takes || !reader->text ? 0 : strlen(reader->text);
}

static inline void
reader_end(struct call_stream *stream)
{
    ((struct reader *)stream)->ended = true;
}

static inline void
reader_cut(struct call_stream *stream)
{
    ((struct reader *)stream)->cut = true;
}

static inline struct call_stream *
start(struct call *call, const char *content_type)
{
    static const struct call_stream_carrier carrier = {reader_send, reader_backlog, reader_end,
                                                       reader_cut};
    struct reader *reader = call->carrier;

    assert_string_equal(content_type, "text/event-stream");
    if (reader->gone)
        return NULL;
    reader->stream.carrier = &carrier;
    return &reader->stream;
}

static inline void
refuse(struct call *call, int status, const char *type, const char *body, size_t length)
{
    (void)type;
    (void)body;
    (void)length;
    ((struct reader *)call->carrier)->refused = status;
}

/* last_id: as Last-Event-ID; NULL: none. */
static inline struct reader *
open_reader_behind(const char *last_id, bool takes)
{
    struct call *call = call_new("GET", "/events", NULL, 0, NULL, NULL);
    struct reader *reader = &readers[reader_count++];

    reader->takes = takes;
    call->carrier = reader;
    call->send = refuse;
    call->stream = start;
    call->fields[CALL_LAST_EVENT_ID] = last_id ? mem_string(last_id) : NULL;
    events_open(events, call);
    return reader;
}

static inline struct reader *
open_reader(bool takes)
{
    return open_reader_behind(NULL, takes);
}

/* What it received since the last call, as "id event, id event", and the data of the last one. */
static inline const char *
got(struct reader *reader, json_t **data)
{
    static char names[4096];
    size_t used = 0;

    names[0] = '\0';
    if (data)
        *data = NULL;
    for (char *at = reader->text; at && *at; at = strstr(at, "\n\n") + 2) {
        if (*at == ':')
            continue;
        char name[32], *line = strstr(at, "\ndata: ");
        int id;

        if (sscanf(at, "id: %d\nevent: %31s\n", &id, name) != 2)
            fail_msg("no event: %s", at);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%d %s", used ? ", " : "", id,
                                 name);
        if (data) {
            json_decref(*data);
            *data = json_loads(line + 7, JSON_DISABLE_EOF_CHECK, NULL);
            assert_non_null(*data);
        }
    }
    free(reader->text);
    reader->text = NULL;
    return names;
}

static inline void
set_up_workshop(int i, const char *slug)
{
    strcpy(workshops[i].slug, slug);
    strcpy(workshops[i].name, slug);
    workshops[i].erp_system = "file";
    children_there[i] = (struct child){.workshop = &workshops[i], .state = CHILD_STOPPED};
    children[i] = &children_there[i];
}

static inline int
set_up(void **state)
{
    (void)state;
    memset(readers, 0, sizeof readers);
    reader_count = 0;
    base = event_base_new();
    set_up_workshop(0, "anns");
    set_up_workshop(1, "bennys");
    config = (struct daemon_config){.workshops = configured, .workshop_count = 2};
    daemon_there = (struct daemon){
        .base = base, .config = &config, .children = children, .child_count = 2, .total = 2};
    events = events_new(&daemon_there);
    return 0;
}

static inline int
tear_down(void **state)
{
    (void)state;
    if (events)
        events_free(events);
    for (unsigned i = 0; i < reader_count; i++)
        free(readers[i].text);
    for (int i = 0; i < 2; i++) {
        child_status_clear(&children_there[i].status);
        free(children_there[i].view);
    }
    event_base_free(base);
    return 0;
}

static inline void
push(int i, const char *worker, int queue_length, int uptime_s)
{
    json_t *alive = json_pack("{ss si si}", "worker", worker, "queue_length", queue_length,
                              "uptime_s", uptime_s);

    free(children[i]->view);
    children[i]->view = NULL;
    child_status_set(&children[i]->status, alive);
    json_decref(alive);
    children[i]->state = CHILD_RUNNING;
    children[i]->pid = 1000;
    events_changed(events, children[i]);
}

static inline const char *
text_of(const json_t *data, const char *member)
{
    return json_string_value(json_object_get(data, member));
}

/* Until all pending events are delivered. */
static inline void
wait_for_text(struct reader *reader)
{
    int64_t end = clock_monotonic_ms() + 30000;

    while (!reader->text && clock_monotonic_ms() < end)
        event_base_loop(base, EVLOOP_ONCE);
}

static inline void
happens(int i, const char *text, bool lost)
{
    json_t *orders = json_pack("[s]", text);

    events_orders(events, children[i], orders, lost);
    json_decref(orders);
}

#endif
