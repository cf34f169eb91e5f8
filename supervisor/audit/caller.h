/* Who makes a call on the control socket. */
#ifndef SUPERVISOR_AUDIT_CALLER_H
#define SUPERVISOR_AUDIT_CALLER_H

#include "common/http/call.h"
#include "supervisor/system/peer.h"

/* Fills in call->by: the peer's user, or the person named in Pumpline-By, for whom
 * the peer acts as a console. False if that name is invalid; the call has been replied to with 400.
 */
bool caller_take(struct call *call, struct peer_names *names);

#endif
