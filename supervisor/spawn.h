/* Starts a worker's process: fork, descriptors, environment, exec.
 *
 * The new process has fd 0 = /dev/null, 1 and 2 as here, 3 = its end of the channel, 4 = the
 * listening socket (/dev/null where it serves nobody), and no other descriptor. Its end is told by
 * SIGCHLD, not here. */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "common/err.h"

#define SPAWN_EXEC_FAILED 127 /* exit status of a process that could not execute the worker */

struct spawned {
    pid_t pid;
    int chan_fd; /* the caller's end */
};

/* Finds the worker's program: beside this one, or in ../lib/pumpline from there. */
int spawn_worker_path(char *path, size_t size, struct err *err);

/* Starts path with the listening socket listen_fd, which stays the caller's; -1: without one. */
int spawn_worker(const char *path, int listen_fd, struct spawned *spawned, struct err *err)
    __attribute__((warn_unused_result));

#endif
