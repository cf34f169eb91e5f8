/* A ring. */
#include "supervisor/monitoring/event_ring.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"

static struct kept_event *
at(const struct event_ring *ring, unsigned i)
{
    return &ring->events[(ring->first + i) % EVENT_RING_MAX];
}

static void
forget_first(struct event_ring *ring)
{
    const struct kept_event *first = at(ring, 0);

    ring->forgotten_id = first->id;
    ring->bytes -= strlen(first->text);
    free(first->text);
    ring->first = (ring->first + 1) % EVENT_RING_MAX;
    ring->count--;
}

void
event_ring_open(struct event_ring *ring, json_int_t last_id)
{
    *ring = (struct event_ring){.forgotten_id = last_id};
    ring->events = mem_alloc(EVENT_RING_MAX * sizeof *ring->events);
}

void
event_ring_close(struct event_ring *ring)
{
    while (ring->count)
        forget_first(ring);
    free(ring->events);
    *ring = (struct event_ring){.events = NULL};
}

void
event_ring_add(struct event_ring *ring, json_int_t id, char *text)
{
    if (ring->count == EVENT_RING_MAX)
        forget_first(ring);
    *at(ring, ring->count++) = (struct kept_event){id, text};
    ring->bytes += strlen(text);
    while (ring->bytes > EVENT_RING_BYTES)
        forget_first(ring);
}

unsigned
event_ring_behind(const struct event_ring *ring, json_int_t id)
{
    unsigned index = 0;

    while (index < ring->count && at(ring, index)->id <= id)
        index++;
    return index;
}

const char *
event_ring_text(const struct event_ring *ring, unsigned index)
{
    return index < ring->count ? at(ring, index)->text : NULL;
}
