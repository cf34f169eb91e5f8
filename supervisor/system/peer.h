/* Credentials of the peer of a Unix socket, as the kernel knows them. */
#ifndef SUPERVISOR_SYSTEM_PEER_H
#define SUPERVISOR_SYSTEM_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEER_NAME_BYTES 64
#define PEER_NAMES 16

/* True for root, the daemon's own user, and a process with this group as its primary or a
 * supplementary one (empty: no group). What counts are the process's groups when it connected, so
 * no user database is asked. */
bool peer_allowed(int fd, const char *group);

/* The same for given ids; more: the supplementary groups. */
bool peer_user_allowed(uid_t uid, gid_t gid, const gid_t *more, size_t more_count,
                       const char *group);

/* Names of users, kept for a while: the user database may be far away. Zeroed initially. */
struct peer_names {
    struct peer_name {
        int64_t until_ms; /* monotonic; 0: free */
        uid_t uid;
        char name[PEER_NAME_BYTES];
    } known[PEER_NAMES];
    unsigned next; /* the one to be replaced */
};

/* The user's name, or "uid NUMBER" if it has none. Valid until the next call. */
const char *peer_names_find(struct peer_names *names, uid_t uid);

#endif
