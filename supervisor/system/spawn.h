/* Starts processes. For a worker: descriptors, environment, exec; SIGHUP is blocked.
 *
 * The new process has fd 0 = /dev/null, 1 and 2 = a pipe to its log (log_relay), 3 = its end of the
 * channel, 4 = the listening socket, 5 = the one that its own WebDriver server connects to, and no
 * other descriptor; unused ones are /dev/null. Its end is reported by SIGCHLD, not here. */
#ifndef SUPERVISOR_SYSTEM_SPAWN_H
#define SUPERVISOR_SYSTEM_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "common/base/err.h"

#define SPAWN_HELPER_S 5
#define SPAWN_LOOKUP_S 20     /* a resolver asks each of its servers twice, for five seconds */
#define SPAWN_SYSTEMCTL_S 60  /* systemd may be busy, e.g. at boot */
#define SPAWN_EXEC_FAILED 127 /* exit status of a process whose program could not be loaded */

struct spawned {
    pid_t pid;
    int chan_fd, logs_fd; /* the caller's ends */
};

/* Finds the worker's program: beside this one, or in ../lib/pumpline from there. */
int spawn_worker_path(char *path, size_t size, struct err *err);

/* The caller's; -1: none. */
struct spawn_sockets {
    int listen_fd, driver_fd;
};

/* Starts path with these sockets; -1 with *err if it cannot be executed. */
int spawn_worker(const char *path, const struct spawn_sockets *sockets, struct spawned *spawned,
                 struct err *err) __attribute__((warn_unused_result));

/* Starts a process that runs this and exits, within at most SPAWN_HELPER_S. Of our descriptors it
 * only has its end of a pipe, for writing, which run is given. Returns the other end, or -1 with
 * *err. */
int spawn_helper(void (*run)(int fd, const char *argument), const char *argument, struct err *err)
    __attribute__((warn_unused_result));

/* Starts systemctl with this verb and unit, without waiting for the job; it runs for at most
 * SPAWN_SYSTEMCTL_S. The descriptor delivers its error output; -1 with *err. */
int spawn_systemctl(const char *verb, const char *unit, struct err *err)
    __attribute__((warn_unused_result));

/* Starts the worker's program to resolve a name (worker/resolve.h), as an unprivileged user, for at
 * most SPAWN_LOOKUP_S. The descriptor delivers its output; -1 with *err. */
int spawn_lookup(const char *path, const char *name, struct err *err)
    __attribute__((warn_unused_result));

#endif
