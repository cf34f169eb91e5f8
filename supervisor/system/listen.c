#include "supervisor/system/listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/http/listen_tcp.h"
#include "common/http/listen_unix.h"
#include "supervisor/system/boot.h"

bool
listen_sound(int fd)
{
    int listens = 0;
    socklen_t length = sizeof listens, filter = 0;

    /* With a zero-sized buffer, the returned length is that of the attached filter. */
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &filter) == 0 && !filter &&
           listen(fd, LISTEN_TCP_BACKLOG) == 0;
}

/* Without the privilege to change it, the daemon's own group stays the owner. */
static void
give_to_group(const char *path, const char *name)
{
    const struct group *group = *name ? getgrnam(name) : NULL;

    if (*name && !group)
        log_warning("no such group %s: only the daemon's own user may access %s; create it with "
                    "groupadd -r %s and restart",
                    name, path, name);
    else if (group && chown(path, (uid_t)-1, group->gr_gid))
        log_warning("cannot give %s to group %s: %s", path, name, strerror(errno));
}

static int
make_folder(const char *path, const char *group, struct err *err)
{
    char *copy = mem_string(path), *folder = dirname(copy);
    int made = boot_folder(folder, 0750, err);

    if (made > 0)
        give_to_group(folder, group);
    free(copy);
    return made < 0 ? -1 : 0;
}

int
listen_control(const char *path, const char *group, struct err *err)
{
    int fd;

    if (make_folder(path, group, err))
        return -1;
    fd = listen_unix(path, 0660, err);
    if (fd >= 0)
        give_to_group(path, group);
    return fd;
}
