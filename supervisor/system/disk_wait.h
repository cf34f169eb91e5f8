/* Whether a process waits for its disk. */
#ifndef SUPERVISOR_SYSTEM_DISK_WAIT_H
#define SUPERVISOR_SYSTEM_DISK_WAIT_H

#include <stdbool.h>
#include <sys/types.h>

/* True while the kernel has one of its threads in an uninterruptible sleep (state D of proc(5)).
 * False if /proc does not tell. */
bool disk_wait(pid_t pid);

#endif
