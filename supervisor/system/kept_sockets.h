/* Listening sockets that the service manager keeps while the daemon restarts
 * (FileDescriptorStoreMax= of systemd): clients that connect meanwhile wait in their backlog.
 * Without such a manager nothing happens. */
#ifndef SUPERVISOR_SYSTEM_KEPT_SOCKETS_H
#define SUPERVISOR_SYSTEM_KEPT_SOCKETS_H

#include <stdint.h>

/* Takes over what the last daemon left, and removes it from the environment. */
void kept_sockets_open(void);

/* The one of this name, if it listens on this address; the caller owns it. -1: there is none. */
int kept_sockets_take(const char *name, const char *host, uint16_t port);

/* Closes those that were not used. */
void kept_sockets_close(void);

/* fd stays the caller's. */
void kept_sockets_add(const char *name, int fd);

void kept_sockets_remove(const char *name);

/* The daemon ends, and the next one is to find them: from now on nothing is removed. */
void kept_sockets_leave(void);

#endif
