/* The children of the daemon: one for each workshop of the configuration, and those that leave. */
#ifndef SUPERVISOR_DAEMON_CHILDREN_H
#define SUPERVISOR_DAEMON_CHILDREN_H

#include "supervisor/daemon/daemon.h"

/* One child for each workshop of daemon->config; none is started. */
void children_open(struct daemon *daemon);
void children_close(struct daemon *daemon);

/* Its configuration has been replaced: tells the observer. */
void children_reconfigured(struct daemon *daemon);

/* By name or slug; NULL where there is none. */
struct child *children_find(const struct daemon *daemon, const char *name_or_slug);

/* The configuration that a leaving child owns, for its owner to free. */
struct workshop_config *children_own_config(const struct child *child);

/* A process for maintenance (child_maintain) of a queue whose workshop is not configured: queue is
 * its folder, NULL: STATE/queues/SLUG. Its child is among the leaving ones until it is at rest. */
int children_maintain(struct daemon *daemon, const char *slug, const char *queue, struct err *err)
    __attribute__((warn_unused_result));

/* Frees those of the leaving children that are at rest, once the loop runs, and leaves it where all
 * are and the daemon is to stop. */
void children_reap(struct daemon *daemon);

/* A configuration for a queue whose workshop is not configured, or is faulty: no ERP is called. The
 * caller frees it. */
struct workshop_config *children_stand_in(const char *slug, const char *queue);

#endif
