/* SCM_RIGHTS. */
#include "common/ipc/pass_fd.h"

#include <string.h>
#include <sys/socket.h>

union control {
    struct cmsghdr head; /* for alignment */
    char bytes[CMSG_SPACE(sizeof(int))];
};

int
pass_fd_send(int link, char kind, int fd)
{
    union control control = {.bytes = {0}};
    struct iovec byte = {&kind, 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
    return sendmsg(link, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* There is room for one descriptor: the kernel closes any others. */
int
pass_fd_receive(int link, int *fd)
{
    union control control = {.bytes = {0}};
    char kind = 0;
    struct iovec byte = {&kind, 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(link, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&message);

    *fd = -1;
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof *fd))
        memcpy(fd, CMSG_DATA(head), sizeof *fd);
    return got <= 0 ? (int)got : (unsigned char)kind;
}
