/* The control socket: non-blocking and close-on-exec. */
#ifndef SUPERVISOR_SYSTEM_LISTEN_H
#define SUPERVISOR_SYSTEM_LISTEN_H

#include <stdbool.h>

#include "common/base/err.h"

/* Whether clients still get through to it: a process that it was shared with may have shut it down
 * or put a filter before it. Its backlog is as it was again. */
bool listen_sound(int fd);

/* A Unix socket at path, 0660, in a folder that is made (0750) where it is missing; both belong to
 * group where that is given (not empty) and exists. A socket file that nobody answers on is
 * replaced, one that somebody does is refused. */
int listen_unix(const char *path, const char *group, struct err *err);

#endif
