/* From one configuration to the next while the daemon runs: only children whose slice changed are
 * touched. */
#ifndef SUPERVISOR_DAEMON_APPLY_H
#define SUPERVISOR_DAEMON_APPLY_H

#include "supervisor/daemon/daemon.h"

/* Takes over after, which may share workshops with daemon->config, and sets going what differs. */
void apply_config(struct daemon *daemon, struct daemon_config *after);

/* The same for one workshop, new or in the place of the one of its slug; takes it over. Returns its
 * child. */
struct child *apply_workshop(struct daemon *daemon, struct workshop_config *workshop);

/* The workshop is no longer there; its child goes. */
void apply_without(struct daemon *daemon, const char *slug);

#endif
