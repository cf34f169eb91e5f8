/* Readers of a stream of events: those that receive all of them, and those that wait for their
 * start. A comment every EVENT_READERS_BEAT_MS detects readers that have gone. A slow one that is
 * EVENT_READERS_BACKLOG_MAX behind its start is dropped. */
#ifndef SUPERVISOR_MONITORING_EVENT_READERS_H
#define SUPERVISOR_MONITORING_EVENT_READERS_H

#include <event2/event.h>

#include "common/http/call.h"

#define EVENT_READERS_MAX 32u
#define EVENT_READERS_BACKLOG_MAX (256u << 10)
#define EVENT_READERS_BEAT_MS 15000

struct event_reader;

struct event_readers_host {
    /* Sends what a new reader starts with; last_id as passed to event_readers_add. */
    void (*start)(struct event_reader *reader, json_int_t last_id, void *arg);
    void (*none)(void *arg); /* the last reader has left */
    void *arg;
};

/* host is copied. */
struct event_readers *event_readers_new(struct event_base *base,
                                        const struct event_readers_host *host);

/* After event_readers_end. */
void event_readers_free(struct event_readers *readers);

/* Takes over the call, which waits for event_readers_start. False: there are too many readers, or
 * all have been ended; replied with 503. */
bool event_readers_add(struct event_readers *readers, struct call *call, json_int_t last_id);

bool event_readers_wait(const struct event_readers *readers);

/* Starts the streams of all that wait. */
void event_readers_start(struct event_readers *readers);

/* To one that starts, of any size. */
void event_reader_send(struct event_reader *reader, const char *text);

void event_readers_send(struct event_readers *readers, const char *text);

/* The daemon stops: all streams end, and no new one starts. */
void event_readers_end(struct event_readers *readers);

#endif
