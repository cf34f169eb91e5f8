#include "supervisor/system/listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/http/listen_tcp.h"
#include "supervisor/system/boot.h"

#define UNIX_BACKLOG 64
#define STREAM (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

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

/* Removes the leftover of a daemon that died; never a socket in use or another kind of file. */
static int
clear_stale(const char *path, const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    int fd, answered;

    if (lstat(path, &status))
        return errno == ENOENT ? 0 : err_errno(err, "socket_failed", "%s", path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, "socket_failed", "%s exists and is not a socket", path);
    fd = socket(AF_UNIX, STREAM, 0);
    if (fd < 0)
        return err_errno(err, "socket_failed", "%s", path);
    answered = connect(fd, (const struct sockaddr *)address, sizeof *address);
    if (answered && errno == ECONNREFUSED)
        answered = unlink(path) ? -1 : 1;
    else if (answered == 0 || errno == EAGAIN)
        answered =
            err_set(err, "socket_in_use", "another daemon is running: it answers on %s", path);
    if (answered < 0 && err->code[0] == '\0')
        err_errno(err, "socket_failed", "%s", path);
    close(fd);
    return answered < 0 ? -1 : 0;
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

static int
bind_unix(int fd, const struct sockaddr_un *address)
{
    mode_t before = umask(0117);
    int bound = bind(fd, (const struct sockaddr *)address, sizeof *address);

    umask(before);
    return bound;
}

int
listen_unix(const char *path, const char *group, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    err->code[0] = '\0';
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, "socket_failed", "%s: socket path is longer than %zu bytes", path,
                       sizeof address.sun_path - 1);
    text_copy(address.sun_path, sizeof address.sun_path, path);
    if (make_folder(path, group, err) || clear_stale(path, &address, err))
        return -1;
    fd = socket(AF_UNIX, STREAM, 0);
    if (fd >= 0 && bind_unix(fd, &address) == 0) {
        give_to_group(path, group);
        if (listen(fd, UNIX_BACKLOG) == 0)
            return fd;
    }
    err_errno(err, "socket_failed", "cannot listen on %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}
