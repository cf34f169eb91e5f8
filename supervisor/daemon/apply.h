/* Applies a new configuration while the daemon runs: only children whose slice changed are
 * affected. */
#ifndef SUPERVISOR_DAEMON_APPLY_H
#define SUPERVISOR_DAEMON_APPLY_H

#include "supervisor/daemon/daemon.h"

/* Takes over after, which may share workshops with daemon->config, and starts what differs. */
void apply_config(struct daemon *daemon, struct daemon_config *after);

/* The same for one workshop, new or replacing the one of its slug; takes it over. Returns its
 * child. */
struct child *apply_workshop(struct daemon *daemon, struct workshop_config *workshop);

/* The workshop has been removed; its child leaves. */
void apply_without(struct daemon *daemon, const char *slug);

#endif
