/* Listening sockets of the daemon. */
#ifndef SUPERVISOR_SYSTEM_LISTEN_H
#define SUPERVISOR_SYSTEM_LISTEN_H

#include <stdbool.h>

#include "common/base/err.h"

/* Whether clients can still reach it: a process that shared it may have shut it down or attached a
 * filter. Resets its backlog. */
bool listen_sound(int fd);

/* The control socket at path, 0660 (listen_unix.h), in a folder that is created (0750) if it is
 * missing; both belong to group if that is given (not empty) and exists. */
int listen_control(const char *path, const char *group, struct err *err);

#endif
