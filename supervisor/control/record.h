/* What goes into the audit trail: each call that changes something, with its author and its result.
 */
#ifndef SUPERVISOR_CONTROL_RECORD_H
#define SUPERVISOR_CONTROL_RECORD_H

#include "supervisor/control/internal.h"

/* A workshop's process may report so many changes at once, and then one per interval; the others
 * are only counted, so that a compromised one cannot push the others' entries out of the trail. */
#define RECORD_BURST 10000
#define RECORD_EACH_MS 100

/* Records the call when it is replied to, if it may change something. */
void record_call(struct control *control, struct call *call);

/* Records a change that was made on a workshop's port, as its process reports it (`audit`). */
void record_port(struct control *control, struct child *child, const json_t *message);

#endif
