/* The configuration read again while the daemon runs: only children whose slice changed are
 * touched, and nothing is where a file is broken. */
#ifndef SUPERVISOR_DAEMON_RELOAD_H
#define SUPERVISOR_DAEMON_RELOAD_H

#include "supervisor/daemon/daemon.h"

/* Returns at once what it has set going, {"added", "changed", "removed", "unchanged",
 * "needs_restart"}; NULL with *faults where anything is wrong, and then nothing has changed. Logs
 * either. Not while the daemon is stopping. */
json_t *reload(struct daemon *daemon, struct config_faults *faults);

#endif
