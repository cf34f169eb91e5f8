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

/* A folder's descriptor and a name in it, or AT_FDCWD and a whole path. */
static int
find(const char *path, struct files_spot *spot)
{
    const char *name = name_inside(path);
    enum pinned_path_state now = name ? pinned_path_look(own_folder) : PINNED_OTHER;

    *spot = (struct files_spot){AT_FDCWD, path};
    if (now == PINNED_SAME)
        *spot = (struct files_spot){own_folder->fd, name};
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
try_sync_folder(const struct files_spot *spot)
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
sync_folder(const struct files_spot *spot)
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
read_file(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    struct stat file;
    struct files_spot spot;
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

/* The file stays open: see write_end. */
static int
write_begin(struct files_call *call)
{
    static const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    const struct erp_request *request = call->request;
    int number = find(request->url, &call->at);

    if (number)
        return number;
    call->fd = openat(call->at.folder, call->at.name, flags, 0640);
    if (call->fd < 0)
        return errno;
    failpoint_here("files.opened");
    if (descriptors_write(call->fd, request->body, request->body_length))
        return errno;
    /* Started for the whole group, so that their fsyncs wait for the disk together. */
    sync_file_range(call->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return 0;
}

static void
write_end(struct files_call *call)
{
    if (call->fd < 0)
        return;
    if (!call->number && (failpoint("files.sync") || fsync(call->fd)))
        call->number = errno;
    if (close(call->fd) && !call->number)
        call->number = errno;
    if (call->number)
        unlinkat(call->at.folder, call->at.name, 0);
    failpoint_here("files.written");
}

static int
rename_file(struct files_call *call)
{
    struct files_spot from;
    int number = find(call->request->url, &from);

    if (!number)
        number = find(call->request->target, &call->at);
    if (number)
        return number;
    if (failpoint("files.rename") ||
        renameat(from.folder, from.name, call->at.folder, call->at.name))
        return errno;
    failpoint_here("files.renamed");
    return 0;
}

/* Once for all that changed the folder. */
static void
sync_folders(struct files_call *calls, size_t count)
{
    int shared = -1;

    for (size_t i = 0; i < count; i++) {
        struct files_call *call = &calls[i];

        if (call->number || !call->at.name)
            continue;
        if (call->at.folder == AT_FDCWD) {
            call->number = sync_folder(&call->at);
            continue;
        }
        if (shared < 0)
            shared = sync_folder(&call->at);
        call->number = shared;
    }
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

static int
begin(struct files_call *call)
{
    failpoint_here("files.perform");
    switch (call->request->kind) {
    case ERP_FILE_READ:
        return read_file(call->request, &call->reply, &call->body);
    case ERP_FILE_WRITE:
        return write_begin(call);
    case ERP_FILE_RENAME:
        return rename_file(call);
    default:
        return EINVAL;
    }
}

void
files_perform_all(struct files_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        calls[i] = (struct files_call){.request = calls[i].request,
                                       .reply = {.sent = true, .complete = true},
                                       .fd = -1,
                                       .at = {AT_FDCWD, NULL}};
        calls[i].number = begin(&calls[i]);
    }
    for (size_t i = 0; i < count; i++)
        write_end(&calls[i]);
    sync_folders(calls, count);
    for (size_t i = 0; i < count; i++) {
        calls[i].reply.status = status_of(calls[i].number);
        calls[i].reply.error = words_of(calls[i].number, calls[i].request);
        calls[i].reply.body = calls[i].body;
    }
}

void
files_perform(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    struct files_call call = {.request = request};

    files_perform_all(&call, 1);
    *reply = call.reply;
    *body = call.body;
}
