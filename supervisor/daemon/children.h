/* The children of the daemon: one for each workshop of the configuration, and those that leave. */
#ifndef SUPERVISOR_DAEMON_CHILDREN_H
#define SUPERVISOR_DAEMON_CHILDREN_H

#include "supervisor/daemon/daemon.h"

/* One child for each workshop of daemon->config; none is started. */
void children_open(struct daemon *daemon);
void children_close(struct daemon *daemon);

/* The configuration has been replaced: tells the observer. */
void children_reconfigured(struct daemon *daemon);

/* By name or slug; NULL if there is none. */
struct child *children_find(const struct daemon *daemon, const char *name_or_slug);

/* The configuration of a leaving child, for the caller to free. */
struct workshop_config *children_own_config(const struct child *child);

/* Starts a maintenance process (child_maintain) for a queue whose workshop is not configured: queue
 * is its folder, NULL: STATE/queues/SLUG. Its child is one of the leaving ones until it is at rest.
 */
int children_maintain(struct daemon *daemon, const char *slug, const char *queue, struct err *err)
    __attribute__((warn_unused_result));

/* Starts a process that reads the queue of a workshop without one: it answers GET calls on orders,
 * and ends with child_stop. Its child is one of the leaving ones until it is at rest; NULL with
 * *err. */
struct child *children_read(struct daemon *daemon, const struct child *of, struct err *err)
    __attribute__((warn_unused_result));

/* Starts a process that tests the connection to the ERP (child_try) with this configuration, or, if
 * order is not NULL, makes a dry run of that order; it takes over both. Its child is one of the
 * leaving ones until it is at rest. NULL with *err. */
struct child *children_try(struct daemon *daemon, struct workshop_config *workshop, json_t *order,
                           struct err *err);

/* Frees, from the loop, the leaving children that are at rest, and ends the loop if all are at rest
 * and the daemon is to stop. */
void children_reap(struct daemon *daemon);

/* A configuration for a queue whose workshop is not configured, or is faulty: no ERP is called. The
 * caller frees it. */
struct workshop_config *children_stand_in(const char *slug, const char *queue);

#endif
