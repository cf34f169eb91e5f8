/* Credentials of the peer of a Unix socket. */
#ifndef SUPERVISOR_SYSTEM_PEER_H
#define SUPERVISOR_SYSTEM_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/* True for root, the daemon's own user and the members of group (empty: none). */
bool peer_allowed(int fd, const char *group);

/* The same for given ids. */
bool peer_user_allowed(uid_t uid, gid_t gid, const char *group);

#endif
