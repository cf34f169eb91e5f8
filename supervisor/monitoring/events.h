/* GET /events: a stream of changes (text/event-stream).
 *
 * Owns what has been reported to the readers. Events, their data in JSON:
 *
 *   snapshot     the whole of GET /health, once, first of all; not to a reader that goes on where
 *                it was (Last-Event-ID)
 *   integration  one integration as in /health: its process, its worker, its configuration or its
 *                last_error has changed; or its figures, at most once in EVENTS_FIGURES_MS
 *   order        {"workshop", "slug", "uniqueid", "status", "reason_code"}: an order has a new
 * status reset        {"workshop", "slug"}: some `order` events of the workshop were left out
 *   removed      {"workshop", "slug"}: it is no longer configured
 *
 * `id` increases, also from one daemon to the next. The last events are kept (event_ring.h) until
 * there has been no reader for EVENTS_KEEP_MS: a reader that returns with the id of its last event
 * gets all that follow, and no snapshot. With an id that is too old it begins anew. A new reader
 * waits until all processes have confirmed that they report their orders, at most
 * EVENTS_CONFIRM_MS. A slow reader is dropped (event_readers.h); when it reconnects it gets a new
 * snapshot. */
#ifndef SUPERVISOR_MONITORING_EVENTS_H
#define SUPERVISOR_MONITORING_EVENTS_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

#define EVENTS_FIGURES_MS 1000
#define EVENTS_KEEP_MS 300000
#define EVENTS_CONFIRM_MS 1000

struct events;

struct events *events_new(const struct daemon *daemon);
void events_free(struct events *events);

/* Takes over the call; 503 if there are too many readers. */
void events_open(struct events *events, struct call *call);

/* The child has changed, or has pushed its figures. */
void events_changed(struct events *events, const struct child *child);

/* What has happened to orders of the child: texts as in common/ipc/chan.h, not checked. */
void events_orders(struct events *events, const struct child *child, const json_t *orders,
                   bool lost);

/* The configuration has changed. */
void events_reconfigured(struct events *events);

/* The daemon stops: all streams end, and no new one starts. */
void events_end(struct events *events);

#endif
