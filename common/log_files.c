/* Log files as descriptors. */
#include "common/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPEND (O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

static int
open_one(const char *path, const char *name)
{
    int fd = open(path, APPEND, 0640);

    if (fd < 0)
        log_about(LOG_WARNING, name, "log file %s can't be opened: %s", path, strerror(errno));
    return fd;
}

struct log_files
log_files_open(const char *folder, const char *slug, const char *name)
{
    static const char *const endings[LOG_FILES] = {
        [LOG_API] = "api", [LOG_ORDERLINE] = "create_orderline"};
    struct log_files files = {.fds = {-1, -1, -1}};

    if (mkdir(folder, 0750) && errno != EEXIST)
        log_about(LOG_WARNING, name, "%s can't be made: %s", folder, strerror(errno));
    for (int i = LOG_API; i < LOG_FILES; i++) {
        char *path = mem_format("%s/%s_%s.log", folder, slug, endings[i]);

        files.fds[i] = open_one(path, name);
        free(path);
    }
    return files;
}

void
log_files_close(struct log_files *files)
{
    for (int i = LOG_API; i < LOG_FILES; i++) {
        if (files->fds[i] >= 0)
            close(files->fds[i]);
        files->fds[i] = -1;
    }
}

/* The message's bytes say which files come, its control part holds them in this order. */
union rights {
    struct cmsghdr align;
    char room[CMSG_SPACE(LOG_FILES * sizeof(int))];
};

int
log_files_send(int socket, const struct log_files *files, struct err *err)
{
    union rights rights = {.room = {0}};
    unsigned char present[LOG_FILES] = {0};
    struct iovec bytes = {present, sizeof present};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &rights};
    int *to = (int *)CMSG_DATA(&rights.align), count = 0;

    for (int i = LOG_API; i < LOG_FILES; i++) {
        present[i] = files->fds[i] >= 0;
        if (present[i])
            to[count++] = files->fds[i];
    }
    rights.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS,
                                    .cmsg_len = CMSG_LEN((size_t)count * sizeof(int))};
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    if (!count)
        message.msg_control = NULL, message.msg_controllen = 0;
    if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof present)
        return 0;
    return err_errno(err, "log_files", "log files can't be handed on");
}

/* How many descriptors came, and where they stand. */
static size_t
received(struct msghdr *message, const int **fds)
{
    struct cmsghdr *rights = CMSG_FIRSTHDR(message);

    if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
        return 0;
    *fds = (const int *)CMSG_DATA(rights);
    return (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

int
log_files_receive(int socket, struct log_files *files)
{
    union rights rights;
    unsigned char present[LOG_FILES] = {0};
    struct iovec bytes = {present, sizeof present};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &rights,
                             .msg_controllen = sizeof rights};
    ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const int *fds = NULL;
    size_t count = length > 0 ? received(&message, &fds) : 0, used = 0;

    *files = (struct log_files){.fds = {-1, -1, -1}};
    for (int i = LOG_API; i < LOG_FILES && length == (ssize_t)sizeof present; i++)
        if (present[i] && used < count)
            files->fds[i] = fds[used++];
    for (; used < count; used++)
        close(fds[used]);
    if (length == 0)
        return 0;
    return length == (ssize_t)sizeof present ? 1 : -1;
}
