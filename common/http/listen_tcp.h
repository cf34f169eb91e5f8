/* A workshop's port, for the supervisor and for a worker by itself. */
#ifndef COMMON_HTTP_LISTEN_TCP_H
#define COMMON_HTTP_LISTEN_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

#define LISTEN_TCP_BACKLOG 4096 /* clients wait here while a child restarts */

/* host: numeric IPv4 or IPv6 without brackets. A descriptor, non-blocking and close-on-exec, or -1.
 */
int listen_tcp(const char *host, uint16_t port, struct err *err);

/* Whether fd is bound to this address. */
bool listen_tcp_is_on(int fd, const char *host, uint16_t port);

#endif
