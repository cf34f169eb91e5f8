/* POST /workshops/{workshop}/test: a process of its own tries the connection to the ERP, with the
 * saved configuration or with one in the body, which is not saved. POST …/dry_run: it goes through
 * an order, up to its line.
 *
 * Owns each such call until its process has replied or ended. At most TRIALS_AT_ONCE. */
#ifndef SUPERVISOR_ACROSS_TRIALS_H
#define SUPERVISOR_ACROSS_TRIALS_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

#define TRIALS_AT_ONCE 8

struct trials;

/* answer: gives a message `reply` of a worker to a call. */
struct trials *trials_new(struct daemon *daemon,
                          void (*answer)(struct call *call, const json_t *reply));
void trials_free(struct trials *trials); /* each open call: 503 */

/* Takes over workshop, order (NULL: a test of the connection) and the call. */
void trials_begin(struct trials *trials, struct workshop_config *workshop, json_t *order,
                  struct call *call);

/* The child's `reply`. */
void trials_replied(struct trials *trials, struct child *child, const json_t *reply);

/* The child has changed: its process may have ended without a reply. */
void trials_changed(struct trials *trials, const struct child *child);

#endif
