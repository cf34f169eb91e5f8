/* The control API: HTTP over a Unix socket, for root, the daemon's own user and the members of the
 * control group. Owns the socket and the routes; changes children only by what child.h offers. */
#ifndef SUPERVISOR_CONTROL_CONTROL_H
#define SUPERVISOR_CONTROL_CONTROL_H

#include "supervisor/daemon/daemon.h"

struct control;

/* Opens the socket and becomes the daemon's observer. NULL with *err. */
struct control *control_open(struct daemon *daemon, struct err *err);

/* Closes and removes the socket; before daemon_free. */
void control_close(struct control *control);

#endif
