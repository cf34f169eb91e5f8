/* A listening Unix socket: non-blocking and close-on-exec. */
#ifndef COMMON_HTTP_LISTEN_UNIX_H
#define COMMON_HTTP_LISTEN_UNIX_H

#include <sys/types.h>

#include "common/base/err.h"

/* At path, with this mode from the first moment on. The leftover of a process that died is
 * replaced; a socket in use ("socket_in_use") or another kind of file is refused. -1 with *err,
 * otherwise with code "socket_failed". */
int listen_unix(const char *path, mode_t mode, struct err *err) __attribute__((warn_unused_result));

#endif
