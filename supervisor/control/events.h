/* GET /events: what changes, as it changes, for somebody who watches (text/event-stream).
 *
 * Owns the readers and what they have been told. Events, their data in JSON:
 *   snapshot     the whole of GET /health, once, first of all
 *   integration  one integration as in /health: its process, its worker, its configuration or its
 *                last_error is another one now; or its figures, at most once in EVENTS_FIGURES_MS
 *   removed      {"workshop", "slug"}: it is no longer configured
 * `id` increases. A comment every EVENTS_BEAT_MS finds out who has left. Nothing is kept for a
 * reader that does not read: one that is EVENTS_BACKLOG_MAX behind its snapshot is cut off, comes
 * back, and gets another. */
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

/* The child is another one now, or has told its figures. */
void events_changed(struct events *events, const struct child *child);

/* The configuration is another one now. */
void events_reconfigured(struct events *events);

/* The daemon ends: so does every stream, and none begins. */
void events_end(struct events *events);

#endif
