/* The control socket: non-blocking and close-on-exec. */
#ifndef SUPERVISOR_SYSTEM_LISTEN_H
#define SUPERVISOR_SYSTEM_LISTEN_H

#include <stdbool.h>

#include "common/base/err.h"

/* Whether clients can still reach it: a process that shared it may have shut it down or attached a
 * filter. Resets its backlog. */
bool listen_sound(int fd);

/* A Unix socket at path, 0660, in a folder that is created (0750) if it is missing; both belong to
 * group if that is given (not empty) and exists. A stale socket file is replaced, one in use is
 * refused. */
int listen_unix(const char *path, const char *group, struct err *err);

#endif
