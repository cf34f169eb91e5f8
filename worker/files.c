/* Files that are whole and on disk, or not there. */
#include "worker/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/disk.h"
#include "common/err.h"
#include "common/fault.h"

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
sync_folder(const char *path)
{
    return fault_point("files.sync_folder") || disk_sync_parent(path) ? errno : 0;
}

static int
file_read(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    int fd = open(request->url, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), number;
    struct stat file;
    ssize_t got;

    if (fd < 0)
        return errno;
    if (fstat(fd, &file) || !S_ISREG(file.st_mode) || file.st_size > (off_t)FILES_BYTES_MAX) {
        close(fd);
        return EINVAL;
    }
    *body = mem_alloc(FILES_BYTES_MAX + 1);
    while ((got = read(fd, *body + reply->body_length, FILES_BYTES_MAX - reply->body_length)) > 0)
        reply->body_length += (size_t)got;
    number = got < 0 ? errno : 0;
    close(fd);
    return number;
}

static int
write_whole(int fd, const char *data, size_t length)
{
    while (length) {
        ssize_t written = write(fd, data, length);

        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            data += written;
            length -= (size_t)written;
        }
    }
    return fault_point("files.sync") || fsync(fd) ? errno : 0;
}

static int
file_write(const struct erp_request *request)
{
    int fd = open(request->url, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    int number;

    if (fd < 0)
        return errno;
    fault_here("files.opened");
    number = write_whole(fd, request->body, request->body_length);
    if (close(fd) && !number)
        number = errno;
    if (number)
        unlink(request->url);
    fault_here("files.written");
    return number ? number : sync_folder(request->url);
}

static int
file_rename(const struct erp_request *request)
{
    if (fault_point("files.rename") || rename(request->url, request->target))
        return errno;
    fault_here("files.renamed");
    return sync_folder(request->target);
}

void
files_perform(const struct erp_request *request, struct erp_reply *reply, char **body)
{
    int number = EINVAL;

    fault_here("files.perform");
    *body = NULL;
    *reply = (struct erp_reply){.sent = true, .complete = true};
    if (request->kind == ERP_FILE_READ)
        number = file_read(request, reply, body);
    else if (request->kind == ERP_FILE_WRITE)
        number = file_write(request);
    else if (request->kind == ERP_FILE_RENAME)
        number = file_rename(request);
    reply->status = status_of(number);
    reply->error = number ? strerror(number) : NULL;
    reply->body = *body;
}
