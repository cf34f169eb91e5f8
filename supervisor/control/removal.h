/* DELETE of a workshop: its process stops, what waits in its queue is counted, and only then is it
 * decided.
 *
 * Owns each such call until it is answered. An order that got its 200 is never lost: the port is
 * closed when the queue is counted, and where orders wait, or their number is unknown, everything
 * is again as it was; unless it was forced, and then the queue is kept aside. */
#ifndef SUPERVISOR_CONTROL_REMOVAL_H
#define SUPERVISOR_CONTROL_REMOVAL_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

struct removals;

struct removals *removals_new(struct daemon *daemon);
void removals_free(struct removals *removals); /* each open call: 503 */

/* Takes over the call. */
void removals_begin(struct removals *removals, struct child *child, bool force, struct call *call);

/* The child has changed. */
void removals_changed(struct removals *removals, const struct child *child);

#endif
