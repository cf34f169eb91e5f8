/* Listening sockets: a workshop's TCP port and the control socket. Both non-blocking and
 * close-on-exec. */
#ifndef SUPERVISOR_LISTEN_H
#define SUPERVISOR_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

/* host: numeric IPv4 or IPv6 without brackets. The descriptor, or -1. */
int listen_tcp(const char *host, uint16_t port, struct err *err);

/* Whether clients still get through to it: a process that it was shared with may have shut it down
 * or put a filter before it. Its backlog is as it was again. */
bool listen_sound(int fd);

/* A Unix socket at path, 0660, in a folder that is made (0750) where it is missing; both belong to
 * group where that is given (not empty) and exists. A socket file that nobody answers on is
 * replaced, one that somebody does is refused. */
int listen_unix(const char *path, const char *group, struct err *err);

#endif
