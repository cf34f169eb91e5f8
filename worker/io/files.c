/* Files that are complete and on disk, or do not exist. */
#include "worker/io/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/descriptors.h"
#include "common/base/disk.h"
#include "common/base/err.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "worker/io/output_folder.h"

/* Where a name is looked up: a folder's descriptor, or AT_FDCWD with a whole path. */
struct spot {
    int folder;
    const char *name;
};

static const struct pinned_path *own_folder;

void
files_use(const struct pinned_path *folder)
{
    own_folder = folder;
}

/* The name below the folder's path; NULL: it is elsewhere. */
static const char *
name_inside(const char *path)
{
    size_t length = own_folder ? strlen(own_folder->path) : 0;

    if (!length || strncmp(path, own_folder->path, length))
        return NULL;
    if (!path[length])
        return ".";
    return path[length] == '/' && !strchr(path + length + 1, '/') ? path + length + 1 : NULL;
}

static int
find(const char *path, struct spot *spot)
{
    const char *name = name_inside(path);
    enum pinned_path_state now = name ? pinned_path_look(own_folder) : PINNED_OTHER;

    *spot = (struct spot){AT_FDCWD, path};
    if (now == PINNED_SAME)
        *spot = (struct spot){own_folder->fd, name};
    return now == PINNED_GONE || now == PINNED_HIDDEN ? ENOENT : 0;
}

static int
status_of(int number)
{
    switch (number) {
    case 0:
        return 200;
    case ENOENT:
        return 404;
    case ENOSPC:
    case EDQUOT:
        return 507;
    default:
        return 500;
    }
}

static int
try_sync_folder(const struct spot *spot)
{
    int fd, result, number;

    if (failpoint("files.sync_folder"))
        return errno;
    if (spot->folder == AT_FDCWD)
        return disk_sync_parent(spot->name) ? errno : 0;
    fd = openat(spot->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    result = fsync(fd);
    number = errno;
    close(fd);
    return result ? number : 0;
}

/* Some shares (vboxsf, old CIFS) do not support it: what was written there exists all the same. */
static int
sync_folder(const struct spot *spot)
{
    static bool warned;
    int number = try_sync_folder(spot);

    if (number != EINVAL && number != EOPNOTSUPP)
        return number;
    if (!warned)
        log_warning("the output folder's file system cannot sync folders (%s): a power failure of "
                    "that machine may lose a file",
                    strerror(number));
    warned = true;
    return 0;
}

static int
file_read(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    struct stat file;
    struct spot spot;
    int fd, number = find(request->url, &spot);
    ssize_t got;

    if (number)
        return number;
    fd = openat(spot.folder, spot.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno;
    if (fstat(fd, &file) || !S_ISREG(file.st_mode) || file.st_size > (off_t)FILES_BYTES_MAX) {
        close(fd);
        return EINVAL;
    }
    *body = mem_alloc(FILES_BYTES_MAX + 1);
    got = descriptors_read(fd, *body, FILES_BYTES_MAX);
    reply->body_length = got < 0 ? 0 : (size_t)got;
    number = got < 0 ? errno : 0;
    close(fd);
    return number;
}

static int
write_synced(int fd, const char *data, size_t length)
{
    return descriptors_write(fd, data, length) || failpoint("files.sync") || fsync(fd) ? errno : 0;
}

static int
file_write(const struct erp_request *request)
{
    static const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    struct spot spot;
    int fd, number = find(request->url, &spot);

    if (number)
        return number;
    fd = openat(spot.folder, spot.name, flags, 0640);
    if (fd < 0)
        return errno;
    failpoint_here("files.opened");
    number = write_synced(fd, request->body, request->body_length);
    if (close(fd) && !number)
        number = errno;
    if (number)
        unlinkat(spot.folder, spot.name, 0);
    failpoint_here("files.written");
    return number ? number : sync_folder(&spot);
}

static int
file_rename(const struct erp_request *request)
{
    struct spot from, to;
    int number = find(request->url, &from);

    if (!number)
        number = find(request->target, &to);
    if (number)
        return number;
    if (failpoint("files.rename") || renameat(from.folder, from.name, to.folder, to.name))
        return errno;
    failpoint_here("files.renamed");
    return sync_folder(&to);
}

static const char *
words_of(int number, const struct erp_request *request)
{
    if (!number)
        return NULL;
    return number == EACCES && name_inside(request->url) &&
                   pinned_path_look(own_folder) == PINNED_SAME
               ? output_folder_advice(own_folder)
               : strerror(number);
}

void
files_perform(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    int number = EINVAL;

    failpoint_here("files.perform");
    *body = NULL;
    *reply = (struct erp_reply){.sent = true, .complete = true};
    if (request->kind == ERP_FILE_READ)
        number = file_read(request, reply, body);
    else if (request->kind == ERP_FILE_WRITE)
        number = file_write(request);
    else if (request->kind == ERP_FILE_RENAME)
        number = file_rename(request);
    reply->status = status_of(number);
    reply->error = words_of(number, request);
    reply->body = *body;
}
