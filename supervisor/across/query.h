/* Queries that are passed on to workshops. */
#ifndef SUPERVISOR_ACROSS_QUERY_H
#define SUPERVISOR_ACROSS_QUERY_H

#include "common/http/call.h"
#include "supervisor/daemon/daemon.h"

/* The workshop that the parameter `workshop` names. False: there is none, and the call has been
 * replied to; true with *child NULL: it is not given. */
bool query_workshop(const struct daemon *daemon, struct call *call, struct child **child);

/* Replies 400 for a parameter; returns false. */
bool query_refuse(struct call *call, const char *name, const char *detail);

#endif
