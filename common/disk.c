/* Folders. */
#include "common/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int
disk_sync_parent(const char *path)
{
    char *copy = mem_string(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -1 : fsync(fd), number = errno;

    if (fd >= 0)
        close(fd);
    free(copy);
    errno = number;
    return result;
}

int
disk_make_folder(const char *path, mode_t mode, struct err *err)
{
    mode_t before = umask(0);
    int failed = mkdir(path, mode), number = errno;

    umask(before);
    if (!failed)
        return disk_sync_parent(path) ? err_errno(err, "storage", "%s can't be put on disk", path)
                                      : 0;
    errno = number;
    return errno == EEXIST ? 0 : err_errno(err, "storage", "%s can't be made", path);
}
