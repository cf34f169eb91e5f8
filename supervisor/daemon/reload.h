/* Reloads the configuration while the daemon runs: only children whose slice changed are affected,
 * and none if a file is faulty. */
#ifndef SUPERVISOR_DAEMON_RELOAD_H
#define SUPERVISOR_DAEMON_RELOAD_H

#include "supervisor/daemon/daemon.h"

/* Returns at once what it has started, {"added", "changed", "removed", "unchanged",
 * "needs_restart"}; NULL with *faults if anything is wrong, and then nothing has changed. Logs
 * either. Not to be called while the daemon is stopping. */
json_t *reload(struct daemon *daemon, struct json_faults *faults);

#endif
