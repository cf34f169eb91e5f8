#include "supervisor/system/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/err.h"

static bool
in_groups_of(const char *user, gid_t primary, gid_t wanted)
{
    int count = 16, found;
    gid_t *groups = mem_alloc((size_t)count * sizeof *groups);

    if (getgrouplist(user, primary, groups, &count) < 0) {
        groups = mem_resize(groups, (size_t)count * sizeof *groups);
        getgrouplist(user, primary, groups, &count);
    }
    for (found = 0; found < count && groups[found] != wanted; found++)
        ;
    free(groups);
    return found < count;
}

bool
peer_user_allowed(uid_t uid, gid_t gid, const char *group)
{
    const struct group *wanted;
    const struct passwd *user;

    if (uid == 0 || uid == geteuid())
        return true;
    wanted = *group ? getgrnam(group) : NULL;
    if (!wanted)
        return false;
    if (gid == wanted->gr_gid)
        return true;
    user = getpwuid(uid);
    return user && in_groups_of(user->pw_name, user->pw_gid, wanted->gr_gid);
}

bool
peer_allowed(int fd, const char *group)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           peer_user_allowed(peer.uid, peer.gid, group);
}
