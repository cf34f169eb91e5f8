#include "supervisor/system/peer.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/err.h"

#define NAME_KEPT_MS 60000

bool
peer_user_allowed(uid_t uid, gid_t gid, const gid_t *more, size_t more_count, const char *group)
{
    const struct group *wanted;

    if (uid == 0 || uid == geteuid())
        return true;
    wanted = *group ? getgrnam(group) : NULL;
    for (size_t i = 0; wanted && i < more_count; i++)
        if (more[i] == wanted->gr_gid)
            return true;
    return wanted && gid == wanted->gr_gid;
}

/* NULL: none, or they cannot be told. The caller frees it. */
static gid_t *
supplementary_groups(int fd, size_t *count)
{
    socklen_t length = 0;
    gid_t *groups;

    *count = 0;
    getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &length); /* says how many there are */
    if (!length)
        return NULL;
    groups = mem_alloc(length);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) == 0)
        *count = length / sizeof *groups;
    return groups;
}

bool
peer_allowed(int fd, const char *group)
{
    struct ucred peer;
    socklen_t length = sizeof peer;
    gid_t *groups;
    size_t count;
    bool allowed;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length))
        return false;
    groups = supplementary_groups(fd, &count);
    allowed = peer_user_allowed(peer.uid, peer.gid, groups, count, group);
    free(groups);
    return allowed;
}

static void
look_up(struct peer_name *known, uid_t uid)
{
    const struct passwd *user = getpwuid(uid);

    known->uid = uid;
    known->until_ms = clock_monotonic_ms() + NAME_KEPT_MS;
    if (user)
        text_copy(known->name, sizeof known->name, user->pw_name);
    else
        snprintf(known->name, sizeof known->name, "uid %u", (unsigned)uid);
    text_clean(known->name);
}

const char *
peer_names_find(struct peer_names *names, uid_t uid)
{
    int64_t now_ms = clock_monotonic_ms();
    struct peer_name *known = names->known;

    while (known < names->known + PEER_NAMES && (known->uid != uid || known->until_ms <= now_ms))
        known++;
    if (known == names->known + PEER_NAMES) {
        known = &names->known[names->next++ % PEER_NAMES];
        look_up(known, uid);
    }
    return known->name;
}
