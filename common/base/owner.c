/* Switches the file system user (setfsuid), which is per thread. */
#include "common/base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

int
owner_open(uid_t owner, int folder, const char *name, int flags)
{
    uid_t own = (uid_t)setfsuid(owner);
    int fd = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC), number = errno;

    setfsuid(own);
    errno = number;
    return fd;
}

/* Neither a hard link, which may be another user's file, nor a device or a pipe. */
static bool
is_lone(int fd, uid_t owner)
{
    struct stat file;

    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink == 1 &&
           file.st_uid == owner;
}

int
owner_open_lone(uid_t owner, int folder, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV};
    uid_t own = (uid_t)setfsuid(owner);
    int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how), number = errno;

    setfsuid(own);
    if (fd >= 0 && !is_lone(fd, owner)) {
        close(fd);
        fd = -1;
        number = EPERM;
    }
    errno = number;
    return fd;
}

int
owner_open_folder(const char *path, struct stat *status)
{
    int folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1, number;

    if (folder >= 0 && fstat(folder, status) == 0)
        fd = owner_open(status->st_uid, folder, ".", O_RDONLY | O_DIRECTORY);
    number = errno;
    if (folder >= 0)
        close(folder);
    errno = number;
    return fd;
}

int
owner_enter(const char *path)
{
    int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), result = -1, number;
    struct stat status;
    uid_t own;

    if (folder >= 0 && fstat(folder, &status) == 0) {
        own = (uid_t)setfsuid(status.st_uid);
        result = fchdir(folder);
        number = errno;
        setfsuid(own);
        errno = number;
    }
    number = errno;
    if (folder >= 0)
        close(folder);
    errno = number;
    return result;
}

/* An O_PATH descriptor: fchmod() refuses it, but its link in /proc works. */
static int
change(int folder, mode_t set, mode_t clear)
{
    char link[sizeof "/proc/self/fd/" + 3 * sizeof folder];
    struct stat status;
    mode_t mode;
    uid_t own;
    int result;

    if (fstat(folder, &status))
        return -1;
    mode = ((status.st_mode & 07777) | set) & ~clear;
    if (mode == (status.st_mode & 07777))
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    own = (uid_t)setfsuid(status.st_uid);
    result = chmod(link, mode);
    setfsuid(own);
    return result;
}

int
owner_change_mode(const char *path, mode_t set, mode_t clear)
{
    int folder = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int result = folder < 0 ? -1 : change(folder, set, clear), number = errno;

    if (folder >= 0)
        close(folder);
    errno = number;
    return result;
}
