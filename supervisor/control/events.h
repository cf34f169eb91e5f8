/* GET /events: a stream of changes (text/event-stream).
 *
 * Owns the readers and what has been reported to them. Events, their data in JSON:
 *
 *   snapshot     the whole of GET /health, once, first of all
 *   integration  one integration as in /health: its process, its worker, its configuration or its
 *                last_error has changed; or its figures, at most once in EVENTS_FIGURES_MS
 *   removed      {"workshop", "slug"}: it is no longer configured
 *
 * `id` increases. A comment every EVENTS_BEAT_MS detects readers that have gone. A slow reader that
 * is EVENTS_BACKLOG_MAX behind its snapshot is cut off; when it reconnects it gets a new snapshot.
 */
#ifndef SUPERVISOR_CONTROL_EVENTS_H
#define SUPERVISOR_CONTROL_EVENTS_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

#define EVENTS_READERS_MAX 32u
#define EVENTS_BACKLOG_MAX (256u << 10)
#define EVENTS_FIGURES_MS 1000
#define EVENTS_BEAT_MS 15000

struct events;

struct events *events_new(const struct daemon *daemon);
void events_free(struct events *events);

/* Takes over the call; 503 where there are too many readers. */
void events_open(struct events *events, struct call *call);

/* The child has changed, or has pushed its figures. */
void events_changed(struct events *events, const struct child *child);

/* The configuration has changed. */
void events_reconfigured(struct events *events);

/* The daemon stops: all streams end, and no new one starts. */
void events_end(struct events *events);

#endif
