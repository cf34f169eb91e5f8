/* Calls of the workshop API that came by the control socket: sent on to the child, its reply sent
 * back as it is.
 *
 * Owns each such call until it is answered: by the child, by 503 the moment its channel is gone, by
 * 504 after FORWARD_PATIENCE_MS. While a process is on its way (after a reload, say) a call waits
 * for it as long at the most, and is then 503. */
#ifndef SUPERVISOR_CONTROL_FORWARD_H
#define SUPERVISOR_CONTROL_FORWARD_H

#include "common/http/call.h"
#include "supervisor/child/child.h"

#define FORWARD_PATIENCE_MS 5000

struct forwards;

struct forwards *forwards_new(struct event_base *base);
void forwards_free(struct forwards *forwards); /* each open call: 503 */

/* Takes over the call; call->tail is the path at the workshop. */
void forwards_send(struct forwards *forwards, struct child *child, struct call *call);

/* The child's `reply`. */
void forwards_replied(struct forwards *forwards, const struct child *child, const json_t *reply);

/* The child is another one now; its calls may have lost their channel, or may leave. */
void forwards_changed(struct forwards *forwards, struct child *child);

/* The `call` message of a call; NULL where a part of it is not UTF-8. */
json_t *forward_message(json_int_t id, const struct call *call);

/* Answers the call with what a `reply` holds; one that makes no sense is 502. */
void forward_answer(struct call *call, const json_t *reply);

#endif
