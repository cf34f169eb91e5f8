/* The last events, for readers that come back. For events.c only. */
#ifndef SUPERVISOR_MONITORING_EVENT_RING_H
#define SUPERVISOR_MONITORING_EVENT_RING_H

#include <jansson.h>

#define EVENT_RING_MAX 2048u
#define EVENT_RING_BYTES (512u << 10)

struct kept_event {
    json_int_t id;
    char *text; /* owned */
};

/* Zeroed: closed. */
struct event_ring {
    struct kept_event *events; /* EVENT_RING_MAX; NULL: closed */
    unsigned first, count;
    size_t bytes;
    json_int_t forgotten_id; /* it has all events behind this one */
};

void event_ring_open(struct event_ring *ring, json_int_t last_id);
void event_ring_close(struct event_ring *ring);

/* Takes over text. If there is no room, the oldest ones go. */
void event_ring_add(struct event_ring *ring, json_int_t id, char *text);

/* The index of the first one behind this id, and what is at an index; NULL: it is the end. */
unsigned event_ring_behind(const struct event_ring *ring, json_int_t id);
const char *event_ring_text(const struct event_ring *ring, unsigned index);

#endif
