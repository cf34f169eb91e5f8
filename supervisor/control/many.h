/* One command for many workshops: PUT /workshops/start, stop, restart, start_worker, stop_worker.
 *
 * Each workshop gets a call of its own, as if it had come alone, so that what it does, refuses and
 * records is the same. Restarts are spread: MANY_RESTARTS at a time. */
#ifndef SUPERVISOR_CONTROL_MANY_H
#define SUPERVISOR_CONTROL_MANY_H

#include "supervisor/control/internal.h"

#define MANY_RESTARTS 4

/* Body: {"workshops": ["NAME or SLUG", …]} or {"workshops": "all"}, which are the active ones.
 * Replies
 * {"results": [{"workshop", "status", …}]} when all have been replied to. dispatch: serves the call
 * of one. Takes over the call. */
void many_do(struct control *control, struct call *call,
             void (*dispatch)(struct call *call, struct control *control));

#endif
