/* Starts processes. A worker's: fork, descriptors, environment, exec.
 *
 * The new process has fd 0 = /dev/null, 1 and 2 = a pipe to its log (log_relay), 3 = its end of the
 * channel, 4 = the listening socket (/dev/null where it serves nobody), and no other descriptor. Its
 * end is told by SIGCHLD, not here. */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

#define SPAWN_HELPER_S 5
#define SPAWN_EXEC_FAILED 127 /* exit status of a process that could not execute the worker */

struct spawned {
    pid_t pid;
    int chan_fd, logs_fd; /* the caller's ends */
};

/* Finds the worker's program: beside this one, or in ../lib/pumpline from there. */
int spawn_worker_path(char *path, size_t size, struct err *err);

/* Starts path with the listening socket listen_fd, which stays the caller's; -1: without one. */
int spawn_worker(const char *path, int listen_fd, struct spawned *spawned, struct err *err)
    __attribute__((warn_unused_result));

/* Starts a process that runs this and ends, within SPAWN_HELPER_S at the most. All that it has of
 * ours is its end of a pipe, the writing one, which run is given. The other end, or -1 with *err.
 */
int spawn_helper(void (*run)(int fd, const char *argument), const char *argument, struct err *err)
    __attribute__((warn_unused_result));

#endif
