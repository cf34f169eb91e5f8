#include "common/base/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/failpoint.h"

#define ASIDE_PATTERN ".*.new-??????"

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
        return disk_sync_parent(path)
                   ? err_errno(err, "storage", "cannot sync the parent folder of %s", path)
                   : 0;
    errno = number;
    return errno == EEXIST ? 0 : err_errno(err, "storage", "cannot create %s", path);
}

char *
disk_aside(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    return mem_format("%.*s.%s.new-XXXXXX", (int)(name - path), path, name);
}

static int
write_synced(int fd, const void *data, size_t length)
{
    if (failpoint("disk.write") || descriptors_write(fd, data, length))
        return -1;
    return failpoint("disk.sync") ? -1 : fsync(fd);
}

static int
put_in_place(const char *aside, const char *path)
{
    failpoint_here("disk.written");
    if (failpoint("disk.rename") || rename(aside, path))
        return -1;
    failpoint_here("disk.renamed");
    return disk_sync_parent(path);
}

int
disk_replace(const char *path, const void *data, size_t length, struct err *err)
{
    char *aside = disk_aside(path);
    int fd = mkostemp(aside, O_CLOEXEC); /* 0600 */
    int result = fd < 0 ? -1 : write_synced(fd, data, length);

    if (result == 0)
        result = put_in_place(aside, path);
    if (result)
        err_errno(err, "storage", "cannot write %s", path);
    if (fd >= 0) {
        if (result)
            unlink(aside);
        close(fd);
    }
    free(aside);
    return result;
}

void
disk_remove_asides(const char *folder)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (fnmatch(ASIDE_PATTERN, entry->d_name, 0) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
}
