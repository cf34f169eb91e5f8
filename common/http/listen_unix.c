#include "common/http/listen_unix.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64
#define STREAM (SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

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
            err_set(err, "socket_in_use", "%s is in use: another process listens on it", path);
    if (answered < 0 && err->code[0] == '\0')
        err_errno(err, "socket_failed", "%s", path);
    close(fd);
    return answered < 0 ? -1 : 0;
}

static int
bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t before = umask(~mode & 0777);
    int bound = bind(fd, (const struct sockaddr *)address, sizeof *address);

    umask(before);
    return bound;
}

int
listen_unix(const char *path, mode_t mode, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    err->code[0] = '\0';
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, "socket_failed", "%s: socket path is longer than %zu bytes", path,
                       sizeof address.sun_path - 1);
    text_copy(address.sun_path, sizeof address.sun_path, path);
    if (clear_stale(path, &address, err))
        return -1;
    fd = socket(AF_UNIX, STREAM, 0);
    if (fd >= 0 && bind_with_mode(fd, &address, mode) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err_errno(err, "socket_failed", "cannot listen on %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}
